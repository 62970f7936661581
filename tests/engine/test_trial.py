"""Running one diagram by itself: ours with its model, a stranger's with what it names unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import EngineError, InvalidModel
from engine.trial import Trial, try_diagram
from tests.engine.conftest import Office
from tests.engine.drawing import (
    document,
    element,
    flows,
    message,
    process,
)

REVIEW = document(
    process(
        "p",
        element("startEvent", "s")
        + element("exclusiveGateway", "again")
        + element("userTask", "write")
        + element("serviceTask", "file")
        + element("exclusiveGateway", "good", default="good_to_again")
        + element("boundaryEvent", "on", message("stop"), attachedToRef="write")
        + element("endEvent", "stopped")
        + element("callActivity", "tell", calledElement="elsewhere")
        + element("endEvent", "e")
        + flows("s > again > write > file > good > again; good > tell | score > 4")
        + flows("tell > e; on > stopped"),
    ),
    messages=("stop",),
)


@pytest.fixture
def review(tmp_path: Path) -> Path:
    path = tmp_path / "review.bpmn"
    path.write_bytes(REVIEW)
    return path


def attempt(path: Path, given: Any) -> Trial:
    return try_diagram(path, given, Office().services)


def passed(trial: Trial) -> list[str]:
    return [step.element for step in trial.trace]


ROUND = ["again", "write", "file", "good"]


def test_a_list_of_answers_is_used_up_in_turn(review: Path) -> None:
    trial = attempt(review, {"write": [{"score": 2}, {"score": 4.5}]})
    assert passed(trial) == ["s", *ROUND, *ROUND, "tell", "e"]
    assert [step.flows for step in trial.trace if step.element == "good"] == [
        ("good_to_again",),
        ("good_to_tell",),
    ]
    assert trial.ended and trial.waiting == [] and trial.unused == []


def test_what_nobody_knows_is_passed_with_a_note(review: Path) -> None:
    trial = attempt(review, {"write": {"score": 5}})
    assert [step.note for step in trial.trace if step.element in ("file", "tell")] == ["passed"] * 2
    assert any("“file” (file) is passed: it names no handler" in note for note in trial.notes)
    assert any("the process “elsewhere” is not known" in note for note in trial.notes)


def test_an_answer_for_a_service_task_stands_in_for_its_handler(review: Path) -> None:
    trial = attempt(review, {"write": {}, "file": [{"score": 1}, {"score": 9}]})
    assert passed(trial) == ["s", *ROUND, *ROUND, "tell", "e"]
    assert {step.note for step in trial.trace if step.element == "file"} == {"answered"}


def test_where_it_waits_is_told_when_the_answers_are_used_up(review: Path) -> None:
    trial = attempt(review, {"write": [{"score": 1}], "nobody": {}})
    assert not trial.ended
    assert [place.element for place in trial.waiting] == ["write", "on"]
    assert trial.unused == ["nobody"]


def test_a_message_happens_when_it_has_an_answer(review: Path) -> None:
    trial = attempt(review, {"write": [{"score": 1}], "on": {}})
    assert trial.ended and passed(trial)[-2:] == ["on", "stopped"]


def test_an_answer_that_goes_round_for_ever_is_stopped(
    review: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.trial.MOST_STEPS", 20)
    trial = attempt(review, {"write": {"score": 0}})
    assert passed(trial).count("write") == 20
    assert "Stopped after 20 answers" in trial.notes[-1]


def test_a_diagram_of_a_model_runs_with_its_forms(folder: Path) -> None:
    (diagram,) = [p for p in folder.glob("*.bpmn") if b'id="errand"' in p.read_bytes()]
    trial = attempt(diagram, {})
    assert trial.waiting
    asked = next(place.element for place in trial.waiting if place.kind == "userTask")
    with pytest.raises(EngineError, match=f"The answers at “{asked}”: "):
        attempt(diagram, {asked: {"no such field": 1}})


@pytest.mark.parametrize("given", [[], {"write": 1}, {"write": [1]}, None])
def test_answers_of_another_form_are_refused(review: Path, given: Any) -> None:
    with pytest.raises(EngineError, match="Answers have to be a JSON object"):
        attempt(review, given)


def test_what_cannot_be_run_is_refused_with_findings(tmp_path: Path) -> None:
    path = tmp_path / "p.bpmn"
    path.write_bytes(
        document(process("p", element("startEvent", "s") + element("scriptTask", "x")))
    )
    with pytest.raises(InvalidModel, match="scripts in a diagram are never run"):
        attempt(path, {})
    with pytest.raises(EngineError, match="can't be read"):
        attempt(tmp_path / "none.bpmn", {})


def test_an_unsound_diagram_is_run_into_its_deadlock_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "p.bpmn"
    inner = (
        element("startEvent", "s")
        + element("exclusiveGateway", "split", default="split_to_b")
        + element("userTask", "a")
        + element("userTask", "b")
        + element("parallelGateway", "join")
        + element("endEvent", "e")
        + flows("s > split; split > a | x; split > b > join > e; a > join")
    )
    path.write_bytes(document(process("p", inner)))
    trial = attempt(path, {"s": {"x": True}, "a": {}})
    assert passed(trial) == ["s", "split", "a"]
    assert [(p.element, p.kind) for p in trial.waiting] == [("join", "parallelGateway")]
    assert any("A case can stick at “join”" in note for note in trial.notes)
