"""What happens without a person: timers that fall due and failed steps that are tried again.

Any number of nodes may run this at once: each takes one instance at a time, locked, and skips what
another has locked. APScheduler is only the clock that calls it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from engine.database import transact
from engine.execution import Execution, retry
from engine.identity import SYSTEM
from engine.models import incident, instance
from engine.runtime import Runtime


def fire_due(runtime: Runtime, limit: int = 100) -> int:
    """Fire timers that are due and retry steps that failed, at most `limit` instances.

    Returns how many instances were moved; 0 means that nothing is due.
    """
    done = 0
    for take in (_fire_one, _retry_one):
        while done < limit and transact(runtime.database, _bound(runtime, take)):
            done += 1
    return done


def _bound(
    runtime: Runtime, take: Callable[[Runtime, sa.Connection], bool]
) -> Callable[[sa.Connection], bool]:
    return lambda connection: take(runtime, connection)


def _fire_one(runtime: Runtime, connection: sa.Connection) -> bool:
    now = runtime.clock()
    number = connection.execute(
        sa.select(instance.c.id)
        .where(instance.c.next_due_at <= now, instance.c.status == "active")
        .order_by(instance.c.next_due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if number is None:
        return False
    execution = Execution.load(runtime, connection, number, SYSTEM, now)
    due = [
        token
        for token in execution.run.tokens()
        if token.due and datetime.fromisoformat(token.due) <= now
    ]
    for first in sorted(due, key=lambda token: token.due or ""):
        # One event at a time, each to its rest: what fired first may have withdrawn the next.
        waiting = {token.number for token in execution.run.tokens()}
        if first.number in waiting and not execution.run.finished:
            execution.fire(first, "timer")
            execution.run.advance()
    execution.settle()
    return True


def _retry_one(runtime: Runtime, connection: sa.Connection) -> bool:
    now = runtime.clock()
    row = connection.execute(
        sa.select(incident)
        .where(incident.c.next_retry_at <= now, incident.c.closed_at.is_(None))
        .order_by(incident.c.next_retry_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return False
    retry(runtime, connection, row, SYSTEM, now)
    return True
