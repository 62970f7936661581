"""Every write: one function is one transaction.

A function either does all that it says, or raises an `EngineError` in words and changes nothing.
When two of them meet at one instance, one goes first and the other begins again on what it left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from engine import instances
from engine.database import transact
from engine.errors import (
    AlreadyStarted,
    Conflict,
    InvalidAnswers,
    NotAllowed,
    NotFound,
    NotWaiting,
    TaskClosed,
)
from engine.execution import Execution, retry
from engine.execution import correlate as hand_over
from engine.forms import Choice, Form
from engine.history import Chain
from engine.identity import SYSTEM, Actor
from engine.models import LONGEST_NAME, draft, incident, instance, user_task
from engine.runtime import Runtime
from engine.statements import Statement, together
from engine.timescales import LONDON
from engine.versions import Deployment, deploy, make_live

__all__ = [
    "Completed",
    "Deployment",
    "Started",
    "assign",
    "cancel",
    "claim",
    "complete_task",
    "correlate",
    "deploy",
    "make_live",
    "release",
    "retry_incident",
    "save_draft",
    "start",
]


_TASK = Statement(
    sa.select(
        user_task.c.id.label("task"),
        user_task.c.status.label("task_status"),
        user_task.c.token,
        user_task.c.element,
        user_task.c.name,
        user_task.c.role,
        user_task.c.tray,
        user_task.c.assignee,
        draft.c.user_task_id.label("draft"),
        *instances.COLUMNS,
    )
    .join(instance, instance.c.id == user_task.c.instance_id)
    .outerjoin(draft, draft.c.user_task_id == user_task.c.id)
    .where(user_task.c.id == sa.bindparam("task_id"))
    # The instance is locked, so that claiming, completing and saving a draft of one task follow
    # each other; before the task, as everything does: two orders would wait for each other.
    .with_for_update(of=instance, key_share=True)
)
"""A task together with its instance."""
_COMPLETED = Statement(
    user_task.update()
    .where(user_task.c.id == sa.bindparam("task_id"), user_task.c.status == "open")
    .values(
        status="completed",
        closed_at=sa.bindparam("closed_at", type_=user_task.c.closed_at.type),
        closed_by=sa.bindparam("closed_by"),
    )
)


@dataclass(frozen=True)
class Started:
    """A new instance."""

    instance_id: int
    business_key: str


@dataclass(frozen=True)
class Completed:
    """The instance whose task was completed."""

    instance_id: int
    business_key: str


def start(
    runtime: Runtime,
    model: str,
    process: str,
    answers: Mapping[str, Any],
    actor: Actor,
    *,
    request_key: str | None = None,
) -> Started:
    """Start a process of the live version of a model and run it to its first rest.

    `answers` are kept whole as the submission of the start event. A `request_key` can start one
    instance only: the second time raises `AlreadyStarted`, which names the first. Raises
    `InvalidAnswers` for answers that are no JSON, and for a request key that is too long.
    """
    if request_key is not None and len(request_key) > LONGEST_NAME:
        raise InvalidAnswers(
            {"request_key": f"The request key is longer than {LONGEST_NAME} characters."}
        )

    def work(connection: sa.Connection) -> Started:
        if request_key is not None:
            _refuse_repeat(connection, request_key)
        deployment_id, found = runtime.live(connection, model)
        if process not in found.processes:
            raise NotFound(f"The model “{model}” has no process “{process}”.")
        now = runtime.clock()
        execution = Execution.begin(
            runtime,
            connection,
            deployment_id,
            process,
            answers,
            actor,
            now,
            request_key=request_key,
        )
        execution.submit(found.processes[process].start_of(process).id, answers)
        execution.settle()
        return Started(execution.id, execution.row.business_key)

    try:
        return transact(runtime.database, work)
    except IntegrityError:
        # Two starts with one request key at the same moment: the other one was first.
        with runtime.database.begin() as connection:
            if request_key is not None:
                _refuse_repeat(connection, request_key)
        raise


def _refuse_repeat(connection: sa.Connection, request_key: str) -> None:
    row = connection.execute(
        sa.select(instance.c.id, instance.c.business_key).where(
            instance.c.request_key == request_key
        )
    ).one_or_none()
    if row is not None:
        raise AlreadyStarted(
            f"This request was received before, as {row.business_key}.", row.id, row.business_key
        )


def claim(runtime: Runtime, task_id: int, actor: Actor) -> None:
    """Take an open task of one's role. Raises NotAllowed if someone else has it."""

    def work(connection: sa.Connection) -> None:
        task = _open_task(connection, task_id)
        _require_role(task, actor)
        if task.assignee == actor.id:
            return
        if task.assignee is not None:
            raise NotAllowed("Someone else has already taken this task.")
        _assign(runtime, connection, task, actor.id, "claimed", actor)

    transact(runtime.database, work)


