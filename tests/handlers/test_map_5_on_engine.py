"""Map 5 on the real engine: a case that may have to step up, to each way out."""

from __future__ import annotations

import io

import pytest
from docx import Document

from engine import queries
from handlers import access, documents
from tests.handlers import social_work
from tests.handlers.desk import PEOPLE
from tests.handlers.office import AGREED, RETURNED, Office
from tests.handlers.step_ups import amend, discuss, hold_tac, receive, resolve, transfer


def start(office: Office) -> None:
    """A CAF with an agreed plan for which its lead professional asks to step up."""
    office.receive()
    office.triage()
    office.open_episode()
    office.agree_plan()
    office.send("step_up_requested", "leadpro", reasons="The risks have grown.")
    assert beside(office) == ["discuss_with_dats"]


def beside(office: Office) -> list[str]:
    """What is open beside the work on the CAF, which goes on."""
    return [task for task in office.open_tasks() if task != "hold_tac"]


def said_in_transfer(office: Office) -> str:
    with office.runtime.database.connect() as connection:
        paper = documents.of_case(connection, office.reference)[0]
        _, _, content = documents.content(connection, office.reference, paper.id)
    assert (paper.kind, paper.clause) == ("transfer", "5C 5F")
    opened = Document(io.BytesIO(content))
    cells = [cell.text for table in opened.tables for row in table.rows for cell in row.cells]
    return "\n".join([each.text for each in opened.paragraphs] + cells)


def test_a_case_steps_up_with_its_most_recent_caf_and_closes_with_oversight(
    office: Office,
) -> None:
    start(office)
    discuss(office, "stepped_up")
    transfer(office)
    assert beside(office) == ["receive_transfer"]
    said = said_in_transfer(office)
    for expected in (
        "Robin is not safe at home.",
        "I like breakfast.",
        "Offer a place in the breakfast club",
        "None was held yet.",
        "born 4 May 2017",
    ):
        assert expected in said
    with office.runtime.database.connect() as connection:
        assert access.may_see(connection, PEOPLE["dats"], office.reference)
    receive(office)
    office.do("oversee_step_up_closure", "manager", **AGREED)
    file = office.file()
    assert (file.closure_kind, file.closure_reason) == ("episode", "stepped_up")
    assert office.ended


def test_an_incomplete_transfer_goes_back_to_the_caf_team(office: Office) -> None:
    start(office)
    discuss(office, "stepped_up")
    transfer(office)
    receive(office, missing="The school's chronology.")
    assert beside(office) == ["transfer_to_social_care"]
    transfer(office)
    receive(office)
    assert beside(office) == ["oversee_step_up_closure"]


@pytest.mark.parametrize(
    ("outcome", "task"),
    [
        ("stepped_up", "transfer_to_social_care"),
        ("hold_tac", "hold_tac_with_social_worker"),
        ("continue", "amend_plan"),
        ("close", "ask_for_closure_after_discussion"),
    ],
)
def test_a_disagreement_is_resolved_by_a_service_manager(
    office: Office, outcome: str, task: str
) -> None:
    start(office)
    discuss(office, "", disagreement=True, both_views="We say yes, they say no.")
    assert beside(office) == ["resolve_disagreement"]
    with office.runtime.database.connect() as connection:
        assert access.may_see(connection, PEOPLE["servicemanager"], office.reference)
    resolve(office, outcome)
    assert beside(office) == [task]
    assert "The risk is clear." in office.file().notes[0].text


def test_a_step_up_that_the_meeting_agrees_carries_what_the_meeting_said(office: Office) -> None:
    start(office)
    discuss(office, "hold_tac")
    assert office.told("dats") == ["Attend a Team Around the Child"]
    hold_tac(office, "stepped_up")
    transfer(office)
    said = said_in_transfer(office)
    assert "Everybody is worried about Robin." in said and "I want it to stop." in said


@pytest.mark.parametrize("meeting", [False, True])
def test_the_caf_continues_with_an_amended_plan_and_oversight_resumes(
    office: Office, meeting: bool
) -> None:
    start(office)
    if meeting:
        discuss(office, "hold_tac")
        hold_tac(office, "continue")
    else:
        discuss(office, "continue")
    amend(office)
    assert office.open_tasks() == ["hold_tac"]
    assert office.told("coordinator")[0] == office.told("leadpro")[0] == "The CAF continues"
    plan = office.file().plan
    assert plan is not None and plan.actions[-1].action == "See Robin every day"


@pytest.mark.parametrize("meeting", [False, True])
def test_without_a_further_role_the_caf_closes_with_oversight(
    office: Office, meeting: bool
) -> None:
    start(office)
    for decision in (RETURNED, AGREED):
        if meeting:
            discuss(office, "hold_tac")
            hold_tac(office, "close")
        else:
            discuss(office, "close")
        office.do(
            "ask_for_closure_after_discussion",
            "coordinator",
            closure_reason="no_further_action",
            closure_summary="Another service helps.",
        )
        office.do("oversee_step_up_closure", "manager", **decision)
    assert office.file().closure_reason == "no_further_action"
    assert office.ended


def test_a_contact_without_a_caf_goes_back_to_where_it_was(office: Office) -> None:
    office.receive()
    office.triage("social_care")
    discuss(office, "continue", by="manager")
    assert office.open_tasks() == ["decide_tray"]


def test_a_social_worker_who_leads_the_caf_speaks_for_it_and_amends_the_plan(
    office: Office,
) -> None:
    social_work.reach_tray(office)
    social_work.allocate(office)
    social_work.open_episode(office)
    office.send("step_up_requested", "socialworker", reasons="The risks have grown.")
    tasks = queries.open_tasks(office.runtime, office.reference)
    assert ("discuss_with_dats", "socialworker") in {(t.element, t.assignee) for t in tasks}
    discuss(office, "continue", by="socialworker")
    amend(office, "amend_own_plan", "socialworker")
    assert office.open_tasks() == ["complete_social_work_assessment"]
