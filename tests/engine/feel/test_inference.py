"""What is found out about an expression from the types of its variables (DMN 1.5, 10.3.2.9)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings

from engine import feel
from tests.engine.feel.written import Written, expressions

VARIABLES = {
    "score": feel.type_named("number"),
    "rating": feel.TypeName(0, "string", (), {"red", "green"}.__contains__),
    "is_new": feel.type_named("boolean"),
    "held_on": feel.type_named("date"),
    "child": feel.type_named("context<first name: string, age: number>"),
    "children": feel.type_named("list<context<first name: string, age: number>>"),
    "any": feel.ANY,
}


@pytest.mark.parametrize(
    ("source", "position", "message"),
    [
        ("scor > 5", 0, "Nobody gives a variable scor. Did you mean score?"),
        ("weather", 0, "So it is always null"),
        ('score = "5"', 6, "a number and a text can never be equal"),
        ('1 + 1 = "2"', 6, "can never be equal"),
        ("score < held_on", 6, "a number and a date have no order"),
        ("is_new < true", 7, "have no order"),
        ('rating = "rde"', 7, 'never "rde"'),
        ('rating in ("red", "blue")', 18, 'never "blue"'),
        ('score in ["a", "b"]', 9, "can never be equal"),
        ('score in ["a".."b"]', 9, "have no order"),
        ('score between 1 and "5"', 20, "have no order"),
        ('score + "a"', 6, "a number + a text is always null"),
        ("held_on + 1", 8, "a date + a number is always null"),
        ("-rating", 0, "Minus a text is always null"),
        ("score and is_new", 0, "neither true nor false"),
        ("if score then 1 else 2", 3, "as a condition"),
        ("child.aeg", 5, "a context has no aeg. Did you mean age?"),
        ("held_on.hour", 7, "a date has no hour"),
        ("children[aeg > 3]", 9, "Did you mean age?"),
        ('children[age > "3"]', 13, "have no order"),
        ("for c in children return c.nickname", 26, "a context has no nickname"),
        ("some c in children satisfies c.age", 30, "neither true nor false"),
        ("string length(score)", 0, "string length takes (string); of a number it is always null"),
        ("substring(rating, rating)", 0, "always null"),
        ("{ a: score, b: a + rating }.b", 17, "is always null"),
        ('[1..score] = "a"', 11, "can never be equal"),
    ],
)
def test_what_can_only_be_null_or_never_true_is_found(
    source: str, position: int, message: str
) -> None:
    found = feel.check(source, VARIABLES)
    assert [(one.position, message in one.message) for one in found] == [(position, True)], [
        str(one) for one in found
    ]


@pytest.mark.parametrize(
    "source",
    [
        'score > 5 and rating = "red" and is_new',
        "score = null or rating != null",
        'held_on + @"P1M" < @"2024-05-31"',
        "held_on - held_on",
        "child.age + 1",
        "children[age > 3].first name",
        "children[1].age + 1",
        "children[item.age > 3]",
        "for c in children return c.age * 2",
        "for i in 1..3 return partial",
        "sort(children, function(a, b) a.age < b.age)",
        "any + 1 = any.anything",
        "any[whatever = 1]",
        "is defined(weather)",
        "if is_new then score else rating",
        'string(score) = "5"',
        "count(children) > 1",
        "number(rating) + 1",
        "{ twice: function(n) n * 2, r: twice(score) }.r",
    ],
)
def test_nothing_is_claimed_of_what_may_be_right(source: str) -> None:
    assert feel.check(source, VARIABLES) == []


def test_cells_are_checked_against_the_type_of_their_input() -> None:
    kind = VARIABLES["rating"]
    assert feel.check('"red", "green"', VARIABLES, unary=kind) == []
    assert "never" in feel.check('"red", "blue"', VARIABLES, unary=kind)[0].message
    assert feel.check("> 5", VARIABLES, unary=kind)
    assert feel.check('starts with(?, "r")', VARIABLES, unary=kind) == []


def test_an_expression_that_cannot_be_read_is_one_finding() -> None:
    (error,) = feel.check("1 +", VARIABLES)
    assert isinstance(error, feel.FeelSyntaxError)


def test_without_all_variables_known_none_is_missing() -> None:
    assert feel.check("weather", VARIABLES, complete=False) == []


def test_strictness_refuses_what_is_null_otherwise() -> None:
    """10.3.2.13.3: a call with other arguments is null; publishing wants to know before."""
    for source, message in (
        ("substrin(rating)", "no function called substrin. Did you mean substring?"),
        ("substring(1, 2, 3, 4)", "arguments were given"),
        ("[5..1]", "holds no value"),
        ("{ a: 1, a: 2 }", "two entries"),
        ('@"2024-02-31"', "is no date"),
    ):
        with pytest.raises(feel.FeelError, match=message.replace("?", r"\?")):
            feel.compile_expression(source)
        loose = feel.compile_expression(source, strict=False)
        assert loose.evaluate({}) is None
        assert message in loose.doubts[0].message


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(written=expressions())
def test_of_an_expression_of_the_right_kinds_nothing_is_found(written: Written) -> None:
    assume("null" not in written.source)
    assert feel.check(written.source, {}) == []
