from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from web import words

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "said"),
    [
        (datetime(2026, 3, 4, 17, tzinfo=UTC), "due today"),
        (datetime(2026, 3, 4, 9, tzinfo=UTC), "due today"),
        (datetime(2026, 3, 5, 9, tzinfo=UTC), "due tomorrow"),
        (datetime(2026, 3, 7, 9, tzinfo=UTC), "due in 3 days"),
        (datetime(2026, 3, 3, 23, tzinfo=UTC), "1 day late"),
        (datetime(2026, 3, 2, 9, tzinfo=UTC), "2 days late"),
        (None, "no due date"),
    ],
)
def test_due_dates_are_said_as_a_distance_in_days(due: datetime | None, said: str) -> None:
    assert words.due_words(due, NOON) == said


def test_days_change_at_midnight_in_london_not_in_utc() -> None:
    # Half past eleven in the evening of UTC is half past midnight of the next day in summer.
    due = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    assert words.due_words(due, datetime(2026, 7, 1, 12, tzinfo=UTC)) == "due tomorrow"
    assert words.day_words(due) == "2 July 2026"


def test_a_task_is_late_only_once_its_day_is_over() -> None:
    assert not words.is_late(datetime(2026, 3, 4, 1, tzinfo=UTC), NOON)
    assert words.is_late(datetime(2026, 3, 3, 23, 59, tzinfo=UTC), NOON)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 3, 4, 9, 5, tzinfo=UTC), "4 March 2026 at 9:05am"),
        (datetime(2026, 3, 4, 12, 0, tzinfo=UTC), "4 March 2026 at 12pm"),
        (datetime(2026, 7, 4, 23, 0, tzinfo=UTC), "5 July 2026 at 12am"),
    ],
)
def test_times_are_said_as_on_a_clock_in_london(moment: datetime, said: str) -> None:
    assert words.moment_words(moment) == said


@pytest.mark.parametrize(
    ("born", "said"),
    [
        (date(2026, 1, 20), "1 month old"),
        (date(2024, 4, 4), "23 months old"),
        (date(2024, 3, 4), "2 years old"),
        (date(2015, 3, 5), "10 years old"),
        (date(2026, 9, 1), "not born yet"),
        (None, ""),
    ],
)
def test_ages(born: date | None, said: str) -> None:
    assert words.age_words(born, date(2026, 3, 4)) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "Yes"),
        (False, "No"),
        (None, "Not given"),
        ("", "Not given"),
        (0, "0"),
        (Decimal("0.10"), "0.10"),
        (["a", True], "a, Yes"),
        (date(2026, 3, 4), "4 March 2026"),
    ],
)
def test_values_in_words(value: object, said: str) -> None:
    assert words.value_words(value) == said
