from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import NotAllowed, ServiceError
from handlers import services
from handlers.casefile import CaseClosed
from handlers.cases import add_note
from handlers.closure import REASONS
from handlers.vocabulary import EPISODE_CLOSURE_REASONS, label
from tests.handlers.desk import Desk, action


def close(
    desk: Desk,
    *,
    kind: str = "episode",
    asked_by: str = "coordinator",
    overseen_by: str = "manager",
    decision: str = "agree",
    **request: Any,
) -> None:
    desk.submit("request", asked_by, **request)
    desk.submit("oversight", overseen_by, closure_decision=decision, oversight_comment="Agreed.")
    desk.run("close_case", kind=kind, request="request", oversight="oversight")


@pytest.mark.parametrize("reason", EPISODE_CLOSURE_REASONS)
def test_an_episode_closes_for_each_of_the_five_reasons(desk: Desk, reason: str) -> None:
    desk.open_episode()
    close(desk, closure_reason=reason, closure_summary="All went well.")
    file = desk.file()
    assert (file.status, file.locked, file.closed_at) == ("closed", True, desk.now)
    assert (file.closure_kind, file.closure_reason) == ("episode", reason)
    assert file.closure is not None
    assert (file.closure.requested_by, file.closure.overseen_by, file.closure.summary) == (
        "Casey Co-ordinator",
        "Morgan Manager",
        "All went well.",
    )


@pytest.mark.parametrize("reason", ["caf_not_appropriate", "consent_withdrawn", "support_given"])
def test_a_contact_closes_with_synopsis_and_advice(desk: Desk, reason: str) -> None:
    desk.register()
    close(
        desk,
        kind="contact",
        contact_closure_reason=reason,
        synopsis="Spoke to Ash.",
        advice_given="Children's Centre timetable.",
    )
    closure = desk.file().closure
    assert closure is not None
    assert (closure.kind, closure.summary, closure.advice_given) == (
        "contact",
        "Spoke to Ash.",
        "Children's Centre timetable.",
    )


@pytest.mark.parametrize(
    ("kind", "request_answers"),
    [
        ("episode", {"closure_reason": "caf_not_appropriate"}),
        ("episode", {"closure_reason": "because"}),
        ("episode", {}),
        ("contact", {"contact_closure_reason": "restart_long_episode"}),
        ("contact", {}),
        ("assessment", {"closure_reason": "moved_away"}),
    ],
)
def test_any_other_reason_is_refused(
    desk: Desk, kind: str, request_answers: dict[str, str]
) -> None:
    desk.open_episode()
    with pytest.raises(ServiceError, match=r"is no reason to close .* It has to be one of"):
        close(desk, kind=kind, **request_answers)
    assert desk.file().status == "open"


def _offered(components: list[dict[str, Any]]) -> set[tuple[str, str]]:
    offered = set()
    for component in components:
        key = component.get("key", "")
        if key in ("closure_reason", "contact_closure_reason"):
            kind = "contact" if key.startswith("contact") else "episode"
            offered |= {(kind, option["value"]) for option in component.get("values", [])}
        offered |= _offered(component.get("components", []))
    return offered


def test_every_reason_that_a_form_offers_is_accepted_and_has_words() -> None:
    forms = Path(__file__).parents[2] / "bpmn" / "caf" / "forms"
    offered = set()
    for form in forms.glob("*.form"):
        offered |= _offered(json.loads(form.read_bytes())["components"])
    assert {reason for _, reason in offered} >= set(EPISODE_CLOSURE_REASONS)
    for kind, reason in offered:
        assert reason in REASONS[kind]
        assert label("closure_reason", reason) == REASONS[kind][reason]


@pytest.mark.parametrize("kind", ["contact", "episode"])
def test_a_step_up_closes_with_or_without_an_episode(desk: Desk, kind: str) -> None:
    desk.register()
    close(desk, kind=kind, closure_reason="stepped_up")
    assert desk.file().closure_reason == "stepped_up"


@pytest.mark.parametrize("decision", ["return", ""])
def test_nothing_closes_unless_the_manager_agrees(desk: Desk, decision: str) -> None:
    desk.open_episode()
    with pytest.raises(ServiceError, match="the manager's decision is"):
        close(desk, decision=decision, closure_reason="actions_complete")
    assert not desk.file().locked


def test_nothing_closes_without_oversight(desk: Desk) -> None:
    desk.open_episode()
    desk.submit("request", "coordinator", closure_reason="actions_complete")
    with pytest.raises(ServiceError, match="Nothing was submitted at “oversight”"):
        desk.run("close_case", kind="episode", request="request", oversight="oversight")


@pytest.mark.parametrize("overseer", ["coordinator2", "admin", "stranger"])
def test_only_a_duty_manager_oversees_a_closure(desk: Desk, overseer: str) -> None:
    desk.open_episode()
    with pytest.raises(ServiceError, match="may not oversee the closure of a case"):
        close(desk, overseen_by=overseer, closure_reason="actions_complete")


