"""From a drawing to the net on which the token game is played."""

from __future__ import annotations

from collections.abc import Callable

from engine.diagrams import Element, Process
from engine.tokens import Arc, Catch, Node, Scope

Inside = Callable[[Process, Element], "tuple[Process, str] | None"]
"""What runs inside a sub-process or call: the process and the scope in it, None for a plain step"""


def item_of(process: Process, id: str) -> str:
    """An element or flow by a name that is its own in the whole model."""
    return f"{process.id}/{id}"


def build(process: Process, scope: str, inside: Inside, beside: int = 2) -> Scope:
    """The net of a process or sub-process of a drawing whose shape is sound."""
    net = Scope(scope, beside)
    elements = [e for e in process.within(scope) if e.kind != "boundaryEvent"]
    for element in elements:
        node = Node(element.id, item_of(process, element.id), _kind(process, element))
        node.is_start = element.kind == "startEvent"
        node.is_race = element.kind == "eventBasedGateway"
        if node.kind == "throw":
            node.event = element.event
        within = inside(process, element)
        if within is not None:
            node.scope = build(*within, inside, beside)
        net.nodes[node.id] = node
    numbers = iter(range(1_000_000))

    def arcs(element: Element, source: Node, default: str | None) -> list[Arc]:
        made = []
        for flow in process.outgoing.get(element.id, ()):
            via = (item_of(process, flow.id),)
            arc = Arc(
                next(numbers), source.id, flow.target, via, frozenset(via), flow.id == default
            )
            net.nodes[flow.target].incoming.append(arc)
            made.append(arc)
        return made

    for element in elements:
        node = net.nodes[element.id]
        node.outgoing = arcs(element, node, element.default)
        for event in process.boundary.get(element.id, ()):
            if event.event is None:
                continue
            for arc in arcs(event, node, None):
                item = item_of(process, event.id)
                node.catches.append(Catch(item, event.event, event.interrupting, arc))
    return net


def _kind(process: Process, element: Element) -> str:
    event = element.event.kind if element.event is not None else None
    if event == "terminate":
        return "terminate"
    if event in ("error", "escalation"):
        return "throw"
    if element.kind == "endEvent":
        return "end"
    return {"parallelGateway": "all", "inclusiveGateway": "some"}.get(element.kind, "one")
