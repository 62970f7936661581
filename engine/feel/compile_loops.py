"""Loops, quantifiers and filters as closures (DMN 1.5, 10.3.2.5, 10.3.2.14 and tables 54, 61).

Every turn of a loop costs the weight of its body, so nested loops run out of steps together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from engine.feel.budget import STEPS_LEFT, Environment, check_length, next_portion
from engine.feel.code import Code, Compiler, Run, Scope
from engine.feel.nodes import Arithmetic, Domain, Filter, For, Negation, Node, Quantified
from engine.feel.numbers import whole
from engine.feel.values import Range

Visit = Callable[[Environment, list[Any]], bool]
"""One level of a loop: goes through its items and says whether the levels around shall go on."""

PARTIAL = "partial"


class _NotIterable(Exception):
    """A loop's domain is null or has no next item; the loop is null."""


def compile_for(compiler: Compiler, node: For) -> Code:
    with compiler.scope(Scope(), loop=True) as scope:
        levels = _domains(compiler, node.domains, scope)
        partial = scope.slots[PARTIAL] = scope.slots.get(PARTIAL) or compiler.slot()
        if all(domain.name != PARTIAL for domain in node.domains):
            scope.copied = frozenset((PARTIAL,))
        body = compiler.compile(node.body)
    inner = body.run

    def collect(environment: Environment, results: list[Any]) -> bool:
        results.append(inner(environment))
        return True

    visit, weight = _nest(levels, collect, body.weight)
    keep_partial = bool(scope.copied)

    def run(environment: Environment) -> Any:
        results: list[Any] = []
        if keep_partial:
            environment[partial] = results
        try:
            visit(environment, results)
        except _NotIterable:
            return None
        check_length(len(results))
        return results

    return Code(run, weight=weight)


def compile_quantified(compiler: Compiler, node: Quantified) -> Code:
    """`some` is the three-valued or of all turns, `every` the and."""
    with compiler.scope(Scope(), loop=True) as scope:
        levels = _domains(compiler, node.domains, scope)
        body = compiler.compile(node.body)
    inner = body.run
    decisive = not node.every

    def decide(environment: Environment, results: list[Any]) -> bool:
        value = inner(environment)
        if value is decisive:
            results[0] = decisive
            return False
        if value is None or type(value) is not bool:
            results[0] = None
        return True

    visit, weight = _nest(levels, decide, body.weight)

    def run(environment: Environment) -> Any:
        results: list[Any] = [not decisive]
        try:
            visit(environment, results)
        except _NotIterable:
            return None
        return results[0]

    return Code(run, weight=weight, kind="boolean")


def _domains(
    compiler: Compiler, domains: Iterable[Domain], scope: Scope
) -> list[tuple[Callable[[Environment], Iterable[Any]], int, int, int]]:
    """Items, slot, weight and place of each level; each sees the variables of those before."""
    levels = []
    for domain in domains:
        start = compiler.compile(domain.start)
        weight = start.weight
        if domain.end is None:
            items = _items(start.run)
        else:
            end = compiler.compile(domain.end)
            weight += end.weight
            items = _steps(start.run, end.run)
        slot = scope.slots[domain.name] = compiler.slot()
        levels.append((items, slot, weight, domain.at))
    return levels


def _nest(
    levels: list[tuple[Callable[[Environment], Iterable[Any]], int, int, int]],
    visit: Visit,
    weight: int,
) -> tuple[Visit, int]:
    for items, slot, cost, at in reversed(levels):
        visit = _level(items, slot, visit, 1 + weight, at)
        weight += 1 + cost
    return visit, weight


def _level(
    items: Callable[[Environment], Iterable[Any]], slot: int, inner: Visit, weight: int, at: int
) -> Visit:
    def visit(environment: Environment, results: list[Any]) -> bool:
        for item in items(environment):
            environment[STEPS_LEFT] -= weight
            if environment[STEPS_LEFT] < 0:
                next_portion(environment, at)
            environment[slot] = item
            if not inner(environment, results):
                return False
        return True

    return visit


def _items(domain: Run) -> Callable[[Environment], Iterable[Any]]:
    def items(environment: Environment) -> Iterable[Any]:
        value = domain(environment)
        kind = type(value)
        if kind is list:
            return list(value)
        if value is None:
            raise _NotIterable
        return range_items(value) if kind is Range else [value]

    return items


def _steps(start: Run, end: Run) -> Callable[[Environment], Iterable[Any]]:
    return lambda environment: _between(start(environment), end(environment))


def _between(start: Any, end: Any) -> Iterable[Any]:
    """Whole numbers or days from one to the other, both included, upwards or downwards."""
    if type(start) is Decimal and type(end) is Decimal:
        first, last = whole(start), whole(end)
        if first is not None and last is not None:
            return map(Decimal, _counting(first, last))
    if type(start) is date and type(end) is date:
        return map(date.fromordinal, _counting(start.toordinal(), end.toordinal()))
    raise _NotIterable


def _counting(first: int, last: int) -> range:
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


def range_items(interval: Range) -> Iterable[Any]:
    """What a range goes through: whole numbers or days; raises `_NotIterable` for others."""
    items = _between(interval.start, interval.end)
    first, last = interval.start, interval.end
    left_out = [
        end
        for end, included in ((first, interval.start_included), (last, interval.end_included))
        if not included
    ]
    return (item for item in items if item not in left_out)


def compile_filter(compiler: Compiler, node: Filter) -> Code:
    """`list[condition]` or `list[index]`, told apart by what stands in it or comes out of it.

    As an index the expression is evaluated without an item, for an index is one for all items.
    """
    base = compiler.compile(node.base)
    if _is_index(node.condition):
        index = compiler.compile(node.condition)
        run_base, run_index = base.run, index.run
        return compiler.fold(
            node,
            lambda environment: _at(_as_list(run_base(environment)), run_index(environment)),
            (base, index),
        )
    slot = compiler.slot()
    with compiler.scope(Scope(item=slot)):
        condition = compiler.compile(node.condition)
    weight = 1 + condition.weight
    probing = condition.kind != "boolean"
    return Code(
        _filtering(base.run, condition.run, slot, weight, probing, node.at),
        weight=base.weight + 2 * weight,
    )


def _is_index(condition: Node) -> bool:
    value = getattr(condition, "value", None)
    return isinstance(condition, Negation | Arithmetic) or type(value) is Decimal


def _filtering(base: Run, condition: Run, slot: int, weight: int, probing: bool, at: int) -> Run:
    def run(environment: Environment) -> Any:
        items = _as_list(base(environment))
        if probing:
            environment[STEPS_LEFT] -= weight
            environment[slot] = None
            index = condition(environment)
            if type(index) is Decimal:
                return _at(items, index)
        results = []
        for item in items:
            environment[STEPS_LEFT] -= weight
            if environment[STEPS_LEFT] < 0:
                next_portion(environment, at)
            environment[slot] = item
            if condition(environment) is True:
                results.append(item)
        return results

    return run


def _as_list(value: Any) -> list[Any]:
    if type(value) is list:
        return value
    return [] if value is None else [value]


def _at(items: list[Any], index: Any) -> Any:
    """The item at a 1-based index, from the end if negative; null if there is none."""
    place = whole(index) if type(index) is Decimal else None
    if place is None or place == 0 or abs(place) > len(items):
        return None
    return items[place - 1 if place > 0 else place]
