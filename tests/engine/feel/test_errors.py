"""What is refused, where, and in which words."""

from __future__ import annotations

from datetime import date

import pytest

from engine import feel


def refusal(source: str, **arguments: object) -> feel.FeelError:
    with pytest.raises(feel.FeelError) as caught:
        feel.compile_expression(source, **arguments)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("source", "column", "message"),
    [
        ("", 1, "There is nothing here"),
        ("1 +", 4, "Expected an expression, but found the end"),
        ("1 + * 2", 5, "Expected an expression, but found *"),
        ("(1 + 2", 7, "Expected ) to close the bracket"),
        ("1 + 2)", 6, "This ) closes nothing"),
        ("[1, 2", 6, "Expected ] to close the list"),
        ("{a: 1", 6, "Expected , between entries"),
        ("{a 1}", 5, "Expected the name of an entry and then :"),
        ("{a: 1, a: 2}", 1, 'two entries called "a"'),
        ("if a then b", 12, "Expected else"),
        ("for x in y ]", 12, "Expected return"),
        ("some x in y ]", 13, "Expected satisfies"),
        ("date of birth", 6, 'If "date of" is meant as one name'),
        ("(first name)", 8, "there is no such name here"),
        ("a == b", 3, "Equality is written with one sign"),
        ("a <> b", 3, "Inequality is written !="),
        ("a && b", 3, "Write the word: and"),
        ("a || b", 3, "Write the word: or"),
        ("!a", 1, "not(...)"),
        ("'a'", 1, "double quotes"),
        ("“a”", 1, "straight double quotes"),
        ('"a', 1, 'no closing "'),
        ("/* a", 1, "not closed"),
        ("1 < x < 3", 7, "cannot be chained"),
        ("2Q", 1, "neither a number nor a name"),
        ('@"31.5.2024"', 2, "no date, time, date and time or duration"),
        ("@now", 1, "Expected a text after @"),
        ("? > 1", 1, "input of a decision table"),
        ("[5..1]", 1, "holds no value"),
        ("(1, 2)", 3, "Expected ) to close the bracket"),
        ("= = 1", 3, "nothing to the left of ="),
        ("(!= 1)", 2, "nothing to the left of !="),
        ("x.", 3, "Expected a name after the dot"),
        ("foo(1)", 1, "There is no function called foo"),
        ("a + subsrting(x, 1)", 5, "Did you mean substring?"),
        ("uppercase(x)", 1, "Did you mean upper case?"),
        ("substring(x)", 1, "1 argument was given"),
        ("substring(x, start position: 1)", 10, "either every argument"),
        ("substring(string: x, strt position: 1)", 1, "Did you mean start position?"),
        ("substring(string: x)", 1, "string alone will not do"),
        ("1 instance of integer", 15, "no type that is known here"),
        ("{ f: function(x) x }.f(1, x) + substrin(x)", 32, "Did you mean substring?"),
        ("now()", 1, "Give the time as a variable"),
        ("today()", 1, "Give the date as a variable"),
        ('matches(x, "(a)\\1") and matches("a", "(a)\\1")', 25, "back-references"),
        ('date("-0001-01-01")', 1, "years 1 to 9999"),
        ('@"10:00:00.1234567"', 2, "at most six decimals"),
        ("1e9999", 1, "beyond the range"),
    ],
)
def test_a_refusal_has_a_place_and_says_how_to_mend_it(
    source: str, column: int, message: str
) -> None:
    error = refusal(source)
    assert message in error.message
    assert (error.line, error.column) == (1, column)
    assert error.position == column - 1
    assert error.source == source


def test_places_count_lines() -> None:
    error = refusal("a +\n  b +\n  )")
    assert (error.line, error.column, error.position) == (3, 3, 12)
    assert str(error).endswith("(line 3, column 3)")


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os')",
        '__import__("os")',
        '__import__("os").system("true")',
        "().__class__",
        "().__class__.__bases__",
        "lambda: 1",
        "[x for x in y]",
        "open('/etc/passwd')",
        'open("/etc/passwd")',
        "eval(1)",
        "exec(1)",
        "a if b else c",
        "x := 1",
        "import os",
        'f"{x}"',
        "x; y",
        "not x",
        "{'a': 1}",
        "a[1:2]",
    ],
)
def test_source_of_python_is_not_feel(source: str) -> None:
    assert isinstance(refusal(source), feel.FeelSyntaxError | feel.UnsupportedFeel)


@pytest.mark.parametrize(
    "source",
    [
        "x.__class__",
        "x.__class__.__mro__[1]",
        '"".__class__',
        "[].append",
        "{}.keys",
        "__builtins__",
        "d.today",
        "d.replace",
        "self.__dict__",
    ],
)
def test_attributes_of_python_are_just_names_of_nothing(source: str) -> None:
    value = feel.compile_expression(source).evaluate({"x": 1, "d": date(2024, 1, 1)})
    assert value in (None, [])


def test_an_error_while_evaluating_has_its_place() -> None:
    expression = feel.compile_expression("1 +\n  (d + years).year")
    with pytest.raises(feel.FeelEvaluationError) as caught:
        expression.evaluate({"d": date(2024, 1, 1), "years": feel.YearsMonthsDuration(120_000)})
    assert "years 1 to 9999" in caught.value.message
    assert (caught.value.line, caught.value.column) == (2, 6)
    assert caught.value.source == expression.source


def test_half_a_character_from_outside_is_refused_where_a_pattern_is_looked_for() -> None:
    for source in ('matches(x, "a")', 'split(x, "a")', 'replace(x, "a", "b")', 'matches("a", x)'):
        with pytest.raises(feel.FeelEvaluationError, match="half a character"):
            feel.compile_expression(source).evaluate({"x": "a\ud800"})


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused(number: float) -> None:
    for source in ("x + 1", "x > 1", "x = 1", "x", "count(x)", "[x]", "x in [1..2]"):
        with pytest.raises(feel.FeelEvaluationError, match="finite number"):
            feel.compile_expression(source).evaluate({"x": number})
