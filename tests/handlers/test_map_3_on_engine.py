"""Map 3 on the real engine: what the Safer Families practitioners do, to each way out."""

from __future__ import annotations

from datetime import UTC, datetime

from engine import commands, due, queries
from tests.handlers.desk import contact
from tests.handlers.office import AGREED, PASSED, RETURNED, SENDER, Office
from tests.handlers.safer_families import BY, agree_plan, assess, hold_tac, open_episode, support


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
    assert office.ended


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
    assert office.ended


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
    assert office.ended


def test_a_late_initial_tac_alerts_the_practitioner_and_the_co_ordinators(office: Office) -> None:
    open_episode(office)
    agree_plan(office)
    office.now = datetime(2026, 4, 2, 12, tzinfo=UTC)
    assert due.fire_due(office.runtime) == 1
    assert office.told(BY) == ["A TAC is overdue"]
    assert office.told("coordinator") == ["A TAC is overdue"]
    assert office.open_tasks() == ["hold_initial_tac"]
    assert queries.incidents(office.runtime) == []


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
