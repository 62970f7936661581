"""Branches that cannot follow each other because what is asked at the second contradicts the first.

It is proved from the drawing: no values of the variables meet the condition of the first branch
and, after all that may be written in between, that of the second. What this does not prove may
still be impossible for another reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise, product
from typing import Any

from engine import feel
from engine.diagrams import Element, Process
from engine.model import Model
from engine.scenarios.branches import BranchMap, Pair
from engine.scenarios.dependence import written
from engine.scenarios.fillings import Constants
from engine.services import ServiceRegistry

_MOST_VALUATIONS = 5_000
_SOMETHING_ELSE = "something that no expression names"
_ANOTHER_THING = "something else that no expression names"
_TOKEN = re.compile(r'"[^"\n]*"|\d+(?:\.\d+)?|!=|<=|>=|[=<>()]|[A-Za-z_]\w*|\S')
_WORDS = frozenset({"and", "or", "not", "true", "false", "null"})
_WAITING = frozenset({"userTask", "callActivity", "intermediateCatchEvent", "eventBasedGateway"})
_SPLITS = frozenset({"parallelGateway", "inclusiveGateway"})


class Contradictions:
    """What cannot be in the diagrams of one model."""

    def __init__(self, model: Model, services: ServiceRegistry) -> None:
        self.model = model
        self.services = services
        self.constants = Constants(model)

    def between(self, drawn: BranchMap, pair: Pair) -> str:
        """Why the second branch cannot follow the first one, "" where that is not proved."""
        process = drawn.process
        first, second = (self._guard(process, branch) for branch in pair)
        if first is None or second is None or not second:
            return ""
        names = sorted({n for e, _ in (*first, *second) for n in e.variables})
        domains = [self._domain(name) for name in names]
        count = 1
        for domain in domains:
            count *= len(domain)
        if count > _MOST_VALUATIONS:
            return ""
        free = self._written_between(drawn, pair, set(names))
        held: set[tuple[Any, ...]] = set()
        for values in product(*domains):
            valuation = dict(zip(names, values, strict=True))
            if _meets(first, valuation):
                held.add(tuple(valuation[n] for n in names if n not in free))
        kept = [name for name in names if name not in free]
        for values in product(*domains):
            valuation = dict(zip(names, values, strict=True))
            if tuple(valuation[n] for n in kept) in held and _meets(second, valuation):
                return ""
        about = " and ".join(kept)
        return f"what they ask about {about} contradicts each other, and nothing in between sets it"

    def _guard(self, process: Process, branch: str) -> list[tuple[feel.Expression, bool]] | None:
        """The conditions that hold (True) or do not (False) where a branch is taken; None where
        they say more than can be tried out."""
        flow = process.flows[branch]
        gateway = process.elements[flow.source]
        if gateway.kind not in ("exclusiveGateway", "inclusiveGateway"):
            return []
        found = []
        for other in process.outgoing[gateway.id]:
            if other.id == gateway.default:
                continue
            if other.id == branch:
                break
            if other.condition and (gateway.kind == "exclusiveGateway" or not flow.condition):
                found.append((other.condition, False))
        if flow.condition and branch != gateway.default:
            found.append((flow.condition, True))
        elif branch == gateway.default:
            found = [
                (other.condition, False)
                for other in process.outgoing[gateway.id]
                if other.condition and other.id != branch
            ]
        if not all(_compares_only(source) for source, _ in found):
            return None
        return [(self.model.expressions[source], holds) for source, holds in found]

    def _domain(self, variable: str) -> list[Any]:
        """Values of which each stands for all that conditions cannot tell from it."""
        named: list[Any] = [*self.constants.texts(variable), *self.constants.numbers(variable)]
        numbers = [value for value in named if isinstance(value, Decimal)]
        named += [(low + high) / 2 for low, high in pairwise(numbers)]
        return [None, True, False, _SOMETHING_ELSE, _ANOTHER_THING, *named]

    def _written_between(self, drawn: BranchMap, pair: Pair, names: set[str]) -> set[str]:
        """Those of the variables that may be written between the two branches."""
        process = drawn.process
        second = process.elements[process.flows[pair[1]].source]
        between = list(_before(process, drawn.segments[pair[0]].elements, second))
        found = {
            name for element in between for name in written(self.model, self.services, element)
        }
        waits = any(element.kind in _WAITING for element in between)
        if waits and _has_company(process):
            for element in process.elements.values():
                found |= written(self.model, self.services, element)
        return found & names


def _compares_only(source: str) -> bool:
    """Whether a condition only compares variables with each other and with texts and numbers."""
    before = ""
    for word in _TOKEN.findall(source):
        is_name = word[0].isalpha() or word[0] == "_"
        if not (is_name or word[0] in '"=<>()!' or word[0].isdigit()) or word == "!":
            return False
        if is_name and word not in _WORDS and (before[:1].isalnum() and before not in _WORDS):
            return False
        if word == "(" and before[:1].isalpha() and before not in ("and", "or", "not"):
            return False
        before = word
    return True


def _meets(guard: Iterable[tuple[feel.Expression, bool]], valuation: Mapping[str, Any]) -> bool:
    return all((one.evaluate(valuation) is True) is holds for one, holds in guard)


def _before(process: Process, elements: list[Element], last: Element) -> Iterator[Element]:
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
