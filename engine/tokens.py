"""The token game of BPMN 2.0 clause 13 over a drawing: which markings can follow which.

The rules are those of `engine.spiff`, without variables: a gateway may choose any of its ways, and
every step may take any time. A marking is a tuple of tokens and hashable, so that a search can
remember where it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import combinations, count
from typing import NamedTuple

from engine.diagrams import EventDefinition


class Token(NamedTuple):
    """`arrival` is the arc by which it waits at a join, `spent` the boundary events that happen
    only once and did, `inner` the marking of a sub-process; `origin` names the runs of dashed
    events that it stems from, so that it is not taken for the token beside which it goes on."""

    node: str
    arrival: int = -1
    origin: tuple[str, ...] = ()
    spent: tuple[str, ...] = ()
    inner: tuple[Token, ...] = ()


Marking = tuple[Token, ...]


@dataclass(eq=False)
class Arc:
    """A way from node to node. `via` are the items (flows and elements) passed on it in order,
    `covers` all that are passed by some way which it stands for."""

    number: int
    source: str
    target: str
    via: tuple[str, ...]
    covers: frozenset[str]
    is_default: bool = False


@dataclass(eq=False)
class Catch:
    """A boundary event, and the arc behind it."""

    item: str
    event: EventDefinition
    interrupts: bool
    arc: Arc

    @property
    def is_once(self) -> bool:
        return self.event.kind == "timer" and self.event.timer != "cycle"


@dataclass(eq=False)
class Node:
    """A place of tokens. `kind` is how it moves them on: one (any of its ways), all, some (as an
    inclusive gateway), throw, end or terminate; `scope` is what runs inside it."""

    id: str
    item: str
    kind: str
    incoming: list[Arc] = field(default_factory=list)
    outgoing: list[Arc] = field(default_factory=list)
    catches: list[Catch] = field(default_factory=list)
    scope: Scope | None = None
    event: EventDefinition | None = None
    covers: frozenset[str] = frozenset()
    is_race: bool = False
    is_start: bool = False

    @property
    def joins(self) -> bool:
        return self.kind in ("all", "some") and len(self.incoming) > 1


class Move(NamedTuple):
    """One step: the items passed in order, all that are passed by it, and the marking after it."""

    items: tuple[str, ...]
    covers: frozenset[str]
    after: Marking
    thrown: EventDefinition | None = None


_Left = tuple[tuple[str, ...], frozenset[str], tuple[Token, ...]]
"""What following some arcs gives: items, covers and the new tokens."""


class Scope:
    """The net of one process or sub-process.

    What a dashed event starts goes on at most `beside` times at once; after two, more of it shows
    nothing new.
    """

    def __init__(self, id: str, beside: int) -> None:
        self.id = id
        self.beside = beside
        self.nodes: dict[str, Node] = {}
        self._reach: dict[tuple[str, int], frozenset[str]] = {}
        self._recalled: dict[Marking, tuple[list[Move], Iterator[Move]]] = {}

    def begin(self) -> Marking:
        """The marking with which it starts: a token on its start event."""
        return (Token(next(node.id for node in self.nodes.values() if node.is_start)),)

    def moves(self, marking: Marking) -> Iterator[Move]:
        """Every step that some token can take."""
        seen: set[Token] = set()
        for token in marking:
            if token in seen:
                continue
            seen.add(token)
            node = self.nodes[token.node]
            if node.joins:
                yield from self._join(marking, token, node)
                continue
            for event in node.catches:
                if event.event.kind in ("message", "timer"):
                    yield from self._catch(marking, token, event, token)
            if node.scope is not None:
                yield from self._inside(marking, token, node, node.scope)
            else:
                yield from self._leave(marking, (token,), node, token.origin)

    def forget(self) -> None:
        """The net was changed: what was found out about it holds no longer."""
        self._reach.clear()
        self._recalled.clear()

    def recalled(self, marking: Marking) -> Iterator[Move]:
        """As `moves`, each found only once: what goes on beside changes nothing of it."""
        found, others = self._recalled.setdefault(marking, ([], self.moves(marking)))
        for place in count():
            if place == len(found):
                move = next(others, None)
                if move is None:
                    return
                found.append(move)
            yield found[place]

    # --- what a token can do

    def _leave(
        self, marking: Marking, used: tuple[Token, ...], node: Node, origin: tuple[str, ...]
    ) -> Iterator[Move]:
        own = node.covers | {node.item}
        if node.kind == "terminate":
            yield Move((node.item,), own, ())
            return
        rest = _without(marking, used)
        if node.kind == "throw" or not node.outgoing:
            items, covers, fresh = self._follow(node.outgoing, origin)
            after = self._marking(rest + fresh)
            yield Move((node.item, *items), own | covers, after, node.event)
            return
        for arcs in _ways(node):
            items, covers, fresh = self._follow(arcs, origin)
            yield Move((node.item, *items), own | covers, self._marking(rest + fresh))

    def _catch(
        self, marking: Marking, token: Token, event: Catch, changed: Token
    ) -> Iterator[Move]:
        """`event` happens at the activity `token`, which stays as `changed` if it goes on."""
        rest = _without(marking, (token,))
        origin = token.origin
        if not event.interrupts:
            live = {name for other in marking for name in other.origin}
            runs = (f"{event.item}#{number}" for number in range(1, self.beside + 1))
            free = next((run for run in runs if run not in live), None)
            if free is None or event.item in changed.spent:
                return
            origin = (*origin, free)
            if event.is_once:
                changed = changed._replace(spent=_names((*changed.spent, event.item)))
            rest += (changed,)
        items, covers, fresh = self._follow([event.arc], origin)
        yield Move((event.item, *items), covers | {event.item}, self._marking(rest + fresh))

    def _inside(self, marking: Marking, token: Token, node: Node, scope: Scope) -> Iterator[Move]:
        for move in scope.recalled(token.inner):
            changed = token._replace(inner=move.after)
            thrown = move.thrown
            caught = [e for e in node.catches if thrown is not None and e.event == thrown]
            for event in caught[:1]:
                for fired in self._catch(marking, token, event, changed):
                    items, covers = move.items + fired.items, move.covers | fired.covers
                    if not event.interrupts and not move.after:
                        still = next(t for t in fired.after if t.node == node.id and not t.inner)
                        for left in self._leave(fired.after, (still,), node, token.origin):
                            yield Move(items + left.items, covers | left.covers, left.after)
                    else:
                        yield Move(items, covers, fired.after)
                    break
                else:
                    caught = []
                thrown = None
            if caught:
                continue
            if move.after:
                after = self._marking((*_without(marking, (token,)), changed))
                yield Move(move.items, move.covers, after, thrown)
            else:
                for left in self._leave(marking, (token,), node, token.origin):
                    yield Move(
                        move.items + left.items, move.covers | left.covers, left.after, thrown
                    )

    def _join(self, marking: Marking, token: Token, node: Node) -> Iterator[Move]:
        first: dict[int, Token] = {}
        for other in marking:
            if other.node == node.id:
                first.setdefault(other.arrival, other)
        if token is not next(iter(first.values())):
            return
        if node.kind == "all":
            if len(first) < len(node.incoming):
                return
        elif not self._may_pass(marking, node, first.keys()):
            return
        used = tuple(first.values())
        yield from self._leave(marking, used, node, _common([t.origin for t in used]))

    def _may_pass(self, marking: Marking, node: Node, arrived: Collection[int]) -> bool:
        """BPMN 2.0 13.4.3: nothing can still come by an empty way, unless it can also come by one
        where a token waits."""
        for token in marking:
            if token.node == node.id:
                continue
            at = self.nodes[token.node]
            places = [arc.target for arc in at.outgoing] if at.is_race else [at.id]
            for place in places:
                ways = [a.number for a in node.incoming if place in self._reaching(node, a)]
                if ways and not any(way in arrived for way in ways):
                    return False
        return True

    def _reaching(self, join: Node, arc: Arc) -> frozenset[str]:
        """The nodes from which `join` is reached by `arc` without passing it before."""
        known = self._reach.get((join.id, arc.number))
        if known is None:
            seen: set[str] = set()
            todo = [self._behind(arc)]
            while todo:
                place = todo.pop()
                if place in seen or place == join.id:
                    continue
                seen.add(place)
                node = self.nodes[place.removesuffix("!")]
                if node.catches and place == node.id:
                    todo.append(f"{place}!")
                else:
                    todo += [self._behind(before) for before in node.incoming]
            known = self._reach[join.id, arc.number] = frozenset(seen)
        return known

    def _behind(self, arc: Arc) -> str:
        # A token in an activity is not on its way to what only a boundary event leads to, but one
        # before the activity is.
        source = self.nodes[arc.source]
        return f"{source.id}!" if any(e.arc is arc for e in source.catches) else source.id

    def _marking(self, tokens: tuple[Token, ...]) -> Marking:
        """The tokens in order. Where a way ends at a gateway, once is as good as often."""
        found: list[Token] = []
        for token in sorted(tokens):
            node = self.nodes[token.node]
            if node.outgoing or node.kind == "one" or found[-1:] != [token]:
                found.append(token)
        return tuple(found)

    def _follow(self, arcs: Collection[Arc], origin: tuple[str, ...]) -> _Left:
        items: tuple[str, ...] = ()
        covers: frozenset[str] = frozenset()
        fresh: list[Token] = []
        for arc in arcs:
            items += arc.via
            covers |= arc.covers
            node = self.nodes[arc.target]
            if node.kind == "end":
                items += (node.item,)
                covers |= node.covers | {node.item}
            else:
                if node.scope is not None:
                    covers |= {node.item}  # begun, even if it never comes to its own end
                fresh.append(
                    Token(
                        node.id,
                        arc.number if node.joins else -1,
                        origin,
                        (),
                        node.scope.begin() if node.scope is not None else (),
                    )
                )
        return items, covers, tuple(fresh)


def _ways(node: Node) -> Iterator[list[Arc]]:
    """The sets of arcs by which a token may leave: one, all, or any as an inclusive gateway."""
    if node.kind == "all":
        yield node.outgoing
    elif node.kind == "some" and len(node.outgoing) > 1:
        conditional = [arc for arc in node.outgoing if not arc.is_default]
        for size in range(1, len(conditional) + 1):
            yield from map(list, combinations(conditional, size))
        yield from ([arc] for arc in node.outgoing if arc.is_default)
    else:
        yield from ([arc] for arc in node.outgoing)


def _without(marking: Marking, used: Collection[Token]) -> Marking:
    left = list(marking)
    for token in used:
        left.remove(token)
    return tuple(left)


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _common(origins: list[tuple[str, ...]]) -> tuple[str, ...]:
    shortest = min(origins, key=len)
    for length in range(len(shortest), 0, -1):
        if all(origin[:length] == shortest[:length] for origin in origins):
            return shortest[:length]
    return ()
