"""What happens without a person: timers that fall due and failed steps that are tried again.

Any number of nodes may run this at once: each takes one instance at a time, locked, and skips what
another has locked. A node's clock calls it (`web.nodes`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.database import transact
from engine.execution import Execution, retry
from engine.faults import describe
from engine.identity import SYSTEM
from engine.models import incident, instance
from engine.runtime import Runtime
from engine.worklist import FARTHEST

log = logging.getLogger(__name__)

_Query = Callable[[datetime], sa.Select[Any]]
_Do = Callable[[Runtime, sa.Connection, Any, datetime], object]


def fire_due(runtime: Runtime, limit: int = 100) -> int:
    """Fire timers that are due and retry steps that failed, at most `limit` instances.

    Returns how many instances were moved; 0 means that nothing is due. An instance that can't be
    moved at all is logged and keeps no other waiting; the next call tries it again.
    """
    done = 0
    for query, do in (
        (_due_timers, _fire),
        (_due_retries, _retry),
        (_misdated_retries, _retry),
    ):
        given_up: set[int] = set()
        while done < limit and _take(runtime, query, do, given_up):
            done += 1
    return done


def _take(runtime: Runtime, query: _Query, do: _Do, given_up: set[int]) -> bool:
    """Do the most urgent piece of work that can be done. False if there is none."""
    taken: list[int] = []

    def work(connection: sa.Connection) -> bool:
        now = runtime.clock()
        due = query(now)
        number = due.selected_columns.id
        row = connection.execute(
            due.where(number.not_in(given_up)).limit(1).with_for_update(skip_locked=True)
        ).one_or_none()
        if row is None:
            return False
        taken[:] = [row.id]
        do(runtime, connection, row, now)
        return True

    while True:
        taken.clear()
        try:
            return transact(runtime.database, work)
        except Exception as error:
            if not taken:
                raise
            given_up.update(taken)
            log.error("%s %s can't be moved: %s", do.__name__, taken[0], describe(error))


def _due_timers(now: datetime) -> sa.Select[Any]:
    return (
        sa.select(instance)
        .where(instance.c.next_due_at <= now, instance.c.status == "active")
        .order_by(instance.c.next_due_at)
    )


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


def _due_retries(now: datetime) -> sa.Select[Any]:
    return _retries(incident.c.next_retry_at <= now)


def _misdated_retries(now: datetime) -> sa.Select[Any]:
    """Those that a clock put off that was far ahead; on the right one they would wait for it."""
    return _retries(incident.c.next_retry_at > now + FARTHEST)


def _retries(due: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(incident)
        .where(due, incident.c.closed_at.is_(None))
        .order_by(incident.c.next_retry_at)
    )


def _retry(runtime: Runtime, connection: sa.Connection, row: Any, now: datetime) -> None:
    retry(runtime, connection, row, SYSTEM, now)
