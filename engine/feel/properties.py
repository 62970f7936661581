"""What a dot reads: entries of contexts, and properties of dates and such (DMN 1.5, table 66)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.feel.budget import Environment, spend
from engine.feel.values import Range, YearsMonthsDuration
from engine.feel.zones import offset_of, zone_name

Property = Callable[[Any], Any]

_DATE: dict[str, Property] = {
    "year": lambda value: Decimal(value.year),
    "month": lambda value: Decimal(value.month),
    "day": lambda value: Decimal(value.day),
    "weekday": lambda value: Decimal(value.isoweekday()),
}
_TIME: dict[str, Property] = {
    "hour": lambda value: Decimal(value.hour),
    "minute": lambda value: Decimal(value.minute),
    "second": lambda value: _seconds(value.second, value.microsecond),
    "time offset": lambda value: offset_of(value),
    "timezone": lambda value: zone_name(value),
}
_DAYS: dict[str, Property] = {
    "days": lambda value: _signed(value, abs(value).days),
    "hours": lambda value: _signed(value, abs(value).seconds // 3600),
    "minutes": lambda value: _signed(value, abs(value).seconds // 60 % 60),
    "seconds": lambda value: _signed(
        value, _seconds(abs(value).seconds % 60, abs(value).microseconds)
    ),
}
_MONTHS: dict[str, Property] = {
    "years": lambda value: _truncated(value.months, 12),
    "months": lambda value: Decimal(value.months) - 12 * _truncated(value.months, 12),
}
_RANGE: dict[str, Property] = {
    "start": lambda value: value.start,
    "end": lambda value: value.end,
    "start included": lambda value: value.start_included,
    "end included": lambda value: value.end_included,
}
PROPERTIES: dict[type, dict[str, Property]] = {
    date: _DATE,
    time: _TIME,
    datetime: _DATE | _TIME,
    timedelta: _DAYS,
    YearsMonthsDuration: _MONTHS,
    Range: _RANGE,
}


def _seconds(seconds: int, microseconds: int) -> Decimal:
    return (
        Decimal(seconds * 1_000_000 + microseconds).scaleb(-6) if microseconds else Decimal(seconds)
    )


def _signed(value: timedelta, amount: Decimal | int) -> Decimal:
    return -Decimal(amount) if value < timedelta(0) and amount else Decimal(amount)


def _truncated(amount: int, divisor: int) -> Decimal:
    return Decimal(abs(amount) // divisor * (-1 if amount < 0 else 1))


def entry_of(environment: Environment, value: Any, name: str) -> Any:
    """`value.name`: an entry, a property, for a list that of every item, otherwise null."""
    kind = type(value)
    if kind is dict:
        return value.get(name)
    if kind is list:
        spend(environment, len(value))
        return [entry_of(environment, item, name) for item in value]
    reader = PROPERTIES.get(kind, {}).get(name)
    return None if reader is None else reader(value)
