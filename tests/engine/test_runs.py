"""Running diagrams: held against a reference, against themselves saved and restored at every step
also in a fresh process, and against SpiffWorkflow as it comes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn import read_diagram
from engine.shape import check_shape
from engine.spiff import Program, Run, StepFailed
from tests.engine.drawing import (
    Block,
    Both,
    Do,
    Either,
    Reference,
    Some,
    Then,
    Until,
    Within,
    document,
    draw,
    element,
    flows,
    message,
    named,
    parts_of,
    process,
)


class Answers:
    """A host whose conditions are names of variables."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.performed: list[str] = []
        self.failing: set[str] = set()

    def evaluate(self, expression: str) -> Any:
        return self.variables.get(expression)

    def perform(self, item: Any) -> None:
        if item.id in self.failing:
            raise StepFailed("not today")
        self.performed.append(item.id)


class Case:
    """An instance that is restored before every step, or never."""

    def __init__(
        self, xml: bytes, variables: dict[str, Any], *, restored: bool = False, fresh: bool = False
    ) -> None:
        self.xml = xml
        self.restored = restored or fresh
        self.fresh = fresh
        self.host = Answers(variables)
        self.program = self.compile()
        self.run = Run(self.program, self.host)
        self.sizes: list[int] = []
        self.rest()

    def compile(self) -> Program:
        processes, findings = read_diagram(self.xml, "p.bpmn")
        assert not findings
        return Program(processes[0])

    def rest(self) -> None:
        self.run.advance()
        state = self.run.encode()
        self.sizes.append(len(state))
        if self.restored and not self.run.finished:
            if self.fresh:
                self.program = self.compile()
            self.run = Run(self.program, self.host, state)

    def open(self) -> list[str]:
        return sorted(t.element.id for t in self.run.tokens() if t.element.kind == "userTask")

    def messages(self) -> list[str]:
        return sorted(
            t.element.event.value
            for t in self.run.tokens()
            if t.element.event is not None and t.element.event.kind == "message"
        )

    def complete(self, name: str) -> None:
        numbers = [t.number for t in self.run.tokens() if t.element.id == name]
        self.run.complete(min(numbers))
        self.rest()

    def send(self, name: str) -> None:
        self.run.fire(self.run.catchers("message", name)[-1].number)
        self.rest()


tasks = st.builds(Do)
blocks = st.recursive(
    tasks,
    lambda inner: st.one_of(
        st.builds(Then, st.lists(inner, min_size=1, max_size=3)),
        st.builds(Both, st.lists(inner, min_size=2, max_size=3)),
        st.builds(Either, st.lists(inner, min_size=2, max_size=3)),
        st.builds(Some, st.lists(inner, min_size=2, max_size=3)),
        st.builds(Until, inner),
        st.builds(Within, inner, st.none() | tasks, st.none() | tasks),
    ),
    max_leaves=8,
).map(named)


def conditions_of(block: Block) -> list[str]:
    found: list[str] = []
    for part in parts_of(block):
        if isinstance(part, Either | Some):
            found += part.conditions
        elif isinstance(part, Until):
            found.append(part.condition)
    return found


@settings(max_examples=150, deadline=None)
@given(blocks, st.data())
def test_every_block_structured_diagram_runs_as_the_reference_says(
    block: Block, data: st.DataObject
) -> None:
    xml = draw(block)
    processes, findings = read_diagram(xml, "p.bpmn")
    assert [str(f) for f in findings] == []
    assert [str(f) for f in check_shape(processes[0])] == []
    variables: dict[str, Any] = {}
    conditions = conditions_of(block)
    reference = Reference(block, variables)
    cases = [
        Case(xml, variables),
        Case(xml, variables, restored=True),
        Case(xml, variables, fresh=True),
    ]
    for _ in range(12):
        for case in cases:
            assert case.open() == reference.open()
            assert case.messages() == reference.messages()
            assert case.run.finished == reference.finished
        if reference.finished:
            return
        for name in conditions:
            variables[name] = data.draw(st.booleans())
        actions = [("complete", name) for name in sorted(set(reference.open()))]
        actions += [("send", name) for name in reference.messages()]
        action, name = data.draw(st.sampled_from(actions))
        for case in (*cases, reference):
            getattr(case, action)(name)


@settings(max_examples=60, deadline=None)
@given(blocks, st.data())
def test_saved_and_restored_at_every_step_passes_the_same_elements_in_the_same_order(
    block: Block, data: st.DataObject
) -> None:
    xml = draw(block)
    variables: dict[str, Any] = {}
    memory, restored = Case(xml, variables), Case(xml, variables, restored=True)
    for _ in range(10):
        if memory.run.finished:
            break
        for name in conditions_of(block):
            variables[name] = data.draw(st.booleans())
        actions = [("complete", name) for name in sorted(set(memory.open()))]
        actions += [("send", name) for name in memory.messages()]
        action, name = data.draw(st.sampled_from(actions))
        for case in (memory, restored):
            case.run.passed.clear()
        before = restored.run
        getattr(memory, action)(name)
        getattr(restored, action)(name)
        assert sorted(map(str, memory.run.passed)) == sorted(map(str, before.passed))
    assert memory.run.finished == restored.run.finished


