"""Reading a decision table: its columns and rules, each cell compiled and checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from lxml import etree

from engine import feel
from engine.decisions.findings import Findings, local_name, name_of, text_of
from engine.decisions.results import FiredRule
from engine.decisions.table import AGGREGATIONS, HIT_POLICIES, Input, Output, Rule, Table
from engine.decisions.types import ColumnType, in_words

_KNOWN = frozenset(("input", "output", "annotation", "rule", "description", "extensionElements"))


class Cells(Protocol):
    """What a table's reader needs of its surroundings: cells compiled, types looked up."""

    findings: Findings
    strict: bool

    def expression(self, element: etree._Element, place: str) -> feel.Expression | None: ...

    def tests(self, element: etree._Element, place: str) -> feel.UnaryTests | None: ...

    def type(self, name: str | None, element: etree._Element, place: str) -> ColumnType: ...


class TableReader:
    """Reads one table; `title` names its decision in findings."""

    def __init__(self, cells: Cells, title: str) -> None:
        self._cells = cells
        self._findings = cells.findings
        self._title = title

    def read(self, element: etree._Element, variable: str) -> Table | None:
        """The table, None if something is missing that the rest cannot do without."""
        found_before = len(self._findings.all)
        hit_policy, aggregation = self._hit_policy(element)
        children: dict[str, list[etree._Element]] = {name: [] for name in _KNOWN}
        for child in element:
            name = local_name(child)
            if name not in _KNOWN:
                self._add(child, "dmn-unsupported", f"has a part of kind {name}, not known here.")
            else:
                children[name].append(child)
        inputs = self._inputs(children["input"])
        outputs = self._outputs(children["output"], variable)
        if None in inputs or None in outputs:
            return None
        columns = [column for column in inputs if column is not None]
        results = [column for column in outputs if column is not None]
        rules = [
            self._rule(number, rule, columns, results, children["annotation"])
            for number, rule in enumerate(children["rule"], 1)
        ]
        self._check_policy(element, hit_policy, aggregation, results)
        if self._cells.strict and len(self._findings.all) > found_before:
            return None
        if None in rules:
            return None
        return Table(
            self._title,
            hit_policy,
            aggregation,
            tuple(columns),
            tuple(results),
            tuple(rule for rule in rules if rule is not None),
        )

    def _add(self, element: etree._Element, code: str, message: str) -> None:
        self._findings.add(element, code, f"{self._title} {message}")

    def _hit_policy(self, element: etree._Element) -> tuple[str, str | None]:
        hit_policy = element.get("hitPolicy", "UNIQUE")
        aggregation = element.get("aggregation")
        if hit_policy not in HIT_POLICIES:
            self._add(
                element,
                "dmn-hit-policy",
                f"has the hit policy {hit_policy}. Choose one of {', '.join(HIT_POLICIES)}.",
            )
        if aggregation is not None and (aggregation not in AGGREGATIONS or hit_policy != "COLLECT"):
            self._add(
                element,
                "dmn-aggregation",
                f"has the aggregation {aggregation} with the hit policy {hit_policy}. Aggregation "
                f"goes with COLLECT and is one of {', '.join(AGGREGATIONS)}.",
            )
        return hit_policy, aggregation

    def _check_policy(
        self,
        element: etree._Element,
        hit_policy: str,
        aggregation: str | None,
        outputs: Sequence[Output],
    ) -> None:
        if aggregation is not None and len(outputs) != 1:
            self._add(
                element,
                "dmn-aggregation",
                f"takes {aggregation} of {len(outputs)} outputs; it can be taken of one only.",
            )
        if hit_policy in ("PRIORITY", "OUTPUT ORDER"):
            ordered = [output for output in outputs if output.allowed is not None]
            if not ordered:
                self._add(
                    element,
                    "dmn-priority",
                    f"has the hit policy {hit_policy}, which goes by the order of output values. "
                    "List them in the output column, the highest priority first.",
                )

    # -- columns ---------------------------------------------------------------------------

    def _inputs(self, elements: Sequence[etree._Element]) -> list[Input | None]:
        columns: list[Input | None] = []
        labels: set[str] = set()
        for number, element in enumerate(elements, 1):
            expression = element.find("{*}inputExpression")
            source = text_of(expression)
            label = name_of(element, "label") or source or f"input {number}"
            if label in labels:
                label = f"{label} ({number})"
            labels.add(label)
            place = f'{self._title}, input "{label}"'
            if expression is None or not source:
                self._findings.add(
                    element,
                    "dmn-input",
                    f"{place} has no expression. Write the name of a variable.",
                )
                columns.append(None)
                continue
            kind = self._cells.type(expression.get("typeRef"), expression, place)
            compiled = self._cells.expression(expression, place)
            allowed = self._allowed(element.find("{*}inputValues"), place, kind)
            columns.append(None if compiled is None else Input(label, compiled, kind, allowed))
        return columns

    def _outputs(self, elements: Sequence[etree._Element], variable: str) -> list[Output | None]:
        if not elements:
            return [None]
        columns: list[Output | None] = []
        names: set[str] = set()
        for number, element in enumerate(elements, 1):
            name = (element.get("name") or "").strip()
            if not name and len(elements) == 1:
                name = variable
            label = name_of(element, "label") or name or f"output {number}"
            place = f'{self._title}, output "{label}"'
            if not name or name in names:
                self._findings.add(
                    element,
                    "dmn-output",
                    f"{place} needs a name of its own, for there are several outputs.",
                )
            names.add(name)
            kind = self._cells.type(element.get("typeRef"), element, place)
            allowed = self._allowed(element.find("{*}outputValues"), place, kind)
            default_entry = element.find("{*}defaultOutputEntry")
            default = None
            if default_entry is not None and text_of(default_entry):
                default = self._cells.expression(default_entry, f"{place}, default")
                self._check_output(default_entry, f"{place}, default", default, kind, allowed)
            columns.append(Output(name, label, kind, allowed, default))
        return columns

    def _allowed(
        self, element: etree._Element | None, place: str, kind: ColumnType
    ) -> feel.UnaryTests | None:
        """The allowed values of a column; none if there are none or anything is allowed."""
        if element is None:
            return None
        tests = self._cells.tests(element, f"{place}, allowed values")
        if tests is None or tests.matches_anything:
            return None
        self._check_types(element, f"{place}, allowed values", tests.values, kind)
        return tests

    # -- rules -----------------------------------------------------------------------------

    def _rule(
        self,
        number: int,
        element: etree._Element,
        inputs: Sequence[Input],
        outputs: Sequence[Output],
        annotations: Sequence[etree._Element],
    ) -> Rule | None:
        place = f"{self._title}, rule {number}"
        found_before = len(self._findings.all)
        input_entries = element.findall("{*}inputEntry")
        output_entries = element.findall("{*}outputEntry")
        if len(input_entries) != len(inputs) or len(output_entries) != len(outputs):
            self._findings.add(
                element,
                "dmn-rule",
                f"{place} has {len(input_entries)} input and {len(output_entries)} output entries, "
                f"but the table has {len(inputs)} inputs and {len(outputs)} outputs.",
            )
            return None
        tests = [
            self._test(entry, f'{place}, input "{column.label}"', column)
            for entry, column in zip(input_entries, inputs, strict=True)
        ]
        results = []
        for entry, output in zip(output_entries, outputs, strict=True):
            where = f'{place}, output "{output.label}"'
            expression = self._cells.expression(entry, where) if text_of(entry) else None
            self._check_output(entry, where, expression, output.type, output.allowed)
            results.append(expression)
        if any(test is None for test in tests) or (
            len(self._findings.all) > found_before and None in results
        ):
            return None
        kept = tuple(test for test in tests if test is not None)
        return Rule(
            FiredRule(number, element.get("id", ""), _description(element, annotations)),
            kept,
            tuple(results),
            tuple(
                (index, test.plain, test)
                for index, test in enumerate(kept)
                if not test.matches_anything
            ),
        )

    def _test(self, entry: etree._Element, place: str, column: Input) -> feel.UnaryTests | None:
        tests = self._cells.tests(entry, place)
        if tests is None:
            return None
        self._check_types(entry, place, tests.values, column.type)
        allowed = column.allowed
        if allowed is not None and not allowed.variables:
            for value in _parts(tests.values):
                if type(value) is str and not allowed.matches(value, {}):
                    self._findings.add(
                        entry,
                        "dmn-value",
                        f"{place} tests for {in_words(value)}, which is not among the allowed "
                        f"values of the column: {allowed.source.strip()}.",
                    )
        return tests

    def _check_types(
        self, element: etree._Element, place: str, values: Sequence[Any], kind: ColumnType
    ) -> None:
        """A test that compares with another type could never match."""
        for value in _parts(values):
            if kind.kind not in ("list", "range") and not kind.accepts(value):
                self._findings.add(
                    element,
                    "dmn-type",
                    f"{place} compares with {in_words(value)}, but the column holds {kind.words}.",
                )

    def _check_output(
        self,
        element: etree._Element,
        place: str,
        expression: feel.Expression | None,
        kind: ColumnType,
        allowed: feel.UnaryTests | None,
    ) -> None:
        if expression is None or not expression.constant:
            return
        value = expression.evaluate({})
        if not kind.accepts(value):
            self._findings.add(
                element,
                "dmn-type",
                f"{place} must be {kind.words}, but is {in_words(value)}.",
            )
        elif (
            value is not None
            and allowed is not None
            and not allowed.variables
            and not allowed.matches(value, {})
        ):
            self._findings.add(
                element,
                "dmn-value",
                f"{place} is {in_words(value)}, which is not among the allowed values of the "
                f"column: {allowed.source.strip()}.",
            )


def _parts(values: Sequence[Any]) -> list[Any]:
    """The single values that tests compare with: ends of ranges, and items of lists."""
    parts: list[Any] = []
    for value in values:
        if isinstance(value, feel.Range):
            parts.extend(end for end in (value.start, value.end) if end is not None)
        elif type(value) is list:
            parts.extend(value)
        else:
            parts.append(value)
    return parts


def _description(element: etree._Element, annotations: Sequence[etree._Element]) -> str:
    """What the author wrote about a rule: its description, else its annotations."""
    description = " ".join((element.findtext("{*}description") or "").split())
    if description:
        return description
    texts = [text_of(entry) for entry in element.findall("{*}annotationEntry")]
    return "; ".join(text for text in texts if text)
