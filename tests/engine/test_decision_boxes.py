"""Decisions in boxes, and what they require: DMN 1.5, 6.3, 7.3 and 10.2."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine import feel
from engine.decisions import DecisionError, Library, parse_decisions, parse_library
from engine.errors import InvalidModel

NAMESPACE = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def file(*content: str, namespace: str = "urn:one") -> bytes:
    inner = "".join(content)
    return (
        f'<definitions xmlns="{NAMESPACE}" id="d" name="D" namespace="{namespace}">'
        f"{inner}</definitions>"
    ).encode()


def decision(logic: str, name: str = "d", needs: str = "", kind: str = "") -> str:
    type_ref = f' typeRef="{kind}"' if kind else ""
    return (
        f'<decision id="{name}" name="{name}"><variable name="{name}"{type_ref}/>{needs}{logic}'
        "</decision>"
    )


def text(source: str) -> str:
    escaped = source.replace("&", "&amp;").replace("<", "&lt;")
    return f"<literalExpression><text>{escaped}</text></literalExpression>"


def need(target: str, kind: str = "Decision") -> str:
    relation = "knowledge" if kind == "Knowledge" else "information"
    return f'<{relation}Requirement><required{kind} href="{target}"/></{relation}Requirement>'


def entry(name: str, logic: str) -> str:
    variable = f'<variable name="{name}"/>' if name else ""
    return f"<contextEntry>{variable}{logic}</contextEntry>"


def value(logic: str, **context: Any) -> Any:
    return parse_decisions(file(decision(logic)), "t.dmn")["d"].evaluate(context).value


def lenient(*content: str, **arguments: Any) -> Library:
    return parse_library(file(*content), "t.dmn", strict=False, **arguments)


# 7.3 and 10.2: kinds of boxes


def test_a_context_is_its_entries_and_each_sees_those_before_it() -> None:
    boxed = f"<context>{entry('a b', text('x + 1'))}{entry('c', text('a b * 2'))}</context>"
    assert value(boxed, x=2) == {"a b": 3, "c": 6}


def test_a_context_with_a_last_entry_is_what_that_comes_to() -> None:
    assert value(f"<context>{entry('a', text('2'))}{entry('', text('a + 1'))}</context>") == 3


def test_a_list_and_a_relation() -> None:
    assert value(f"<list>{text('1')}{text('x')}</list>", x="a") == [1, "a"]
    rows = f"<row>{text('1')}{text('x')}</row><row>{text('2')}{text('3')}</row>"
    boxed = f'<relation><column name="a"/><column name="b c"/>{rows}</relation>'
    assert value(boxed, x=5) == [{"a": 1, "b c": 5}, {"a": 2, "b c": 3}]
    short = boxed.replace(text("3"), "")
    with pytest.raises(InvalidModel, match="row 2 has 1 cells, but there are 2 columns"):
        value(short)


@pytest.mark.parametrize(("x", "expected"), [(True, "then"), (False, "else"), (None, "else")])
def test_a_conditional(x: Any, expected: str) -> None:
    boxed = (
        f"<conditional><if>{text('x')}</if><then>{text(chr(34) + 'then' + chr(34))}</then>"
        f"<else>{text(chr(34) + 'else' + chr(34))}</else></conditional>"
    )
    assert value(boxed, x=x) == expected
    assert value(boxed, x="abc") is None


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        (f'<for iteratorVariable="n"><in>{text("[1, 2]")}</in><return>{text("n * 2")}</return>'
         "</for>",
         [2, 4]),
        (f'<some iteratorVariable="n"><in>{text("[1, 2]")}</in><satisfies>{text("n > 1")}'
         "</satisfies></some>", True),
        (f'<every iteratorVariable="n"><in>{text("[1, 2]")}</in><satisfies>{text("n > 1")}'
         "</satisfies></every>", False),
        (f"<filter><in>{text('[{a: 1}, {a: 2}]')}</in><match>{text('a > 1')}</match></filter>",
         [{"a": 2}]),
        (f"<filter><in>{text('[1, 2]')}</in><match>{text('1')}</match></filter>", None),
    ],
)  # fmt: skip
def test_loops_and_filters(logic: str, expected: Any) -> None:
    assert value(logic) == expected


def test_a_function_in_a_context_is_called_with_arguments_of_its_types() -> None:
    function = (
        '<functionDefinition><formalParameter name="n" typeRef="number"/>'
        f"{text('n + extra')}</functionDefinition>"
    )
    boxed = (
        f"<context>{entry('extra', text('10'))}{entry('add', function)}"
        f"{entry('', text('[add(1), add(n: 2)]'))}</context>"
    )
    assert value(boxed) == [11, 12]
    with pytest.raises(DecisionError, match='parameter "n" must be a number, but is a text'):
        value(boxed.replace("add(1)", 'add("1")'))


def test_an_invocation_binds_its_arguments_by_name() -> None:
    binding = f'<binding><parameter name="n"/>{text("x * 2")}</binding>'
    body = text("n + 1")
    function = f'<functionDefinition><formalParameter name="n"/>{body}</functionDefinition>'
    boxed = (
        f"<context>{entry('next', function)}"
        f"{entry('', '<invocation>' + text('next') + binding + '</invocation>')}</context>"
    )
    assert value(boxed, x=3) == 7


def test_a_table_stands_in_a_box_too() -> None:
    table = (
        "<decisionTable><input><inputExpression><text>a</text></inputExpression></input><output/>"
        "<rule><inputEntry><text>&gt; 1</text></inputEntry>"
        '<outputEntry><text>"high"</text></outputEntry></rule></decisionTable>'
    )
    boxed = f"<context>{entry('a', text('2'))}{entry('level', table)}</context>"
    assert value(boxed) == {"a": 2, "level": "high"}


# 6.3: business knowledge, services, imports


KNOWLEDGE = (
    '<businessKnowledgeModel id="k" name="double it"><variable name="double it"/>'
    '<encapsulatedLogic><formalParameter name="n" typeRef="number"/>'
    f"{text('n * 2')}</encapsulatedLogic></businessKnowledgeModel>"
)


def test_business_knowledge_is_called_by_decisions_that_require_it() -> None:
    whole = file(KNOWLEDGE, decision(text("double it(4)"), needs=need("#k", "Knowledge")))
    assert parse_decisions(whole, "t.dmn")["d"].evaluate({}).value == 8


def test_business_knowledge_sees_only_its_parameters_and_what_it_requires() -> None:
    with pytest.raises(InvalidModel, match='reads "other", which is none of its parameters'):
        parse_decisions(file(KNOWLEDGE.replace("n * 2", "n * other"), decision(text("1"))), "t.dmn")


def test_business_knowledge_that_calls_itself_ends() -> None:
    recursive = KNOWLEDGE.replace("n * 2", "if n = 0 then 0 else 1 + double it(n - 1)").replace(
        "<encapsulatedLogic>", need("#k", "Knowledge") + "<encapsulatedLogic>"
    )
    needs = need("#k", "Knowledge")
    whole = file(recursive, decision(text("double it(x)"), needs=needs))
    rating = parse_decisions(whole, "t.dmn")["d"]
    assert rating.evaluate({"x": 5}).value == 5
    with pytest.raises(DecisionError, match=r"too deep|steps|too long"):
        rating.evaluate({"x": -1})


SERVICE = (
    '<decisionService id="s" name="offer"><variable name="offer"/><outputDecision href="#out"/>'
    '<inputDecision href="#given"/><inputData href="#age"/></decisionService>'
    '<inputData id="age" name="age"><variable name="age" typeRef="number"/></inputData>'
    + decision(text('"never asked"'), "given")
    + decision(text("given + string(age)"), "out", need("#given") + need("#age", "Input"))
)


def test_a_decision_service_takes_inputs_before_decisions() -> None:
    library = lenient(SERVICE, decision(text('offer(7, "a")'), needs=need("#s", "Knowledge")))
    assert not library.findings
    assert library.decision("d").evaluate({}).value == "a7"
    assert library.call("offer", {"age": 3, "given": "b"}) == "b3"
    with pytest.raises(DecisionError, match="There is no decision service"):
        library.call("nothing", {})


def test_a_file_imports_another_one_beside_it() -> None:
    other = file(
        '<itemDefinition name="colour"><typeRef>string</typeRef>'
        '<allowedValues><text>"red","amber"</text></allowedValues></itemDefinition>',
        KNOWLEDGE,
        decision(text('"red"'), "rating", kind="colour"),
        namespace="urn:other",
    )
    whole = file(
        '<import name="lib" namespace="urn:other" importType="x"/>',
        decision(
            text('if lib.rating = "red" then lib.double it(2) else 0'),
            needs=need("urn:other#rating") + need("urn:other#k", "Knowledge"),
        ),
    )
    library = parse_library(whole, "t.dmn", others={"other.dmn": other})
    result = library.decision("d").evaluate({})
    assert result.value == 4
    with pytest.raises(InvalidModel, match="which is not beside it"):
        parse_library(whole, "t.dmn")


# 7.3.3: item definitions


ITEMS = (
    '<itemDefinition name="points"><typeRef>number</typeRef>'
    "<allowedValues><text>[0..10]</text></allowedValues></itemDefinition>"
    '<itemDefinition name="child"><itemComponent name="first name"><typeRef>string</typeRef>'
    '</itemComponent><itemComponent name="score"><typeRef>points</typeRef></itemComponent>'
    '</itemDefinition><itemDefinition name="children" isCollection="true"><typeRef>child</typeRef>'
    "</itemDefinition>"
)


@pytest.mark.parametrize(
    ("source", "kind", "fits"),
    [
        ("5", "points", True),
        ("11", "points", False),
        ('"5"', "points", False),
        ('{ first name: "Sam", score: 3 }', "child", True),
        ('{ first name: "Sam", score: 30 }', "child", False),
        ("{ score: 3 }", "child", False),
        ('[{ first name: "Sam", score: 3 }]', "children", True),
        ("[1]", "children", False),
        ("null", "children", True),
    ],
)
def test_a_result_is_of_the_declared_type(source: str, kind: str, fits: bool) -> None:
    whole = (ITEMS, decision(text(source), kind=kind))
    strict = parse_decisions(file(*whole), "t.dmn")["d"]
    loose = lenient(*whole).decision("d")
    if fits:
        assert strict.evaluate({}).value == feel.compile_expression(source).evaluate({})
    else:
        with pytest.raises(DecisionError, match="must be"):
            strict.evaluate({})
        assert loose.evaluate({}).value is None


def test_conversions_to_a_type() -> None:
    """10.3.2.9.4: a single item of a list, a single value as a list."""
    one = parse_decisions(file(ITEMS, decision(text("[5]"), kind="points")), "t.dmn")["d"]
    assert one.evaluate({}).value == 5
    child = text('{ first name: "Sam", score: 3 }')
    several = parse_decisions(file(ITEMS, decision(child, kind="children")), "t.dmn")["d"]
    assert several.evaluate({}).value == [{"first name": "Sam", "score": 3}]


def test_instance_of_an_item_definition_looks_at_no_allowed_values() -> None:
    whole = file(ITEMS, decision(text("[11 instance of points, 11 instance of child]")))
    assert parse_decisions(whole, "t.dmn")["d"].evaluate({}).value == [True, False]


def test_an_input_is_of_its_declared_type() -> None:
    whole = file(
        '<inputData id="age" name="age"><variable name="age" typeRef="number"/></inputData>',
        decision(text("age + 1"), needs=need("#age", "Input")),
    )
    assert parse_decisions(whole, "t.dmn")["d"].evaluate({"age": 2}).value == 3
    with pytest.raises(DecisionError, match='"age" needs a number, but got a text'):
        parse_decisions(whole, "t.dmn")["d"].evaluate({"age": "2"})


# what an evaluation tells, and what is refused


def test_a_result_tells_what_its_required_decisions_came_to() -> None:
    table = (
        '<decisionTable><input label="Age"><inputExpression><text>age</text></inputExpression>'
        '</input><output/><rule id="young"><description>Under five</description><inputEntry>'
        '<text>&lt; 5</text></inputEntry><outputEntry><text>"high"</text></outputEntry></rule>'
        "</decisionTable>"
    )
    whole = file(decision(table, "risk"), decision(text("risk"), needs=need("#risk")))
    result = parse_decisions(whole, "t.dmn")["d"].evaluate({"age": 3})
    (rule,) = result.required["risk"].rules
    assert (rule.number, rule.id, rule.description) == (1, "young", "Under five")
    assert result.required["risk"].inputs == {"Age": Decimal(3)}


def test_one_budget_is_shared_by_a_decision_and_all_it_requires() -> None:
    loop = text("count(for i in 1..30000 return i)")
    parts = [decision(loop, f"n{number}") for number in range(9)]
    needs = "".join(need(f"#n{number}") for number in range(9))
    last = decision(text("1"), needs=needs)
    with pytest.raises(DecisionError, match=r"steps|too long"):
        parse_decisions(file(*parts, last), "t.dmn")["d"].evaluate({})


def test_functions_in_other_languages_are_refused() -> None:
    java = f'<functionDefinition kind="Java">{text("1")}</functionDefinition>'
    with pytest.raises(InvalidModel, match="of kind Java, which is not supported"):
        value(f"<context>{entry('f', java)}</context>")


def test_what_is_wrong_with_one_decision_leaves_the_others_usable_if_not_strict() -> None:
    library = lenient(decision(text("1 +"), "broken"), decision(text("1 + 1"), "whole"))
    assert library.decision("whole").evaluate({}).value == 2
    assert "Expected an expression" in library.findings[0].message
    with pytest.raises(DecisionError, match="Expected an expression"):
        library.decision("broken").evaluate({})
