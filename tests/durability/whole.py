"""What has to be true of a database at every moment, whatever happened before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from engine import history, models
from engine.database import at_one_moment
from engine.execution import Execution
from engine.identity import SYSTEM
from engine.runtime import Runtime

_task, _fault, _child = models.user_task.c, models.incident.c, models.instance.alias().c
_answer, _event = models.submission.c, models.history.c


def assert_whole(runtime: Runtime, since: int = 0) -> None:
    """Every row that a rest leaves behind agrees with the marking, every history with its seals,
    and every answer was taken once; of the instances with a number above `since`."""
    with at_one_moment(runtime.database) as connection:
        newer = sa.select(models.instance).where(models.instance.c.id > since)
        for row in connection.execute(newer).all():
            assert history.verify(connection, row.id) is None
            _assert_rest(runtime, connection, row)
        _assert_once(connection, since)


def _tokens_of(connection: sa.Connection, table: sa.Table, *where: Any) -> set[int]:
    return set(connection.execute(sa.select(table.c.token).where(*where)).scalars())


def _assert_rest(runtime: Runtime, connection: sa.Connection, row: Any) -> None:
    tasks = connection.execute(
        sa.select(_task.token, _task.due_at).where(
            _task.instance_id == row.id, _task.status == "open"
        )
    ).all()
    faults = _tokens_of(
        connection, models.incident, _fault.instance_id == row.id, _fault.closed_at.is_(None)
    )
    calls = set(
        connection.execute(
            sa.select(_child.parent_token).where(
                _child.parent_id == row.id, _child.status == "active"
            )
        ).scalars()
    )
    late = [task.due_at for task in tasks if task.due_at]
    assert row.task_due_at == min(late, default=None)
    if row.status != "active":
        assert (tasks, faults, calls, row.next_due_at) == ([], set(), set(), None)
        return
    tokens = list(Execution(runtime, connection, row, SYSTEM, runtime.clock()).run.tokens())
    assert tokens
    assert len({token.number for token in tokens}) == len(tokens)
    assert sorted(task.token for task in tasks) == sorted(
        t.number for t in tokens if t.element.kind == "userTask"
    )
    assert calls == {t.number for t in tokens if t.element.kind == "callActivity"}
    assert faults == {t.number for t in tokens if t.incident}
    armed = [t for t in tokens if t.element.event and t.element.event.kind == "timer"]
    moments = [datetime.fromisoformat(t.due) for t in armed if t.due]
    assert len(moments) == len(armed)
    assert row.next_due_at == min(moments, default=None)


def _assert_once(connection: sa.Connection, since: int) -> None:
    """Each completed task has its answers once, and its history tells of them once."""
    answers = connection.execute(
        sa.select(_answer.instance_id, _answer.id, _answer.user_task_id).where(
            _answer.user_task_id.is_not(None), _answer.instance_id > since
        )
    ).all()
    completed = connection.execute(
        sa.select(_task.id).where(_task.status == "completed", _task.instance_id > since)
    ).scalars()
    assert sorted(row.user_task_id for row in answers) == sorted(completed)
    told = []
    for row in connection.execute(
        sa.select(_event.instance_id, _event.event).where(_event.instance_id > since)
    ):
        event = orjson.loads(row.event)
        if event["kind"] == "task_completed":
            told.append((row.instance_id, event["detail"]["submission"]))
    assert sorted(told) == sorted((row.instance_id, row.id) for row in answers)
