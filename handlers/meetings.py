"""Team Around the Child meetings: agreed for a date, held, recorded, and missed aloud when they are
late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from engine.errors import ServiceError
from engine.services import ServiceContext
from handlers.access import visible_cases
from handlers.actions import add_actions, complete_actions
from handlers.answers import Answers, submitted_by
from handlers.casefile import begin_step, write_note
from handlers.directory import User
from handlers.models import cases, tacs
from handlers.notifications import deliver, person_or_role
from handlers.practices import by_model
from handlers.registry import services
from handlers.vocabulary import date_in_words, today


@dataclass(frozen=True)
class OverdueTac:
    """A TAC whose date has passed without outcomes; `days` is how long ago."""

    case_reference: str
    family_name: str
    number: int
    due_on: date
    days: int
    co_ordinator: str | None
    lead_professional: str | None
    alerts: int


@services.handler("schedule_tac", results={"tac_due_on": "date", "tac_overdue": "boolean"})
def schedule_tac(context: ServiceContext, form: str) -> dict[str, Any]:
    """Agree the next TAC's date (2L, 2Q, 1Q, 3I), and add the actions that were agreed with it.

    Gives the date as `tac_due_on`, for the lead professional's task and the overdue alert.
    """
    begin_step(context)
    answers = Answers.of(context, form)
    by = submitted_by(context, form).id
    due_on = answers.day("next_tac_on", "first_tac_on")
    if due_on is None:
        raise ServiceError(f"“{form}” gives no date for the next Team Around the Child meeting.")
    add_actions(context, answers, "extra_actions", by=by)
    return _agree(context, due_on, by)


@services.handler("call_review", results={"tac_due_on": "date", "tac_overdue": "boolean"})
def call_review(context: ServiceContext, form: str) -> dict[str, Any]:
    """Call the next TAC for the date asked for at `form`, whenever it was due (R2.1).

    A TAC that is agreed is brought forward, otherwise one is added. The reason is kept as a case
    note, and lead professional and co-ordinator are told. Gives the date as `tac_due_on`.
    """
    case = begin_step(context)
    answers = Answers.of(context, form)
    by = submitted_by(context, form).id
    due_on = max(answers.day("next_tac_on") or date.min, today(context.now))
    reason = answers.needed("review_reason")
    write_note(context.connection, context.business_key, reason, by, context.now)
    text = f"The next review is to be held by {date_in_words(due_on)}. {reason}"
    for addressee in _both(context.connection, case):
        deliver(context, addressee, "A review is wanted now", text)
    return _agree(context, due_on, by)


@services.handler("record_tac", results={"tac_due_on": "date", "tac_overdue": "boolean"})
def record_tac(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep a TAC's outcomes (2N, 2O, 3L): who attended, the child's voice, progress, new
    actions.

    The date is used up: `tac_due_on` becomes null until the next one is agreed.
    """
    begin_step(context)
    answers = Answers.of(context, form)
    by = submitted_by(context, form).id
    held_on = answers.day("held_on") or today(context.now)
    planned = _awaited(context.connection, context.business_key)
    if planned is None:
        tac_id = _add(context, {"due_on": held_on, "scheduled_by": by, "scheduled_at": context.now})
    else:
        tac_id = planned.id
    complete = answers.yes("actions_complete")
    context.connection.execute(
        update(tacs)
        .where(tacs.c.id == tac_id)
        .values(
            held_on=held_on,
            attended=[
                {"name": row.text("name"), "role": row.text("role", "organisation")}
                for row in answers.rows("attended")
            ],
            child_voice=answers.text("child_voice"),
            progress=answers.text("progress", "progress_per_action"),
            actions_complete=complete,
            recommendation=answers.text("recommendation") or None,
            next_tac_on=answers.day("next_tac_on"),
            recorded_by=by,
            recorded_at=context.now,
        )
    )
    if complete:
        complete_actions(context)
    add_actions(context, answers, "new_actions", by=by)
    return {"tac_due_on": None, "tac_overdue": False}


