"""What a council that works with CADS does from the assessment to a closed CAF, step by step."""

from __future__ import annotations

from typing import Any

from tests.handlers.desk import action
from tests.handlers.office import AGREED, CONSENT, Office

STRONG = dict.fromkeys(("threshold_reasons_clear", "offer_is_right", "views_considered"), "yes")
TOLD = {
    "stepped_down_on": "2026-03-04",
    "family_told": "Told Ash by telephone.",
    "referrer_told": "Wrote to the school.",
}
ROLES = [{"name": "Ash Example", "part": "Gets Robin to the breakfast club"}]


def referral(**changes: Any) -> dict[str, Any]:
    """What a social worker answers on the page with which a case starts."""
    return {
        "reference": "CADS-REF-1",
        "received_on": "2026-02-20",
        "assessed_on": "2026-03-01",
        "level_4_met": "no",
        "immediate_risk": "no",
        "advice_only": "no",
        "referrer": {
            "name": "Terry Teacher",
            "agency": "Sample Primary School",
            "agency_kind": "school",
        },
        "family": {"name": "Example", "address": "1 Sample Street", "postcode": "ZZ99 3WZ"},
        "people": [
            {
                "name": "Robin Example",
                "date_of_birth": "2017-05-04",
                "relationship": "Child",
                "is_child": True,
            },
            {"name": "Ash Example", "relationship": "Mother", "is_child": False},
        ],
        "concerns": "Robin is often late and hungry.",
        "complexity": "several_needs",
        "domestic_abuse": "no",
        "social_care_involvement": "none",
        "consent_given": "yes",
    } | changes


def views(*actions: dict[str, Any]) -> dict[str, Any]:
    return {
        "child_views": "I like breakfast.",
        "family_views": "Mornings are hard.",
        "professional_views": "Late on three days.",
        "strengths": "A close family.",
        "needs": "A calm start.",
        "plan_actions": list(actions or (action(),)),
        "roles": ROLES,
        "referral_back": "Robin is left alone at night.",
        "review_date": "2026-05-10",
    }


def met(held_on: str, complete: str = "no") -> dict[str, Any]:
    return {
        "held_on": held_on,
        "attended": [{"name": "Robin Example", "role": "Child"}],
        "child_voice": "Breakfast club is fun.",
        "progress": "Robin is on time.",
        "actions_complete": complete,
        "new_actions": [],
    }


def start(office: Office, **changes: Any) -> None:
    """A social worker starts a case from a CADS assessment."""
    office.start("cads", "cadsworker", **referral(**changes))


def recommend(office: Office, offer: str = "caf") -> None:
    office.do(
        "recommend_offer",
        "cadsworker",
        threshold_reasons="Robin is safe at home.",
        offer=offer,
        offer_reasons="The family wants help with mornings.",
        key_reason="parenting",
    )


def oversee(office: Office, **verdict: str) -> None:
    qa = {"qa_comment": "Clear."} if not verdict else {}
    office.do("oversee_recommendation_of_offer", "cadsmanager", **STRONG | qa | verdict)


def tell_of_caf(office: Office, leader: str | None = "cadsleadpro") -> None:
    led = {"lead_agreed": "yes", "lead_professional": leader} if leader else {}
    office.do("tell_of_recommended_caf", "cadsworker", **TOLD | {"lead_agreed": "no"} | led)


def begin_caf(office: Office) -> None:
    """A CAF with the consent that the social worker gained, led by the referrer."""
    start(office)
    recommend(office)
    oversee(office)
    tell_of_caf(office)
    office.do("seek_consent", "cadsworker", family_asked="yes", **CONSENT)


def assess(office: Office, *actions: dict[str, Any]) -> None:
    office.do("complete_family_assessment", "cadsleadpro", **views(*actions))


def meet_first(office: Office) -> None:
    office.do(
        "hold_first_family_planning_meeting",
        "cadsleadpro",
        **met("2026-03-25"),
        plan_agreed_with_family=True,
        agreed_by="Ash Example",
        copies_shared=True,
        next_tac_on="2026-05-10",
    )


def check_first(office: Office, held: str = "yes") -> None:
    obstacle = {"obstacle": "Waits for the school."} if held == "no" else {}
    office.do(
        "check_first_meeting",
        "linkworker",
        first_meeting_held=held,
        support_offered="Advice by telephone.",
        **obstacle,
    )


def review(
    office: Office, held_on: str, recommendation: str = "continue", complete: str = "no"
) -> None:
    onward = {"next_tac_on": "2027-01-01"} if recommendation == "continue" else {}
    office.do(
        "hold_review_meeting",
        "cadsleadpro",
        **met(held_on, complete),
        copies_shared=True,
        recommendation=recommendation,
        **onward,
    )


def close(office: Office, **decision: str) -> None:
    """The lead professional asks for the CAF's closure, the manager agrees or returns it."""
    office.do(
        "submit_caf_closure",
        "cadsleadpro",
        closure_reason="actions_complete",
        closure_summary="Robin is on time and eats breakfast.",
        support_afterwards="The breakfast club.",
    )
    office.do("oversee_caf_closure", "ehmanager", **decision or AGREED)
