"""Searching all that a drawing can do: every marking that follows from its start.

A search that would take too long stops and says so; it never answers wrongly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field

from engine.diagrams import EventDefinition
from engine.tokens import Marking, Move, Scope, Token

MOST_TOKENS = 200_000
"""Tokens in all the markings looked at for one process, with all its sub-processes. A number, not
a time: a check answers the same on every machine, however busy."""

AUTOMATIC = frozenset(
    {
        "startEvent",
        "endEvent",
        "intermediateThrowEvent",
        "serviceTask",
        "businessRuleTask",
        "subProcess",
        "exclusiveGateway",
        "inclusiveGateway",
        "parallelGateway",
    }
)
"""Kinds of elements that the service passes by itself; flows it always does."""

State = tuple[Marking, int]
"""A marking, and what a rule remembers of the way to it (0 where no rule is asked)."""

Watch = Callable[[int, Move], "int | None"]
"""What a rule remembers after a move, None where nothing more has to be looked at. Raises
`Broken`."""


class Broken(Exception):
    """A move breaks the rule; `place` is the position of the item in the move that does."""

    def __init__(self, place: int) -> None:
        self.place = place


@dataclass
class Space:
    """The states that were found, and how each was reached first."""

    came_from: dict[State, tuple[State, Move] | None] = field(default_factory=dict)
    followers: dict[State, list[State]] = field(default_factory=dict)
    covered: set[str] = field(default_factory=set)
    complete: bool = True
    broken: tuple[str, ...] | None = None

    def path(self, state: State) -> tuple[str, ...]:
        """The items passed on the shortest way to a state that was found."""
        parts: list[tuple[str, ...]] = []
        step = self.came_from[state]
        while step is not None:
            state, move = step
            parts.append(move.items)
            step = self.came_from[state]
        return tuple(item for part in reversed(parts) for item in part)

    def ending(self) -> set[State]:
        """The states from which the process can come to its end."""
        before: dict[State, list[State]] = {}
        for state, following in self.followers.items():
            for after in following:
                before.setdefault(after, []).append(state)
        found = {state for state in self.came_from if not state[0]}
        todo = list(found)
        while todo:
            for state in before.get(todo.pop(), ()):
                if state not in found:
                    found.add(state)
                    todo.append(state)
        return found


class Effort:
    """What searches that belong together may still cost, in tokens."""

    def __init__(self) -> None:
        self._left = MOST_TOKENS

    @property
    def is_spent(self) -> bool:
        return self._left < 0

    def spend(self, moves: Iterable[Move]) -> Iterator[Move]:
        """The moves, as far as they can be afforded."""
        for move in moves:
            self._left -= 1 + len(move.after)
            if self.is_spent:
                return
            yield move


def explore(
    net: Scope,
    effort: Effort,
    *,
    watch: Watch | None = None,
    ends_at: Set[EventDefinition] = frozenset(),
    at_once: Set[str] = frozenset(),
) -> Space:
    """Every state that can follow from the start of `net`, the nearest first.

    States with more than one token of the same origin in the same place are not followed, which
    keeps the search finite. What is thrown of `ends_at` ends the net at once. Items
    of `at_once` are passed before all else. With a `watch` the search ends at the first move that
    breaks the rule.
    """
    space = Space()
    start: State = (net.begin(), 0)
    space.came_from[start] = None
    todo = deque([start])
    while todo:
        state = todo.popleft()
        following = space.followers[state] = []
        if doubled(net, state[0]) is not None:
            continue
        for move in _next(effort.spend(net.moves(state[0])), at_once):
            if move.thrown in ends_at:
                move = move._replace(after=())
            space.covered |= move.covers
            memory: int | None = 0
            if watch is not None:
                try:
                    memory = watch(state[1], move)
                except Broken as broken:
                    space.broken = space.path(state) + move.items[: broken.place + 1]
                    return space
                if memory is None:
                    continue
            after: State = (move.after, memory or 0)
            following.append(after)
            if after not in space.came_from:
                space.came_from[after] = (state, move)
                todo.append(after)
        if effort.is_spent:
            space.complete = False
            break
    return space


def _next(moves: Iterator[Move], at_once: Set[str]) -> Iterable[Move]:
    """All the moves; or those of one automatic step, if there is one, as the engine does them.

    A step that stands for steps behind it, too, is automatic only if all of them are: whatever
    waits for someone lets the others go on.
    """
    if not at_once:
        return moves
    steps: dict[str, list[Move]] = {}
    for move in moves:
        steps.setdefault(move.items[0], []).append(move)
    for step in steps.values():
        if all(item in at_once for move in step for item in move.items):
            return step
    return [move for step in steps.values() for move in step]


def doubled(net: Scope, marking: Marking) -> Token | None:
    """A token that stands where another of the same origin stands: one too many."""
    seen: set[tuple[str, int, tuple[str, ...]]] = set()
    for token in marking:
        node = net.nodes[token.node]
        if token[:3] in seen and (node.outgoing or node.kind == "one"):
            return token
        seen.add(token[:3])
        inner = doubled(node.scope, token.inner) if node.scope is not None else None
        if inner is not None:
            return inner
    return None
