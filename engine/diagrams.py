"""Diagrams as the engine sees them: processes with their elements and flows, by element id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

EVENTS = frozenset(
    {
        "startEvent",
        "endEvent",
        "intermediateCatchEvent",
        "intermediateThrowEvent",
        "boundaryEvent",
    }
)
TASKS = frozenset({"userTask", "serviceTask", "businessRuleTask"})
ACTIVITIES = TASKS | {"callActivity", "subProcess"}
GATEWAYS = frozenset(
    {"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"}
)
FLOW_NODES = EVENTS | ACTIVITIES | GATEWAYS


@dataclass(frozen=True)
class Flow:
    """A sequence flow; `condition` is FEEL, or None where it is taken always or by default."""

    id: str
    name: str
    source: str
    target: str
    condition: str | None
    line: int | None


@dataclass(frozen=True)
class EventDefinition:
    """What an event waits for or throws.

    `kind` is timer, message, error, escalation or terminate. `value` is the message's name, the
    error's or escalation's code, or the timer's FEEL; `timer` is duration, date or cycle.
    """

    kind: str
    value: str = ""
    timer: str = ""


@dataclass(frozen=True)
class Element:
    """A flow node of a diagram; `scope` is the id of the process or sub-process it stands in."""

    id: str
    kind: str
    name: str
    scope: str
    line: int | None
    documentation: str = ""
    clauses: tuple[str, ...] = ()
    lane: str | None = None
    form: str | None = None
    due: str | None = None
    tray: str | None = None
    assignee: str | None = None
    returns: tuple[str, ...] = ()
    handler: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    decision: str | None = None
    called: str | None = None
    event: EventDefinition | None = None
    attached_to: str | None = None
    interrupting: bool = True
    default: str | None = None

    @property
    def due_expression(self) -> str | None:
        """The FEEL of `due` where it is not a step of the timescales table: it begins with “=”."""
        return self.due[1:] if self.due and self.due.startswith("=") else None

    @cached_property
    def label(self) -> str:
        """The name on the diagram on one line, or the id where it has none."""
        return " ".join(self.name.split()) or self.id


@dataclass(frozen=True)
class Process:
    """One executable process of a file, with its sub-processes' elements by id."""

    id: str
    name: str
    path: str
    elements: Mapping[str, Element]
    flows: Mapping[str, Flow]
    outgoing: Mapping[str, tuple[Flow, ...]]
    incoming: Mapping[str, tuple[Flow, ...]]
    boundary: Mapping[str, tuple[Element, ...]]
    lanes: tuple[str, ...]

    def within(self, scope: str) -> list[Element]:
        """The elements that stand directly in the process or sub-process `scope`."""
        return [element for element in self.elements.values() if element.scope == scope]

    def start_of(self, scope: str) -> Element:
        return next(e for e in self.within(scope) if e.kind == "startEvent")
