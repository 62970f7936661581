"""Running an instance from one rest to the next, and writing down what it is at rest.

What an instance is at rest is a marking, as in BPMN 2.0 clause 13: the tokens and what each waits
for. `encode` writes the marking and a new `Run` hangs the tokens below a finished start task again,
so a case costs the same after ten steps and after ten thousand. No spec and no data is stored with
it: variables live with the instance, never in tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import orjson

from engine.diagrams import Element, EventDefinition
from engine.spiff.program import Program
from engine.spiff.steps import Activation, StepFailed
from engine.spiff.tree import COMPLETED, LIVE, READY, STARTED, WAITING, Branch, Place, Trunk

AUTOMATIC_STEPS = 500
"""How many steps may follow each other without a person, a timer or a message in between."""

_STATES = {"w": WAITING, "r": READY, "s": STARTED}
_LETTERS = {state: letter for letter, state in _STATES.items()}


class Host(Protocol):
    """What a run asks of the instance that it belongs to."""

    def evaluate(self, expression: str) -> Any:
        """The value of a FEEL condition over the instance's variables; may raise StepFailed."""

    def perform(self, element: Element) -> None:
        """Do a service task or evaluate a decision; may raise StepFailed."""


class Token(NamedTuple):
    """A place where the instance waits; `number` is its name for as long as it waits there.

    `due` is when a timer falls due, `since` when a repeating timer fell due before (ISO 8601).
    """

    number: int
    element: Element
    due: str | None
    since: str | None
    incident: bool


class Passed(NamedTuple):
    """An element that was completed, and the flows that its gateway chose."""

    element: Element
    flows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Thrown:
    """An error, escalation or message that nothing in this instance catches."""

    element: Element
    kind: str
    name: str


@dataclass(frozen=True)
class Failure:
    """A step that failed, at which token, and why in words."""

    number: int
    element: Element
    message: str


