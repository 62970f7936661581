"""What happens without a person: timers that fall due and failed steps that are tried again.

Any number of nodes may run this at once: each takes a few instances at a time, locked, and skips
what another has locked. What was taken together is written together, so that one sync to disk
serves all of it; nobody waits for long, because a node lets go after `LONGEST`. A node's clock
calls it (`web.nodes`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from engine import instances, tallies
from engine.database import transact
from engine.execution import Execution, retry
from engine.faults import describe
from engine.identity import SYSTEM
from engine.models import incident, instance
from engine.outages import is_outage
from engine.runtime import Runtime
from engine.statements import Statement
from engine.worklist import FARTHEST

log = logging.getLogger(__name__)

AT_ONCE: Final = 50
LONGEST: Final = 0.05
"""So many instances are taken together, and no further one after so many seconds."""

_Do = Callable[[Runtime, sa.Connection, Any, datetime], object]


class _Kind:
    """A kind of due work: `columns` of what it is about, when it was `due`, the condition that it
    `is_due`, and what is done."""

    def __init__(
        self,
        columns: Iterable[sa.Column[Any]],
        due: sa.Column[Any],
        is_due: sa.ColumnElement[bool],
        do: _Do,
    ) -> None:
        number, *_ = columns
        waiting = sa.select(*columns).where(is_due)
        self.do = do
        self.first = (
            waiting.with_only_columns(number)
            .where(number.not_in(sa.bindparam("given_up", expanding=True)))
            .order_by(due)
            .limit(sa.bindparam("most", type_=sa.Integer))
            .with_for_update(skip_locked=True)
        )
        """The most urgent ones, by number."""
        self.one = Statement(waiting.where(number == sa.bindparam("number")))
        """One of them, if it is still due."""


def fire_due(runtime: Runtime, limit: int = 100) -> int:
    """Fire timers that are due and retry steps that failed, at most `limit` instances.

    Returns how many instances were moved; 0 means that nothing is due. An instance that can't be
    moved at all is logged and keeps no other waiting; the next call tries it again.
    """
    done = 0
    for kind in (_TIMERS, _RETRIES):
        given_up: set[int] = set()
        while done < limit:
            moved = _take(runtime, kind, given_up, min(AT_ONCE, limit - done))
            if not moved:
                break
            done += moved
    tallies.fold(runtime.database)
    return done


def _take(runtime: Runtime, kind: _Kind, given_up: set[int], most: int) -> int:
    """Do the most urgent pieces of work that can be done, in one transaction. Returns how many."""
    taken: list[int] = []

    def work(connection: sa.Connection) -> int:
        moved = 0
        now = runtime.clock()
        until = time.monotonic() + LONGEST
        moment = {"now": now, "farthest": now + FARTHEST}
        values = {**moment, "given_up": sorted(given_up), "most": most}
        for next_one in connection.execute(kind.first, values).scalars().all():
            taken[:] = [next_one]
            # What was taken before may have moved this one as well.
            row = kind.one.one_or_none(connection, {**moment, "number": next_one})
            if row is not None:
                kind.do(runtime, connection, row, now)
                moved += 1
            if time.monotonic() > until:
                break
        # What fails from here on is not the fault of any of them.
        taken.clear()
        return moved

    while True:
        taken.clear()
        try:
            return transact(runtime.database, work)
        except Exception as error:
            # A database that is out is not the fault of what was taken, nor would the next do.
            if not taken or is_outage(error):
                raise
            given_up.update(taken)
            log.error("%s %s can't be moved: %s", kind.do.__name__, taken[0], describe(error))


def _fire(runtime: Runtime, connection: sa.Connection, row: Any, now: datetime) -> None:
    execution = Execution(runtime, connection, row, SYSTEM, now)
    due = [
        token
        for token in execution.run.tokens()
        if token.due and not token.incident and datetime.fromisoformat(token.due) <= now
    ]
    for first in sorted(due, key=lambda token: token.due or ""):
        # One event at a time, each to its rest: what fired first may have withdrawn the next.
        waiting = {token.number for token in execution.run.tokens()}
        if first.number in waiting and not execution.run.finished:
            execution.fire(first, "timer")
            execution.run.advance()
    execution.settle()


def _retry(runtime: Runtime, connection: sa.Connection, row: Any, now: datetime) -> None:
    retry(runtime, connection, row, SYSTEM, now)


_NOW = sa.bindparam("now", type_=instance.c.next_due_at.type)
_FARTHEST = sa.bindparam("farthest", type_=instance.c.next_due_at.type)
_TIMERS = _Kind(
    instances.COLUMNS,
    instance.c.next_due_at,
    sa.and_(instance.c.next_due_at <= _NOW, instance.c.status == "active"),
    _fire,
)
_RETRIES = _Kind(
    incident.c,
    incident.c.next_retry_at,
    sa.and_(
        # A clock that was far ahead put off the latter; on the right one they would wait for it.
        sa.or_(incident.c.next_retry_at <= _NOW, incident.c.next_retry_at > _FARTHEST),
        incident.c.closed_at.is_(None),
    ),
    _retry,
)
