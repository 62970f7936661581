"""Numbers of FEEL: IEEE 754-2008 decimal128 (DMN 1.5, 10.3.2.3.1).

34 digits, ties to the even neighbour. There is no infinity and no NaN: what would be one is null.
"""

from __future__ import annotations

from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

from engine.feel.errors import FeelEvaluationError

DIGITS = 34
LARGEST_EXPONENT = 6144

ARITHMETIC = Context(
    prec=DIGITS,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=LARGEST_EXPONENT,
    traps=[DivisionByZero, InvalidOperation, Overflow],
)
"""The context of every operation; what it traps becomes null where the operation stands."""

_EXACT = 10**DIGITS
_LONGEST_INTEGER_BITS = 20_500


def number_of_literal(text: str) -> Decimal | None:
    """The number that `text` writes, rounded to 34 digits; None if it is out of range."""
    try:
        return ARITHMETIC.create_decimal(text)
    except DecimalException:
        return None


def number_of_integer(value: int) -> Decimal:
    """An integer of Python as a number; raises `FeelEvaluationError` beyond the range."""
    if -_EXACT < value < _EXACT:
        return Decimal(value)
    if value.bit_length() > _LONGEST_INTEGER_BITS:
        raise FeelEvaluationError("A whole number has more digits than FEEL numbers may have.")
    try:
        return ARITHMETIC.create_decimal(value)
    except DecimalException:
        raise FeelEvaluationError(
            "A whole number has more digits than FEEL numbers may have."
        ) from None


def number_of_decimal(value: Decimal) -> Decimal:
    """A decimal from outside, rounded to 34 digits; infinity and NaN are refused."""
    if not value.is_finite():
        raise FeelEvaluationError(f"{value} is no number of FEEL. Give a finite number or null.")
    try:
        return ARITHMETIC.plus(value)
    except DecimalException:
        raise FeelEvaluationError(
            "A number is beyond the range of FEEL numbers (34 digits, exponent up to 6144)."
        ) from None


def number_of_float(value: float) -> Decimal:
    """A float by its shortest decimal writing, so that 0.1 is 0.1."""
    return number_of_decimal(Decimal(repr(value)))


def whole(value: Decimal) -> int | None:
    """The number as an integer if it is a whole one of at most 34 digits, otherwise None."""
    if value.adjusted() > DIGITS or value != value.to_integral_value():
        return None
    return int(value)


def number_to_string(value: Decimal) -> str:
    """Plain digits without exponent, and without zeros at the end that say nothing."""
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
