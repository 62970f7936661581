"""The elements of one DMN file: decisions, inputs, knowledge, services, and what they require."""

from __future__ import annotations

from typing import Any

from lxml import etree

from engine import feel
from engine.decisions.boxes import LOGIC, LogicReader
from engine.decisions.findings import Findings, local_name, name_of
from engine.decisions.items import ItemTypes
from engine.decisions.logic import Logic
from engine.decisions.model import Decision, DecisionService, InputData, Knowledge, Need
from engine.decisions.types import ANY, ColumnType

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


class FileReader:
    """Reads the elements of one file; `imported` are the readers of those it imports, by name."""

    def __init__(
        self,
        root: etree._Element,
        findings: Findings,
        functions: tuple[feel.Function, ...],
        imported: dict[str, FileReader],
        strict: bool,
    ) -> None:
        self.findings = findings
        self.imported = imported
        self.namespace = root.get("namespace") or ""
        self.decisions: dict[str, Decision] = {}
        self.knowledge: dict[str, Knowledge] = {}
        self.services: dict[str, DecisionService] = {}
        self.inputs: dict[str, InputData] = {}
        self.items: ItemTypes = ItemTypes(
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
            self.inputs[_id(element)] = InputData(_variable(element), kind)
        for element in knowledge:
            self._read_knowledge(element, logic)
        for element in self._sorted(decisions + services):
            if local_name(element) == "decision":
                self._read_decision(element, logic)
            else:
                self._read_service(element, logic)
        for element in knowledge:
            known = self.knowledge.get(_id(element))
            if known is None:
                continue
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
        identifier = _id(child)
        if name != "inputData" and not child.get("id"):
            self.findings.add(
                child, "dmn-id", f'The decision "{child.get("name")}" has no id. Give it one.'
            )
        elif identifier in self._elements:
            self.findings.add(child, "dmn-id", f"The id {identifier} is used twice. Rename one.")
        self._elements[identifier] = child

    def _all(self, name: str) -> list[etree._Element]:
        return list(self._root.iterfind(f"{{*}}{name}"))

    def _declared_type(self, element: etree._Element, logic: LogicReader, place: str) -> ColumnType:
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
            identifier = _id(element)
            if ready:
                state[identifier] = "done"
                order.append(element)
            elif identifier not in state:
                state[identifier] = "open"
                pending.append((element, True))
                for required in self._required(element):
                    if state.get(_id(required)) == "open":
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
            if name not in _PARTS_OF_A_DECISION and name not in LOGIC:
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
        self.decisions[_id(element)] = Decision(
            _id(element),
            element.get("name") or _id(element),
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
            return
        parameters, body = logic.function(function, title, _variable(element))
        kind = self._declared_type(element, logic, title).result
        self.knowledge[_id(element)] = Knowledge(title, _variable(element), parameters, body, kind)

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
                    part,
                    "dmn-requirement",
                    f"{title} names {part.get('href')}, which is not there.",
                )
            elif name == "outputDecision" and isinstance(need.element, Decision):
                outputs.append(need.element)
            else:
                parameters.append(need)
        # The standard has inputs before decisions, whatever their order in the file (10.3.2.13.3).
        parameters.sort(key=lambda need: isinstance(need.element, Decision))
        kind = self._declared_type(element, logic, title).result
        self.services[_id(element)] = DecisionService(
            title, _variable(element), tuple(outputs), tuple(parameters), kind
        )

    def _check_requirements(self, element: etree._Element, title: str, logic: Logic) -> None:
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


def _id(element: etree._Element) -> str:
    """The id, or the name of an element that has none."""
    return element.get("id") or element.get("name") or ""


def _title(element: etree._Element) -> str:
    return f'Decision "{element.get("name") or element.get("id")}"'


def _variable(element: etree._Element) -> str:
    """The name under which FEEL knows the result of a decision, or an input."""
    return name_of(element.find("{*}variable")) or name_of(element) or name_of(element, "id")
