"""Reading and writing dates, times and durations (DMN 1.5, 10.3.2.3.4 to 10.3.2.3.8; ISO 8601).

A text that is no date is null, as the specification says. A right date that cannot be held here,
because its year has more than four digits or its second more than six decimals, is an error: null
would be a wrong answer.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from engine.feel.errors import FeelEvaluationError
from engine.feel.values import YearsMonthsDuration
from engine.feel.zones import beyond_calendar, offset_of, offset_zone, zone_name, zone_of

_DATE = re.compile(r"(-?)([1-9][0-9]{4,8}|[0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:(Z)|([+-])([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?|@(.+))?"
)
_DURATION = re.compile(
    r"(-?)P(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)D)?"
    r"(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.([0-9]*))?S)?)?"
)
_LONGEST_TEXT = 120
_MOST_MONTHS = 12 * 1_000_000_000


def parse_date(text: str) -> date | None:
    match = _DATE.fullmatch(text) if len(text) < _LONGEST_TEXT else None
    if match is None:
        return None
    sign, year, month, day = match.groups()
    return make_date(int(sign + year), int(month), int(day))


def make_date(year: int, month: int, day: int) -> date | None:
    """The date, None if the calendar has no such day; raises for years outside 1 to 9999."""
    if not (1 <= month <= 12 and 1 <= day <= 31) or abs(year) > 999_999_999:
        return None
    if not 1 <= year <= 9999:
        raise beyond_calendar()
    try:
        return date(year, month, day)
    except ValueError:
        return None


def parse_time(text: str) -> time | None:
    """A time of day; 24:00:00 is midnight."""
    match = _TIME.fullmatch(text) if len(text) < _LONGEST_TEXT else None
    if match is None:
        return None
    hour, minute, second, fraction, utc, sign, offset_h, offset_m, offset_s, name = match.groups()
    zone: tzinfo | None = None
    if utc:
        zone = UTC
    elif sign:
        if int(offset_m) > 59 or int(offset_s or 0) > 59:
            return None
        offset = timedelta(hours=int(offset_h), minutes=int(offset_m), seconds=int(offset_s or 0))
        zone = offset_zone(-offset if sign == "-" else offset)
        if zone is None:
            return None
    elif name:
        zone = zone_of(name)
        if zone is None:
            return None
    microseconds = _microseconds(fraction)
    if hour == "24" and int(minute) == int(second) == microseconds == 0:
        hour = "0"
    return make_time(int(hour), int(minute), int(second), microseconds, zone)


def make_time(
    hour: int, minute: int, second: int, microsecond: int, zone: tzinfo | None
) -> time | None:
    """The time, None if no clock shows it."""
    try:
        return time(hour, minute, second, microsecond, zone)
    except (ValueError, OverflowError):
        return None


def _microseconds(fraction: str | None) -> int:
    digits = (fraction or "").rstrip("0")
    if len(digits) > 6:
        raise FeelEvaluationError(
            "A time has a finer part than a millionth of a second, which is as fine as times go "
            "here. Give at most six decimals."
        )
    return int(digits.ljust(6, "0") or 0)


def parse_date_and_time(text: str) -> datetime | None:
    """A date and time; a date alone is its midnight, without a zone."""
    day_text, separator, time_text = text.partition("T")
    day = parse_date(day_text)
    if day is None:
        return None
    if not separator:
        return datetime.combine(day, time())
    clock = parse_time(time_text)
    if clock is None:
        return None
    try:
        midnight = day + timedelta(days=time_text.startswith("24"))
    except OverflowError:
        raise beyond_calendar() from None
    return datetime.combine(midnight, clock, clock.tzinfo)


def parse_duration(text: str) -> timedelta | YearsMonthsDuration | None:
    """A duration of either kind; one that mixes both, such as P1Y2D, is none."""
    match = _DURATION.fullmatch(text) if len(text) < _LONGEST_TEXT else None
    if match is None or text.endswith(("P", "T")):
        return None
    sign, years, months, days, hours, minutes, seconds, fraction = match.groups()
    factor = -1 if sign else 1
    if years is not None or months is not None:
        if "T" in text or days is not None:
            return None
        return months_duration(factor * (int(years or 0) * 12 + int(months or 0)))
    try:
        return factor * timedelta(
            days=int(days or 0),
            hours=int(hours or 0),
            minutes=int(minutes or 0),
            seconds=int(seconds or 0),
            microseconds=_microseconds(fraction),
        )
    except OverflowError:
        raise beyond_duration() from None


def months_duration(months: int) -> YearsMonthsDuration:
    if abs(months) > _MOST_MONTHS:
        raise beyond_duration()
    return YearsMonthsDuration(months)


def beyond_duration() -> FeelEvaluationError:
    return FeelEvaluationError(
        "A duration is longer than a million years, which is as long as durations go here."
    )


def parse_at_literal(text: str) -> Any:
    """The value of `@"..."` (grammar rule 62): a date, time, date and time or duration."""
    for parse in (parse_date, parse_time, parse_date_and_time, parse_duration):
        value = parse(text)
        if value is not None:
            return value
    return None


def time_to_string(value: time | datetime) -> str:
    """`10:30:00`, with a fraction, offset or zone if there is one."""
    text = f"{value.hour:02}:{value.minute:02}:{value.second:02}"
    if value.microsecond:
        text += f".{value.microsecond:06}".rstrip("0")
    name = zone_name(value)
    if name is not None:
        return f"{text}@{name}"
    offset = offset_of(value)
    if offset is None:
        return text
    return text + offset_to_string(offset)


def offset_to_string(offset: timedelta) -> str:
    if not offset:
        return "Z"
    sign = "-" if offset < timedelta(0) else "+"
    minutes, seconds = divmod(abs(offset) // timedelta(seconds=1), 60)
    text = f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def date_and_time_to_string(value: datetime) -> str:
    return f"{value.date().isoformat()}T{time_to_string(value)}"


def duration_to_string(value: timedelta) -> str:
    """`P1DT2H3M4.5S`; no time at all is `PT0S`."""
    rest = abs(value)
    minutes, seconds = divmod(rest.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{rest.microseconds:06}".rstrip("0") if rest.microseconds else ""
    clock = (
        (f"{hours}H" if hours else "")
        + (f"{minutes}M" if minutes else "")
        + (f"{seconds}{fraction}S" if seconds or fraction else "")
    )
    text = (f"{rest.days}D" if rest.days else "") + (f"T{clock}" if clock else "")
    return ("-" if value < timedelta(0) else "") + "P" + (text or "T0S")
