"""Whatever is written, reading and evaluating it ends in a value or in an error of ours.

`PATHWAYS_EXAMPLES=100000` makes it the long form.
"""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import feel
from tests.engine.feel.written import expressions

EXAMPLES = int(os.environ.get("PATHWAYS_EXAMPLES", "300"))
pytestmark = pytest.mark.timeout(3_600)
LONGEST = 3
"""Seconds on the processor for all of one example, though Python may collect garbage meanwhile."""

PIECES = st.sampled_from(
    [
        *"()[]{}.,:;?@=<>+-*/\"'\\ \n",
        *(
            "..",
            "**",
            "<=",
            ">=",
            "!=",
            "->",
            "//",
            "/*",
            "*/",
            "1",
            "0.5",
            "1e9",
            "x",
            "y",
            "item",
        ),
        *(" in ", " and ", " or ", "if ", " then ", " else ", "for i in ", " return ", "some "),
        *(" satisfies ", " between ", " instance of ", "function(a) ", "not(", "null", "true"),
        *("count(", "sort(", "string(", "date(", '@"2024-05-31"', '@"PT1H"', "partial", "list<"),
        *("replace(", '"(a*)*"', "range(", "context put(", "get entries(", "duration(", "a b"),
    ]
)
SOURCES = st.one_of(
    st.lists(PIECES, max_size=40).map("".join),
    expressions().map(lambda written: written.source),
    st.text(max_size=60),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        st.dates(),
        st.datetimes(),
        st.times(),
        st.timedeltas(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from("xyab"), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    source=SOURCES,
    context=st.dictionaries(st.sampled_from(["x", "y", "a b"]), VALUES, max_size=3),
    strict=st.booleans(),
)
def test_an_expression_ends_in_a_value_or_an_error_of_ours(
    source: str, context: dict[str, Any], strict: bool
) -> None:
    started = time.thread_time()
    try:
        found = feel.check(source, {})
        assert all(error.message for error in found)
        value = feel.compile_expression(source, names=context, strict=strict).evaluate(context)
        feel.to_string(value)
    except feel.FeelError as error:
        assert error.message
        assert 0 <= error.position <= len(source)
    assert time.thread_time() - started < LONGEST


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=SOURCES, value=VALUES, strict=st.booleans())
def test_tests_of_a_cell_say_yes_or_no_or_end_in_an_error_of_ours(
    source: str, value: Any, strict: bool
) -> None:
    started = time.thread_time()
    try:
        tests = feel.compile_unary_tests(source, strict=strict)
        assert tests.matches(value, {"x": value}) in (True, False)
    except feel.FeelError as error:
        assert error.message
    assert time.thread_time() - started < LONGEST
