"""Decision logic other than tables: expressions in boxes (DMN 1.5, 7.3 and chapter 10.2).

Every kind of logic has `variables`, the names it reads, and `evaluate`, which takes the names it
may see and the environment whose steps it shares with whatever it is part of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine import feel
from engine.decisions.results import DecisionError, DecisionResult
from engine.decisions.types import ColumnType

Scope = Mapping[str, Any]


class Logic(Protocol):
    """What gives a decision, an entry or a function its value."""

    @property
    def variables(self) -> frozenset[str]:
        """The names that are read from around."""
        ...

    def evaluate(self, context: Scope, caller: feel.Environment | None = None) -> DecisionResult:
        """Raises `DecisionError` where there is no answer."""
        ...


@dataclass(frozen=True, slots=True)
class LiteralExpression:
    """A decision that is one expression; its one output has the name of the variable."""

    title: str
    output: str
    type: ColumnType
    expression: feel.Expression

    @property
    def variables(self) -> frozenset[str]:
        return self.expression.variables

    def evaluate(self, context: Scope, caller: feel.Environment | None = None) -> DecisionResult:
        try:
            value = self.expression.evaluate(context, caller)
        except feel.FeelError as error:
            raise DecisionError(f"{self.title}: {error}") from None
        return DecisionResult({self.output: self.type.taken(value, self.title)})


@dataclass(frozen=True, slots=True)
class Refused:
    """Logic that could not be read; why is said when it is evaluated."""

    title: str
    why: str

    @property
    def variables(self) -> frozenset[str]:
        return frozenset()

    def evaluate(self, context: Scope, caller: feel.Environment | None = None) -> DecisionResult:
        raise DecisionError(self.why)


@dataclass(frozen=True, slots=True)
class Box:
    """Logic made of parts; `parts` are its inner logics, of which each may see some names more.

    What it comes to is what `combine` makes of them; see the functions below for each kind.
    """

    title: str
    output: str
    type: ColumnType
    parts: tuple[tuple[Logic, frozenset[str]], ...]
    combine: Any

    @property
    def variables(self) -> frozenset[str]:
        read: set[str] = set()
        for part, own in self.parts:
            read |= part.variables - own
        return frozenset(read)

    def evaluate(self, context: Scope, caller: feel.Environment | None = None) -> DecisionResult:
        steps = feel.new_environment() if caller is None else caller
        try:
            value = self.combine(context, steps)
        except feel.FeelError as error:
            raise DecisionError(f"{self.title}: {error}") from None
        return DecisionResult({self.output: self.type.taken(value, self.title)})


def context_of(entries: Sequence[tuple[str, ColumnType, Logic]], last: Logic | None) -> Any:
    """Entries in order, each seeing those before it; with a `last` one, its value is the result."""

    def combine(context: Scope, caller: feel.Environment) -> Any:
        scope = dict(context)
        result = {}
        for name, kind, logic in entries:
            value = kind.taken(logic.evaluate(scope, caller).value, f'The entry "{name}"')
            scope[name] = result[name] = value
        return result if last is None else last.evaluate(scope, caller).value

    return combine


def function_of(parameters: Sequence[tuple[str, ColumnType]], body: Logic, title: str) -> Any:
    """A function that sees its parameters and what is around it."""

    def combine(context: Scope, caller: feel.Environment) -> feel.FunctionValue:
        def call(caller: feel.Environment, arguments: Sequence[Any]) -> Any:
            feel.spend(caller, 1)
            scope = dict(context)
            for (name, kind), argument in zip(parameters, arguments, strict=True):
                value = kind.taken(argument, f'{title}, parameter "{name}"')
                if value is None and argument is not None:
                    return None
                scope[name] = value
            return body.evaluate(scope, caller).value

        names = tuple(name for name, _ in parameters)
        return feel.FunctionValue(names, call, (*(kind.type for _, kind in parameters), None))

    return combine


def invocation_of(callee: Logic, bindings: Sequence[tuple[str, Logic]], title: str) -> Any:
    """The function that `callee` comes to, called with arguments by name."""

    def combine(context: Scope, caller: feel.Environment) -> Any:
        function = callee.evaluate(context, caller).value
        if type(function) is not feel.FunctionValue or function.parameters is None:
            return None
        given = {name: logic.evaluate(context, caller).value for name, logic in bindings}
        if not given.keys() <= set(function.parameters):
            return None
        return function.call(caller, [given.get(name) for name in function.parameters])

    return combine


def list_of(items: Sequence[Logic]) -> Any:
    return lambda context, caller: [item.evaluate(context, caller).value for item in items]


def relation_of(columns: Sequence[str], rows: Sequence[Sequence[Logic]]) -> Any:
    """A list with a context for each row."""

    def combine(context: Scope, caller: feel.Environment) -> Any:
        return [
            {
                column: cell.evaluate(context, caller).value
                for column, cell in zip(columns, row, strict=True)
            }
            for row in rows
        ]

    return combine


def conditional_of(condition: Logic, then: Logic, otherwise: Logic) -> Any:
    """As `if`; but what is neither true, false nor null as a condition makes the result null."""

    def combine(context: Scope, caller: feel.Environment) -> Any:
        holds = condition.evaluate(context, caller).value
        if holds is not None and type(holds) is not bool:
            return None
        return (then if holds else otherwise).evaluate(context, caller).value

    return combine


def loop_of(kind: str, variable: str, domain: Logic, body: Logic) -> Any:
    """for, some, every or filter over a list: the same as the expression of that name in FEEL.

    The variable of a filter is `item`, whose entries can be named alone. What is no list is null
    here; so is the result of some, every or filter where the body is anything but true or false.
    """

    def combine(context: Scope, caller: feel.Environment) -> Any:
        items = domain.evaluate(context, caller).value
        if items is None:
            return None
        if type(items) is not list:
            items = [items]
        results: list[Any] = []
        for item in items:
            feel.spend(caller, 1)
            scope = {**context, variable: item}
            if kind == "filter" and type(item) is dict:
                scope = {**scope, **item, variable: item}
            if kind == "for":
                scope["partial"] = results
            value = body.evaluate(scope, caller).value
            if kind != "for" and type(value) is not bool:
                return None
            results.append(value)
        if kind == "filter":
            return [item for item, kept in zip(items, results, strict=True) if kept]
        if kind == "for":
            return results
        return any(results) if kind == "some" else all(results)

    return combine
