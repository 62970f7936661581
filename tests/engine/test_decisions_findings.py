"""What is wrong with a DMN file is said in words, with table, rule and column."""

from __future__ import annotations

import pytest

from engine.decisions import parse_decisions
from engine.errors import Finding, InvalidModel

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"
GOOD = f"""<definitions xmlns="{NAMESPACE}" id="d" name="D" namespace="n">
  <inputData id="score_input" name="Score"/>
  <decision id="rating" name="Rating">
    <decisionTable id="table" hitPolicy="UNIQUE">
      <input id="in" label="How bad">
        <inputExpression id="ie" typeRef="string"><text>level</text></inputExpression>
        <inputValues><text>"low","high"</text></inputValues>
      </input>
      <output id="out" name="days" typeRef="number">
        <outputValues><text>[1..30]</text></outputValues>
      </output>
      <rule id="rule_1">
        <inputEntry id="cell_in"><text>"low"</text></inputEntry>
        <outputEntry id="cell_out"><text>5</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
  <decision id="other" name="Other points">
    <literalExpression id="literal"><text>1 + 1</text></literalExpression>
  </decision>
</definitions>"""


def findings(old: str, new: str) -> list[Finding]:
    assert old in GOOD
    with pytest.raises(InvalidModel) as caught:
        parse_decisions(GOOD.replace(old, new, 1).encode(), "rating.dmn")
    return list(caught.value.findings)


def test_the_file_is_good_before_anything_is_changed() -> None:
    assert set(parse_decisions(GOOD.encode(), "rating.dmn")) == {"rating", "other"}


@pytest.mark.parametrize(
    ("old", "new", "code", "element", "message"),
    [
        (NAMESPACE, "urn:x", "dmn-namespace", "d", "no DMN file of version 1.2 to 1.5"),
        ('"low"</text></inputEntry>', '"low</text></inputEntry>', "feel", "cell_in",
         'Decision "Rating", rule 1, input "How bad": This text has no closing "'),
        ('"low"</text></inputEntry>', 'not("low"), 5</text></inputEntry>', "feel", "cell_in",
         "must stand around the whole cell"),
        (">5<", ">fife(5)<", "feel", "cell_out",
         'Decision "Rating", rule 1, output "days": There is no function called fife'),
        (">5<", ">today()<", "feel", "cell_out", "Give the date as a variable"),
        (">level<", ">le vel<", "feel", "ie", 'input "How bad": Expected an operator'),
        (">level<", "><", "dmn-input", "in", "has no expression"),
        ('"low"</text></inputEntry>', "5</text></inputEntry>", "dmn-type", "cell_in",
         "compares with a number, 5, but the column holds a text"),
        ('"low"</text></inputEntry>', '["low", 5]</text></inputEntry>', "dmn-type", "cell_in",
         "compares with a number, 5"),
        ('"low"</text></inputEntry>', "[1..5]</text></inputEntry>", "dmn-type", "cell_in",
         "compares with a number, 1"),
        ('"low"</text></inputEntry>', '"lwo"</text></inputEntry>', "dmn-value", "cell_in",
         'tests for a text, "lwo", which is not among the allowed values of the column: "low"'),
        (">5<", '>"5"<', "dmn-type", "cell_out", 'must be a number, but is a text, "5"'),
        (">5<", ">31<", "dmn-value", "cell_out", "is a number, 31, which is not among"),
        ("<outputEntry ", "<outputEntry/><outputEntry ", "dmn-rule", "rule_1",
         "has 1 input and 2 output entries, but the table has 1 inputs and 1 outputs"),
        ('typeRef="string"', 'typeRef="colour"', "dmn-type", "ie", "has the type colour"),
        ('"UNIQUE"', '"BEST"', "dmn-hit-policy", "table", "Choose one of UNIQUE, FIRST"),
        ('"UNIQUE"', '"UNIQUE" aggregation="SUM"', "dmn-aggregation", "table",
         "Aggregation goes with COLLECT"),
        ('"UNIQUE"', '"COLLECT" aggregation="AVERAGE"', "dmn-aggregation", "table",
         "is one of SUM, MIN, MAX, COUNT"),
        ("<outputValues><text>[1..30]</text></outputValues>", "", "", "", ""),
        ('<output id="out" name="days"', '<output name="x"/><output id="out" name="x"',
         "dmn-output", "out", "needs a name of its own"),
        ("<inputEntry id", '<inputEntry expressionLanguage="javascript" id', "dmn-language",
         "cell_in", "is written in javascript. Choose FEEL"),
        ('name="D"', 'name="D" expressionLanguage="https://www.w3.org/1999/XPath"',
         "dmn-language", "table", "Choose FEEL"),
        ("<literalExpression", "<context/><literalExpression", "dmn-logic", "other",
         'Decision "Other points" has several logics'),
        ("<literalExpression", "<spell/><literalExpression", "dmn-unsupported", "other",
         "Elements of kind spell are not supported"),
        ("<inputData", '<businessKnowledgeModel id="b" name="Sums"/><inputData',
         "dmn-logic", "b", 'Business knowledge model "Sums" has no logic'),
        ("<inputData", '<import id="i" name="X" namespace="urn:x"/><inputData', "dmn-import", "i",
         'imports "X" (urn:x), which is not beside it'),
        ("<inputData", '<novelty id="i"/><inputData', "dmn-unsupported", "i", "kind novelty"),
        ("1 + 1", "1 +", "feel", "literal", 'Decision "Other points": Expected an expression'),
        ("1 + 1", "Rating * 2", "dmn-requirement", "other",
         'reads "Rating", the result of the decision "Rating", without requiring it'),
        ('<decision id="other"', '<decision id="rating"', "dmn-id", "rating", "used twice"),
        ('<decision id="other"', "<decision", "dmn-id", "d", '"Other points" has no id'),
    ],
)  # fmt: skip
def test_a_finding_names_its_place(
    old: str, new: str, code: str, element: str, message: str
) -> None:
    if not code:
        assert parse_decisions(GOOD.replace(old, new).encode(), "rating.dmn")
        return
    found = findings(old, new)
    assert any(
        finding.code == code and finding.element == element and message in finding.message
        for finding in found
    ), [str(finding) for finding in found]
    assert all(finding.severity == "error" and finding.path == "rating.dmn" for finding in found)


