"""Calls of functions as closures (DMN 1.5, 10.3.2.13.3): arguments checked once, while compiling.

A wrong name, number or naming of arguments is an error here, where the specification has null:
whoever writes the expression wants to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from engine.feel.budget import CONTEXT, Environment
from engine.feel.code import Code, Compiler, Run
from engine.feel.compile_functions import invocation
from engine.feel.errors import MOST_FINDINGS, FeelError, FeelSyntaxError, UnsupportedFeel
from engine.feel.functions import IS_DEFINED, REFUSED_BUILTINS
from engine.feel.nodes import Call, Name, Node, Path
from engine.feel.properties import PROPERTIES
from engine.feel.signatures import (
    REFUSED,
    Converter,
    FunctionEntry,
    Signature,
    converted,
    plan,
)


def compile_call(compiler: Compiler, node: Call) -> Code:
    name = node.function
    entry = None if compiler.is_local(name) else compiler.functions.entries.get(name)
    if entry is None:
        if name == IS_DEFINED:
            return _is_defined(compiler, node)
        if compiler.is_local(name) or name in compiler.names:
            callee = compiler.compile(Name(node.at, name))
            return invocation(compiler, node.at, callee, node.arguments, node.named)
        if name in REFUSED_BUILTINS:
            raise UnsupportedFeel(
                f"{name}() is not available here. {REFUSED_BUILTINS[name]}",
                node.at,
                compiler.source,
            )
        few = len(compiler.doubts) < MOST_FINDINGS
        close = compiler.functions.nearest(name) if few else None
        hint = f" Did you mean {close}?" if close else ""
        compiler.doubt(
            UnsupportedFeel(f"There is no function called {name}.{hint}", node.at, compiler.source)
        )
        callee = compiler.compile(Name(node.at, name))
        return invocation(compiler, node.at, callee, node.arguments, node.named)
    try:
        if node.named:
            signatures, arguments = _by_name(compiler, node, entry)
        else:
            signatures, arguments = _by_place(compiler, node, entry)
    except FeelSyntaxError as error:
        return compiler.doubt(error)
    codes = [_argument(compiler, argument) for argument in arguments]
    run = _invocation(compiler, node, signatures, codes)
    if entry.pure:
        return compiler.fold(node, run, codes, entry.kind)
    return Code(run, weight=1 + sum(code.weight for code in codes))


def _by_place(
    compiler: Compiler, node: Call, entry: FunctionEntry
) -> tuple[list[Signature], list[Node | None]]:
    """The ways to call the function that take this many arguments; which one, their kinds say."""
    count = len(node.arguments)
    fitting = [
        signature
        for signature in entry.signatures
        if signature.fewest <= count and (signature.most is None or count <= signature.most)
    ]
    if fitting:
        return fitting, list(node.arguments)
    raise FeelSyntaxError(
        f"{node.function} takes {_ways(entry)}; "
        f"{count} {'argument was' if count == 1 else 'arguments were'} given.",
        node.at,
        compiler.source,
    )


def _by_name(
    compiler: Compiler, node: Call, entry: FunctionEntry
) -> tuple[list[Signature], list[Node | None]]:
    given = dict(node.named)
    if len(given) < len(node.named):
        raise FeelSyntaxError(
            f"An argument of {node.function} is given twice.", node.at, compiler.source
        )
    for signature in entry.signatures:
        names = [parameter.name for parameter in signature.parameters]
        required = names[: signature.fewest]
        if set(given) <= set(names) and set(required) <= set(given):
            arguments = [given.get(name) for name in names]
            while arguments and arguments[-1] is None:
                arguments.pop()
            return [signature], arguments
    known = [parameter.name for one in entry.signatures for parameter in one.parameters]
    for name in given:
        if name not in known:
            close = get_close_matches(name, known, 1, 0.5)
            hint = f" Did you mean {close[0]}?" if close else f" It takes {_ways(entry)}."
            raise FeelSyntaxError(
                f"{node.function} has no parameter called {name}.{hint}",
                node.at,
                compiler.source,
            )
    raise FeelSyntaxError(
        f"{node.function} takes {_ways(entry)}; {', '.join(given)} alone will not do.",
        node.at,
        compiler.source,
    )


def _ways(entry: FunctionEntry) -> str:
    return " or ".join(f"({signature})" for signature in entry.signatures)


def _argument(compiler: Compiler, node: Node | None) -> Code:
    if node is None:
        return Code(lambda environment: None, None)
    return compiler.compile(node)


def _invocation(
    compiler: Compiler, node: Call, signatures: list[Signature], codes: Sequence[Code]
) -> Run:
    at, source = node.at, compiler.source
    runs = [code.run for code in codes]
    plans = [(signature, plan(signature, len(codes))) for signature in signatures]
    if len(plans) == 1 and len(runs) == 1 and not plans[0][1][0][1]:
        return _unary(runs[0], plans[0][1][0][0], signatures[0], source, at)

    def run(environment: Environment) -> Any:
        try:
            arguments = [argument(environment) for argument in runs]
            for signature, converters in plans:
                values = converted(environment, converters, arguments)
                if values is not None:
                    if signature.environment:
                        return signature.implementation(environment, *values)
                    return signature.implementation(*values)
            return None
        except FeelError as error:
            raise error.place(source, at) from None

    return run


def _unary(argument: Run, convert: Converter, signature: Signature, source: str, at: int) -> Run:
    implementation = signature.implementation
    wants_environment = signature.environment

    def run(environment: Environment) -> Any:
        try:
            value = convert(environment, argument(environment))
            if value is REFUSED:
                return None
            if wants_environment:
                return implementation(environment, value)
            return implementation(value)
        except FeelError as error:
            raise error.place(source, at) from None

    return run


def _is_defined(compiler: Compiler, node: Call) -> Code:
    """Whether a variable, or an entry in one, is there, even if it is null."""
    arguments = [*node.arguments, *(value for _, value in node.named)]
    if len(arguments) != 1 or (node.named and node.named[0][0] != "value"):
        raise FeelSyntaxError(f"{IS_DEFINED} takes (value).", node.at, compiler.source)
    argument = arguments[0]
    if isinstance(argument, Path):
        code = compiler.compile(argument.base)
        base, entry = code.run, argument.name

        def run(environment: Environment) -> Any:
            value = base(environment)
            if type(value) is dict:
                return entry in value
            return entry in PROPERTIES.get(type(value), {})

        return Code(run, weight=1 + code.weight, kind="boolean")
    code = compiler.compile(argument)
    if isinstance(argument, Name) and len(code.path) == 1:
        name = argument.name
        return Code(lambda environment: name in environment[CONTEXT], kind="boolean")
    inner = code.run
    return Code(lambda environment: inner(environment) is not None, weight=2, kind="boolean")
