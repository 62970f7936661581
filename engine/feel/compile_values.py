"""Literals, names, paths, lists, contexts and ranges as closures (DMN 1.5, 10.3.2)."""

from __future__ import annotations

from typing import Any

from engine.feel.budget import CONTEXT, Environment, spend
from engine.feel.code import UNKNOWN, Code, Compiler, Run, Scope, constant
from engine.feel.compare import make_range
from engine.feel.errors import FeelSyntaxError
from engine.feel.nodes import (
    Entries,
    EqualTest,
    InputValue,
    Interval,
    ListItems,
    Literal,
    Name,
    Path,
    Tests,
)
from engine.feel.properties import entry_of
from engine.feel.signatures import function_value
from engine.feel.values import PLAIN, Range, from_host

INPUT = "?"
"""The name under which a scope knows the input of unary tests."""


def compile_literal(compiler: Compiler, node: Literal) -> Code:
    return constant(node.value)


def compile_input(compiler: Compiler, node: InputValue) -> Code:
    compiler.reads_input = True
    slot = compiler.scopes[0].slots[INPUT]
    return Code(lambda environment: environment[slot])


def compile_name(compiler: Compiler, node: Name) -> Code:
    """A local variable, an entry of the item of a filter around, or a variable of the root."""
    name = node.name
    items: list[int] = []
    for scope in reversed(compiler.scopes):
        if scope.item is not None:
            items.append(scope.item)
            if name == "item":
                return Code(_entry_or(scope.item, name, _slot(scope.item)), weight=2)
        elif name in scope.slots:
            found = _copy(scope.slots[name]) if name in scope.copied else _slot(scope.slots[name])
            code = Code(found)
            break
    else:
        code = _root(compiler, name)
        compiler.read.add(name)
        if not items:
            compiler.read_outside_filters.add(name)
    for item in reversed(items):
        code = Code(_entry_or(item, name, code.run), weight=2)
    return code


def _slot(slot: int) -> Run:
    return lambda environment: environment[slot]


def _copy(slot: int) -> Run:
    """A list that still grows, as it is now."""

    def run(environment: Environment) -> Any:
        value = environment[slot]
        spend(environment, 1 + (len(value) >> 4))
        return value[:]

    return run


def _entry_or(slot: int, name: str, otherwise: Run) -> Run:
    def run(environment: Environment) -> Any:
        item = environment[slot]
        if type(item) is dict and name in item:
            return item[name]
        return otherwise(environment)

    return run


def _root(compiler: Compiler, name: str) -> Code:
    entry = compiler.functions.entries.get(name)
    if entry is not None and name not in compiler.names:
        function = function_value(entry)

        def read_or_function(environment: Environment) -> Any:
            context = environment[CONTEXT]
            return _received(environment, context[name]) if name in context else function

        return Code(read_or_function, path=(name,))
    if not compiler.loops:

        def read(environment: Environment) -> Any:
            value = environment[CONTEXT].get(name)
            return value if type(value) in PLAIN else _received(environment, value)

        return Code(read, path=(name,))

    slot = compiler.slot()

    def read_once(environment: Environment) -> Any:
        value = environment[slot]
        if value is None:
            value = environment[slot] = _received(environment, environment[CONTEXT].get(name))
        return value

    return Code(read_once)


def _received(environment: Environment, value: Any) -> Any:
    """A value from outside; that of a long list or context costs steps."""
    value = from_host(value)
    if type(value) is list or type(value) is dict:
        spend(environment, len(value) >> 3)
    return value


def compile_path(compiler: Compiler, node: Path) -> Code:
    base = compiler.compile(node.base)
    name = node.name
    if base.path:
        return _root_path(*base.path, name)
    inner = base.run

    def run(environment: Environment) -> Any:
        return entry_of(environment, inner(environment), name)

    return compiler.fold(node, run, (base,))


def _root_path(root: str, *names: str) -> Code:
    """A path from a variable, of which only the part at its end is converted."""

    def run(environment: Environment) -> Any:
        value = environment[CONTEXT].get(root)
        for index, name in enumerate(names):
            if type(value) is dict:
                value = value.get(name)
            else:
                value = from_host(value)
                for rest in names[index:]:
                    value = entry_of(environment, value, rest)
                return value
        return value if type(value) in PLAIN else _received(environment, value)

    return Code(run, weight=1 + len(names), path=(root, *names))


def compile_list(compiler: Compiler, node: ListItems) -> Code:
    items = [compiler.compile(item) for item in node.items]
    runs = [item.run for item in items]

    def run(environment: Environment) -> Any:
        return [item(environment) for item in runs]

    return compiler.fold(node, run, items)


def compile_context(compiler: Compiler, node: Entries) -> Code:
    entries: list[tuple[str, int, Run]] = []
    codes: list[Code] = []
    names: set[str] = set()
    for name, _ in node.entries:
        if name in names:
            return compiler.doubt(
                FeelSyntaxError(
                    f'The context has two entries called "{name}". Rename one.',
                    node.at,
                    compiler.source,
                )
            )
        names.add(name)
    with compiler.scope(Scope(), loop=False) as scope:
        for name, value in node.entries:
            code = compiler.compile(value)
            codes.append(code)
            slot = scope.slots[name] = compiler.slot()
            entries.append((name, slot, code.run))

    def run(environment: Environment) -> Any:
        result = {}
        for name, slot, value in entries:
            result[name] = environment[slot] = value(environment)
        return result

    if all(code.constant for code in codes):
        values = {name: code.value for (name, _), code in zip(node.entries, codes, strict=True)}
        return Code(run, values, 1 + len(codes))
    return Code(run, UNKNOWN, 1 + sum(code.weight for code in codes))


def compile_interval(compiler: Compiler, node: Interval) -> Code:
    start = constant(None) if node.start is None else compiler.compile(node.start)
    end = constant(None) if node.end is None else compiler.compile(node.end)
    run_start, run_end = start.run, end.run
    starts, ends = node.start_included, node.end_included

    if node.start is None or node.end is None:

        def run(environment: Environment) -> Any:
            first, last = run_start(environment), run_end(environment)
            return None if first is None and last is None else Range(first, last, starts, ends)
    else:

        def run(environment: Environment) -> Any:
            return make_range(run_start(environment), run_end(environment), starts, ends)

    code = compiler.fold(node, run, (start, end))
    if code.value is None and node.start is not None and node.end is not None:
        return compiler.doubt(
            FeelSyntaxError(
                "This range holds no value: its ends must be of one kind, the lower first.",
                node.at,
                compiler.source,
            )
        )
    return code


def compile_tests(compiler: Compiler, node: Tests) -> Code:
    raise FeelSyntaxError(
        "Several values in brackets are a list, which is written [a, b].", node.at, compiler.source
    )


def compile_equal_test(compiler: Compiler, node: EqualTest) -> Code:
    """`(= x)` as a value: the range of one value."""
    if node.operator != "=" or not node.bracketed:
        raise FeelSyntaxError(
            f"There is nothing to the left of {node.operator}. Write a value before it.",
            node.at,
            compiler.source,
        )
    operand = compiler.compile(node.operand)
    inner = operand.run

    def run(environment: Environment) -> Any:
        value = inner(environment)
        return None if value is None else Range(value, value, written="=")

    return compiler.fold(node, run, (operand,))
