"""Values of FEEL that Python has no type for, and the way in for values from outside.

number is `Decimal`, string `str`, boolean `bool`, list `list`, context `dict`, date
`datetime.date`, time `datetime.time`, date and time `datetime.datetime`, days and time duration
`datetime.timedelta`, and null None (DMN 1.5, 10.3.2.2 and 10.3.2.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.feel.budget import DEEPEST_VALUE, Environment
from engine.feel.errors import FeelBudgetExceeded, FeelEvaluationError
from engine.feel.numbers import number_of_decimal, number_of_float, number_of_integer


@dataclass(frozen=True, slots=True, order=True)
class YearsMonthsDuration:
    """A years and months duration, counted in months; negative ones go back (10.3.2.3.8)."""

    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return ("-" if self.months < 0 else "") + "P" + (text or "0M")


@dataclass(frozen=True, slots=True)
class Range:
    """All values from `start` to `end` (10.3.2.7); None leaves that side open, as `< 10` does."""

    start: Any
    end: Any
    start_included: bool = True
    end_included: bool = True
    written: str = ""
    """The operator of a range that was written with one alone, where the ends do not tell."""


@dataclass(frozen=True, slots=True, eq=False)
class FunctionValue:
    """A function: a literal with the variables around it, a built-in one, or one of a model.

    `call` takes the environment of the caller, whose steps it uses up, and the arguments in order.
    `parameters` are None for a function that can be called in several ways; `types` are those of
    the parameters and, last, of the result, each None if it is not known.
    """

    parameters: tuple[str, ...] | None
    call: Callable[[Environment, Sequence[Any]], Any]
    types: tuple[Any, ...] = ()

    def takes(self, count: int) -> bool:
        """Whether the function can be called with so many arguments, as far as can be told."""
        return self.parameters is None or len(self.parameters) == count


_KINDS: dict[type, str] = {
    Decimal: "number",
    str: "string",
    bool: "boolean",
    type(None): "null",
    list: "list",
    dict: "context",
    date: "date",
    time: "time",
    datetime: "date and time",
    timedelta: "days and time duration",
    YearsMonthsDuration: "years and months duration",
    Range: "range",
    FunctionValue: "function",
}

PLAIN: frozenset[type] = frozenset(
    {str, bool, type(None), date, time, datetime, timedelta, YearsMonthsDuration}
)
"""Types of values that need no conversion when they come from outside."""


def kind_of(value: Any) -> str:
    """The name of a value's type in FEEL; "other" for a value that only its host understands."""
    return _KINDS.get(type(value), "other")


def kind_of_type(kind: type) -> str:
    """The name in FEEL of the type of Python that holds such values."""
    return _KINDS[kind]


def from_host(value: Any, depth: int = 0) -> Any:
    """A value from outside as FEEL has it: integers and floats become numbers, and so on inside.

    What FEEL has no type for passes as it is. Raises `FeelEvaluationError` for NaN, infinity and
    numbers out of range, `FeelBudgetExceeded` for values nested too deep.
    """
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is Decimal:
        return number_of_decimal(value)
    if kind is int:
        return number_of_integer(value)
    if kind is float:
        return number_of_float(value)
    if depth > DEEPEST_VALUE:
        raise FeelBudgetExceeded(
            f"A value is nested more than {DEEPEST_VALUE} deep. Nest fewer lists and contexts."
        )
    if kind is list or kind is tuple:
        return [from_host(item, depth + 1) for item in value]
    if kind is Range:
        return Range(
            from_host(value.start, depth + 1),
            from_host(value.end, depth + 1),
            value.start_included,
            value.end_included,
            value.written,
        )
    if isinstance(value, Mapping):
        return {_key(key): from_host(item, depth + 1) for key, item in value.items()}
    return _from_subclass(value, depth)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str(key)
    raise FeelEvaluationError(
        f"A context from outside has the entry name {key!r}; names of entries are strings."
    )


def _from_subclass(value: Any, depth: int) -> Any:
    """Values such as enumeration members count as what they are made of."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return number_of_integer(int(value))
    if isinstance(value, float):
        return number_of_float(float(value))
    if isinstance(value, Decimal):
        return number_of_decimal(Decimal(value))
    if isinstance(value, list | tuple):
        return [from_host(item, depth + 1) for item in value]
    return value
