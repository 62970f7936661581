"""How far a case is from taking one branch right after another, whatever has to be done for that.

The token that came by the first branch has to come to the second. Before that something may have to
set what is asked there, and where the way leads out of a sub-process, all else in it has to end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from engine.diagrams import Process
from engine.model import Model
from engine.nets import item_of
from engine.scenarios.bench import Case
from engine.scenarios.branches import BranchMap, Pair
from engine.scenarios.dependence import written
from engine.scenarios.network import FAR, Network
from engine.scenarios.values import Guard, guard_of
from engine.services import ServiceRegistry

_WAITING = frozenset({"userTask", "callActivity", "intermediateCatchEvent"})
_FIRST, _SECOND, _BEFORE = range(3)
"""What the branches ask, and what of the second has to be as it asks before the first is taken."""
_NOT_THERE = 30.0
"""What it counts that no token has come by the first branch yet."""
_MORE = 2.0
"""What it counts that something else has to be done first."""
_OUTSIDE = 20.0
"""What it counts that the sub-process that has to end has not begun."""
_DAY = 0.02
"""What it counts to wait for a day."""


@dataclass(frozen=True)
class Level:
    """Where something can be moved: the token that waits there, or its caller's."""

    instance: int
    element: str
    branch: str


Chain = tuple[Level, ...]
"""The innermost first."""


def chains_of(case: Case) -> list[Chain]:
    """For each opening of a case the token that it moves and those of its callers; then those of
    the tokens that wait for a later day."""
    places = [(place.instance, place.element) for place in case.openings]
    for _, number, _, element in case.timers:
        drawn = case.trails[number].process.elements[element]
        if drawn.kind == "intermediateCatchEvent" and (number, element) not in places:
            places.append((number, element))
    found = []
    for number, element in places:
        chain = []
        while True:
            trail = case.trails[number]
            name = trail.process.id
            branch = f"{name}/{trail.branch(element)}"
            chain.append(Level(number, f"{name}/{element}", branch))
            caller = case.callers.get(number)
            if caller is None:
                break
            number, element = caller
        found.append(tuple(chain))
    return found


@dataclass(frozen=True)
class Onward:
    """A way on from a case, as far as it is known: which opening it moves, with which answers, and
    the branch that it is expected to lead to, if any."""

    opening: int
    answers: Mapping[str, Any]
    to: str | None


