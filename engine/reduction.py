"""Making a net smaller without changing whether it is sound.

Rules for free-choice nets after T. Murata, “Petri Nets: Properties, Analysis and Applications”
(1989), section V: a step with one way in and one way out, ways that run side by side between the
same gateways, and loops with a way out. What is block-structured shrinks to nothing, so that
branches side by side are not multiplied with each other.
"""

from __future__ import annotations

from collections.abc import Set

from engine.shape import closure
from engine.tokens import Arc, Node, Scope


def reduce(net: Scope, kept: Set[str] = frozenset(), waits: Set[str] = frozenset()) -> None:
    """Shrink `net` in place, with the scopes inside it. Items in `kept` stay on the paths.

    So does each item of `waits` that begins one of several ways side by side: where steps by the
    service are taken to be done at once, no way may come to such a step without its wait.
    """
    net.forget()
    for node in net.nodes.values():
        if node.scope is not None:
            reduce(node.scope, kept, waits)
    again = _repeated_splits(net)
    todo = True
    while todo:
        todo = False
        for node in list(net.nodes.values()):
            if node.id in net.nodes and (
                _beside(net, node, kept)
                or _loop(net, node, kept)
                or _side_by_side(net, node, kept)
                or _series(net, node, kept, again, waits)
                or _absorb(net, node, kept)
            ):
                todo = True


def _repeated_splits(net: Scope) -> set[str]:
    """The gateways that start several ways and to which one of them leads back."""
    onward = {
        node.id: {arc.target for arc in (*node.outgoing, *(e.arc for e in node.catches))}
        for node in net.nodes.values()
    }
    return {
        node.id
        for node in net.nodes.values()
        if node.kind in ("all", "some")
        and len(node.outgoing) > 1
        and node.id in closure(onward[node.id], onward)
    }


def _is_plain(node: Node) -> bool:
    """Whether it takes a token and hands it on, no more."""
    if node.catches or node.scope is not None or node.is_start or node.is_race:
        return False
    if node.kind in ("all", "some"):
        return len(node.incoming) == 1 and len(node.outgoing) == 1
    return node.kind == "one" and bool(node.outgoing)


def _is_free(arc: Arc, kept: Set[str]) -> bool:
    return not arc.covers & kept


def _series(net: Scope, node: Node, kept: Set[str], again: Set[str], waits: Set[str]) -> bool:
    """A step with one way in and one way out becomes part of the way."""
    if not (_is_plain(node) and len(node.incoming) == len(node.outgoing) == 1):
        return False
    before, after = node.incoming[0], node.outgoing[0]
    if node.item in kept or before.source == node.id:
        return False
    split = net.nodes[before.source]
    splits = split.kind in ("all", "some") and len(split.outgoing) > 1
    if splits and not waits.isdisjoint((node.item, *after.via)):
        return False
    if net.nodes[after.target].kind == "end" and before.source in again:
        return False  # each round leaves a token here
    _prolong(net, before, node, after)
    del net.nodes[node.id]
    return True


def _absorb(net: Scope, node: Node, kept: Set[str]) -> bool:
    """A choice that only follows one step becomes the choice of that step."""
    if node.kind != "one" or node.scope or node.is_race or len(node.outgoing) != 1:
        return False
    before = node.outgoing[0]
    choice = net.nodes[before.target]
    if not _is_plain(choice) or choice.kind != "one" or len(choice.incoming) != 1:
        return False
    if choice is node or choice.item in kept or node.is_start:
        return False
    node.outgoing = []
    for after in choice.outgoing:
        after.source = node.id
        after.via = (*before.via, choice.item, *after.via)
        after.covers |= before.covers | choice.covers | {choice.item}
        node.outgoing.append(after)
    del net.nodes[choice.id]
    return True


def _prolong(net: Scope, before: Arc, node: Node, after: Arc) -> None:
    before.via = (*before.via, node.item, *after.via)
    before.covers |= after.covers | node.covers | {node.item}
    before.target = after.target
    target = net.nodes[after.target]
    target.incoming[target.incoming.index(after)] = before


def _beside(net: Scope, node: Node, kept: Set[str]) -> bool:
    """What a dashed event starts and what ends by itself leaves no trace."""
    for event in node.catches:
        target = net.nodes[event.arc.target]
        if (
            not event.interrupts
            and event.event.kind in ("message", "timer")
            and target.kind == "end"
            and _is_free(event.arc, kept)
            and not {event.item, target.item} & kept
        ):
            node.catches.remove(event)
            target.incoming.remove(event.arc)
            node.covers |= event.arc.covers | {event.item, target.item}
            return True
    return False


def _loop(net: Scope, node: Node, kept: Set[str]) -> bool:
    """A way straight back to the step it comes from changes nothing, if there is another."""
    if node.kind != "one" or node.scope is not None or node.catches:
        return False
    for arc in node.outgoing:
        if arc.target == node.id and len(node.outgoing) > 1 and _is_free(arc, kept):
            _remove(net, arc)
            node.covers |= arc.covers
            return True
    return False


def _side_by_side(net: Scope, node: Node, kept: Set[str]) -> bool:
    """Ways from the same gateway to the same gateway become one way."""
    ways = [arc for arc in node.outgoing if _is_free(arc, kept)]
    for number, arc in enumerate(ways):
        target = net.nodes[arc.target]
        for other in ways[:number]:
            if other.target != arc.target:
                continue
            if node.kind == "one":
                fits = not target.joins
            elif node.kind == "all":
                fits = target.kind == "all" and target is not node
            else:
                fits = False
            if fits:
                if node.kind == "all":
                    other.via += arc.via
                other.covers |= arc.covers
                _remove(net, arc)
                return True
    if node.kind == "some" and len(node.outgoing) > 1 and len(ways) == len(node.outgoing):
        join = net.nodes[ways[0].target]
        if join.kind == "some" and {id(a) for a in join.incoming} == {id(a) for a in ways}:
            for arc in ways[1:]:
                ways[0].covers |= arc.covers
                _remove(net, arc)
            ways[0].is_default = False
            return True
    return False


def _remove(net: Scope, arc: Arc) -> None:
    net.nodes[arc.source].outgoing.remove(arc)
    net.nodes[arc.target].incoming.remove(arc)
