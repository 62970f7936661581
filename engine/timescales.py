"""When things fall due: calendar arithmetic in Europe/London, with working days.

Durations are added to the local calendar, so that three months after 30 November is the last day
of February and a day stays a day when the clocks change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import govuk_bank_holidays
import orjson
from dateutil.relativedelta import relativedelta

from engine import feel

LONDON = ZoneInfo("Europe/London")
UNITS = ("working days", "days", "weeks", "months")
_END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True)
class Timescale:
    """An amount of calendar time from a timescales table; due at the end of its last day.

    `step` is the row of the table, which makes no difference to the time.
    """

    amount: int
    unit: str
    step: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        unit = self.unit if self.amount != 1 else self.unit.removesuffix("s")
        return f"{self.amount} {unit}"

    def last_day(self, start: date) -> date:
        """The day on which it ends, counted from the day after `start`."""
        match self.unit:
            case "working days":
                return add_working_days(start, self.amount)
            case "months":
                return start + relativedelta(months=self.amount)
            case "weeks":
                return start + timedelta(weeks=self.amount)
        return start + timedelta(days=self.amount)


@lru_cache(maxsize=1)
def _bank_holidays() -> frozenset[date]:
    # The list alone: the code beside it would fetch a newer one, and brings an HTTP client along
    # that takes six megabytes of every node.
    kept = files(govuk_bank_holidays).joinpath("bank-holidays.json").read_bytes()
    holidays = orjson.loads(kept)["england-and-wales"]["events"]
    return frozenset(date.fromisoformat(holiday["date"]) for holiday in holidays)


def is_working_day(day: date) -> bool:
    """Whether `day` is a Monday to Friday that is no bank holiday in England and Wales."""
    return day.weekday() < 5 and day not in _bank_holidays()


def bank_holidays(after: date, until: date) -> list[date]:
    """The bank holidays in England and Wales later than `after`, up to `until`, by date."""
    return sorted(day for day in _bank_holidays() if after < day <= until)


def known_years() -> tuple[int, int]:
    """The first and the last year whose bank holidays are known."""
    days = _bank_holidays()
    return min(days).year, max(days).year


def add_working_days(start: date, days: int) -> date:
    """The `days`th working day after `start`."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        if is_working_day(day):
            days -= 1
    return day


def due_at(value: Any, start: datetime) -> datetime:
    """The moment at which `value`, counted from `start`, falls due.

    `value` is a Timescale, a FEEL duration of either kind, or a FEEL date (due at its end) or date
    and time, to which `start` does not matter. Raises ValueError in words for anything else.
    """
    try:
        return _due_at(value, start.astimezone(LONDON))
    except OverflowError:
        raise ValueError(f"“{value}” leads outside the years that a calendar has") from None


def _due_at(value: Any, local: datetime) -> datetime:
    match value:
        case Timescale():
            return datetime.combine(value.last_day(local.date()), _END_OF_DAY, LONDON).astimezone(
                UTC
            )
        case feel.YearsMonthsDuration():
            year = local.year + (local.month - 1 + value.months) // 12
            if not date.min.year <= year <= date.max.year:
                raise OverflowError
            return (local + relativedelta(months=value.months)).astimezone(UTC)
        case timedelta():
            whole = timedelta(days=value.days)
            return (local + whole).astimezone(UTC) + (value - whole)
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=LONDON)).astimezone(UTC)
        case date():
            return datetime.combine(value, _END_OF_DAY, LONDON).astimezone(UTC)
    raise ValueError(
        f"the timer's time came out as {_describe(value)}; it has to be a duration, a date, "
        'or a timescale such as timescale("2Q")'
    )


def next_due(value: Any, last: datetime, now: datetime) -> datetime:
    """The next moment after `now` of something that repeats every `value` since `last`.

    However late it is, one moment is returned, so an outage causes one alert and not a burst.
    Raises ValueError in words where `value` is not a duration.
    """
    if isinstance(value, date):
        raise ValueError(
            "a timer that repeats may begin at a date, but then needs a duration or a timescale"
        )
    moment = due_at(value, last)
    if moment <= last:
        raise ValueError("a timer that repeats needs a duration longer than nothing")
    return moment if moment > now else due_at(value, now)


def _describe(value: Any) -> str:
    return "nothing" if value is None else f"“{value}”"


def timescale_function(look_up: Callable[[str], Timescale]) -> feel.Function:
    """The FEEL function `timescale("2Q")`, which reads a model's timescales table.

    With a date, as in `timescale("2Q", held_on)`, it gives the last day, counted from that date.
    """

    def timescale(step: Any, start: Any = None) -> Timescale | date | None:
        if not isinstance(step, str):
            return None
        allowed = look_up(step)
        if isinstance(start, datetime):
            start = start.date()
        return allowed.last_day(start) if isinstance(start, date) else allowed

    return feel.Function(
        "timescale",
        ("step", "from"),
        timescale,
        "The time that the model's timescales table allows for a step, or the last day of it "
        "counted from a date.",
        optional=1,
    )
