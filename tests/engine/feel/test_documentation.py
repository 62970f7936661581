"""Every example in docs/feel.md, and that the page leaves no built-in function out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine import feel
from engine.working_days import CALENDAR_FUNCTIONS

PAGE = Path(__file__).parents[3] / "docs" / "feel.md"
EXAMPLES = [
    line
    for block in re.findall(r"```feel\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for line in block.strip().splitlines()
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_comes_to_what_the_page_says(example: str) -> None:
    source, arrow, expected = example.rpartition(" => ")
    assert arrow, "an example has an expression, an arrow and a result"
    result = feel.compile_expression(source, functions=CALENDAR_FUNCTIONS).evaluate({})
    wanted = feel.compile_expression(expected).evaluate({})
    assert result == wanted
    assert type(result) is type(wanted)


@pytest.mark.parametrize(
    "name", sorted({*feel.BUILTIN_FUNCTIONS, *(own.name for own in CALENDAR_FUNCTIONS)})
)
def test_a_built_in_function_has_an_example(name: str) -> None:
    call = re.compile(rf"(?<![a-z] )(?<![a-z]){re.escape(name)}\(")
    assert any(call.search(example) for example in EXAMPLES)


@pytest.mark.parametrize(
    "source",
    [
        "{ s: for i in 1..9000 return i, t: for j in 1..100 return count(s) }.t",
        'string join(for i in 1..20000 return "aaaaaaaaaaaa")',
        "{ s: for i in 1..30000 return i, t: concatenate(s, s, s, s) }.t",
        f'matches("a", "{"a" * 1_001}")',
        "1" + " + 1" * 6_000,
        "(" * 100 + "1" + ")" * 100,
    ],
)
def test_the_page_names_the_limit_that_an_error_names(source: str) -> None:
    with pytest.raises(feel.FeelError) as caught:
        feel.compile_expression(source).evaluate({})
    numbers = re.findall(r"(?:at most|more than) ([0-9,]+[0-9])", caught.value.message)
    limits = PAGE.read_text(encoding="utf-8").partition("## Limits")[2]
    assert numbers
    assert f" {numbers[0]} " in limits
