"""Drafts of operating models: written by several people, approved by somebody else, then deployed.

A draft begins as a copy of the live version. Every save of a file stays, under a number that only
grows, so nobody's work is lost to anybody else's. While approval is asked nothing changes, and what
was looked at is what is published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from engine.database import transact
from engine.errors import (
    Conflict,
    InvalidAnswers,
    NotAllowed,
    NotFound,
    Overtaken,
)
from engine.exchange import check_content, check_path
from engine.identity import Actor
from engine.models import draft_event, draft_file, model_draft
from engine.runtime import Runtime, files_of, live_version

LONGEST_TITLE = 200
LONGEST_WORDS = 4000

_T = TypeVar("_T")


@dataclass(frozen=True)
class Saved:
    """A file of a draft as it was saved."""

    revision: int
    saved_at: datetime


def begin(runtime: Runtime, model_id: str, title: str, actor: Actor) -> int:
    """Begin a draft from the live version of a model; its id.

    Raises `InvalidAnswers` without a title, and `NotFound` where no such model is deployed.
    """
    name = in_words(title, "title", "Enter what you want to change", LONGEST_TITLE)

    def work(connection: sa.Connection) -> int:
        base, _ = runtime.live(connection, model_id)
        number: int = connection.execute(
            model_draft.insert()
            .values(model=model_id, title=name, base_id=base, status="open", changes=0)
            .returning(model_draft.c.id)
        ).scalar_one()
        at = runtime.clock()
        connection.execute(
            draft_file.insert(),
            [
                {
                    "draft_id": number,
                    "path": path,
                    "revision": 1,
                    "content": content,
                    "aside": False,
                    "author": actor.id,
                    "saved_at": at,
                }
                for path, content in files_of(connection, base).items()
            ],
        )
        note(connection, number, at, actor, "begun")
        return number

    return transact(runtime.database, work)


def save(
    runtime: Runtime, draft_id: int, path: str, content: bytes, revision: int, actor: Actor
) -> Saved:
    """Save one file that was opened at `revision` (0 where there was no such file).

    Raises `Overtaken` with what somebody else saved since; this save is then kept aside in the
    draft's history. Raises `InvalidModel` for what can't be read at all or is unsafe to keep, and
    `NotAllowed` once approval was asked.
    """
    check_path(path)
    check_content(path, content)

    def work(connection: sa.Connection) -> Saved:
        open_row(connection, draft_id)
        return _write(connection, draft_id, path, content, revision, runtime.clock(), actor)

    def lay_aside(connection: sa.Connection) -> None:
        open_row(connection, draft_id)
        _add(connection, draft_id, path, content, runtime.clock(), actor, aside=True)

    try:
        return once(runtime, work)
    except Overtaken:
        once(runtime, lay_aside)
        raise


def remove(runtime: Runtime, draft_id: int, path: str, actor: Actor) -> None:
    """Take a file out of the draft; what it held stays in the draft's history.

    Raises `NotFound` where the draft has no such file, and `NotAllowed` once approval was asked.
    """

    def work(connection: sa.Connection) -> None:
        open_row(connection, draft_id)
        if path not in current(connection, draft_id):
            raise NotFound(f"The draft has no file “{path}”.")
        _write(connection, draft_id, path, None, None, runtime.clock(), actor)

    once(runtime, work)


def take_in(
    runtime: Runtime, draft_id: int, files: Mapping[str, bytes], whole: bool, actor: Actor
) -> list[str]:
    """Save several files at once over what the draft has; the paths of those that changed.

    With `whole` they are all files of the model, and others are taken out.
    """
    for path, content in files.items():
        check_path(path)
        check_content(path, content)

    def work(connection: sa.Connection) -> list[str]:
        open_row(connection, draft_id)
        known = current(connection, draft_id)
        changes: dict[str, bytes | None] = dict(files)
        if whole:
            changes |= {path: None for path in known if path not in files}
        at = runtime.clock()
        changed = []
        for path, content in changes.items():
            there = known.get(path)
            if (there.content if there else None) != content:
                _write(
                    connection,
                    draft_id,
                    path,
                    content,
                    None,
                    at,
                    actor,
                )
                changed.append(path)
        return changed

    return once(runtime, work)


def catch_up(runtime: Runtime, draft_id: int, keep: Mapping[str, bool], actor: Actor) -> list[str]:
    """Bring what was published since the draft began into it; the paths of the files that changed.

    `keep` says for each file that both changed whether the draft's stays (True) or the live one is
    taken. Raises `InvalidAnswers` where it says nothing of one.
    """

    def work(connection: sa.Connection) -> list[str]:
        row = open_row(connection, draft_id)
        live = live_version(connection, row.model)
        if live is None or live == row.base_id:
            return []
        before, after = files_of(connection, row.base_id), files_of(connection, live)
        own = {path: file.content for path, file in current(connection, draft_id).items()}
        open_questions = {
            path: f"Choose which {path} to keep"
            for path in sorted(both_changed(before, after, own))
            if path not in keep
        }
        if open_questions:
            raise InvalidAnswers(open_questions)
        at = runtime.clock()
        changed = []
        for path in sorted(before.keys() | after.keys()):
            theirs = after.get(path)
            if before.get(path) == theirs or own.get(path) == theirs or keep.get(path):
                continue
            _write(connection, draft_id, path, theirs, None, at, actor)
            changed.append(path)
        connection.execute(
            model_draft.update().where(model_draft.c.id == draft_id).values(base_id=live)
        )
        note(connection, draft_id, at, actor, "caught_up")
        return changed

    return once(runtime, work)


def both_changed(
    before: Mapping[str, bytes], after: Mapping[str, bytes], own: Mapping[str, bytes]
) -> set[str]:
    """The files that two people changed differently from what both began with."""
    return {
        path
        for path in before.keys() | after.keys() | own.keys()
        if before.get(path) != after.get(path)
        and before.get(path) != own.get(path)
        and after.get(path) != own.get(path)
    }


def discard(runtime: Runtime, draft_id: int, actor: Actor) -> None:
    """Lay a draft aside for good; what was written in it is kept."""

    def work(connection: sa.Connection) -> None:
        open_row(connection, draft_id)
        set_status(connection, draft_id, "discarded")
        note(connection, draft_id, runtime.clock(), actor, "discarded")

    once(runtime, work)


# --- what a draft holds


def current(connection: sa.Connection, draft_id: int) -> dict[str, Any]:
    """The rows of a draft's files as they are now, by path; files taken out are left out."""
    newest = (
        sa.select(draft_file.c.path, sa.func.max(draft_file.c.revision).label("revision"))
        .where(draft_file.c.draft_id == draft_id, ~draft_file.c.aside)
        .group_by(draft_file.c.path)
        .subquery()
    )
    rows = connection.execute(
        sa.select(draft_file)
        .join(
            newest,
            (newest.c.path == draft_file.c.path) & (newest.c.revision == draft_file.c.revision),
        )
        .where(draft_file.c.draft_id == draft_id, draft_file.c.content.is_not(None))
        .order_by(draft_file.c.path)
    )
    return {row.path: row for row in rows}


