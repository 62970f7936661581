"""The service in numbers, for whoever operates it: nothing here tells of a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine.database import at_one_moment
from engine.models import incident, instance, outbox, user_task
from engine.runtime import Runtime


@dataclass(frozen=True)
class Pile:
    """The open tasks of a role in one tray; `tray` is empty for those that go to a person."""

    model: str
    role: str
    tray: str
    tasks: int
    overdue: int


@dataclass(frozen=True)
class Backlog:
    """How many wait, and for how long the first of them has."""

    waiting: int
    oldest: timedelta


@dataclass(frozen=True)
class Figures:
    """What waits for people, and what waits for the service itself.

    `due` are timers and second tries whose moment has come, `outbox` the messages of each kind that
    are to be sent, `given_up` those that are not tried again.
    """

    piles: tuple[Pile, ...]
    incidents: int
    due: Backlog
    outbox: dict[str, Backlog]
    given_up: int


_PILES = (
    sa.select(
        user_task.c.model,
        user_task.c.role,
        user_task.c.tray,
        sa.func.count().label("tasks"),
        sa.func.count().filter(user_task.c.due_at < sa.bindparam("now")).label("overdue"),
    )
    .where(user_task.c.status == "open")
    .group_by(user_task.c.model, user_task.c.role, user_task.c.tray)
)
_INCIDENTS = sa.select(sa.func.count()).where(incident.c.closed_at.is_(None))
_TIMERS = sa.select(sa.func.count(), sa.func.min(instance.c.next_due_at)).where(
    instance.c.status == "active", instance.c.next_due_at <= sa.bindparam("now")
)
_RETRIES = sa.select(sa.func.count(), sa.func.min(incident.c.next_retry_at)).where(
    incident.c.closed_at.is_(None), incident.c.next_retry_at <= sa.bindparam("now")
)
_UNSENT = (
    sa.select(outbox.c.kind, sa.func.count(), sa.func.min(outbox.c.created_at))
    .where(outbox.c.sent_at.is_(None), outbox.c.next_attempt_at.is_not(None))
    .group_by(outbox.c.kind)
)
_GIVEN_UP = sa.select(sa.func.count()).where(
    outbox.c.sent_at.is_(None), outbox.c.next_attempt_at.is_(None)
)


def figures(runtime: Runtime) -> Figures:
    """The figures of one moment."""
    now = runtime.clock()
    with at_one_moment(runtime.database) as connection:

        def read(query: sa.Executable) -> Sequence[Any]:
            return connection.execute(query, {"now": now}).all()

        late = [*read(_TIMERS), *read(_RETRIES)]
        first = min((moment for _, moment in late if moment is not None), default=None)
        return Figures(
            tuple(Pile(**{**row._mapping, "tray": row.tray or ""}) for row in read(_PILES)),
            read(_INCIDENTS)[0][0],
            _backlog(sum(count for count, _ in late), first, now),
            {kind: _backlog(count, oldest, now) for kind, count, oldest in read(_UNSENT)},
            read(_GIVEN_UP)[0][0],
        )


def _backlog(waiting: int, first: datetime | None, now: datetime) -> Backlog:
    return Backlog(waiting, max(now - first, timedelta()) if first else timedelta())