@services.handler("alert_overdue_tac", results={"tac_overdue": "boolean"})
def alert_overdue_tac(context: ServiceContext) -> dict[str, Any]:
    """Tell the lead professional and who supports them (the co-ordinator, the CAF link workers)
    that a meeting is overdue, and from the second alert on the managers too (2Q, R2.3: escalation
    when it stays overdue; G12 to G14).
    """
    case = begin_step(context)
    practice = by_model(case.model)
    planned = _awaited(context.connection, context.business_key)
    if planned is not None:
        context.connection.execute(
            update(tacs)
            .where(tacs.c.id == planned.id)
            .values(alerts=tacs.c.alerts + 1, alerted_at=context.now)
        )
        agreed = f"The {practice.meeting} agreed for {date_in_words(planned.due_on)}"
    else:
        agreed = f"The next {practice.meeting}"
    text = (
        f"{agreed} has no outcomes recorded yet. "
        "Hold the meeting and record its outcomes, or agree a new date."
    )
    addressees = _both(context.connection, case)
    if planned is not None and planned.alerts:
        addressees.append(practice.escalation)
        text += f" This is alert number {planned.alerts + 1}."
    for addressee in addressees:
        deliver(context, addressee, f"A {practice.short_meeting} is overdue", text)
    return {"tac_overdue": True}


def overdue(connection: Connection, reader: User, *, today: date) -> list[OverdueTac]:
    """The overdue TACs of the open cases that the reader may see, the longest overdue first."""
    rows = connection.execute(
        select(tacs, cases.c.family_name, cases.c.co_ordinator, cases.c.lead_professional)
        .join(cases, cases.c.reference == tacs.c.case_reference)
        .where(
            tacs.c.held_on.is_(None),
            tacs.c.due_on < today,
            cases.c.status == "open",
            visible_cases(reader),
        )
        .order_by(tacs.c.due_on, tacs.c.case_reference)
    )
    return [
        OverdueTac(
            case_reference=row.case_reference,
            family_name=row.family_name,
            number=row.number,
            due_on=row.due_on,
            days=(today - row.due_on).days,
            co_ordinator=row.co_ordinator,
            lead_professional=row.lead_professional,
            alerts=row.alerts,
        )
        for row in rows
    ]


def _agree(context: ServiceContext, due_on: date, by: str) -> dict[str, Any]:
    """Move the TAC that is agreed to another date, or agree a new one."""
    planned = _awaited(context.connection, context.business_key)
    values = {"due_on": due_on, "scheduled_by": by, "scheduled_at": context.now}
    if planned is None:
        _add(context, values)
    else:
        context.connection.execute(
            update(tacs).where(tacs.c.id == planned.id).values(**values, alerts=0, alerted_at=None)
        )
    return {"tac_due_on": due_on, "tac_overdue": False}


def _both(connection: Connection, case: Row[Any]) -> list[str]:
    """The case's lead professional and who supports them, each only once if they are one."""
    practice = by_model(case.model)
    people = (
        person_or_role(connection, case.lead_professional, practice.leader),
        person_or_role(connection, case.co_ordinator, practice.supporter),
    )
    return list(dict.fromkeys(people))


def _awaited(connection: Connection, reference: str) -> Row[Any] | None:
    """The TAC that is agreed and not held yet."""
    return connection.execute(
        select(tacs)
        .where(tacs.c.case_reference == reference, tacs.c.held_on.is_(None))
        .order_by(tacs.c.number.desc())
        .limit(1)
    ).one_or_none()


def _add(context: ServiceContext, values: dict[str, Any]) -> int:
    number = context.connection.execute(
        select(func.coalesce(func.max(tacs.c.number), 0)).where(
            tacs.c.case_reference == context.business_key
        )
    ).scalar_one()
    return int(
        context.connection.execute(
            insert(tacs)
            .values(case_reference=context.business_key, number=number + 1, attended=[], **values)
            .returning(tacs.c.id)
        ).scalar_one()
    )
