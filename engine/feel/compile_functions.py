"""Functions as values, and calls of them (DMN 1.5, 10.3.2.13.2 and 10.3.2.13.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.feel.budget import ALLOWANCE, STEPS_LEFT, Environment, next_portion, refund
from engine.feel.code import Code, Compiler, Run, Scope
from engine.feel.errors import FeelError
from engine.feel.nodes import Invocation, Lambda, Node
from engine.feel.types import coerced
from engine.feel.values import FunctionValue


def compile_lambda(compiler: Compiler, node: Lambda) -> Code:
    """A function literal: it keeps the variables around it as they are when it is made."""
    with compiler.scope(Scope()) as scope:
        slots = [compiler.slot() for _ in node.parameters]
        scope.slots.update(zip(node.parameters, slots, strict=True))
        body = compiler.compile(node.body)
    inner, weight, at, types = body.run, body.weight, node.at, node.types
    names = node.parameters

    def run(environment: Environment) -> Any:
        kept = environment[:]

        def call(caller: Environment, arguments: Sequence[Any]) -> Any:
            if len(arguments) != len(slots):
                return None
            local = kept[:]
            local[STEPS_LEFT] = caller[STEPS_LEFT] - weight
            local[ALLOWANCE] = caller[ALLOWANCE]
            if local[STEPS_LEFT] < 0:
                next_portion(local, at)
            for slot, argument, wanted in zip(slots, arguments, types, strict=True):
                value = coerced(argument, wanted)
                if value is None and argument is not None:
                    return None
                local[slot] = value
            result = inner(local)
            refund(caller, local)
            return result

        return FunctionValue(names, call, (*types, None))

    return Code(run, weight=weight)


def compile_invocation(compiler: Compiler, node: Invocation) -> Code:
    return invocation(compiler, node.at, compiler.compile(node.callee), node.arguments, node.named)


def invocation(
    compiler: Compiler,
    at: int,
    callee: Code,
    positional: Sequence[Node],
    named: Sequence[tuple[str, Node]],
) -> Code:
    """A call of whatever function `callee` comes to; null if it is none, or takes other arguments.

    Arguments by name are put in the order of the function's parameters.
    """
    codes = [compiler.compile(node) for node in positional or [node for _, node in named]]
    runs = [code.run for code in codes]
    names = [name for name, _ in named]
    inner, source = callee.run, compiler.source

    def run(environment: Environment) -> Any:
        function = inner(environment)
        if type(function) is not FunctionValue:
            return None
        arguments = [argument(environment) for argument in runs]
        if names:
            parameters = function.parameters
            if parameters is None or sorted(parameters) != sorted(names):
                return None
            given = dict(zip(names, arguments, strict=True))
            arguments = [given[name] for name in parameters]
        if not function.takes(len(arguments)):
            return None
        try:
            return function.call(environment, arguments)
        except FeelError as error:
            raise error.place(source, at) from None

    return Code(_counted(run, at), weight=2 + callee.weight + sum(code.weight for code in codes))


def _counted(run: Run, at: int) -> Run:
    def counted(environment: Environment) -> Any:
        environment[STEPS_LEFT] -= 1
        if environment[STEPS_LEFT] < 0:
            next_portion(environment, at)
        return run(environment)

    return counted
