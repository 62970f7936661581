"""Map 1 on the real engine: what the CAF social workers do, from each way in to each way out."""

from __future__ import annotations

from typing import Any

import pytest

from engine import commands, queries
from engine.errors import NotAllowed
from handlers import access
from tests.handlers.desk import PEOPLE, action, contact
from tests.handlers.office import SENDER, Office

PASSED = dict.fromkeys(
    ("child_voice_clear", "needs_identified", "plan_meets_needs", "review_date_recorded"), "yes"
)
AGREED = {"closure_decision": "agree", "oversight_comment": "Agreed."}
RETURNED = {"closure_decision": "return", "oversight_comment": "Please speak to the family again."}
CONSENT = {
    "consent": "given",
    "consent_how": "verbal",
    "consent_on": "2026-03-02",
    "given_by": [{"name": "Ash Example", "relationship": "Mother", "is_child": False}],
    "professionals": [],
    "statement": "Ash agrees.",
}


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
        child_views="I like breakfast.",
        family_views="Mornings are hard.",
        professional_views="Late on three days.",
        strengths="A close family.",
        needs="A calm start.",
        plan_actions=list(actions),
        review_date="2026-06-01",
    )


def pass_quality(office: Office) -> None:
    office.do("quality_assure_social_work_assessment", "manager", **PASSED)


def agree_plan(office: Office) -> None:
    office.do("decide_after_social_work_assessment", "socialworker", next_step="agree_plan")
    office.do(
        "agree_social_work_plan",
        "socialworker",
        plan_agreed_with_family=True,
        plan_actions_smart=True,
        agreed_by="Ash Example",
        first_tac_on="2026-05-25",
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


def hold_tac_and_close(office: Office) -> None:
    """Map 2's review loop, once round, to the end of the CAF."""
    office.do(
        "hold_tac",
        "leadpro",
        held_on="2026-03-02",
        attended=[{"name": "Terry Teacher", "role": "Teacher"}],
        child_voice="Breakfast club is fun.",
        progress="Robin is on time.",
        actions_complete="yes",
        new_actions=[],
        recommendation="close",
    )
    office.do(
        "review_tac_outcomes",
        "coordinator",
        child_voice_reflected="yes",
        family_and_professionals_consulted="yes",
        plan_reviewed="yes",
        review_step="close",
        review_comment="Well done.",
    )
    office.do(
        "request_episode_closure",
        "coordinator",
        closure_reason="actions_complete",
        closure_summary="Robin is on time.",
    )
    office.do("complete_episode_closure", "manager", **AGREED)


def all_ended(office: Office) -> bool:
    found = queries.instances(office.runtime, office.reference)
    return office.open_tasks() == [] and {one.status for one in found} == {"completed"}


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
    hold_tac_and_close(office)
    file = office.file()
    assert (file.closure_kind, file.closure_reason) == ("episode", "actions_complete")
    assert (file.co_ordinator, file.lead_professional) == ("coordinator", "leadpro")
    assert file.key_reason == "parenting"
    assert [(review.kind, review.reviewer) for review in file.reviews] == [
        ("tac", "Casey Co-ordinator"),
        ("assessment", "Morgan Manager"),
    ]
    assert [one.tray for one in file.transfers] == ["social_work"]
    assert all_ended(office)


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
    assert all_ended(office)


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
    assert all_ended(office)


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
    hold_tac_and_close(office)
    assert all_ended(office)


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


def test_messages_reach_only_the_map_that_has_the_caf(office: Office) -> None:
    reach_tray(office)
    allocate(office)
    open_episode(office)
    names = ["close_requested", "concern_raised", "step_up_requested"]

    def waiting() -> list[str]:
        found = queries.waiting_messages(office.runtime, office.reference)
        return sorted(message.name for message in found)

    assert waiting() == names
    assess(office, action())
    pass_quality(office)
    agree_plan(office)
    assert waiting() == names
    hand_over(office)
    assert waiting() == names
    asked = {"closure_reason": "moved_away", "closure_summary": "Moved to another town."}
    sent = commands.correlate(
        office.runtime, "close_requested", office.reference, asked, PEOPLE["coordinator"].actor
    )
    assert len(sent) == 1
    assert office.open_tasks() == ["oversee_requested_closure"]


def test_a_closure_that_was_asked_for_and_returned_resumes_where_it_was(office: Office) -> None:
    asked = {"closure_reason": "moved_away", "closure_summary": "Moved to another town."}
    reach_tray(office)
    allocate(office)
    open_episode(office)
    office.send("close_requested", "socialworker", **asked)
    office.do("oversee_requested_social_work_closure", "manager", **RETURNED)
    assert office.open_tasks() == ["complete_social_work_assessment"]
    assess(office, action())
    pass_quality(office)
    agree_plan(office)
    office.send("close_requested", "socialworker", **asked)
    office.do("oversee_requested_social_work_closure", "manager", **RETURNED)
    assert office.open_tasks() == ["reassign_social_work_caf"]
    office.send("close_requested", "socialworker", **asked)
    office.do("oversee_requested_social_work_closure", "manager", **AGREED)
    assert office.file().closure_reason == "moved_away"
    assert all_ended(office)


def test_an_urgent_concern_of_the_team_is_referred_by_whoever_leads(office: Office) -> None:
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


def step_down(office: Office) -> None:
    """Social care asks for a step down by way of the overview."""
    office.receive(source="step_down", social_care_involvement="open")


def test_a_case_steps_down_from_social_care(office: Office) -> None:
    step_down(office)
    assert office.open_tasks() == ["discuss_step_down"]
    assert office.file().tray == "step_down"
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
    assert all_ended(office)


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
