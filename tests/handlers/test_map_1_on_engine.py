"""Map 1 on the real engine: what the CAF social workers do, from each way in to each way out."""

from __future__ import annotations

from typing import Any

import pytest

from engine import commands, queries
from engine.errors import NotAllowed
from handlers import access
from tests.handlers.desk import PEOPLE, action, contact
from tests.handlers.office import AGREED, PASSED, RETURNED, SENDER, Office
from tests.handlers.social_work import (
    agree_plan,
    agree_step_down,
    allocate,
    assess,
    hand_over,
    open_episode,
    pass_quality,
    reach_tray,
    step_down,
)


def test_from_contact_to_the_co_ordinators_review_and_closure(office: Office) -> None:
    reach_tray(office)
    allocate(office)
    assert office.told("socialworker") == ["A contact is allocated to you"]
    open_episode(office)
    assert office.file().lead_professional == "socialworker"
    assess(office, action())
    pass_quality(office)
    agree_plan(office)
    hand_over(office)
    assert office.told("leadpro") == ["You lead this CAF"]
    assert office.open_tasks() == ["hold_tac"]
    (task,) = queries.open_tasks(office.runtime, office.reference)
    assert task.assignee == "leadpro"
    assert task.due_at is not None and task.due_at.date().isoformat() == "2026-05-25"
    office.hold_tac_and_close()
    file = office.file()
    assert (file.closure_kind, file.closure_reason) == ("episode", "actions_complete")
    assert (file.co_ordinator, file.lead_professional) == ("coordinator", "leadpro")
    assert file.key_reason == "parenting"
    assert [(review.kind, review.reviewer) for review in file.reviews] == [
        ("tac", "Casey Co-ordinator"),
        ("assessment", "Morgan Manager"),
    ]
    assert [one.tray for one in file.transfers] == ["social_work"]
    assert office.ended


def test_an_assessment_that_fails_goes_back_to_the_social_worker(office: Office) -> None:
    reach_tray(office)
    allocate(office)
    open_episode(office)
    assess(office, action())
    office.do(
        "quality_assure_social_work_assessment",
        "manager",
        **PASSED | {"child_voice_clear": "no"},
        qa_reasons="Ask Robin.",
    )
    assert office.open_tasks() == ["complete_social_work_assessment"]
    assess(office, action())
    pass_quality(office)
    assert office.open_tasks() == ["decide_after_social_work_assessment"]
    statuses = [one.status for one in office.file().assessments]
    assert statuses == ["authorised", "returned"]


def test_a_plan_that_is_not_smart_goes_back_before_it_is_agreed(office: Office) -> None:
    reach_tray(office)
    allocate(office)
    open_episode(office)
    assess(office)
    pass_quality(office)
    office.do("decide_after_social_work_assessment", "socialworker", next_step="agree_plan")
    assert office.open_tasks() == ["complete_social_work_assessment"]


def test_a_contact_closes_with_oversight_and_may_come_back(office: Office) -> None:
    reach_tray(office)
    allocate(office)
    for decision in (RETURNED, AGREED):
        office.do(
            "make_social_work_enquiries",
            "socialworker",
            enquiries="Spoke to Ash.",
            enquiry_outcome="close",
        )
        office.do(
            "write_social_work_synopsis",
            "socialworker",
            contact_closure_reason="caf_not_appropriate",
            synopsis="No needs that want a CAF.",
            advice_given="Children's Centre timetable.",
        )
        office.do("oversee_social_work_closure", "manager", **decision)
    file = office.file()
    assert (file.closure_kind, file.closure_reason) == ("contact", "caf_not_appropriate")
    assert office.ended


def test_without_consent_no_episode_is_opened(office: Office) -> None:
    reach_tray(office)
    allocate(office)
    office.do(
        "make_social_work_enquiries",
        "socialworker",
        enquiries="Spoke to Ash.",
        enquiry_outcome="caf_required",
    )
    office.do("assign_social_work_episode", "socialworker", key_reason="parenting")
    office.do(
        "record_social_work_consent",
        "socialworker",
        consent="declined",
        consent_on="2026-03-02",
        statement="Ash would rather not.",
    )
    assert office.open_tasks() == ["write_social_work_synopsis"]
    assert office.file().episode_opened_at is None


def test_no_further_action_is_overseen_and_may_be_returned(office: Office) -> None:
    reach_tray(office)
    allocate(office)
    open_episode(office)
    assess(office)
    pass_quality(office)
    for decision in (RETURNED, AGREED):
        office.do(
            "decide_after_social_work_assessment",
            "socialworker",
            next_step="no_further_action",
            closure_reason="no_identified_needs",
            closure_summary="The family manages well.",
        )
        office.do("oversee_social_work_no_further_action", "manager", **decision)
    file = office.file()
    assert (file.closure_kind, file.closure_reason) == ("episode", "no_identified_needs")
    assert file.closure is not None
    assert (file.closure.requested_by, file.closure.overseen_by) == (
        "Sandy Socialworker",
        "Morgan Manager",
    )
    assert office.ended