def test_whoever_asks_does_not_oversee(desk: Desk) -> None:
    desk.open_episode()
    with pytest.raises(ServiceError, match="another manager has to"):
        close(desk, asked_by="manager", closure_reason="moved_away")
    close(desk, asked_by="manager", overseen_by="manager2", closure_reason="moved_away")
    assert desk.file().closed_by == "Maddie Manager"


def test_a_retry_by_someone_else_does_not_change_who_oversaw(desk: Desk) -> None:
    desk.open_episode()
    desk.submit("request", "coordinator", closure_reason="actions_complete")
    desk.submit("oversight", "coordinator", closure_decision="agree")
    desk.actor = desk.person("manager").actor
    with pytest.raises(ServiceError, match="Casey Co-ordinator may not oversee"):
        desk.run("close_case", kind="episode", request="request", oversight="oversight")


def test_the_manager_closes_a_contact_at_triage(desk: Desk) -> None:
    desk.register()
    desk.submit(
        "decide_tray", "manager", tray_decision="close", tray_decision_reason="Advice was enough."
    )
    desk.run("record_tray_decision", form="decide_tray")
    desk.run("close_contact", form="decide_tray")
    file = desk.file()
    assert (file.closure_kind, file.closed_by) == ("triage", "Morgan Manager")
    assert file.closure is not None
    assert (file.closure.summary, file.closure.requested_by) == ("Advice was enough.", None)


@pytest.mark.parametrize(
    ("by", "decision", "words"),
    [
        ("mash", "close", "Max Mash may not close a contact"),
        ("manager", "co_ordinators", "did not decide to close"),
    ],
)
def test_a_contact_is_closed_by_the_managers_own_decision_only(
    desk: Desk, by: str, decision: str, words: str
) -> None:
    desk.register()
    desk.submit("decide_tray", by, tray_decision=decision, tray_decision_reason="x")
    with pytest.raises(ServiceError, match=words):
        desk.run("close_contact", form="decide_tray")


def test_a_closed_case_is_locked(desk: Desk) -> None:
    desk.open_episode()
    close(desk, closure_reason="actions_complete")
    words = r"was closed on 2 March 2026 \(The actions are complete\) and its file is locked"
    with pytest.raises(CaseClosed, match=words):
        desk.assess(action())
    with pytest.raises(CaseClosed, match=words):
        desk.run("record_transfer", tray="mash")
    with pytest.raises(CaseClosed, match=words):
        close(desk, closure_reason="moved_away")
    with desk.database.begin() as connection, pytest.raises(CaseClosed, match=words):
        add_note(connection, desk.person("manager"), desk.reference, "Late.", now=desk.now)
    assert desk.file().assessments == ()


def test_those_concerned_are_told_of_a_closure_once(desk: Desk) -> None:
    desk.open_episode()
    close(desk, closure_reason="actions_complete")
    told = ["coordinator@council.example", "leadpro@partner.example"]
    assert [payload["to"] for _, payload in desk.sent] == told
    desk.run("notify", to="leadpro", subject="The episode is closed", text="Thank you.")
    assert [payload["to"] for _, payload in desk.sent] == [*told, "leadpro@partner.example"]


def test_a_closure_that_was_asked_for_at_any_point_fits_what_the_case_is(desk: Desk) -> None:
    def offered() -> set[str]:
        with desk.database.connect() as connection:
            choices = services.choice_lists["closure_reasons"](connection, desk.reference)
        return {choice.value for choice in choices}

    desk.open_episode()
    assert offered() == set(REASONS["episode"])
    desk.submit("request", "coordinator", closure_reason="moved_away", closure_summary="Moved.")
    desk.submit("oversight", "manager", closure_decision="agree", oversight_comment="Agreed.")
    desk.run("close_case", request="request", oversight="oversight")
    assert desk.file().closure_kind == "episode"


def test_a_contact_is_offered_the_reasons_of_contacts(desk: Desk) -> None:
    desk.register()
    with desk.database.connect() as connection:
        choices = services.choice_lists["closure_reasons"](connection, desk.reference)
    assert {choice.value for choice in choices} == set(REASONS["contact"])


def test_a_professional_who_may_read_only_writes_no_note(desk: Desk) -> None:
    desk.register()
    professional = {"name": "Lou", "email": "leadpro2@partner.example", "access": "read"}
    desk.consent(professionals=[professional])
    lou = desk.person("leadpro2")
    with desk.database.begin() as connection, pytest.raises(NotAllowed, match="lets you read"):
        add_note(connection, lou, desk.reference, "Hello", now=desk.now)
    desk.consent(professionals=[professional | {"access": "contribute"}])
    with desk.database.begin() as connection:
        add_note(connection, lou, desk.reference, "Hello", now=desk.now)
    assert desk.file().notes[0].author == "Lou Leadpro"
