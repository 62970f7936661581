"""What is written where in a diagram, and on which variables a way depends from there on."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagrams import Element, Process
from engine.forms import Form
from engine.model import Model
from engine.scenarios.branches import catcher
from engine.services import ServiceRegistry


def form_of(model: Model, element: Element) -> Form | None:
    """The form that is answered where an element is passed."""
    form_id = element.form
    if element.event is not None and element.event.value in model.messages:
        form_id = model.messages[element.event.value].form
    return model.forms[form_id] if form_id else None


def written(model: Model, services: ServiceRegistry, element: Element) -> frozenset[str]:
    """The variables that passing an element may set."""
    form = form_of(model, element)
    if form is not None:
        return frozenset(form.keys)
    if element.kind == "callActivity":
        return frozenset(element.returns)
    if element.decision:
        decision = model.decisions[element.decision]
        return frozenset((*decision.outputs, decision.id))
    if element.handler:
        return frozenset(services.handlers[element.handler].results)
    return frozenset()


def depends_on(
    model: Model, services: ServiceRegistry, process: Process
) -> dict[str, frozenset[str]]:
    """For each element of a process the variables whose values, as they are when a token waits
    there, conditions and decisions may still read before they are set anew."""
    elements = process.elements.values()
    after = {element.id: list(_after(process, element)) for element in elements}
    sets = {element.id: written(model, services, element) for element in elements}
    read = {element.id: frozenset(_read(model, process, element)) for element in elements}
    found = dict(read)
    changed = True
    while changed:
        changed = False
        for element in elements:
            onward = frozenset[str]().union(*(found[name] for name in after[element.id]))
            beside = (found[event.id] for event in process.boundary.get(element.id, ()))
            now = read[element.id].union(onward - sets[element.id], *beside)
            if now != found[element.id]:
                found[element.id], changed = now, True
    return found


def _read(model: Model, process: Process, element: Element) -> Iterator[str]:
    for flow in process.outgoing.get(element.id, ()):
        if flow.condition:
            yield from model.expressions[flow.condition].variables
    if element.decision:
        yield from model.decisions[element.decision].variables


def _after(process: Process, element: Element) -> Iterator[str]:
    if element.kind == "subProcess":
        yield process.start_of(element.id).id
    caught = catcher(process, element)
    if caught is not None:
        yield caught.id
    while not process.outgoing.get(element.id) and element.scope in process.elements:
        element = process.elements[element.scope]
    for flow in process.outgoing.get(element.id, ()):
        yield flow.target
