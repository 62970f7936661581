"""Which variables a step gives, and which ways cannot be gone before one of theirs was given.

A variable that nobody has set is null, so a flow whose condition is not true while its variables
are null is closed until a step gives one of them. What a case is started with counts as given by
nobody. What is given stays given: it may be null again later, so a way that was open once is never
taken for closed.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.diagrams import Element
from engine.errors import EngineError
from engine.feel import FeelError
from engine.model import Model
from engine.nets import item_of
from engine.services import ServiceRegistry


class Given:
    """What the ways through a model's diagrams say of the variables `names`.

    `items` are the elements that give one of them, and the flows that wait for one. What was
    given so far is a number with a bit for each variable. Where a process is looked at `alone`,
    what it calls is taken to give all that it returns.
    """

    def __init__(
        self, model: Model, services: ServiceRegistry, names: Iterable[str], *, alone: bool
    ) -> None:
        bits = {name: 1 << place for place, name in enumerate(sorted(set(names)))}
        self._gives: dict[str, int] = {}
        self._needs: dict[str, int] = {}
        for process in model.processes.values():
            for element in process.elements.values():
                given = results(model, services, element)
                if alone:
                    given |= set(element.returns)
                if known := sum(bit for name, bit in bits.items() if name in given):
                    self._gives[item_of(process, element.id)] = known
            for flow in process.flows.values():
                expression = model.expressions.get(flow.condition or "")
                read = expression.variables if expression is not None else frozenset()
                if expression is None or not read or read - bits.keys():
                    continue
                try:
                    is_open = expression.evaluate({}) is True
                except (FeelError, EngineError):
                    is_open = False  # the gateway would not pass it either
                if not is_open:
                    needed = sum(bits[name] for name in read)
                    self._needs[item_of(process, flow.id)] = needed
        self.items = frozenset(self._gives) | frozenset(self._needs)

    def after(self, given: int, items: Iterable[str]) -> int | None:
        """What is given once these items were passed in turn; None where that cannot be."""
        for item in items:
            needed = self._needs.get(item)
            if needed is not None and not needed & given:
                return None
            given |= self._gives.get(item, 0)
        return given


def results(model: Model, services: ServiceRegistry, element: Element) -> frozenset[str]:
    """The names of the variables that an element sets by itself: a form's answers, what a handler
    gives, a decision's outputs. What a called process hands back was given in there."""
    form = element.form or ""
    event = element.event
    if event is not None and event.kind == "message" and event.value in model.messages:
        form = model.messages[event.value].form or ""
    found = set(model.forms[form].keys) if form in model.forms else set()
    handler = services.handlers.get(element.handler or "")
    decision = model.decisions.get(element.decision or "")
    found |= set(handler.results) if handler is not None else set()
    found |= set(decision.outputs) if decision is not None else set()
    return frozenset(found)
