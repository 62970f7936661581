"""Literals and names: DMN 1.5, 10.3.1.2 (grammar), 10.3.1.3 to 10.3.1.5 (names), 10.3.2.3."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from engine import feel


def value(source: str, /, **context: object) -> object:
    return feel.compile_expression(source).evaluate(context)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("12", Decimal(12)),
        ("12.50", Decimal("12.5")),
        (".5", Decimal("0.5")),
        ("1.23e4", Decimal(12300)),
        ("1.23E-4", Decimal("0.000123")),
        ("--10", Decimal(10)),
        ('"text"', "text"),
        ('"a \\"quote\\""', 'a "quote"'),
        ('"line\\nnext\\ttab"', "line\nnext\ttab"),
        ('"caf\\u00e9"', "café"),
        ('"\\U01F40E"', "🐎"),
        ('"\\uD83D\\uDC0E"', "🐎"),
        ('"\\d{3}"', "\\d{3}"),
        ('"🐎".length', None),
        ("true", True),
        ("false", False),
        ("null", None),
        ('@"2024-05-31"', date(2024, 5, 31)),
        ('@"09:30:00"', time(9, 30)),
        ('@"09:30:00.25Z"', time(9, 30, 0, 250_000, UTC)),
        ('@"09:30:00-01:30"', time(9, 30, tzinfo=timezone(-timedelta(minutes=90)))),
        ('@"2024-05-31T09:30:00"', datetime.fromisoformat("2024-05-31T09:30:00")),
        (
            '@"2024-05-31T09:30:00@Europe/London"',
            datetime(2024, 5, 31, 9, 30, tzinfo=ZoneInfo("Europe/London")),
        ),
        ('@"2024-12-31T24:00:00"', datetime.fromisoformat("2025-01-01")),
        ('@"P1DT2H3M4.5S"', timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        ('@"-PT1H"', timedelta(hours=-1)),
        ('@"P1Y2M"', feel.YearsMonthsDuration(14)),
        ("[1, 2]", [Decimal(1), Decimal(2)]),
        ("[]", []),
        ("{}", {}),
        ('{a: 1, "b c": 2}', {"a": Decimal(1), "b c": Decimal(2)}),
        ("[1..3)", feel.Range(Decimal(1), Decimal(3), True, False)),
        ("]1..3[", feel.Range(Decimal(1), Decimal(3), False, False)),
        ("(>= 3)", feel.Range(Decimal(3), None, True, False)),
        ("1 // a comment", Decimal(1)),
        ("1 /* a\ncomment */ + 1", Decimal(2)),
        ("= 1 + 1", Decimal(2)),
    ],
)
def test_literals_mean_what_they_say(source: str, expected: object) -> None:
    result = value(source)
    assert result == expected
    assert type(result) is type(expected)


def test_a_number_keeps_34_digits_and_rounds_half_to_even() -> None:
    digits = "1234567890123456789012345678901234"
    assert value(f"{digits}.5") == Decimal(digits)
    assert value(f"{digits[:-1]}5.5") == Decimal(f"{digits[:-1]}6")
    assert value("0.1 + 0.2") == Decimal("0.3")


@pytest.mark.parametrize(
    ("source", "names", "context", "expected"),
    [
        ("date of birth", ["date of birth"], {"date of birth": 1}, 1),
        ("first  name", ["first name"], {"first name": 1}, 1),
        ("a-b", ["a-b"], {"a-b": 1, "a": 5, "b": 3}, 1),
        ("a-b", [], {"a-b": 1, "a": 5, "b": 3}, 2),
        ("a - b", ["a-b"], {"a-b": 1, "a": 5, "b": 3}, 2),
        ("child's age", ["child's age"], {"child's age": 7}, 7),
        ("step 2Q", ["step 2Q"], {"step 2Q": 3}, 3),
        ("in care and settled", ["in care and settled"], {"in care and settled": 1}, 1),
        ("date", [], {"date": 1}, 1),
        ("count + count([1])", [], {"count": 1}, 2),
        ("Größe", [], {"Größe": 1}, 1),
        ("🐎", [], {"🐎": 1}, 1),
    ],
)
def test_known_names_may_hold_spaces_and_symbols(
    source: str, names: list[str], context: dict[str, int], expected: int
) -> None:
    expression = feel.compile_expression(source, names=names)
    assert expression.evaluate(context) == expected


def test_the_longest_known_name_wins() -> None:
    expression = feel.compile_expression("risk level now", names=["risk level", "risk level now"])
    assert expression.variables == {"risk level now"}


def test_names_of_several_words_come_from_contexts_loops_and_after_dots() -> None:
    assert value("{first name: 1, twice: first name + first name}.twice") == 2
    assert value("for next item in [1, 2] return next item + 1") == [2, 3]
    assert value("child.date of birth", child={"date of birth": "x"}) == "x"
    assert value("children[date of birth = 3]", children=[{"date of birth": 3}]) == [
        {"date of birth": 3}
    ]


def test_a_variable_that_is_not_there_is_null() -> None:
    assert value("nothing") is None
    assert value("nothing.at.all") is None
    assert value("is defined(nothing)") is False
    assert value("is defined(nothing)", nothing=None) is True
    assert value("is defined(a.b)", a={"b": None}) is True
    assert value("is defined(a.c)", a={"b": None}) is False
