"""Working days and bank holidays in FEEL."""

from __future__ import annotations

import pytest

from engine import feel
from engine.working_days import CALENDAR_FUNCTIONS


def value(source: str) -> object:
    return feel.compile_expression(source, functions=CALENDAR_FUNCTIONS).evaluate({})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('is working day(@"2024-03-28")', "true"),
        ('is working day(@"2024-03-30")', "false"),
        ('is working day(@"2024-04-01T09:00:00")', "false"),
        ('is working day("2024-04-01")', "null"),
        ('add working days(@"2024-03-28", 0)', '@"2024-03-28"'),
        ('add working days(@"2024-03-28", 1)', '@"2024-04-02"'),
        ('add working days(@"2024-04-02", -1)', '@"2024-03-28"'),
        ('add working days(@"2024-04-02", 1.5)', "null"),
        ('working days between(@"2024-04-02", @"2024-03-28")', "-1"),
        ('working days between(@"2024-04-02", @"2024-04-02")', "0"),
        ('count(bank holidays(@"2024-01-01", @"2024-12-31"))', "8"),
    ],
)
def test_working_days(source: str, expected: str) -> None:
    assert value(source) == value(expected)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('is working day(@"1999-01-01")', "Bank holidays are known from"),
        ('add working days(@"2028-12-20", 20)', "Bank holidays are known from"),
        ('add working days(@"2024-01-01", 100000)', "At most 5,000 working days"),
    ],
)
def test_what_has_no_right_answer_is_an_error(source: str, message: str) -> None:
    with pytest.raises(feel.FeelEvaluationError, match=message):
        value(source)
