"""Every shipped diagram, run in memory and restored at every step, over generated answers."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diagrams import Element, Process
from engine.model import Model
from engine.spiff import Program, Run
from tests.furnished import shipped

ROOT = Path(__file__).parents[2] / "bpmn"


MODELS = {folder.name: shipped(folder.name) for folder in ROOT.iterdir() if folder.is_dir()}
PROCESSES = [
    pytest.param(model, process, id=f"{model.id}/{process.id}")
    for model in MODELS.values()
    for process in model.processes.values()
]


class Answers:
    """Conditions are the diagram's own FEEL; decisions and handlers leave the variables alone."""

    def __init__(self, model: Model, variables: dict[str, Any]) -> None:
        self.model = model
        self.variables = variables
        self.performed: list[str] = []

    def evaluate(self, expression: str) -> Any:
        return self.model.expressions[expression].evaluate(self.variables)

    def perform(self, element: Element) -> None:
        self.performed.append(element.id)


def literals(model: Model, process: Process) -> dict[str, list[Any]]:
    """For each variable that the process's conditions read: values that could matter to them."""
    import re

    found: dict[str, set[Any]] = {}
    for flow in process.flows.values():
        if flow.condition:
            values: set[Any] = {*re.findall(r'"([^"]*)"', flow.condition), True, False}
            values |= {Decimal(n) for n in re.findall(r"\b\d+\b", flow.condition)}
            for name in model.expressions[flow.condition].variables:
                found.setdefault(name, {None}).update(values)
    return {name: sorted(values, key=repr) for name, values in found.items()}


def actions(run: Run) -> list[tuple[str, str]]:
    found = set()
    for token in run.tokens():
        if token.element.kind in ("userTask", "callActivity"):
            found.add(("complete", token.element.id))
        elif token.element.event is not None and token.element.kind in (
            "boundaryEvent",
            "intermediateCatchEvent",
        ):
            found.add(("fire", token.element.id))
    return sorted(found)


def act(run: Run, action: str, name: str) -> None:
    number = min(token.number for token in run.tokens() if token.element.id == name)
    getattr(run, action)(number)
    run.advance()


def standing(run: Run) -> list[str]:
    return sorted(token.element.id for token in run.tokens())


@pytest.mark.parametrize(("model", "process"), PROCESSES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_restoring_at_every_step_changes_nothing(
    model: Model, process: Process, data: st.DataObject
) -> None:
    values = literals(model, process)
    variables: dict[str, Any] = {}
    hosts = [Answers(model, variables) for _ in range(2)]
    program = Program(process)
    for name, options in values.items():
        variables[name] = data.draw(st.sampled_from(options), label=name)
    memory, restored = Run(program, hosts[0]), Run(program, hosts[1])
    memory.advance()
    restored.advance()
    for _ in range(25):
        assert not memory.failures and not restored.failures
        assert standing(memory) == standing(restored)
        assert sorted(hosts[0].performed) == sorted(hosts[1].performed)
        assert memory.finished == restored.finished
        if memory.finished:
            return
        state = restored.encode()
        assert len(state) < 2000
        restored = Run(Program(process), hosts[1], state)
        assert restored.encode() == state
        for name, options in values.items():
            variables[name] = data.draw(st.sampled_from(options), label=name)
        action, name = data.draw(st.sampled_from(actions(memory)))
        act(memory, action, name)
        act(restored, action, name)
