"""Map 4 on the real engine: a stuck CAF, from each concern to each way out."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa
from docx import Document

from engine import commands, queries
from engine.errors import NotAllowed, ServiceError
from handlers import access, documents
from tests.handlers.desk import PEOPLE, Desk
from tests.handlers.office import AGREED, RETURNED, Office
from tests.handlers.stuck_cafs import (
    agree,
    amend,
    discuss,
    hear_panel,
    prepare_panel,
    raise_concern,
    refer,
    support,
)

CLOSING = {
    "outcome": "close",
    "closure_reason": "actions_complete",
    "closure_summary": "Robin is on time.",
}


def start(office: Office, *, urgent: bool = False, by: str = "leadpro") -> None:
    """A CAF with an agreed plan, led by Lee Leadpro, about which somebody has a concern."""
    office.receive()
    office.triage()
    office.open_episode()
    office.agree_plan()
    raise_concern(office, by, urgent=urgent)


def papers(office: Office) -> list[documents.Document]:
    with office.runtime.database.connect() as connection:
        return documents.of_case(connection, office.reference)


def words_in(office: Office, paper: documents.Document) -> str:
    with office.runtime.database.connect() as connection:
        _, media_type, content = documents.content(connection, office.reference, paper.id)
    assert media_type == documents.WORD
    opened = Document(io.BytesIO(content))
    cells = [cell.text for table in opened.tables for row in table.rows for cell in row.cells]
    return "\n".join([each.text for each in opened.paragraphs] + cells)


def processes_ended(office: Office) -> bool:
    found = queries.instances(office.runtime, office.reference)
    return office.open_tasks() == [] and {one.status for one in found} == {"completed"}


def test_an_urgent_concern_reaches_the_mash_before_anything_is_filled_in(office: Office) -> None:
    start(office, urgent=True)
    assert office.told("mash") == ["Urgent safeguarding concern about an open CAF"]
    assert office.told("mash2") == office.told("mash")
    assert sorted(office.open_tasks()) == ["hold_tac", "refer_to_mash"]
    tasks = queries.open_tasks(office.runtime, office.reference)
    assert {task.element: task.assignee for task in tasks}["refer_to_mash"] == "leadpro"


@pytest.mark.parametrize(
    ("decision", "task"), [("social_care", "discuss_with_dats"), ("caf_team", "discuss_stuck_caf")]
)
def test_the_mash_receives_an_urgent_referral_and_decides(
    office: Office, decision: str, task: str
) -> None:
    start(office, urgent=True)
    office.do("refer_to_mash", "leadpro", referred_on="2026-03-02", reasons="Robin has a bruise.")
    with office.runtime.database.connect() as connection:
        assert access.may_see(connection, PEOPLE["mash2"], office.reference)
    office.do(
        "receive_urgent_referral",
        "mash2",
        received_on="2026-03-02",
        mash_decision=decision,
        mash_reasons="As discussed.",
    )
    assert sorted(office.open_tasks()) == sorted(["hold_tac", task])
    assert "Robin has a bruise." in office.file().notes[0].text


def test_advice_resolves_the_issue_and_the_lead_professional_goes_on(office: Office) -> None:
    start(office)
    discuss(office, "continue")
    assert office.open_tasks() == ["hold_tac"]
    assert "Robin is late again." in office.file().notes[0].text


def test_a_referral_is_a_word_document_in_the_social_work_tray(office: Office) -> None:
    start(office)
    discuss(office, "social_worker")
    refer(office)
    (paper,) = papers(office)
    assert (paper.kind, paper.tray, paper.clause) == ("referral", "social_work", "4F")
    assert paper.name == "Referral to the CAF social workers, 2 March 2026.docx"
    said = words_in(office, paper)
    for expected in (
        "Robin and Ash have had a CAF since March.",
        "a bruise that nobody can explain",
        "Robin Example",
        "Offer a place in the breakfast club",
    ):
        assert expected in said
    waiting = {task.element: task for task in queries.open_tasks(office.runtime, office.reference)}
    assert waiting["assign_social_worker"].tray == "social_work"


def test_a_social_worker_supports_and_the_caf_goes_on_with_a_smart_plan(office: Office) -> None:
    start(office)
    discuss(office, "social_worker")
    refer(office)
    support(office)
    agree(office, "continue")
    amend(office, "agree_support_plan", "socialworker")
    assert office.open_tasks() == ["hold_tac"]
    plan = office.file().plan
    assert plan is not None
    assert [one.action for one in plan.actions][1:] == ["Meet Robin at the gate"]
    assert all(one.smart for one in plan.actions)
    assert office.told("coordinator")[0] == office.told("leadpro")[0] == "The CAF continues"


def test_where_a_step_up_is_possible_the_duty_assessment_team_is_invited(office: Office) -> None:
    start(office)
    discuss(office, "social_worker")
    refer(office)
    support(office, step_up_possible="yes")
    office.do("invite_duty_assessment", "socialworker", tac_on="2026-03-20", invited="DATS")
    assert office.told("dats") == ["Attend a Team Around the Child"]
    agree(office, "step_up")
    assert sorted(office.open_tasks()) == ["discuss_with_dats", "hold_tac"]


def test_a_closure_after_support_is_overseen_and_may_be_returned(office: Office) -> None:
    start(office)
    for decision in (RETURNED, AGREED):
        discuss(office, "social_worker")
        refer(office)
        support(office)
        agree(office, **CLOSING)
        office.do("oversee_stuck_closure", "manager", **decision)
    file = office.file()
    assert (file.closure_kind, file.closure_reason) == ("episode", "actions_complete")
    assert file.closure is not None and file.closure.requested_by == "Sandy Socialworker"
    assert processes_ended(office)


def test_with_consent_the_panel_hears_the_case_openly(office: Office) -> None:
    start(office)
    discuss(office, "panel")
    prepare_panel(office, "given")
    (paper,) = papers(office)
    assert paper.read_at_task == "review_panel_pack" and paper.released_to is None
    assert "Robin Example (aged 8)" in words_in(office, paper)
    office.do("review_panel_pack", "coordinator", pack_fit="yes")
    assert papers(office)[0].released_to == "caf_support_panel"
    with office.runtime.database.connect() as connection:
        seen = documents.released(connection, PEOPLE["panel"])
        assert [each.id for each in seen] == [paper.id]
        assert documents.released(connection, PEOPLE["leadpro"]) == []
        assert not access.may_see(connection, PEOPLE["panel"], office.reference)


def test_without_consent_nobody_is_named_and_what_a_reader_names_is_taken_out(
    office: Office,
) -> None:
    start(office)
    discuss(office, "panel")
    prepare_panel(office, "declined")
    (paper,) = papers(office)
    said = words_in(office, paper)
    for name in ("Robin", "Ash", "Example", "Joyce", "7946", "Sample Street", "ZZ99"):
        assert name not in said
    assert "Child A (aged 8)" in said and "late" in said
    office.do("review_panel_pack", "coordinator", pack_fit="no", take_out=[{"words": "neighbour"}])
    office.do("review_panel_pack", "coordinator", pack_fit="no", take_out=[{"words": "late"}])
    (paper,) = papers(office)
    assert "neighbour" not in paper.text and "late" not in paper.text


def test_the_panel_is_told_without_the_case_being_named(office: Office) -> None:
    start(office)
    discuss(office, "panel")
    prepare_panel(office, "declined")
    office.do("review_panel_pack", "coordinator", pack_fit="yes")
    assert office.told("panel") == ["A case for the CAF Support Panel"]
    with office.runtime.database.connect() as connection:
        told = connection.execute(
            sa.text("SELECT case_reference, text FROM notification WHERE user_id = 'panel'")
        ).one()
        mail = connection.execute(
            sa.text("SELECT payload FROM outbox ORDER BY id DESC LIMIT 1")
        ).scalar_one()
    assert told.case_reference is None and office.reference not in told.text
    assert office.reference not in str(bytes(mail) if not isinstance(mail, str) else mail)


@pytest.mark.parametrize(
    ("outcome", "task"),
    [
        ("continue", "agree_plan_after_panel"),
        ("step_up", "discuss_with_dats"),
        ("social_worker", "write_social_work_referral"),
    ],
)
def test_the_panels_advice_is_followed_and_the_pack_taken_back(
    office: Office, outcome: str, task: str
) -> None:
    start(office)
    discuss(office, "panel")
    prepare_panel(office, "declined")
    hear_panel(office, outcome)
    assert sorted(office.open_tasks()) == sorted(["hold_tac", task])
    assert "Needs that nobody could meet: Morning transport." in office.file().notes[0].text
    with office.runtime.database.connect() as connection:
        assert documents.released(connection, PEOPLE["panel"]) == []
    if outcome == "continue":
        amend(office, task, "coordinator")
        assert office.open_tasks() == ["hold_tac"]


def test_a_closure_that_the_panel_advises_is_overseen(office: Office) -> None:
    start(office)
    discuss(office, "panel")
    prepare_panel(office, "declined")
    hear_panel(office, **CLOSING)
    office.do("oversee_stuck_closure", "manager", **AGREED)
    file = office.file()
    assert file.closure is not None and file.closure.requested_by == "Casey Co-ordinator"
    assert processes_ended(office)


def test_words_that_a_reader_names_are_taken_out_of_an_open_pack_too(office: Office) -> None:
    start(office)
    discuss(office, "panel")
    prepare_panel(office, "given")
    assert "is late" in papers(office)[0].text
    office.do("review_panel_pack", "coordinator", pack_fit="no", take_out=[{"words": "is late"}])
    (paper,) = papers(office)
    assert "is late" not in paper.text and "Robin Example" in paper.text


def test_an_open_pack_without_the_familys_consent_is_refused(desk: Desk) -> None:
    desk.open_episode()
    desk.submit("ask", "coordinator", panel_consent="declined", panel_issues="Robin is late.")
    with pytest.raises(ServiceError, match="did not agree that the panel hears its details"):
        desk.run("write_panel_pack", form="ask", anonymous=False, review="read")
    desk.run("write_panel_pack", form="ask", anonymous=True, review="read")


@pytest.mark.parametrize("person", ["leadpro", "coordinator", "manager", "saferfamilies", "mash"])
def test_everyone_on_the_case_can_raise_a_concern_and_ask_for_a_step_up(
    office: Office, person: str
) -> None:
    start(office, by=person)
    assert "discuss_stuck_caf" in office.open_tasks()
    with office.runtime.database.connect() as connection:
        for message in ("concern_raised", "step_up_requested"):
            assert access.may_ask(connection, PEOPLE[person], office.reference, message)
    office.send("step_up_requested", person, reasons="The risks have grown.")
    assert "discuss_with_dats" in office.open_tasks()


def test_whoever_may_read_only_may_still_raise_a_concern_and_nobody_else(office: Office) -> None:
    office.receive()
    office.triage()
    office.do("create_contact_record", "coordinator2", co_ordinator="coordinator", notes="")
    office.do(
        "make_enquiries", "coordinator", enquiries="Spoke to Ash.", enquiry_outcome="caf_required"
    )
    reader = {"name": "Lou Leadpro", "organisation": "Health", "access": "read"}
    office.do(
        "confirm_consent",
        "coordinator",
        consent="given",
        consent_how="verbal",
        consent_on="2026-03-02",
        given_by=[{"name": "Ash Example", "relationship": "Mother", "is_child": False}],
        professionals=[reader | {"email": PEOPLE["leadpro2"].email}],
        statement="Ash agrees.",
    )

    def may(user_id: str, message: str) -> bool:
        with office.runtime.database.connect() as connection:
            return access.may_ask(connection, PEOPLE[user_id], office.reference, message)

    assert may("leadpro2", "concern_raised") and may("leadpro2", "step_up_requested")
    assert not may("leadpro2", "close_requested")
    assert not may("leadpro3", "concern_raised") and not may("panel", "concern_raised")
    with pytest.raises(NotAllowed):
        commands.correlate(
            office.runtime,
            "concern_raised",
            office.reference,
            {"concern": "x", "urgent": False},
            PEOPLE["panel"].actor,
        )
