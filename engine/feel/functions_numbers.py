"""Built-in functions for numbers (DMN 1.5, table 76, and `number` of table 72)."""

from __future__ import annotations

import re
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DecimalException,
    InvalidOperation,
    Overflow,
)

from engine.feel.functions_time import absolute_duration
from engine.feel.numbers import ARITHMETIC, number_of_literal
from engine.feel.signatures import builtin

_SMALLEST_SCALE, _LARGEST_SCALE = -6111, 6176
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WIDE = Context(prec=20_000, Emin=-20_000, Emax=20_000, traps=[InvalidOperation, Overflow])
_SEPARATORS = frozenset((" ", ",", "."))


@builtin("number", "from: string", kind="number")
def number(text: str) -> Decimal | None:
    """The number that a text writes, null if it writes none."""
    return number_of_literal(text) if _NUMBER.fullmatch(text) else None


@builtin("number", "from: number", kind="number")
def number_of_number(value: Decimal) -> Decimal:
    return value


@builtin(
    "number",
    "from: string",
    "grouping separator: string??",
    "decimal separator: string??",
    kind="number",
)
def number_with_separators(
    text: str, grouping: str | None = None, decimal: str | None = None
) -> Decimal | None:
    """The number a text writes with its own separators; both must differ."""
    if grouping is not None and grouping not in _SEPARATORS:
        return None
    if decimal is not None and (decimal not in (".", ",") or decimal == grouping):
        return None
    if grouping is not None:
        text = text.replace(grouping, "")
    if decimal is not None and decimal != ".":
        if "." in text:
            return None
        text = text.replace(decimal, ".")
    return number(text)


def _rounded(value: Decimal, scale: Decimal, rounding: str) -> Decimal | None:
    """`value` with `scale` decimals; null for scales that numbers cannot have."""
    if not _SMALLEST_SCALE <= scale <= _LARGEST_SCALE:
        return None
    places = int(scale)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -places:
        return value
    try:
        return ARITHMETIC.plus(value.quantize(Decimal(1).scaleb(-places, _WIDE), rounding, _WIDE))
    except DecimalException:
        return None


@builtin("decimal", "n: number", "scale: number", kind="number")
def decimal(value: Decimal, scale: Decimal) -> Decimal | None:
    return _rounded(value, scale, ROUND_HALF_EVEN)


@builtin("floor", "n: number", "scale: number?", kind="number")
def floor(value: Decimal, scale: Decimal = Decimal(0)) -> Decimal | None:
    return _rounded(value, scale, ROUND_FLOOR)


@builtin("ceiling", "n: number", "scale: number?", kind="number")
def ceiling(value: Decimal, scale: Decimal = Decimal(0)) -> Decimal | None:
    return _rounded(value, scale, ROUND_CEILING)


@builtin("round up", "n: number", "scale: number", kind="number")
def round_up(value: Decimal, scale: Decimal) -> Decimal | None:
    """Away from zero."""
    return _rounded(value, scale, ROUND_UP)


@builtin("round down", "n: number", "scale: number", kind="number")
def round_down(value: Decimal, scale: Decimal) -> Decimal | None:
    """Towards zero."""
    return _rounded(value, scale, ROUND_DOWN)


@builtin("round half up", "n: number", "scale: number", kind="number")
def round_half_up(value: Decimal, scale: Decimal) -> Decimal | None:
    return _rounded(value, scale, ROUND_HALF_UP)


@builtin("round half down", "n: number", "scale: number", kind="number")
def round_half_down(value: Decimal, scale: Decimal) -> Decimal | None:
    return _rounded(value, scale, ROUND_HALF_DOWN)


@builtin("abs", "n: any")
def absolute(value: object) -> object:
    """Of a number or a duration."""
    if type(value) is Decimal:
        return value.copy_abs()
    return absolute_duration(value)


@builtin("modulo", "dividend: number", "divisor: number", kind="number")
def modulo(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """dividend - divisor * floor(dividend / divisor), computed without rounding in between."""
    if divisor == 0:
        return None
    try:
        rest = _WIDE.remainder(dividend, divisor)
    except DecimalException:
        return None
    if rest and (rest < 0) != (divisor < 0):
        rest = _WIDE.add(rest, divisor)
    return ARITHMETIC.plus(rest)


@builtin("sqrt", "number: number", kind="number")
def sqrt(value: Decimal) -> Decimal | None:
    return ARITHMETIC.sqrt(value) if value >= 0 else None


@builtin("log", "number: number", kind="number")
def log(value: Decimal) -> Decimal | None:
    """The natural logarithm."""
    return ARITHMETIC.ln(value) if value > 0 else None


@builtin("exp", "number: number", kind="number")
def exp(value: Decimal) -> Decimal | None:
    try:
        return ARITHMETIC.exp(value)
    except DecimalException:
        return None


@builtin("odd", "number: number", kind="boolean")
def odd(value: Decimal) -> bool | None:
    rest = modulo(value, Decimal(2))
    return rest == 1


@builtin("even", "number: number", kind="boolean")
def even(value: Decimal) -> bool | None:
    return modulo(value, Decimal(2)) == 0
