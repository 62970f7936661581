"""Lists of process instances: narrowed down, sorted, counted, by the page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.database import reading
from engine.errors import NotFound
from engine.models import deployment, incident, instance, user_task
from engine.queries.waiting import WAITING_KINDS, Waiting, waiting_of
from engine.runtime import Runtime
from engine.spiff import stands_at

MOST_COUNTED = 2_000
"""Up to here a list is counted; of a longer one only that is said."""
MOST_AT_ONCE = 10_000
"""So many instances a whole list has at most."""
ORDERS = ("due", "oldest", "newest")
_PIECE = 500


@dataclass(frozen=True)
class Step:
    """An element at which an instance may wait."""

    process: str
    element: str
    kind: str


@dataclass(frozen=True)
class Narrowing:
    """Which instances a list has; what is None or False does not narrow it down.

    `among` is a condition on the engine's table `instance`: whose instances a reader may see, and
    what else a caller knows of them. `ended` takes those that have ended in place of those that
    run. `steps` are those at one of which an instance waits, `role` is one
    of whose tasks is open there, `overdue` asks for a task that is late, `incident` for a step that
    failed, `before` for instances that started no later.
    """

    among: sa.ColumnElement[bool]
    ended: bool = False
    model: str | None = None
    process: str | None = None
    deployment_id: int | None = None
    steps: Collection[Step] | None = None
    role: str | None = None
    before: datetime | None = None
    overdue: bool = False
    incident: bool = False


@dataclass(frozen=True)
class Listed:
    """An instance in a list, with what it waits for, the most urgent first."""

    id: int
    business_key: str
    model: str
    version: int
    process: str
    process_name: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    called_by: int | None
    waiting: tuple[Waiting, ...]


@dataclass(frozen=True)
class Listing:
    """One page of a list; `total` counts to `MOST_COUNTED`, and `more` says that there are more."""

    rows: list[Listed]
    total: int
    more: bool
    page: int
    pages: int


@dataclass(frozen=True)
class Deployment:
    """A version of a model that was deployed."""

    id: int
    model: str
    version: int
    deployed_at: datetime


def listing(
    runtime: Runtime,
    narrowing: Narrowing,
    *,
    order: str = "due",
    page: int = 1,
    size: int = 25,
) -> Listing:
    """A page of the instances: the most urgent, the oldest or the newest first."""
    with reading(runtime.database) as connection:
        total, more = _count(runtime, connection, narrowing)
        pages = max(1, -(-total // size))
        page = min(max(1, page), pages)
        query = _query(runtime, narrowing, order).limit(size).offset((page - 1) * size)
        return Listing(_listed(runtime, connection, query), total, more, page, pages)


def whole_listing(
    runtime: Runtime, narrowing: Narrowing, *, order: str = "due"
) -> Iterator[Listed]:
    """All the instances of a list one after the other, of a very long one the first
    `MOST_AT_ONCE`."""
    with reading(runtime.database) as connection:
        numbers = connection.execute(
            _query(runtime, narrowing, order).with_only_columns(instance.c.id).limit(MOST_AT_ONCE)
        ).scalars().all()  # fmt: skip
        for first in range(0, len(numbers), _PIECE):
            piece = numbers[first : first + _PIECE]
            query = _columns().where(instance.c.id.in_(piece))
            found = {row.id: row for row in _listed(runtime, connection, query)}
            yield from (found[number] for number in piece if number in found)


def listing_count(runtime: Runtime, narrowing: Narrowing) -> tuple[int, bool]:
    """How many instances there are, to `MOST_COUNTED`, and whether there are more."""
    with reading(runtime.database) as connection:
        return _count(runtime, connection, narrowing)


def one_instance(runtime: Runtime, instance_id: int) -> Listed:
    """The instance as it stands in a list. Raises NotFound."""
    with reading(runtime.database) as connection:
        found = _listed(runtime, connection, _columns().where(instance.c.id == instance_id))
    if not found:
        raise NotFound("There is no such process.")
    return found[0]


def deployments(runtime: Runtime, models: Collection[str]) -> list[Deployment]:
    """The versions of these models that were deployed, of each the newest first."""
    query = (
        sa.select(*(deployment.c[name] for name in Deployment.__dataclass_fields__))
        .where(deployment.c.model.in_(models))
        .order_by(deployment.c.model, deployment.c.version.desc())
    )
    with reading(runtime.database) as connection:
        return [Deployment(**row._mapping) for row in connection.execute(query)]


def steps_named(
    runtime: Runtime, models: Collection[str], text: str, deployment_id: int | None = None
) -> list[Step]:
    """The steps that `text` means: those with this clause or id, else those with these words in
    their name. They are looked for in the newest version of each of the models, or in the one
    version given."""
    with reading(runtime.database) as connection:
        if deployment_id is not None:
            among = [runtime.model(connection, deployment_id)]
        else:
            among = [runtime.live(connection, name)[1] for name in sorted(models)]
    elements = [
        (Step(process.id, element.id, element.kind), element)
        for model in among
        for process in model.processes.values()
        for element in process.elements.values()
        if element.kind in WAITING_KINDS
    ]
    wanted = " ".join(text.split()).casefold()
    exact = [
        step
        for step, element in elements
        if wanted == element.id.casefold() or wanted in map(str.casefold, element.clauses)
    ]
    return exact or [step for step, element in elements if wanted in element.label.casefold()]


def _conditions(runtime: Runtime, narrowing: Narrowing) -> list[sa.ColumnElement[bool]]:
    """The narrowing as conditions on the table `instance`."""
    # Written out, so that the planner knows that the index of what is active will do.
    active = instance.c.status == sa.literal_column("'active'")
    where = [~active if narrowing.ended else active]
    for column, value in (
        (instance.c.model, narrowing.model),
        (instance.c.process, narrowing.process),
        (instance.c.deployment_id, narrowing.deployment_id),
    ):
        if value is not None:
            where.append(column == value)
    if narrowing.before is not None:
        where.append(instance.c.started_at <= narrowing.before)
    if narrowing.overdue:
        where.append(instance.c.task_due_at < runtime.clock())
    if narrowing.incident:
        failed = sa.select(incident.c.instance_id).where(incident.c.closed_at.is_(None))
        where.append(instance.c.id.in_(failed))
    if narrowing.role is not None:
        where.append(instance.c.id.in_(_open_tasks(user_task.c.role == narrowing.role)))
    if narrowing.steps is not None:
        where.append(_stands(runtime, narrowing.steps))
    return [*where, narrowing.among]


def _open_tasks(*where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The ids of the instances that have such an open task."""
    is_open = user_task.c.status == sa.literal_column("'open'")
    return sa.select(user_task.c.instance_id).where(is_open, *where)