class Goal:
    """A pair of branches that is looked for."""

    def __init__(
        self,
        model: Model,
        services: ServiceRegistry,
        network: Network,
        drawn: BranchMap,
        pair: Pair,
    ) -> None:
        self.model = model
        self.services = services
        self.network = network
        self.process = process = drawn.process
        self.first = item_of(process, pair[0])
        gateway = process.elements[process.flows[pair[1]].source]
        self._scope = process.elements[process.flows[pair[0]].target].scope
        self._leaves = gateway.scope not in _within(process, self._scope)
        between = [e for e in drawn.segments[pair[0]].elements if e is not gateway]
        self._at_once = not any(element.kind in _WAITING for element in between)
        self._set_between = frozenset[str]().union(
            *(written(model, services, element) for element in between)
        )
        self._set_by_call = frozenset[str]().union(
            *(element.returns for element in between if element.called)
        )
        first, second = (guard_of(process, branch) for branch in pair)
        # Of what is set in between, only yes and no are thought of.
        open_yet = self._read(second) & self._set_between
        is_told = not open_yet or not any('"' in source for source, _ in second)
        self._guards: tuple[Guard, ...] = (first, second, second if is_told else ())
        self._open_yet = tuple(sorted(open_yet))
        self._to_first = network.toward({self.first})
        self._to_second = network.toward({item_of(process, pair[1])})
        self._to_end = network.toward(
            {
                item_of(process, flow.id)
                for flow in process.flows.values()
                if (end := process.elements[flow.target]).kind == "endEvent"
                and end.scope == self._scope
                and end.event is None
            }
        )
        self._to_setting = [
            self._setting(self._read(first)),
            self._setting(self._read(second)),
            self._setting(self._read(second) - self._set_between),
        ]

    def cost(self, case: Case, chains: Sequence[Chain], onward: Onward | None = None) -> float:
        """How far the case is, or how far it is expected to be once it went on."""
        view = _View(self, case, chains, onward)
        best = FAR
        for number, chain in enumerate(chains):
            back = 0.0
            for depth, level in enumerate(chain):
                if level.branch == self.first and not view.is_moved(number, depth):
                    left = back + self._to_second[level.element]
                    left += view.beside(level.instance, level.element)
                    left += view.asking(_SECOND, level.instance, chain[:depth])
                    left += view.asking(_BEFORE, level.instance, (), level)
                    best = min(best, left + view.days_to(number))
                back += self.network.ending(level.element)
        if best < FAR:
            return best
        for number, chain in enumerate(chains):
            left = _NOT_THERE + view.length(self._to_first, number)
            here = next((one for one in chain if self.is_in(one)), None)
            if self._at_once and self._leaves:
                if here is None or not view.is_inside(here.instance):
                    left += _OUTSIDE
                else:
                    left += view.beside(here.instance, here.element)
            if here is not None:
                left += view.asking(_FIRST, here.instance, ())
                left += view.asking(_BEFORE, here.instance, ())
            best = min(best, left)
        return best

    def idle(self, case: Case, chains: Sequence[Chain]) -> set[int]:
        """The openings without which the case would be just as far."""
        here = self.cost(case, chains)
        return {
            number
            for number in range(len(case.openings))
            if self.cost(case, [*chains[:number], (), *chains[number + 1 :]]) == here
        }

    def is_in(self, level: Level) -> bool:
        """Whether a token waits in the process of the pair."""
        return level.element.startswith(f"{self.process.id}/")

    def has_to_end(self, level: Level) -> bool:
        """Whether something has to end before the token of the pair can go on behind it."""
        element = self.process.elements[level.element.rpartition("/")[2]]
        inside = element.scope in _within(self.process, self._scope)
        return self._leaves and inside and element.kind != "boundaryEvent"

    def is_behind(self, branch: str) -> bool:
        """Whether a branch is outside the sub-process that the first one is in."""
        flow = self.process.flows.get(branch.rpartition("/")[2])
        if flow is None:
            return True
        return self.process.elements[flow.target].scope not in _within(self.process, self._scope)

    def is_set_on_the_way(self, which: int) -> bool:
        """Whether the token itself comes by where that is set which one of the branches asks."""
        between = self._set_between - self._set_by_call
        return which == _SECOND and bool(self._asked(_SECOND) & between)

    def is_met(self, which: int, variables: Mapping[str, Any]) -> bool:
        """Whether one of the branches is taken with these values."""
        free = self._open_yet if which == _BEFORE else ()
        return any(
            all(
                (self.model.expressions[source].evaluate(tried) is True) is holds
                for source, holds in self._guards[which]
            )
            for values in product((None, True, False), repeat=len(free))
            for tried in ({**variables, **dict(zip(free, values, strict=True))},)
        )

    def to_setting(self, which: int) -> Mapping[str, float]:
        """How far everything is from setting what one of the branches asks."""
        return self._to_setting[which]

    def to_end(self) -> Mapping[str, float]:
        """How far everything is from the end of the sub-process in which the first branch is."""
        return self._to_end

    def _asked(self, which: int) -> frozenset[str]:
        return self._read(self._guards[which])

    def _read(self, guard: Guard) -> frozenset[str]:
        return frozenset(n for source, _ in guard for n in self.model.expressions[source].variables)

    def _setting(self, asked: frozenset[str]) -> dict[str, float]:
        setting = {
            item_of(process, element.id)
            for process in self.model.processes.values()
            for element in process.elements.values()
            if not element.called and asked & written(self.model, self.services, element)
        }
        flows = {
            item_of(process, flow.id)
            for process in self.model.processes.values()
            for flow in process.flows.values()
            if item_of(process, flow.target) in setting
        }
        return {**self.network.toward(flows), **dict.fromkeys(setting, 0.0)}