def test_a_finding_has_the_line_of_the_file() -> None:
    (finding,) = findings('"low"</text></inputEntry>', '"low",\n"high" +</text></inputEntry>')
    lines = GOOD.splitlines()
    expected = next(i for i, line in enumerate(lines, 1) if "cell_in" in line) + 1
    assert finding.line == expected


def test_all_findings_come_together() -> None:
    broken = GOOD.replace(">5<", '>"5"<').replace("1 + 1", "1 +").replace(">level<", ">le vel<")
    with pytest.raises(InvalidModel) as caught:
        parse_decisions(broken.encode(), "rating.dmn")
    assert len(caught.value.findings) == 2  # the table's cells are read once its columns are


def test_priority_needs_output_values() -> None:
    text = GOOD.replace("<outputValues><text>[1..30]</text></outputValues>", "")
    for policy in ("PRIORITY", "OUTPUT ORDER"):
        with pytest.raises(InvalidModel, match="List them in the output column"):
            parse_decisions(text.replace("UNIQUE", policy).encode(), "rating.dmn")


def requiring(source: str, target: str) -> str:
    return (
        f'<decision id="{source}" name="{source}"><informationRequirement>'
        f'<requiredDecision href="#{target}"/></informationRequirement>'
        "<literalExpression><text>1</text></literalExpression></decision>"
    )


def test_requirements_that_run_in_a_circle_are_refused() -> None:
    content = "".join(requiring(f"d{i}", f"d{(i + 1) % 3}") for i in range(3))
    text = f'<definitions xmlns="{NAMESPACE}" id="d">{content}</definitions>'
    with pytest.raises(InvalidModel, match="which in turn requires it") as caught:
        parse_decisions(text.encode(), "circle.dmn")
    assert {finding.code for finding in caught.value.findings} == {"dmn-cycle"}
    text = f'<definitions xmlns="{NAMESPACE}" id="d">{requiring("a", "a")}</definitions>'
    with pytest.raises(InvalidModel, match="which in turn requires it"):
        parse_decisions(text.encode(), "circle.dmn")


def test_a_requirement_of_something_that_is_not_there_is_refused() -> None:
    text = f'<definitions xmlns="{NAMESPACE}" id="d">{requiring("a", "b")}</definitions>'
    with pytest.raises(InvalidModel, match="requires #b, which is not in this file"):
        parse_decisions(text.encode(), "gone.dmn")


@pytest.mark.parametrize("content", [b"", b"<definitions", b"<!DOCTYPE x><x/>", b"<x/>"])
def test_a_file_that_is_no_dmn_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidModel):
        parse_decisions(content, "x.dmn")


def test_a_decision_without_logic_is_refused() -> None:
    text = f'<definitions xmlns="{NAMESPACE}" id="d"><decision id="a" name="A"/></definitions>'
    with pytest.raises(InvalidModel, match='Decision "A" has no logic'):
        parse_decisions(text.encode(), "x.dmn")
