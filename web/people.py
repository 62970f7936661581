"""Who is asking, and the runtime that answers: what every view needs from the app around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar, cast

from flask import abort, current_app, g, session
from sqlalchemy import Connection, select

from engine import database, queries
from engine.runtime import Runtime
from handlers import directory, models
from handlers.directory import User
from web.settings import Settings

T = TypeVar("T")

# A case stays open for a person this long after they opened it; later pages start a new opening.
OPENING_SECONDS = 30 * 60
_OPENINGS_KEPT = 20


def runtime() -> Runtime:
    """The engine runtime that this app was created with."""
    return cast(Runtime, current_app.extensions["pathways"])


def settings() -> Settings:
    """The settings that this app was created with."""
    return cast(Settings, current_app.extensions["pathways_settings"])


def reading() -> Connection:
    """A connection for reading only, as a context manager; it holds nobody up."""
    return database.reading(runtime().database)


def writing(work: Callable[[Connection], T]) -> T:
    """Do `work` in one transaction, again if another one came first."""
    return database.transact(runtime().database, work)


def now() -> datetime:
    """The time on the runtime's clock, which tests move."""
    return runtime().clock()


def current_user() -> User | None:
    """The person signed in, or None; a deactivated account counts as signed out at once."""
    if "user" not in g:
        g.user = None
        user_id = session.get("user")
        if isinstance(user_id, str):
            with reading() as connection:
                user = directory.user(connection, user_id)
            if user is not None and user.active:
                g.user = user
    return cast(User | None, g.user)


def signed_in() -> User:
    """The person signed in; for views that the access table opens to people only."""
    user = current_user()
    if user is None:
        abort(401)
    return user


def sign_in(user: User) -> None:
    """Start a fresh session for `user`; nothing of the session before it is kept."""
    session.clear()
    session["user"] = user.id
    session.permanent = True


def has_task(user: User, reference: str) -> bool:
    """Whether one of the open tasks of the case is for `user` to do, or could be."""
    return any(can_do(user, task) for task in queries.open_tasks(runtime(), reference))


def can_do(user: User, task: queries.TaskRow) -> bool:
    """Whether `user` holds the task's role, and nobody else has the task."""
    return task.role in user.roles and task.assignee in (None, user.id)


def is_open(reference: str, *, or_was: bool = False) -> bool:
    """Whether the person opened this case a short while ago, so that it is logged already.

    With `or_was`, it may be longer ago, within the same session.
    """
    opened = session.get("open_cases", {}).get(reference)
    if not isinstance(opened, int):
        return False
    return or_was or 0 <= now().timestamp() - opened < OPENING_SECONDS


def note_opening(reference: str) -> None:
    """Remember in the session that the person's opening of the case has been logged."""
    openings = dict(session.get("open_cases", {}))
    openings.pop(reference, None)
    openings[reference] = int(now().timestamp())
    session["open_cases"] = dict(list(openings.items())[-_OPENINGS_KEPT:])


def family_names(references: Iterable[str]) -> dict[str, str]:
    """The names of the families of these cases, for lists; only of cases that exist."""
    table = models.cases
    with reading() as connection:
        rows = connection.execute(
            select(table.c.reference, table.c.family_name).where(
                table.c.reference.in_(set(references))
            )
        )
        return {row.reference: row.family_name for row in rows}
