"""The path of one instance: which flows it took, and how long it was at each element."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from engine.database import reading
from engine.diagrams import Element, Process
from engine.errors import NotFound
from engine.model import Clause, Model
from engine.models import history as history_table
from engine.models import incident, instance, user_task
from engine.queries.record import Event, event_of
from engine.runtime import Runtime
from engine.spiff import waits

MOST_EVENTS = 5_000
"""So many events of an instance are read for its path, the latest ones."""
_PASSES = frozenset({"passed", "served", "decided"})


@dataclass(frozen=True)
class Visit:
    """One stay at an element, from `came` to `left` (None while it lasts).

    `outcome` is completed, withdrawn or open; for a step that failed, `completed` once it was done
    or no longer wanted. `by` is who completed a task, `called_id` the instance that a call activity
    ran. `came` is None for an event at which the instance came before the events that were read.
    """

    element: str
    name: str
    kind: str
    clauses: tuple[Clause, ...]
    role: str
    came: datetime | None
    left: datetime | None
    outcome: str
    by: str | None
    called_id: int | None


@dataclass(frozen=True)
class Path:
    """Where an instance has been: ids of the flows that it took, and its visits in the order in
    which they began. `whole` is False where the history was too long to be read to its beginning.
    """

    flows: tuple[str, ...]
    visits: tuple[Visit, ...]
    whole: bool


def path(runtime: Runtime, instance_id: int) -> Path:
    """The path of an instance. Raises NotFound."""
    with reading(runtime.database) as connection:
        row = connection.execute(
            sa.select(instance).where(instance.c.id == instance_id)
        ).one_or_none()
        if row is None:
            raise NotFound("There is no such process.")
        model = runtime.model(connection, row.deployment_id)
        process = model.processes[row.process]
        events = _events(connection, process, instance_id)
        walk = _Walk(process, events)
        visits = [
            *_tasks(connection, model, process, instance_id),
            *_calls(connection, model, process, instance_id),
            *_failures(connection, model, process, instance_id),
            *_catches(model, process, walk, row.state),
        ]
    # A visit without a beginning is older than all of which the beginning is known.
    visits.sort(key=lambda visit: visit.came.timestamp() if visit.came else 0.0)
    taken = tuple(flow for flow in process.flows if flow in walk.flows)
    return Path(taken, tuple(visits), len(events) == row.events)


class _Walk:
    """What a history says of flows: those taken, and the catch events to which they led."""

    def __init__(self, process: Process, events: list[Event]) -> None:
        self.flows: set[str] = set()
        self.caught: list[tuple[Element, datetime | None, datetime]] = []
        self.arrivals: dict[str, datetime] = {}
        for event in events:
            element = process.elements.get(event.element or "")
            if element is None:
                continue
            if event.kind in ("timer", "message") and element.kind == "intermediateCatchEvent":
                self.caught.append((element, self.arrivals.pop(element.id, None), event.at))
            if event.kind not in _PASSES:
                continue
            chosen = event.detail.get("flows")
            for flow in process.outgoing.get(element.id, ()):
                if chosen is None or flow.id in chosen:
                    self.flows.add(flow.id)
                    self.arrivals[flow.target] = event.at


def _events(connection: sa.Connection, process: Process, instance_id: int) -> list[Event]:
    rows = connection.execute(
        sa.select(history_table)
        .where(history_table.c.instance_id == instance_id)
        .order_by(history_table.c.seq.desc())
        .limit(MOST_EVENTS)
    ).all()
    return [event_of(process, row) for row in reversed(rows)]


def _tasks(
    connection: sa.Connection, model: Model, process: Process, instance_id: int
) -> Iterator[Visit]:
    for row in connection.execute(
        sa.select(user_task).where(user_task.c.instance_id == instance_id).order_by(user_task.c.id)
    ):
        by = row.closed_by if row.status == "completed" else None
        times = (row.created_at, row.closed_at, row.status, by)
        yield _visit(model, process.elements[row.element], *times)


def _calls(
    connection: sa.Connection, model: Model, process: Process, instance_id: int
) -> Iterator[Visit]:
    outcomes = {"active": "open", "completed": "completed", "cancelled": "withdrawn"}
    for row in connection.execute(
        sa.select(instance).where(instance.c.parent_id == instance_id).order_by(instance.c.id)
    ):
        times = (row.started_at, row.ended_at, outcomes[row.status], None)
        yield _visit(model, process.elements[row.parent_element], *times, called_id=row.id)


def _failures(
    connection: sa.Connection, model: Model, process: Process, instance_id: int
) -> Iterator[Visit]:
    for row in connection.execute(
        sa.select(incident).where(incident.c.instance_id == instance_id).order_by(incident.c.id)
    ):
        outcome = "completed" if row.closed_at else "open"
        times = (row.opened_at, row.closed_at, outcome, None)
        yield _visit(model, process.elements[row.element], *times)


def _catches(model: Model, process: Process, walk: _Walk, state: bytes) -> Iterator[Visit]:
    for element, came, left in walk.caught:
        yield _visit(model, element, came, left, "completed", None)
    for wait in waits(state) if state else ():
        element = process.elements[wait.element]
        if element.kind == "intermediateCatchEvent" and not wait.armed:
            yield _visit(model, element, walk.arrivals.get(element.id), None, "open", None)


def _visit(
    model: Model,
    element: Element,
    came: datetime | None,
    left: datetime | None,
    outcome: str,
    by: str | None,
    called_id: int | None = None,
) -> Visit:
    clauses = tuple(model.clauses[clause] for clause in element.clauses)
    lane = element.lane or ""
    return Visit(
        element.id, element.label, element.kind, clauses, lane, came, left, outcome, by, called_id
    )
