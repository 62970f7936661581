"""Looking for ways through a model's diagrams, on the real engine, led by what is not covered yet.

From each rest of a case every act is a way on. Which one is tried next is estimated from the
drawing: how many branches lie between it and the nearest thing that no way has shown so far. What
an act was seen to lead to is remembered, so that it is expected to do so again.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import count
from typing import Any

from engine.errors import EngineError
from engine.forms import Choice
from engine.nets import item_of
from engine.scenarios.bench import Act, Bench, Case, Doing, Open, Outcome
from engine.scenarios.branches import BranchMap, Pair
from engine.scenarios.dependence import depends_on
from engine.scenarios.fillings import Constants, Filling, fillings
from engine.scenarios.network import FAR, Network
from engine.scenarios.rests import Rest, Way, signature_of

MOST_STEPS = 6000
"""How many steps a search takes at most."""
_LONGEST_WAY = 90
_ALIKE = 2
"""How many cases are gone on with that stand at the same places and know the same."""
_NEAR = 3.5
_IDLE = 6
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
        self._depends = {
            name: depends_on(self.model, bench.site.services, process)
            for name, process in self.model.processes.items()
        }
        self._fillings: dict[Any, list[Filling]] = {}
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
            self._arrive(None, Way(act, (), (item_of(at, at.id),), ()), Doing(act), outcome)

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
        while rest.end is None and most > 0:
            if here is not None:
                for turn, way in enumerate(self._ways_on(here)):
                    left = self._to_end(way) + way.act.unlikely + 0.2 * here.depth
                    heapq.heappush(todo, (left, here.number, turn, here, way))
            if not todo:
                break
            most -= 1
            *_, before, way = heapq.heappop(todo)
            here = self._step(before, way)
        return rest.end or rest

    def _ways_on(self, rest: Rest) -> list[Way]:
        rest.kept = rest.kept or self.bench.keep()
        self.bench.go_back(rest.kept, rest.case)
        return self._acts(rest.case)

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
        if len(self.covered) == before:
            self._network.in_vain(way.branches)
            self._stale[way.known_by, way.branches[0]] += 1
            if after is not None:
                rest.tried[way.act.element, tuple(self._seen[way.known_by])] += 1

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
        new = not after.covered <= self.covered
        self.covered |= after.covered
        signature, place = signature_of(outcome.case)
        place = (place, self._known(outcome.case))
        if not new and (signature in self._signatures or self._places[place] >= _ALIKE):
            return after
        self._signatures.add(signature)
        self._places[place] += 1
        after.kept = self.bench.keep()
        self.rests.append(after)
        if depth < _LONGEST_WAY:
            for number, onward in enumerate(self._acts(outcome.case)):
                worth = self._worth_at(after, onward)
                heapq.heappush(self._open, (worth, after.number, number, after, onward))
        return after

    def _acts(self, case: Case) -> list[Way]:
        """Everything that can be done to the case; the database has to be as the case says."""
        found: list[Way] = []
        for place in case.openings:
            elements, branches = zip(*self._tokens(case, place), strict=True)
            found += [
                Way(act, elements, branches, self._holds(case, place, act.answers))
                for act in self._ways(case, place)
            ]
        return found

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

    def _holds(self, case: Case, place: Open, answers: Mapping[str, Any]) -> tuple[bool, ...]:
        """Which of the next conditions hold with these answers."""
        variables = {**case.variables.get(place.instance, {}), **answers}
        where = f"{place.process}/{place.element}"
        return tuple(one.evaluate(variables) is True for one in self._network.conditions[where])

    def _ways(self, case: Case, place: Open) -> Iterator[Act]:
        where = f"{place.process}/{place.element}"
        if place.kind == "wait":
            yield Act("wait", where, "", unlikely=0.3)
            return
        element = self.model.processes[place.process].elements[place.element]
        if place.kind == "task":
            form_id, unlikely = element.form, 0.0
        else:
            form_id, unlikely = self.model.messages[place.message].form, 0.4
        if form_id is None:
            yield Act(place.kind, where, "", {}, place.message, unlikely)
            return
        for filling in self._fill(form_id, case):
            yield Act(
                place.kind,
                where,
                filling.key,
                filling.answers,
                place.message,
                unlikely + filling.unlikely,
            )

    def _fill(self, form_id: str, case: Case) -> list[Filling]:
        form = self.model.forms[form_id]
        choices: dict[str, list[Choice]] = {}
        if form.choices:
            with self.bench.runtime.database.connect() as connection:
                choices = self.bench.site.services.options(form, connection, case.reference)
        today = case.now.date()
        key = (form_id, today, repr(choices))
        found = self._fillings.get(key)
        if found is None:
            found = self._fillings[key] = fillings(form, choices, self.constants, today)
            if not found:
                self.faults["form", form_id] = "No answers were found that this form takes."
        return found

    def _tokens(self, case: Case, place: Open) -> Iterator[tuple[str, str]]:
        """Where the token waits and by which branch it came, then the same of its callers."""
        number, element = place.instance, place.element
        while True:
            trail = case.trails[number]
            name = trail.process.id
            yield f"{name}/{element}", f"{name}/{trail.branch(element)}"
            caller = case.callers.get(number)
            if caller is None:
                return
            number, element = caller

    def _note(self, act: Act, message: str) -> None:
        self._failed[act.element, act.key] += 1
        self.faults.setdefault((act.element, message), act.key)
