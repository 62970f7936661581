"""What is proved of a drawing before it runs: each way to stick is found with the way to it, what
is sound passes, and the proof's token game does what the engine does."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.bpmn import read_diagram
from engine.definitions import check_paths
from engine.diagrams import Element, Process
from engine.errors import Finding
from engine.nets import build
from engine.reduction import reduce
from engine.services import ServiceRegistry
from engine.shape import check_shape
from engine.soundness import check_soundness
from engine.spiff import Program, Run
from engine.state_space import Effort, doubled, explore
from engine.tokens import Marking, Scope
from tests.engine.drawing import (
    Block,
    document,
    draw,
    element,
    flows,
    message,
    process,
    timer,
)
from tests.engine.test_runs import blocks

DECLARED = (
    '<bpmn:error id="err" name="err" errorCode="E1"/>'
    '<bpmn:escalation id="esc" name="esc" escalationCode="C1"/>'
)
ERROR = '<bpmn:errorEventDefinition errorRef="err"/>'
ESCALATION = '<bpmn:escalationEventDefinition escalationRef="esc"/>'
TERMINATE = "<bpmn:terminateEventDefinition/>"


def read(xml: bytes) -> Process:
    processes, findings = read_diagram(xml, "p.bpmn")
    assert [str(f) for f in findings] == []
    return processes[0]


def check(inner: str) -> list[Finding]:
    return check_soundness(read(document(process("p", inner), messages=("m",), declared=DECLARED)))


def tasks(*names: str) -> str:
    return "".join(element("userTask", name) for name in names)


def ends(start: str = "s", end: str = "e") -> str:
    return element("startEvent", start) + element("endEvent", end)


def split_and_join(split: str, join: str) -> str:
    default = {} if split == "parallelGateway" else {"default": "split_to_b"}
    condition = "" if split == "parallelGateway" else "| x"
    return (
        ends()
        + element(split, "split", **default)
        + tasks("a", "b", "c", "after")
        + element(join, "join")
        + flows(f"s > split; split > a {condition}; a > join; split > c {condition}; c > join")
        + flows("split > b > join > after > e")
    )


KINDS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway")


@pytest.mark.parametrize("split", KINDS)
@pytest.mark.parametrize("join", KINDS)
def test_a_join_of_another_kind_than_its_split(split: str, join: str) -> None:
    expected = {
        ("exclusiveGateway", "parallelGateway"): ("deadlock", "join"),
        ("inclusiveGateway", "parallelGateway"): ("deadlock", "join"),
        ("parallelGateway", "exclusiveGateway"): ("token-doubled", "join"),
        ("inclusiveGateway", "exclusiveGateway"): ("token-doubled", "join"),
    }
    found = check(split_and_join(split, join))
    wanted = expected.get((split, join))
    assert [(f.severity, f.code, f.element) for f in found] == (
        [("error", *wanted)] if wanted else []
    )


def test_a_deadlock_tells_the_way_to_it_and_what_is_waited_for() -> None:
    found = check(split_and_join("exclusiveGateway", "parallelGateway"))
    assert found[0].steps == ("s", "s_to_split", "split", "split_to_a", "a", "a_to_join")
    assert (
        "A case can stick at “join”: it waits for what comes from “b” and “c”" in found[0].message
    )
    assert "It comes to this by: “s” → “split” → “a”." in found[0].message
    assert found[0].path == "p.bpmn" and found[0].line is not None


def test_steps_of_a_way_that_is_missed_are_not_told_as_taken() -> None:
    found = check(split_and_join("parallelGateway", "exclusiveGateway"))
    assert {"a", "b"} <= set(found[0].steps)
    assert "after" not in found[0].steps


def test_a_loop_into_a_parallel_split_makes_ever_more_tokens() -> None:
    found = check(
        ends()
        + element("exclusiveGateway", "again")
        + element("parallelGateway", "split")
        + element("exclusiveGateway", "enough", default="enough_to_again")
        + element("endEvent", "e2")
        + tasks("a", "b")
        + flows("s > again > split > a > enough > again; enough > e2 | x; split > b > e")
    )
    assert ("token-doubled", "b") in [(f.code, f.element) for f in found]


def test_excess_tokens_at_a_parallel_join() -> None:
    found = check(
        ends()
        + element("parallelGateway", "split")
        + element("exclusiveGateway", "again")
        + element("parallelGateway", "round")
        + element("exclusiveGateway", "enough", default="enough_to_again")
        + element("endEvent", "e2")
        + tasks("a", "b")
        + element("parallelGateway", "join")
        + flows("s > split > again > round > a > enough > again; enough > e2 | x")
        + flows("round > join; split > b > join > e")
    )
    excess = next(f for f in found if f.element == "join")
    assert excess.code == "token-doubled"
    assert "A second token can come to “join” by the same flow" in excess.message
    assert excess.steps.count("round") > 1


def sub_process(inner: str, event: str = "", attributes: dict[str, str] | None = None) -> str:
    """A sub-process `sub` with `inner`; with an event, the task `beyond` behind it."""
    out = ends() + element("subProcess", "sub", element("startEvent", "in") + inner)
    out += flows("s > sub > e")
    if event:
        out += element("boundaryEvent", "on", event, attachedToRef="sub", **(attributes or {}))
        out += tasks("beyond") + element("endEvent", "e2") + flows("on > beyond > e2")
    return out


def test_a_sub_process_that_always_throws_makes_what_follows_it_dead() -> None:
    inner = tasks("a") + element("endEvent", "thrown", ERROR) + flows("in > a > thrown")
    found = check(sub_process(inner, ERROR))
    assert [(f.code, f.element) for f in found] == [("dead-element", "e")]


def test_going_round_for_ever_is_found_where_the_drawing_has_a_way_out() -> None:
    inner = tasks("a") + element("endEvent", "thrown", ERROR) + flows("in > a > thrown")
    found = check(
        ends()
        + element("exclusiveGateway", "again")
        + element("subProcess", "sub", element("startEvent", "in") + inner)
        + element("boundaryEvent", "on", ERROR, attachedToRef="sub")
        + flows("s > again > sub > e; on > again")
    )
    assert [f.code for f in found] == ["no-way-out"]
    assert "goes round for ever" in found[0].message


def test_an_event_that_nothing_throws_is_dead() -> None:
    inner = tasks("a") + element("endEvent", "done") + flows("in > a > done")
    found = check(sub_process(inner, ESCALATION))
    assert {(f.code, f.element) for f in found} == {
        ("dead-element", name) for name in ("on", "beyond", "e2")
    }
    on = next(f for f in found if f.element == "on")
    assert "nothing inside throws the escalation “C1”" in on.message


def test_a_join_inside_a_sub_process_is_proved_too() -> None:
    inner = (
        element("exclusiveGateway", "split", default="split_to_b")
        + element("parallelGateway", "join")
        + tasks("a", "b")
        + element("endEvent", "done")
        + flows("in > split; split > a | x; split > b > join; a > join > done")
    )
    found = check(sub_process(inner, message("m")))
    assert [(f.code, f.element) for f in found] == [("deadlock", "join")]


BESIDE = {"cancelActivity": "false"}
SOUND = {
    "a parallel split whose ways end by themselves": ends()
    + element("parallelGateway", "split")
    + tasks("a", "b")
    + flows("s > split > a > e; split > b > e"),
    "a terminate end beside another way": ends()
    + element("parallelGateway", "split")
    + tasks("a", "b")
    + element("endEvent", "stop", TERMINATE)
    + flows("s > split > a > stop; split > b > e"),
    "an interrupting message that leads back": ends()
    + element("exclusiveGateway", "again")
    + tasks("a")
    + element("boundaryEvent", "on", message("m"), attachedToRef="a")
    + flows("s > again > a > e; on > again"),
    "a dashed message that leads to the way beside it": ends()
    + tasks("a", "after")
    + element("exclusiveGateway", "merge")
    + element("boundaryEvent", "on", message("m"), attachedToRef="a", cancelActivity="false")
    + flows("s > a > merge > after > e; on > merge"),
    "a dashed message in a loop": ends()
    + element("exclusiveGateway", "again")
    + tasks("a", "beside")
    + element("exclusiveGateway", "enough", default="enough_to_again")
    + element("endEvent", "e2")
    + element("boundaryEvent", "on", message("m"), attachedToRef="a", cancelActivity="false")
    + flows("s > again > a > enough > again; enough > e | x; on > beside > e2"),
    "a dashed escalation": sub_process(
        tasks("a")
        + element("intermediateThrowEvent", "thrown", ESCALATION)
        + element("endEvent", "done")
        + flows("in > a > thrown > done"),
        ESCALATION,
        BESIDE,
    ),
    "an error on one of two ways": sub_process(
        tasks("a", "b")
        + element("parallelGateway", "split")
        + element("exclusiveGateway", "ok", default="ok_to_join")
        + element("parallelGateway", "join")
        + element("endEvent", "thrown", ERROR)
        + element("endEvent", "done")
        + flows("in > split > a > ok > join > done; ok > thrown | x; split > b > join"),
        ERROR,
    ),
    "the first of two events": ends()
    + element("eventBasedGateway", "first")
    + element("intermediateCatchEvent", "told", message("m"))
    + element("intermediateCatchEvent", "late", timer("timeDuration", 'duration("P1D")'))
    + element("exclusiveGateway", "merge")
    + flows("s > first > told > merge > e; first > late > merge"),
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_drawings_pass(name: str) -> None:
    assert [str(f) for f in check(SOUND[name])] == []


def test_an_error_beside_a_join_without_a_way_round_it_is_a_deadlock() -> None:
    """As the sound one above, but the way with the choice ends quietly instead of throwing."""
    inner = (
        tasks("a", "b")
        + element("parallelGateway", "split")
        + element("exclusiveGateway", "ok", default="ok_to_join")
        + element("parallelGateway", "join")
        + element("endEvent", "quiet")
        + element("endEvent", "done")
        + flows("in > split > a > ok > join > done; ok > quiet | x; split > b > join")
    )
    assert [(f.code, f.element) for f in check(sub_process(inner))] == [("deadlock", "join")]


def test_many_ways_side_by_side_take_no_time() -> None:
    names = [f"t{way}_{step}" for way in range(40) for step in range(3)]
    lines = [f"split > t{way}_0 > t{way}_1 > t{way}_2 > join" for way in range(40)]
    inner = ends() + element("parallelGateway", "split") + element("parallelGateway", "join")
    start = time.process_time()
    assert check(inner + tasks(*names) + flows(f"s > split; {';'.join(lines)}; join > e")) == []
    assert time.process_time() - start < 1


def test_what_cannot_be_proved_is_said_and_not_guessed() -> None:
    """Many tasks side by side, of which each can end all the others."""
    out = ends() + element("parallelGateway", "split") + element("parallelGateway", "join")
    for way in range(16):
        out += tasks(f"a{way}", f"b{way}") + element("endEvent", f"e{way}", TERMINATE)
        out += element("boundaryEvent", f"on{way}", message("m"), attachedToRef=f"a{way}", **BESIDE)
        out += flows(f"split > a{way} > join; on{way} > b{way} > e{way}")
    start = time.process_time()
    found = check(out + flows("s > split; join > e"))
    assert [(f.severity, f.code) for f in found] == [("warning", "too-many-states")]
    assert "could not be proved" in found[0].message
    assert time.process_time() - start < 5


def test_the_command_finds_what_a_single_file_says_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "p.bpmn"
    path.write_bytes(document(process("p", split_and_join("exclusiveGateway", "parallelGateway"))))
    assert "deadlock" in [f.code for f in check_paths([path], ServiceRegistry())]


# --- the proof's token game against the engine --------------------------------------------------


class Free:
    """A host whose conditions hold or not as the test says."""

    def __init__(self, answers: Any) -> None:
        self.answers = answers

    def evaluate(self, expression: str) -> Any:
        return self.answers()

    def perform(self, element: Element) -> None:
        pass


class Game:
    """All the markings at rest that the proof holds for possible after the same actions."""

    WAITING = ("userTask", "callActivity", "boundaryEvent", "intermediateCatchEvent")

    def __init__(self, process: Process) -> None:
        self.process = process
        inside = lambda p, e: (p, e.id) if e.kind == "subProcess" else None  # noqa: E731
        self.net = build(process, process.id, inside)
        self.possible = self.rest({self.net.begin()})

    def is_automatic(self, item: str) -> bool:
        return self.process.elements[item.partition("/")[2]].kind not in self.WAITING

    def rest(self, markings: set[Marking]) -> set[Marking]:
        resting: set[Marking] = set()
        seen, todo = set(markings), list(markings)
        while todo:
            marking = todo.pop()
            moves = [m for m in self.net.moves(marking) if self.is_automatic(m.items[0])]
            if not moves:
                resting.add(marking)
            for move in moves:
                if move.after not in seen:
                    seen.add(move.after)
                    todo.append(move.after)
        return resting

    def act(self, name: str) -> None:
        self.possible = self.rest(
            {
                move.after
                for marking in self.possible
                for move in self.net.moves(marking)
                if move.items[0] == f"{self.process.id}/{name}"
            }
        )

    def offers(self) -> set[str]:
        return {
            move.items[0].partition("/")[2]
            for marking in self.possible
            for move in self.net.moves(marking)
        }

    def places(self, marking: Marking, net: Scope | None = None) -> list[str]:
        net = net or self.net
        found: list[str] = []
        for token in marking:
            node = net.nodes[token.node]
            found.append(node.id)
            found += [
                catch.item.partition("/")[2]
                for catch in node.catches
                if catch.item not in token.spent
            ]
            if node.scope is not None:
                found += self.places(token.inner, node.scope)
        return sorted(found)


def actions(run: Run) -> set[str]:
    return {token.element.id for token in run.tokens() if token.element.kind in Game.WAITING}


def act(run: Run, name: str) -> None:
    token = min((t for t in run.tokens() if t.element.id == name), key=lambda t: t.number)
    is_event = token.element.event is not None
    (run.fire if is_event else run.complete)(token.number)
    run.advance()


def walk_together(process: Process, data: st.DataObject, steps: int = 12) -> bool:
    """Take the same steps in the engine and in the game; whether the engine got stuck."""
    run = Run(Program(process), Free(lambda: data.draw(st.booleans())))
    run.advance()
    game = Game(process)
    for _ in range(steps):
        here = sorted(token.element.id for token in run.tokens())
        game.possible = {m for m in game.possible if game.places(m) == here}
        assert game.possible, f"the engine rests at {here}, which the proof holds for impossible"
        assert run.finished == (game.possible == {()})
        if run.finished:
            return False
        offered = game.offers() & actions(run)
        assert game.offers() == offered
        # What a dashed event starts is followed twice beside each other, not more often.
        assert all(not process.elements[name].interrupting for name in actions(run) - offered)
        if not offered:
            return True
        name = data.draw(st.sampled_from(sorted(offered)))
        act(run, name)
        game.act(name)
    return False


@settings(max_examples=120, deadline=None)
@given(blocks, st.data())
def test_block_structured_drawings_are_sound_and_played_as_the_engine_runs_them(
    block: Block, data: st.DataObject
) -> None:
    drawn = read(draw(block))
    assert [str(f) for f in check_soundness(drawn)] == []
    assert not walk_together(drawn, data)


def test_a_way_that_ends_at_a_join_again_and_again_is_no_endless_search() -> None:
    """Each round leaves a token at each of the gateways `ends` and `over`."""
    gateways = {"split": "parallel", "ends": "parallel", "over": "parallel"}
    gateways |= {"enter": "exclusive", "leave": "exclusive"}
    drawn = ends() + tasks("a", "b", "c")
    drawn += "".join(element(f"{kind}Gateway", name) for name, kind in gateways.items())
    drawn += flows("s > enter > split > a > ends; split > b > over; split > c > leave > e")
    effort = Effort()
    net = build(
        read(document(process("p", drawn + flows("leave > enter | 1 = 1")))), "p", lambda *_: None
    )
    assert explore(net, Effort()).complete


def mutated(xml: bytes, data: st.DataObject) -> bytes:
    """The drawing with a join of another kind, or without one of its flows."""
    text = xml.decode()
    joins = re.findall(r'<bpmn:(\w+Gateway) id="((?:join|after|enter|loop)\w*)"', text)
    flow_ids = re.findall(r'<bpmn:sequenceFlow id="(\w+)"', text)
    change = data.draw(st.sampled_from([*joins, *flow_ids]))
    if isinstance(change, tuple):
        kind, name = change
        other = data.draw(st.sampled_from([k for k in KINDS if k != kind]))
        pattern = rf'<bpmn:{kind} id="{name}"(.*?)</bpmn:{kind}>'
        text = re.sub(pattern, rf'<bpmn:{other} id="{name}"\1</bpmn:{other}>', text)
    else:
        text = re.sub(rf'<bpmn:sequenceFlow id="{change}".*?</bpmn:sequenceFlow>', "", text)
    return text.encode()


@settings(max_examples=150, deadline=None)
@given(blocks, st.data())
def test_what_is_changed_at_random_is_found_or_never_sticks(
    block: Block, data: st.DataObject
) -> None:
    drawn = read(mutated(draw(block), data))
    if check_shape(drawn):
        return  # found by its shape alone; such a drawing is never compiled
    found = check_soundness(drawn)
    assert all(f.severity == "error" and f.element and f.message for f in found)
    # What is unsound is played as the engine runs it too, into its deadlock if need be.
    stuck = walk_together(drawn, data)
    assert found or not stuck


def is_sound(net: Scope) -> bool:
    space = explore(net, Effort())
    assume(space.complete)  # the whole of a net may be too much where the smaller one is not
    ending = space.ending()
    return not any(
        doubled(net, marking) is not None or (marking, memory) not in ending
        for marking, memory in space.came_from
    )


@settings(max_examples=150, deadline=None)
@given(blocks, st.data())
def test_making_a_net_smaller_does_not_change_whether_it_is_sound(
    block: Block, data: st.DataObject
) -> None:
    drawn = read(mutated(draw(block), data))
    if check_shape(drawn):
        return
    whole, smaller = Game(drawn).net, Game(drawn).net
    reduce(smaller)
    assert is_sound(whole) == is_sound(smaller)
