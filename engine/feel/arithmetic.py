"""Addition, subtraction, multiplication, division and powers (DMN 1.5, 10.3.2.14, tables 55-58).

Anything the tables have no row for is null, and so is a result that no number can hold.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, DecimalException
from typing import Any

from engine.feel.budget import Environment, check_string
from engine.feel.compare import comparable_times
from engine.feel.numbers import ARITHMETIC
from engine.feel.temporal import beyond_duration, months_duration
from engine.feel.values import YearsMonthsDuration
from engine.feel.zones import beyond_calendar, instant, midnight

Operation = Callable[[Environment, Any, Any], Any]

_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)


def add(environment: Environment, left: Any, right: Any) -> Any:
    kind = type(left)
    if kind is Decimal and type(right) is Decimal:
        try:
            return ARITHMETIC.add(left, right)
        except DecimalException:
            return None
    if kind is str and type(right) is str:
        return check_string(environment, left + right)
    if kind is timedelta or kind is YearsMonthsDuration:
        return _shift(right, left) if type(right) is not kind else _sum(left, right)
    return _shift(left, right)


def subtract(environment: Environment, left: Any, right: Any) -> Any:
    kind, other = type(left), type(right)
    if kind is Decimal and other is Decimal:
        try:
            return ARITHMETIC.subtract(left, right)
        except DecimalException:
            return None
    if other is timedelta or other is YearsMonthsDuration:
        opposite = negate(right)
        return _sum(left, opposite) if kind is other else _shift(left, opposite)
    return _difference(left, right)


def _sum(left: Any, right: Any) -> Any:
    if type(left) is YearsMonthsDuration:
        return months_duration(left.months + right.months)
    try:
        return left + right
    except OverflowError:
        raise beyond_duration() from None


def _shift(value: Any, duration: Any) -> Any:
    """A date, time or both, moved by a duration of either kind."""
    kind = type(value)
    if type(duration) is YearsMonthsDuration:
        return add_months(value, duration.months) if kind is date or kind is datetime else None
    if type(duration) is not timedelta:
        return None
    try:
        if kind is datetime:
            if value.tzinfo is None:
                return value + duration
            return (value.astimezone(UTC) + duration).astimezone(value.tzinfo)
        if kind is date:
            return (datetime.combine(value, time()) + duration).date()
    except OverflowError:
        raise beyond_calendar() from None
    if kind is time:
        start = datetime.combine(date(2000, 1, 1), value.replace(tzinfo=None))
        return (start + duration % _DAY).timetz().replace(tzinfo=value.tzinfo)
    return None


def add_months(value: Any, months: int) -> Any:
    """A date or date and time, months later; a day that month has not becomes its last day."""
    year, month = divmod(value.year * 12 + value.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise beyond_calendar()
    day = min(value.day, monthrange(year, month + 1)[1])
    return value.replace(year=year, month=month + 1, day=day)


def _difference(left: Any, right: Any) -> timedelta | None:
    """The days and time duration between two dates, times, or dates and times."""
    kind, other = type(left), type(right)
    if kind is time and other is time:
        pair = comparable_times(left, right)
        return None if pair is None else pair[0] - pair[1]
    if kind is date and other is date:
        return timedelta(days=left.toordinal() - right.toordinal())
    if (kind is date or kind is datetime) and (other is date or other is datetime):
        later = midnight(left) if kind is date else left
        earlier = midnight(right) if other is date else right
        if (later.tzinfo is None) != (earlier.tzinfo is None):
            return None
        return instant(later) - instant(earlier)
    return None


def multiply(environment: Environment, left: Any, right: Any) -> Any:
    if type(left) is Decimal:
        if type(right) is Decimal:
            try:
                return ARITHMETIC.multiply(left, right)
            except DecimalException:
                return None
        left, right = right, left
    return _scaled(left, right, ARITHMETIC.multiply) if type(right) is Decimal else None


def divide(environment: Environment, left: Any, right: Any) -> Any:
    kind = type(left)
    if type(right) is Decimal:
        if kind is Decimal:
            try:
                return ARITHMETIC.divide(left, right)
            except DecimalException:
                return None
        return _scaled(left, right, ARITHMETIC.divide)
    if kind is not type(right):
        return None
    if kind is timedelta:
        return _ratio(left // _MICROSECOND, right // _MICROSECOND)
    if kind is YearsMonthsDuration:
        return _ratio(left.months, right.months)
    return None


def _ratio(left: int, right: int) -> Decimal | None:
    try:
        return ARITHMETIC.divide(Decimal(left), Decimal(right))
    except DecimalException:
        return None


def _scaled(
    duration: Any, factor: Decimal, operation: Callable[[Decimal, Decimal], Decimal]
) -> Any:
    """A duration times or by a number: months are cut off, time is rounded to a microsecond."""
    kind = type(duration)
    if kind is not timedelta and kind is not YearsMonthsDuration:
        return None
    try:
        if kind is YearsMonthsDuration:
            months = operation(Decimal(duration.months), factor)
            return months_duration(int(months)) if months.adjusted() < 20 else _too_long()
        amount = operation(Decimal(duration // _MICROSECOND), factor)
        if amount.adjusted() > 24:
            return _too_long()
        return int(amount.to_integral_value()) * _MICROSECOND
    except DecimalException:
        return None
    except OverflowError:
        raise beyond_duration() from None


def _too_long() -> Any:
    raise beyond_duration()


def power(environment: Environment, left: Any, right: Any) -> Any:
    if type(left) is not Decimal or type(right) is not Decimal:
        return None
    if left == 0 and right == 0:
        return Decimal(1)
    try:
        return ARITHMETIC.power(left, right)
    except DecimalException:
        return None


def negate(value: Any) -> Any:
    kind = type(value)
    if kind is Decimal:
        return ARITHMETIC.minus(value)
    if kind is YearsMonthsDuration:
        return YearsMonthsDuration(-value.months)
    if kind is timedelta:
        try:
            return -value
        except OverflowError:
            raise beyond_duration() from None
    return None


OPERATIONS: dict[str, Operation] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}
