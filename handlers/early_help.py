"""Support around a CAF: alerts to the link workers, the search for a lead professional, family
support, and disagreement with the threshold decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from engine.forms import Choice
from engine.services import ServiceContext
from handlers.answers import Answers, submitted_by
from handlers.casefile import begin_step, change, remember, write_note
from handlers.concerns import told
from handlers.directory import list_users, require_role
from handlers.notifications import deliver
from handlers.practices import by_model
from handlers.registry import services


@services.handler("send_alert")
def send_alert(context: ServiceContext, to: str, subject: str, text: str) -> dict[str, Any]:
    """Write a general case note and tell everyone whom `to` names, a role's or user's id (G8).

    Raises ServiceError if `to` is neither.
    """
    begin_step(context)
    write_note(
        context.connection,
        context.business_key,
        f"{subject}\n{text}",
        context.actor.id,
        context.now,
        kind="alert",
    )
    deliver(context, to, subject, text)
    return {}


@services.handler("name_lead_professional", results=("lead_professional",))
def name_lead_professional(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep, as a case note, whom the search at `form` asked, and who will lead the CAF (G9, G10).

    Returns `lead_professional`, null where nobody was found. Raises ServiceError if the person
    named cannot lead.
    """
    case = begin_step(context)
    answers = Answers.of(context, form)
    leader = answers.text("lead_professional") or None
    if leader is not None:
        require_role(context, leader, by_model(case.model).leader, "lead a CAF")
        change(context, lead_professional=leader)
    author = submitted_by(context, form).id
    text = told(context.connection, answers)
    write_note(context.connection, context.business_key, text, author, context.now, kind="outcome")
    return {"lead_professional": leader}


@services.handler("allocate_family_support", results=("family_support_worker",))
def allocate_family_support(context: ServiceContext, form: str) -> dict[str, Any]:
    """Allocate the family to the family support worker named at `form` (G6), who may see the case
    from here on.

    Returns `family_support_worker`. Raises ServiceError if nobody active fits.
    """
    begin_step(context)
    answers = Answers.of(context, form)
    worker = answers.needed("family_support_worker")
    require_role(
        context, worker, "family_support_worker", f"support the family of {context.business_key}"
    )
    remember(context.connection, context.business_key, worker, context.now)
    change(context, tray=None)
    if notes := answers.text("notes"):
        author = submitted_by(context, form).id
        write_note(context.connection, context.business_key, notes, author, context.now)
    return {"family_support_worker": worker}


@services.handler("record_disagreement")
def record_disagreement(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep which agency does not agree with the threshold decision, and why, as a case note
    (G7).
    """
    begin_step(context)
    answers = Answers.of(context, form)
    write_note(
        context.connection,
        context.business_key,
        f"{answers.needed('agency')} does not agree with the decision that the level 4 threshold "
        f"is not met. Reason: {answers.needed('disagreement')}",
        submitted_by(context, form).id,
        context.now,
        kind="disagreement",
    )
    return {}


@services.choices("family_support_workers")
def family_support_workers(connection: Connection, business_key: str) -> Sequence[Choice]:
    """Every family support worker (G6)."""
    return [
        Choice(person.id, person.name)
        for person in list_users(connection, role="family_support_worker")
    ]
