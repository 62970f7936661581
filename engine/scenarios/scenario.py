"""Scenarios: as few ways as show everything, each from its start to an end, with a name in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.diagrams import Process
from engine.model import Model
from engine.scenarios.bench import Doing
from engine.scenarios.branches import Pair
from engine.scenarios.search import Rest, Search

_TO_THE_END = 30
"""How many steps are tried to bring a way to its end."""
_LONG = 30
"""A case that is gone on with to show more is not made longer than this."""
_IN_A_NAME = 3


@dataclass(frozen=True)
class Stage:
    """One step of a scenario: what is done by whom, and what has to come of it."""

    doing: Doing
    flows: tuple[str, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Scenario:
    """A case from its start to where it ends or waits.

    `shows` are the flows and pairs for which it was chosen, `waiting` the elements at which it
    waits if it has not ended.
    """

    name: str
    process: str
    stages: tuple[Stage, ...]
    shows: frozenset[str | Pair]
    ended: bool
    waiting: tuple[str, ...]


def choose(search: Search) -> list[Scenario]:
    """Scenarios that together show all that the search found, the shortest for what they show."""
    ways = [(rest, {item for r in rest.path() for item in r.covered}) for rest in search.rests]
    missing = set(search.covered)
    found: list[tuple[Rest, frozenset[str | Pair]]] = []
    while missing:
        rest, _ = max(
            ways,
            key=lambda way: (len(way[1] & missing) / (way[0].depth + 4), -way[0].number),
        )
        rest = search.walk(rest, missing - {item for r in rest.path() for item in r.covered}, _LONG)
        rest = search.finish(rest, _TO_THE_END)
        shown = frozenset(item for r in rest.path() for item in r.covered)
        found.append((rest, shown & missing))
        missing -= shown
        ways = [way for way in ways if not way[1].isdisjoint(missing)]
    names = _Names(search.model)
    return [names.scenario(rest, shown) for rest, shown in found]


class _Names:
    """Names of scenarios in the words of the diagrams."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.given: set[str] = set()

    def scenario(self, rest: Rest, shows: frozenset[str | Pair]) -> Scenario:
        path = rest.path()
        waiting = tuple(
            f"{process}/{place}" for _, process, places in rest.case.waiting for place in places
        )
        process = path[0].doing.act.element
        told = list(self._told(path, shows))
        for size in range(_IN_A_NAME, len(told) + _IN_A_NAME + 1):
            name = "; ".join(dict.fromkeys(told[:size]))
            name = f"{self._ending(path)}: {name}" if name else self._ending(path)
            if name not in self.given:
                break
        else:
            name = next(
                numbered for n in range(2, 10_000) if (numbered := f"{name} ({n})") not in self.given
            )
        self.given.add(name)
        return Scenario(
            name,
            process,
            tuple(Stage(r.doing, r.flows, r.pairs) for r in path),
            shows,
            rest.case.ended,
            waiting,
        )

    def _ending(self, path: list[Rest]) -> str:
        """The end that the last step came to, the innermost; or where the case waits."""
        last = path[-1]
        if last.case.ended:
            for flow in last.flows:
                process, id = self._flow(flow)
                target = process.elements[process.flows[id].target]
                if target.kind == "endEvent":
                    return target.label
        for _, name, places in reversed(last.case.waiting):
            for place in places:
                element = self.model.processes[name].elements[place]
                if element.kind == "userTask":
                    return f"Waits at {element.label}"
        return self.model.processes[path[0].doing.act.element].name or "Ends at once"

    def _told(self, path: list[Rest], shows: frozenset[str | Pair]) -> Iterator[str]:
        """The branches for which the scenario was chosen, in order, then its other ones."""
        pairs = [pair for rest in path for pair in rest.pairs]
        for _, branch in pairs:
            if branch in shows:
                yield self._branch(branch)
        for before, branch in pairs:
            if (before, branch) in shows and branch not in shows:
                yield f"{self._branch(before)}, then {self._branch(branch)}"
        for _, branch in reversed(pairs):
            yield self._branch(branch)

    def _branch(self, branch: str) -> str:
        process, id = self._flow(branch)
        flow = process.flows[id]
        source, target = process.elements[flow.source], process.elements[flow.target]
        if source.kind == "boundaryEvent":
            return source.label
        said = " ".join(flow.name.split()) or target.label
        if source.kind == "eventBasedGateway":
            return target.label
        return f"{source.label} {said}" if source.name else said

    def _flow(self, item: str) -> tuple[Process, str]:
        name, _, id = item.partition("/")
        return self.model.processes[name], id



