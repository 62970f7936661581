"""Decision tables, literal expressions and requirements: DMN 1.5, chapters 6 to 8."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest

from engine import feel
from engine.decisions import Decision, DecisionError, parse_decisions

Column = tuple[str, str, str]
"""Name (of an input: its expression), type, allowed values or default."""


def entry(kind: str, text: str) -> str:
    return f"<{kind}Entry><text>{escape(text)}</text></{kind}Entry>"


def table(
    inputs: Sequence[tuple[str, str] | Column],
    outputs: Sequence[tuple[str, str] | Column | tuple[str, str, str, str]],
    rules: Sequence[tuple[Sequence[str], Sequence[str]]],
    attributes: str = "",
) -> str:
    """A table as dmn-js writes it; an output may have allowed values and a default."""
    columns = ""
    for expression, kind, *allowed in inputs:
        values = "".join(f"<inputValues><text>{escape(v)}</text></inputValues>" for v in allowed)
        columns += (
            f"<input label={quoteattr(expression.title())}><inputExpression typeRef='{kind}'>"
            f"<text>{escape(expression)}</text></inputExpression>{values}</input>"
        )
    for name, kind, *more in outputs:
        allowed_values, default = (*more, "", "")[:2]
        columns += f"<output name={quoteattr(name)} typeRef='{kind}'>"
        if allowed_values:
            columns += f"<outputValues><text>{escape(allowed_values)}</text></outputValues>"
        if default:
            columns += f"<defaultOutputEntry><text>{escape(default)}</text></defaultOutputEntry>"
        columns += "</output>"
    rows = "".join(
        f'<rule id="rule_{number}"><description>Row {number}</description>'
        + "".join(entry("input", text) for text in tests)
        + "".join(entry("output", text) for text in results)
        + "</rule>"
        for number, (tests, results) in enumerate(rules, 1)
    )
    return f"<decisionTable {attributes}>{columns}{rows}</decisionTable>"


def definitions(
    *content: str, namespace: str = "https://www.omg.org/spec/DMN/20191111/MODEL/"
) -> bytes:
    return (
        f'<definitions xmlns="{namespace}" id="d" name="D" namespace="http://camunda.org/schema">'
        + "".join(content)
        + "</definitions>"
    ).encode()


def decision(logic: str, identifier: str = "rating", name: str = "Rating", more: str = "") -> str:
    return f'<decision id="{identifier}" name="{name}">{more}{logic}</decision>'


def one(logic: str, **arguments: Any) -> Decision:
    return parse_decisions(definitions(decision(logic)), "t.dmn", **arguments)["rating"]


SCORES = [
    (["> 10"], ['"high"']),
    (["[5..10]"], ['"medium"']),
    (["< 5"], ['"low"']),
]


def test_a_table_tells_its_outputs_the_rule_and_the_inputs() -> None:
    rating = one(table([("score", "number")], [("level", "string")], SCORES))
    assert (rating.id, rating.name, rating.hit_policy) == ("rating", "Rating", "UNIQUE")
    assert rating.outputs == ("level",)
    assert rating.variables == {"score"}
    result = rating.evaluate({"score": 7})
    assert result.outputs == {"level": "medium"}
    assert result.value == "medium"
    assert [(rule.number, rule.id, rule.description) for rule in result.rules] == [
        (2, "rule_2", "Row 2")
    ]
    assert result.inputs == {"Score": Decimal(7)}


def test_no_matching_rule_gives_null_for_each_output() -> None:
    rating = one(
        table(
            [("score", "number")], [("level", "string"), ("days", "number")], [(["> 1"], ["", "2"])]
        )
    )
    result = rating.evaluate({"score": 0})
    assert result.outputs == {"level": None, "days": None}
    assert result.rules == ()
    assert rating.evaluate({"score": 2}).outputs == {"level": None, "days": Decimal(2)}


def test_no_matching_rule_gives_the_default_entries() -> None:
    outputs = [("level", "string", "", '"none"'), ("days", "number", "", "base + 1")]
    rating = one(table([("score", "number")], outputs, [(["> 1"], ['"high"', "2"])]))
    assert rating.variables == {"score", "base"}
    assert rating.evaluate({"score": 0, "base": 4}).outputs == {"level": "none", "days": Decimal(5)}


OVERLAPPING = [
    (["> 0"], ['"b"', "1"]),
    (["> 5"], ['"a"', "2"]),
    (["> 10"], ['"b"', "3"]),
    (["> 20"], ['"a"', "2"]),
]
OUTPUTS: list[tuple[str, str] | Column] = [("level", "string", '"a","b"'), ("days", "number")]


def overlapping(attributes: str) -> Decision:
    return one(table([("score", "number")], OUTPUTS, OVERLAPPING, attributes))


def test_unique_refuses_two_matches_and_names_the_rules() -> None:
    rating = overlapping('hitPolicy="UNIQUE"')
    assert rating.evaluate({"score": 3}).outputs == {"level": "b", "days": Decimal(1)}
    with pytest.raises(DecisionError, match='"Rating": rules 1, 2 and 3 all match'):
        rating.evaluate({"score": 11})


def test_first_takes_the_first_match() -> None:
    result = overlapping('hitPolicy="FIRST"').evaluate({"score": 30})
    assert result.outputs == {"level": "b", "days": Decimal(1)}
    assert [rule.number for rule in result.rules] == [1]


def test_any_needs_equal_outputs() -> None:
    rules = [(["> 0"], ["1"]), (["> 5"], ["1.0"]), (["> 10"], ["2"])]
    rating = one(table([("score", "number")], [("days", "number")], rules, 'hitPolicy="ANY"'))
    result = rating.evaluate({"score": 6})
    assert result.outputs == {"days": Decimal(1)}
    assert [rule.number for rule in result.rules] == [1, 2]
    with pytest.raises(DecisionError, match="rules 1 and 3 both match with different outputs"):
        rating.evaluate({"score": 11})


def test_priority_goes_by_the_order_of_output_values() -> None:
    result = overlapping('hitPolicy="PRIORITY"').evaluate({"score": 11})
    assert result.outputs == {"level": "a", "days": Decimal(2)}
    assert [rule.number for rule in result.rules] == [2]


def test_priority_compares_outputs_from_left_to_right() -> None:
    outputs = [("first", "string", '"x","y"'), ("second", "string", '"p","q"')]
    rules = [([""], ['"y"', '"p"']), ([""], ['"x"', '"q"']), ([""], ['"x"', '"p"'])]
    rating = one(table([("score", "number")], outputs, rules, 'hitPolicy="PRIORITY"'))
    assert rating.evaluate({"score": 1}).outputs == {"first": "x", "second": "p"}
    ordered = one(table([("score", "number")], outputs, rules, 'hitPolicy="OUTPUT ORDER"'))
    assert [rule.number for rule in ordered.evaluate({}).rules] == [3, 2, 1]


def test_rule_order_and_output_order_keep_every_match() -> None:
    in_rule_order = overlapping('hitPolicy="RULE ORDER"').evaluate({"score": 11})
    assert in_rule_order.outputs == [
        {"level": "b", "days": Decimal(1)},
        {"level": "a", "days": Decimal(2)},
        {"level": "b", "days": Decimal(3)},
    ]
    in_output_order = overlapping('hitPolicy="OUTPUT ORDER"').evaluate({"score": 11})
    assert [rule.number for rule in in_output_order.rules] == [2, 1, 3]
    assert isinstance(in_output_order.outputs, list)
    assert [outputs["level"] for outputs in in_output_order.outputs] == ["a", "b", "b"]


@pytest.mark.parametrize(
    ("attributes", "score", "expected"),
    [
        ('hitPolicy="COLLECT"', 7, [Decimal(3), Decimal(4)]),
        ('hitPolicy="COLLECT"', 0, []),
        ('hitPolicy="COLLECT" aggregation="SUM"', 7, Decimal(7)),
        ('hitPolicy="COLLECT" aggregation="MIN"', 7, Decimal(3)),
        ('hitPolicy="COLLECT" aggregation="MAX"', 7, Decimal(4)),
        ('hitPolicy="COLLECT" aggregation="COUNT"', 7, Decimal(2)),
        ('hitPolicy="COLLECT" aggregation="COUNT"', 0, Decimal(0)),
        ('hitPolicy="COLLECT" aggregation="SUM"', 0, None),
    ],
)
def test_collect(attributes: str, score: int, expected: object) -> None:
    rules = [(["> 0"], ["3"]), (["> 5"], ["4"])]
    rating = one(table([("score", "number")], [("points", "number")], rules, attributes))
    assert rating.evaluate({"score": score}).value == expected


def test_aggregation_of_what_has_no_sum_is_an_error() -> None:
    rules = [(["> 0"], ["x"])]
    attributes = 'hitPolicy="COLLECT" aggregation="SUM"'
    rating = one(table([("score", "number")], [("points", "")], rules, attributes))
    with pytest.raises(DecisionError, match=r'SUM cannot be taken of a text, "a"'):
        rating.evaluate({"score": 1, "x": "a"})


@pytest.mark.parametrize(
    ("kind", "good", "bad", "words"),
    [
        ("string", "a", 5, 'input "Value" needs a text, but got a number, 5'),
        ("number", 5.5, "5", 'needs a number, but got a text, "5"'),
        ("number", 1, True, "needs a number, but got true or false, true"),
        ("integer", 5, 5.5, "needs a whole number, but got a number, 5.5"),
        ("long", 5.0, 5.5, "needs a whole number"),
        ("double", 5.5, "x", "needs a number"),
        ("boolean", True, "true", "needs true or false, but got a text"),
        ("date", date(2024, 1, 1), "2024-01-01", "needs a date, but got a text"),
        ("dayTimeDuration", None, 5, "needs a duration of days and time"),
        ("Any", object, None, ""),
    ],
)
def test_inputs_are_of_the_type_of_their_column(
    kind: str, good: object, bad: object, words: str
) -> None:
    rating = one(table([("value", kind)], [("x", "number")], [(["-"], ["1"])]))
    assert rating.evaluate({"value": good}).value == 1
    assert rating.evaluate({"value": None}).value == 1
    assert rating.evaluate({}).value == 1
    if words:
        with pytest.raises(DecisionError) as caught:
            rating.evaluate({"value": bad})
        assert words in caught.value.message
        assert caught.value.message.startswith('Decision "Rating"')


def test_inputs_are_among_the_allowed_values_or_null() -> None:
    rating = one(
        table([("colour", "string", '"red","green"')], [("x", "number")], [(['"red"'], ["1"])])
    )
    assert rating.evaluate({"colour": "red"}).value == 1
    assert rating.evaluate({"colour": "green"}).value is None
    assert rating.evaluate({"colour": None}).value is None
    with pytest.raises(DecisionError, match='got a text, "Purple", which is not among'):
        rating.evaluate({"colour": "Purple"})


def test_computed_outputs_are_checked_too() -> None:
    rating = one(table([("n", "number")], [("x", "number", "[1..9]")], [(["-"], ["n * 2"])]))
    assert rating.evaluate({"n": 4}).value == 8
    with pytest.raises(DecisionError, match='rule 1, output "x" is a number, 10, which is not'):
        rating.evaluate({"n": 5})
    typed = one(table([("n", "number")], [("x", "number")], [(["-"], ["y"])]))
    with pytest.raises(DecisionError, match='output "x" must be a number, but is a text, "a"'):
        typed.evaluate({"n": 5, "y": "a"})


def test_cells_read_variables_and_call_functions_of_the_host() -> None:
    limit = feel.Function("limit of", ("name",), lambda name: 5)
    rules = [(["> limit of(kind)"], ["n - limit of(kind)"])]
    rating = one(table([("n", "number")], [("x", "number")], rules), functions=[limit])
    assert rating.variables == {"n", "kind"}
    assert rating.evaluate({"n": 7, "kind": "a"}).value == 2


def test_annotations_describe_a_rule_that_has_no_description() -> None:
    logic = table([("n", "number")], [("x", "number")], [(["-"], ["1"])])
    logic = logic.replace("<description>Row 1</description>", "").replace(
        "</rule>", "<annotationEntry><text>R15.4</text></annotationEntry></rule>"
    )
    assert one(logic).evaluate({}).rules[0].description == "R15.4"


def test_a_literal_expression_is_named_after_its_variable() -> None:
    logic = (
        '<variable name="Total days" typeRef="number"/>'
        "<literalExpression><text>weeks * 7</text></literalExpression>"
    )
    rating = one(logic)
    assert rating.outputs == ("Total days",)
    assert rating.hit_policy is None
    result = rating.evaluate({"weeks": 2})
    assert result.outputs == {"Total days": Decimal(14)}
    assert result.rules == ()
    with pytest.raises(DecisionError, match="must be a number, but is a text"):
        one(logic.replace("weeks * 7", "weeks")).evaluate({"weeks": "two"})


REQUIRING = definitions(
    '<inputData id="i" name="Family size"/>',
    decision(
        table([("Risk level", "string"), ("Family size", "number")], [("days", "number")],
              [(['"high"', "-"], ["1"]), (["-", "> 3"], ["2"]), (["-", "-"], ["Risk points"])],
              'hitPolicy="FIRST"'),
        "days", "Days",
        '<informationRequirement><requiredDecision href="#risk"/></informationRequirement>'
        '<informationRequirement><requiredDecision href="#points"/></informationRequirement>'
        '<informationRequirement><requiredInput href="#i"/></informationRequirement>'),
    decision(
        table([("Risk points", "number")], [("level", "string")],
              [(["> 5"], ['"high"']), (["<= 5"], ['"low"'])]),
        "risk", "Risk level",
        '<informationRequirement><requiredDecision href="#points"/></informationRequirement>'),
    decision("<literalExpression><text>a + b</text></literalExpression>", "points", "Risk points"),
)  # fmt: skip


def test_required_decisions_are_evaluated_first_under_their_names() -> None:
    days = parse_decisions(REQUIRING, "t.dmn")["days"]
    assert days.variables == {"a", "b", "Family size"}
    assert days.evaluate({"a": 3, "b": 4, "Family size": 1}).value == 1
    assert days.evaluate({"a": 1, "b": 2, "Family size": 4}).value == 2
    assert days.evaluate({"a": 1, "b": 2, "Family size": 1}).value == 3


def test_a_required_table_with_several_outputs_is_a_context_and_a_collection_a_list() -> None:
    content = definitions(
        decision(
            table([("n", "number")], [("a", "number"), ("b", "number")], [(["-"], ["n", "2"])]),
            "one", "pair"),
        decision(table([("n", "number")], [("a", "number")], [(["> 0"], ["1"]), (["> 1"], ["2"])],
                       'hitPolicy="COLLECT"'), "two", "points"),
        decision(
            "<literalExpression><text>pair.a + pair.b + sum(points)</text></literalExpression>",
            "sum", "Sum",
            '<informationRequirement><requiredDecision href="#one"/></informationRequirement>'
            '<informationRequirement><requiredDecision href="#two"/></informationRequirement>'),
    )  # fmt: skip
    assert parse_decisions(content, "t.dmn")["sum"].evaluate({"n": 5}).value == 10


def test_a_long_chain_of_requirements_is_no_problem() -> None:
    chain = [decision("<literalExpression><text>1</text></literalExpression>", "d0", "v0")]
    for i in range(1, 1_200):
        chain.append(
            decision(
                f"<literalExpression><text>v{i - 1} + 1</text></literalExpression>",
                f"d{i}",
                f"v{i}",
                f'<informationRequirement><requiredDecision href="#d{i - 1}"/>'
                "</informationRequirement>",
            )
        )
    decisions = parse_decisions(definitions(*reversed(chain)), "t.dmn")
    assert decisions["d1199"].evaluate({}).value == 1_200


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ],
)
def test_versions_1_2_to_1_5_are_read(namespace: str) -> None:
    logic = table([("score", "number")], [("level", "string")], SCORES)
    content = definitions(decision(logic), namespace=namespace)
    assert parse_decisions(content, "t.dmn")["rating"].evaluate({"score": 1}).value == "low"


AS_SAVED = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"
  xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/"
  xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/"
  xmlns:di="http://www.omg.org/spec/DMN/20180521/DI/"
  xmlns:biodi="http://bpmn.io/schema/dmn/biodi/2.0"
  id="Definitions_0" name="DRD" namespace="http://camunda.org/schema/1.0/dmn"
  exporter="dmn-js" exporterVersion="17.2.0">
  <decision id="dish" name="Dish">
    <variable id="v1" name="dish" typeRef="string" />
    <informationRequirement id="r1"><requiredInput href="#guests" /></informationRequirement>
    <authorityRequirement id="r2"><requiredAuthority href="#host" /></authorityRequirement>
    <decisionTable id="t1" hitPolicy="FIRST" biodi:annotationsWidth="400">
      <input id="in1" label="Season" biodi:width="192">
        <inputExpression id="ie1" typeRef="string"><text>season</text></inputExpression>
        <inputValues id="iv1"><text>"Fall","Winter","Spring","Summer"</text></inputValues>
      </input>
      <input id="in2" label="">
        <inputExpression id="ie2" typeRef="number"><text>guests</text></inputExpression>
      </input>
      <output id="o1" label="Dish to serve" name="dish" typeRef="string" biodi:width="200" />
      <annotation name="Why" />
      <rule id="rule1">
        <description>Good in the cold</description>
        <inputEntry id="c1"><text>"Fall","Winter"</text></inputEntry>
        <inputEntry id="c2"><text>&lt;= 8</text></inputEntry>
        <outputEntry id="c3"><text>"Stew"</text></outputEntry>
        <annotationEntry><text>Known since ever</text></annotationEntry>
      </rule>
      <rule id="rule2">
        <inputEntry id="c4"><text></text></inputEntry>
        <inputEntry id="c5"><text>-</text></inputEntry>
        <outputEntry id="c6" expressionLanguage="feel">
          <text>"Soup for " + string(guests)</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
  <inputData id="guests" name="guests"><variable name="guests" typeRef="number" /></inputData>
  <knowledgeSource id="host" name="Host" />
  <textAnnotation id="n"><text>A note</text></textAnnotation>
  <association id="a"><sourceRef href="#dish" /><targetRef href="#n" /></association>
  <dmndi:DMNDI><dmndi:DMNDiagram><dmndi:DMNShape dmnElementRef="dish">
    <dc:Bounds height="80" width="180" x="150" y="80" /></dmndi:DMNShape></dmndi:DMNDiagram>
  </dmndi:DMNDI>
</definitions>"""


def test_a_file_as_the_editor_saves_it() -> None:
    dish = parse_decisions(AS_SAVED, "dish.dmn")["dish"]
    result = dish.evaluate({"season": "Winter", "guests": 4})
    assert result.outputs == {"dish": "Stew"}
    assert result.rules[0].description == "Good in the cold"
    assert result.inputs == {"Season": "Winter", "guests": Decimal(4)}
    assert dish.evaluate({"season": "Winter", "guests": 10}).value == "Soup for 10"
    assert dish.evaluate({"guests": 10}).value == "Soup for 10"
