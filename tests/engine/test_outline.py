"""The outline of a diagram: all that is drawn is in it once, and all it refers to is there."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.definitions import files_of, load_model
from engine.model import Model
from engine.outline import Outline, Step, outline
from tests.engine.drawing import Block, document, draw, element, flows, process, timer
from tests.engine.errand import FILES
from tests.engine.test_runs import blocks

MODELS = Path(__file__).parents[2] / "bpmn"
MANIFEST = b'id = "p"\nname = "P"\nstart = "p"\n[roles]\nclerk = "Clerk"\n[trays]\n'


def of_drawing(drawing: bytes) -> tuple[Model, Outline]:
    model = load_model({"model.toml": MANIFEST, "p.bpmn": drawing})
    return model, outline(model, model.processes["p"])


@cache
def shipped(name: str) -> Model:
    return load_model(files_of(MODELS / name))


def faults(model: Model, found: Outline) -> list[str]:
    """What is left out, named twice, or referred to without being there."""
    process = model.processes[found.process]
    steps = found.all_steps()
    wrong = []
    elements = Counter(name for step in steps for name in step.elements)
    taken = Counter(way.flow for step in steps for way in step.ways)
    taken += Counter(flow for step in steps for flow in step.joined)
    wrong += [f"{name} {elements[name]} times" for name in process.elements if elements[name] != 1]
    wrong += [f"{flow} {taken[flow]} times" for flow in process.flows if taken[flow] != 1]
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        wrong.append("the numbers do not follow each other")
    by_number = {step.number: step for step in steps}
    for step in steps:
        for way in step.ways:
            there = by_number.get(way.number)
            target = process.flows[way.flow].target
            if there is None or target not in there.elements or there.name != way.name:
                wrong.append(f"{way.flow} is said to lead to {way.number}, {way.name}")
            if way.straight and (len(step.ways) > 1 or following(found, step) != way.number):
                wrong.append(f"{way.flow} is not straight on")
            if way.back != (way.number <= step.number):
                wrong.append(f"{way.flow} leads back or on")
    return wrong


def following(found: Outline, step: Step) -> int | None:
    """The number of the entry that comes after this one in its own list."""
    lists = [found.steps, *(each.inside for each in found.all_steps())]
    for one in lists:
        numbers = [each.number for each in one]
        if step.number in numbers[:-1]:
            return numbers[numbers.index(step.number) + 1]
    return None


@settings(max_examples=150, deadline=None)
@given(blocks, st.booleans())
def test_every_element_and_flow_of_any_diagram_is_named_once(block: Block, named: bool) -> None:
    drawing = draw(block)
    if not named:
        drawing = re.sub(rb'(<bpmn:exclusiveGateway id="[^"]*") name="[^"]*"', rb"\1", drawing)
    assert faults(*of_drawing(drawing)) == []


@pytest.mark.parametrize("name", ["caf", "cads"])
def test_every_element_and_flow_of_the_diagrams_that_ship_is_named_once(name: str) -> None:
    model = shipped(name)
    for each in model.processes.values():
        assert faults(model, outline(model, each)) == []


@pytest.mark.parametrize("name", ["caf", "cads"])
def test_in_the_diagrams_that_ship_nothing_is_said_in_signs(name: str) -> None:
    model = shipped(name)
    for each in model.processes.values():
        for step in outline(model, each).all_steps():
            said = [step.name, *step.facts, *(way.words for way in step.ways)]
            assert [words for words in said if re.search(r"[_=<>{}]|null", words)] == []
            if step.choice and step.kind != "parallelGateway":
                assert all(way.words for way in step.ways), step.name


def words(found: Outline) -> list[str]:
    """An outline as a person hears it, shortened."""
    heard = []
    for step in found.all_steps():
        ways = [
            f"{way.words}: {way.number}".removeprefix(": ") for way in step.ways if not way.straight
        ]
        heard.append(" > ".join([f"{step.number} {step.name}", *ways]))
    return heard


def test_a_question_names_its_answers_and_a_loop_leads_back() -> None:
    gateway = element("exclusiveGateway", "good", default="good_to_finish")
    drawn = process(
        "p",
        element("startEvent", "begin")
        + '<bpmn:exclusiveGateway id="again"/>'
        + element("userTask", "write")
        + element("userTask", "check")
        + gateway
        + element("endEvent", "finish")
        + flows("begin > again > write > check > good > finish; good > again | mended = false"),
        {"write": "Clerk", "check": "Manager"},
    )
    _, found = of_drawing(document(drawn))
    assert words(found) == [
        "1 begin",
        "2 write",
        "3 check",
        "4 good > Otherwise: 5 > If mended = false: 2",
        "5 finish",
    ]
    write, good = found.steps[1], found.steps[3]
    assert write.elements == ("again", "write") and write.joined == ("again_to_write",)
    assert (write.role, found.steps[2].role) == ("Clerk", "Manager")
    assert good.choice == "One way only"
    assert [way.back for way in good.ways] == [False, True]


def test_ways_beside_each_other_stand_before_what_waits_for_both() -> None:
    drawn = process(
        "p",
        element("startEvent", "begin")
        + element("parallelGateway", "both")
        + element("userTask", "left")
        + element("userTask", "right")
        + element("parallelGateway", "joined")
        + element("endEvent", "finish")
        + flows("begin > both > left > joined > finish; both > right > joined"),
    )
    _, found = of_drawing(document(drawn))
    assert words(found) == [
        "1 begin",
        "2 both > 3 > 4",
        "3 left > 5",
        "4 right",
        "5 joined",
        "6 finish",
    ]
    assert found.steps[1].choice == "All at the same time"
    assert found.steps[4].facts == ("Goes on once every way that leads here has come",)


def test_what_may_happen_meanwhile_stands_at_its_step_with_its_time() -> None:
    reminder = element(
        "boundaryEvent",
        "late",
        timer("timeDuration", 'timescale("late")'),
        attachedToRef="do",
        cancelActivity="false",
    )
    drawn = process(
        "p",
        element("startEvent", "begin")
        + element("userTask", "do")
        + reminder
        + element("userTask", "chase")
        + element("endEvent", "finish")
        + element("endEvent", "chased")
        + flows("begin > do > finish; late > chase > chased"),
    )
    files = {"p.bpmn": document(drawn), "timescales.dmn": FILES["decisions/timescales.dmn"]}
    manifest = MANIFEST.replace(b"[roles]", b'timescales = "timescales"\n[roles]')
    model = load_model({"model.toml": manifest, **files})
    found = outline(model, model.processes["p"])
    (late,) = found.steps[1].events
    assert (late.number, late.name, late.ways[0].name) == (3, "late", "chase")
    assert late.facts == (
        "May happen at any time meanwhile, beside it",
        "Time: 1 week (late in the timescales)",
    )


def test_a_part_of_its_own_holds_its_steps() -> None:
    model = shipped("cads")
    found = outline(model, model.processes["family_plan"])
    episode = next(step for step in found.steps if step.kind == "subProcess")
    assert [step.name for step in episode.inside][:2] == ["CAF open", "CAF in place already?"]
    assert [event.name for event in episode.events] == ["12 months"]
    (review,) = [step for step in episode.inside if step.name == "Hold review meeting"]
    assert review.facts == ("A person does this", "Due: 8 weeks (G14 in the timescales)")
    assert review.role == "Lead professional"
