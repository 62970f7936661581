"""Functions as values: literals, closures, named arguments (DMN 1.5, 10.3.2.13.2 and .3)."""

from __future__ import annotations

import pytest

from engine import feel


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("(function(a) a + 1)(2)", 3),
        ("{ f: function(first name, b) first name + b, r: f(1, 2) }.r", 3),
        ("{ f: function(a, b) a - b, r: f(b: 1, a: 5) }.r", 4),
        ("{ f: function(a, b) a - b, r: f(a: 5) }.r", None),
        ("{ f: function(a) a, r: f(1, 2) }.r", None),
        ("{ f: function(a: string) a, r: f(1) }.r", None),
        ("{ f: function(a: list<number>) a, r: f(1) }.r", [1]),
        ("{ f: 1, r: f(1) }.r", None),
        ("{ outer: function(a) function(b) a * b, r: outer(3)(4) }.r", 12),
        ("{ x: 1, f: function() x, g: function(x) f(), r: g(2) }.r", 1),
        ("for f in [abs, floor] return f(-1.5)", [1.5, -2]),
        ("{ tools: { add: function(a, b) a + b }, r: tools.add(1, 2) }.r", 3),
        ("list replace([1, 2], function(item, new) item > 1, 9)", [1, 9]),
        ("abs instance of function<number> -> number", True),
        ("(function(a: string) a) instance of function<number> -> Any", False),
        ("1 instance of function<> -> Any", False),
    ],
)
def test_functions_are_values(source: str, expected: object) -> None:
    assert feel.compile_expression(source).evaluate({}) == expected


def test_a_function_from_one_expression_is_called_by_another() -> None:
    double = feel.compile_expression("function(n) n * factor").evaluate({"factor": 2})
    caller = feel.compile_expression("double(4)", names=["double"])
    assert caller.evaluate({"double": double}) == 8


def test_a_variable_goes_before_a_built_in_function_of_the_same_name_where_it_is_read() -> None:
    assert feel.compile_expression("date + 1").evaluate({"date": 1}) == 2
    assert feel.compile_expression('date("2024-05-31").year').evaluate({"date": 1}) == 2024


@pytest.mark.parametrize(
    "source",
    [
        "{ f: function(g, n) g(g, n), r: f(f, 1) }.r",
        "{ f: function(g, n) if n = 0 then 0 else g(g, n - 1) + g(g, n - 1), r: f(f, 60) }.r",
    ],
)
def test_a_function_that_calls_itself_without_end_is_stopped(source: str) -> None:
    with pytest.raises(feel.FeelBudgetExceeded):
        feel.compile_expression(source).evaluate({})
