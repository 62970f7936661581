"""What the CAF social workers do on map 1, step by step."""

from __future__ import annotations

from typing import Any

from tests.handlers.office import CONSENT, PASSED, PLAN_AGREED, Office, assessment


def reach_tray(office: Office) -> None:
    """A complex contact by way of the overview."""
    office.receive(complexity="complex")
    office.triage("social_work")


def allocate(office: Office) -> None:
    office.do(
        "create_social_work_record", "manager", practitioner="socialworker", notes="Speak to school"
    )


def open_episode(office: Office) -> None:
    """Enquiries, the episode and consent."""
    office.do(
        "make_social_work_enquiries",
        "socialworker",
        enquiries="Spoke to Ash.",
        enquiry_outcome="caf_required",
    )
    office.do("assign_social_work_episode", "socialworker", key_reason="parenting")
    office.do("record_social_work_consent", "socialworker", **CONSENT)


def assess(office: Office, *actions: dict[str, Any]) -> None:
    office.do(
        "complete_social_work_assessment",
        "socialworker",
        **assessment(*actions),
    )


def pass_quality(office: Office) -> None:
    office.do("quality_assure_social_work_assessment", "manager", **PASSED)


def agree_plan(office: Office) -> None:
    office.do("decide_after_social_work_assessment", "socialworker", next_step="agree_plan")
    office.do(
        "agree_social_work_plan",
        "socialworker",
        **PLAN_AGREED,
    )


def hand_over(office: Office, *, support: bool = False) -> None:
    office.do(
        "reassign_social_work_caf",
        "socialworker",
        lead_professional="leadpro",
        co_ordinator="coordinator",
        support_continues=support,
        notes="Ash prefers calls after four.",
    )


def step_down(office: Office) -> None:
    """Social care asks for a step down by way of the overview."""
    office.receive(source="step_down", social_care_involvement="open")
