"""Whatever is written, reading and evaluating it ends soon, in a value or in an error of ours.

`PATHWAYS_FUZZ_MINUTES=60` makes it the long form: so long, with ever new examples.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from engine import feel
from tests.engine.feel.clock import quickest
from tests.engine.feel.written import expressions

MINUTES = float(os.environ.get("PATHWAYS_FUZZ_MINUTES", "0"))
EXAMPLES = 5_000 if MINUTES else 250
LONGEST = 0.2
"""Seconds on the processor for checking, compiling, evaluating and writing the result."""

pytestmark = pytest.mark.timeout(30 * 60 + MINUTES * 60)

PAGE = Path(__file__).parents[3] / "docs" / "feel.md"
BLOCKS = re.findall(r"```feel\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
EXAMPLES_OF_THE_PAGE = [
    line.rpartition(" => ")[0] for block in BLOCKS for line in block.strip().splitlines()
]
PIECES = st.sampled_from(
    [
        *"()[]{}.,:;?@=<>+-*/\"'\\ \n",
        *("..", "**", "<=", ">=", "!=", "->", "//", "/*", "*/", "x", "y", "item"),
        *("1", "0.5", "1e9", "1e-6000", "9e6144"),
        *(" in ", " and ", " or ", "if ", " then ", " else ", "for i in ", " return ", "some "),
        *(" satisfies ", " between ", " instance of ", "function(a) ", "not(", "null", "true"),
        *("count(", "sort(", "string(", "date(", '@"2024-05-31"', '@"PT1H"', "partial", "list<"),
        *("replace(", '"(a*)*"', "range(", "context put(", "get entries(", "duration(", "a b"),
        *("1..1000000000", "1..999", '"[ab]*a[ab]{400}"', "external", "every ", '@"P9999999Y"'),
        *(f"{name}(" for name in sorted(feel.BUILTIN_FUNCTIONS)),
    ]
)


@st.composite
def changed(draw: st.DrawFn) -> str:
    """An example of the guide, with pieces of it taken out, put in or exchanged."""
    tokens = re.findall(r"\w+|\s+|\W", draw(st.sampled_from(EXAMPLES_OF_THE_PAGE)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(tokens)))
        stop = draw(st.integers(start, min(start + 3, len(tokens))))
        tokens[start:stop] = draw(st.one_of(st.lists(PIECES, max_size=3), st.just(tokens[:stop])))
    return "".join(tokens)


SOURCES = st.one_of(
    changed(),
    st.lists(PIECES, max_size=40).map("".join),
    expressions().map(lambda written: written.source),
    st.text(max_size=60),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.decimals(),
        st.sampled_from([Decimal("9e6144"), Decimal("1e-6143"), 10**40, timedelta.min]),
        st.sampled_from([date.min, date.max, feel.YearsMonthsDuration(-7)]),
        st.text(max_size=8),
        st.dates(),
        st.datetimes(timezones=st.one_of(st.none(), st.timezones())),
        st.times(timezones=st.one_of(st.none(), st.timezones())),
        st.timedeltas(),
        st.builds(feel.Range, st.integers(), st.one_of(st.none(), st.integers())),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from("xyab"), inner, max_size=3)
    ),
    max_leaves=8,
)


def again_and_again(test: Callable[[], None]) -> Callable[[], None]:
    """The test once; in the long form with one seed after the other until its time is up.

    Each round begins anew, for what hypothesis remembers of a round grows with it.
    """
    run = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))(
        test
    )

    def rounds() -> None:
        end = time.monotonic() + MINUTES * 30
        number = 0
        while number == 0 or time.monotonic() < end:
            number += 1
            (seed(number)(run) if MINUTES else run)()
        print(f"{test.__name__}: {number * EXAMPLES:,} examples")

    return rounds


@again_and_again
@given(
    source=SOURCES,
    context=st.dictionaries(st.sampled_from(["x", "y", "a b"]), VALUES, max_size=3),
    strict=st.booleans(),
)
def test_an_expression_ends_in_a_value_or_an_error_of_ours(
    source: str, context: dict[str, Any], strict: bool
) -> None:
    def work() -> None:
        try:
            found = feel.check(source, {})
            assert all(error.message for error in found)
            value = feel.compile_expression(source, names=context, strict=strict).evaluate(context)
            feel.to_string(value)
        except feel.FeelError as error:
            assert error.message
            assert 0 <= error.position <= len(source)

    assert quickest(work, LONGEST) < LONGEST


@again_and_again
@given(source=SOURCES, value=VALUES, strict=st.booleans())
def test_tests_of_a_cell_say_yes_or_no_or_end_in_an_error_of_ours(
    source: str, value: Any, strict: bool
) -> None:
    def work() -> None:
        try:
            tests = feel.compile_unary_tests(source, strict=strict)
            assert tests.matches(value, {"x": value}) in (True, False)
        except feel.FeelError as error:
            assert error.message

    assert quickest(work, LONGEST) < LONGEST
