"""Time zones and instants: what `datetime` leaves to be done about them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.feel.errors import FeelEvaluationError

_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,3}")


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo | None:
    """The zone of the IANA database called `name`, or None."""
    if len(name) > 64 or not _ZONE.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def offset_zone(offset: timedelta) -> tzinfo | None:
    """The zone that lies `offset` from UTC; None for offsets beyond 18 hours."""
    if abs(offset) > timedelta(hours=18):
        return None
    return timezone(offset) if offset else UTC


def zone_name(value: datetime | time) -> str | None:
    """The IANA name of a value's zone, None for a local value or one with a plain offset."""
    return getattr(value.tzinfo, "key", None)


def offset_of(value: datetime | time) -> timedelta | None:
    """The time offset from UTC; None for local values, and for times in a zone.

    What offset a zone such as Europe/London has cannot be told without a date, unless the zone
    never changes it.
    """
    return value.utcoffset()


def instant(value: datetime) -> datetime:
    """The same point in time in UTC, so that two can be compared; local values stay as they are."""
    if value.tzinfo is None:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise FeelEvaluationError(_BEYOND) from None


def midnight(value: date) -> datetime:
    """A date as date and time, midnight UTC (10.3.2.3.7)."""
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def seconds_of_day(value: time) -> timedelta:
    """The time since midnight as its clock shows it."""
    return timedelta(
        hours=value.hour,
        minutes=value.minute,
        seconds=value.second,
        microseconds=value.microsecond,
    )


def beyond_calendar() -> FeelEvaluationError:
    return FeelEvaluationError(_BEYOND)


_BEYOND = "A date lies outside the years 1 to 9999, which is as far as dates go here."
