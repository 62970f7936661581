"""Operators as closures, made for what is known about their operands (DMN 1.5, 10.3.2.10 to .15).

Most conditions compare a variable with a constant, so that has closures of its own, which also
spare the conversion of a variable that already has the constant's type.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from engine.feel import compare
from engine.feel.arithmetic import OPERATIONS, negate
from engine.feel.budget import CONTEXT, Environment
from engine.feel.code import Code, Compiler, Run
from engine.feel.compile_tests import compile_test
from engine.feel.errors import FeelError
from engine.feel.nodes import (
    Arithmetic,
    Between,
    Comparison,
    Conditional,
    In,
    InstanceOf,
    Logic,
    Negation,
)
from engine.feel.types import is_instance
from engine.feel.values import YearsMonthsDuration, from_host

_ORDERS: dict[str, tuple[Callable[[Any, Any], bool | None], Callable[[Any, Any], bool]]] = {
    "<": (compare.less, operator.lt),
    "<=": (compare.less_or_equal, operator.le),
    ">": (compare.greater, operator.gt),
    ">=": (compare.greater_or_equal, operator.ge),
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_ORDERED = frozenset({str, Decimal, date, timedelta, YearsMonthsDuration})
_SCALAR = _ORDERED | {bool}


def compile_arithmetic(compiler: Compiler, node: Arithmetic) -> Code:
    left, right = compiler.compile(node.left), compiler.compile(node.right)
    operation = OPERATIONS[node.operator]
    run_left, run_right, at, source = left.run, right.run, node.at, compiler.source

    def run(environment: Environment) -> Any:
        try:
            return operation(environment, run_left(environment), run_right(environment))
        except FeelError as error:
            raise error.place(source, at) from None

    return compiler.fold(node, run, (left, right))


def compile_negation(compiler: Compiler, node: Negation) -> Code:
    operand = compiler.compile(node.operand)
    inner = operand.run
    return compiler.fold(node, lambda environment: negate(inner(environment)), (operand,))


def compile_comparison(compiler: Compiler, node: Comparison) -> Code:
    left, right = compiler.compile(node.left), compiler.compile(node.right)
    sign = node.operator
    if left.constant and not right.constant:
        left, right, sign = right, left, _MIRRORED[sign]
    if right.constant and not left.constant:
        run = _with_constant(left, sign, right.value)
        if run is not None:
            return Code(run, weight=left.weight + 1, kind="boolean")
    return compiler.fold(node, _general(left.run, sign, right.run), (left, right), "boolean")


def _general(left: Run, sign: str, right: Run) -> Run:
    if sign == "=":
        return lambda environment: compare.equal(environment, left(environment), right(environment))
    if sign == "!=":

        def run(environment: Environment) -> Any:
            same = compare.equal(environment, left(environment), right(environment))
            return None if same is None else not same

        return run
    order = _ORDERS[sign][0]
    return lambda environment: order(left(environment), right(environment))


def _with_constant(left: Code, sign: str, constant: Any) -> Run | None:
    """The comparison of anything with a constant scalar; None where there is no short way."""
    kind = type(constant)
    inner = left.run
    if sign in _ORDERS:
        if kind not in _ORDERED:
            return None
        order, direct = _ORDERS[sign]
        if len(left.path) == 1:
            return _variable_order(left.path[0], kind, constant, order, direct)

        def run_order(environment: Environment) -> Any:
            value = inner(environment)
            return direct(value, constant) if type(value) is kind else None

        return run_order
    if constant is None:
        wanted = sign == "="
        return lambda environment: (inner(environment) is None) is wanted
    if kind not in _SCALAR:
        return None
    if sign == "=":
        if len(left.path) == 1:
            return _variable_equals(left.path[0], kind, constant)

        def run_equal(environment: Environment) -> Any:
            value = inner(environment)
            if type(value) is kind:
                return value == constant
            return False if value is None else None

        return run_equal

    def run_unequal(environment: Environment) -> Any:
        value = inner(environment)
        if type(value) is kind:
            return value != constant
        return True if value is None else None

    return run_unequal


def _variable_equals(name: str, kind: type, constant: Any) -> Run:
    def run(environment: Environment) -> Any:
        value = environment[CONTEXT].get(name)
        if type(value) is kind:
            return value == constant
        if value is None:
            return False
        value = from_host(value)
        return value == constant if type(value) is kind else None

    return run


def _variable_order(
    name: str,
    kind: type,
    constant: Any,
    order: Callable[[Any, Any], bool | None],
    direct: Callable[[Any, Any], bool],
) -> Run:
    is_number = kind is Decimal

    def run(environment: Environment) -> Any:
        value = environment[CONTEXT].get(name)
        found = type(value)
        if is_number and found is int:
            return direct(value, constant)
        if is_number or found is not kind:
            return order(from_host(value), constant)
        return direct(value, constant)

    return run


def compile_logic(compiler: Compiler, node: Logic) -> Code:
    """Three-valued and, or (table 50): what is no boolean counts as null."""
    codes = [compiler.compile(operand) for operand in node.operands]
    runs = [code.run for code in codes]
    decisive = node.operator == "or"
    other = not decisive

    if len(runs) == 2:
        first, second = runs

        def run(environment: Environment) -> Any:
            left = first(environment)
            if left is decisive:
                return decisive
            right = second(environment)
            if right is decisive:
                return decisive
            return other if left is other and right is other else None
    else:

        def run(environment: Environment) -> Any:
            result: bool | None = other
            for operand in runs:
                value = operand(environment)
                if value is decisive:
                    return decisive
                if value is not other:
                    result = None
            return result

    return compiler.fold(node, run, codes, "boolean")


def compile_conditional(compiler: Compiler, node: Conditional) -> Code:
    condition = compiler.compile(node.condition)
    then, otherwise = compiler.compile(node.then), compiler.compile(node.otherwise)
    run_condition, run_then, run_otherwise = condition.run, then.run, otherwise.run

    def run(environment: Environment) -> Any:
        if run_condition(environment) is True:
            return run_then(environment)
        return run_otherwise(environment)

    return compiler.fold(node, run, (condition, then, otherwise))


def compile_between(compiler: Compiler, node: Between) -> Code:
    codes = [compiler.compile(part) for part in (node.value, node.low, node.high)]
    run_value, run_low, run_high = (code.run for code in codes)

    def run(environment: Environment) -> Any:
        value = run_value(environment)
        return compare.both(
            compare.greater_or_equal(value, run_low(environment)),
            compare.less_or_equal(value, run_high(environment)),
        )

    return compiler.fold(node, run, codes, "boolean")


def compile_in(compiler: Compiler, node: In) -> Code:
    value = compiler.compile(node.value)
    test, codes = compile_test(compiler, node.test)
    inner = value.run
    return compiler.fold(
        node,
        lambda environment: test(environment, inner(environment)),
        (value, *codes),
        "boolean",
    )


def compile_instance_of(compiler: Compiler, node: InstanceOf) -> Code:
    value = compiler.compile(node.value)
    inner, type_name = value.run, node.type
    return compiler.fold(
        node, lambda environment: is_instance(inner(environment), type_name), (value,), "boolean"
    )
