"""Dates, lateness and what happened, in the words that a caseworker uses."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def local(moment: datetime) -> datetime:
    """`moment` on the clocks of the council, whatever zone it came in."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(LONDON)


def day_words(value: date | datetime | str | None) -> str:
    """A date as GOV.UK writes it, such as "4 March 2026"; nothing for None."""
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    elif isinstance(value, datetime):
        value = local(value).date()
    return f"{value.day} {value:%B %Y}"


def moment_words(value: datetime | None) -> str:
    """A date and time as GOV.UK writes them, such as "4 March 2026 at 9:05am"."""
    if value is None:
        return ""
    moment = local(value)
    hour = moment.hour % 12 or 12
    half = "am" if moment.hour < 12 else "pm"
    minutes = f":{moment.minute:02}" if moment.minute else ""
    return f"{day_words(moment.date())} at {hour}{minutes}{half}"


def is_late(due: datetime | None, now: datetime) -> bool:
    """Whether the day on which something was due is over."""
    return due is not None and local(due).date() < local(now).date()


def due_words(due: datetime | None, now: datetime) -> str:
    """How far off a due date is: "due in 3 days", "due today", "2 days late"."""
    if due is None:
        return "no due date"
    days = (local(due).date() - local(now).date()).days
    if days == 0:
        return "due today"
    if days == 1:
        return "due tomorrow"
    if days == -1:
        return "1 day late"
    return f"due in {days} days" if days > 0 else f"{-days} days late"


def age_words(born: date | str | None, today: date) -> str:
    """An age in years, in months below two years; nothing for a missing date of birth."""
    if not born:
        return ""
    if isinstance(born, str):
        born = date.fromisoformat(born[:10])
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    if months < 0:
        return "not born yet"
    if months < 24:
        return f"{months} month{'' if months == 1 else 's'} old"
    return f"{months // 12} years old"


def count_words(number: int, one: str, many: str | None = None) -> str:
    """A count with its noun: "1 task", "3 tasks"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def value_words(value: Any) -> str:
    """One answer as text: yes and no, dates, lists with commas; "Not given" for nothing."""
    if value is None or value == "" or value == []:
        return "Not given"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, datetime):
        return moment_words(value)
    if isinstance(value, date):
        return day_words(value)
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, list | tuple):
        return ", ".join(value_words(entry) for entry in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {value_words(entry)}" for key, entry in value.items())
    return str(value)
