"""The rows that a rest leaves behind: who has to do what, and what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from engine.automation import Automation
from engine.diagrams import Element
from engine.faults import describe
from engine.models import LONGEST_ACTOR, draft, incident, user_task
from engine.spiff import Failure, StepFailed, Token
from engine.statements import Rows
from engine.timescales import due_at

log = logging.getLogger(__name__)

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 1440))
"""How long after its first, second, ... failure something is tried again; then a person has to."""
FARTHEST = 2 * RETRIES[-1]
"""Nothing is put off for so long; a date beyond was written by a clock that was wrong."""


_OPENED = Rows(
    user_task,
    ("token", "element", "name", "role", "tray", "assignee", "due_at"),
    same=("instance_id", "business_key", "model", "process", "status", "created_at"),
)


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """When to try again what has failed `attempts` times, the last time `now`; None for never."""
    return now + RETRIES[attempts - 1] if attempts <= len(RETRIES) else None


class Opened:
    """The user tasks that are opened in one transaction, with whom they are for and when they are
    due."""

    def __init__(self, automation: Automation, process: str, tokens: Sequence[Token]) -> None:
        self._automation = automation
        self._process = process
        self._rows = [self._row(token) for token in tokens]

    @property
    def dues(self) -> list[datetime | None]:
        return [row[-1] for row in self._rows]

    def write(self) -> None:
        automation = self._automation
        same = {
            "instance_id": automation.instance_id,
            "business_key": automation.business_key,
            "model": automation.model.id,
            "process": self._process,
            "status": "open",
            "created_at": automation.now,
        }
        _OPENED.insert(automation.connection, same, self._rows)

    def _row(self, token: Token) -> tuple[Any, ...]:
        automation, element = self._automation, token.element
        due = _due(automation, element)
        assignee = _assignee(automation, element)
        automation.chain.add(
            "task_opened", element.id, element.label, {"due": due.isoformat()} if due else None
        )
        role = automation.model.role_of(element.lane) or ""
        return (token.number, element.id, element.label, role, element.tray, assignee, due)


def dues_of(automation: Automation, tokens: Sequence[Token]) -> list[datetime | None]:
    """When each of the open tasks at these tokens is due."""
    if not tokens:
        return []
    # By their tokens: an index finds these few, however many tasks the instance had before.
    query = sa.select(user_task.c.due_at).where(
        user_task.c.instance_id == automation.instance_id,
        user_task.c.token.in_([token.number for token in tokens]),
    )
    return list(automation.connection.execute(query).scalars())


def _due(automation: Automation, element: Element) -> datetime | None:
    if element.due is None:
        return None
    try:
        if element.due_expression:
            return due_at(automation.evaluate(element.due_expression), automation.now)
        return due_at(automation.model.timescale(element.due), automation.now)
    except (StepFailed, ValueError) as error:
        # Better a task without a date than no task.
        log.warning("due date of %s in %s: %s", element.id, automation.instance_id, describe(error))
        return None


def _assignee(automation: Automation, element: Element) -> str | None:
    if not element.assignee:
        return None
    try:
        value = automation.evaluate(element.assignee)
    except StepFailed:
        # The task still has to be done: it goes to everyone with the role.
        log.warning(
            "assignee of %s can't be evaluated in instance %s", element.id, automation.instance_id
        )
        return None
    if not isinstance(value, str) or not value.isprintable():
        return None
    return value if 0 < len(value) <= LONGEST_ACTOR else None


def withdraw_tasks(automation: Automation, tokens: Sequence[Token]) -> None:
    """Close the user tasks at these tokens, which the process left without an answer."""
    if not tokens:
        return
    mine = (
        user_task.c.instance_id == automation.instance_id,
        user_task.c.token.in_([token.number for token in tokens]),
    )
    automation.connection.execute(
        user_task.update()
        .where(*mine, user_task.c.status == "open")
        .values(status="withdrawn", closed_at=automation.now, closed_by=automation.actor.id)
    )
    # Nobody can finish them any more, and unfinished answers are no record.
    automation.connection.execute(
        draft.delete().where(draft.c.user_task_id.in_(sa.select(user_task.c.id).where(*mine)))
    )
    for token in tokens:
        automation.chain.add("task_withdrawn", token.element.id, token.element.label)


def open_incidents(automation: Automation, failures: Mapping[int, Failure]) -> None:
    """Note what failed; a failure at the same token again counts as the next attempt."""
    for number, failure in failures.items():
        where = (incident.c.instance_id == automation.instance_id, incident.c.token == number)
        before = automation.connection.execute(
            sa.select(incident.c.attempts).where(*where)
        ).scalar_one_or_none()
        attempts = (before or 0) + 1
        values = {
            "message": failure.message,
            "attempts": attempts,
            "next_retry_at": next_attempt(attempts, automation.now),
            "closed_at": None,
        }
        if before is not None:
            automation.connection.execute(incident.update().where(*where).values(values))
        else:
            automation.connection.execute(
                incident.insert().values(
                    instance_id=automation.instance_id,
                    token=number,
                    business_key=automation.business_key,
                    element=failure.element.id,
                    name=failure.element.label,
                    opened_at=automation.now,
                    **values,
                )
            )
        automation.chain.add(
            "incident", failure.element.id, failure.element.label, {"message": failure.message}
        )


def close_incidents(automation: Automation, tokens: Collection[Token]) -> None:
    """Close the incidents at these tokens: the step was done, or is no longer wanted."""
    if not tokens:
        return
    automation.connection.execute(
        incident.update()
        .where(
            incident.c.instance_id == automation.instance_id,
            incident.c.token.in_([token.number for token in tokens]),
        )
        .values(closed_at=automation.now, next_retry_at=None)
    )
    for token in tokens:
        automation.chain.add("incident_closed", token.element.id, token.element.label)
