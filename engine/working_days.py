"""Working days and bank holidays as functions of FEEL, in the style of the built-in ones.

An argument of another kind makes the result null. Bank holidays are those of England and Wales.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine import feel
from engine.timescales import add_working_days, bank_holidays, is_working_day, known_years

_MOST_DAYS = 5_000


def _day(value: Any) -> date | None:
    """The day that an argument means; raises for one beyond the years that are known."""
    day = value.date() if isinstance(value, datetime) else value
    if not isinstance(day, date):
        return None
    first, last = known_years()
    if not first <= day.year <= last:
        raise feel.FeelEvaluationError(
            f"Bank holidays are known from {first} to {last}, so not for {day.isoformat()}."
        )
    return day


def _is_working_day(value: Any) -> bool | None:
    day = _day(value)
    return None if day is None else is_working_day(day)


def _add_working_days(value: Any, days: Any) -> date | None:
    day = _day(value)
    if day is None or type(days) is not Decimal or days != days.to_integral_value():
        return None
    if abs(days) > _MOST_DAYS:
        raise feel.FeelEvaluationError(
            f"At most {_MOST_DAYS:,} working days can be added. Use years and months."
        )
    if days >= 0:
        return _day(add_working_days(day, int(days)))
    left = int(-days)
    while left:
        day -= timedelta(days=1)
        left -= is_working_day(day)
    return _day(day)


def _working_days_between(start: Any, end: Any) -> Decimal | None:
    first, last = _day(start), _day(end)
    if first is None or last is None:
        return None
    sign = 1 if first <= last else -1
    low, high = sorted((first, last))
    days = (low + timedelta(days=each) for each in range(1, (high - low).days + 1))
    return Decimal(sign * sum(map(is_working_day, days)))


def _bank_holidays(start: Any, end: Any) -> list[date] | None:
    first, last = _day(start), _day(end)
    if first is None or last is None:
        return None
    return bank_holidays(first - timedelta(days=1), last)


CALENDAR_FUNCTIONS = (
    feel.Function(
        "is working day",
        ("date",),
        _is_working_day,
        "Whether a day is a Monday to Friday and no bank holiday.",
    ),
    feel.Function(
        "add working days",
        ("date", "days"),
        _add_working_days,
        "The so manieth working day after a day, or before it if the number is negative.",
    ),
    feel.Function(
        "working days between",
        ("from", "to"),
        _working_days_between,
        "How many working days come after the first day, up to and with the second.",
    ),
    feel.Function(
        "bank holidays",
        ("from", "to"),
        _bank_holidays,
        "The bank holidays from one day to another, both included.",
    ),
)
"""What an expression of a model may call beside the built-in functions."""
