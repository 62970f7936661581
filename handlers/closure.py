"""Closing a case: never without a manager's oversight, and for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from engine.errors import ServiceError
from engine.forms import Choice
from engine.models import user_task
from engine.services import ServiceContext
from handlers.answers import Answers, submitted_by
from handlers.casefile import begin_step, change
from handlers.directory import names, require_role
from handlers.models import cases, closures
from handlers.notifications import tell
from handlers.registry import services
from handlers.vocabulary import (
    ASSESSMENT_CLOSURE_REASONS,
    CONTACT_CLOSURE_REASONS,
    EPISODE_CLOSURE_REASONS,
    OFFER_CLOSURE_REASONS,
    STEP_UP_CLOSURE_REASONS,
    TRIAGE_CLOSURE_REASONS,
    label,
)

REASONS: Final[dict[str, Mapping[str, str]]] = {
    "contact": {**CONTACT_CLOSURE_REASONS, **STEP_UP_CLOSURE_REASONS},
    "assessment": ASSESSMENT_CLOSURE_REASONS,
    "episode": {
        **EPISODE_CLOSURE_REASONS,
        **ASSESSMENT_CLOSURE_REASONS,
        **STEP_UP_CLOSURE_REASONS,
    },
    "triage": TRIAGE_CLOSURE_REASONS,
    "offer": OFFER_CLOSURE_REASONS,
}
"""The reasons for which each kind of closure is accepted: 2H; 2M; 2R, 2M or maps 4 and 5; the
manager's own at triage (1G); an offer of a CAF or early help that ends before a CAF (G3, G6, G11).
"""

OVERSEER: Final = "caf_duty_manager"


@services.handler("close_case", results=("case_closed",), always={"case_closed": True})
def close_case(
    context: ServiceContext,
    request: str,
    oversight: str,
    kind: str | None = None,
    overseer: str = OVERSEER,
    reason: str | None = None,
) -> dict[str, Any]:
    """Close the case as `request` asked and `oversight` agreed, and lock its file (1L, 1R, 2H, 2M,
    2R, 3D, 3J, 3N, G15).

    Without a `kind` it is a contact or an episode, whichever the case is by now. `reason` is for
    diagrams in which only one is possible; otherwise `request` gives it. Whoever asked, leads,
    co-ordinates or has a task in the case is told. Returns `case_closed`, for diagrams that go on
    only with an open case. Raises ServiceError unless the answers at `oversight` agree, whoever
    gave them has the role `overseer` and is not the person who asked, and the reason is one of
    those for this kind of closure.
    """
    case = begin_step(context)
    reasons = None if kind is None else REASONS.get(kind)
    if kind is None:
        kind, reasons = _kind_of(case), {**REASONS["contact"], **REASONS["episode"]}
    if reasons is None:
        raise ServiceError(f"“{kind}” is no kind of closure: use {', '.join(REASONS)}.")
    asked = Answers.of(context, request)
    overseen = Answers.of(context, oversight)
    decision = overseen.text("closure_decision")
    if decision != "agree":
        raise ServiceError(
            f"{context.business_key} cannot be closed: the manager's decision is "
            f"“{decision or 'missing'}”, not “agree”."
        )
    manager = submitted_by(context, oversight)
    require_role(context, manager, overseer, "oversee the closure of a case")
    requester = submitted_by(context, request)
    if requester.id == manager.id:
        name = names(context.connection, [manager.id])[manager.id]
        raise ServiceError(
            f"{name} asked for the closure of {context.business_key} and cannot oversee "
            "it as well: another manager has to."
        )
    _close(
        context,
        kind,
        _known(kind, reasons, reason or asked.text("closure_reason", "contact_closure_reason")),
        summary=asked.text("closure_summary", "synopsis", "summary", "reasons"),
        advice_given=asked.text("advice_given"),
        requested_by=requester.id,
        overseen_by=manager.id,
        comment=overseen.text("oversight_comment", "comment"),
    )
    tell(
        context,
        _concerned(context, case, requester.id, besides=manager.id),
        "A case is closed",
        f"{context.business_key} is closed with a manager's oversight. What was still open "
        "in it is withdrawn, and its file can be read only.",
    )
    return {"case_closed": True}


@services.handler("return_closure")
def return_closure(context: ServiceContext, request: str, oversight: str) -> dict[str, Any]:
    """Tell whoever asked for a closure at `request` that `oversight` returned it, and why (2R)."""
    begin_step(context)
    comment = Answers.of(context, oversight).text("oversight_comment", "comment")
    tell(
        context,
        [submitted_by(context, request).id],
        "The closure you asked for is returned",
        f"The manager did not agree to close {context.business_key}, so the case goes on. "
        f"{comment}".strip(),
    )
    return {}


@services.choices("closure_reasons")
def closure_reasons(connection: Connection, business_key: str) -> Sequence[Choice]:
    """The reasons for which this case can be closed as it is now: a contact's or an episode's (2H,
    2M, 2R)."""
    case = connection.execute(select(cases).where(cases.c.reference == business_key)).one_or_none()
    return [Choice(code, words) for code, words in REASONS[_kind_of(case)].items()]


@services.handler("close_contact")
def close_contact(context: ServiceContext, form: str) -> dict[str, Any]:
    """Close a contact by the duty manager's own decision at triage (1G, 1I, 2C, 2E, 3B).

    Raises ServiceError unless `form` decided to close, gave a reason, and a CAF duty manager filled
    it in.
    """
    begin_step(context)
    answers = Answers.of(context, form)
    if answers.text("tray_decision", "decision") != "close":
        raise ServiceError(
            f"{context.business_key} cannot be closed: the duty manager did not decide to close."
        )
    manager = submitted_by(context, form)
    require_role(context, manager, OVERSEER, "close a contact")
    _close(
        context,
        "triage",
        "closed_at_triage",
        summary=answers.needed("tray_decision_reason", "decision_reason", "reason", "tray_reason"),
        advice_given=answers.text("advice_given"),
        requested_by=None,
        overseen_by=manager.id,
        comment="",
    )
    return {}


def _kind_of(case: Any) -> str:
    return "contact" if case is None or case.episode_opened_at is None else "episode"


def _concerned(context: ServiceContext, case: Any, requester: str, *, besides: str) -> list[str]:
    """Who asked, leads, co-ordinates or has an open task, but for who has just decided."""
    assigned = context.connection.execute(
        select(user_task.c.assignee)
        .where(
            user_task.c.business_key == context.business_key,
            user_task.c.status == "open",
            user_task.c.assignee.is_not(None),
        )
        .order_by(user_task.c.id)
    ).scalars()
    people = [requester, case.lead_professional, case.co_ordinator, *assigned]
    return [person for person in people if person and person != besides]


def _known(kind: str, reasons: Mapping[str, str], reason: str) -> str:
    if reason not in reasons:
        known = "; ".join(reasons.values())
        raise ServiceError(
            f"“{label('closure_reason', reason) or 'No reason'}” is no reason to close "
            f"({label('closure_kind', kind).lower()}). It has to be one of: {known}."
        )
    return reason


def _close(context: ServiceContext, kind: str, reason: str, **record: Any) -> None:
    context.connection.execute(
        insert(closures).values(
            case_reference=context.business_key,
            kind=kind,
            reason=reason,
            decision="agree",
            decided_at=context.now,
            **record,
        )
    )
    change(
        context,
        status="closed",
        closed_at=context.now,
        locked_at=context.now,
        closed_by=record["overseen_by"],
        closure_kind=kind,
        closure_reason=reason,
    )