class Run:
    """One instance between two rests.

    `passed`, `thrown` and `failures` collect what happened since the run was made; the caller
    reads and clears them.
    """

    def __init__(self, program: Program, host: Host, state: bytes | None = None) -> None:
        """Begin a new instance, or restore one from `state`, which `encode` wrote."""
        self.program = program
        self.host = host
        self.passed: list[Passed] = []
        self.thrown: list[Thrown] = []
        self.failures: list[Failure] = []
        self._next = 1
        self._visited = 0
        self.workflow = Trunk(program.specs[program.process.id], program.specs, self)
        if state is None:
            self.workflow.task_tree.run()
        else:
            marking = orjson.loads(state)
            self._next = marking["n"]
            # The first states did not say what had been passed.
            self._visited = int(marking.get("v", "0"), 16)
            self._restore(self.workflow, marking["t"])
            self.workflow.completed = not marking["t"]

    @property
    def finished(self) -> bool:
        return bool(self.workflow.completed)

    def number(self, task: Place) -> int:
        """The token's number, given on first asking."""
        number = task.internal_data.get("n")
        if number is None:
            number = task.internal_data["n"] = self._next
            self._next += 1
        return int(number)

    def tokens(self) -> Iterator[Token]:
        """Every place where the instance waits: tasks, events, calls, sub-processes, incidents."""
        for workflow in self._scopes():
            for task in workflow.tasks.values():
                element = task.task_spec.element
                if element is not None and task._state & LIVE:
                    get = task.internal_data.get
                    number = get("n") or self.number(task)
                    yield Token(number, element, get("due"), get("since"), bool(get("incident")))

    def complete(self, number: int) -> None:
        """Complete the user task or call activity at token `number`."""
        self._step(self._task(number))

    def fire(self, number: int) -> None:
        """Let the event that waits at token `number` happen."""
        task = self._task(number)
        task.internal_data["fired"] = True
        task.task_spec._update(task)

    def set_due(self, number: int, due: str) -> None:
        """Note when the timer at token `number` falls due (ISO 8601)."""
        self._task(number).internal_data["due"] = due

    def hold(self, number: int) -> None:
        """Mark the token as standing at an incident: it does not move until `release`."""
        self._task(number).internal_data["incident"] = True

    def release(self, number: int) -> None:
        """Let a token that stands at an incident try again at the next `advance`."""
        self._task(number).internal_data.pop("incident", None)

    def advance(self) -> None:
        """Run every automatic step until the instance rests or its budget is used up."""
        steps = 0
        while (task := self._ready()) is not None:
            # The end of a scope is no element: it can't go round, and no incident can stand there.
            steps += task.task_spec.element is not None
            if steps > AUTOMATIC_STEPS:
                self._fail(
                    task,
                    f"{AUTOMATIC_STEPS} automatic steps followed each other without a person, a "
                    "timer or a message in between: the diagram goes round in a circle here.",
                )
                return
            self._step(task)

    def catchers(self, kind: str, name: str) -> list[Token]:
        """The tokens that wait for the message, error or escalation of this name."""
        return [
            token
            for token in self.tokens()
            if token.element.event is not None
            and not token.incident
            and token.element.kind in ("boundaryEvent", "intermediateCatchEvent")
            and (token.element.event.kind, token.element.event.value) == (kind, name)
        ]

    def encode(self, *, withdrawn: bool = False) -> bytes:
        """The marking as JSON: tokens with what each waits for, and which elements were passed; a
        few hundred bytes, whatever happened before. An instance that was withdrawn has no tokens.
        """
        # Tokens are given their numbers here, so the next number is known only afterwards.
        tokens = [] if withdrawn or self.finished else self._encode(self.workflow)
        return orjson.dumps({"n": self._next, "v": f"{self._visited:x}", "t": tokens})

    # --- inside

    def _scopes(self) -> list[Trunk | Branch]:
        return [self.workflow, *self.workflow.get_active_subprocesses()]

    def _task(self, number: int) -> Place:
        for workflow in self._scopes():
            for task in workflow.tasks.values():
                if task.internal_data.get("n") == number and task._state & LIVE:
                    return task
        raise KeyError(number)

    def _ready(self) -> Place | None:
        """The next automatic step: events that have happened first, inner scopes before outer."""
        found: Place | None = None
        for workflow in reversed(self._scopes()):
            if workflow.completed:
                continue
            for task in workflow.tasks.values():
                if (
                    task._state == READY
                    and not task.task_spec.manual
                    and not task.internal_data.get("incident")
                ):
                    if "on" in task.internal_data:
                        return task
                    found = found or task
        return found

    def _step(self, task: Place) -> None:
        data = task.internal_data
        element: Element | None = task.task_spec.element
        if "on" in data and element is not None:
            self._boundary_fired(task, element)
        if "race" in data:
            self._withdraw(task, "race", data["race"])
        try:
            task.run()
        except StepFailed as failure:
            task._set_state(READY)
            self._fail(task, str(failure))
            return
        if element is not None and not isinstance(task.task_spec, Activation):
            self.passed.append(Passed(element, tuple(data.get("chose", ()))))
            self._visited |= 1 << self.program.positions[element.id]
        if element is not None and element.id in self.program.process.boundary:
            self._withdraw(task, "on", self.number(task))
            # Where nothing follows the activity, only these events kept its scope from ending.
            task.workflow.update_waiting_tasks()

    def _fail(self, task: Place, message: str) -> None:
        task.internal_data["incident"] = True
        element = task.task_spec.element
        if element is None:
            element = self.program.process.start_of(self.program.process.id)
        self.failures.append(Failure(self.number(task), element, message))

    def _boundary_fired(self, event: Place, element: Element) -> None:
        number = event.internal_data["on"]
        if element.interrupting:
            self._withdraw(event, "on", number)
            self._task(number).cancel()
        elif element.event is not None and (
            element.event.kind != "timer" or element.event.timer == "cycle"
        ):
            again = event.parent._add_child(event.task_spec, WAITING)
            again.internal_data["on"] = number
            if "due" in event.internal_data:
                again.internal_data["since"] = event.internal_data["due"]

    def _withdraw(self, task: Place, key: str, number: int) -> None:
        """Cancel the events that wait together with `task` (same activity, same gateway)."""
        for other in list(task.workflow.tasks.values()):
            if other is not task and other._state & LIVE and other.internal_data.get(key) == number:
                other.cancel()

    def throw(self, task: Place, element: Element, event: EventDefinition) -> None:
        """Offer what `element` throws to the boundary events of the scopes around it."""
        workflow = task.workflow
        while event.kind != "message" and workflow.parent_task_id is not None:
            around = workflow.around
            workflow = around.workflow
            for other in list(workflow.tasks.values()):
                if (
                    other._state == WAITING
                    and other.internal_data.get("on") == self.number(around)
                    and other.task_spec.element.event == event
                ):
                    other.internal_data["fired"] = True
                    other.task_spec._update(other)
                    return
        self.thrown.append(Thrown(element, event.kind, event.value))

    def _encode(self, workflow: Trunk | Branch) -> list[list[Any]]:
        tokens: list[list[Any]] = []
        for task in workflow.tasks.values():
            if task.task_spec.element is None or not task._state & LIVE:
                continue
            number = self.number(task)
            data = {key: value for key, value in task.internal_data.items() if key != "n"}
            entry: list[Any] = [task.task_spec.name, number, _LETTERS[task._state], data]
            inner = self.workflow.subprocesses.get(task.id)
            if inner is not None and not inner.completed:
                entry.append(self._encode(inner))
            tokens.append(entry)
        return tokens

    def _restore(self, workflow: Trunk | Branch, tokens: list[list[Any]]) -> None:
        root = workflow.task_tree
        root._set_state(COMPLETED)
        for name, number, letter, data, *inner in tokens:
            spec = workflow.spec.task_specs[name]
            task = root._add_child(spec, _STATES[letter])
            task.internal_data = {**data, "n": number}
            if inner:
                self._restore(self.workflow.create_subprocess(task, name), inner[0])