LOOP_WITH_JOIN = document(
    process(
        "p",
        element("startEvent", "s")
        + element("exclusiveGateway", "again")
        + element("parallelGateway", "split")
        + element("userTask", "a")
        + element("userTask", "b")
        + element("parallelGateway", "join")
        + element("userTask", "review")
        + element("exclusiveGateway", "enough", default="enough_to_again")
        + element("endEvent", "e")
        + flows(
            "s > again > split > a > join; split > b > join > review > enough; enough > again;"
            "enough > e | ok"
        ),
    )
)


def test_a_parallel_join_in_a_loop_waits_for_both_branches_in_every_round() -> None:
    for restored in (False, True):
        variables: dict[str, Any] = {}
        case = Case(LOOP_WITH_JOIN, variables, restored=restored)
        for _ in range(5):
            assert case.open() == ["a", "b"]
            case.complete("a")
            assert case.open() == ["b"]
            case.complete("b")
            assert case.open() == ["review"]
            case.complete("review")
        case.complete("b")
        case.complete("a")
        variables["ok"] = True
        case.complete("review")
        assert case.run.finished


def test_a_case_at_rest_is_as_small_after_a_thousand_rounds_as_after_one() -> None:
    case = Case(LOOP_WITH_JOIN, {}, restored=True)
    for _ in range(1000):
        for name in ("a", "b", "review"):
            case.complete(name)
    assert max(case.sizes) <= max(case.sizes[:6]) + 20
    assert max(case.sizes) < 200


def boundary(interrupting: bool) -> bytes:
    return document(
        process(
            "p",
            element("startEvent", "s")
            + element("userTask", "work")
            + element("endEvent", "e")
            + element(
                "boundaryEvent",
                "raised",
                message("concern"),
                attachedToRef="work",
                cancelActivity="true" if interrupting else "false",
            )
            + element("userTask", "discuss")
            + element("endEvent", "e2")
            + flows("s > work > e; raised > discuss > e2"),
        ),
        messages=("concern",),
    )


@pytest.mark.parametrize("restored", [False, True])
def test_a_non_interrupting_boundary_event_happens_as_often_as_its_message_comes(
    restored: bool,
) -> None:
    case = Case(boundary(interrupting=False), {}, restored=restored)
    for number in range(1, 4):
        case.send("concern")
        assert case.open() == ["discuss"] * number + ["work"]
    case.complete("discuss")
    case.complete("work")
    assert case.messages() == []
    case.complete("discuss")
    case.complete("discuss")
    assert case.run.finished


@pytest.mark.parametrize("restored", [False, True])
def test_an_interrupting_boundary_event_takes_the_place_of_its_activity(restored: bool) -> None:
    case = Case(boundary(interrupting=True), {}, restored=restored)
    case.send("concern")
    assert (case.open(), case.messages()) == (["discuss"], [])


EVENT_GATEWAY = document(
    process(
        "p",
        element("startEvent", "s")
        + element("eventBasedGateway", "first")
        + element("intermediateCatchEvent", "reply", message("reply"))
        + element("intermediateCatchEvent", "recall", message("recall"))
        + element("userTask", "read")
        + element("userTask", "stop")
        + element("endEvent", "e")
        + element("endEvent", "e2")
        + flows("s > first > reply > read > e; first > recall > stop > e2"),
    ),
    messages=("reply", "recall"),
)


@pytest.mark.parametrize("restored", [False, True])
def test_the_first_event_behind_an_event_based_gateway_wins(restored: bool) -> None:
    case = Case(EVENT_GATEWAY, {}, restored=restored)
    assert case.messages() == ["recall", "reply"]
    case.send("reply")
    assert (case.open(), case.messages()) == (["read"], [])


def thrower(kind: str, caught_twice: bool = True) -> bytes:
    """A sub-process in a sub-process throws; both have a boundary event for it."""
    declared = f'<bpmn:{kind} id="the_{kind}" name="x" {kind}Code="up"/>'
    definition = f'<bpmn:{kind}EventDefinition {kind}Ref="the_{kind}"/>'
    inner = (
        element("startEvent", "si")
        + element("userTask", "work")
        + element("endEvent", "thrown", definition)
        + flows("si > work > thrown")
    )
    outer = (
        element("startEvent", "so")
        + element("subProcess", "inner", inner)
        + element("boundaryEvent", "near", definition, attachedToRef="inner")
        + element("userTask", "near_task")
        + element("endEvent", "eo")
        + element("endEvent", "en")
        + flows("so > inner > eo; near > near_task > en")
    )
    return document(
        process(
            "p",
            element("startEvent", "s")
            + element("subProcess", "outer", outer)
            + element("boundaryEvent", "far", definition, attachedToRef="outer")
            + element("userTask", "far_task")
            + element("endEvent", "e")
            + element("endEvent", "ef")
            + flows("s > outer > e; far > far_task > ef"),
        ),
        declared=declared,
    )


