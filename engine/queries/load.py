"""A map as a whole: how much waits at each of its elements, and how long the wait is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine.database import reading
from engine.diagrams import Element, Process
from engine.errors import NotFound
from engine.model import Clause, Model
from engine.models import deployment, incident, instance, user_task
from engine.queries.waiting import WAITING_KINDS
from engine.runtime import Runtime
from engine.spiff import stands_at

_JOINS = frozenset({"parallelGateway", "inclusiveGateway"})


@dataclass(frozen=True)
class ElementLoad:
    """What waits at an element, and how long the wait took in the period.

    `waiting` counts the instances that wait there, of them `overdue` those whose task is late and
    `failed` those with an incident; the first came at `oldest`. In the period `done` left it, after
    a `median` wait; both are None where no row says when a wait began (events and joins).
    """

    element: str
    name: str
    kind: str
    role: str
    clauses: tuple[Clause, ...]
    waiting: int
    overdue: int
    failed: int
    oldest: datetime | None
    done: int | None
    median: timedelta | None


@dataclass(frozen=True)
class MapLoad:
    """The load on a map as drawn in `version`: overdue elements first, then by how much waits.

    `elsewhere` are ids of elements of other versions that are not on this drawing, at which
    something waits.
    """

    model: str
    process: str
    process_name: str
    version: int
    running: int
    elements: tuple[ElementLoad, ...]
    elsewhere: Mapping[str, int]


def map_load(
    runtime: Runtime,
    model_id: str,
    process_id: str,
    since: datetime,
    among: sa.ColumnElement[bool],
    *,
    deployment_id: int | None = None,
) -> MapLoad:
    """The load on a map: of all versions on the newest drawing, or of one version on its own.

    `among` is a condition on `instance` as in a `Narrowing`; waits count for the median that ended
    after `since`. Raises NotFound where there is no such map.
    """
    with reading(runtime.database) as connection:
        drawn_in, model, process = _drawn(runtime, connection, model_id, process_id, deployment_id)
        version = connection.execute(
            sa.select(deployment.c.version).where(deployment.c.id == drawn_in)
        ).scalar_one()
        where = [instance.c.model == model_id, instance.c.process == process_id, among]
        if deployment_id is not None:
            where.append(instance.c.deployment_id == deployment_id)
        census = _Census(runtime, connection, where)
        now = census.waiting(process)
        past = census.past(since)
        running = census.running()
    elements = [
        _load(model, element, now.get(element_id, {}), past.get(element_id))
        for element_id, element in process.elements.items()
        if element.kind in WAITING_KINDS and (element_id in now or element_id in past)
    ]
    elements.sort(key=lambda one: (-one.overdue, -one.failed, -one.waiting, -(one.done or 0)))
    elsewhere = {
        name: counted["waiting"] for name, counted in now.items() if name not in process.elements
    }
    return MapLoad(
        model_id,
        process_id,
        process.name,
        version,
        running,
        tuple(elements),
        elsewhere,
    )


def map_drawing(
    runtime: Runtime, model_id: str, process_id: str, deployment_id: int | None = None
) -> bytes:
    """The BPMN file of a map, of the newest version or of the one given. Raises NotFound."""
    with reading(runtime.database) as connection:
        _, model, process = _drawn(runtime, connection, model_id, process_id, deployment_id)
        return model.files[process.path]


def _drawn(
    runtime: Runtime,
    connection: sa.Connection,
    model_id: str,
    process_id: str,
    deployment_id: int | None,
) -> tuple[int, Model, Process]:
    if deployment_id is None:
        deployment_id, model = runtime.live(connection, model_id)
    else:
        model = runtime.model(connection, deployment_id)
    if model.id != model_id or process_id not in model.processes:
        raise NotFound("This version has no such map. Choose another version, or another map.")
    return deployment_id, model, model.processes[process_id]


def _load(
    model: Model,
    element: Element,
    counted: Mapping[str, Any],
    past: tuple[int, timedelta] | None,
) -> ElementLoad:
    timed = element.kind not in _JOINS and element.kind != "intermediateCatchEvent"
    done, median = past or (0, None)
    return ElementLoad(
        element.id,
        element.label,
        element.kind,
        element.lane or "",
        tuple(model.clauses[clause] for clause in element.clauses),
        counted.get("waiting", 0),
        counted.get("overdue", 0),
        counted.get("failed", 0),
        counted.get("oldest"),
        done if timed else None,
        median,
    )


class _Census:
    """Counts over the instances of one map that `where` lets through."""

    def __init__(
        self, runtime: Runtime, connection: sa.Connection, where: list[sa.ColumnElement[bool]]
    ) -> None:
        self.connection = connection
        self.dialect = runtime.database.dialect
        self.now = runtime.clock()
        self.where = where
        self.active = instance.c.status == sa.literal_column("'active'")

    def running(self) -> int:
        query = sa.select(sa.func.count()).select_from(instance).where(self.active, *self.where)
        found: int = self.connection.execute(query).scalar_one()
        return found

    def waiting(self, process: Process) -> dict[str, dict[str, Any]]:
        """What waits at each element: how many, how many late and failed, since when."""
        late = sa.func.sum(sa.case((user_task.c.due_at < self.now, 1), else_=0))
        called = instance.alias("called")
        found: dict[str, dict[str, Any]] = {}
        queries = (
            sa.select(
                user_task.c.element,
                sa.func.count().label("waiting"),
                late.label("overdue"),
                sa.func.min(user_task.c.created_at).label("oldest"),
            )
            .join(instance, instance.c.id == user_task.c.instance_id)
            .where(user_task.c.status == sa.literal_column("'open'"), *self.where)
            .group_by(user_task.c.element),
            sa.select(
                called.c.parent_element.label("element"),
                sa.func.count().label("waiting"),
                sa.func.min(called.c.started_at).label("oldest"),
            )
            .join(instance, instance.c.id == called.c.parent_id)
            .where(called.c.status == "active", *self.where)
            .group_by(called.c.parent_element),
            sa.select(
                incident.c.element,
                sa.func.count().label("waiting"),
                sa.func.count().label("failed"),
                sa.func.min(incident.c.opened_at).label("oldest"),
            )
            .join(instance, instance.c.id == incident.c.instance_id)
            .where(incident.c.closed_at.is_(None), *self.where)
            .group_by(incident.c.element),
        )
        for query in queries:
            for row in self.connection.execute(query):
                # At a call activity something can be called or have failed.
                counted = found.setdefault(row.element, {"waiting": 0, "oldest": row.oldest})
                counted["oldest"] = min(counted["oldest"], row.oldest)
                counted["waiting"] += row.waiting
                for key in ("overdue", "failed"):
                    counted[key] = counted.get(key, 0) + row._mapping.get(key, 0)
        return found | self._standing(process)

    def _standing(self, process: Process) -> dict[str, dict[str, Any]]:
        """Events and joins have no rows of their own; the markings tell how many wait there."""
        elements = [
            element.id
            for element in process.elements.values()
            if element.kind == "intermediateCatchEvent"
            or (element.kind in _JOINS and len(process.incoming.get(element.id, ())) > 1)
        ]
        if not elements:
            return {}
        sums = [
            sa.func.sum(sa.case((stands_at(self.dialect, instance.c.state, name), 1), else_=0))
            for name in elements
        ]
        row = self.connection.execute(sa.select(*sums).where(self.active, *self.where)).one()
        return {
            name: {"waiting": number} for name, number in zip(elements, row, strict=True) if number
        }

    def past(self, since: datetime) -> dict[str, tuple[int, timedelta]]:
        """How many left each element since then, and the median of how long they were there."""
        called = instance.alias("called")
        stays = sa.union_all(
            sa.select(
                user_task.c.element,
                self._seconds(user_task.c.created_at, user_task.c.closed_at).label("seconds"),
            )
            .join(instance, instance.c.id == user_task.c.instance_id)
            .where(user_task.c.status == "completed", user_task.c.closed_at >= since, *self.where),
            sa.select(
                called.c.parent_element.label("element"),
                self._seconds(called.c.started_at, called.c.ended_at).label("seconds"),
            )
            .join(instance, instance.c.id == called.c.parent_id)
            .where(called.c.status == "completed", called.c.ended_at >= since, *self.where),
        ).subquery()
        by = stays.c.element
        ranked = sa.select(
            stays.c.element,
            stays.c.seconds,
            sa.func.row_number().over(partition_by=by, order_by=stays.c.seconds).label("place"),
            sa.func.count().over(partition_by=by).label("number"),
        ).subquery()
        twice = ranked.c.place * 2
        # The one in the middle, or the two.
        middle = twice.in_([ranked.c.number, ranked.c.number + 1, ranked.c.number + 2])
        rows = self.connection.execute(
            sa.select(
                ranked.c.element,
                sa.func.max(ranked.c.number).label("number"),
                sa.func.avg(ranked.c.seconds).label("median"),
            )
            .where(middle)
            .group_by(ranked.c.element)
        )
        return {row.element: (row.number, timedelta(seconds=float(row.median))) for row in rows}

    def _seconds(
        self, came: sa.ColumnElement[Any], left: sa.ColumnElement[Any]
    ) -> sa.ColumnElement[Any]:
        if self.dialect.name == "postgresql":
            moment = sa.DateTime(timezone=True)
            stay = sa.type_coerce(left, moment) - sa.type_coerce(came, moment)
            return sa.extract("epoch", stay)
        return (sa.func.julianday(left) - sa.func.julianday(came)) * 86_400
