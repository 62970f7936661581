"""What the Safer Families practitioners do on map 3, step by step."""

from __future__ import annotations

from typing import Any

from tests.handlers.desk import action
from tests.handlers.office import CONSENT, PASSED, PLAN_AGREED, Office, assessment

BY = "saferfamilies"


def support(office: Office, step: str) -> None:
    office.do(
        "work_safer_families_contact",
        BY,
        safety_planning="A safe place and a code word.",
        advice_given="The helpline.",
        contact_step=step,
    )


def open_episode(office: Office) -> None:
    """From the overview to a CAF episode that the practitioner leads."""
    office.receive(domestic_abuse=True)
    office.triage("safer_families")
    support(office, "caf_required")
    office.do("assign_safer_families_episode", BY, key_reason="domestic_abuse")
    office.do(
        "record_safer_families_consent",
        BY,
        **CONSENT,
    )


def assess(office: Office) -> None:
    office.do(
        "complete_safer_families_assessment",
        BY,
        **assessment(action()),
    )


def agree_plan(office: Office) -> None:
    """Assessment, the manager's quality assurance, the plan and what is commissioned for it."""
    assess(office)
    office.do("quality_assure_safer_families_assessment", "manager", **PASSED)
    office.do("decide_after_safer_families_assessment", BY, next_step="agree_plan")
    office.do(
        "agree_safer_families_plan",
        BY,
        **PLAN_AGREED | {"first_tac_on": "2026-04-01"},
    )
    office.do(
        "commission_services",
        BY,
        commissioning_wanted="yes",
        services=[
            {
                "service": "womens_group",
                "for_whom": "Ash Example",
                "need": "A calm evening",
                "requested_on": "2026-03-02",
            }
        ],
    )


def hold_tac(office: Office, step: str, **answers: Any) -> None:
    office.do(
        "hold_initial_tac",
        BY,
        held_on="2026-03-02",
        held_how="telephone",
        attended=[{"name": "Ash Example", "role": "Mother"}],
        child_voice="It is quieter now.",
        progress="Ash goes to the group.",
        actions_complete="no",
        new_actions=[],
        tac_step=step,
        **answers,
    )
