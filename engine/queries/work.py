"""What there is to do in a case: its tasks, one of them, and the messages that it waits for."""

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
class Message:
    """A message that a running case waits for and that a person may send."""

    name: str
    label: str
    form: Form | None
    choices: Mapping[str, Sequence[Choice]]
    roles: tuple[str, ...]


_TASK_COLUMNS = [user_task.c[name] for name in TaskRow.__dataclass_fields__ if name != "clauses"]
TASKS = sa.select(*_TASK_COLUMNS, instance.c.deployment_id).join(
    instance, instance.c.id == user_task.c.instance_id
)
"""A query for user tasks, with what `rows_of` needs."""
_TASK = Statement(
    TASKS.add_columns(draft.c.answers)
    .outerjoin(draft, draft.c.user_task_id == user_task.c.id)
    .where(user_task.c.id == sa.bindparam("task_id"))
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
            TASKS.where(user_task.c.business_key == business_key, where).order_by(
                user_task.c.closed_at.desc(),
                user_task.c.due_at.is_(None),
                user_task.c.due_at,
                user_task.c.id,
            )
        )
        return rows_of(runtime, connection, rows)


def rows_of(runtime: Runtime, connection: sa.Connection, rows: Iterable[Any]) -> list[TaskRow]:
    """The tasks with the clauses that their elements carry out, by the version that each runs."""
    found = []
    for row in rows:
        model = runtime.model(connection, row.deployment_id)
        element = model.processes[row.process].elements[row.element]
        clauses = tuple(model.clauses[clause] for clause in element.clauses)
        values: list[Any] = [*row[: len(_TASK_COLUMNS)], clauses]
        found.append(TaskRow(*values))
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
