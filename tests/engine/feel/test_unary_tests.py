"""Cells of decision tables: DMN 1.5, 7.3.4 and grammar rules 7, 13 to 18."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine import feel

ABSENT: Any = object()


def matches(source: str, value: object, /, **context: object) -> bool:
    return feel.compile_unary_tests(source).matches(value, context)


@pytest.mark.parametrize(
    ("source", "yes", "no"),
    [
        ("-", [None, 1, "a", []], []),
        ("", [None, 1, "a"], []),
        ("  ", [None, True], []),
        ('"red"', ["red"], ["Red", None, 1, ["red"]]),
        ('"red", "amber"', ["red", "amber"], ["green", None]),
        ('not("red", "amber")', ["green", None], ["red", "amber"]),
        ("5", [5, 5.0, Decimal("5.00")], [4, "5", None, True]),
        ("1", [1], [True]),
        ("true", [True], [False, None, 1, "true"]),
        ("false", [False], [True, None, 0]),
        ("null", [None], [0, "", False]),
        ("not(null)", [0, "", False], [None]),
        ("> 5", [6, 5.01], [5, None, "6"]),
        ("<= 5", [5], [6, None]),
        ("= 5", [5], [6, None]),
        ("!= 5", [6, None], [5, "5"]),
        ("< 0, > 10", [-1, 11], [0, 10, None]),
        ("not(> 5)", [5], [6, None, "a"]),
        ("[1..5]", [1, 5], [0, 6, None, "3"]),
        ("(1..5)", [2], [1, 5]),
        ("]1..5[", [2], [1, 5]),
        ("[1..2], ]4..5[", [1, 4.5], [3, 4, 5]),
        ("not([1..5])", [6], [1, None]),
        ('@"2024-01-01"', [date(2024, 1, 1)], [date(2024, 1, 2), None]),
        ('[@"2024-01-01"..@"2024-12-31"]', [date(2024, 5, 1)], [date(2025, 1, 1)]),
        ('< @"P3M"', [feel.YearsMonthsDuration(2)], [feel.YearsMonthsDuration(3), 2]),
        ('["red", "amber"]', ["red", ["red", "amber"]], ["green", None]),
        ("[[1..3], 7]", [2, 7], [4]),
        ("? > 5", [6], [5, None, "a"]),
        ("? > 5 and ? < 9", [6], [5, 9]),
        ('contains(?, "a")', ["cat"], ["dog", None]),
        ('not(contains(?, "a"))', ["dog"], ["cat", None]),
        ("?", [True], [False, None, 1]),
        ("? in (1, 2)", [1], [3]),
        ("count(?) > 1", [[1, 2]], [[1], None]),
        ("some x in ? satisfies x = 1", [[1]], [[2]]),
        ("null, 5", [None, 5], [6]),
    ],
)
def test_what_a_cell_is_true_of(source: str, yes: list[object], no: list[object]) -> None:
    tests = feel.compile_unary_tests(source)
    for value in yes:
        assert tests.matches(value, {}) is True, f"{source} should be true of {value!r}"
    for value in no:
        assert tests.matches(value, {}) is False, f"{source} should not be true of {value!r}"


def test_cells_may_read_variables() -> None:
    tests = feel.compile_unary_tests("> threshold, other limit", names=["other limit"])
    assert tests.variables == {"threshold", "other limit"}
    assert tests.matches(6, {"threshold": 5})
    assert tests.matches(2, {"threshold": 5, "other limit": 2})
    assert not tests.matches(3, {"threshold": 5, "other limit": 2})
    assert not tests.matches(3, {})


def test_the_items_of_a_variable_are_tests() -> None:
    assert matches("allowed", "a", allowed=["a", "b"])
    assert not matches("allowed", "c", allowed=["a", "b"])
    assert matches("allowed", 3, allowed=feel.Range(1, 5))
    assert not matches("not(allowed)", "a", allowed=["a"])


def test_an_expression_that_is_true_by_itself_passes_unless_the_input_is_a_boolean() -> None:
    assert matches("x > 5", "anything", x=6)
    assert not matches("x > 5", "anything", x=5)
    assert matches("x > 5", True, x=6)
    assert not matches("x > 5", False, x=6)
    assert matches("x > 5", False, x=5)


def test_the_constants_of_a_cell_are_known() -> None:
    assert feel.compile_unary_tests('"a", > 5, x').values == (
        "a",
        feel.Range(Decimal(5), None, False, False),
    )
    assert feel.compile_unary_tests("-").matches_anything


@pytest.mark.parametrize(
    "source",
    ['not("a"), "b"', '"a" "b"', '"a",', ", 1", "-, 1", "not()", "1..5", "[1..5", "1 2", "> "],
)
def test_cells_that_are_no_tests_are_refused(source: str) -> None:
    with pytest.raises(feel.FeelSyntaxError):
        feel.compile_unary_tests(source)
