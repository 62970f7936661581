"""What is found out about decision tables before they run, held against trying every case."""

from __future__ import annotations

from itertools import product
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.decisions import DecisionError, TableFinding, analyse, findings_of, parse_decisions
from engine.decisions.table import Table

Row = tuple[list[str], str]


def table(
    columns: list[tuple[str, str, str]], rows: list[Row], policy: str = "UNIQUE", output: str = ""
) -> Table:
    """A table of columns (name, type, allowed values) and rows of tests with an output."""
    parts = ""
    for name, kind, allowed in columns:
        values = f"<inputValues><text>{escape(allowed)}</text></inputValues>" if allowed else ""
        parts += (
            f'<input label="{name}"><inputExpression typeRef="{kind}"><text>{name}</text>'
            f"</inputExpression>{values}</input>"
        )
    parts += f'<output name="out">{output}</output>'
    for tests, result in rows:
        cells = "".join(f"<inputEntry><text>{escape(one)}</text></inputEntry>" for one in tests)
        parts += f"<rule>{cells}<outputEntry><text>{escape(result)}</text></outputEntry></rule>"
    xml = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" namespace="n">'
        f'<decision id="t" name="T"><decisionTable hitPolicy="{policy}">{parts}</decisionTable>'
        "</decision></definitions>"
    )
    logic = parse_decisions(xml.encode(), "t.dmn")["t"].logic
    assert isinstance(logic, Table)
    return logic


def found(code: str, *arguments: Any, **options: Any) -> list[TableFinding]:
    return [one for one in analyse(table(*arguments, **options)) if one.code == code]


NUMBER = [("score", "number", "")]


@pytest.mark.parametrize(
    ("column", "cells", "example"),
    [
        (("score", "number", ""), ["< 5", "> 5"], "score = 5"),
        (("score", "number", ""), ["<= 5", ">= 6"], "score = 5.5"),
        (("score", "integer", ""), ["<= 5", ">= 7"], "score = 6"),
        (("score", "number", "[0..10]"), ["[0..4]", "[5..9]"], "score = 4.5"),
        (("colour", "string", '"red","green"'), ['"red"'], 'colour = "green"'),
        (("is_new", "boolean", ""), ["true"], "is_new = false"),
        (("on", "date", ""), ['< date("2024-05-31")'], 'on = @"2024-05-31"'),
        (("at", "time", ""), ['<= time("09:30:00")'], 'at = @"09:31:00"'),
        (("held", "dayTimeDuration", ""), ['> duration("P1D")'], 'held = @"P0D"'),
        (("score", "number", ""), ["not(3)"], "score = 3"),
        (("score", "number", ""), ["? > 3 and ? < 9"], "score = 2"),
    ],
)
def test_a_gap_has_an_example(column: tuple[str, str, str], cells: list[str], example: str) -> None:
    gaps = found("gap", [column], [([cell], "1") for cell in cells])
    wanted = example.replace("P0D", "PT0S")
    assert any(f"no rule for {wanted}." in gap.message for gap in gaps), gaps


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        (("score", "number", ""), ["< 5", ">= 5"]),
        (("score", "integer", ""), ["<= 5", ">= 6"]),
        (("score", "number", "[0..10]"), ["[0..4]", "(4..10]"]),
        (("colour", "string", '"red","green"'), ['"red"', '"green"']),
        (("colour", "string", ""), ['"red"', '"green"']),
        (("is_new", "boolean", ""), ["true", "false"]),
        (("on", "date", ""), ['< date("2024-05-31")', '>= date("2024-05-31")']),
        (("on", "date", ""), ['<= date("2024-05-31")', '>= date("2024-06-01")']),
        (("score", "number", ""), ["< limit", ">= limit"]),
    ],
)
def test_a_table_without_a_gap_has_no_such_finding(
    column: tuple[str, str, str], cells: list[str]
) -> None:
    assert not found("gap", [column], [([cell], "1") for cell in cells])


def test_defaults_and_lists_of_results_need_no_rule_for_every_case() -> None:
    default = "<defaultOutputEntry><text>0</text></defaultOutputEntry>"
    assert not found("gap", NUMBER, [(["< 5"], "1")], output=default)
    assert not found("gap", NUMBER, [(["< 5"], "1")], policy="COLLECT")


def test_an_overlap_names_its_rules_and_has_an_example() -> None:
    (overlap,) = found("overlap", NUMBER, [(["< 5"], "1"), (["> 9"], "2"), (["[4..6]"], "3")])
    assert overlap.rules == (1, 3)
    assert overlap.example[0][0] == "score"
    assert 4 <= overlap.example[0][1] < 5
    assert "rules 1 and 3 both match score = 4" in overlap.message


def test_rules_of_an_any_table_may_overlap_if_they_agree() -> None:
    assert not found("overlap", NUMBER, [(["< 5"], "1"), (["< 9"], "1")], policy="ANY")
    assert found("overlap", NUMBER, [(["< 5"], "1"), (["< 9"], "2")], policy="ANY")


