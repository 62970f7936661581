"""DMN files, as dmn-js and other editors save them, to decisions.

Decision tables, literal expressions and information requirements are read; every other kind of
logic is refused by name. Each cell is compiled here, so a table that was read holds no wrong cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lxml import etree

from engine import feel
from engine.decisions.columns import TableReader
from engine.decisions.findings import Findings, local_name, text_of
from engine.decisions.model import Decision, LiteralExpression
from engine.decisions.table import Table
from engine.decisions.types import ANY, column_type
from engine.errors import InvalidModel
from engine.xml import parse_xml

NAMESPACES = {
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
_FEEL_LANGUAGES = ("feel", "https://www.omg.org/spec/dmn/", "http://www.omg.org/spec/dmn/")

_DEFINITIONS_IGNORED = frozenset(
    (
        "decision",
        "inputData",
        "knowledgeSource",
        "textAnnotation",
        "association",
        "group",
        "DMNDI",
        "extensionElements",
        "description",
        "itemDefinition",
        "performanceIndicator",
        "organizationUnit",
        "elementCollection",
    )
)
_DECISION_IGNORED = frozenset(
    (
        "description",
        "extensionElements",
        "question",
        "allowedAnswers",
        "variable",
        "informationRequirement",
        "authorityRequirement",
        "supportedObjective",
        "impactedPerformanceIndicator",
        "decisionMaker",
        "decisionOwner",
        "usingProcess",
        "usingTask",
    )
)
_LOGIC = frozenset(("decisionTable", "literalExpression"))
_WORDS = {
    "businessKnowledgeModel": "Business knowledge models",
    "decisionService": "Decision services",
    "import": "Imports of other files",
    "knowledgeRequirement": "Knowledge requirements",
    "context": "Boxed contexts",
    "invocation": "Boxed invocations",
    "functionDefinition": "Boxed functions",
    "relation": "Relations",
    "list": "Boxed lists",
    "conditional": "Boxed conditionals",
    "for": "Boxed loops",
    "filter": "Boxed filters",
    "some": "Boxed quantifiers",
    "every": "Boxed quantifiers",
}


def parse_decisions(
    xml: bytes, path: str, *, functions: Iterable[feel.Function] = feel.NO_FUNCTIONS
) -> dict[str, Decision]:
    """All decisions of a DMN file (1.2 to 1.5) by id.

    `path` is only used in messages. Raises `InvalidModel` whose findings name the decision, the
    rule by its number and the column by its label, with FEEL's own message for a wrong cell.
    """
    root = parse_xml(xml, path)
    findings = Findings(path)
    namespace = etree.QName(root).namespace or ""
    if local_name(root) != "definitions" or namespace not in NAMESPACES:
        findings.add(
            root,
            "dmn-namespace",
            "This is no DMN file of version 1.2 to 1.5. Save it again with a current editor.",
        )
        raise InvalidModel(findings.all)
    decisions = _Reader(root, findings, tuple(functions)).read()
    if findings.all:
        raise InvalidModel(findings.all)
    return decisions


class _Reader:
    def __init__(
        self, root: etree._Element, findings: Findings, functions: tuple[feel.Function, ...]
    ) -> None:
        self._root = root
        self._findings = findings
        self._functions = functions
        self._elements: dict[str, etree._Element] = {}
        self._results: dict[str, etree._Element] = {}
        self._names: list[str] = []
        self._language = root.get("expressionLanguage")

    def read(self) -> dict[str, Decision]:
        for child in self._root:
            name = local_name(child)
            if name not in _DEFINITIONS_IGNORED:
                self._unsupported(child, name, "")
            identifier = child.get("id", "")
            if name == "decision" and not identifier:
                self._findings.add(
                    child, "dmn-id", f'The decision "{child.get("name")}" has no id. Give it one.'
                )
            elif identifier in self._elements and name in ("decision", "inputData"):
                self._findings.add(
                    child, "dmn-id", f"The id {identifier} is used twice. Rename one."
                )
            if name in ("decision", "inputData"):
                self._elements[identifier] = child
        decisions = [element for element in self._root if local_name(element) == "decision"]
        if not decisions:
            self._findings.add(self._root, "dmn-empty", "The file has no decision.")
        self._results = {_variable(element): element for element in decisions}
        self._names = [_variable(element) for element in self._elements.values()]
        read: dict[str, Decision] = {}
        for element in self._sorted(decisions):
            decision = self._decision(element, read)
            if decision is not None:
                read[decision.id] = decision
        return read

    def _unsupported(self, element: etree._Element, name: str, title: str) -> None:
        place = f"{title}: " if title else ""
        named = f' ("{element.get("name")}")' if element.get("name") else ""
        self._findings.add(
            element,
            "dmn-unsupported",
            f"{place}{_WORDS.get(name, f'Elements of kind {name}')}{named} are not supported. "
            "Use a decision table or a literal expression.",
        )

    def _sorted(self, decisions: list[etree._Element]) -> list[etree._Element]:
        """Decisions after those that they require; one that requires itself is a finding."""
        order: list[etree._Element] = []
        state: dict[str, str] = {}
        pending = [(element, False) for element in reversed(decisions)]
        while pending:
            element, ready = pending.pop()
            identifier = element.get("id", "")
            if ready:
                state[identifier] = "done"
                order.append(element)
            elif identifier not in state:
                state[identifier] = "open"
                pending.append((element, True))
                for required in self._required(element):
                    if local_name(required) != "decision":
                        continue
                    if state.get(required.get("id", "")) == "open":
                        self._findings.add(
                            element,
                            "dmn-cycle",
                            f'{_title(element)} requires "{required.get("name")}", which in turn '
                            "requires it. Remove one of the requirements.",
                        )
                    else:
                        pending.append((required, False))
        return order

    def _required(self, element: etree._Element) -> list[etree._Element]:
        required = []
        for requirement in element.iterfind("{*}informationRequirement/*"):
            target = self._elements.get(requirement.get("href", "").removeprefix("#"))
            if target is not None:
                required.append(target)
        return required

    def _decision(self, element: etree._Element, read: dict[str, Decision]) -> Decision | None:
        title = _title(element)
        logic: list[etree._Element] = []
        for child in element:
            name = local_name(child)
            if name in _LOGIC:
                logic.append(child)
            elif name not in _DECISION_IGNORED:
                self._unsupported(child, name, title)
                return None
        if len(logic) != 1:
            self._findings.add(
                element,
                "dmn-logic",
                f"{title} has {'no logic' if not logic else 'several logics'}. "
                "Give it one decision table or one literal expression.",
            )
            return None
        for requirement in element.iterfind("{*}informationRequirement/*"):
            if requirement.get("href", "").removeprefix("#") not in self._elements:
                self._findings.add(
                    requirement,
                    "dmn-requirement",
                    f"{title} requires {requirement.get('href')}, which is not in this file.",
                )
        required = self._required(element)
        content = self._logic(logic[0], element, title, self._names)
        if content is None:
            return None
        self._check_requirements(element, title, content, required)
        return Decision(
            element.get("id", ""),
            element.get("name") or element.get("id") or "",
            _variable(element),
            content,
            tuple(
                read[target.get("id", "")] for target in required if target.get("id", "") in read
            ),
        )

    def _logic(
        self, logic: etree._Element, element: etree._Element, title: str, names: list[str]
    ) -> Table | LiteralExpression | None:
        if not self._is_feel(logic, title):
            return None
        variable = _variable(element)
        if local_name(logic) == "decisionTable":
            reader = TableReader(self._findings, title, names, self._functions, self._is_feel)
            return reader.read(logic, variable)
        declared = element.find("{*}variable")
        type_name = (declared.get("typeRef") if declared is not None else None) or logic.get(
            "typeRef"
        )
        kind = column_type(type_name)
        if kind is None:
            self._findings.unknown_type(logic, title, str(type_name))
        source = text_of(logic)
        try:
            expression = feel.compile_expression(source, names=names, functions=self._functions)
        except feel.FeelError as error:
            self._findings.feel(logic.find("{*}text"), title, error, logic)
            return None
        return LiteralExpression(title, variable, kind or ANY, expression)

    def _is_feel(self, element: etree._Element, title: str) -> bool:
        """Whether the expression language is FEEL; another one is a finding."""
        language = element.get("expressionLanguage") or self._language or "feel"
        if language.lower().startswith(_FEEL_LANGUAGES):
            return True
        self._findings.add(
            element,
            "dmn-language",
            f"{title} is written in {language}. Choose FEEL as its expression language.",
        )
        return False

    def _check_requirements(
        self,
        element: etree._Element,
        title: str,
        logic: Table | LiteralExpression,
        required: list[etree._Element],
    ) -> None:
        """What is read of another decision must be required, or nobody would work it out."""
        for name in sorted(logic.variables):
            other = self._results.get(name)
            if other is not None and other is not element and other not in required:
                self._findings.add(
                    element,
                    "dmn-requirement",
                    f'{title} reads "{name}", the result of the decision "{other.get("name")}", '
                    "without requiring it. Draw an information requirement between them.",
                )


def _title(element: etree._Element) -> str:
    return f'Decision "{element.get("name") or element.get("id")}"'


def _variable(element: etree._Element) -> str:
    """The name under which FEEL knows the result of a decision, or an input."""
    declared: Any = element.find("{*}variable")
    name = declared.get("name") if declared is not None else None
    return " ".join((name or element.get("name") or element.get("id") or "").split())
