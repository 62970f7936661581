"""A diagram without the picture: its steps in order, numbered, with every way on in words.

The outline is made from the same file as the picture. It names each element and each sequence flow
once, so that nothing that is drawn is lost to a person who does not see it. A gateway that only
brings ways together, and has no name, is taken into the step behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count

from engine.diagrams import Element, Flow, Process
from engine.errors import ServiceError
from engine.model import Clause, Model

_TIMESCALE = re.compile(r'timescale\("([^"]+)"')
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_CHOOSES = frozenset({"exclusiveGateway", "inclusiveGateway"})
_SPLITS = {
    "exclusiveGateway": "One way only",
    "inclusiveGateway": "Every way that applies, at the same time",
    "parallelGateway": "All at the same time",
    "eventBasedGateway": "Whichever happens first",
}
_SENTENCES = {
    "startEvent": "Begins here",
    "endEvent": "This way ends here",
    "userTask": "A person does this",
    "serviceTask": "The service does this",
    "businessRuleTask": "The service decides this",
    "callActivity": "Carried on in another diagram",
    "subProcess": "A part of its own",
    "intermediateCatchEvent": "Waits",
    "intermediateThrowEvent": "Tells others",
    "exclusiveGateway": "Question",
    "inclusiveGateway": "Question",
    "parallelGateway": "Parallel ways",
    "eventBasedGateway": "Waits for one of several events",
}


@dataclass(frozen=True)
class Onward:
    """A way on: the flow it goes by, the words on it, and the step where it goes on.

    `straight` says that it is the only way and leads to the next step of the list, so that nothing
    has to be said; `back` that it leads to an earlier step.
    """

    flow: str
    words: str
    number: int
    name: str
    straight: bool
    back: bool


@dataclass(frozen=True)
class Step:
    """An entry of an outline.

    `elements` are the ids of the element and of the joins that were taken into it, `joined` those
    of the flows between them. `facts` are sentences about it: what kind of step, when it is due.
    `ways` are the ways on, `choice` says how many of them are taken, "" where there is one.
    `events` are those at its border, and `inside` what a sub-process consists of.
    """

    number: int
    kind: str
    name: str
    role: str
    clauses: tuple[Clause, ...]
    facts: tuple[str, ...]
    elements: tuple[str, ...]
    joined: tuple[str, ...]
    choice: str
    ways: tuple[Onward, ...]
    events: tuple[Step, ...]
    inside: tuple[Step, ...]

    @property
    def element(self) -> str:
        """The id of the element itself."""
        return self.elements[-1]


@dataclass(frozen=True)
class Outline:
    """A process as a list of steps, whose numbers follow each other from 1."""

    process: str
    name: str
    steps: tuple[Step, ...]

    def all_steps(self) -> tuple[Step, ...]:
        """Every step by its number, with those at borders and inside sub-processes."""
        return tuple(sorted(_below(self.steps), key=lambda step: step.number))


def _below(steps: Iterable[Step]) -> Iterable[Step]:
    for step in steps:
        yield step
        yield from _below(step.events)
        yield from _below(step.inside)


def outline(model: Model, process: Process) -> Outline:
    """The steps of a process of the model, in the order in which a case comes to them."""
    return _Reader(model, process).read()


class _Reader:
    def __init__(self, model: Model, process: Process) -> None:
        self.model = model
        self.process = process
        self.into = self._joins()
        self.numbers: dict[str, int] = {}
        self.order: dict[str, list[Element]] = {}

    def read(self) -> Outline:
        counter = count(1)
        self._number(self.process.id, counter)
        return Outline(self.process.id, self.process.name, self._steps(self.process.id))

    # --- which joins are taken into which step

    def _joins(self) -> Mapping[str, str]:
        """By the id of each join that needs no step of its own, the element that stands for it."""
        found: dict[str, str] = {}
        for element in self.process.elements.values():
            if not self._only_joins(element):
                continue
            passed = [element]
            while self._only_joins(passed[-1]):
                after = self.process.elements[self.process.outgoing[passed[-1].id][0].target]
                if after in passed:
                    break  # A circle of joins, in which nothing happens.
                passed.append(after)
            else:
                found[element.id] = passed[-1].id
        return found

    def _only_joins(self, element: Element) -> bool:
        return (
            element.kind == "exclusiveGateway"
            and not element.name.strip()
            and len(self.process.outgoing.get(element.id, ())) == 1
        )

    def _step_of(self, element_id: str) -> str:
        return self.into.get(element_id, element_id)

    # --- the order

    def _number(self, scope: str, counter: count[int]) -> None:
        ordered = self._in_order(scope)
        self.order[scope] = ordered
        for element in ordered:
            self.numbers[element.id] = next(counter)
            for event in self.process.boundary.get(element.id, ()):
                self.numbers[event.id] = next(counter)
            if element.kind == "subProcess":
                self._number(element.id, counter)

    def _in_order(self, scope: str) -> list[Element]:
        """The steps of a scope so that each comes after those that lead to it, circles apart, and
        the ways out of a gateway in the order in which they are drawn."""
        here = [
            element
            for element in self.process.within(scope)
            if element.kind != "boundaryEvent" and element.id not in self.into
        ]
        entered = {after for element in here for after in self._after(element)}
        roots: list[str] = []
        reached: set[str] = set()
        # Last comes what only a circle leads to.
        starts = [element for element in here if element.kind == "startEvent"]
        loose = [element for element in here if element.id not in entered]
        for element in (*starts, *loose, *here):
            if element.id not in reached:
                roots.append(element.id)
                self._visit(element.id, reached, [])
        done: list[Element] = []
        seen: set[str] = set()
        for root in reversed(roots):
            self._visit(root, seen, done)
        return list(reversed(done))

    def _visit(self, start: str, seen: set[str], done: list[Element]) -> None:
        """Depth first, without recursion: a diagram may be longer than Python's stack."""
        if start in seen:
            return
        seen.add(start)
        stack = [(start, iter(self._after(self.process.elements[start])[::-1]))]
        while stack:
            here, rest = stack[-1]
            following = next((one for one in rest if one not in seen), None)
            if following is None:
                done.append(self.process.elements[here])
                stack.pop()
                continue
            seen.add(following)
            after = self._after(self.process.elements[following])
            stack.append((following, iter(after[::-1])))

    def _after(self, element: Element) -> list[str]:
        """The steps that follow an element: on its own flows, then by the events at its border."""
        around = (element, *self.process.boundary.get(element.id, ()))
        return [
            self._step_of(flow.target)
            for each in around
            for flow in self.process.outgoing.get(each.id, ())
        ]

    # --- the words

    def _steps(self, scope: str) -> tuple[Step, ...]:
        steps = []
        for element, after in zip(self.order[scope], [*self.order[scope][1:], None], strict=True):
            steps.append(self._step(element, after.id if after is not None else None))
        return tuple(steps)

    def _step(self, element: Element, after: str | None) -> Step:
        joins = [join for join, step in self.into.items() if step == element.id]
        flows = self.process.outgoing.get(element.id, ())
        return Step(
            self.numbers[element.id],
            element.kind,
            _line(element.name) or self._unnamed(element, flows),
            self._who(element),
            tuple(self.model.clauses[clause] for clause in element.clauses),
            tuple(self._facts(element, flows)),
            (*joins, element.id),
            tuple(flow.id for join in joins for flow in self.process.outgoing[join]),
            self._choice(element, flows),
            tuple(self._onward(element, flow, after) for flow in flows),
            tuple(self._step(event, None) for event in self.process.boundary.get(element.id, ())),
            self._steps(element.id) if element.kind == "subProcess" else (),
        )

    def _who(self, element: Element) -> str:
        return (element.lane or "") if element.kind in ("userTask", "callActivity") else ""

    def _unnamed(self, element: Element, flows: tuple[Flow, ...]) -> str:
        if element.kind.endswith("Gateway"):
            return "Ways part" if len(flows) > 1 else "Ways come together"
        return {"startEvent": "Start", "endEvent": "End"}.get(element.kind, element.id)

    def _choice(self, element: Element, flows: tuple[Flow, ...]) -> str:
        if len(flows) < 2:
            return ""
        return _SPLITS.get(element.kind, "All at the same time")

    def _onward(self, element: Element, flow: Flow, after: str | None) -> Onward:
        target = self._step_of(flow.target)
        there = self.process.elements[target]
        alone = len(self.process.outgoing[element.id]) == 1
        return Onward(
            flow.id,
            self._answer(element, flow, alone),
            self.numbers[target],
            _line(there.name) or self._unnamed(there, self.process.outgoing.get(target, ())),
            alone and target == after,
            self.numbers[target] <= self.numbers[element.id],
        )

    def _answer(self, element: Element, flow: Flow, alone: bool) -> str:
        if flow.name.strip():
            return _line(flow.name)
        if alone or element.kind not in _CHOOSES:
            return ""
        if flow.id == element.default or flow.condition is None:
            return "Otherwise"
        return f"If {_line(flow.condition)}"

    def _facts(self, element: Element, flows: tuple[Flow, ...]) -> Iterable[str]:
        event = element.event
        if element.kind == "boundaryEvent":
            yield self._border(element)
        elif element.kind.endswith("Gateway") and len(flows) < 2:
            yield self._waits_for_all(element)
        else:
            yield _SENTENCES[element.kind]
        if element.kind == "callActivity" and element.called:
            yield f"The other diagram: {self.model.processes[element.called].name}"
        if element.decision:
            yield f"By the table: {self.model.decisions[element.decision].name}"
        if event is not None and event.kind == "timer":
            yield f"Time: {self._time(event.value)}"
        elif event is not None and event.kind == "message" and element.kind != "startEvent":
            message = self.model.messages.get(event.value)
            verb = "Tells" if element.kind in ("endEvent", "intermediateThrowEvent") else "When"
            yield f"{verb}: {message.label if message else event.value.replace('_', ' ')}"
        elif event is not None and event.kind == "terminate":
            yield "Everything in this part that is still open ends with it"
        elif event is not None and event.kind in ("error", "escalation"):
            yield f"{event.kind.capitalize()}: {event.value}"
        if element.due is not None:
            yield f"Due: {self._due(element)}"

    def _border(self, element: Element) -> str:
        if element.interrupting:
            return "May happen at any time meanwhile, and ends it"
        return "May happen at any time meanwhile, beside it"

    def _waits_for_all(self, element: Element) -> str:
        if element.kind in ("parallelGateway", "inclusiveGateway"):
            return "Goes on once every way that leads here has come"
        return "Goes on from whichever way leads here"

    def _due(self, element: Element) -> str:
        if element.due_expression is not None:
            return self._time(element.due_expression)
        return self._allowed(element.due or "")

    def _time(self, expression: str) -> str:
        """When something falls due, as far as its expression can be said in words."""
        steps = _TIMESCALE.findall(expression)
        if steps:
            return " or ".join(self._allowed(step) for step in steps)
        if _NAME.fullmatch(expression.strip()):
            return f"the day that was given as “{expression.strip().replace('_', ' ')}”"
        return _line(expression)

    def _allowed(self, step: str) -> str:
        try:
            return f"{self.model.timescale(step)} ({step} in the timescales)"
        except ServiceError:
            return f"{step} in the timescales"


def _line(text: str) -> str:
    return " ".join(text.split())
