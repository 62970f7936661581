"""Map 2 as four people walk it: who does which step, and what they answer.

A contact from a school comes to MASH; the first assessment is returned to its author; two TAC
meetings are held and reviewed; the duty manager completes the closure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CONTACT: dict[str, Any] = {
    "reference": "JOURNEY-1",
    "source": "e_caf",
    "received_on": "2026-11-02",
    "referrer": {
        "name": "Robin Referrer",
        "agency": "Example Primary School",
        "agency_kind": "school",
        "email": "robin.referrer@school.example",
        "phone": "020 7946 0001",
    },
    "family": {
        "name": "Journey",
        "address": "1 Example Street",
        "postcode": "EX1 1AA",
        "cluster": "west",
    },
    "people": [
        {
            "name": "Jamie Journey",
            "date_of_birth": "2017-05-04",
            "relationship": "child",
            "is_child": True,
            "school": "Example Primary School",
        },
        {
            "name": "Jo Journey",
            "date_of_birth": "1988-01-02",
            "relationship": "mother",
            "is_child": False,
        },
    ],
    "concerns": "Jamie has often been late and tired since September.",
    "consent_given": True,
    "domestic_abuse": False,
    "complexity": "several_needs",
    "immediate_risk": False,
    "social_care_involvement": "none",
}

ACTION = {
    "need": "Jamie arrives late",
    "action": "Breakfast club on school days",
    "owner": "Example Primary School",
    "outcome": "Jamie is in class by nine",
    "measure": "On time four days out of five",
    "due_on": "2027-01-15",
}
ASSESSMENT = {
    "child_views": "Jamie likes school but finds mornings hard.",
    "family_views": "Jo works nights and would like help with mornings.",
    "professional_views": "The school sees a tired child who does well after lunch.",
    "strengths": "A close family with a grandmother nearby.",
    "needs": "A calm start to the day.",
    "plan_actions": [ACTION],
    "review_date": "2027-02-15",
}
TAC = {
    "held_on": "2026-11-16",
    "attended": [
        {"name": "Jo Journey", "role": "Mother"},
        {"name": "Kim Keyworker", "role": "School"},
    ],
    "child_voice": "Jamie says that mornings are easier now.",
    "progress": "Breakfast club is going well.",
    "actions_complete": "no",
    "recommendation": "continue",
    "next_tac_on": "2027-02-16",
}
REVIEW = {
    "child_voice_reflected": "yes",
    "family_and_professionals_consulted": "yes",
    "plan_reviewed": "yes",
    "review_comment": "A clear record.",
}


@dataclass(frozen=True)
class Step:
    """One user task: its element, who does it, and the answers by key."""

    element: str
    user: str
    answers: dict[str, Any] = field(default_factory=dict)


ALL_YES = {
    "child_voice_clear": "yes",
    "needs_identified": "yes",
    "plan_meets_needs": "yes",
    "review_date_recorded": "yes",
}

STEPS = [
    Step(
        "complete_basic_checks",
        "mash",
        {"checks_outcome": "Not known to social care.", "recommendation": "caf"},
    ),
    Step(
        "decide_tray",
        "manager",
        {"tray_decision": "co_ordinators", "tray_decision_reason": "A school can lead this."},
    ),
    Step("create_contact_record", "coordinator", {"co_ordinator": "coordinator"}),
    Step(
        "make_enquiries",
        "coordinator",
        {
            "enquiries": "Spoke to Jo Journey and to the school.",
            "enquiry_outcome": "caf_required",
        },
    ),
    Step(
        "confirm_consent",
        "coordinator",
        {
            "consent": "given",
            "consent_how": "verbal",
            "consent_on": "2026-11-03",
            "given_by": [{"name": "Jo Journey", "relationship": "Mother"}],
            "statement": "Jo agrees that the school and the CAF team share what they know.",
        },
    ),
    Step(
        "progress_to_episode",
        "coordinator",
        {"key_reason": "education", "lead_professional": "leadpro"},
    ),
    Step("complete_caf_assessment", "leadpro", ASSESSMENT),
    Step(
        "quality_assure_assessment",
        "coordinator",
        {
            **ALL_YES,
            "child_voice_clear": "no",
            "qa_reasons": "Please say in Jamie's own words what mornings are like.",
        },
    ),
    Step(
        "complete_caf_assessment",
        "leadpro",
        {**ASSESSMENT, "child_views": "Jamie says: I like school, but I am so tired."},
    ),
    Step("quality_assure_assessment", "coordinator", {**ALL_YES, "next_step": "agree_plan"}),
    Step(
        "agree_plan",
        "coordinator",
        {
            "plan_agreed_with_family": True,
            "plan_actions_smart": True,
            "agreed_by": "Jo Journey",
            "first_tac_on": "2026-12-01",
        },
    ),
    Step("hold_tac", "leadpro", TAC),
    Step("review_tac_outcomes", "coordinator", {**REVIEW, "review_step": "next_tac"}),
    Step("agree_next_tac", "coordinator", {"next_tac_on": "2027-02-16"}),
    Step(
        "hold_tac",
        "leadpro",
        {
            key: value
            for key, value in {
                **TAC,
                "progress": "Every action is done.",
                "actions_complete": "yes",
                "recommendation": "close",
            }.items()
            if key != "next_tac_on"
        },
    ),
    Step("review_tac_outcomes", "coordinator", {**REVIEW, "review_step": "close"}),
    Step(
        "request_episode_closure",
        "coordinator",
        {
            "closure_reason": "actions_complete",
            "closure_summary": "All actions are complete and mornings are calm.",
        },
    ),
    Step(
        "complete_episode_closure",
        "manager",
        {"closure_decision": "agree", "oversight_comment": "A good outcome for Jamie."},
    ),
]
