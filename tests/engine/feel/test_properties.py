"""What holds for every expression: hypothesis looks for one for which it does not."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import feel

DECIMAL128 = Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144)

WORDS = r"""
    + - * / ** = != < <= > >= ( ) [ ] { } , : . .. ? @ -> == ' ; \ " // /* */
    and or not in between if then else for return some every satisfies instance of function null
    true false item partial a b rows name date time duration number string list context range
    1 0 -1 2.5 1e3 "x" "2024-05-31" @"2024-05-31" @"10:00:00" @"P1D" @"P1Y" @"2024-01-01T00:00:00Z"
    [1..3] (1..3) {a:1} [1,"a",null] (<5) date(a) count(rows) rows[a>1] rows.a sum(1,2)
    matches(name,"a*") replace(name,"(a)","$1") substring(name,1) string(a) sort(rows)
"""
PIECES = st.sampled_from(WORDS.split())
SOURCES = st.one_of(
    st.lists(PIECES, max_size=14).map(" ".join),
    st.lists(PIECES, max_size=8).map("".join),
    st.text(max_size=30),
)
HOST_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.decimals(),
        st.text(max_size=5),
        st.dates(),
        st.times(),
        st.datetimes(),
        st.timedeltas(),
        st.just(feel.YearsMonthsDuration(7)),
        st.just(feel.Range(1, 5)),
        st.just(object()),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "item"]), inner, max_size=3),
    ),
    max_leaves=6,
)
CONTEXTS = st.dictionaries(st.sampled_from(["a", "b", "rows", "name"]), HOST_VALUES)

ATOMS = st.sampled_from(
    ["1", "0", "2.5", '"x"', "true", "null", "a", "b", "rows", "name", '@"2024-05-31"', '@"P1D"',
     '@"10:00:00"', '@"P1Y"', "[1, 2]", "{a: 1}", "[1..5]", "(< 5)", '@"2024-01-01T00:00:00Z"']
)  # fmt: skip
FORMS = [
    "({0} + {1})", "({0} - {1})", "({0} * {1})", "({0} / {1})", "({0} ** {1})", "-{0}",
    "({0} = {1})", "({0} < {1})", "({0} >= {1})", "({0} and {1})", "({0} or {1})", "not({0})",
    "({0} in {1})", "({0} in ({1}, > 3))", "({0} between {1} and {2})", "{0}.a", "{0}[{1}]",
    "{0}[item > 1]", "[{0}, {1}]", "{{a: {0}, b: a}}", "(if {0} then {1} else {2})",
    "(for x in {0} return x)", "(some x in {0} satisfies x = {1})", "string({0})", "count({0})",
    "sum({0})", "min({0}, {1})", "flatten([{0}, {1}])", "date({0})", "duration({0})",
    "distinct values({0})", "({0} instance of list<number>)", "substring({0}, {1})", "abs({0})",
    "modulo({0}, {1})", "before({0}, {1})", "includes({0}, {1})", "is({0}, {1})", "sort({0})",
    "round up({0}, {1})", "list replace({0}, {1}, {2})", "append({0}, {1})", "index of({0}, {1})",
]  # fmt: skip
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.builds(str.format, st.sampled_from(FORMS), inner, inner, inner),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(SOURCES, CONTEXTS)
def test_any_text_is_evaluated_or_refused(source: str, context: dict[str, Any]) -> None:
    for compile_source in (feel.compile_expression, feel.compile_unary_tests):
        try:
            compiled = compile_source(source, names=["a b"])
        except feel.FeelError as error:
            assert error.message
            assert error.source == source
            assert 0 <= error.position <= len(source)
            continue
        try:
            if isinstance(compiled, feel.Expression):
                compiled.evaluate(context)
            else:
                compiled.matches(context.get("a"), context)
        except feel.FeelError as error:
            assert error.message


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS, CONTEXTS)
def test_an_expression_has_a_value_of_feel_or_an_error(
    source: str, context: dict[str, Any]
) -> None:
    try:
        value = feel.compile_expression(source).evaluate(context)
    except feel.FeelError as error:
        assert error.message
        return
    if "other" not in {feel.kind_of(value), *map(feel.kind_of, context.values())}:
        assert type(value) not in (int, float)


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS)
def test_an_expression_means_the_same_inside_a_loop_a_context_and_brackets(source: str) -> None:
    """Folding of constants and the short ways for variables must not change a value."""
    context = {"a": 2, "b": "x", "rows": [{"a": 1}, {"a": 2}], "name": "aXb"}

    def outcome(wrapped: str) -> tuple[str, Any]:
        try:
            return "value", feel.compile_expression(wrapped).evaluate(context)
        except feel.FeelError as error:
            return "error", error.message

    kind, value = outcome(source)
    assert outcome(f"(({source}))") == (kind, value)
    if kind == "value":
        assert outcome(f"(for once in [1] return {source})[1]") == (
            ("value", value) if value is not None else ("value", None)
        )
        assert outcome(f"{{once: {source}}}.once") == ("value", value)
        assert outcome(f'if b = "x" then {source} else 0') == ("value", value)


NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)


@pytest.mark.parametrize(
    ("sign", "operation"),
    [("+", DECIMAL128.add), ("-", DECIMAL128.subtract), ("*", DECIMAL128.multiply),
     ("/", DECIMAL128.divide)],
)  # fmt: skip
@settings(max_examples=100, deadline=None)
@given(left=NUMBERS, right=NUMBERS)
def test_arithmetic_is_that_of_decimal128(
    sign: str, operation: Callable[[Decimal, Decimal], Decimal], left: Decimal, right: Decimal
) -> None:
    left, right = DECIMAL128.plus(left), DECIMAL128.plus(right)
    wanted = None if sign == "/" and right == 0 else operation(left, right)
    result = feel.compile_expression(f"a {sign} b").evaluate({"a": left, "b": right})
    assert result == wanted
    if abs(left) > Decimal("1e-30") or left == 0:
        written = feel.compile_expression(f"{left:f} {sign} b").evaluate({"b": right})
        assert written == wanted


@settings(max_examples=100, deadline=None)
@given(NUMBERS, NUMBERS)
def test_numbers_are_compared_by_value(left: Decimal, right: Decimal) -> None:
    left, right = DECIMAL128.plus(left), DECIMAL128.plus(right)
    for sign, operation in (
        ("=", operator.eq),
        ("!=", operator.ne),
        ("<", operator.lt),
        ("<=", operator.le),
        (">", operator.gt),
        (">=", operator.ge),
    ):
        expression = feel.compile_expression(f"a {sign} b")
        assert expression.evaluate({"a": left, "b": right}) is operation(left, right)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20))
def test_a_text_is_read_back_from_how_string_writes_it_in_a_list(text: str) -> None:
    written = feel.compile_expression("string([x])").evaluate({"x": text})
    assert feel.compile_expression(str(written)).evaluate({}) == [text]


@settings(max_examples=100, deadline=None)
@given(st.dates(), st.timedeltas() | st.integers(-500, 500).map(feel.YearsMonthsDuration))
def test_values_are_read_back_from_their_text(day: object, duration: object) -> None:
    for name, value in (("date", day), ("duration", duration)):
        assert feel.compile_expression(f"{name}(string(x))").evaluate({"x": value}) == value
