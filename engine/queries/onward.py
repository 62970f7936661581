"""Where a case can go on to from a step, read off its diagram."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from engine.diagrams import Element, Flow, Process
from engine.model import Clause, Model

MOST_WAYS = 12
_STOPS = frozenset({"userTask", "callActivity", "endEvent", "intermediateCatchEvent"})
_CHOOSES = frozenset({"exclusiveGateway", "inclusiveGateway"})


@dataclass(frozen=True)
class Turn:
    """A gateway's question and the answer that stands on a flow out of it, as they are drawn;
    either is "" where the drawing has no words."""

    question: str
    answer: str


@dataclass(frozen=True)
class Way:
    """The next place to which a case can come: a user task, a call, an end or an event.

    It comes there if the `turns` are taken and, with `joins`, once other ways beside it have come
    as far. Where it takes an event at the border of the step, `event` is its name and `event_kind`
    its kind; `beside` says that the step goes on meanwhile. `role` is the lane's name, `called` the
    name of the process that a call activity runs. What a way does not have is "".
    """

    kind: str
    name: str
    role: str
    clauses: tuple[Clause, ...]
    turns: tuple[Turn, ...]
    joins: bool
    called: str
    event: str
    event_kind: str
    beside: bool


def is_choice(process: Process, flow: Flow) -> bool:
    """Whether the flow is one of several, of which a gateway takes some by their conditions."""
    source = process.elements[flow.source]
    return source.kind in _CHOOSES and len(process.outgoing[source.id]) > 1


def turn(process: Process, flow: Flow) -> Turn:
    """A flow out of a gateway in the words of the drawing."""
    return Turn(_line(process.elements[flow.source].name), _line(flow.name))


def ways(model: Model, process: Process, element: Element) -> tuple[Way, ...]:
    """The ways on from an element, in the order of the drawing: on its flows, then by the events
    at its border. Of very many only the first are given."""
    found: list[tuple[Element | None, _Found]] = [(None, way) for way in _onward(process, element)]
    for event in process.boundary.get(element.id, ()):
        found += [(event, way) for way in _onward(process, event)]
    return tuple(_way(model, event, *way) for event, way in found[:MOST_WAYS])


def _way(
    model: Model, event: Element | None, target: Element, turns: tuple[Turn, ...], joins: bool
) -> Way:
    return Way(
        target.kind,
        target.label,
        target.lane or "",
        tuple(model.clauses[clause] for clause in target.clauses),
        turns,
        joins,
        model.processes[target.called].name if target.called else "",
        event.label if event else "",
        event.event.kind if event and event.event else "",
        event is not None and not event.interrupting,
    )


_Found = tuple[Element, tuple[Turn, ...], bool]


def _onward(process: Process, element: Element) -> list[_Found]:
    """Each stop once for each set of turns that leads to it."""
    walk = _walk(process, element, (), False, frozenset({element.id}))
    return list({(found[0].id, *found[1:]): found for found in islice(walk, MOST_WAYS)}.values())


def _walk(
    process: Process,
    element: Element,
    turns: tuple[Turn, ...],
    joins: bool,
    seen: frozenset[str],
) -> Iterator[_Found]:
    for flow in process.outgoing.get(element.id, ()):
        target = process.elements[flow.target]
        taken = (*turns, turn(process, flow)) if is_choice(process, flow) else turns
        waits = joins or (
            target.kind in ("parallelGateway", "inclusiveGateway")
            and len(process.incoming.get(target.id, ())) > 1
        )
        if target.kind in _STOPS:
            yield target, taken, waits
        elif target.id not in seen:
            inner = process.start_of(target.id) if target.kind == "subProcess" else target
            yield from _walk(process, inner, taken, waits, seen | {target.id})


def _line(text: str) -> str:
    return " ".join(text.split())