def release(runtime: Runtime, task_id: int, actor: Actor) -> None:
    """Put a task that one had taken back into its tray."""

    def work(connection: sa.Connection) -> None:
        task = _open_task(connection, task_id)
        if task.assignee != actor.id:
            raise NotAllowed("Only the person who has this task can put it back.")
        if task.tray is None:
            raise NotAllowed(
                "This task is for you by name and has no tray to go back to. Ask a manager to "
                "give it to someone else."
            )
        _assign(runtime, connection, task, None, "released", actor)

    transact(runtime.database, work)


def assign(runtime: Runtime, task_id: int, assignee: str, actor: Actor) -> None:
    """Give an open task to a person, whoever has it now. Who may do so is the caller's rule."""

    def work(connection: sa.Connection) -> None:
        task = _open_task(connection, task_id)
        if task.assignee != assignee:
            _assign(runtime, connection, task, assignee, "assigned", actor)

    transact(runtime.database, work)


def _assign(
    runtime: Runtime,
    connection: sa.Connection,
    task: Any,
    assignee: str | None,
    kind: str,
    actor: Actor,
) -> None:
    same = (
        user_task.c.assignee.is_(None)
        if task.assignee is None
        else user_task.c.assignee == task.assignee
    )
    changed = connection.execute(
        user_task.update()
        .where(user_task.c.id == task.task, user_task.c.status == "open", same)
        .values(assignee=assignee)
    )
    if changed.rowcount != 1:
        raise Conflict("Someone else changed this task at the same moment.")
    chain = Chain(task.id, task.head, task.events, runtime.clock(), actor.id)
    chain.add(kind, task.element, task.name, {"to": assignee} if assignee else None)
    written = connection.execute(
        instance.update()
        .where(instance.c.id == task.id, instance.c.revision == task.revision)
        .values(revision=task.revision + 1, head=chain.head, events=chain.events)
    )
    if written.rowcount != 1:
        raise Conflict("Someone else changed this case at the same moment.")
    chain.write(connection)


def save_draft(runtime: Runtime, task_id: int, answers: Mapping[str, Any], actor: Actor) -> None:
    """Keep unfinished answers of an open task, to come back to. Raises `InvalidAnswers` for
    answers that no later completion could accept (foreign fields, oversized text)."""

    def work(connection: sa.Connection) -> None:
        task = _open_task(connection, task_id)
        _require_allowed(task, actor)
        form, choices = _form_of(runtime, connection, task)
        kept = form.clean(answers, choices=choices, partial=True)
        # Whoever completes or withdraws the task meanwhile has to begin again, to find the draft.
        connection.execute(
            user_task.update().where(user_task.c.id == task_id).values(status=task.task_status)
        )
        connection.execute(draft.delete().where(draft.c.user_task_id == task_id))
        connection.execute(
            draft.insert().values(
                user_task_id=task_id,
                answers=orjson.dumps(kept),
                saved_at=runtime.clock(),
                saved_by=actor.id,
            )
        )

    transact(runtime.database, work)


def complete_task(
    runtime: Runtime, task_id: int, answers: Mapping[str, Any], actor: Actor
) -> Completed:
    """Complete an open user task with answers that fit its form, and run on to the next rest.

    Raises `InvalidAnswers` (a message for each field), `NotAllowed`, `TaskClosed` where someone
    else was first, and `NotFound`.
    """

    def work(connection: sa.Connection) -> Completed:
        task = _open_task(connection, task_id)
        _require_allowed(task, actor)
        form, choices = _form_of(runtime, connection, task)
        now = runtime.clock()
        clean = form.clean(answers, choices=choices, today=_day(now))
        execution = Execution(runtime, connection, task, actor, now)
        closing = {"task_id": task_id, "closed_at": now, "closed_by": actor.id}
        with together(connection):
            closed = _COMPLETED.run(connection, closing)
            submission_id = execution.submit(task.element, clean, task_id)
        if closed.rowcount != 1:
            raise Conflict("Someone else completed this task at the same moment.")
        if task.draft is not None:
            connection.execute(draft.delete().where(draft.c.user_task_id == task_id))
        execution.chain.add(
            "task_completed",
            task.element,
            task.name,
            {"submission": submission_id, "digest": _digest(clean)},
        )
        execution.complete(task.token, form.context(clean))
        execution.settle()
        return Completed(execution.id, task.business_key)

    return transact(runtime.database, work)


