"""DMN files, as dmn-js and other editors save them, to decisions.

Decisions with logic of every kind, inputs, business knowledge models, decision services, item
definitions and imports are read. Each cell is compiled here, so what was read holds no wrong cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from engine import feel
from engine.decisions.boxes import LogicReader
from engine.decisions.findings import Findings, local_name
from engine.decisions.items import ItemTypes
from engine.decisions.library import Library
from engine.decisions.logic import Logic
from engine.decisions.model import Decision, DecisionService, InputData, Knowledge, Need
from engine.decisions.types import ANY, ColumnType
from engine.errors import InvalidModel
from engine.xml import parse_xml

NAMESPACES = {
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
_KNOWN = frozenset(
    (
        "decision",
        "inputData",
        "businessKnowledgeModel",
        "decisionService",
        "import",
        "itemDefinition",
        "knowledgeSource",
        "textAnnotation",
        "association",
        "group",
        "DMNDI",
        "extensionElements",
        "description",
        "performanceIndicator",
        "organizationUnit",
        "elementCollection",
    )
)
_PARTS_OF_A_DECISION = frozenset(
    (
        "description",
        "extensionElements",
        "question",
        "allowedAnswers",
        "variable",
        "informationRequirement",
        "knowledgeRequirement",
        "authorityRequirement",
        "supportedObjective",
        "impactedPerformanceIndicator",
        "decisionMaker",
        "decisionOwner",
        "usingProcess",
        "usingTask",
    )
)
_ELEMENTS = ("decision", "inputData", "businessKnowledgeModel", "decisionService")
_DEEPEST_IMPORT = 8


def parse_decisions(
    xml: bytes, path: str, *, functions: Iterable[feel.Function] = feel.NO_FUNCTIONS
) -> dict[str, Decision]:
    """All decisions of a DMN file (1.2 to 1.5) by id.

    `path` is only used in messages. Raises `InvalidModel` whose findings name the decision, the
    rule by its number and the column by its label, with FEEL's own message for a wrong cell.
    """
    return dict(parse_library(xml, path, functions=functions).decisions)


def parse_library(
    xml: bytes,
    path: str,
    *,
    functions: Iterable[feel.Function] = feel.NO_FUNCTIONS,
    others: Mapping[str, bytes] | None = None,
    strict: bool = True,
) -> Library:
    """All that a DMN file defines; `others` are the files that it may import, by name.

    Raises `InvalidModel` as `parse_decisions`. If it is not to be `strict`, only what is no DMN at
    all is refused: everything else is among the library's findings, values of a wrong type are
    null as the standard has it, and a decision with a wrong cell raises when it is evaluated.
    """
    return _Source(dict(others or {}), tuple(functions), strict).library(xml, path)


class _Source:
    """Reads a file and those that it imports, each once."""

    def __init__(
        self, others: dict[str, bytes], functions: tuple[feel.Function, ...], strict: bool
    ) -> None:
        self._others = others
        self._functions = functions
        self._strict = strict
        self._read: dict[str, _Reader] = {}
        self._depth = 0

    def library(self, xml: bytes, path: str) -> Library:
        reader = self._reader(xml, path)
        findings = reader.findings.all
        if findings and self._strict:
            raise InvalidModel(findings)
        return Library(reader.decisions, reader.knowledge, reader.services, tuple(findings))

    def _reader(self, xml: bytes, path: str) -> _Reader:
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
        imported: dict[str, _Reader] = {}
        self._depth += 1
        for element in root.iterfind("{*}import"):
            found = self._import(element)
            if found is None:
                findings.add(
                    element,
                    "dmn-import",
                    f'The file imports "{element.get("name")}" ({element.get("namespace")}), '
                    "which is not beside it. Put the file there, or remove the import.",
                )
            else:
                imported[" ".join((element.get("name") or "").split())] = found
        self._depth -= 1
        reader = _Reader(root, findings, self._functions, imported, self._strict)
        reader.read()
        return reader

    def _import(self, element: etree._Element) -> _Reader | None:
        namespace = element.get("namespace") or ""
        if namespace in self._read:
            return self._read[namespace]
        for name, content in self._others.items():
            if self._depth <= _DEEPEST_IMPORT and namespace.encode() in content:
                root = parse_xml(content, name)
                if root.get("namespace") == namespace:
                    self._read[namespace] = self._reader(content, name)
                    return self._read[namespace]
        return None


class _Reader:
    def __init__(
        self,
        root: etree._Element,
        findings: Findings,
        functions: tuple[feel.Function, ...],
        imported: dict[str, _Reader],
        strict: bool,
    ) -> None:
        self.findings = findings
        self.imported = imported
        self.namespace = root.get("namespace") or ""
        self.decisions: dict[str, Decision] = {}
        self.knowledge: dict[str, Knowledge] = {}
        self.services: dict[str, DecisionService] = {}
        self.inputs: dict[str, InputData] = {}
        self.items = ItemTypes(
            root, findings, {name: one.items for name, one in imported.items()}, strict
        )
        self._root = root
        self._functions = functions
        self._strict = strict
        self._elements: dict[str, etree._Element] = {}
        self._results: dict[str, etree._Element] = {}

    def find(self, identifier: str) -> Any:
        """What was read under an id, or None."""
        for known in (self.decisions, self.knowledge, self.services, self.inputs):
            if identifier in known:
                return known[identifier]
        return None

    def read(self) -> None:
        for child in self._root:
            self._note(child)
        decisions = self._all("decision")
        services = self._all("decisionService")
        knowledge = self._all("businessKnowledgeModel")
        if not decisions and not services and not knowledge and not self._all("inputData"):
            self.findings.add(self._root, "dmn-empty", "The file has no decision.")
        self._results = {_variable(element): element for element in decisions}
        names = {
            _variable(element)
            for element in self._root
            if isinstance(element.tag, str) and local_name(element) in _ELEMENTS
        }
        names |= self.items.entry_names | set(self.imported)
        for imported in self.imported.values():
            names |= {_variable(element) for element in imported._elements.values()}
        logic = LogicReader(
            self.findings,
            self.items,
            sorted(names),
            self._functions,
            self._root.get("expressionLanguage"),
            self._strict,
        )
        for element in self._all("inputData"):
            kind = self._declared_type(element, logic, f'Input "{_variable(element)}"')
            self.inputs[element.get("id", "")] = InputData(_variable(element), kind)
        for element in knowledge:
            self._read_knowledge(element, logic)
        for element in self._sorted(decisions + services):
            if local_name(element) == "decision":
                self._read_decision(element, logic)
            else:
                self._read_service(element, logic)
        for element in knowledge:
            known = self.knowledge[element.get("id", "")]
            known.needs.extend(self._needs(element, known.title))
            _check_calls(known, self.findings, element)

    def _note(self, child: Any) -> None:
        name = local_name(child)
        if name not in _KNOWN:
            self.findings.add(
                child, "dmn-unsupported", f"Elements of kind {name} are not supported here."
            )
        if name not in _ELEMENTS:
            return
        identifier = child.get("id", "")
        if name != "inputData" and not identifier:
            self.findings.add(
                child, "dmn-id", f'The decision "{child.get("name")}" has no id. Give it one.'
            )
        elif identifier in self._elements:
            self.findings.add(child, "dmn-id", f"The id {identifier} is used twice. Rename one.")
        self._elements[identifier] = child

    def _all(self, name: str) -> list[etree._Element]:
        return list(self._root.iterfind(f"{{*}}{name}"))

    def _declared_type(
        self, element: etree._Element, logic: LogicReader, place: str
    ) -> ColumnType:
        variable = element.find("{*}variable")
        name = variable.get("typeRef") if variable is not None else None
        return logic.type(name, element, place) if name else ANY

    # -- what is required -------------------------------------------------------------------

    def _hrefs(self, element: etree._Element) -> list[tuple[etree._Element, str]]:
        paths = ("informationRequirement", "knowledgeRequirement")
        return [
            (target, target.get("href", ""))
            for path in paths
            for target in element.iterfind(f"{{*}}{path}/*")
        ]

    def _sorted(self, elements: list[etree._Element]) -> list[etree._Element]:
        """Decisions and services after what they need; what needs itself is a finding."""
        order: list[etree._Element] = []
        state: dict[str, str] = {}
        pending = [(element, False) for element in reversed(elements)]
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
                    if state.get(required.get("id", "")) == "open":
                        self.findings.add(
                            element,
                            "dmn-cycle",
                            f'{_title(element)} requires "{required.get("name")}", which in turn '
                            "requires it. Remove one of the requirements.",
                        )
                    else:
                        pending.append((required, False))
        return order

    def _required(self, element: etree._Element) -> list[etree._Element]:
        """Decisions and services of this file that an element requires or is made of."""
        hrefs = [href for _, href in self._hrefs(element)]
        if local_name(element) == "decisionService":
            hrefs = [part.get("href", "") for part in element if part.get("href")]
        found = [self._elements.get(self._local(href)) for href in hrefs]
        return [
            one
            for one in found
            if one is not None and local_name(one) in ("decision", "decisionService")
        ]

    def _local(self, href: str) -> str:
        """The id that a reference means in this file, empty if it means another file."""
        namespace, _, identifier = href.rpartition("#")
        return identifier if namespace in ("", self.namespace) else ""

    def _needs(self, element: etree._Element, title: str) -> list[Need]:
        needs = []
        for target, href in self._hrefs(element):
            need = self._need(href)
            if need is not None:
                needs.append(need)
            elif self._local(href) not in self._elements:
                self.findings.add(
                    target,
                    "dmn-requirement",
                    f"{title} requires {href}, which is not in this file.",
                )
        return needs

    def _need(self, href: str) -> Need | None:
        found = self.find(self._local(href))
        if found is not None:
            return Need("", found)
        namespace, _, identifier = href.rpartition("#")
        for prefix, imported in self.imported.items():
            if imported.namespace == namespace:
                found = imported.find(identifier)
                return None if found is None else Need(prefix, found)
        return None

    # -- elements ---------------------------------------------------------------------------

    def _read_decision(self, element: etree._Element, logic: LogicReader) -> None:
        title = _title(element)
        for child in element:
            name = local_name(child)
            if name not in _PARTS_OF_A_DECISION and name not in _LOGIC:
                self.findings.add(
                    child,
                    "dmn-unsupported",
                    f"{title}: Elements of kind {name} are not supported. "
                    "Use a decision table or an expression.",
                )
                return
        kind = self._declared_type(element, logic, title)
        content = logic.only(element, title, _variable(element), kind)
        self._check_requirements(element, title, content)
        self.decisions[element.get("id", "")] = Decision(
            element.get("id", ""),
            element.get("name") or element.get("id") or "",
            _variable(element),
            content,
            tuple(self._needs(element, title)),
            kind,
        )

    def _read_knowledge(self, element: etree._Element, logic: LogicReader) -> None:
        title = f'Business knowledge model "{element.get("name")}"'
        function = element.find("{*}encapsulatedLogic")
        if function is None:
            self.findings.add(element, "dmn-logic", f"{title} has no logic. Give it some.")
            parameters, body = (), logic.only(None, title, "")
        else:
            parameters, body = logic.function(function, title, _variable(element))
        kind = self._declared_type(element, logic, title)
        if kind.kind == "function" and kind.type.parts:
            kind = ANY
        self.knowledge[element.get("id", "")] = Knowledge(
            title, _variable(element), parameters, body, kind
        )

    def _read_service(self, element: etree._Element, logic: LogicReader) -> None:
        title = f'Decision service "{element.get("name")}"'
        outputs: list[Decision] = []
        parameters: list[Need] = []
        for part in element:
            name = local_name(part)
            if name not in ("outputDecision", "inputDecision", "inputData"):
                continue
            need = self._need(part.get("href", ""))
            if need is None or not isinstance(need.element, Decision | InputData):
                self.findings.add(
                    part, "dmn-requirement", f"{title} names {part.get('href')}, which is not there."
                )
            elif name == "outputDecision" and isinstance(need.element, Decision):
                outputs.append(need.element)
            else:
                parameters.append(need)
        # The standard has inputs before decisions, whatever their order in the file (10.3.2.13.3).
        parameters.sort(key=lambda need: isinstance(need.element, Decision))
        kind = self._declared_type(element, logic, title)
        if kind.kind == "function":
            kind = ANY
        self.services[element.get("id", "")] = DecisionService(
            title, _variable(element), tuple(outputs), tuple(parameters), kind
        )

    def _check_requirements(
        self, element: etree._Element, title: str, logic: Logic
    ) -> None:
        """What is read of another decision must be required, or nobody would work it out."""
        required = self._required(element)
        for name in sorted(logic.variables):
            other = self._results.get(name)
            if other is not None and other is not element and other not in required:
                self.findings.add(
                    element,
                    "dmn-requirement",
                    f'{title} reads "{name}", the result of the decision "{other.get("name")}", '
                    "without requiring it. Draw an information requirement between them.",
                )


_LOGIC = frozenset(
    (
        "decisionTable",
        "literalExpression",
        "context",
        "invocation",
        "functionDefinition",
        "list",
        "relation",
        "conditional",
        "for",
        "some",
        "every",
        "filter",
    )
)


def _check_calls(known: Knowledge, findings: Findings, element: etree._Element) -> None:
    """A business knowledge model sees only its parameters and what it requires."""
    seen = {name for name, _ in known.parameters}
    seen |= {need.prefix or need.element.variable for need in known.needs}
    for name in sorted(known.body.variables - seen):
        findings.add(
            element,
            "dmn-requirement",
            f'{known.title} reads "{name}", which is none of its parameters and nothing that it '
            "requires. Make it a parameter.",
        )


def _title(element: etree._Element) -> str:
    return f'Decision "{element.get("name") or element.get("id")}"'


def _variable(element: etree._Element) -> str:
    """The name under which FEEL knows the result of a decision, or an input."""
    declared: Any = element.find("{*}variable")
    name = declared.get("name") if declared is not None else None
    return " ".join((name or element.get("name") or element.get("id") or "").split())
