"""Lists, contexts, filters, paths and loops: DMN 1.5, 10.3.2.4 to 10.3.2.6 and 10.3.2.14."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from engine import feel


def value(source: str, /, **context: object) -> object:
    return feel.compile_expression(source).evaluate(context)


ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3}]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("rows[1].a", 1),
        ("rows[-1].a", 3),
        ("rows[0]", None),
        ("rows[9]", None),
        ("rows[n].a", 2),
        ("rows[n + 1].a", 3),
        ("rows[count(rows)].a", 3),
        ("rows[a > 1].a", [2, 3]),
        ("rows[item.a > 1].a", [2, 3]),
        ("rows[a > n].a", [3]),
        ('rows[b = "y"].a', [2]),
        ("rows[b = null].a", [3]),
        ('rows[a > 1][b = "y"].a', [2]),
        ("rows[true].a", [1, 2, 3]),
        ("rows[null]", []),
        ("rows.b", ["x", "y", None]),
        ("rows.a[item > 1]", [2, 3]),
        ("100[1]", 100),
        ("100[2]", None),
        ("100[item > 50]", [100]),
        ("null[1]", None),
        ("null[item > 1]", []),
        ("[{item: 1}, {item: 2}][item > 1]", [{"item": 2}]),
        ("[[1, 2], [3]][count(item) = 1]", [[3]]),
        ('rows[a in rows[b = "x"].a].b', ["x"]),
        ("rows[some r in rows satisfies r.a > a].a", [1, 2]),
        ("flag[1]", True),
    ],
)
def test_filters(source: str, expected: object) -> None:
    """10.3.2.5, table 61: an index picks one item, a condition keeps items."""
    assert value(source, rows=ROWS, n=2, flag=True) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("for i in 1..3 return i * 2", [2, 4, 6]),
        ("for i in 3..1 return i", [3, 2, 1]),
        ("for i in -1..1 return i", [-1, 0, 1]),
        ("for i in [1..4) return i", [1, 2, 3]),
        ("for i in [] return i", []),
        ("for i in null return i", None),
        ("for i in 1 return i", [1]),
        ("for i in 1..2, j in 1..i return [i, j]", [[1, 1], [2, 1], [2, 2]]),
        ("for r in rows, s in r.a return s", [1, 2, 3]),
        ("for i in 0..4 return if i = 0 then 1 else i * partial[-1]", [1, 1, 2, 6, 24]),
        ("for i in 1..3 return count(partial)", [0, 1, 2]),
        ("for i in 1..2 return partial", [[], [[]]]),
        ("for i in 1..2 return for j in 1..2 return i * j", [[1, 2], [2, 4]]),
        ('for i in "a".."c" return i', None),
        ("for i in 1.5..3 return i", None),
        ("for partial in 1..2 return partial", [1, 2]),
        ("some x in [1, 2] satisfies x = 2", True),
        ("some x in [1, 2] satisfies x = 3", False),
        ("some x in [1, null] satisfies x > 3", None),
        ("some x in [] satisfies true", False),
        ("every x in [1, 2] satisfies x > 0", True),
        ("every x in [1, null] satisfies x > 0", None),
        ("every x in [1, null] satisfies x > 1", False),
        ("every x in [], y in null satisfies false", True),
        ("some x in null satisfies true", None),
        ("some x in [1, 2], y in [2, 3] satisfies x = y", True),
        ("every r in rows satisfies r.a < 4", True),
    ],
)
def test_loops_and_quantifiers(source: str, expected: object) -> None:
    """10.3.2.14, tables 54 and 60."""
    assert value(source, rows=ROWS) == expected


def test_a_loop_over_dates() -> None:
    assert value('for d in @"2024-02-28"..@"2024-03-01" return d') == [
        date(2024, 2, 28),
        date(2024, 2, 29),
        date(2024, 3, 1),
    ]


def test_an_inner_variable_hides_an_outer_one() -> None:
    assert value("for x in [1] return for x in [2] return x", x=3) == [[2]]
    assert value("[x, for x in [1] return x, x]", x=3) == [3, [1], 3]
    assert value("{x: 1, y: {x: 2, z: x}, v: x}", x=3) == {"x": 1, "y": {"x": 2, "z": 2}, "v": 1}


def test_a_context_entry_sees_the_ones_before_it_but_not_the_ones_after() -> None:
    assert value("{a: b, b: 1}") == {"a": None, "b": 1}
    assert value("{a: 1, b: a + 1}.b") == 2


def test_a_result_is_made_anew_each_time() -> None:
    for source in ("[1, [2]]", "{a: [1]}", "[1, 2, 3][item > 1]"):
        expression = feel.compile_expression(source)
        first = expression.evaluate({})
        assert isinstance(first, list | dict)
        first.clear()
        assert expression.evaluate({}) != first


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('@"2024-05-31".weekday', Decimal(5)),
        ('@"2024-05-31".hour', None),
        ('@"10:20:30.5".second', Decimal("30.5")),
        ('@"10:20:30".timezone', None),
        ('@"2024-05-31T10:00:00@Europe/London".time offset', "PT1H"),
        ('@"-P1DT2H".days', Decimal(-1)),
        ('@"-P1DT2H".hours', Decimal(-2)),
        ('@"-P14M".years', Decimal(-1)),
        ('@"-P14M".months', Decimal(-2)),
        ('@"P1Y".days', None),
        ("[1..5).end included", False),
        ("(< 5).start", None),
        ('"text".length', None),
    ],
)
def test_properties(source: str, expected: object) -> None:
    """Table 66."""
    result = value(source)
    if isinstance(expected, str):
        result = value(f"string({source})")
    assert result == expected
    assert type(result) is type(expected)
