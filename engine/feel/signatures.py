"""How functions are declared: parameters with kinds, and what an argument must be or become.

An argument of another kind makes the call null, after the implicit conversions of DMN 1.5,
10.3.2.9.4: a single value for a list and the other way round, a date for a date and time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from engine.feel.budget import Environment, spend
from engine.feel.values import FunctionValue, Range, YearsMonthsDuration
from engine.feel.zones import midnight

Implementation = Callable[..., Any]
Converter = Callable[[Environment, Any], Any]
Declared = TypeVar("Declared", bound=Implementation)

REFUSED: Any = object()
"""What a converter returns for an argument of the wrong kind."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """`kind` names a converter; null passes it only if `nullable`."""

    name: str
    kind: str = "any"
    optional: bool = False
    nullable: bool = False
    variadic: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function. With `environment` the implementation gets that first."""

    parameters: tuple[Parameter, ...]
    implementation: Implementation
    environment: bool = False

    @property
    def fewest(self) -> int:
        return sum(not parameter.optional for parameter in self.parameters)

    @property
    def most(self) -> int | None:
        if self.parameters and self.parameters[-1].variadic:
            return None
        return len(self.parameters)

    def __str__(self) -> str:
        names = [
            f"{parameter.name}..." if parameter.variadic else parameter.name
            for parameter in self.parameters
        ]
        required = names[: self.fewest]
        optional = names[self.fewest :]
        return ", ".join(required) + "".join(f"[, {name}]" for name in optional)


@dataclass(frozen=True, slots=True)
class FunctionEntry:
    """A function and all ways to call it; only a pure one may be evaluated ahead.

    `kind` is that of its result, empty if it depends on the arguments.
    """

    name: str
    signatures: tuple[Signature, ...]
    pure: bool = True
    kind: str = ""


def call_entry(entry: FunctionEntry, environment: Environment, arguments: Sequence[Any]) -> Any:
    """What a function gives for these arguments; null where it cannot be called with them."""
    count = len(arguments)
    for signature in entry.signatures:
        if signature.fewest <= count and (signature.most is None or count <= signature.most):
            values = converted(environment, plan(signature, count), arguments)
            if values is not None:
                if signature.environment:
                    return signature.implementation(environment, *values)
                return signature.implementation(*values)
    return None


def plan(signature: Signature, count: int) -> list[tuple[Converter, bool]]:
    """For each argument its converter and whether it may be null."""
    parameters = [
        signature.parameters[min(index, len(signature.parameters) - 1)] for index in range(count)
    ]
    return [(CONVERTERS[parameter.kind], parameter.nullable) for parameter in parameters]


def converted(
    environment: Environment, converters: list[tuple[Converter, bool]], arguments: Sequence[Any]
) -> list[Any] | None:
    """The arguments as a function takes them, None if one is of the wrong kind."""
    values = []
    for (convert, nullable), value in zip(converters, arguments, strict=True):
        if value is not None or not nullable:
            value = convert(environment, value)
            if value is REFUSED:
                return None
        values.append(value)
    return values


def function_value(entry: FunctionEntry) -> FunctionValue:
    """A built-in or host function as a value."""

    def call(environment: Environment, arguments: Sequence[Any]) -> Any:
        return call_entry(entry, environment, arguments)

    parameters = None
    if len(entry.signatures) == 1:
        signature = entry.signatures[0]
        if signature.most == signature.fewest:
            parameters = tuple(parameter.name for parameter in signature.parameters)
    return FunctionValue(parameters, call, (None,) * (len(parameters or ()) + 1))


BUILTINS: dict[str, FunctionEntry] = {}
"""The built-in functions by name, filled by `builtin`."""


def builtin(
    name: str, *parameters: str, environment: bool = False, kind: str = ""
) -> Callable[[Declared], Declared]:
    """Declare a built-in function, or one more way to call it.

    Each parameter is written "name: kind"; the kind ends in ? if it may be left out, in ?? if it
    may be null too, and the name starts with * if all further arguments go there. `kind` is the
    kind of the result, where that is always the same (or null).
    """

    def declare(implementation: Declared) -> Declared:
        signature = Signature(
            tuple(_parameter(text) for text in parameters), implementation, environment
        )
        known = BUILTINS.get(name)
        signatures = (*(known.signatures if known else ()), signature)
        BUILTINS[name] = FunctionEntry(name, signatures, True, kind)
        return implementation

    return declare


def _parameter(text: str) -> Parameter:
    name, _, kind = text.partition(": ")
    return Parameter(
        name.lstrip("*"),
        kind.rstrip("?"),
        kind.endswith("?"),
        kind.endswith("??"),
        name.startswith("*"),
    )


def _scalar(kind: type) -> Converter:
    def convert(environment: Environment, value: Any) -> Any:
        if type(value) is list and len(value) == 1:
            value = value[0]
        return value if type(value) is kind else REFUSED

    return convert


def _one_of(*kinds: type) -> Converter:
    def convert(environment: Environment, value: Any) -> Any:
        if type(value) is list and len(value) == 1:
            value = value[0]
        return value if type(value) in kinds else REFUSED

    return convert


def _string(environment: Environment, value: Any) -> Any:
    if type(value) is list and len(value) == 1:
        value = value[0]
    if type(value) is not str:
        return REFUSED
    if len(value) > 256:
        spend(environment, len(value) >> 5)
    return value


def _list(environment: Environment, value: Any) -> Any:
    if type(value) is list:
        spend(environment, len(value))
        return value
    return REFUSED if value is None else [value]


def _date_and_time(environment: Environment, value: Any) -> Any:
    if type(value) is list and len(value) == 1:
        value = value[0]
    if type(value) is date:
        return midnight(value)
    return value if type(value) is datetime else REFUSED


def _given(environment: Environment, value: Any) -> Any:
    return REFUSED if value is None else value


CONVERTERS: dict[str, Converter] = {
    "any": lambda environment, value: value,
    "given": _given,
    "string": _string,
    "number": _scalar(Decimal),
    "boolean": _scalar(bool),
    "list": _list,
    "context": _scalar(dict),
    "range": _scalar(Range),
    "date": _one_of(date, datetime),
    "date and time": _date_and_time,
    "time": _one_of(time),
    "duration": _one_of(timedelta, YearsMonthsDuration),
    "days": _scalar(timedelta),
    "function": _scalar(FunctionValue),
}
