"""Branches that cannot follow each other because what is asked at the second contradicts the first.

It is found on the drawing at once: no values of the variables meet the condition of the first
branch and, after all that may be written in between, that of the second. What this does not prove
may still be impossible for another reason; see `engine.scenarios.possible`.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagrams import Element, Process
from engine.model import Model
from engine.scenarios.branches import BranchMap, Pair
from engine.scenarios.dependence import written
from engine.scenarios.values import Domains, Values, compares_only, guard_of
from engine.services import ServiceRegistry

_WAITING = frozenset({"userTask", "callActivity", "intermediateCatchEvent", "eventBasedGateway"})
_SPLITS = frozenset({"parallelGateway", "inclusiveGateway"})


class Contradictions:
    """What cannot be in the diagrams of one model."""

    def __init__(self, model: Model, services: ServiceRegistry, domains: Domains) -> None:
        self.model = model
        self.services = services
        self.domains = domains

    def between(self, drawn: BranchMap, pair: Pair) -> str:
        """Why the second branch cannot follow the first one, "" where that is not proved."""
        first, second = (guard_of(drawn.process, branch) for branch in pair)
        names = {
            name
            for source, _ in (*first, *second)
            if compares_only(source)
            for name in self.model.expressions[source].variables
        }
        if not second or not names:
            return ""
        values = Values(self.model, self.services, self.domains, names)
        if values.too_many:
            return ""
        free = self._written_between(drawn, pair) & names
        held = values.freed(values.met(values.everything, first), free)
        if values.met(held, second):
            return ""
        about = " and ".join(sorted(names - free))
        return f"what they ask about {about} contradicts each other, and nothing in between sets it"

    def _written_between(self, drawn: BranchMap, pair: Pair) -> set[str]:
        """The variables that may be written between the two branches."""
        process = drawn.process
        second = process.elements[process.flows[pair[1]].source]
        between = list(_before(drawn.segments[pair[0]].elements, second))
        waits = any(element.kind in _WAITING for element in between)
        anywhere = waits and _has_company(process)
        return {
            name
            for element in (process.elements.values() if anywhere else between)
            for name in written(self.model, self.services, element)
        }


def _before(elements: list[Element], last: Element) -> Iterator[Element]:
    """Of a segment's elements all that may come before the last one, which is not among them."""
    for element in elements:
        if element is not last:
            yield element
    if last.kind == "boundaryEvent":
        yield last


def _has_company(process: Process) -> bool:
    """Whether two tokens of the process can be on their way at once."""
    return any(
        element.kind in _SPLITS or (element.kind == "boundaryEvent" and not element.interrupting)
        for element in process.elements.values()
    )
