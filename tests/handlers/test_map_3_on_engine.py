"""Map 3 on the real engine: what the Safer Families practitioners do, to each way out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from engine import commands, due, queries
from tests.handlers.desk import action, contact
from tests.handlers.office import SENDER, Office

PASSED = dict.fromkeys(
    ("child_voice_clear", "needs_identified", "plan_meets_needs", "review_date_recorded"), "yes"
)
AGREED = {"closure_decision": "agree", "oversight_comment": "Agreed."}
RETURNED = {"closure_decision": "return", "oversight_comment": "Please speak to the family again."}
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
        consent="given",
        consent_how="verbal",
        consent_on="2026-03-02",
        given_by=[{"name": "Ash Example", "relationship": "Mother", "is_child": False}],
        professionals=[],
        statement="Ash agrees.",
    )


def assess(office: Office) -> None:
    office.do(
        "complete_safer_families_assessment",
        BY,
        child_views="I like it quiet.",
        family_views="Evenings are hard.",
        professional_views="Tired at school.",
        strengths="A close family.",
        needs="A calm evening.",
        plan_actions=[action()],
        review_date="2026-06-01",
    )


def agree_plan(office: Office) -> None:
    """Assessment, the manager's quality assurance, the plan and what is commissioned for it."""
    assess(office)
    office.do("quality_assure_safer_families_assessment", "manager", **PASSED)
    office.do("decide_after_safer_families_assessment", BY, next_step="agree_plan")
    office.do(
        "agree_safer_families_plan",
        BY,
        plan_agreed_with_family=True,
        plan_actions_smart=True,
        agreed_by="Ash Example",
        first_tac_on="2026-04-01",
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


def all_ended(office: Office) -> bool:
    found = queries.instances(office.runtime, office.reference)
    return office.open_tasks() == [] and {one.status for one in found} == {"completed"}


def test_from_contact_to_the_co_ordinators_review(office: Office) -> None:
    open_episode(office)
    assert office.file().lead_professional == BY
    agree_plan(office)
    assert "for whom Ash Example" in office.file().notes[0].text
    hold_tac(office, "hand_over")
    office.do(
        "reassign_safer_families_caf",
        BY,
        lead_professional="leadpro",
        co_ordinator="coordinator",
        next_tac_on="2026-05-20",
        notes="Ash prefers calls after four.",
    )
    assert office.open_tasks() == ["hold_tac"]
    (task,) = queries.open_tasks(office.runtime, office.reference)
    assert task.assignee == "leadpro"
    assert task.due_at is not None and task.due_at.date().isoformat() == "2026-05-20"
    assert office.told("leadpro") == ["You lead this CAF"]
    file = office.file()
    assert (file.co_ordinator, file.lead_professional) == ("coordinator", "leadpro")
    assert [tac.held_on is None for tac in file.tacs] == [True, False]
    assert [one.tray for one in file.transfers] == ["safer_families"]


def test_support_at_contact_stage_closes_with_oversight_and_may_come_back(office: Office) -> None:
    office.receive(domestic_abuse=True)
    office.triage("safer_families")
    for decision in (RETURNED, AGREED):
        support(office, "close")
        office.do(
            "write_safer_families_synopsis",
            BY,
            contact_closure_reason="support_given",
            synopsis="Safety plan made.",
            advice_given="The helpline.",
        )
        office.do("oversee_safer_families_closure", "manager", **decision)
    file = office.file()
    assert (file.closure_kind, file.closure_reason) == ("contact", "support_given")
    assert all_ended(office)


def test_an_assessment_that_fails_goes_back_to_the_practitioner(office: Office) -> None:
    open_episode(office)
    assess(office)
    office.do(
        "quality_assure_safer_families_assessment",
        "manager",
        **PASSED | {"plan_meets_needs": "no"},
        qa_reasons="Add the school.",
    )
    assert office.open_tasks() == ["complete_safer_families_assessment"]
    (task,) = queries.open_tasks(office.runtime, office.reference)
    assert task.assignee == BY


def test_no_further_action_after_the_assessment(office: Office) -> None:
    open_episode(office)
    assess(office)
    office.do("quality_assure_safer_families_assessment", "manager", **PASSED)
    office.do(
        "decide_after_safer_families_assessment",
        BY,
        next_step="no_further_action",
        closure_reason="no_consent",
        closure_summary="Ash wants no more help.",
    )
    office.do("oversee_safer_families_no_further_action", "manager", **AGREED)
    assert office.file().closure_reason == "no_consent"
    assert all_ended(office)


def test_no_further_action_after_the_initial_tac_may_be_returned(office: Office) -> None:
    open_episode(office)
    agree_plan(office)
    for decision in (RETURNED, AGREED):
        hold_tac(
            office,
            "no_further_action",
            closure_reason="no_identified_needs",
            closure_summary="The family manages well.",
        )
        office.do("oversee_safer_families_closure_after_tac", "manager", **decision)
    file = office.file()
    assert (file.closure_kind, file.closure_reason) == ("episode", "no_identified_needs")
    assert all_ended(office)


def test_a_late_initial_tac_alerts_the_practitioner_and_the_co_ordinators(office: Office) -> None:
    open_episode(office)
    agree_plan(office)
    office.now = datetime(2026, 4, 2, 12, tzinfo=UTC)
    assert due.fire_due(office.runtime) == 1
    assert office.told(BY) == ["A TAC is overdue"]
    assert office.told("coordinator") == ["A TAC is overdue"]
    assert office.open_tasks() == ["hold_initial_tac"]
    assert queries.incidents(office.runtime) == []


def test_a_step_up_that_does_not_happen_resumes_with_the_tac(office: Office) -> None:
    open_episode(office)
    agree_plan(office)
    office.send("step_up_requested", BY, reasons="The risk has grown.")
    assert office.open_tasks() == ["discuss_with_dats"]
    office.do(
        "discuss_with_dats",
        BY,
        discussed_on="2026-03-02",
        discussed_with="Duty manager of the assessment team",
        discussion="The threshold is not met.",
        threshold_met="no",
        outcome="continue",
    )
    office.do(
        "amend_own_plan",
        BY,
        plan_changes="Somebody calls every evening.",
        new_actions=[action()],
        agreed_by="Ash Example",
        plan_agreed=True,
    )
    assert office.open_tasks() == ["hold_initial_tac"]


def test_a_case_that_closes_after_a_hand_over_that_was_interrupted_stays_closed(
    office: Office,
) -> None:
    open_episode(office)
    agree_plan(office)
    hold_tac(office, "hand_over")
    office.send("concern_raised", BY, concern="Ash seems low.", urgent=False)
    office.do(
        "reassign_safer_families_caf",
        BY,
        lead_professional="leadpro",
        co_ordinator="coordinator",
        next_tac_on="2026-05-20",
        notes="See the concern.",
    )
    office.send(
        "close_requested",
        "coordinator",
        closure_reason="moved_away",
        closure_summary="Moved to another town.",
    )
    office.do("oversee_requested_safer_families_closure", "manager", **RETURNED)
    (task,) = queries.open_tasks(office.runtime, office.reference)
    assert (task.element, task.assignee) == ("hold_initial_tac", BY)
    hold_tac(
        office,
        "no_further_action",
        closure_reason="no_identified_needs",
        closure_summary="The family has moved.",
    )
    office.do("oversee_safer_families_closure_after_tac", "manager", **AGREED)
    assert office.file().closure_reason == "no_identified_needs"
    assert office.open_tasks() == []
    assert not any(
        one.status == "active" for one in queries.instances(office.runtime, office.reference)
    )


def test_the_map_is_complete_by_itself(office: Office) -> None:
    started = commands.start(
        office.runtime, "caf", "safer_families", contact(source="e_mash"), SENDER
    )
    office.reference = started.business_key
    office.do(
        "record_safer_families_assessment",
        "mash",
        social_care_open=False,
        checks_outcome="Nothing known.",
        recommendation="safer_families",
    )
    office.do(
        "oversee_safer_families_contact",
        "manager",
        tray_decision="safer_families",
        tray_decision_reason="Domestic abuse.",
    )
    assert office.open_tasks() == ["work_safer_families_contact"]
