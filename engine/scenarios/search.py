"""Looking for ways through a model's diagrams, on the real engine, led by what is not covered yet.

From each rest of a case every act is a way on. Which one is tried next is estimated from the
drawing: how many branches lie between it and the nearest thing that no way has shown so far. What
an act was seen to lead to is remembered, so that it is expected to do so again.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from engine import feel
from engine.errors import EngineError
from engine.model import Model
from engine.nets import item_of
from engine.scenarios.bench import Act, Bench, Case, Doing, Open, Outcome
from engine.scenarios.branches import BranchMap, Pair
from engine.scenarios.fillings import Constants, Filling, fillings

MOST_STEPS = 6000
"""How many steps a search takes at most."""
_LONGEST_WAY = 90
_ALIKE = 5
"""How many cases are gone on with that stand at the same places and differ in variables only."""
_GIVE_UP = 60
"""How many steps in vain it takes until something is looked for no longer."""
_FAR = 1_000.0
_NEAR = 3.5
_IDLE = 6
"""How far something may be, and how many steps may be in vain, when a way is made to show more."""
_DEEPEST = 5
"""How deep calls are looked into when ways are measured."""


@dataclass(frozen=True)
class Way:
    """A way on from a rest: an act, the branches by which the token that it moves came (and its
    callers' tokens, the innermost first), and which conditions ahead of it hold by what was said
    before."""

    act: Act
    branches: tuple[str, ...]
    holds: tuple[bool, ...]

    @property
    def known_by(self) -> tuple[str, str, tuple[bool, ...]]:
        """Ways of which all this is the same lead to the same branches, as far as one can see."""
        return self.act.element, self.act.key, self.holds


@dataclass
class Rest:
    """A case at rest, and the step that led there."""

    number: int
    case: Case
    before: Rest | None
    doing: Doing
    flows: tuple[str, ...]
    pairs: tuple[Pair, ...]
    depth: int
    kept: bytes = b""
    tried: Counter[Any] = field(default_factory=Counter)

    @property
    def covered(self) -> set[str | Pair]:
        """The flows and pairs that the step to this rest shows."""
        return {*self.flows, *self.pairs}

    def path(self) -> list[Rest]:
        """The rests from the first one to this one."""
        found: list[Rest] = []
        rest: Rest | None = self
        while rest is not None:
            found.append(rest)
            rest = rest.before
        return found[::-1]


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
        self._network = _Network(self.model, self.maps, set(impossible))
        self._fillings: dict[Any, list[Filling]] = {}
        self._seen: dict[Any, list[tuple[str, ...]]] = {}
        self._failed: Counter[tuple[str, str]] = Counter()
        self._stale: Counter[tuple[str, str, str]] = Counter()
        self._signatures: set[bytes] = set()
        self._places: Counter[Any] = Counter()
        self._open: list[tuple[float, int, int, Rest, Way]] = []
        self._blank = bench.keep()

    def start(self, process: str) -> None:
        """Begin a case of this process with each of the site's answers, where they differ in what
        the model reads."""
        known: set[str] = set()
        at = self.model.processes[process]
        for number, answers in enumerate(self.bench.site.starts(process, 0)):
            key = repr(sorted((k, repr(v)) for k, v in answers.items() if k in self.model.variables))
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
            self._arrive(None, Way(act, (item_of(at, at.id),), ()), Doing(act), outcome)

    def run(self, patience: int) -> None:
        """Go on until everything is covered, nothing is left that might show more, or as many
        steps as `patience` says were in vain."""
        vain = 0
        while self.steps < MOST_STEPS and vain < patience:
            found = self._best()
            if found is None:
                return
            before = len(self.covered)
            self._try(*found)
            vain = 0 if len(self.covered) > before else vain + 1

    def walk(self, rest: Rest, missing: set[str | Pair], longest: int) -> Rest:
        """Go on from a rest to what is missing, as long as something is near and the way is not
        longer than `longest`. Returns the rest at which the last of it was shown."""
        here = last = rest
        idle = 0
        missing = set(missing)
        tried: Counter[Any] = Counter()
        while here.depth < longest and idle < _IDLE and not here.case.ended:
            self._network.look_for(missing)
            self.bench.go_back(here.kept, here.case)
            ways = [
                (self._worth(way) + tried[way.known_by, way.branches], way)
                for way in self._acts(here.case)
            ]
            worth, way = min(ways, key=lambda one: one[0], default=(_FAR, None))
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
        """A rest after this one at which the case has ended, if there is one within `most` steps."""
        todo: list[tuple[float, int, Rest]] = [(0.0, 0, rest)]
        count = 0
        while todo and most > 0:
            _, _, here = heapq.heappop(todo)
            if here.case.ended:
                return here
            self.bench.go_back(here.kept, here.case)
            acts = self._acts(here.case)
            acts.sort(key=lambda way: self._to_end(way) + way.act.unlikely)
            for way in acts[:4]:
                if most <= 0:
                    break
                most -= 1
                after = self._step(here, way)
                if after is None:
                    continue
                if after.case.ended:
                    return after
                count += 1
                left = min((self._to_end(way) for way in self._acts(after.case)), default=_FAR)
                heapq.heappush(todo, (left + 0.2 * after.depth, count, after))
        return rest

    # --- choosing

    def _best(self) -> tuple[Rest, Way] | None:
        """The act that seems nearest to something new. What an act is worth hardly ever grows, so
        those at the top of the heap are looked at again only."""
        self._network.settle(self.covered)
        while self._open:
            worth, *order, rest, way = heapq.heappop(self._open)
            now = self._worth_at(rest, way)
            if now >= _FAR:
                continue
            if not self._open or now <= worth + 0.01 or now <= self._open[0][0]:
                return rest, way
            heapq.heappush(self._open, (now, *order, rest, way))
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
        outer, back = _FAR, 0.0
        for name in callers:
            outer = min(outer, back + max(0.0, network.distance[name] - network.calls[name]))
            back += max(0.0, network.to_end[name] - network.calls[name])
        if seen is None:
            ahead = min(network.distance[own], outer + network.to_end[own])
            return ahead + 0.3 + extra
        best = _FAR
        for taken in seen:
            at, value = own, _FAR
            for following in taken:
                value = min(value, network.cost.get((at, following), _FAR))
                at = following
            left = min(network.distance[at], outer + network.to_end[at])
            best = min(best, value, left + (1.0 if taken else 0.3))
        return best + extra

    def _to_end(self, way: Way) -> float:
        network, branches = self._network, way.branches
        rest = sum(max(0.0, network.to_end[n] - network.calls[n]) for n in branches[1:])
        seen = self._seen.get(way.known_by)
        if seen is None:
            return network.to_end[branches[0]] + rest + 1.0
        return min(
            (network.to_end[taken[-1] if taken else branches[0]] for taken in seen), default=_FAR
        ) + rest

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

    def _arrive(
        self, rest: Rest | None, way: Way, doing: Doing, outcome: Outcome
    ) -> Rest | None:
        act = doing.act
        if outcome.faults:
            self._note(act, outcome.faults[0])
            return None
        taken = tuple(after for _, after in outcome.pairs)
        known = self._seen.setdefault(way.known_by, [])
        if taken not in known:
            known.append(taken)
        items = frozenset((*outcome.flows, *outcome.pairs))
        new = not items <= self.covered
        self.covered |= items
        depth = rest.depth + 1 if rest is not None else 0
        after = Rest(
            len(self.rests), outcome.case, rest, doing, outcome.flows, outcome.pairs, depth
        )
        signature, place = _signature(outcome.case)
        if not new and (signature in self._signatures or self._places[place] >= _ALIKE):
            if rest is None or not outcome.case.ended:
                after.kept = self.bench.keep()
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
        """Everything that can be done to the case as the database has it now."""
        found: list[Way] = []
        for place in self.bench.openings(case):
            branches = tuple(self._branches(case, place))
            holds = self._holds(case, place, branches[0])
            found += [Way(act, branches, holds) for act in self._ways(case, place)]
        return found

    def _holds(self, case: Case, place: Open, branch: str) -> tuple[bool, ...]:
        """Which of the next conditions hold that the answers here do not settle."""
        element = self.model.processes[place.process].elements[place.element]
        form = self.model.forms.get(element.form or "")
        conditions = self._network.conditions[branch]
        variables = case.variables.get(place.instance, {})
        return tuple(
            condition.evaluate(variables) is True
            for condition in conditions
            if form is None or not condition.variables <= form.keys
        )

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

    def _branches(self, case: Case, place: Open) -> Iterator[str]:
        number, element = place.instance, place.element
        while True:
            trail = case.trails[number]
            yield f"{trail.process.id}/{trail.branch(element)}"
            caller = case.callers.get(number)
            if caller is None:
                return
            number, element = caller

    def _note(self, act: Act, message: str) -> None:
        self._failed[act.element, act.key] += 1
        self.faults.setdefault((act.element, message), act.key)


class _Network:
    """Every branch of a model with those that can follow it, and how far each is from what is
    looked for. A process's start is a branch here, too, which a call leads to.

    `distance` and `to_end` count the branches to the nearest thing wanted and to the end of the
    process, `calls` those on the shortest way through what is called behind a branch.
    """

    def __init__(
        self, model: Model, maps: dict[str, BranchMap], impossible: set[Pair]
    ) -> None:
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
                called = [e.called for e in segment.elements if e.kind == "callActivity"]
                self.called[item] = [f"{each}/{each}" for each in called if each]
                self.following[item] = after
        self.conditions = {
            name: _conditions(model, [*after, *(b for a in after for b in self.following[a])])
            for name, after in self.following.items()
        }
        self.calls = dict.fromkeys(self.following, 0.0)
        self.to_end = dict.fromkeys(self.following, _FAR)
        for _ in range(_DEEPEST):
            # A way through a process is as long as those through what it calls are known to be.
            ways = {n: [(f, 1.0 + self.calls[n]) for f in a] for n, a in self.following.items()}
            self.to_end = _spread({n: e + self.calls[n] for n, e in ends.items()}, ways)
            for name, called in self.called.items():
                self.calls[name] = sum(1.0 + min(self.to_end[each], _FAR) for each in called)
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

    def in_vain(self, branches: tuple[str, ...]) -> None:
        """A step behind these branches showed nothing new of what is looked for there."""
        self._vain.update(name for name in branches if name in self._wanted)

    def look_for(self, missing: set[str | Pair]) -> None:
        """Work the distances out to these things, and nothing else."""
        known = {item for name in self.following for item in self.flows[name]} | self.pairs
        known |= {each for after in self.following.values() for each in after}
        self._vain.clear()
        self._settled = (-1, -1)
        self.settle(known - missing)

    def settle(self, covered: set[str | Pair]) -> None:
        """Work the distances out anew, where anything has changed."""
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
    found = dict.fromkeys(ways, _FAR)
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


def _signature(case: Case) -> tuple[bytes, Any]:
    """What makes a case different from another, and where it stands."""
    stands = tuple(
        (process, places, tuple(sorted(case.trails[number].at.items())))
        for number, process, places in case.waiting
    )
    variables = [
        {
            name: "day" if isinstance(value, date) else str(value)
            for name, value in one.items()
        }
        for one in case.variables.values()
    ]
    return orjson.dumps([str(stands), variables], option=orjson.OPT_SORT_KEYS), str(stands)
