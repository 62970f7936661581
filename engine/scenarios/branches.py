"""The branches of a model's diagrams: which can follow which, and which ones a case has taken.

A branch is a sequence flow at which a case takes one way of several: out of an exclusive, inclusive
or event-based gateway, or out of a boundary event. Two branches are a pair if the second can be the
next one after the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from engine.diagrams import Element, Process
from engine.nets import item_of
from engine.spiff import Passed

Pair = tuple[str, str]
Calls = tuple[str, ...]
_CHOOSING = frozenset({"exclusiveGateway", "inclusiveGateway", "eventBasedGateway"})
_THROWN = frozenset({"error", "escalation"})


def branches_at(process: Process, element: Element) -> tuple[str, ...]:
    """The flows out of an element that are branches; none where it has one way on only."""
    flows = process.outgoing.get(element.id, ())
    chooses = element.kind in _CHOOSING and len(flows) > 1
    if not chooses and element.kind != "boundaryEvent":
        return ()
    return tuple(flow.id for flow in flows)


def catcher(process: Process, element: Element) -> Element | None:
    """The boundary event around `element` that catches the error or escalation it throws."""
    event = element.event
    if element.kind == "boundaryEvent" or event is None or event.kind not in _THROWN:
        return None
    scope = element.scope
    while scope in process.elements:
        for around in process.boundary.get(scope, ()):
            if around.event == event:
                return around
        scope = process.elements[scope].scope
    return None


@dataclass
class Segment:
    """What lies between a branch (or the start of a process) and the next ones.

    `elements` are passed in between in this order, `flows` are the flows taken and `follows` the
    next branches, each with the processes that are called on the way to it. `called` are all of
    these, each with those before it; `ends` are those on the way to the end of the process, None if
    it cannot end here.
    """

    elements: list[Element] = field(default_factory=list)
    flows: dict[str, Calls] = field(default_factory=dict)
    follows: dict[str, Calls] = field(default_factory=dict)
    called: dict[str, Calls] = field(default_factory=dict)
    ends: Calls | None = None


class BranchMap:
    """Every branch of one process; the process's own id stands for its start."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.branches = tuple(
            flow for element in process.elements.values() for flow in branches_at(process, element)
        )
        self.segments = {process.id: self._from([process.start_of(process.id)], Segment())}
        for branch in self.branches:
            target = process.elements[process.flows[branch].target]
            self.segments[branch] = self._from([target], Segment(flows={branch: ()}))

    def pairs(self) -> list[Pair]:
        """Every two branches that follow each other on the drawing."""
        return [
            (branch, following)
            for branch in self.branches
            for following in self.segments[branch].follows
        ]

    def onward(self, element: Element) -> Segment:
        """What comes after an element at which a token waits, when it is done or happens."""
        process, segment = self.process, Segment()
        chosen = [
            flow.id
            for flow in process.incoming.get(element.id, ())
            if process.elements[flow.source].kind == "eventBasedGateway"
        ] or branches_at(process, element)
        if chosen:
            self._next(segment, chosen, ())
            return segment
        return self._from(list(self._onward(element, segment, ())), segment)

    def _from(self, first: list[Element], segment: Segment) -> Segment:
        process, seen = self.process, set[str]()
        todo: list[tuple[Element, Calls]] = [(element, ()) for element in first]
        while todo:
            element, calls = todo.pop(0)
            if element.id in seen:
                continue
            seen.add(element.id)
            segment.elements.append(element)
            for event in process.boundary.get(element.id, ()):
                if event.event is None or event.event.kind not in _THROWN:
                    self._next(segment, branches_at(process, event), calls)
            caught = catcher(process, element)
            if caught is not None:
                self._next(segment, branches_at(process, caught), calls)
            branches = branches_at(process, element)
            if branches:
                self._next(segment, branches, calls)
            elif element.kind == "subProcess":
                todo.append((process.start_of(element.id), calls))
            else:
                if element.called:
                    segment.called.setdefault(element.called, calls)
                    calls = (*calls, element.called)
                todo += [(after, calls) for after in self._onward(element, segment, calls)]
        return segment

    def _next(self, segment: Segment, branches: Iterable[str], calls: Calls) -> None:
        for name in branches:
            segment.follows.setdefault(name, calls)

    def _onward(self, element: Element, segment: Segment, calls: Calls) -> Iterator[Element]:
        """What comes after an element without a choice, out of the sub-processes that it ends."""
        process = self.process
        while not process.outgoing.get(element.id):
            if element.scope not in process.elements:
                segment.ends = calls
                return
            element = process.elements[element.scope]
        for flow in process.outgoing[element.id]:
            segment.flows.setdefault(flow.id, calls)
            yield process.elements[flow.target]


