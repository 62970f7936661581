"""How far every branch of a model is from what is looked for, measured on the drawing."""

from __future__ import annotations

import heapq
from collections import Counter

from engine import feel
from engine.model import Model
from engine.nets import item_of
from engine.scenarios.branches import BranchMap, Pair

FAR = 1_000.0
"""Further away than anything that can be reached."""
_GIVE_UP = 60
"""How many steps in vain it takes until something is looked for no longer."""
_DEEPEST = 5
"""How deep calls are looked into when ways are measured."""


class Network:
    """Every branch of a model with those that can follow it, and how far each is from what is
    looked for. A process's start is a branch here, too, which a call leads to.

    `distance` and `to_end` count the branches to the nearest thing wanted and to the end of the
    process, `calls` those on the shortest way through what is called behind a branch.
    """

    def __init__(self, model: Model, maps: dict[str, BranchMap], impossible: set[Pair]) -> None:
        self.following: dict[str, list[str]] = {}
        self.pairs: set[Pair] = set()
        self.flows: dict[str, list[str]] = {}
        self.called: dict[str, list[str]] = {}
        ends: dict[str, float] = {}
        for name, drawn in maps.items():
            process = model.processes[name]
            for branch, segment in drawn.segments.items():
                item = item_of(process, branch)
                after = [item_of(process, each) for each in segment.follows]
                if branch != name:
                    self.pairs |= {(item, each) for each in after} - impossible
                self.flows[item] = [item_of(process, flow) for flow in segment.flows]
                beside = branch in process.flows and not (
                    process.elements[process.flows[branch].source].interrupting
                )
                if segment.ends and not beside:
                    ends[item] = 0.0
                self.called[item] = [f"{e.called}/{e.called}" for e in segment.elements if e.called]
                self.following[item] = after
        self.conditions = {
            name: _conditions(model, [*after, *(b for a in after for b in self.following[a])])
            for name, after in self.following.items()
        }
        self.asked = {name: _asked(model, drawn) for name, drawn in maps.items()}
        self.calls = dict.fromkeys(self.following, 0.0)
        self.to_end = dict.fromkeys(self.following, FAR)
        for _ in range(_DEEPEST):
            # A way through a process is as long as those through what it calls are known to be.
            ways = {n: [(f, 1.0 + self.calls[n]) for f in a] for n, a in self.following.items()}
            self.to_end = _spread({n: e + self.calls[n] for n, e in ends.items()}, ways)
            for name, through in self.called.items():
                self.calls[name] = sum(1.0 + self.to_end[each] for each in through)
        self._ways = {
            name: [(each, 1.0 + self.calls[name]) for each in after]
            + [(each, 1.0) for each in self.called[name]]
            for name, after in self.following.items()
        }
        self.distance = dict.fromkeys(self.following, 0.0)
        self.cost: dict[Pair, float] = {}
        self._wanted: dict[str, float] = {}
        self._vain: Counter[str] = Counter()
        self._settled: tuple[int, int] = (-1, -1)
        self.every_flow = {item for flows in self.flows.values() for item in flows}
        self.everything: set[str | Pair] = {*self.every_flow, *self.pairs}
        self._left_out: set[str | Pair] = set()

    def in_vain(self, branches: tuple[str, ...]) -> None:
        """A step behind these branches showed nothing new of what is looked for there."""
        self._vain.update(name for name in branches if name in self._wanted)

    def look_for(self, only: set[str | Pair] | None) -> None:
        """From now on look for these things only, or for all; with fresh hope."""
        self._left_out = set() if only is None else self.everything - only
        self._vain.clear()
        self._settled = (-1, -1)

    def settle(self, covered: set[str | Pair]) -> None:
        """Work the distances out anew, where anything has changed."""
        covered = covered | self._left_out
        state = (len(covered), sum(self._vain.values()) // 5)
        if state == self._settled:
            return
        self._settled = state
        self.cost = {}
        self._wanted = {}
        for name, after in self.following.items():
            vain = self._vain[name]
            if vain > _GIVE_UP:
                continue
            missing = [each for each in after if self._is_wanted(name, each, covered)]
            cost = 0.1 * vain
            for each in missing:
                self.cost[name, each] = cost
            flows = self.flows[name]
            if not covered.issuperset(flows[:1]):
                self._wanted[name] = cost
            elif missing or not covered.issuperset(flows):
                self._wanted[name] = cost + self.calls[name]
        self.distance = _spread(self._wanted, self._ways)

    def _is_wanted(self, name: str, after: str, covered: set[str | Pair]) -> bool:
        if (name, after) in self.pairs:
            return (name, after) not in covered
        return after not in covered


def _asked(model: Model, drawn: BranchMap) -> list[str]:
    """The variables that the conditions of one diagram read."""
    branches = [item_of(drawn.process, branch) for branch in drawn.branches]
    return sorted({name for one in _conditions(model, branches) for name in one.variables})


def _conditions(model: Model, branches: list[str]) -> tuple[feel.Expression, ...]:
    sources: dict[str, None] = {}
    for name in branches:
        process, _, flow = name.partition("/")
        condition = model.processes[process].flows[flow].condition
        if condition:
            sources[condition] = None
    return tuple(model.expressions[source] for source in sources)


def _spread(known: dict[str, float], ways: dict[str, list[tuple[str, float]]]) -> dict[str, float]:
    """For every branch the least of what is known of it and of what it takes to get from there to
    another one of which something is known."""
    before: dict[str, list[tuple[str, float]]] = {name: [] for name in ways}
    for name, after in ways.items():
        for each, length in after:
            before[each].append((name, length))
    found = dict.fromkeys(ways, FAR)
    todo = [(value, name) for name, value in known.items()]
    heapq.heapify(todo)
    while todo:
        value, name = heapq.heappop(todo)
        if value >= found[name]:
            continue
        found[name] = value
        for each, length in before[name]:
            heapq.heappush(todo, (value + length, each))
    return found
