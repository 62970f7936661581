"""The CAF model keeps to its own conventions and carries out every step of the maps it draws."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from engine.bpmn import read_diagram
from engine.diagrams import Element, Process
from tests.bpmn.conftest import MODELS

CAF = MODELS / "caf"
DRAWN_MAPS = {
    "caf_social_worker": (*(f"1{letter}" for letter in "ABCDEFGHIJKLMNOPQRST"), "1-4/5", "R2.1"),
    "caf_coordinator": (*(f"2{letter}" for letter in "ABCDEFGHIJKLMNOPQR"), "2-4/5", "R2.1"),
    "safer_families": (*(f"3{letter}" for letter in "ABCDEFGHIJKLMNO"), "3-4/5", "R2.1"),
    "stuck_caf": (*(f"4{letter}" for letter in "ABCEFGHIJKLM"), "4-4/5", "R15.2", "R15.4"),
    "step_up": (*(f"5{letter}" for letter in "ABCDEFGH"), "R4.2"),
}


@cache
def processes() -> dict[str, Process]:
    """The processes of the CAF model, by id."""
    found = {}
    for path in sorted(CAF.glob("*.bpmn")):
        drawn, findings = read_diagram(path.read_bytes(), path.name)
        assert findings == []
        found |= {process.id: process for process in drawn}
    return found


def elements() -> list[tuple[Process, Element]]:
    return [(p, e) for p in processes().values() for e in p.elements.values()]


def is_join(process: Process, element: Element) -> bool:
    return element.kind == "exclusiveGateway" and len(process.outgoing.get(element.id, ())) == 1


def test_ids_are_unique_in_the_whole_model() -> None:
    counted = Counter(element.id for _, element in elements())
    assert [key for key, times in counted.items() if times > 1] == []


def test_everything_that_happens_is_named_and_explained() -> None:
    silent = [
        element.id
        for process, element in elements()
        if not is_join(process, element) and not element.documentation
    ]
    nameless = [
        element.id
        for process, element in elements()
        if not is_join(process, element) and not element.name
    ]
    assert (silent, nameless) == ([], [])


def test_every_task_says_which_step_it_carries_out() -> None:
    tasks = ("userTask", "serviceTask", "businessRuleTask", "callActivity")
    assert [e.id for _, e in elements() if e.kind in tasks and not e.clauses] == []


@pytest.mark.parametrize("name", DRAWN_MAPS)
def test_every_step_of_a_map_is_drawn_on_it(name: str) -> None:
    claimed = {
        clause for element in processes()[name].elements.values() for clause in element.clauses
    }
    assert [clause for clause in DRAWN_MAPS[name] if clause not in claimed] == []


def test_every_human_step_has_a_timescale() -> None:
    assert [e.id for _, e in elements() if e.kind == "userTask" and not e.due] == []


def test_choices_that_the_source_leaves_open_say_so() -> None:
    open_choices = {
        "rate_contact",
        "confirm_consent",
        "is_contact_closure_agreed",
        "are_all_criteria_met",
        "what_follows_review",
        "does_assessment_go_on",
        "is_requested_closure_agreed",
        "is_step_down_appropriate",
        "decide_after_social_work_assessment",
        "does_social_work_assessment_pass",
        "is_social_work_caf_handed_over",
        "is_safer_families_consent_given",
        "does_safer_families_caf_go_on_after_tac",
        "who_leads_the_stuck_caf",
        "does_social_care_take_it",
        "is_pack_fit",
        "what_did_panel_advise",
        "is_stuck_closure_agreed",
        "resolve_disagreement",
        "who_leads_the_caf",
        "is_transfer_complete",
    }
    said = {e.id for _, e in elements() if "Our interpretation: " in e.documentation}
    assert open_choices - said == set()


def test_nothing_closes_without_the_duty_manager() -> None:
    closing = [(p, e) for p, e in elements() if e.handler in ("close_case", "close_contact")]
    assert len(closing) >= 8
    for process, element in closing:
        deciding = {step.lane for step in _human_steps_before(process, element)}
        assert deciding == {"CAF duty manager"}, element.id


def _human_steps_before(process: Process, element: Element) -> list[Element]:
    """The last user tasks on every way to an element."""
    found, seen, todo = [], {element.id}, [element.id]
    while todo:
        for flow in process.incoming.get(todo.pop(), ()):
            before = process.elements[flow.source]
            if before.kind == "userTask":
                found.append(before)
            elif before.id not in seen:
                seen.add(before.id)
                todo.append(before.id)
    return found


def test_every_closure_can_be_returned() -> None:
    oversight = [(p, e) for p, e in elements() if e.form == "closure_oversight"]
    assert len(oversight) >= 8
    for process, element in oversight:
        [onward] = process.outgoing[element.id]
        gateway = process.elements[onward.target]
        conditions = {flow.condition for flow in process.outgoing[gateway.id]}
        assert conditions == {'closure_decision = "agree"', None}, element.id
        [back] = [f for f in process.outgoing[gateway.id] if f.condition is None]
        assert gateway.default == back.id
        after = process.elements[back.target]
        while after.kind == "serviceTask":
            [onward] = process.outgoing[after.id]
            after = process.elements[onward.target]
        assert is_join(process, after), element.id


@pytest.mark.parametrize(
    ("name", "gateway_id", "author"),
    [
        ("caf_coordinator", "are_all_criteria_met", "complete_caf_assessment"),
        (
            "caf_social_worker",
            "does_social_work_assessment_pass",
            "complete_social_work_assessment",
        ),
        (
            "safer_families",
            "does_safer_families_assessment_pass",
            "complete_safer_families_assessment",
        ),
    ],
)
def test_an_assessment_that_fails_goes_back_to_its_author(
    name: str, gateway_id: str, author: str
) -> None:
    process = processes()[name]
    gateway = process.elements[gateway_id]
    [back] = [f for f in process.outgoing[gateway.id] if f.id == gateway.default]
    [onward] = process.outgoing[back.target]
    assert onward.target == author


@pytest.mark.parametrize(
    ("name", "episode"),
    [
        ("caf_coordinator", "caf_episode"),
        ("caf_social_worker", "social_work_episode"),
        ("safer_families", "safer_families_episode"),
    ],
)
def test_at_any_point_an_episode_can_be_taken_to_map_4_or_to_its_review(
    name: str, episode: str
) -> None:
    waiting = {
        (e.event.value, e.interrupting)
        for e in processes()[name].elements.values()
        if e.attached_to == episode and e.event
    }
    assert waiting == {("concern_raised", False), ("review_requested", False)}


def test_at_any_point_a_case_can_be_closed_or_stepped_up() -> None:
    overview = processes()["overview"]
    awaited = {
        e.event.value: e.id
        for e in overview.elements.values()
        if e.kind == "intermediateCatchEvent" and e.event and e.event.kind == "message"
    }
    assert awaited.keys() == {"close_requested", "step_up_requested"}
    [split] = [e for e in overview.elements.values() if e.kind == "parallelGateway"]
    [before] = overview.incoming[split.id]
    assert overview.elements[before.source].handler == "register_contact"
    ends = [e for e in overview.elements.values() if e.kind == "endEvent"]
    assert [e.id for e in ends if e.event is None or e.event.kind != "terminate"] == []
    elsewhere = [
        e.id
        for process, e in elements()
        if process is not overview and e.event and e.event.value in awaited
    ]
    assert elsewhere == [], "one place waits for each message"


@pytest.mark.parametrize("name", ["caf_social_worker", "safer_families"])
def test_the_reviews_are_drawn_once_and_called(name: str) -> None:
    called = [e for e in processes()[name].elements.values() if e.kind == "callActivity"]
    [review] = [e for e in called if e.called == "caf_coordinator"]
    assert review.lane == "CAF co-ordinator"


@pytest.mark.parametrize(
    ("name", "timer", "meeting"),
    [
        ("caf_coordinator", "tac_overdue", "hold_tac"),
        ("safer_families", "initial_tac_overdue", "hold_initial_tac"),
        ("caf_coordinator", "called_review_overdue", "hold_called_review"),
        ("caf_social_worker", "social_work_review_overdue", "hold_social_work_review"),
        ("safer_families", "safer_families_review_overdue", "hold_safer_families_review"),
    ],
)
def test_an_overdue_meeting_alerts_and_goes_on_alerting(
    name: str, timer: str, meeting: str
) -> None:
    overdue = processes()[name].elements[timer]
    assert overdue.event is not None
    assert (overdue.attached_to, overdue.interrupting) == (meeting, False)
    assert overdue.event.timer == "cycle"
    usual = "2Q" if meeting in ("hold_tac", "hold_initial_tac") else "review now"
    assert overdue.event.value == (
        'if tac_overdue = true then timescale("2Q again") '
        f'else if tac_due_on != null then tac_due_on else timescale("{usual}")'
    )
