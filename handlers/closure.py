"""Closing a case: never without the duty manager's oversight, and for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import insert

from engine.errors import ServiceError
from engine.services import ServiceContext
from handlers.answers import Answers, submitted_by
from handlers.casefile import begin_step, change
from handlers.directory import names, require_role
from handlers.models import closures
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


@services.handler("close_case", results=("case_closed",))
def close_case(
    context: ServiceContext,
    kind: str,
    request: str,
    oversight: str,
    overseer: str = OVERSEER,
    reason: str | None = None,
) -> dict[str, Any]:
    """Close the case as `request` asked and `oversight` agreed, and lock its file (1L, 1R, 2H, 2M,
    2R, 3D, 3J, 3N, G15).

    `reason` is for diagrams in which only one is possible; otherwise `request` gives it. Returns
    `case_closed`, for diagrams that go on only with an open case. Raises ServiceError
    unless the answers at `oversight` agree, whoever gave them has the role `overseer` and is not
    the person who asked, and the reason is one of those for this kind of closure.
    """
    begin_step(context)
    if kind not in REASONS:
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
        _known(kind, reason or asked.text("closure_reason", "contact_closure_reason")),
        summary=asked.text("closure_summary", "synopsis", "summary", "reasons"),
        advice_given=asked.text("advice_given"),
        requested_by=requester.id,
        overseen_by=manager.id,
        comment=overseen.text("oversight_comment", "comment"),
    )
    return {"case_closed": True}


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


def _known(kind: str, reason: str) -> str:
    if reason not in REASONS[kind]:
        known = "; ".join(REASONS[kind].values())
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