def correlate(
    runtime: Runtime,
    message: str,
    business_key: str,
    answers: Mapping[str, Any],
    actor: Actor,
) -> list[int]:
    """Send a message to the running instance of a case that waits for it.

    Raises `NotAllowed` where the model does not let the actor's roles send it, `InvalidAnswers`
    where the answers do not fit the message's form, and `NotWaiting`.
    """

    def work(connection: sa.Connection) -> list[int]:
        row = connection.execute(
            sa.select(instance.c.deployment_id)
            .where(instance.c.business_key == business_key, instance.c.status == "active")
            .order_by(instance.c.id)
            .limit(1)
        ).one_or_none()
        if row is None:
            raise NotWaiting(f"Nothing is running for {business_key}.")
        model = runtime.model(connection, row.deployment_id)
        known = model.messages.get(message)
        values: dict[str, Any] = {}
        clean: Mapping[str, Any] = answers
        if known is not None:
            if actor != SYSTEM and not actor.roles & set(known.roles):
                raise NotAllowed(f"Your role does not let you do this: “{known.label}”.")
            if known.form is not None:
                form = model.forms[known.form]
                choices = runtime.services.options(form, connection, business_key)
                clean = form.clean(answers, choices=choices, today=_day(runtime.clock()))
                values = form.context(clean)
        if answers and (known is None or known.form is None):
            raise InvalidAnswers({"": f"The message “{message}” takes no answers."})
        number = hand_over(
            runtime, connection, message, business_key, actor, runtime.clock(), clean, values
        )
        if number is None:
            label = known.label if known else message
            raise NotWaiting(f"The case does not wait for this any more: “{label}”.")
        return [number]

    return transact(runtime.database, work)


def retry_incident(runtime: Runtime, incident_id: int, actor: Actor) -> bool:
    """Try a failed step again now. Returns True if the step could be done this time."""

    def work(connection: sa.Connection) -> bool:
        row = connection.execute(
            sa.select(incident).where(incident.c.id == incident_id)
        ).one_or_none()
        if row is None or row.closed_at is not None:
            raise NotFound("This fault is already mended.")
        return retry(runtime, connection, row, actor, runtime.clock())

    return transact(runtime.database, work)


def cancel(runtime: Runtime, instance_id: int, reason: str, actor: Actor) -> None:
    """End an instance, and what it called, without completing it. `reason` is kept for ever."""
    if not reason.strip():
        raise InvalidAnswers({"reason": "Enter why this process is cancelled"})

    def work(connection: sa.Connection) -> None:
        execution = Execution.load(runtime, connection, instance_id, actor, runtime.clock())
        if execution.row.parent_id is not None:
            raise NotAllowed(
                "This process was called by another one. Cancel the one that called it."
            )
        execution.withdraw(reason.strip())

    transact(runtime.database, work)


def _open_task(connection: sa.Connection, task_id: int) -> Any:
    with together(connection):
        task = _TASK.one_or_none(connection, {"task_id": task_id})
    if task is None:
        raise NotFound("There is no such task.")
    if task.task_status == "completed":
        raise TaskClosed("This task has already been completed.")
    if task.task_status != "open":
        raise TaskClosed("This task is no longer needed: the case has moved on without it.")
    return task


def _require_role(task: Any, actor: Actor) -> None:
    if task.role not in actor.roles:
        raise NotAllowed("This task is for another role than yours.")


def _require_allowed(task: Any, actor: Actor) -> None:
    _require_role(task, actor)
    if task.assignee is not None and task.assignee != actor.id:
        raise NotAllowed("Someone else has this task.")


def _form_of(
    runtime: Runtime, connection: sa.Connection, task: Any
) -> tuple[Form, dict[str, list[Choice]]]:
    model = runtime.model(connection, task.deployment_id)
    form = model.forms[model.processes[task.process].elements[task.element].form or ""]
    return form, runtime.services.options(form, connection, task.business_key)


def _day(now: datetime) -> date:
    """The day by which answers are judged: the node's, not the machine's."""
    return now.astimezone(LONDON).date()


def _digest(answers: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(answers)).hexdigest()
