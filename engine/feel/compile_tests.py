"""Tests: what stands after `in`, and in the cells of a decision table (DMN 1.5, 10.3.2.13, 7.3.4).

A test becomes a closure that takes the value and says true, false or null.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from engine.feel import compare
from engine.feel.budget import Environment
from engine.feel.code import Code, Compiler
from engine.feel.nodes import (
    Between,
    Comparison,
    EqualTest,
    In,
    InputValue,
    Interval,
    Logic,
    Node,
    Tests,
)
from engine.feel.values import Range, YearsMonthsDuration

Test = Callable[[Environment, Any], bool | None]

_HASHABLE = frozenset({str, Decimal, bool, date, timedelta, YearsMonthsDuration})
_ORDERED = _HASHABLE - {bool}


def compile_test(compiler: Compiler, node: Node) -> tuple[Test, tuple[Code, ...]]:
    """The closure of one test, and the codes that it runs."""
    if isinstance(node, Tests):
        pairs = [compile_test(compiler, item) for item in node.items]
        codes = tuple(code for _, parts in pairs for code in parts)
        return any_of([test for test, _ in pairs]), codes
    if isinstance(node, EqualTest):
        operand = compiler.compile(node.operand)
        return _equality(operand, node.operator == "!="), (operand,)
    code = compiler.compile(node)
    if isinstance(node, Interval):
        return _interval(code), (code,)
    return value_test(code), (code,)


def any_of(tests: Sequence[Test]) -> Test:
    """True if any test is true, else null if any is null."""
    if len(tests) == 1:
        return tests[0]

    def test(environment: Environment, value: Any) -> bool | None:
        result: bool | None = False
        for single in tests:
            passed = single(environment, value)
            if passed is True:
                return True
            if passed is None:
                result = None
        return result

    return test


def negate_test(test: Test) -> Test:
    """True where the test is false, and the other way round."""

    def negated(environment: Environment, value: Any) -> bool | None:
        passed = test(environment, value)
        return None if passed is None else not passed

    return negated


def compared_with(compiler: Compiler, node: Node) -> list[Any] | None:
    """The constants with which a test compares `?`, None if it does anything else with it."""
    parts: list[Node]
    match node:
        case Logic():
            found: list[Any] = []
            for operand in node.operands:
                inner = compared_with(compiler, operand)
                if inner is None:
                    return None
                found += inner
            return found
        case Comparison(left=InputValue()):
            parts = [node.right]
        case Comparison(right=InputValue()):
            parts = [node.left]
        case Between(value=InputValue()):
            parts = [node.low, node.high]
        case In(value=InputValue()):
            parts = list(node.test.items) if isinstance(node.test, Tests) else [node.test]
            parts = [one.operand if isinstance(one, EqualTest) else one for one in parts]
        case _:
            return None
    codes = [compiler.compile(part) for part in parts]
    return [code.value for code in codes] if all(code.constant for code in codes) else None


def _equality(operand: Code, negated: bool) -> Test:
    inner = operand.run
    if negated:

        def differs(environment: Environment, value: Any) -> bool | None:
            same = compare.equal(environment, value, inner(environment))
            return None if same is None else not same

        return differs
    if type(operand.value) in _HASHABLE:
        return _constant(operand.value)
    return lambda environment, value: compare.equal(environment, value, inner(environment))


def _interval(code: Code) -> Test:
    """`[a..b]`, `< a` and so on: null where the ends make no range."""
    if code.constant:
        known = code.value
        return _constant_range(known) if type(known) is Range else lambda environment, value: None
    inner = code.run

    def test(environment: Environment, value: Any) -> bool | None:
        interval = inner(environment)
        return None if interval is None else compare.passes(environment, value, interval)

    return test


def _constant_range(interval: Range) -> Test:
    start, end = interval.start, interval.end
    kind = type(end if start is None else start)
    if kind not in _ORDERED:
        return lambda environment, value: compare.passes(environment, value, interval)
    after = operator.ge if interval.start_included else operator.gt
    before = operator.le if interval.end_included else operator.lt

    def test(environment: Environment, value: Any) -> bool | None:
        if type(value) is not kind:
            return compare.passes(environment, value, interval)
        if start is not None and not after(value, start):
            return False
        return end is None or before(value, end)

    return test


def value_test(code: Code) -> Test:
    """Equal to the value, in it if it is a range, or among its items if it is a list."""
    if code.constant:
        known = code.value
        if type(known) in _HASHABLE:
            return _constant(known)
        if known is None:
            return lambda environment, value: value is None
        if type(known) is Range:
            return _constant_range(known)
        if type(known) is list and known and all(type(item) in _HASHABLE for item in known):
            return _constant_list(known)
    inner = code.run
    return lambda environment, value: compare.passes(environment, value, inner(environment))


def _constant(known: Any) -> Test:
    kind = type(known)

    def test(environment: Environment, value: Any) -> bool | None:
        if type(value) is kind:
            return bool(value == known)
        return False if value is None else None

    return test


def _constant_list(known: list[Any]) -> Test:
    """Membership among constants; values of different kinds never equal, though True == 1."""
    by_kind: dict[type, frozenset[Any]] = {
        kind: frozenset(item for item in known if type(item) is kind)
        for kind in {type(item) for item in known}
    }

    def test(environment: Environment, value: Any) -> bool | None:
        members = by_kind.get(type(value))
        if members is not None:
            return value in members
        return compare.passes(environment, value, known) if type(value) is list else False

    return test
