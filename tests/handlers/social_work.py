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


def agree_step_down(office: Office) -> None:
    """Threshold, meeting and transfer: the case comes from social care to the CAF Team."""
    office.do(
        "discuss_step_down",
        "socialcare",
        discussed_on="2026-03-02",
        discussed_with="Sandy Socialworker",
        discussion="Need remains below the threshold.",
        caf_appropriate="yes",
        support_transfer="The family worker introduces the school.",
        meeting_on="2026-03-09",
    )
    office.do(
        "hold_step_down_meeting",
        "socialworker",
        held_on="2026-03-02",
        attended=[{"name": "Ash Example", "role": "Mother"}],
        initial_plan="Breakfast club.",
        agreed_lead_professional="Lee Leadpro",
        roles_and_actions=[{"name": "Terry Teacher", "action": "Keeps a place."}],
    )
    office.do(
        "transfer_case",
        "socialcare",
        transferred_on="2026-03-02",
        handed_over="The plan and the chronology.",
        closed_in_lcs=True,
    )
