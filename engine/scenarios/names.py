"""Names for branches and scenarios, in the words of the diagrams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from engine.diagrams import Process
from engine.model import Model
from engine.scenarios.branches import Pair
from engine.scenarios.rests import Rest

_IN_A_NAME = 3
"""How many branches a name tells, unless more are needed to tell it from another."""


def branch_in_words(model: Model, branch: str) -> str:
    """What is decided or happens at a branch."""
    process, id = _flow(model, branch)
    flow = process.flows[id]
    source, target = process.elements[flow.source], process.elements[flow.target]
    if source.kind == "boundaryEvent":
        return source.label
    if source.kind == "eventBasedGateway":
        return target.label
    said = " ".join(flow.name.split()) or target.label
    return f"{source.label} {said}" if source.name else said


def pair_in_words(model: Model, pair: Pair) -> str:
    """Two branches, one after the other."""
    return ", then ".join(branch_in_words(model, branch) for branch in pair)


class Names:
    """Gives each scenario of a model a name of its own."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._given: set[str] = set()

    def name(self, path: Sequence[Rest], shows: frozenset[str | Pair]) -> str:
        """How the case ends, and by which branches: first those for which it was chosen."""
        told = list(dict.fromkeys(self._told(path, shows)))
        ending = self._ending(path)
        for size in range(min(_IN_A_NAME, len(told)), len(told) + 1):
            name = f"{ending}: {'; '.join(told[:size])}" if told else ending
            if name not in self._given:
                break
        else:
            numbered = (f"{name} ({number})" for number in count(2))
            name = next(each for each in numbered if each not in self._given)
        self._given.add(name)
        return name

    def _ending(self, path: Sequence[Rest]) -> str:
        """The end that the last step came to, the innermost; or where the case waits."""
        last = path[-1]
        if last.case.ended:
            for item in last.flows:
                process, flow = _flow(self.model, item)
                target = process.elements[process.flows[flow].target]
                if target.kind == "endEvent":
                    return target.label
        for _, name, places in reversed(last.case.waiting):
            for place in places:
                element = self.model.processes[name].elements[place]
                if element.kind == "userTask":
                    return f"Waits at {element.label}"
        process = self.model.processes[path[0].doing.act.element]
        return process.name or process.id

    def _told(self, path: Sequence[Rest], shows: frozenset[str | Pair]) -> Iterator[str]:
        """The branches for which the scenario was chosen, in order, then its other ones."""
        pairs = [pair for rest in path for pair in rest.pairs]
        for _, branch in pairs:
            if branch in shows:
                yield branch_in_words(self.model, branch)
        for pair in pairs:
            if pair in shows and pair[1] not in shows:
                yield pair_in_words(self.model, pair)
        for _, branch in reversed(pairs):
            yield branch_in_words(self.model, branch)


def _flow(model: Model, item: str) -> tuple[Process, str]:
    name, _, id = item.partition("/")
    return model.processes[name], id
