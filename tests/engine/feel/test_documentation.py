"""Every example in docs/feel.md, and that the page leaves out no construct, type or function."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from engine import feel
from engine.feel import nodes
from engine.feel.arithmetic import OPERATIONS
from engine.feel.functions import function_table
from engine.feel.parser import Parser
from engine.feel.properties import PROPERTIES
from engine.feel.signatures import BUILTINS
from engine.feel.types import SCALARS
from engine.working_days import CALENDAR_FUNCTIONS

PAGE = (Path(__file__).parents[3] / "docs" / "feel.md").read_text(encoding="utf-8")
EXAMPLES = [
    line
    for block in re.findall(r"```feel\n(.*?)```", PAGE, re.DOTALL)
    for line in block.strip().splitlines()
]
QUOTED = re.compile(r"`([^`]+)`")


def rows(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, without the table's own."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


LITERALS = [(kind, text) for kind, written in rows("Values") for text in QUOTED.findall(written)]
CELLS = [
    (cell, answer, sample)
    for written, _, *samples in rows("Cells of decision tables")
    for cell in QUOTED.findall(written)
    for answer, texts in zip((True, False), samples, strict=True)
    for sample in QUOTED.findall(texts)
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_comes_to_what_the_page_says(example: str) -> None:
    source, arrow, expected = example.rpartition(" => ")
    assert arrow, "an example has an expression, an arrow and a result"
    result = feel.compile_expression(source, functions=CALENDAR_FUNCTIONS).evaluate({})
    wanted = feel.compile_expression(expected).evaluate({})
    assert result == wanted
    assert type(result) is type(wanted)
    node = Parser(source, function_table(CALENDAR_FUNCTIONS).names).expression()
    if type(node) is nodes.Call and node.function in BUILTINS:
        declared = BUILTINS[node.function].kind
        assert not declared or feel.kind_of(result) in (declared, "null")


@pytest.mark.parametrize(("kind", "source"), LITERALS)
def test_what_stands_for_a_value_is_of_its_type(kind: str, source: str) -> None:
    if source.startswith("\\"):
        assert len(str(feel.compile_expression(f'"{source}"').evaluate({}))) == 1
    elif source not in ("0.3",):
        assert feel.kind_of(feel.compile_expression(source).evaluate({})) == kind


@pytest.mark.parametrize(("cell", "answer", "sample"), CELLS)
def test_a_cell_is_true_of_what_the_page_says(cell: str, answer: bool, sample: str) -> None:
    value = feel.compile_expression(sample).evaluate({})
    assert feel.compile_unary_tests(cell).matches(value, {"threshold": 7}) is answer


@pytest.mark.parametrize(
    "name", sorted({*feel.BUILTIN_FUNCTIONS, *(own.name for own in CALENDAR_FUNCTIONS)})
)
def test_a_built_in_function_has_an_example(name: str) -> None:
    call = re.compile(rf"(?<![a-z] )(?<![a-z]){re.escape(name)}\(")
    assert any(call.search(example) for example in EXAMPLES)


def everything_in(node: Any) -> Iterator[Any]:
    """A node, the types that it names, and all that is in them."""
    if isinstance(node, tuple):
        for part in node:
            yield from everything_in(part)
    elif isinstance(node, nodes.Node | nodes.TypeName):
        yield node
        for field in fields(node):
            yield from everything_in(getattr(node, field.name))


@pytest.fixture(scope="module")
def written() -> list[Any]:
    """All that the examples and the cells of the page are made of."""
    table = function_table(CALENDAR_FUNCTIONS).names
    found: list[Any] = []
    for example in EXAMPLES:
        found += everything_in(Parser(example.rpartition(" => ")[0], table).expression())
    for cell, _, _ in CELLS:
        found += everything_in(Parser(cell, table).unary_tests()[1])
    return found


@pytest.mark.parametrize("kind", nodes.Node.__subclasses__(), ids=lambda kind: kind.__name__)
def test_a_construct_has_an_example(written: list[Any], kind: type) -> None:
    assert any(type(node) is kind for node in written)


@pytest.mark.parametrize(
    ("kind", "operator"),
    [
        *((nodes.Arithmetic, operator) for operator in OPERATIONS),
        *((nodes.Comparison, operator) for operator in ("=", "!=", "<", "<=", ">", ">=")),
        *((nodes.EqualTest, operator) for operator in ("=", "!=")),
        *((nodes.Logic, operator) for operator in ("and", "or")),
    ],
)
def test_an_operator_has_an_example(written: list[Any], kind: type[Any], operator: str) -> None:
    assert any(isinstance(node, kind) and node.operator == operator for node in written)


WAYS: dict[str, Callable[[Any], bool]] = {
    "some": lambda node: type(node) is nodes.Quantified and not node.every,
    "every": lambda node: type(node) is nodes.Quantified and node.every,
    "a loop from one to another": lambda node: type(node) is nodes.Domain and bool(node.end),
    "a loop of several variables": lambda node: type(node) is nodes.For and len(node.domains) > 1,
    "named arguments": lambda node: type(node) is nodes.Call and bool(node.named),
    "a parameter with a type": lambda node: type(node) is nodes.Lambda and any(node.types),
    "a range without its start": lambda node: (
        type(node) is nodes.Interval and not node.start_included
    ),
    "a range without its end": lambda node: type(node) is nodes.Interval and not node.end_included,
    "a range open to one side": lambda node: type(node) is nodes.Interval and node.start is None,
    "an item by its number": lambda node: (
        type(node) is nodes.Filter and type(node.condition) is nodes.Literal
    ),
    "items by a condition": lambda node: (
        type(node) is nodes.Filter and type(node.condition) is nodes.Comparison
    ),
}
"""What the kind of a node alone does not tell apart."""


@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_write_a_construct_has_an_example(written: list[Any], way: str) -> None:
    assert any(WAYS[way](node) for node in written)


@pytest.mark.parametrize("name", SCALARS)
def test_a_type_has_an_example(written: list[Any], name: str) -> None:
    assert any(type(node) is nodes.TypeName and node.name == name for node in written)


@pytest.mark.parametrize("name", sorted({name for names in PROPERTIES.values() for name in names}))
def test_a_property_has_an_example(written: list[Any], name: str) -> None:
    assert any(type(node) is nodes.Path and node.name == name for node in written)


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
    limits = PAGE.partition("## Limits")[2]
    assert numbers
    assert f" {numbers[0]} " in limits
