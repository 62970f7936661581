"""Which branches can follow each other where more than the two conditions has a say.

On one diagram after the other the token game is played together with the values that a few
variables can have. A gateway lets a token pass only where its condition can be met, and a step
leaves open whatever it writes, but for what a handler always gives. What the service does by itself
is taken to be done at once, as in a run without incidents, and what a dashed event starts is not
followed twice at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.diagrams import Element, Process
from engine.model import Model
from engine.nets import build, item_of
from engine.scenarios.branches import Pair, Trail
from engine.scenarios.values import Domains, Values, compares_only, guard_of
from engine.services import ServiceRegistry
from engine.spiff import Passed
from engine.state_space import AUTOMATIC, Effort, explore
from engine.tokens import Move

Starts = Callable[[Process, int], Sequence[Mapping[str, Any]]]
_BESIDE = "whenever the first way comes to its end, something beside it still goes on"


@dataclass
class _Seen:
    """The branches that can follow the one in question, and with which values the process calls
    others; nothing is proved of what is not there if the game took too long."""

    following: set[str] = field(default_factory=set)
    calls: dict[str, int] = field(default_factory=dict)
    complete: bool = True


class Possible:
    """What can be in the diagrams of one model, whose processes begin with answers as `starts`
    gives them, or are called."""

    def __init__(
        self, model: Model, services: ServiceRegistry, domains: Domains, starts: Starts
    ) -> None:
        self.model = model
        self.services = services
        self.starts = starts
        self._domains = domains
        self._values: dict[frozenset[str], Values] = {}
        self._games: dict[Any, _Seen] = {}

    def why_not(self, process: Process, pair: Pair) -> str:
        """Why the second branch cannot follow the first one, "" where that is not proved."""
        if self._is_refuted(process, pair, frozenset()):
            return _BESIDE
        asked = self._asked(process, pair[1])
        if not asked:
            return ""
        for names in (asked, asked | self._asked(process, pair[0])):
            if self._is_refuted(process, pair, names):
                about = " and ".join(sorted(asked))
                return f"by what {about} can be there, a case always goes another way"
        return ""

    def _asked(self, process: Process, branch: str) -> frozenset[str]:
        """What the gateway asks at which a branch is taken, as far as it only compares."""
        gateway = process.elements[process.flows[branch].source]
        return frozenset(
            name
            for flow in process.outgoing[gateway.id]
            if flow.condition and compares_only(flow.condition)
            for name in self.model.expressions[flow.condition].variables
        )

    def _is_refuted(self, process: Process, pair: Pair, names: frozenset[str]) -> bool:
        values = self._values.get(names)
        if values is None:
            values = Values(self.model, self.services, self._domains, names)
            self._values[names] = values
        if values.too_many:
            return False
        found = self._play(process, pair[0], values)
        return found.complete and pair[1] not in found.following

    def _play(self, process: Process, branch: str, values: Values) -> _Seen:
        key = (process.id, branch, tuple(values.names))
        known = self._games.get(key)
        if known is None:
            first = self._at_start(process, values)
            known = self._games[key] = _Game(process, branch, values, first).seen
        return known

    def _at_start(self, process: Process, values: Values) -> int:
        """The values with which a process can begin."""
        given = {name for answers in self.starts(process, 0) for name in answers}
        found = values.null_but(given)
        for caller in self.model.processes.values():
            if any(element.called == process.id for element in caller.elements.values()):
                seen = self._play(caller, "", values)
                found |= seen.calls.get(process.id, 0) if seen.complete else values.everything
        return found


class _Game:
    """The token game of one process, what is called in it left out. Of each token it is noted
    whether it came by `branch`."""

    def __init__(self, process: Process, branch: str, values: Values, first: int) -> None:
        self.process = process
        self.branch = branch
        self.values = values
        self.seen = _Seen()
        self._notes: list[tuple[tuple[Any, ...], int]] = [((), first)]
        self._numbers = {self._notes[0]: 0}
        at_once = frozenset(
            item_of(process, id)
            for id in (*process.flows, *process.elements)
            if id in process.flows or process.elements[id].kind in AUTOMATIC
        )
        net = build(process, process.id, _inside, beside=1)
        space = explore(net, Effort(), watch=self._watch, at_once=at_once)
        self.seen.complete = space.complete

    def _watch(self, memory: int, move: Move) -> int | None:
        at, values = self._notes[memory]
        trail = Trail(self.process, dict(at))
        following: list[str] = []
        for passed in self._passed(move.items):
            values = self.values.after(values, passed.element)
            for flow in passed.flows:
                values = self.values.met(values, guard_of(self.process, flow))
            if not values:
                return None
            pairs = trail.pass_by(passed).pairs
            following += [after for before, after in pairs if before == self.branch]
        self.seen.following.update(following)
        for item in move.items:
            taken = self.process.flows.get(item.rpartition("/")[2])
            called = self.process.elements[taken.target].called if taken is not None else None
            if called:
                self.seen.calls[called] = self.seen.calls.get(called, 0) | values
        here = tuple(sorted(one for one in trail.at.items() if self.branch in one[1])), values
        number = self._numbers.setdefault(here, len(self._notes))
        if number == len(self._notes):
            self._notes.append(here)
        return number

    def _passed(self, items: Iterable[str]) -> Iterator[Passed]:
        names = [item.rpartition("/")[2] for item in items]
        flows = [name for name in names if name in self.process.flows]
        for name in names:
            if name in self.process.elements:
                taken = tuple(flow for flow in flows if self.process.flows[flow].source == name)
                yield Passed(self.process.elements[name], taken)


def _inside(process: Process, element: Element) -> tuple[Process, str] | None:
    return (process, element.id) if element.kind == "subProcess" else None
