"""Looking for ways through a model's diagrams, on the real engine, led by what is not covered yet.

From each rest of a case every act is a way on. Which one is tried next is estimated from the
drawing: how many branches lie between it and the nearest thing that no way has shown so far. What
an act was seen to lead to is remembered, so that it is expected to do so again.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection
from itertools import count
from typing import Any

from engine.errors import EngineError
from engine.nets import item_of
from engine.scenarios.bench import Act, Bench, Case, Doing, Outcome
from engine.scenarios.branches import BranchMap, Pair
from engine.scenarios.dependence import depends_on
from engine.scenarios.fillings import Constants
from engine.scenarios.goals import Goal, Onward, chains_of
from engine.scenarios.network import FAR, Network
from engine.scenarios.rests import Rest, Way, signature_of
from engine.scenarios.ways import Ways

MOST_STEPS = 6000
"""How many steps a search takes at most."""
_LONGEST_WAY = 90
_ALIKE = 2
"""How many cases are gone on with that stand at the same places and know the same."""
_STEP = 0.5
"""What a step counts when one pair is looked for."""
_IN_VAIN = 1.5
"""What it counts besides if it moves nothing that matters."""
_NEAREST = 12
"""From how many cases at most a single pair is looked for."""
_NEAR = 4.5
_IDLE = 4
"""How far something may be, and how many steps may be in vain, when a way is made to show more."""


class Search:
    """The ways that were found. `covered` are the flows and pairs that some way shows, `faults`
    what failed where, `rests` every rest that is new in some respect."""

    def __init__(self, bench: Bench, impossible: Collection[Pair] = ()) -> None:
        self.bench = bench
        self.model = bench.model
        self.maps = {name: BranchMap(p) for name, p in self.model.processes.items()}
        self.constants = Constants(self.model)
        self.covered: set[str | Pair] = set()
        self.faults: dict[tuple[str, str], str] = {}
        self.rests: list[Rest] = []
        self.steps = 0
        self._network = Network(self.model, self.maps, set(impossible))
        self.ways = Ways(bench, self.constants, self._network.conditions)
        self._depends = {
            name: depends_on(self.model, bench.site.services, process)
            for name, process in self.model.processes.items()
        }
        self._seen: dict[Any, list[tuple[str, ...]]] = {}
        self._failed: Counter[tuple[str, str]] = Counter()
        self._stale: Counter[Any] = Counter()
        self._signatures: set[bytes] = set()
        self._places: Counter[Any] = Counter()
        self._open: list[tuple[float, int, int, Rest, Way]] = []
        self._closed: list[tuple[float, int, int, Rest, Way]] = []
        self._numbers = count()
        self._blank = bench.keep()

    def start(self, process: str) -> None:
        """Begin a case of this process with each of the site's answers, where they differ in what
        the model reads."""
        known: set[str] = set()
        at = self.model.processes[process]
        for number, answers in enumerate(self.bench.site.starts(at, 0)):
            read = self.model.variables
            key = repr(sorted((k, repr(v)) for k, v in answers.items() if k in read))
            if key in known:
                continue
            known.add(key)
            self.bench.go_back(self._blank, Case("", self.bench.now, {}))
            act = Act("start", process, str(number), answers)
            try:
                outcome = self.bench.start(process, answers)
            except EngineError as error:
                self._note(act, error.message)
                continue
            way = Way(act, (), (item_of(at, at.id),), ())
            after = self._arrive(None, way, Doing(act), outcome)
            if after is not None:
                self._go_on_from(after, True)

    def run(self, patience: int, flows_only: bool = False) -> None:
        """Go on until everything is covered, or every flow, nothing is left that might show more,
        or as many steps as `patience` says were in vain."""
        missing = self._network.everything - self.covered
        if flows_only:
            missing &= self._network.every_flow
        self._network.look_for(missing)
        self._reopen()
        vain = 0
        while missing and self.steps < MOST_STEPS and vain < patience:
            found = self._best()
            if found is None:
                return
            self._try(*found)
            left = missing - self.covered
            vain = 0 if left < missing else vain + 1
            missing = left

    def seek(self, pair: Pair, most: int) -> bool:
        """Look for one pair only, from where cases are nearest to it, with `most` steps at most.
        Returns whether it was found."""
        process = self.model.processes[pair[0].partition("/")[0]]
        own = (pair[0].partition("/")[2], pair[1].partition("/")[2])
        goal = Goal(self.model, self.bench.site.services, self._network, self.maps[process.id], own)
        near: dict[Any, tuple[float, int, Rest]] = {}
        for rest in self.rests:
            cost = goal.cost(rest.case, chains_of(rest.case)) + 0.1 * rest.depth
            place = signature_of(rest.case)[1]
            near[place] = min(near.get(place, (FAR, 0, rest)), (cost, rest.number, rest))
        todo: list[tuple[float, int, int, Rest, Way]] = []
        begun: dict[int, Rest] = {}
        for cost, _, rest in sorted(near.values(), key=lambda one: one[:2])[:_NEAREST]:
            if cost < FAR:
                begun[rest.number] = rest
                self._consider(goal, rest, rest, todo)
        known: set[bytes] = set()
        while todo and most > 0 and pair not in self.covered:
            most -= 1
            *_, before, way = heapq.heappop(todo)
            count = len(self.covered)
            after = self._step(before, way)
            if after is None:
                continue
            if len(self.covered) > count:
                self._go_on_from(after, True)
            signature = signature_of(after.case)[0]
            if signature not in known:
                known.add(signature)
                self._consider(goal, after, begun[before.number], todo)
                begun[after.number] = begun[before.number]
        return pair in self.covered

    def _consider(
        self, goal: Goal, rest: Rest, first: Rest, todo: list[tuple[float, int, int, Rest, Way]]
    ) -> None:
        """Note every way on from a rest with what it seems to be worth for a goal; each step since
        the first rest counts, too, so that what leads nowhere is not gone on with."""
        extra = 0.1 * first.depth + _STEP * (rest.depth - first.depth)
        chains = chains_of(rest.case)
        places = [(p.kind, f"{p.process}/{p.element}") for p in rest.case.openings]
        here, idle = goal.cost(rest.case, chains), goal.idle(rest.case, chains)
        for turn, way in enumerate(self._ways_on(rest)):
            number = places.index((way.act.kind, way.act.element))
            seen = self._seen.get(way.known_by)
            name = way.act.element.partition("/")[0]
            ends = {taken[-1] if taken else None for taken in seen or [()]}
            # What lies behind the end of a call was seen where another process called.
            cost = min(
                goal.cost(rest.case, chains, Onward(number, way.act.answers, to))
                if to is None or to.startswith(f"{name}/")
                else here - _STEP
                for to in ends
            )
            if number in idle:
                cost += _IN_VAIN
            cost += way.act.unlikely + 2.0 * self._failed[way.act.element, way.act.key]
            heapq.heappush(todo, (cost + extra, rest.number, turn, rest, way))

    def _reopen(self) -> None:
        """Value every way anew that was not gone yet."""
        self._network.settle(self.covered)
        self._open = [
            (self._worth_at(rest, way), number, turn, rest, way)
            for _, number, turn, rest, way in (*self._open, *self._closed)
        ]
        self._closed.clear()
        heapq.heapify(self._open)

    def walk(self, rest: Rest, missing: set[str | Pair], longest: int) -> Rest:
        """Go on from a rest to what is missing, as long as something is near and the way is not
        longer than `longest`. Returns the rest at which the last of it was shown."""
        here = last = rest
        idle = 0
        missing = set(missing)
        tried: Counter[Any] = Counter()
        while here.depth < longest and idle < _IDLE and not here.case.ended:
            self._network.look_for(missing)
            self._network.settle(set())
            ways = [
                (self._worth(way) + tried[way.known_by, way.branches], way)
                for way in self._ways_on(here)
            ]
            worth, way = min(ways, key=lambda one: one[0], default=(FAR, None))
            if way is None or worth > _NEAR:
                break
            tried[way.known_by, way.branches] += 1
            idle += 1
            after = self._step(here, way)
            if after is None:
                continue
            if not missing.isdisjoint(after.covered):
                missing -= after.covered
                last, idle = after, 0
            here = after
        return last

    def finish(self, rest: Rest, most: int) -> Rest:
        """A rest after this one at which the case has ended, if one is known or `most` steps lead
        to one."""
        todo: list[tuple[float, int, int, Rest, Way]] = []
        here: Rest | None = rest
        known: set[bytes] = set()
        while rest.end is None and most > 0:
            signature = signature_of(here.case)[0] if here is not None else b""
            if here is not None and signature not in known:
                known.add(signature)
                beside = self._left_open(here.case)
                whole = sum(beside.values())
                for turn, way in enumerate(self._ways_on(here)):
                    left = whole - beside.get(way.act.element, 0.0) + self._to_end(way)
                    left += way.act.unlikely + 0.2 * here.depth
                    heapq.heappush(todo, (left, here.number, turn, here, way))
            if not todo:
                break
            most -= 1
            *_, before, way = heapq.heappop(todo)
            here = self._step(before, way)
        return rest.end or rest

    def _left_open(self, case: Case) -> dict[str, float]:
        """How far each open task of a case is from the end, by its element."""
        found: dict[str, float] = {}
        for place, chain in zip(case.openings, chains_of(case), strict=False):
            if place.kind == "task":
                left = sum(self._network.ending(level.element) for level in chain)
                found[f"{place.process}/{place.element}"] = 1.0 + left
        return found

    def _ways_on(self, rest: Rest) -> tuple[Way, ...]:
        if rest.ways is None:
            if rest.kept:
                self.bench.go_back(rest.kept, rest.case)
            else:
                rest.kept = self.bench.keep()
            rest.ways = tuple(self.ways.on_from(rest.case))
        return rest.ways

    # --- choosing

    def _best(self) -> tuple[Rest, Way] | None:
        """The act that seems nearest to something new. What an act is worth hardly ever grows, so
        those at the top of the heap are looked at again only."""
        self._network.settle(self.covered)
        while self._open:
            worth, number, turn, rest, way = heapq.heappop(self._open)
            now = self._worth_at(rest, way)
            if now >= FAR:
                self._closed.append((now, number, turn, rest, way))
                continue
            if not self._open or now <= worth + 0.01 or now <= self._open[0][0]:
                return rest, way
            heapq.heappush(self._open, (now, number, turn, rest, way))
        return None

    def _worth_at(self, rest: Rest, way: Way) -> float:
        """What a way is worth here: less so far down, and where its like was tried already."""
        alike = rest.tried[way.act.element, tuple(self._seen.get(way.known_by, ()))]
        stale = self._stale[way.known_by, way.branches[0]]
        return self._worth(way) + 0.05 * (rest.depth + stale) + 0.5 * alike

    def _worth(self, way: Way) -> float:
        """How far it seems from a way to the nearest thing not covered."""
        network = self._network
        own, *callers = way.branches
        extra = way.act.unlikely + 2.0 * self._failed[way.act.element, way.act.key]
        seen = self._seen.get(way.known_by)
        # What lies behind the end of this process, where it was called.
        outer, back = FAR, 0.0
        for name, element in zip(callers, way.elements[1:], strict=True):
            outer = min(outer, back + network.ahead(element, name))
            back += network.to_end[name]
        ahead = min(network.ahead(way.elements[0], own), outer + network.to_end[own]) + 0.3
        if seen is None:
            return ahead + extra
        best = FAR
        for taken in seen:
            if not taken:
                best = min(best, ahead)
                continue
            at, value = own, FAR
            for following in taken:
                value = min(value, network.cost.get((at, following), FAR))
                at = following
            best = min(best, value, 1.0 + min(network.distance[at], outer + network.to_end[at]))
        return best + extra

    def _to_end(self, way: Way) -> float:
        network = self._network
        own, *callers = (network.ending(element) for element in way.elements)
        seen = self._seen.get(way.known_by)
        if seen is not None:
            own = min((network.to_end[t[-1]] if t else own for t in seen), default=FAR)
        return own + sum(callers)

    # --- moving

    def _try(self, rest: Rest, way: Way) -> None:
        before = len(self.covered)
        after = self._step(rest, way)
        new = len(self.covered) > before
        if not new:
            self._network.in_vain(way.branches)
            self._stale[way.known_by, way.branches[0]] += 1
        if after is not None:
            if not new:
                rest.tried[way.act.element, tuple(self._seen[way.known_by])] += 1
            self._go_on_from(after, new)

    def _step(self, rest: Rest, way: Way) -> Rest | None:
        self.steps += 1
        self.bench.go_back(rest.kept, rest.case)
        try:
            doing, outcome = self.bench.do(rest.case, way.act)
        except EngineError as error:
            self._note(way.act, error.message)
            return None
        return self._arrive(rest, way, doing, outcome)

    def _arrive(self, rest: Rest | None, way: Way, doing: Doing, outcome: Outcome) -> Rest | None:
        act = doing.act
        if outcome.faults:
            self._note(act, outcome.faults[0])
            return None
        taken = tuple(after for _, after in outcome.pairs)
        known = self._seen.setdefault(way.known_by, [])
        if taken not in known:
            known.append(taken)
        depth = rest.depth + 1 if rest is not None else 0
        after = Rest(
            next(self._numbers), outcome.case, rest, doing, outcome.flows, outcome.pairs, depth
        )
        if outcome.case.ended:
            for each in after.path():
                if each.end is None or each.end.depth > depth:
                    each.end = after
        self.covered |= after.covered
        return after

    def _go_on_from(self, after: Rest, new: bool) -> None:
        """Let the search go on from a rest, unless enough like it were met and it is not new."""
        signature, place = signature_of(after.case)
        place = (place, self._known(after.case))
        if not new and (signature in self._signatures or self._places[place] >= _ALIKE):
            return
        self._signatures.add(signature)
        self._places[place] += 1
        self.rests.append(after)
        ways = self._ways_on(after)
        if after.depth < _LONGEST_WAY:
            for number, onward in enumerate(ways):
                worth = self._worth_at(after, onward)
                heapq.heappush(self._open, (worth, after.number, number, after, onward))

    def _known(self, case: Case) -> tuple[Any, ...]:
        """What is known of the variables on which the case's way depends from where it stands, as
        far as the diagrams can tell it apart."""
        return tuple(
            (name, self.constants.told_apart(name, case.variables[number].get(name)))
            for number, process, places in case.waiting
            for name in sorted(
                frozenset[str]().union(*(self._depends[process][place] for place in places))
            )
        )

    def _note(self, act: Act, message: str) -> None:
        self._failed[act.element, act.key] += 1
        self.faults.setdefault((act.element, message), act.key)
