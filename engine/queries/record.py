"""What a case is at and what happened in it: instances, history, answers, incidents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from engine.database import at_one_moment, reading
from engine.diagrams import Process
from engine.errors import NotFound
from engine.forms import Form
from engine.history import verify
from engine.model import Model
from engine.models import history as history_table
from engine.models import incident, instance, submission
from engine.runtime import Runtime
from engine.spiff import passed_by, waiting_at


@dataclass(frozen=True)
class InstanceRow:
    """A process instance of a case; `parent_element` is the call activity that started it."""

    id: int
    parent_id: int | None
    parent_element: str | None
    model: str
    process: str
    process_name: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    deployment_id: int


@dataclass(frozen=True)
class Event:
    """One entry of the history."""

    instance_id: int
    seq: int
    at: datetime
    actor: str
    kind: str
    element: str | None
    name: str | None
    clauses: tuple[str, ...]
    detail: dict[str, Any]


@dataclass(frozen=True)
class Diagram:
    """An instance on its diagram: ids of the elements where it waits, has been, and failed."""

    xml: bytes
    active: list[str]
    done: list[str]
    incidents: list[str]


@dataclass(frozen=True)
class Submission:
    """Answers as they were given."""

    id: int
    instance_id: int
    element: str
    name: str
    at: datetime
    actor: str
    answers: dict[str, Any]
    form: Form | None


@dataclass(frozen=True)
class Incident:
    """A step that failed and waits to be tried again."""

    id: int
    instance_id: int
    business_key: str
    element: str
    name: str
    message: str
    opened_at: datetime
    attempts: int
    next_retry_at: datetime | None


def instances(runtime: Runtime, business_key: str) -> list[InstanceRow]:
    """The process instances of a case in the order in which they started."""
    with reading(runtime.database) as connection:
        rows = connection.execute(
            sa.select(instance)
            .where(instance.c.business_key == business_key)
            .order_by(instance.c.id)
        ).all()
        return [
            InstanceRow(
                row.id,
                row.parent_id,
                row.parent_element,
                row.model,
                row.process,
                runtime.model(connection, row.deployment_id).processes[row.process].name,
                row.status,
                row.started_at,
                row.ended_at,
                row.deployment_id,
            )
            for row in rows
        ]


def history(
    runtime: Runtime,
    business_key: str,
    *,
    limit: int | None = None,
    offset: int = 0,
    latest_first: bool = False,
    instance_id: int | None = None,
) -> list[Event]:
    """What happened in a case, over all its instances or in one, in the order in which it happened.

    `limit` and `offset` cut a part of it out, counted from the latest event if `latest_first`.
    """
    turn = sa.desc if latest_first else sa.asc
    # Within an instance the order stands, even where a clock was put back.
    moment = sa.func.max(history_table.c.at).over(
        partition_by=history_table.c.instance_id, order_by=history_table.c.seq
    )
    order = [turn(by) for by in (moment, history_table.c.instance_id, history_table.c.seq)]
    where = [instance.c.business_key == business_key]
    if instance_id is not None:
        where.append(instance.c.id == instance_id)
    with reading(runtime.database) as connection:
        rows = connection.execute(
            sa.select(
                history_table.c.instance_id,
                history_table.c.seq,
                history_table.c.at,
                history_table.c.actor,
                history_table.c.event,
                instance.c.deployment_id,
                instance.c.process,
            )
            .join(instance, instance.c.id == history_table.c.instance_id)
            .where(*where)
            .order_by(*order)
            .limit(limit)
            .offset(offset)
        ).all()
        return [
            event_of(runtime.model(connection, row.deployment_id).processes[row.process], row)
            for row in rows
        ]


def event_of(process: Process, row: Any) -> Event:
    """A row of the history of an instance of `process`."""
    event = orjson.loads(row.event)
    element = process.elements.get(event.get("element", ""))
    return Event(
        row.instance_id,
        row.seq,
        row.at,
        row.actor,
        event["kind"],
        event.get("element"),
        event.get("name"),
        element.clauses if element else (),
        event.get("detail", {}),
    )


def verify_history(runtime: Runtime, business_key: str) -> list[str]:
    """What is wrong with the sealed history of a case: an empty list if nothing is."""
    with at_one_moment(runtime.database) as connection:
        numbers = connection.execute(
            sa.select(instance.c.id).where(instance.c.business_key == business_key)
        ).scalars()
        return [fault for number in numbers if (fault := verify(connection, number))]


def diagram(runtime: Runtime, instance_id: int) -> Diagram:
    """The diagram of an instance with where it waits and where it has been. Raises NotFound."""
    with reading(runtime.database) as connection:
        row = connection.execute(
            sa.select(instance).where(instance.c.id == instance_id)
        ).one_or_none()
        if row is None:
            raise NotFound("There is no such process.")
        model = runtime.model(connection, row.deployment_id)
        process = model.processes[row.process]
        failed = connection.execute(
            sa.select(incident.c.element).where(
                incident.c.instance_id == instance_id, incident.c.closed_at.is_(None)
            )
        ).scalars()
        return Diagram(
            model.files[process.path],
            waiting_at(row.state, armed=False),
            passed_by(row.state, process),
            sorted(set(failed)),
        )


def submissions(runtime: Runtime, business_key: str, *, latest: bool = False) -> list[Submission]:
    """Everything that was answered in a case, in order; the latest of each element if `latest`."""
    query = (
        sa.select(submission, instance.c.deployment_id, instance.c.process)
        .join(instance, instance.c.id == submission.c.instance_id)
        .where(submission.c.business_key == business_key)
        .order_by(submission.c.id)
    )
    if latest:
        newest = (
            sa.select(sa.func.max(submission.c.id))
            .where(submission.c.business_key == business_key)
            .group_by(submission.c.element)
        )
        query = query.where(submission.c.id.in_(newest))
    with reading(runtime.database) as connection:
        rows = connection.execute(query).all()
        found = []
        for row in rows:
            model = runtime.model(connection, row.deployment_id)
            element = model.processes[row.process].elements[row.element]
            form_id = element.form
            if element.event is not None and element.event.value in model.messages:
                form_id = model.messages[element.event.value].form
            found.append(
                Submission(
                    row.id,
                    row.instance_id,
                    row.element,
                    element.label,
                    row.at,
                    row.actor,
                    orjson.loads(row.answers),
                    model.forms[form_id] if form_id else None,
                )
            )
        return found


def incidents(runtime: Runtime, business_key: str | None = None) -> list[Incident]:
    """The open incidents, of one case or of all, the oldest first."""
    columns = [incident.c[name] for name in Incident.__dataclass_fields__]
    query = sa.select(*columns).where(incident.c.closed_at.is_(None)).order_by(incident.c.opened_at)
    if business_key is not None:
        query = query.where(incident.c.business_key == business_key)
    with reading(runtime.database) as connection:
        return [Incident(**row._mapping) for row in connection.execute(query)]


def model_of(runtime: Runtime, model_id: str) -> Model:
    """The live version of a model. Raises NotFound."""
    with reading(runtime.database) as connection:
        return runtime.live(connection, model_id)[1]
