"""When things fall due: calendar arithmetic in Europe/London."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import feel
from engine.timescales import (
    LONDON,
    Timescale,
    add_working_days,
    due_at,
    is_working_day,
    next_due,
    timescale_function,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2025, 11, 30), 3, date(2026, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 3, 15), 12, date(2027, 3, 15)),
    ],
)
def test_months_are_clamped_to_the_end_of_the_month(start: date, months: int, end: date) -> None:
    moment = datetime(start.year, start.month, start.day, 9, tzinfo=LONDON)
    assert due_at(feel.YearsMonthsDuration(months), moment).astimezone(LONDON).date() == end
    assert Timescale(months, "months").last_day(start) == end


def test_a_day_stays_a_day_when_the_clocks_change() -> None:
    before = datetime(2026, 3, 28, 9, tzinfo=LONDON)
    assert due_at(timedelta(days=1), before).astimezone(LONDON) == datetime(
        2026, 3, 29, 9, tzinfo=LONDON
    )
    assert due_at(timedelta(hours=24), before) == due_at(timedelta(days=1), before)
    assert due_at(timedelta(hours=1), before) == before + timedelta(hours=1)


def test_a_timescale_and_a_date_fall_due_at_the_end_of_the_day() -> None:
    for value in (Timescale(2, "days"), date(2026, 3, 6)):
        due = due_at(value, NOON).astimezone(LONDON)
        assert due == datetime(2026, 3, 6, 23, 59, 59, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 4, 2), 1, date(2026, 4, 7)),  # over Good Friday and Easter Monday
        (date(2026, 12, 24), 1, date(2026, 12, 29)),  # Boxing Day falls on Saturday
        (date(2026, 3, 6), 5, date(2026, 3, 13)),
        (date(2026, 3, 7), 0, date(2026, 3, 7)),
    ],
)
def test_working_days_skip_weekends_and_bank_holidays(start: date, days: int, end: date) -> None:
    assert add_working_days(start, days) == end


@given(st.dates(date(2024, 1, 1), date(2026, 12, 1)), st.integers(1, 60))
def test_working_days_end_on_one_and_count_as_many(start: date, days: int) -> None:
    end = add_working_days(start, days)
    between = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    assert is_working_day(end)
    assert sum(map(is_working_day, between)) == days


@given(st.integers(1, 400), st.integers(0, 4000))
def test_what_repeats_has_one_next_moment_however_late(every: int, late: int) -> None:
    last = NOON
    now = last + timedelta(hours=late)
    following = next_due(timedelta(hours=every), last, now)
    assert following > now
    assert following <= now + timedelta(hours=every)


@pytest.mark.parametrize("value", [None, "P3M", True, 3])
def test_anything_else_is_refused_in_words(value: object) -> None:
    with pytest.raises(ValueError, match="has to be a duration"):
        due_at(value, NOON)


@pytest.mark.parametrize("value", [date(2026, 3, 6), timedelta(0), timedelta(days=-1)])
def test_a_repetition_needs_a_duration_longer_than_nothing(value: object) -> None:
    with pytest.raises(ValueError, match="needs a duration"):
        next_due(value, NOON, NOON)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('timescale("G14")', Timescale(8, "weeks")),
        ('timescale("G14", date("2026-03-25"))', date(2026, 5, 20)),
        ('timescale("G14", date and time("2026-03-25T23:30:00"))', date(2026, 5, 20)),
        ('timescale("G14", missing)', Timescale(8, "weeks")),
        ("timescale(14)", None),
    ],
)
def test_a_timescale_from_a_date_is_its_last_day(expression: str, value: object) -> None:
    functions = (timescale_function(lambda step: Timescale(8, "weeks")),)
    compiled = feel.compile_expression(expression, functions=functions)
    assert compiled.evaluate({}) == value
