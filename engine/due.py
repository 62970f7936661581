"""What happens without a person: timers that fall due and failed steps that are tried again.

Any number of nodes may run this at once: each takes a few instances at a time, locked, and skips
what another has locked. What was taken together is written together, so that one sync to disk
serves all of it; nobody waits for long, because a node lets go after `LONGEST`. APScheduler is only
the clock that calls it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from engine import tallies
from engine.database import transact
from engine.execution import Execution, retry
from engine.faults import describe
from engine.identity import SYSTEM
from engine.models import incident, instance
from engine.runtime import Runtime

log = logging.getLogger(__name__)

AT_ONCE: Final = 50
LONGEST: Final = 0.05
"""So many instances are taken together, and no further one after so many seconds."""

_Do = Callable[[Runtime, sa.Connection, Any, datetime], object]
_NOW = sa.bindparam("now", type_=instance.c.next_due_at.type)
_TIMERS = (
    sa.select(instance)
    .where(instance.c.next_due_at <= _NOW, instance.c.status == "active")
    .order_by(instance.c.next_due_at)
)
_RETRIES = (
    sa.select(incident)
    .where(incident.c.next_retry_at <= _NOW, incident.c.closed_at.is_(None))
    .order_by(incident.c.next_retry_at)
)


def fire_due(runtime: Runtime, limit: int = 100) -> int:
    """Fire timers that are due and retry steps that failed, at most `limit` instances.

    Returns how many instances were moved; 0 means that nothing is due. An instance that can't be
    moved at all is logged and keeps no other waiting; the next call tries it again.
    """
    done = 0
    for due, do in ((_TIMERS, _fire), (_RETRIES, _retry)):
        given_up: set[int] = set()
        while done < limit:
            moved = _take(runtime, due, do, given_up, min(AT_ONCE, limit - done))
            if not moved:
                break
            done += moved
    tallies.fold(runtime.database)
    return done


def _take(runtime: Runtime, due: sa.Select[Any], do: _Do, given_up: set[int], most: int) -> int:
    """Do the most urgent pieces of work that can be done, in one transaction. Returns how many."""
    number = due.selected_columns.id
    some = (
        due.with_only_columns(number)
        .where(number.not_in(sa.bindparam("given_up", expanding=True)))
        .limit(sa.bindparam("most", type_=sa.Integer))
        .with_for_update(skip_locked=True)
    )
    one = due.where(number == sa.bindparam("number"))
    taken: list[int] = []

    def work(connection: sa.Connection) -> int:
        moved = 0
        now = runtime.clock()
        until = time.monotonic() + LONGEST
        values = {"now": now, "given_up": sorted(given_up), "most": most}
        for next_one in connection.execute(some, values).scalars().all():
            taken[:] = [next_one]
            # What was taken before may have moved this one as well.
            row = connection.execute(one, {"now": now, "number": next_one}).one_or_none()
            if row is not None:
                do(runtime, connection, row, now)
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
            if not taken:
                raise
            given_up.update(taken)
            log.error("%s %s can't be moved: %s", do.__name__, taken[0], describe(error))


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