def test_rules_that_can_never_decide() -> None:
    rows: list[Row] = [(["< 5"], "1"), (["[0..4]"], "2"), (["-"], "3"), (["> 9"], "4")]
    dead = found("dead-rule", NUMBER, rows, policy="FIRST")
    assert [one.rules for one in dead] == [(2,), (4,)]
    impossible = found("dead-rule", [("score", "number", "[0..10]")], [(["> 10"], "1")])
    assert "no value that the input can have" in impossible[0].message


def test_a_rule_that_is_left_the_case_of_null_can_decide() -> None:
    rows: list[Row] = [(["< 5"], "1"), ([">= 5"], "2"), (["-"], "3")]
    assert not found("dead-rule", NUMBER, rows, policy="FIRST")


def test_a_rule_of_lower_priority_that_is_always_beaten() -> None:
    values = '<outputValues><text>"high","low"</text></outputValues>'
    rows: list[Row] = [(["[1..2]"], '"low"'), (["[0..5]"], '"high"')]
    dead = found("dead-rule", NUMBER, rows, policy="PRIORITY", output=values)
    assert [one.rules for one in dead] == [(1,)]


def test_an_input_that_decides_nothing() -> None:
    columns = [("score", "number", ""), ("is_new", "boolean", "")]
    rows: list[Row] = [(["< 5", "-"], "1"), ([">= 5", "-"], "2")]
    (idle,) = found("idle-column", columns, rows)
    assert '"is_new" decides nothing' in idle.message
    rows = [(["< 5", "-"], "1"), ([">= 5", "true"], "2"), ([">= 5", "false"], "3")]
    assert not found("idle-column", columns, rows)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("> limit", "depends on more than the input"),
        ("even(?)", "depends on more than the input"),
    ],
)
def test_it_says_where_it_cannot_tell(cell: str, why: str) -> None:
    rows: list[Row] = [([cell], "1"), (["< 5"], "2")]
    assert why in found("unknown", NUMBER, rows)[0].message
    assert not found("overlap", NUMBER, rows)
    assert not found("dead-rule", NUMBER, rows, policy="FIRST")
    assert not findings_of({}, "t.dmn")


def test_a_large_table_is_looked_at_soon() -> None:
    columns = [(f"c{number}", "number", "[0..99]") for number in range(8)]
    rows: list[Row] = [
        ([f"[{(number * step) % 50}..{(number * step) % 50 + 40}]" for step in range(1, 9)], "1")
        for number in range(40)
    ]
    assert analyse(table(columns, rows))


def test_of_very_many_overlaps_the_first_are_told() -> None:
    crowded = table(NUMBER, [(["> 1"], "1")] * 60)
    overlaps = [each for each in analyse(crowded) if each.code == "overlap"]
    assert len(overlaps) == 21
    assert overlaps[0].rules == (1, 2)
    assert "more rules that overlap than these 20 pairs" in overlaps[-1].message
    with pytest.raises(DecisionError, match=r"rules 1, 2, .* 12 and 48 others all match"):
        crowded.evaluate({"score": 2})


CELLS = st.sampled_from(
    ["-", "1", "2", "< 2", ">= 2", "[1..3)", "not(2)", "1, 3", "> 2", "<= 1", "not(1, 3)"]
)
FLAGS = st.sampled_from(["-", "true", "false"])


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, FLAGS, st.sampled_from("12")), min_size=1, max_size=6),
    policy=st.sampled_from(["UNIQUE", "FIRST", "ANY"]),
)
def test_what_is_found_is_what_trying_every_case_finds(
    rows: list[tuple[str, str, str, str]], policy: str
) -> None:
    columns = [("a", "integer", "[1..3]"), ("b", "integer", "[1..3]"), ("c", "boolean", "")]
    tried = table(columns, [(list(row[:3]), row[3]) for row in rows], policy)
    matching = {
        case: [
            rule.fired.number
            for rule in tried.rules
            if all(test.matches(value, {}) for test, value in zip(rule.tests, case, strict=True))
        ]
        for case in product([1, 2, 3, None], [1, 2, 3, None], [True, False, None])
    }
    findings = analyse(tried)
    without_null = [numbers for case, numbers in matching.items() if None not in case]
    gaps = [one for one in findings if one.code == "gap"]
    assert bool(gaps) == any(not numbers for numbers in without_null)
    for gap in gaps:
        assert not matching[tuple(value for _, value in gap.example)]
    if policy == "UNIQUE":
        pairs = {
            (one, other)
            for numbers in matching.values()
            for one in numbers
            for other in numbers
            if one < other
        }
        assert {one.rules for one in findings if one.code == "overlap"} == pairs
    if policy == "FIRST":
        first = {numbers[0] for numbers in matching.values() if numbers}
        dead = {number for number in range(1, len(rows) + 1) if number not in first}
        assert {one.rules[0] for one in findings if one.code == "dead-rule"} == dead
