"""What there is to do: pages of tasks, one task, and the messages that a case waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from engine.database import reading
from engine.errors import NotFound
from engine.forms import Choice, Form
from engine.identity import Actor
from engine.model import Clause
from engine.models import draft, instance, user_task
from engine.runtime import Runtime
from engine.spiff import waiting_at
from engine.statements import Statement


@dataclass(frozen=True)
class TaskRow:
    """A user task in a list."""

    id: int
    instance_id: int
    business_key: str
    element: str
    name: str
    role: str
    tray: str | None
    assignee: str | None
    status: str
    created_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    model: str
    process: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True)
class Task(TaskRow):
    """A user task with all that is needed to do it."""

    process_name: str
    form: Form
    choices: Mapping[str, Sequence[Choice]]
    draft: dict[str, Any] | None


@dataclass(frozen=True)
class Page:
    """One page of tasks; `page` counts from 1."""

    rows: list[TaskRow]
    total: int
    page: int
    pages: int


@dataclass(frozen=True)
class Message:
    """A message that a running case waits for and that a person may send."""

    name: str
    label: str
    form: Form | None
    choices: Mapping[str, Sequence[Choice]]
    roles: tuple[str, ...]


_TASK_COLUMNS = [user_task.c[name] for name in TaskRow.__dataclass_fields__ if name != "clauses"]
_TASK = Statement(
    sa.select(*_TASK_COLUMNS, instance.c.deployment_id, draft.c.answers)
    .join(instance, instance.c.id == user_task.c.instance_id)
    .outerjoin(draft, draft.c.user_task_id == user_task.c.id)
    .where(user_task.c.id == sa.bindparam("task_id"))
)


def tray(
    runtime: Runtime,
    actor: Actor,
    *,
    tray: str | None = None,
    mine: bool = False,
    overdue: bool = False,
    page: int = 1,
    size: int = 25,
) -> Page:
    """The open tasks that the actor may do, the most urgent first.

    `tray` narrows to one tray, `mine` to tasks assigned to the actor, `overdue` to late ones.
    """
    where = [_may_do(actor)]
    if tray is not None:
        where.append(user_task.c.tray == tray)
    if mine:
        where.append(user_task.c.assignee == actor.id)
    if overdue:
        where.append(user_task.c.due_at < runtime.clock())
    with reading(runtime.database) as connection:
        total = connection.execute(
            sa.select(sa.func.count()).select_from(user_task).where(*where)
        ).scalar_one()
        pages = max(1, -(-total // size))
        page = min(max(1, page), pages)
        rows = connection.execute(
            sa.select(*_TASK_COLUMNS)
            .where(*where)
            .order_by(user_task.c.due_at.is_(None), user_task.c.due_at, user_task.c.id)
            .limit(size)
            .offset((page - 1) * size)
        )
        return Page(_task_rows(runtime, connection, rows), total, page, pages)


def tray_counts(runtime: Runtime, actor: Actor) -> dict[str, int]:
    """How many open tasks that the actor may do lie in each tray."""
    with reading(runtime.database) as connection:
        rows = connection.execute(
            sa.select(user_task.c.tray, sa.func.count())
            .where(_may_do(actor), user_task.c.tray.is_not(None))
            .group_by(user_task.c.tray)
        )
        return {row[0]: row[1] for row in rows}


def _may_do(actor: Actor) -> sa.ColumnElement[bool]:
    return sa.and_(
        user_task.c.status == "open",
        user_task.c.role.in_(sorted(actor.roles)),
        sa.or_(
            user_task.c.assignee.is_(None),
            user_task.c.assignee == actor.id,
            user_task.c.tray.is_not(None),
        ),
    )


def task(runtime: Runtime, task_id: int) -> Task:
    """One task, open or not. Raises NotFound."""
    with reading(runtime.database) as connection:
        row = _TASK.one_or_none(connection, {"task_id": task_id})
        if row is None:
            raise NotFound("There is no such task.")
        values = row._asdict()
        model = runtime.model(connection, values.pop("deployment_id"))
        answers = values.pop("answers")
        process = model.processes[row.process]
        element = process.elements[row.element]
        form = model.forms[element.form or ""]
        return Task(
            **values,
            process_name=process.name,
            clauses=tuple(model.clauses[clause] for clause in element.clauses),
            form=form,
            choices=runtime.services.options(form, connection, row.business_key),
            draft=None if answers is None else orjson.loads(answers),
        )


def open_tasks(runtime: Runtime, business_key: str) -> list[TaskRow]:
    """The open tasks of a case, the most urgent first."""
    return _tasks_of(runtime, business_key, user_task.c.status == "open")


def closed_tasks(runtime: Runtime, business_key: str) -> list[TaskRow]:
    """The completed and withdrawn tasks of a case, the latest first."""
    return _tasks_of(runtime, business_key, user_task.c.status != "open")


def _tasks_of(runtime: Runtime, business_key: str, where: sa.ColumnElement[bool]) -> list[TaskRow]:
    with reading(runtime.database) as connection:
        rows = connection.execute(
            sa.select(*_TASK_COLUMNS)
            .where(user_task.c.business_key == business_key, where)
            .order_by(
                user_task.c.closed_at.desc(),
                user_task.c.due_at.is_(None),
                user_task.c.due_at,
                user_task.c.id,
            )
        )
        return _task_rows(runtime, connection, rows)


def _task_rows(
    runtime: Runtime, connection: sa.Connection, rows: Iterable[sa.Row[Any]]
) -> list[TaskRow]:
    """The rows with the clauses that their elements carry out, by the version that each runs."""
    listed = list(rows)
    query = sa.select(instance.c.id, instance.c.deployment_id).where(
        instance.c.id.in_({row.instance_id for row in listed})
    )
    deployments = {row.id: row.deployment_id for row in connection.execute(query)}
    found = []
    for row in listed:
        model = runtime.model(connection, deployments[row.instance_id])
        element = model.processes[row.process].elements[row.element]
        clauses = tuple(model.clauses[clause] for clause in element.clauses)
        found.append(TaskRow(**row._mapping, clauses=clauses))
    return found


def waiting_messages(runtime: Runtime, business_key: str) -> list[Message]:
    """The messages of the model that the case waits for now and that a person may send."""
    with reading(runtime.database) as connection:
        rows = connection.execute(
            sa.select(instance)
            .where(instance.c.business_key == business_key, instance.c.status == "active")
            .order_by(instance.c.id)
        ).all()
        found: dict[str, Message] = {}
        for row in rows:
            model = runtime.model(connection, row.deployment_id)
            elements = model.processes[row.process].elements
            for name in waiting_at(row.state, armed=True):
                event = elements[name].event if name in elements else None
                if event is None or event.kind != "message" or event.value not in model.messages:
                    continue
                message = model.messages[event.value]
                form = model.forms[message.form] if message.form else None
                found[message.name] = Message(
                    message.name,
                    message.label,
                    form,
                    runtime.services.options(form, connection, business_key) if form else {},
                    message.roles,
                )
        return list(found.values())
