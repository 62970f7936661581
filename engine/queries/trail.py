"""What led to a step of a case: its history, walked back along the diagrams.

The history has the order in which things happened, the diagrams have what can follow what; both
together tell which of the things that happened led to a step where several ran side by side. Where
the way leads out of a called process into its caller, or back into one that has returned, the walk
follows it. Only so many events are read, however long the history is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from engine.diagrams import Element, Flow, Process
from engine.model import Model
from engine.models import history, instance
from engine.queries.onward import is_choice
from engine.queries.record import Event, event_of

MOST_EVENTS = 600
_PIECE = 50
_PASSES = frozenset({"passed", "served", "decided"})
_WORK = frozenset({"serviceTask", "businessRuleTask"})
"""Written down as they are done, before all that is passed until the next rest: their place in the
history says nothing about what else came before them."""


@dataclass(frozen=True)
class Move:
    """One move of a case: the `event` that set it going, and what it passed until it came to rest.

    `event` is a completed task, a message, a timer or the start of the case, at `element` of
    `process`; `flows` are those that gateways chose, each with its process, in order; `decisions`
    the events of decisions on the way; `served` the service tasks and decisions passed.
    """

    event: Event
    process: Process
    element: Element
    flows: tuple[tuple[Process, Flow], ...]
    decisions: tuple[Event, ...]
    served: tuple[Element, ...]


@dataclass
class _Passed:
    """What was passed on the way back to the event that set a move going, the last first."""

    flows: list[tuple[Process, Flow]] = field(default_factory=list)
    decisions: list[Event] = field(default_factory=list)
    served: list[Element] = field(default_factory=list)

    def move(self, event: Event, process: Process, element: Element) -> Move:
        return Move(
            event,
            process,
            element,
            tuple(reversed(self.flows)),
            tuple(reversed(self.decisions)),
            tuple(reversed(self.served)),
        )


class Trail:
    """The way back from places of one case. All that it reads comes out of one allowance."""

    def __init__(self, connection: sa.Connection, model: Model) -> None:
        self.connection = connection
        self.model = model
        self.allowance = MOST_EVENTS
        self._logs: dict[int, _Log] = {}

    def opening(self, instance_id: int, element: str, at: Any) -> int | None:
        """The number of the event with which a user task was opened at `at`; None if unknown."""
        last = self.connection.execute(
            sa.select(history.c.seq)
            .where(history.c.instance_id == instance_id, history.c.at == at)
            .order_by(history.c.seq.desc())
            .limit(1)
        ).scalar_one_or_none()
        if last is None:
            return None
        opened = self._log(instance_id).latest(
            last + 1, lambda event: event.kind == "task_opened" and event.element == element
        )
        return opened.seq if opened else None

    def moves(self, instance_id: int, element_id: str, before: int) -> Iterator[Move]:
        """The moves that led to an element, the latest first, from the event numbered `before`.

        Ends where the case began or where the allowance is used up.
        """
        log = self._log(instance_id)
        element = log.process.elements[element_id]
        passed = _Passed()
        while (came := _came_from(log, element, before)) is not None:
            event, source, flow = came
            if is_choice(log.process, flow):
                passed.flows.append((log.process, flow))
            if source.kind in _WORK:
                passed.served.append(source)
                if event.kind == "decided":
                    passed.decisions.append(event)
                element = source
                continue
            found = self._begun(log, source, event.seq)
            if found is None:
                return
            log, element, began, before = found
            if began is None:
                continue
            yield passed.move(began, log.process, element)
            passed = _Passed()
            if element.kind == "startEvent":
                return
            if element.attached_to is not None:
                element = log.process.elements[element.attached_to]

    def _begun(
        self, log: _Log, element: Element, before: int
    ) -> tuple[_Log, Element, Event | None, int] | None:
        """From an element that was passed to where the walk goes on: log, element and number of
        the event before which to look, with the event that set the case going there if one did.
        """
        while element.kind in ("subProcess", "callActivity") or _catches_a_throw(element):
            inside = self._inside(log, element, before)
            if inside is None:
                return None
            log, element, before = inside
        if element.kind == "startEvent" and element.scope == log.process.id:
            event = log.latest(before, _is("started", None))
        elif element.kind == "userTask":
            event = log.latest(before, _is("task_completed", element))
        elif element.kind in ("boundaryEvent", "intermediateCatchEvent") and element.event:
            event = log.latest(before, _is(element.event.kind, element))
        else:
            return log, element, None, before
        if event is None:
            return None
        if event.kind == "started" and log.parent_id is not None:
            # A history may be older than these notes in it: then nobody knows the way on.
            number = event.detail.get("caller")
            parent = self._log(log.parent_id)
            call = parent.process.elements[log.parent_element]
            return None if number is None else (parent, call, None, number)
        return log, element, event, event.seq

    def _inside(self, log: _Log, element: Element, before: int) -> tuple[_Log, Element, int] | None:
        """What was passed last within a scope or a called process, or threw what was caught."""
        wanted = _ends(log.process, element.id)
        if element.kind == "boundaryEvent":
            wanted = _throwers(log.process, element)
        elif element.kind == "callActivity":
            back = log.latest(before, _is("returned", element))
            if back is None or "instance" not in back.detail:
                return None
            log = self._log(back.detail["instance"])
            before = log.events + 1
            wanted = _ends(log.process, log.process.id)
        last = log.latest(before, wanted)
        if last is None or last.element is None:
            return None
        return log, log.process.elements[last.element], before

    def _log(self, instance_id: int) -> _Log:
        if instance_id not in self._logs:
            self._logs[instance_id] = _Log(self, instance_id)
        return self._logs[instance_id]


class _Log:
    """The history of one instance, read backwards in pieces."""

    def __init__(self, trail: Trail, instance_id: int) -> None:
        row = trail.connection.execute(
            sa.select(
                instance.c.process, instance.c.parent_id, instance.c.parent_element,
                instance.c.events,
            ).where(instance.c.id == instance_id)
        ).one()  # fmt: skip
        self.process = trail.model.processes[row.process]
        self.parent_id: int | None = row.parent_id
        self.parent_element: str = row.parent_element or ""
        self.events: int = row.events
        self._id = instance_id
        self._trail = trail
        self._read: list[Event] = []

    def latest(self, before: int, wanted: Callable[[Event], bool]) -> Event | None:
        """The latest event numbered less than `before` that is `wanted`."""
        # Numbers have no gaps, so the place of each event follows from its number.
        place = self._read[0].seq - before + 1 if self._read else 0
        if place < 0:
            self._read, place = [], 0
        while place < len(self._read) or self._more(before):
            if wanted(self._read[place]):
                return self._read[place]
            place += 1
        return None

    def _more(self, before: int) -> bool:
        top = self._read[-1].seq if self._read else before
        wanted = min(_PIECE, self._trail.allowance)
        rows = self._trail.connection.execute(
            sa.select(history)
            .where(history.c.instance_id == self._id, history.c.seq < top)
            .order_by(history.c.seq.desc())
            .limit(wanted)
        ).all()
        self._trail.allowance -= len(rows)
        self._read += [event_of(self.process, row) for row in rows]
        return bool(rows)


def _came_from(log: _Log, element: Element, before: int) -> tuple[Event, Element, Flow] | None:
    """The latest event by which the case came on to an element, at which one, by which flow."""
    process = log.process
    while element.kind == "startEvent" and element.scope != process.id:
        element = process.elements[element.scope]
    flows = {flow.id: flow for flow in process.incoming.get(element.id, ())}
    by_source = {flow.source: flow for flow in flows.values()}

    def taken(event: Event) -> Flow | None:
        if event.kind not in _PASSES or event.element not in by_source:
            return None
        chosen = event.detail.get("flows")
        if chosen is None:
            return by_source[event.element]
        return next((flows[name] for name in chosen if name in flows), None)

    event = log.latest(before, lambda event: taken(event) is not None)
    flow = taken(event) if event else None
    if event is None or flow is None:
        return None
    return event, process.elements[flow.source], flow


def _is(kind: str, element: Element | None) -> Callable[[Event], bool]:
    return lambda event: event.kind == kind and (element is None or event.element == element.id)


def _catches_a_throw(element: Element) -> bool:
    return (
        element.kind == "boundaryEvent"
        and element.event is not None
        and element.event.kind in ("error", "escalation")
    )


def _ends(process: Process, scope: str) -> Callable[[Event], bool]:
    """Passing an element after which nothing follows in this scope."""
    last = {each.id for each in process.within(scope) if not process.outgoing.get(each.id)}
    return lambda event: event.kind in _PASSES and event.element in last


def _throwers(process: Process, catcher: Element) -> Callable[[Event], bool]:
    """Passing an element that throws what this boundary event catches."""
    throws = {
        element.id
        for element in process.elements.values()
        if element is not catcher
        and element.event == catcher.event
        and element.kind in ("endEvent", "intermediateThrowEvent")
    }
    return lambda event: event.kind == "passed" and event.element in throws
