"""What passes between FEEL and its host: values, variables and functions."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType

import pytest

from engine import feel


class Rating(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Opaque:
    """A value that FEEL knows nothing of."""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (1, Decimal(1)),
        (0.1, Decimal("0.1")),
        (1e22, Decimal("1E22")),
        (True, True),
        ((1, 2), [Decimal(1), Decimal(2)]),
        ({"a": [1]}, {"a": [Decimal(1)]}),
        (MappingProxyType({"a": 1}), {"a": Decimal(1)}),
        (Rating.RED, "red"),
        (Level.HIGH, Decimal(3)),
        (feel.Range(1, 2), feel.Range(Decimal(1), Decimal(2))),
        (date(2024, 1, 1), date(2024, 1, 1)),
    ],
)
def test_values_from_outside_become_values_of_feel(given: object, expected: object) -> None:
    for source in ("x", "[x][1]", "{a: x}.a", "c.x", "(for i in [1] return x)[1]"):
        result = feel.compile_expression(source).evaluate({"x": given, "c": {"x": given}})
        assert result == expected
        assert type(result) is type(expected)


def test_the_context_may_be_any_mapping() -> None:
    context: Mapping[str, object] = MappingProxyType({"x": 1})
    assert feel.compile_expression("x + 1").evaluate(context) == 2


def test_a_value_that_feel_does_not_know_passes_untouched_and_means_null_to_operators() -> None:
    opaque = Opaque()
    context = {"x": opaque}
    assert feel.compile_expression("x").evaluate(context) is opaque
    assert feel.compile_expression("if true then x else 1").evaluate(context) is opaque
    for source in ("x + 1", "x = x", "x < 1", "-x", "x.name", "string(x)", "x in [1..2]", "not(x)"):
        assert feel.compile_expression(source).evaluate(context) is None
    assert feel.compile_expression("x = null").evaluate(context) is False


def test_evaluating_changes_nothing_outside() -> None:
    rows = [{"a": 1}, {"a": 2}]
    expression = feel.compile_expression("append(rows, 1)[1]")
    expression.evaluate({"rows": rows})
    assert rows == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("source", "variables", "entry_names"),
    [
        ("a + b.c", {"a", "b"}, set()),
        ("1 + 2", set(), set()),
        ("for x in xs return x + y", {"xs", "y"}, set()),
        ("some x in xs, y in x.ys satisfies y > z", {"xs", "z"}, set()),
        ("{a: 1, b: a + c}", {"c"}, set()),
        ("rows[age > limit]", {"rows", "age", "limit"}, {"age", "limit"}),
        ("rows[item.age > 3]", {"rows"}, set()),
        ("rows[age > limit] and limit > 1", {"rows", "age", "limit"}, {"age"}),
        ("sort(xs, function(p, q) p < q + r)", {"xs", "r"}, set()),
        ("substring(string: s, start position: n)", {"s", "n"}, set()),
        ("is defined(a.b)", {"a"}, set()),
        ("for i in 1..3 return partial", set(), set()),
    ],
)
def test_the_variables_that_an_expression_reads_are_known(
    source: str, variables: set[str], entry_names: set[str]
) -> None:
    expression = feel.compile_expression(source)
    assert expression.variables == variables
    assert expression.entry_names == entry_names


def test_a_constant_knows_that_it_is_one() -> None:
    assert feel.compile_expression('"a" + "b"').constant
    assert feel.compile_expression("count([1, 2])").constant
    assert not feel.compile_expression("a").constant


CALLS: list[tuple[object, ...]] = []


def timescale(step: object, unit: object = "days") -> object:
    CALLS.append((step, unit))
    return {"amount": 5, "unit": unit}


FUNCTIONS = (
    feel.Function("timescale", ("step", "unit"), timescale, "How long a step may take.", 1),
    feel.Function("working days after", ("date", "days"), lambda start, days: start),
    feel.Function("today", (), lambda: date(2024, 5, 31)),
    feel.Function("broken", (), lambda: 1 / 0),
    feel.Function("opaque", (), Opaque),
)


def test_host_functions_are_called_with_values_and_return_them() -> None:
    CALLS.clear()
    expression = feel.compile_expression('timescale("2Q").amount + 1', functions=FUNCTIONS)
    assert CALLS == [], "a host function is not called while compiling"
    assert expression.evaluate({}) == Decimal(6)
    assert CALLS == [("2Q", "days")]
    named = feel.compile_expression('timescale(step: n, unit: "weeks")', functions=FUNCTIONS)
    assert named.evaluate({"n": 1}) == {"amount": Decimal(5), "unit": "weeks"}
    assert CALLS[-1] == (Decimal(1), "weeks")


def test_host_functions_may_have_names_of_several_words_and_hide_built_in_ones() -> None:
    expression = feel.compile_expression("working days after(today(), 3)", functions=FUNCTIONS)
    assert expression.evaluate({}) == date(2024, 5, 31)
    tests = feel.compile_unary_tests("< today()", functions=FUNCTIONS)
    assert tests.matches(date(2024, 1, 1), {})


def test_a_host_function_that_fails_is_an_error_with_a_place() -> None:
    with pytest.raises(feel.FeelEvaluationError, match="broken failed") as caught:
        feel.compile_expression("1 + broken()", functions=FUNCTIONS).evaluate({})
    assert caught.value.column == 5


def test_a_host_function_may_return_what_feel_does_not_know() -> None:
    value = feel.compile_expression("opaque()", functions=FUNCTIONS).evaluate({})
    assert isinstance(value, Opaque)


def test_the_arguments_of_host_functions_are_counted_and_named() -> None:
    for source in ("timescale()", "timescale(1, 2, 3)", "timescale(stp: 1)", "timescal(1)"):
        with pytest.raises(feel.FeelError) as caught:
            feel.compile_expression(source, functions=FUNCTIONS)
        assert "timescale" in caught.value.message or "stp" in caught.value.message