def _stands(runtime: Runtime, steps: Collection[Step]) -> sa.ColumnElement[bool]:
    """An instance waits at one of these steps. Rows of tasks and incidents tell of people and of
    what failed; for calls, events and joins the markings are looked through."""
    found: list[sa.ColumnElement[bool]] = [sa.false()]
    for process in sorted({step.process for step in steps}):
        kinds: dict[str, list[str]] = defaultdict(list)
        for step in steps:
            if step.process == process:
                kinds[step.kind].append(step.element)
        people = user_task.c.element.in_(kinds.pop("userTask", []))
        automatic = kinds.pop("serviceTask", []) + kinds.pop("businessRuleTask", [])
        failed = sa.select(incident.c.instance_id).where(
            incident.c.closed_at.is_(None), incident.c.element.in_(automatic)
        )
        others = [
            stands_at(runtime.database.dialect, instance.c.state, element)
            for elements in kinds.values()
            for element in elements
        ]
        here = instance.c.process == process
        found += [
            instance.c.id.in_(_open_tasks(user_task.c.process == process, people)),
            sa.and_(here, sa.or_(sa.false(), instance.c.id.in_(failed), *others)),
        ]
    return sa.or_(*found)


def _count(runtime: Runtime, connection: sa.Connection, narrowing: Narrowing) -> tuple[int, bool]:
    some = sa.select(instance.c.id).where(*_conditions(runtime, narrowing)).limit(MOST_COUNTED + 1)
    total: int = connection.execute(
        sa.select(sa.func.count()).select_from(some.subquery())
    ).scalar_one()
    return min(total, MOST_COUNTED), total > MOST_COUNTED


def _columns() -> sa.Select[Any]:
    return sa.select(instance, deployment.c.version).join(
        deployment, deployment.c.id == instance.c.deployment_id
    )


def _query(runtime: Runtime, narrowing: Narrowing, order: str) -> sa.Select[Any]:
    turns: dict[str, tuple[sa.ColumnElement[Any], ...]] = {
        "due": (instance.c.task_due_at.asc().nulls_last(), instance.c.id.asc()),
        "oldest": (instance.c.id.asc(),),
        "newest": (instance.c.id.desc(),),
    }
    return _columns().where(*_conditions(runtime, narrowing)).order_by(*turns[order])


def _listed(runtime: Runtime, connection: sa.Connection, query: sa.Select[Any]) -> list[Listed]:
    rows = connection.execute(query).all()
    waiting = waiting_of(runtime, connection, rows)
    return [
        Listed(
            row.id,
            row.business_key,
            row.model,
            row.version,
            row.process,
            runtime.model(connection, row.deployment_id).processes[row.process].name,
            row.status,
            row.started_at,
            row.ended_at,
            row.parent_id,
            waiting.get(row.id, ()),
        )
        for row in rows
    ]
