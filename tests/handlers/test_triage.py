from __future__ import annotations

from decimal import Decimal

import pytest

from engine.errors import ServiceError
from engine.services import DecisionMade
from tests.handlers.desk import Desk


def rate(desk: Desk) -> None:
    desk.decisions["brag_rating"] = DecisionMade(
        inputs={"Immediate risk": False, "Children": Decimal(2)},
        outputs={"rating": "green", "rating_reason": "No immediate risk"},
        rules=[{"number": 4, "id": "rule_green", "description": "Needs without risk"}],
    )
    desk.decisions["tray_proposal"] = DecisionMade(
        inputs={"Cluster": "south"},
        outputs={"proposed_tray": "co_ordinators", "tray_reason": "Several needs"},
        rules=[{"number": 2, "id": "rule_cluster", "description": "By cluster area"}],
    )
    desk.run("record_triage")


def decide(desk: Desk, by: str, decision: str, reason: str = "") -> None:
    desk.submit("decide_tray", by, tray_decision=decision, tray_decision_reason=reason)
    desk.run("record_tray_decision", form="decide_tray")


def test_checks_are_kept_with_who_made_them(desk: Desk) -> None:
    desk.register()
    desk.submit(
        "complete_basic_checks",
        "mash2",
        social_care_open=False,
        checks_outcome="Nothing known.",
        recommendation="caf",
    )
    assert desk.run("record_basic_checks", form="complete_basic_checks") == {}
    (check,) = desk.file().checks
    assert (check.outcome, check.recommendation, check.checked_by) == (
        "Nothing known.",
        "caf",
        "Mia Mash",
    )


def test_rating_and_tray_are_kept_with_the_rules_that_fired(desk: Desk) -> None:
    desk.register()
    rate(desk)
    file = desk.file()
    assert file.rating == "green"
    assert file.triage is not None
    assert file.triage.rating_rules == ("Rule 4: Needs without risk",)
    assert file.triage.tray_rules == ("Rule 2: By cluster area",)
    assert file.triage.inputs["brag_rating"] == {"Immediate risk": False, "Children": 2}
    assert (file.triage.proposed_tray, file.triage.decided_tray) == ("co_ordinators", None)


def test_triage_without_a_rating_is_refused(desk: Desk) -> None:
    desk.register()
    with pytest.raises(ServiceError, match="not rated yet"):
        desk.run("record_triage")


def test_the_managers_decision_moves_the_case_to_the_tray(desk: Desk) -> None:
    desk.register()
    rate(desk)
    decide(desk, "manager", "co_ordinators")
    file = desk.file()
    assert file.tray == "co_ordinators"
    assert file.triage is not None
    assert (file.triage.decided_tray, file.triage.decided_by) == (
        "co_ordinators",
        "Morgan Manager",
    )
    (transfer,) = file.transfers
    assert (transfer.from_tray, transfer.tray) == ("mash", "co_ordinators")


def test_another_tray_than_the_proposed_one_needs_a_reason(desk: Desk) -> None:
    desk.register()
    rate(desk)
    with pytest.raises(
        ServiceError, match="“CAF co-ordinators” was proposed and “Safer Families” chosen"
    ):
        decide(desk, "manager", "safer_families")
    assert desk.file().tray == "mash"
    decide(desk, "manager", "safer_families", "Police report of last week")
    assert desk.file().tray_reason == "Police report of last week"


def test_only_a_duty_manager_decides_the_tray(desk: Desk) -> None:
    desk.register()
    with pytest.raises(ServiceError, match="Max Mash may not decide the work tray"):
        decide(desk, "mash", "co_ordinators")


def test_a_transfer_is_noted_once(desk: Desk) -> None:
    desk.register()
    desk.run("record_transfer", tray="social_work")
    desk.run("record_transfer", tray="social_work")
    assert [transfer.tray for transfer in desk.file().transfers] == ["social_work"]


def test_a_contact_is_allocated_to_a_social_worker(desk: Desk) -> None:
    desk.register()
    desk.submit("create_record", "manager", practitioner="socialworker", notes="Ring first.")
    assert desk.run("record_practitioner", form="create_record") == {"practitioner": "socialworker"}
    assert [note.text for note in desk.file().notes] == ["Ring first."]


def test_whoever_works_a_contact_from_the_tray_takes_it_on(desk: Desk) -> None:
    desk.register()
    desk.submit("work_contact", "saferfamilies", safety_planning="A code word.")
    assert desk.run("record_practitioner", form="work_contact") == {"practitioner": "saferfamilies"}


def test_a_contact_is_not_allocated_to_someone_who_is_no_social_worker(desk: Desk) -> None:
    desk.register()
    desk.submit("create_record", "manager", practitioner="leadpro")
    with pytest.raises(ServiceError, match="Lee Leadpro may not take on CAF-2026-00001"):
        desk.run("record_practitioner", form="create_record")


def test_the_case_is_allocated_to_a_co_ordinator(desk: Desk) -> None:
    desk.register()
    desk.submit(
        "create_contact_record", "coordinator2", co_ordinator="coordinator", notes="Ring first."
    )
    assert desk.run("record_allocation", form="create_contact_record") == {
        "co_ordinator": "coordinator"
    }
    file = desk.file()
    assert file.co_ordinator_name == "Casey Co-ordinator"
    assert [(note.text, note.author) for note in file.notes] == [
        ("Ring first.", "Corin Co-ordinator")
    ]


@pytest.mark.parametrize("who", ["leadpro", "nobody"])
def test_only_a_co_ordinator_is_allocated(desk: Desk, who: str) -> None:
    desk.register()
    desk.submit("create_contact_record", "coordinator2", co_ordinator=who)
    with pytest.raises(ServiceError, match="may not be the co-ordinator of CAF-2026-00001"):
        desk.run("record_allocation", form="create_contact_record")
