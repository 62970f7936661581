"""Built-in functions for dates, times and durations (DMN 1.5, tables 72, 77, 78 and 10.3.4.7)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from engine.feel.numbers import whole
from engine.feel.signatures import builtin
from engine.feel.temporal import (
    make_date,
    make_time,
    parse_date,
    parse_date_and_time,
    parse_duration,
    parse_time,
)
from engine.feel.values import YearsMonthsDuration
from engine.feel.zones import instant, midnight, offset_of, offset_zone, zone_name, zone_of

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@builtin("date", "from: given", kind="date")
def date_from(value: Any) -> date | None:
    """From a text, or the date part of a date and time."""
    if type(value) is list and len(value) == 1:
        value = value[0]
    if type(value) is str:
        return parse_date(value)
    return _date_part(value) if type(value) in (date, datetime) else None


@builtin("date", "year: number", "month: number", "day: number", kind="date")
def date_of(year: Decimal, month: Decimal, day: Decimal) -> date | None:
    parts = [whole(part) for part in (year, month, day)]
    if None in parts:
        return None
    return make_date(*(part for part in parts if part is not None))


def _date_part(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


@builtin("date and time", "from: given", kind="date and time")
def date_and_time_from(value: Any) -> datetime | None:
    if type(value) is list and len(value) == 1:
        value = value[0]
    if type(value) is str:
        return parse_date_and_time(value)
    if type(value) is date:
        return midnight(value)
    return value if type(value) is datetime else None


@builtin("date and time", "date: date", "time: time", kind="date and time")
def date_and_time_of(day: date | datetime, clock: time) -> datetime:
    """The date part of the first with the second, whose zone it takes."""
    return datetime.combine(_date_part(day), clock, clock.tzinfo)


@builtin("date and time", "date and time: date and time", "timezone: string", kind="date and time")
def date_and_time_in(value: datetime, name: str) -> datetime | None:
    """The same point in time on the clocks of a zone; null for a value without one."""
    zone = UTC if name == "Z" else zone_of(name)
    if zone is None or value.tzinfo is None:
        return None
    return instant(value).astimezone(zone)


@builtin("time", "from: given", kind="time")
def time_from(value: Any) -> time | None:
    """From a text, or the time part of a date and time; a date's time is midnight UTC."""
    if type(value) is list and len(value) == 1:
        value = value[0]
    if type(value) is str:
        return parse_time(value)
    if type(value) is datetime:
        return value.timetz()
    if type(value) is time:
        return value
    return time(0, 0, 0, tzinfo=UTC) if type(value) is date else None


@builtin("time", "hour: number", "minute: number", "second: number", "offset: days??", kind="time")
def time_of(
    hour: Decimal, minute: Decimal, second: Decimal, offset: timedelta | None = None
) -> time | None:
    hours, minutes = whole(hour), whole(minute)
    microseconds = whole(second.scaleb(6)) if abs(second) < 100 else None
    if hours is None or minutes is None or microseconds is None or microseconds < 0:
        return None
    zone: tzinfo | None = None
    if offset is not None:
        zone = offset_zone(offset)
        if zone is None:
            return None
    return make_time(hours, minutes, microseconds // 1_000_000, microseconds % 1_000_000, zone)


@builtin("duration", "from: given")
def duration_from(value: Any) -> timedelta | YearsMonthsDuration | None:
    if type(value) is list and len(value) == 1:
        value = value[0]
    if type(value) in (timedelta, YearsMonthsDuration):
        return value  # type: ignore[no-any-return]
    return parse_duration(value) if type(value) is str else None


@builtin("years and months duration", "from: date", "to: date", kind="years and months duration")
def years_and_months_duration(
    start: date | datetime, end: date | datetime
) -> YearsMonthsDuration | None:
    """The whole months between two dates, whatever the time of day; negative if they go back."""
    first, last = _date_part(start), _date_part(end)
    if last < first:
        return YearsMonthsDuration(-_whole_months(last, first))
    return YearsMonthsDuration(_whole_months(first, last))


def _whole_months(first: date, last: date) -> int:
    months = (last.year - first.year) * 12 + last.month - first.month
    return months - (last.day < first.day)


@builtin("day of week", "date: date", kind="string")
def day_of_week(value: date) -> str:
    return _DAYS[value.weekday()]


@builtin("month of year", "date: date", kind="string")
def month_of_year(value: date) -> str:
    return _MONTHS[value.month - 1]


@builtin("day of year", "date: date", kind="number")
def day_of_year(value: date) -> Decimal:
    return Decimal(value.timetuple().tm_yday)


@builtin("week of year", "date: date", kind="number")
def week_of_year(value: date) -> Decimal:
    """The week of ISO 8601, which belongs to the year that its Thursday is in."""
    return Decimal(value.isocalendar().week)


def absolute_duration(value: Any) -> Any:
    if type(value) is timedelta:
        return abs(value) if value != timedelta.min else None
    return YearsMonthsDuration(abs(value.months)) if type(value) is YearsMonthsDuration else None


def same_in_every_part(left: date | time, right: date | time) -> bool:
    """Whether two values are written the same, zones and offsets included."""
    if type(left) is not type(right):
        return False
    if isinstance(left, datetime | time) and isinstance(right, datetime | time):
        return (
            left.replace(tzinfo=None) == right.replace(tzinfo=None)
            and zone_name(left) == zone_name(right)
            and offset_of(left) == offset_of(right)
        )
    return left == right