@pytest.mark.parametrize("kind", ["error", "escalation"])
@pytest.mark.parametrize("restored", [False, True])
def test_what_is_thrown_is_caught_by_the_nearest_scope_only(kind: str, restored: bool) -> None:
    case = Case(thrower(kind), {}, restored=restored)
    case.complete("work")
    assert case.open() == ["near_task"]
    case.complete("near_task")
    assert case.run.finished


def test_a_terminate_end_event_ends_its_own_scope_and_nothing_else() -> None:
    inner = (
        element("startEvent", "si")
        + element("parallelGateway", "split")
        + element("userTask", "a")
        + element("userTask", "b")
        + element("endEvent", "stop", "<bpmn:terminateEventDefinition/>")
        + element("endEvent", "eb")
        + flows("si > split > a > stop; split > b > eb")
    )
    xml = document(
        process(
            "p",
            element("startEvent", "s")
            + element("subProcess", "sub", inner)
            + element("userTask", "after")
            + element("endEvent", "e")
            + flows("s > sub > after > e"),
        )
    )
    for restored in (False, True):
        case = Case(xml, {}, restored=restored)
        case.complete("a")
        assert case.open() == ["after"]
        case.complete("after")
        assert case.run.finished


AUTOMATIC_CIRCLE = document(
    process(
        "p",
        element("startEvent", "s")
        + element("exclusiveGateway", "again")
        + element("serviceTask", "turn")
        + element("exclusiveGateway", "enough", default="enough_to_again")
        + element("endEvent", "e")
        + flows("s > again > turn > enough; enough > again; enough > e | ok"),
    )
)


def test_a_circle_without_a_rest_stops_at_its_budget_and_can_go_on_later() -> None:
    variables: dict[str, Any] = {}
    case = Case(AUTOMATIC_CIRCLE, variables, restored=True)
    (token,) = list(case.run.tokens())
    assert token.incident
    assert 100 < len(case.host.performed) < 500
    variables["ok"] = True
    case.run.release(token.number)
    case.rest()
    assert case.run.finished


def test_a_step_that_fails_leaves_its_token_there_until_it_is_released() -> None:
    xml = document(
        process(
            "p",
            element("startEvent", "s")
            + element("serviceTask", "send")
            + element("userTask", "after")
            + element("endEvent", "e")
            + flows("s > send > after > e"),
        )
    )
    processes, _ = read_diagram(xml, "p.bpmn")
    host = Answers({})
    host.failing.add("send")
    run = Run(Program(processes[0]), host)
    run.advance()
    assert [(f.element.id, f.message) for f in run.failures] == [("send", "not today")]
    again = Run(Program(processes[0]), host, run.encode())
    again.advance()
    assert [(t.element.id, t.incident) for t in again.tokens()] == [("send", True)]
    host.failing.clear()
    again.release(next(again.tokens()).number)
    again.advance()
    assert [t.element.id for t in again.tokens()] == ["after"]


FRESH = """
import json, sys
from engine.bpmn import read_diagram
from engine.spiff import Program, Run
from tests.engine.test_runs import Answers
request = json.load(sys.stdin)
process = read_diagram(request["xml"].encode(), "p.bpmn")[0][0]
run = Run(Program(process), Answers(request["variables"]), request["state"].encode())
number = min(t.number for t in run.tokens() if t.element.id == request["complete"])
run.complete(number)
run.advance()
print(json.dumps({"state": run.encode().decode(), "open": sorted(
    t.element.id for t in run.tokens() if t.element.kind == "userTask")}))
"""


def test_a_process_of_another_python_takes_over_at_every_step() -> None:
    variables = {"ok": False}
    case = Case(LOOP_WITH_JOIN, variables)
    state = case.run.encode().decode()
    for name in ("b", "a", "review", "a", "b", "review"):
        request = {
            "xml": LOOP_WITH_JOIN.decode(),
            "variables": variables,
            "state": state,
            "complete": name,
        }
        done = subprocess.run(
            [sys.executable, "-c", FRESH],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=True,
        )
        answer = json.loads(done.stdout)
        state = answer["state"]
        case.complete(name)
        assert answer["open"] == case.open()


def test_an_activity_with_events_that_nothing_follows_ends_its_process() -> None:
    xml = document(
        process(
            "p",
            element("startEvent", "s")
            + element("userTask", "a")
            + element("userTask", "b")
            + element("boundaryEvent", "on", message("m"), attachedToRef="a")
            + flows("s > a; on > b"),
        ),
        messages=("m",),
    )
    case = Case(xml, {})
    case.complete("a")
    assert case.run.finished
