"""Compiling a diagram into Spiff specs, once for all instances of a version."""

from __future__ import annotations

from engine.diagrams import Element, Process
from engine.spiff.steps import (
    Activation,
    CallActivity,
    CatchEvent,
    Choice,
    EventGateway,
    InclusiveGateway,
    ParallelGateway,
    Scope,
    Step,
    SubProcess,
    TerminateEvent,
    ThrowEvent,
    UserTask,
    Work,
)


class Program:
    """A process compiled into Spiff specs, shared by every instance of its version."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.positions = {name: position for position, name in enumerate(process.elements)}
        self.specs: dict[str, Scope] = {}
        scopes = [process.id, *(e.id for e in process.elements.values() if e.kind == "subProcess")]
        for scope in scopes:
            self._compile(scope)

    def _compile(self, scope: str) -> None:
        process = self.process
        spec = self.specs[scope] = Scope(scope)
        elements = process.within(scope)
        entries: dict[str, Step] = {}
        for element in elements:
            step = _step(spec, element)
            step.element = element
            step.bpmn_id, step.bpmn_name = element.id, element.name
            entries[element.id] = step
        for element in elements:
            step = spec.task_specs[element.id]
            events = process.boundary.get(element.id, ())
            if events:
                activation = Activation(spec, f"{element.id}:activation")
                activation.element = element
                activation.connect(step)
                for event in events:
                    activation.connect(spec.task_specs[event.id])
                entries[element.id] = activation
        for element in elements:
            step = spec.task_specs[element.id]
            flows = process.outgoing.get(element.id, ())
            for flow in flows:
                target = entries[flow.target]
                step.connect(target)
                if isinstance(step, Choice):
                    is_default = flow.id == element.default
                    step.flows.append((flow.id, flow.condition, target.name, is_default))
            if not flows:
                step.connect(spec.end)
                if isinstance(step, Choice):
                    step.flows.append(("", None, spec.end.name, False))
        spec.start.connect(entries[process.start_of(scope).id])


def _step(spec: Scope, element: Element) -> Step:
    match element.kind:
        case "userTask":
            return UserTask(spec, element.id)
        case "callActivity":
            return CallActivity(spec, element.id)
        case "serviceTask" | "businessRuleTask":
            return Work(spec, element.id)
        case "subProcess":
            return SubProcess(spec, element.id)
        case "exclusiveGateway":
            return Choice(spec, element.id, several=False)
        case "inclusiveGateway":
            return InclusiveGateway(spec, element.id)
        case "parallelGateway":
            return ParallelGateway(spec, element.id)
        case "eventBasedGateway":
            return EventGateway(spec, element.id)
        case "intermediateCatchEvent" | "boundaryEvent":
            return CatchEvent(spec, element.id)
        case "endEvent" if element.event is not None and element.event.kind == "terminate":
            return TerminateEvent(spec, element.id)
        case "intermediateThrowEvent" | "endEvent":
            return ThrowEvent(spec, element.id)
    return Step(spec, element.id)
