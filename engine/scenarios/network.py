"""How far every branch of a model is from what is looked for, measured on the drawing."""

from __future__ import annotations

import heapq
from collections import Counter

from engine import feel
from engine.diagrams import Process
from engine.model import Model
from engine.nets import item_of
from engine.scenarios.branches import BranchMap, Calls, Pair, Segment

FAR = 1_000.0
"""Further away than anything that can be reached."""
_GIVE_UP = 60
"""How many steps in vain it takes until something is looked for no longer."""
_DEEPEST = 5
"""How deep calls are looked into when ways are measured."""


class Stretch:
    """A segment by names that are their own in the whole model; `calls` are the processes called
    on it, each with those before it."""

    def __init__(self, process: Process, segment: Segment) -> None:
        self.flows = {item_of(process, flow): calls for flow, calls in segment.flows.items()}
        self.follows = {item_of(process, each): calls for each, calls in segment.follows.items()}
        self.calls = segment.called
        self.ends = segment.ends


class Network:
    """Every branch of a model with those that can follow it, and how far each is from what is
    looked for. A process's start is a branch here, too, which a call leads to.

    `distance` and `to_end` count the branches to the nearest thing wanted and to the end of the
    process, those in what is called on the way among them. `behind` is what lies between an element
    at which a token waits and the next branches, `conditions` what is asked at the next two.
    """

    def __init__(self, model: Model, maps: dict[str, BranchMap], impossible: set[Pair]) -> None:
        self.pairs: set[Pair] = set()
        self.branches: dict[str, Stretch] = {}
        self.behind: dict[str, Stretch] = {}
        self._ends: dict[str, Calls] = {}
        for name, drawn in maps.items():
            process = model.processes[name]
            for branch, segment in drawn.segments.items():
                item = item_of(process, branch)
                self.branches[item] = stretch = Stretch(process, segment)
                if branch != name:
                    self.pairs |= {(item, each) for each in stretch.follows} - impossible
                beside = branch in process.flows and not (
                    process.elements[process.flows[branch].source].interrupting
                )
                if segment.ends is not None and not beside:
                    self._ends[item] = segment.ends
            for element in process.elements.values():
                self.behind[item_of(process, element.id)] = Stretch(process, drawn.onward(element))
        self.conditions = {
            name: _conditions(
                model,
                [*one.follows, *(b for a in one.follows for b in self.branches[a].follows)],
            )
            for name, one in self.behind.items()
        }
        self.to_end = dict.fromkeys(self.branches, FAR)
        for _ in range(_DEEPEST):
            # A way through a process is as long as those through what it calls are known to be.
            ways = {
                name: [(each, 1.0 + self.length(calls)) for each, calls in one.follows.items()]
                for name, one in self.branches.items()
            }
            self.to_end = _spread({n: self.length(calls) for n, calls in self._ends.items()}, ways)
        self._ways = {
            name: [(each, 1.0 + self.length(calls)) for each, calls in one.follows.items()]
            + [(f"{each}/{each}", 1.0 + self.length(before)) for each, before in one.calls.items()]
            for name, one in self.branches.items()
        }
        self.distance = dict.fromkeys(self.branches, 0.0)
        self.cost: dict[Pair, float] = {}
        self._wanted: dict[str, float] = {}
        self._vain: Counter[str] = Counter()
        self._settled: tuple[int, int] = (-1, -1)
        self._covered: set[str | Pair] = set()
        self.every_flow = {item for one in self.branches.values() for item in one.flows}
        self.everything: set[str | Pair] = {*self.every_flow, *self.pairs}
        self._left_out: set[str | Pair] = set()

    def length(self, calls: Calls) -> float:
        """How many branches there are at least in these processes, one after the other."""
        return sum(1.0 + self.to_end[f"{name}/{name}"] for name in calls)

    def ahead(self, element: str, branch: str) -> float:
        """How far it is to the nearest thing wanted from an element at which a token waits that
        came by this branch."""
        one = self.behind[element]
        found = [
            self.length(calls) for flow, calls in one.flows.items() if flow not in self._covered
        ]
        for each, calls in one.follows.items():
            near = min(self.cost.get((branch, each), FAR), self.distance[each] + 1.0)
            found.append(near + self.length(calls))
        for each, before in one.calls.items():
            found.append(self.distance[f"{each}/{each}"] + 1.0 + self.length(before))
        return min(found, default=FAR) + 0.1 * self._vain[branch]

    def ending(self, element: str) -> float:
        """How far it is to the end of the process from an element at which a token waits."""
        one = self.behind[element]
        found = [
            1.0 + self.length(calls) + self.to_end[each] for each, calls in one.follows.items()
        ]
        if one.ends is not None:
            found.append(self.length(one.ends))
        return min(found, default=FAR)

    def toward(self, wanted: set[str]) -> dict[str, float]:
        """For every branch, and every element at which a token may wait, how far it is to the
        nearest of these flows."""
        known = {
            name: min(near)
            for name, one in self.branches.items()
            if (near := [self.length(c) for flow, c in one.flows.items() if flow in wanted])
        }
        found = _spread(known, self._ways)
        for item, one in self.behind.items():
            ways = [self.length(c) for flow, c in one.flows.items() if flow in wanted]
            ways += [1.0 + found[each] + self.length(c) for each, c in one.follows.items()]
            ways += [
                1.0 + found[f"{each}/{each}"] + self.length(c) for each, c in one.calls.items()
            ]
            found[item] = min(ways, default=FAR)
        return found

    def in_vain(self, branches: tuple[str, ...]) -> None:
        """A step behind these branches showed nothing new of what is looked for there."""
        self._vain.update(name for name in branches if name in self._wanted)

    def look_for(self, only: set[str | Pair]) -> None:
        """From now on look for these things only; with fresh hope."""
        self._left_out = self.everything - only
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
        self._covered = covered
        for name, one in self.branches.items():
            vain = self._vain[name]
            if vain > _GIVE_UP:
                continue
            cost = 0.1 * vain
            missing = [
                calls for each, calls in one.follows.items() if self._is_wanted(name, each, covered)
            ]
            for each in one.follows:
                if self._is_wanted(name, each, covered):
                    self.cost[name, each] = cost
            missing += [calls for flow, calls in one.flows.items() if flow not in covered]
            if missing:
                self._wanted[name] = cost + min(map(self.length, missing))
        self.distance = _spread(self._wanted, self._ways)

    def _is_wanted(self, name: str, after: str, covered: set[str | Pair]) -> bool:
        if (name, after) in self.pairs:
            return (name, after) not in covered
        return after not in covered


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
