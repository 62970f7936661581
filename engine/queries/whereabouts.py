"""Where a case is: the places at which it waits, each with its clauses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson
import sqlalchemy as sa

from engine.database import reading
from engine.model import Clause
from engine.models import history, instance
from engine.queries.waiting import WAITING_KINDS
from engine.runtime import Runtime
from engine.spiff import waits

_PASSED = frozenset({"passed", "served", "decided"})
_MOST_EVENTS = 2_000


@dataclass(frozen=True)
class Place:
    """A place at which a case waits.

    `kind` is that of the element; a boundary event is a place only if it is a timer, which is then
    due at `due_at`. `called` is the name of the process that a call activity runs, `attached_to`
    the name of the step at whose border a timer stands; both are "" elsewhere.
    """

    instance_id: int
    process_name: str
    kind: str
    element: str
    name: str
    role: str
    clauses: tuple[Clause, ...]
    due_at: datetime | None
    called: str
    attached_to: str


def whereabouts(runtime: Runtime, business_key: str) -> list[Place]:
    """Where a case is now: its user tasks, called processes, timers and messages that it waits
    for, joins, and steps that failed; those of the process that began first come first."""
    with reading(runtime.database) as connection:
        rows = connection.execute(
            sa.select(instance.c.id, instance.c.deployment_id, instance.c.process, instance.c.state)
            .where(instance.c.business_key == business_key, instance.c.status == "active")
            .order_by(instance.c.id)
        ).all()
        found = []
        for row in rows:
            model = runtime.model(connection, row.deployment_id)
            process = model.processes[row.process]
            for wait in waits(row.state):
                element = process.elements[wait.element]
                if element.kind == "boundaryEvent" and wait.due is None:
                    continue
                if element.kind != "boundaryEvent" and element.kind not in WAITING_KINDS:
                    continue
                attached = process.elements.get(element.attached_to or "")
                found.append(
                    Place(
                        row.id,
                        process.name,
                        element.kind,
                        element.id,
                        element.label,
                        element.lane or "",
                        tuple(model.clauses[clause] for clause in element.clauses),
                        datetime.fromisoformat(wait.due) if wait.due else None,
                        model.processes[element.called].name if element.called else "",
                        attached.label if attached else "",
                    )
                )
        return found


def passed_at(runtime: Runtime, instance_id: int) -> dict[str, datetime]:
    """When the instance passed each element last, by the element's id; of a very long history only
    the newest part is read."""
    with reading(runtime.database) as connection:
        rows = connection.execute(
            sa.select(history.c.at, history.c.event)
            .where(history.c.instance_id == instance_id)
            .order_by(history.c.seq.desc())
            .limit(_MOST_EVENTS)
        )
        found: dict[str, datetime] = {}
        for row in rows:
            event = orjson.loads(row.event)
            if event["kind"] in _PASSED:
                found.setdefault(event["element"], row.at)
        return found