@dataclass(frozen=True)
class Taken:
    """What a step took of one process: its flows, and each branch with the one before it."""

    flows: tuple[str, ...]
    pairs: tuple[Pair, ...]


class Trail:
    """By which branch each token of an instance came, kept up to date as elements are passed."""

    def __init__(self, process: Process, at: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.process = process
        self.at: dict[str, tuple[str, ...]] = dict(at or {})
        if at is None:
            self._arrive(process.start_of(process.id), process.id)

    def copy(self) -> Trail:
        """A trail of its own that goes on from here."""
        return Trail(self.process, self.at)

    def branch(self, element: str) -> str:
        """The branch by which the token that waits at `element` came."""
        return (self.at.get(element) or (self.process.id,))[0]

    def pass_by(self, passed: Passed) -> Taken:
        """Note that an element was passed. Returns what was taken by that."""
        process, element = self.process, passed.element
        came = self.at.pop(element.id, ()) or (process.id,)
        joins = element.kind in ("parallelGateway", "inclusiveGateway")
        by, left = (came, ()) if joins else (came[:1], came[1:])
        if left:
            self.at[element.id] = left
        if element.kind == "boundaryEvent":
            if element.interrupting:
                self._leave(element.attached_to or "")
            else:
                self.at[element.id] = came
        caught = catcher(process, element)
        if caught is not None:
            self.at[caught.id] = by
        if element.kind == "endEvent" and element.scope in process.elements:
            self.at[element.scope] = by
        branches = branches_at(process, element)
        flows: list[str] = []
        pairs: list[Pair] = []
        if element.kind == "intermediateCatchEvent":
            self._won(element, by[0], flows, pairs)
            by = tuple(pair[1] for pair in pairs) or by
        for flow in process.outgoing.get(element.id, ()):
            if branches and passed.flows and flow.id not in passed.flows:
                continue
            target = process.elements[flow.target]
            if element.kind == "eventBasedGateway":
                self._arrive(target, by[0])
                continue
            flows.append(flow.id)
            if flow.id in branches:
                pairs += [(before, flow.id) for before in by]
                self._arrive(target, flow.id)
            else:
                for before in by:
                    self._arrive(target, before)
        return Taken(tuple(flows), tuple(pairs))

    def _won(self, event: Element, by: str, flows: list[str], pairs: list[Pair]) -> None:
        """A catch event happened: if it stands behind a gateway, its flow from there was taken."""
        process = self.process
        for flow in process.incoming.get(event.id, ()):
            gateway = process.elements[flow.source]
            if gateway.kind == "eventBasedGateway":
                flows.append(flow.id)
                if flow.id in branches_at(process, gateway):
                    pairs.append((by, flow.id))
                for other in process.outgoing[gateway.id]:
                    if other.target != event.id:
                        self.at.pop(other.target, None)

    def _arrive(self, element: Element, by: str) -> None:
        process = self.process
        for event in process.boundary.get(element.id, ()):
            self.at[event.id] = (by,)
        if element.kind == "subProcess":
            self._clear(element.id)
            self._arrive(process.start_of(element.id), by)
        else:
            self.at[element.id] = (*self.at.get(element.id, ()), by)

    def _leave(self, activity: str) -> None:
        self.at.pop(activity, None)
        self._clear(activity)

    def _clear(self, scope: str) -> None:
        for inside in self.process.within(scope):
            self.at.pop(inside.id, None)
            if inside.kind == "subProcess":
                self._clear(inside.id)


def is_start(branch: str) -> bool:
    """Whether a name that is its own in the whole model is the start of a process, no branch."""
    process, _, id = branch.partition("/")
    return process == id


def qualified(process: Process, pairs: tuple[Pair, ...]) -> list[Pair]:
    """Pairs by names that are their own in the whole model."""
    return [(item_of(process, before), item_of(process, after)) for before, after in pairs]
