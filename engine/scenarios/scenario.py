"""Scenarios: a few ways that show everything, each from its start to an end, named in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from engine.scenarios.bench import Doing
from engine.scenarios.branches import Pair
from engine.scenarios.names import Names
from engine.scenarios.rests import Rest
from engine.scenarios.search import Search

_TO_THE_END = 60
"""How many steps are tried to bring a way to its end."""
_LONG = 40
"""A case that is gone on with to show more is not made longer than this."""


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
    ways = [(rest, _shown(rest)) for rest in search.rests]
    missing = set(search.covered)
    found: list[Rest] = []
    while missing:
        rest, _ = max(
            ways,
            key=lambda way: (len(way[1] & missing) / (way[0].depth + 10), -way[0].number),
        )
        rest = search.walk(rest, missing - _shown(rest), _LONG)
        rest = search.finish(rest, _TO_THE_END)
        found.append(rest)
        missing -= _shown(rest)
        ways = [way for way in ways if not way[1].isdisjoint(missing)]
    names = Names(search.model)
    told: set[str | Pair] = set()
    scenarios = []
    for rest in _needed(found):
        shown = _shown(rest)
        scenarios.append(_scenario(names, rest, frozenset(shown - told)))
        told |= shown
    return scenarios


def _needed(rests: list[Rest]) -> list[Rest]:
    """Those rests whose ways show anything that the others do not, the longest left out first."""
    times = Counter(item for rest in rests for item in _shown(rest))
    left_out = set[int]()
    for rest in sorted(rests, key=lambda rest: -rest.depth):
        shown = _shown(rest)
        if all(times[item] > 1 for item in shown):
            times.subtract(shown)
            left_out.add(rest.number)
    return [rest for rest in rests if rest.number not in left_out]


def _shown(rest: Rest) -> set[str | Pair]:
    """All that the way to a rest shows."""
    return {item for each in rest.path() for item in each.covered}


def _scenario(names: Names, rest: Rest, shows: frozenset[str | Pair]) -> Scenario:
    path = rest.path()
    return Scenario(
        names.name(path, shows),
        path[0].doing.act.element,
        tuple(Stage(each.doing, each.flows, each.pairs) for each in path),
        shows,
        rest.case.ended,
        tuple(f"{process}/{place}" for _, process, places in rest.case.waiting for place in places),
    )
