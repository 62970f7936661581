"""The shipped model on the real engine: what people do leaves the case record that it should."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import orjson
import pytest
import sqlalchemy as sa

from engine import commands, due, queries
from engine.errors import InvalidAnswers
from engine.models import outbox
from handlers import intake
from tests.furnished import ROOT
from tests.handlers.desk import PEOPLE, contact
from tests.handlers.office import AGREED, SENDER, Office

EXAMPLES = ROOT / "examples" / "contacts"


def test_the_example_contacts_each_start_one_case(office: Office) -> None:
    received, unreadable = {}, []
    for path in sorted(EXAMPLES.glob("*.json")):
        try:
            read = intake.parse_contact(path.read_bytes())
        except InvalidAnswers:
            unreadable.append(path.name)
        else:
            received[path.name] = intake.receive_contact(office.runtime, read, SENDER)
    assert unreadable == ["13-unreadable.json"]
    again = received.pop("11-school-lateness-sent-again.json")
    assert again.duplicate
    assert again.reference == received["01-school-lateness.json"].reference
    assert not any(one.duplicate for one in received.values())
    assert len({one.reference for one in received.values()}) == 11
    assert queries.incidents(office.runtime) == []
    mash = queries.tray(office.runtime, PEOPLE["mash"].actor)
    assert {row.element for row in mash.rows} == {
        "complete_basic_checks",
        "complete_emash_assessment",
    }
    steps_down = queries.tray(office.runtime, PEOPLE["socialcare"].actor)
    assert [row.element for row in steps_down.rows] == ["discuss_step_down"]


def test_a_contact_sent_four_times_at_once_starts_one_case(office: Office) -> None:
    def send(_: int) -> intake.Received:
        return intake.receive_contact(office.runtime, contact(), SENDER)

    with ThreadPoolExecutor(4) as senders:
        received = list(senders.map(send, range(4)))
    assert len({one.reference for one in received}) == 1
    assert sorted(one.duplicate for one in received) == [False, True, True, True]


def test_a_bad_contact_starts_nothing(office: Office) -> None:
    with pytest.raises(InvalidAnswers) as caught:
        office.receive(received_on="2026-03-03")
    assert caught.value.errors.keys() == {"received_on"}
    assert queries.tray(office.runtime, PEOPLE["mash"].actor).total == 0


def test_triage_keeps_the_rules_and_proposes_by_cluster_and_need(office: Office) -> None:
    office.receive(domestic_abuse=True)
    office.triage("safer_families")
    triage = office.file().triage
    assert triage is not None
    assert triage.proposed_tray == "safer_families"
    assert triage.rating_rules
    assert all(rule.startswith("Rule ") for rule in (*triage.rating_rules, *triage.tray_rules))
    assert triage.inputs["tray_proposal"]
    assert (triage.decided_tray, triage.decided_by) == ("safer_families", "Morgan Manager")


def test_a_contact_closed_at_triage_is_locked(office: Office) -> None:
    office.receive()
    office.triage("close")
    file = office.file()
    assert (file.closure_kind, file.locked, file.closed_by) == ("triage", True, "Morgan Manager")
    assert office.open_tasks() == []


def test_a_caf_from_contact_to_closure_leaves_a_whole_record(office: Office) -> None:
    office.receive()
    office.triage()
    office.open_episode()
    office.agree_plan()
    office.now += timedelta(days=80)
    office.hold_tac_and_close("2026-05-20")
    file = office.file()
    assert (file.status, file.closure_kind, file.closure_reason) == (
        "closed",
        "episode",
        "actions_complete",
    )
    assert file.closure is not None
    assert (file.closure.requested_by, file.closure.overseen_by) == (
        "Casey Co-ordinator",
        "Morgan Manager",
    )
    assert (file.co_ordinator, file.lead_professional) == ("coordinator", "leadpro")
    assert file.consents[0].gaps == ()
    assert file.assessments[0].status == "authorised"
    assert file.plan is not None
    assert (file.plan.status, [item.status for item in file.plan.actions]) == ("agreed", ["done"])
    assert [(tac.number, tac.due_on, tac.held_on) for tac in file.tacs] == [
        (1, date(2026, 5, 25), date(2026, 5, 20))
    ]
    assert [review.kind for review in file.reviews] == ["tac", "assessment"]
    assert [transfer.tray for transfer in file.transfers] == ["co_ordinators", "social_work"]
    assert office.ended


def test_a_late_tac_alerts_by_itself(office: Office) -> None:
    office.receive()
    office.triage()
    office.open_episode()
    office.agree_plan()
    before = office.told("coordinator")
    agreed = office.file().tacs[0].due_on
    (task,) = queries.open_tasks(office.runtime, office.reference)
    assert task.due_at is not None and task.due_at.date() == agreed
    office.now = datetime(agreed.year, agreed.month, agreed.day, 12, tzinfo=UTC)
    assert due.fire_due(office.runtime) == 0, "on the day itself it is not overdue"
    office.now += timedelta(days=1)
    assert due.fire_due(office.runtime) == 1
    assert due.fire_due(office.runtime) == 0
    assert office.told("coordinator") == ["A TAC is overdue", *before]
    assert office.told("leadpro")[0] == "A TAC is overdue"
    assert office.file().tacs[0].alerts == 1
    with office.runtime.database.connect() as connection:
        mails = connection.execute(sa.select(outbox.c.kind, outbox.c.payload)).all()
    recipients = [orjson.loads(mail.payload)["to"] for mail in mails if mail.kind == "mail"]
    assert recipients[-2:] == ["leadpro@partner.example", "coordinator@council.example"]
    office.now += timedelta(days=8)
    assert due.fire_due(office.runtime) == 1
    assert office.file().tacs[0].alerts == 2
    assert office.told("manager")[0] == "A TAC is overdue"
    assert queries.incidents(office.runtime) == []
    assert office.open_tasks() == ["hold_tac"]


def test_declined_consent_ends_in_a_contact_closure(office: Office) -> None:
    office.receive()
    office.triage()
    office.do("create_contact_record", "coordinator2", co_ordinator="coordinator", notes="")
    office.do(
        "make_enquiries", "coordinator", enquiries="Spoke to Ash.", enquiry_outcome="caf_required"
    )
    office.do(
        "confirm_consent",
        "coordinator",
        consent="declined",
        consent_on="2026-03-02",
        statement="Ash would rather not.",
    )
    office.do(
        "write_closure_synopsis",
        "coordinator",
        contact_closure_reason="consent_withdrawn",
        synopsis="Spoke to Ash.",
        advice_given="Children's Centre timetable.",
    )
    office.do(
        "oversee_contact_closure",
        "manager",
        **AGREED,
    )
    file = office.file()
    assert (file.closure_kind, file.closure_reason) == ("contact", "consent_withdrawn")
    assert file.consents[0].status == "declined"


def test_a_contact_that_steps_up_is_closed_by_the_duty_manager(office: Office) -> None:
    office.receive(immediate_risk=True, complexity="complex")
    office.triage("social_care")
    office.do(
        "discuss_with_dats",
        "coordinator",
        discussed_on="2026-03-02",
        discussed_with="Duty manager of the assessment team",
        discussion="The threshold is met.",
        threshold_met="yes",
        outcome="stepped_up",
    )
    office.do(
        "transfer_to_social_care",
        "coordinator",
        transferred_on="2026-03-02",
        received_by="The duty assessment team",
        latest_outcomes_included=True,
        closure_reason="stepped_up",
        closure_summary="Everything was handed over.",
    )
    office.do(
        "receive_transfer",
        "dats",
        receipt_on="2026-03-02",
        social_care_contact="Dale Dats",
        missing=False,
    )
    assert not office.file().locked
    office.do(
        "oversee_step_up_closure",
        "manager",
        **AGREED,
    )
    file = office.file()
    assert (file.closure_kind, file.closure_reason) == ("contact", "stepped_up")
    (note,) = file.notes
    assert "Discussion: The threshold is met." in note.text
    assert office.open_tasks() == []


def test_a_concern_is_noted_and_the_episode_goes_on(office: Office) -> None:
    office.receive()
    office.triage()
    office.open_episode()
    commands.correlate(
        office.runtime,
        "concern_raised",
        office.reference,
        {"concern": "Meetings are missed.", "urgent": False},
        PEOPLE["leadpro"].actor,
    )
    office.do(
        "discuss_stuck_caf",
        "coordinator",
        discussed_on="2026-03-02",
        discussion="Try another day.",
        outcome="continue",
    )
    assert [(note.kind, note.author) for note in office.file().notes] == [
        ("outcome", "Casey Co-ordinator"),
        ("concern", "Lee Leadpro"),
    ]
    assert office.open_tasks() == ["complete_caf_assessment"]
    assert queries.incidents(office.runtime, office.reference) == []