class _View:
    """A case, perhaps as it is expected to be after its next step, seen from a goal."""

    def __init__(
        self, goal: Goal, case: Case, chains: Sequence[Chain], onward: Onward | None
    ) -> None:
        self.goal = goal
        self.case = case
        self.chains = chains
        self.onward = onward

    def is_moved(self, number: int, depth: int) -> bool:
        """Whether a token is expected to stand elsewhere."""
        onward = self.onward
        return (
            onward is not None and onward.to is not None and (number, depth) == (onward.opening, 0)
        )

    def length(self, toward: Mapping[str, float], number: int) -> float:
        """How far a token is from something, through the ends of what was called."""
        best, back = FAR, 0.0
        for depth, level in enumerate(self.chains[number]):
            at = level.element
            if self.onward is not None and self.is_moved(number, depth):
                at = self.onward.to or at
            best = min(best, back + toward.get(at, FAR))
            back += self.goal.network.ending(level.element)
        return best

    def beside(self, instance: int, but: str) -> float:
        """What has to end first in an instance besides one of its elements."""
        others: dict[str, float] = {}
        for number, chain in enumerate(self.chains):
            for depth, level in enumerate(chain):
                if (
                    level.instance == instance
                    and level.element != but
                    and self.goal.has_to_end(level)
                    and not (self.is_moved(number, depth) and self._is_out())
                ):
                    left = self.length(self.goal.to_end(), number)
                    others[level.element] = min(left, others.get(level.element, FAR))
        return sum(_MORE + left for left in others.values())

    def _is_out(self) -> bool:
        """Whether the next step is expected to lead out of what has to end."""
        return self.onward is not None and self.goal.is_behind(self.onward.to or "")

    def is_inside(self, instance: int) -> bool:
        """Whether an instance is in the sub-process that has to end."""
        return any(
            level.instance == instance and self.goal.has_to_end(level)
            for chain in self.chains
            for level in chain
        )

    def asking(self, which: int, instance: int, below: Chain, but: Level | None = None) -> float:
        """What it takes until what is asked at one of the branches is as it has to be, by what is
        done elsewhere than at one of the levels."""
        goal = self.goal
        variables = self._variables(instance, below)
        if goal.is_set_on_the_way(which) or goal.is_met(which, variables):
            return 0.0
        found = (
            self.length(goal.to_setting(which), number)
            for number, chain in enumerate(self.chains)
            if but not in chain and any(level.instance == instance for level in chain)
        )
        return _MORE + min(found, default=FAR)

    def days_to(self, number: int) -> float:
        """How long a token still has to wait for its day."""
        level = self.chains[number][0]
        for due, instance, _, element in self.case.timers:
            if instance == level.instance and level.element.endswith(f"/{element}"):
                return _DAY * max(0, (due - self.case.now).days)
        return 0.0

    def _variables(self, instance: int, below: Chain) -> Mapping[str, Any]:
        """The values in an instance, with those that running calls would hand back, and those that
        are answered next."""
        found: dict[str, Any] = dict(self.case.variables.get(instance, {}))
        for level in reversed(below):
            number, element = self.case.callers[level.instance]
            inside = self.case.variables.get(level.instance, {})
            returned = self.case.trails[number].process.elements[element].returns
            found |= {name: inside[name] for name in returned if name in inside}
        onward = self.onward
        if onward is not None and self.chains[onward.opening][0].instance == instance:
            found |= onward.answers
        return found


def _within(process: Process, scope: str) -> set[str]:
    """A process or sub-process and those in it."""
    inner = [element.id for element in process.within(scope) if element.kind == "subProcess"]
    return {scope}.union(*(_within(process, one) for one in inner))
