"""The shape of a drawing: no loose ends, gateways with a default, events that something catches."""

from __future__ import annotations

from collections.abc import Callable

from engine.diagrams import ACTIVITIES, Element, EventDefinition, Flow, Process
from engine.errors import Finding

_Complain = Callable[[Element | Flow, str, str], None]


def check_shape(process: Process) -> list[Finding]:
    """What is wrong with the drawing itself: loose ends, gateways that could stick, events that
    nothing can reach."""
    findings: list[Finding] = []

    def complain(item: Element | Flow, code: str, message: str) -> None:
        findings.append(Finding("error", code, message, process.path, item.id, item.line))

    scopes = [process.id, *(e.id for e in process.elements.values() if e.kind == "subProcess")]
    for scope in scopes:
        where = process.elements.get(scope)
        starts = [e for e in process.within(scope) if e.kind == "startEvent"]
        if len(starts) != 1:
            what = f"The sub-process “{where.label}”" if where else f"The process “{process.name}”"
            findings.append(
                Finding(
                    "error",
                    "start-event",
                    f"{what} has {len(starts)} start events. Draw exactly one.",
                    process.path,
                    scope,
                    where.line if where else None,
                )
            )
            continue
        _check_paths(process, scope, starts[0], complain)
    for element in process.elements.values():
        _check_element(process, element, complain)
    return findings


def _check_paths(
    process: Process,
    scope: str,
    start: Element,
    complain: _Complain,
) -> None:
    inside = {element.id: element for element in process.within(scope)}
    onward: dict[str, set[str]] = {
        name: {flow.target for flow in process.outgoing.get(name, ())}
        | {event.id for event in process.boundary.get(name, ())}
        for name in inside
    }
    backward: dict[str, set[str]] = {name: set() for name in inside}
    for name, targets in onward.items():
        for target in targets:
            if target not in inside:
                complain(
                    inside[name],
                    "flow-across",
                    f"A flow leads from “{inside[name].label}” across the border of a "
                    "sub-process. Flows stay inside; use a boundary event to leave.",
                )
                return
            backward[target].add(name)
    reached = closure({start.id}, onward)
    ending = closure({name for name in inside if not onward[name]}, backward)
    for name, element in inside.items():
        if name not in reached:
            complain(
                element,
                "unreachable",
                f"Nothing leads to “{element.label}”, so it never happens. Connect or remove it.",
            )
        elif name not in ending:
            complain(
                element,
                "no-way-out",
                f"From “{element.label}” there is no way to an end. Draw one.",
            )


def closure(start: set[str], edges: dict[str, set[str]]) -> set[str]:
    seen, todo = set(start), list(start)
    while todo:
        for target in edges.get(todo.pop(), ()):
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def _check_element(process: Process, element: Element, complain: _Complain) -> None:
    who = f"“{element.label}”"
    outgoing = process.outgoing.get(element.id, ())
    incoming = process.incoming.get(element.id, ())
    pairs = [flow.target for flow in outgoing]
    if len(pairs) != len(set(pairs)):
        complain(
            element,
            "double-flow",
            f"Two flows lead from {who} to the same element. Join them into one.",
        )
    if element.kind in ("exclusiveGateway", "inclusiveGateway"):
        _check_choice(element, outgoing, complain)
    else:
        if len(outgoing) > 1 and element.kind not in ("parallelGateway", "eventBasedGateway"):
            complain(
                element,
                "implicit-split",
                f"{len(outgoing)} flows leave {who}. Put a gateway behind it, which says whether "
                "one or all of them are taken.",
            )
        for flow in outgoing:
            if flow.condition:
                complain(
                    flow,
                    "condition-ignored",
                    f"The flow out of {who} has a condition, which only flows out of exclusive "
                    "and inclusive gateways can have. Put such a gateway behind it.",
                )
    if element.kind == "endEvent" and outgoing:
        complain(element, "end-goes-on", f"{who} is an end, but a flow leaves it. Remove one.")
    if element.kind in ("startEvent", "boundaryEvent") and incoming:
        complain(element, "start-entered", f"A flow leads into {who}, which starts by itself.")
    if element.kind == "boundaryEvent":
        host = process.elements.get(element.attached_to or "")
        if host is None or host.kind not in ACTIVITIES or host.scope != element.scope:
            complain(element, "loose-boundary", f"{who} is not attached to an activity.")
        if element.event and element.event.kind == "error" and not element.interrupting:
            complain(element, "error-goes-on", f"{who}: an error always interrupts. Make it solid.")
        if not outgoing:
            complain(element, "boundary-end", f"Nothing follows {who}. Draw what happens then.")
    if element.kind == "eventBasedGateway":
        targets = [process.elements[flow.target] for flow in outgoing]
        if len(targets) < 2 or any(
            target.kind != "intermediateCatchEvent" or len(process.incoming.get(target.id, ())) > 1
            for target in targets
        ):
            complain(
                element,
                "event-gateway",
                f"{who} has to lead to two or more catch events that nothing else leads to.",
            )
    if element.kind == "parallelGateway" and len(incoming) > 1:
        onward = {
            e.id: {flow.target for flow in process.outgoing.get(e.id, ())} - {element.id}
            for e in process.within(element.scope)
        }
        before = (
            closure({process.start_of(element.scope).id}, onward)
            if _has_start(process, element.scope)
            else set(onward)
        )
        before |= closure(
            {e.id for e in process.within(element.scope) if e.kind == "boundaryEvent"}, onward
        )
        for flow in incoming:
            if flow.source not in before:
                complain(
                    element,
                    "parallel-loop",
                    f"{who} waits for a flow that only comes out of itself, so it would wait for "
                    "ever. Lead the loop into an exclusive gateway before it.",
                )
    if element.event and element.event.kind in ("error", "escalation"):
        _check_caught(process, element, element.event, complain)


def _has_start(process: Process, scope: str) -> bool:
    return any(e.kind == "startEvent" for e in process.within(scope))


def _check_choice(
    element: Element,
    outgoing: tuple[Flow, ...],
    complain: _Complain,
) -> None:
    who = f"“{element.label}”"
    if len(outgoing) < 2:
        if any(flow.condition for flow in outgoing):
            complain(
                element,
                "single-condition",
                f"The only flow out of {who} has a condition; if it is not met the case sticks. "
                "Remove the condition, or draw the other way.",
            )
        return
    if element.default is None:
        complain(
            element,
            "no-default",
            f"{who} has no default flow: if no condition is met the case sticks. Mark one flow as "
            "the default.",
        )
    for flow in outgoing:
        if flow.id == element.default and flow.condition:
            complain(
                flow,
                "default-condition",
                f"The default flow of {who} has a condition, which is ignored. Remove it.",
            )
        if flow.id != element.default and not flow.condition:
            complain(
                flow,
                "no-condition",
                f"A flow out of {who} has no condition and is not the default, so it is always "
                "taken. Give it a condition.",
            )


def _check_caught(
    process: Process, element: Element, event: EventDefinition, complain: _Complain
) -> None:
    if element.kind == "boundaryEvent":
        return
    scope = element.scope
    while scope in process.elements:
        if any(around.event == event for around in process.boundary.get(scope, ())):
            return
        scope = process.elements[scope].scope
    complain(
        element,
        "uncaught",
        f"“{element.label}” throws the {event.kind} “{event.value}”, which nothing around it "
        "catches, so it would be lost. Attach a boundary event to the sub-process it is in.",
    )