def test_continued_support_runs_beside_the_reviews_and_ends_with_them(office: Office) -> None:
    reach_tray(office)
    allocate(office)
    open_episode(office)
    assess(office, action())
    pass_quality(office)
    agree_plan(office)
    hand_over(office, support=True)
    assert sorted(office.open_tasks()) == ["hold_tac", "support_lead_professional"]
    office.do(
        "support_lead_professional",
        "socialworker",
        support_given="Went along to the first visit.",
        support_step="continue",
    )
    assert sorted(office.open_tasks()) == ["hold_tac", "support_lead_professional"]
    assert "Went along to the first visit." in office.file().notes[0].text
    office.hold_tac_and_close()
    assert office.ended


def test_support_that_is_finished_leaves_the_review_running(office: Office) -> None:
    reach_tray(office)
    allocate(office)
    open_episode(office)
    assess(office, action())
    pass_quality(office)
    agree_plan(office)
    hand_over(office, support=True)
    office.do(
        "support_lead_professional",
        "socialworker",
        support_given="Advice by telephone.",
        support_step="finish",
    )
    assert office.open_tasks() == ["hold_tac"]


def test_an_urgent_concern_of_the_team_goes_straight_to_a_step_up(office: Office) -> None:
    reach_tray(office)
    allocate(office)
    open_episode(office)
    office.send("concern_raised", "socialworker", concern="Robin has a bruise.", urgent=True)
    tasks = ["complete_social_work_assessment", "refer_own_caf_to_mash"]
    assert sorted(office.open_tasks()) == tasks


def test_a_concern_that_is_open_at_the_hand_over_is_talked_through_first(office: Office) -> None:
    reach_tray(office)
    allocate(office)
    open_episode(office)
    assess(office, action())
    pass_quality(office)
    agree_plan(office)
    office.send("concern_raised", "socialworker", concern="Ash seems low.", urgent=False)
    hand_over(office)
    assert office.open_tasks() == ["discuss_stuck_caf"]
    office.do(
        "discuss_stuck_caf",
        "coordinator",
        discussed_on="2026-03-02",
        discussion="Ash has seen her doctor.",
        outcome="continue",
    )
    assert office.open_tasks() == ["hold_tac"]


def test_a_case_steps_down_from_social_care(office: Office) -> None:
    step_down(office)
    assert office.open_tasks() == ["discuss_step_down"]
    assert office.file().tray == "step_down"
    agree_step_down(office)
    assert office.open_tasks() == ["create_social_work_record"]
    file = office.file()
    assert file.tray == "social_work"
    assert len(file.notes) == 3
    assert file.triage is None


def test_a_step_down_that_is_refused_is_closed_with_oversight(office: Office) -> None:
    step_down(office)
    for decision in (RETURNED, AGREED):
        office.do(
            "discuss_step_down",
            "socialcare",
            discussed_on="2026-03-02",
            discussed_with="Sandy Socialworker",
            discussion="The family wants no more help.",
            caf_appropriate="no",
            synopsis="No need for a plan with several agencies.",
            advice_given="Children's Centre timetable.",
            contact_closure_reason="caf_not_appropriate",
        )
        office.do("oversee_step_down_refusal", "manager", **decision)
    file = office.file()
    assert (file.closure_kind, file.closure_reason) == ("contact", "caf_not_appropriate")
    assert office.ended


def test_an_allocated_social_worker_sees_step_downs_and_nothing_else(office: Office) -> None:
    def may_see(user_id: str) -> bool:
        with office.runtime.database.connect() as connection:
            return access.may_see(connection, PEOPLE[user_id], office.reference)

    office.receive()
    assert (may_see("socialcare"), may_see("mash")) == (False, True)
    office.receive(reference="SD-1", source="step_down")
    assert (may_see("socialcare"), may_see("mash")) == (True, False)


@pytest.mark.parametrize(
    ("source", "check", "answers", "oversight"),
    [
        (
            "e_caf",
            "check_social_work_request",
            {"checks_outcome": "Nothing known.", "recommendation": "caf"},
            "receive_social_work_contact",
        ),
        (
            "e_mash",
            "record_social_work_mash_assessment",
            {"checks_outcome": "Nothing known.", "recommendation": "caf"},
            "oversee_social_work_recommendation",
        ),
    ],
)
def test_the_map_is_complete_by_itself(
    office: Office, source: str, check: str, answers: dict[str, Any], oversight: str
) -> None:
    started = commands.start(
        office.runtime, "caf", "caf_social_worker", contact(source=source), SENDER
    )
    office.reference = started.business_key
    office.do(check, "mash", social_care_open=False, **answers)
    office.do(
        oversight, "manager", tray_decision="social_work", tray_decision_reason="Complex needs."
    )
    assert office.open_tasks() == ["create_social_work_record"]
    triage = office.file().triage
    assert triage is not None and triage.decided_by == "Morgan Manager"


def test_only_the_allocated_social_worker_makes_the_enquiries(office: Office) -> None:
    reach_tray(office)
    allocate(office)
    with pytest.raises(NotAllowed):
        office.do(
            "make_social_work_enquiries", "coordinator", enquiries="x", enquiry_outcome="close"
        )
