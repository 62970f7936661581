"""What instances wait for, many at once: people, called processes, events, and failed steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.diagrams import Element
from engine.model import Clause, Model
from engine.models import incident, instance, user_task
from engine.queries.record import Incident
from engine.queries.work import TaskRow
from engine.runtime import Runtime
from engine.spiff import waits

WAITING_KINDS = frozenset(
    {
        "userTask",
        "callActivity",
        "intermediateCatchEvent",
        "parallelGateway",
        "inclusiveGateway",
        "serviceTask",
        "businessRuleTask",
    }
)
"""The kinds of elements at which a case can be: what stands beside them, such as an event at a
task's border, is not told."""


@dataclass(frozen=True)
class Waiting:
    """One place at which an instance waits.

    `kind` is that of the element, `role` the lane's name or "". A user task has its `task`, a step
    that failed its `incident`, a call activity the id (`called_id`) and the name (`called`) of what
    it runs. `since` is None where no row says when the wait began (events and joins); `due_at` is
    that of the task or timer.
    """

    kind: str
    element: str
    name: str
    clauses: tuple[Clause, ...]
    role: str
    since: datetime | None
    due_at: datetime | None
    task: TaskRow | None
    incident: Incident | None
    called_id: int | None
    called: str


def waiting_of(
    runtime: Runtime, connection: sa.Connection, rows: Sequence[sa.Row[Any]]
) -> dict[int, tuple[Waiting, ...]]:
    """What each of these rows of `instance` (id, deployment_id, process, state) waits for: failed
    steps first, then tasks by their due dates, then the rest. Needs a few statements in all,
    however many rows there are."""
    ids = [row.id for row in rows]
    tasks = _by_token(
        connection,
        sa.select(user_task).where(user_task.c.instance_id.in_(ids), user_task.c.status == "open"),
    )
    failed = _by_token(
        connection,
        sa.select(incident).where(incident.c.instance_id.in_(ids), incident.c.closed_at.is_(None)),
    )
    called = _by_token(
        connection,
        sa.select(
            instance.c.id,
            instance.c.parent_id.label("instance_id"),
            instance.c.parent_token.label("token"),
            instance.c.started_at,
        ).where(instance.c.parent_id.in_(ids), instance.c.status == "active"),
    )
    found: dict[int, list[Waiting]] = defaultdict(list)
    for row in rows:
        model = runtime.model(connection, row.deployment_id)
        process = model.processes[row.process]
        for wait in waits(row.state) if row.state else ():
            element = process.elements[wait.element]
            if element.kind not in WAITING_KINDS:
                continue
            key = (row.id, wait.number)
            due = datetime.fromisoformat(wait.due) if wait.due else None
            found[row.id].append(
                _waiting(model, element, due, tasks.get(key), failed.get(key), called.get(key))
            )
    return {number: tuple(sorted(each, key=_urgency)) for number, each in found.items()}


def _waiting(
    model: Model, element: Element, due: datetime | None, task: Any, failed: Any, child: Any
) -> Waiting:
    clauses = tuple(model.clauses[clause] for clause in element.clauses)
    row = incident_row = None
    since = None
    if task is not None:
        names = [name for name in TaskRow.__dataclass_fields__ if name != "clauses"]
        row = TaskRow(**{name: getattr(task, name) for name in names}, clauses=clauses)
        since, due = task.created_at, task.due_at
    if child is not None:
        since = child.started_at
    if failed is not None:
        names = list(Incident.__dataclass_fields__)
        incident_row = Incident(**{name: getattr(failed, name) for name in names})
        since = failed.opened_at
    return Waiting(
        element.kind,
        element.id,
        element.label,
        clauses,
        element.lane or "",
        since,
        due,
        row,
        incident_row,
        child.id if child is not None else None,
        model.processes[element.called].name if element.called else "",
    )


def _by_token(
    connection: sa.Connection, query: sa.Select[Any]
) -> dict[tuple[int, int], sa.Row[Any]]:
    return {(row.instance_id, row.token): row for row in connection.execute(query)}


def _urgency(waiting: Waiting) -> tuple[bool, bool, float]:
    due = waiting.due_at
    return (
        waiting.incident is None,
        waiting.task is None,
        due.timestamp() if due is not None else float("inf"),
    )