def row_of(connection: sa.Connection, draft_id: int, *, locked: bool = False) -> Any:
    """The row of a draft. Raises NotFound."""
    query = sa.select(model_draft).where(model_draft.c.id == draft_id)
    row = connection.execute(query.with_for_update() if locked else query).one_or_none()
    if row is None:
        raise NotFound("There is no such draft.")
    return row


# --- what must hold


def open_row(connection: sa.Connection, draft_id: int) -> Any:
    """The row of a draft that may be written in, locked until this is done."""
    row = row_of(connection, draft_id, locked=True)
    if row.status == "asked":
        raise NotAllowed(
            "This draft waits for approval, so nothing of it can be changed. Take the request back "
            "to go on."
        )
    if row.status != "open":
        raise NotAllowed(
            f"This draft is {row.status} and can't be changed any more. Begin another one."
        )
    # Whoever asks for approval meanwhile has to begin again, to find what is written now.
    connection.execute(
        model_draft.update()
        .where(model_draft.c.id == draft_id)
        .values(changes=model_draft.c.changes + 1)
    )
    return row


# --- writing


def _write(
    connection: sa.Connection,
    draft_id: int,
    path: str,
    content: bytes | None,
    revision: int | None,
    at: datetime,
    actor: Actor,
) -> Saved:
    """Save over `revision`; over whatever there is if it is None."""
    newest = connection.execute(
        sa.select(draft_file)
        .where(draft_file.c.draft_id == draft_id, draft_file.c.path == path, ~draft_file.c.aside)
        .order_by(draft_file.c.revision.desc())
        .limit(1)
    ).one_or_none()
    if newest is None:
        if content is None or revision:
            raise NotFound(f"The draft has no file “{path}”.")
    elif newest.content == content:
        return Saved(newest.revision, newest.saved_at)
    # A file that was taken out may be made again by whoever saw that it is not there.
    elif revision not in (None, newest.revision) and (newest.content is not None or revision):
        raise Overtaken(
            "Somebody else saved this file while you had it open.",
            newest.revision,
            newest.content,
            newest.author,
            newest.saved_at,
        )
    return Saved(_add(connection, draft_id, path, content, at, actor), at)


def _add(
    connection: sa.Connection,
    draft_id: int,
    path: str,
    content: bytes | None,
    at: datetime,
    actor: Actor,
    *,
    aside: bool = False,
) -> int:
    number: int = connection.execute(
        sa.select(sa.func.coalesce(sa.func.max(draft_file.c.revision), 0) + 1).where(
            draft_file.c.draft_id == draft_id, draft_file.c.path == path
        )
    ).scalar_one()
    connection.execute(
        draft_file.insert().values(
            draft_id=draft_id,
            path=path,
            revision=number,
            content=content,
            aside=aside,
            author=actor.id,
            saved_at=at,
        )
    )
    return number


def set_status(connection: sa.Connection, draft_id: int, status: str) -> None:
    connection.execute(
        model_draft.update().where(model_draft.c.id == draft_id).values(status=status)
    )


def note(
    connection: sa.Connection,
    draft_id: int,
    at: datetime,
    actor: Actor,
    kind: str,
    words: str = "",
    digest: str | None = None,
) -> None:
    seq = connection.execute(
        sa.select(sa.func.coalesce(sa.func.max(draft_event.c.seq), 0) + 1).where(
            draft_event.c.draft_id == draft_id
        )
    ).scalar_one()
    connection.execute(
        draft_event.insert().values(
            draft_id=draft_id, seq=seq, at=at, by=actor.id, kind=kind, words=words, digest=digest
        )
    )


def once(runtime: Runtime, work: Callable[[sa.Connection], _T]) -> _T:
    try:
        return transact(runtime.database, work)
    except IntegrityError:
        raise Conflict(
            "Someone else worked on this at the same moment. Please try again."
        ) from None


def in_words(given: str, field: str, wanted: str, longest: int) -> str:
    words = given.strip()
    if not words:
        raise InvalidAnswers({field: wanted})
    if len(words) > longest:
        raise InvalidAnswers({field: f"Shorten this to {longest} characters or fewer"})
    return words
