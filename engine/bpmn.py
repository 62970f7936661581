"""Reading BPMN 2.0 files: what the engine runs of them, and a finding for all else.

The reader keeps element ids, which are unique in a file, as the only names. Roles come from the
lanes by element id, also for elements inside a sub-process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from engine.diagrams import EVENTS, FLOW_NODES, Element, EventDefinition, Flow, Process
from engine.errors import Finding, InvalidModel
from engine.xml import parse_xml

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"

_IGNORED = frozenset(
    {
        "documentation",
        "extensionElements",
        "incoming",
        "outgoing",
        "laneSet",
        "sequenceFlow",
        "association",
        "textAnnotation",
        "group",
        "dataObject",
        "dataObjectReference",
        "dataStoreReference",
        "category",
        # Told of the activity that has them.
        "standardLoopCharacteristics",
        "multiInstanceLoopCharacteristics",
    }
)
_REFUSED = {
    "scriptTask": "scripts in a diagram are never run. Use a service task with a handler, "
    "or a business rule task with a decision",
    "manualTask": "use a user task with a form, so that what was done is recorded",
    "sendTask": "use a service task with the handler “notify”, or a message throw event",
    "receiveTask": "use an intermediate message catch event",
    "task": "say what kind of task it is: user task, service task or business rule task",
    "complexGateway": "draw it with exclusive, parallel or inclusive gateways",
    "transaction": "use a sub-process with boundary events",
    "adHocSubProcess": "draw the order of its steps in an ordinary sub-process",
    "choreographyTask": "choreographies are pictures only; draw a process",
    "callChoreography": "choreographies are pictures only; draw a process",
}
_EVENT_DEFINITIONS = {
    "startEvent": frozenset[str](),
    "endEvent": frozenset({"terminate", "error", "escalation", "message"}),
    "intermediateCatchEvent": frozenset({"timer", "message"}),
    "intermediateThrowEvent": frozenset({"message", "escalation"}),
    "boundaryEvent": frozenset({"timer", "message", "error", "escalation"}),
}
_PROPERTIES = frozenset({"clause", "form", "due", "tray", "assignee", "returns"})


def read_diagram(content: bytes, path: str) -> tuple[list[Process], list[Finding]]:
    """Read every executable process of a BPMN file.

    Returns the processes that could be read and what is wrong with the file. Raises
    `InvalidModel` where the file is not a BPMN diagram at all, or unsafe to read.
    """
    root = parse_xml(content, path)
    if root.tag != f"{{{BPMN}}}definitions":
        raise InvalidModel(
            [
                Finding(
                    "error",
                    "not-bpmn",
                    "This is not a BPMN 2.0 diagram: its outermost element is "
                    f"“{etree.QName(root).localname}”. Export it as BPMN 2.0 XML.",
                    path,
                )
            ]
        )
    reader = _Reader(root, path)
    processes = [
        reader.process(node)
        for node in root.iterchildren(f"{{{BPMN}}}process")
        if node.get("isExecutable", "false") == "true"
    ]
    if not processes:
        reader.complain(
            "no-process",
            "The file has no executable process. Mark the process as executable.",
            root,
        )
    return processes, reader.findings


class _Reader:
    def __init__(self, root: etree._Element, path: str) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self.declared = {
            node.get("id", ""): node
            for tag in ("message", "error", "escalation", "signal")
            for node in root.iterchildren(f"{{{BPMN}}}{tag}")
        }
        self.ids: set[str] = set()

    def complain(
        self, code: str, message: str, node: etree._Element, severity: str = "error"
    ) -> None:
        self.findings.append(
            Finding(severity, code, message, self.path, node.get("id"), _line(node))
        )

    def process(self, node: etree._Element) -> Process:
        process_id = node.get("id", "")
        elements: dict[str, Element] = {}
        flows: dict[str, Flow] = {}
        lanes: dict[str, str] = {}
        names: list[str] = []
        for lane in node.iter(f"{{{BPMN}}}lane"):
            name = " ".join((lane.get("name") or "").split())
            names.append(name)
            for ref in lane.iterchildren(f"{{{BPMN}}}flowNodeRef"):
                lanes[(ref.text or "").strip()] = name
        for element in self._scope(node, process_id, lanes, None):
            elements[element.id] = element
        for flow in self._flows(node, elements):
            flows[flow.id] = flow
        outgoing: dict[str, list[Flow]] = {}
        incoming: dict[str, list[Flow]] = {}
        for flow in flows.values():
            outgoing.setdefault(flow.source, []).append(flow)
            incoming.setdefault(flow.target, []).append(flow)
        boundary: dict[str, list[Element]] = {}
        for element in elements.values():
            if element.attached_to:
                boundary.setdefault(element.attached_to, []).append(element)
        return Process(
            process_id,
            node.get("name") or process_id,
            self.path,
            elements,
            flows,
            {key: tuple(value) for key, value in outgoing.items()},
            {key: tuple(value) for key, value in incoming.items()},
            {key: tuple(value) for key, value in boundary.items()},
            tuple(names),
        )

    def _scope(
        self,
        node: etree._Element,
        scope: str,
        lanes: Mapping[str, str],
        inherited: str | None,
    ) -> Iterator[Element]:
        for child in node.iterchildren(f"{{{BPMN}}}*"):
            kind = etree.QName(child).localname
            if kind in _IGNORED:
                continue
            element_id = child.get("id")
            if kind in _REFUSED:
                self.complain(
                    "unsupported-element",
                    f"{self._who(child)}: a {_words(kind)} is not run by this service: "
                    f"{_REFUSED[kind]}.",
                    child,
                )
                continue
            if kind not in FLOW_NODES:
                self.complain(
                    "unsupported-element",
                    f"{self._who(child)}: “{_words(kind)}” is not supported in a process. "
                    "Remove it, or draw it with tasks, gateways and events.",
                    child,
                )
                continue
            if not element_id:
                self.complain(
                    "no-id", f"A {_words(kind)} has no id. Save it in a BPMN editor.", child
                )
                continue
            if element_id in self.ids:
                self.complain(
                    "duplicate-id", f"Two elements share the id “{element_id}”. Rename one.", child
                )
                continue
            self.ids.add(element_id)
            lane = lanes.get(element_id, inherited)
            yield self._element(child, kind, element_id, scope, lane)
            if kind == "subProcess":
                yield from self._scope(child, element_id, lanes, lane)

    def _element(
        self, node: etree._Element, kind: str, element_id: str, scope: str, lane: str | None
    ) -> Element:
        for marker in ("standardLoopCharacteristics", "multiInstanceLoopCharacteristics"):
            if node.find(f"{{{BPMN}}}{marker}") is not None:
                self.complain(
                    "unsupported-element",
                    f"{self._who(node)}: loop and multi-instance markers are not run. Draw the "
                    "repetition with gateways.",
                    node,
                )
        if node.get("triggeredByEvent") == "true":
            self.complain(
                "unsupported-element",
                f"{self._who(node)}: event sub-processes are not run. Use a boundary event on a "
                "sub-process instead.",
                node,
            )
        if node.get("isForCompensation") == "true":
            self.complain(
                "unsupported-element",
                f"{self._who(node)}: compensation is not run. Draw the steps that undo the work.",
                node,
            )
        properties = self._properties(node)
        operator = (
            node.find(f".//{{{SPIFF}}}serviceTaskOperator") if kind == "serviceTask" else None
        )
        decision = (
            node.find(f".//{{{SPIFF}}}calledDecisionId") if kind == "businessRuleTask" else None
        )
        return Element(
            id=element_id,
            kind=kind,
            name=node.get("name") or "",
            scope=scope,
            line=_line(node),
            documentation="\n\n".join(
                "\n".join(line.strip() for line in (doc.text or "").strip().splitlines())
                for doc in node.iterchildren(f"{{{BPMN}}}documentation")
            ),
            clauses=tuple(properties.get("clause", "").split()),
            lane=lane,
            form=properties.get("form"),
            due=properties.get("due"),
            tray=properties.get("tray"),
            assignee=properties.get("assignee"),
            returns=tuple(
                name.strip() for name in properties.get("returns", "").split(",") if name.strip()
            ),
            handler=None if operator is None else operator.get("id"),
            parameters={}
            if operator is None
            else {
                parameter.get("id", ""): parameter.get("value", "")
                for parameter in operator.iter(f"{{{SPIFF}}}parameter")
            },
            decision=None if decision is None else (decision.text or "").strip(),
            called=_referred(node, "calledElement"),
            event=self._event(node, kind) if kind in EVENTS else None,
            attached_to=_referred(node, "attachedToRef"),
            interrupting=node.get("cancelActivity", "true") == "true",
            default=node.get("default"),
        )

    def _properties(self, node: etree._Element) -> dict[str, str]:
        found: dict[str, str] = {}
        extensions = node.find(f"{{{BPMN}}}extensionElements")
        if extensions is None:
            return found
        for item in extensions.iterchildren(f"{{{SPIFF}}}properties"):
            for prop in item.iterchildren(f"{{{SPIFF}}}property"):
                name, value = prop.get("name", ""), prop.get("value", "").strip()
                if name not in _PROPERTIES:
                    self.complain(
                        "unknown-property",
                        f"{self._who(node)}: “{name}” is not a property the service knows; it "
                        f"would be ignored. Known are: {', '.join(sorted(_PROPERTIES))}.",
                        node,
                        "warning",
                    )
                elif value:
                    found[name] = value
        for script in ("preScript", "postScript", "scriptsOnInstances"):
            if extensions.find(f"{{{SPIFF}}}{script}") is not None:
                self.complain(
                    "unsupported-element",
                    f"{self._who(node)}: scripts in a diagram are never run. Remove the {script}, "
                    "or move what it does to a handler or a decision.",
                    node,
                )
        return found

    def _event(self, node: etree._Element, kind: str) -> EventDefinition | None:
        definitions = [
            child
            for child in node.iterchildren(f"{{{BPMN}}}*")
            if etree.QName(child).localname.endswith("EventDefinition")
        ]
        if not definitions:
            if kind in ("boundaryEvent", "intermediateCatchEvent"):
                self.complain(
                    "event-without-trigger",
                    f"{self._who(node)} does not say what it waits for. Make it a message, timer, "
                    "error or escalation event.",
                    node,
                )
            return None
        definition = definitions[0]
        name = etree.QName(definition).localname.removesuffix("EventDefinition")
        if len(definitions) > 1 or name not in _EVENT_DEFINITIONS[kind]:
            allowed = sorted(_EVENT_DEFINITIONS[kind])
            self.complain(
                "unsupported-event",
                f"{self._who(node)}: a {_words(kind)} with "
                + ("several triggers" if len(definitions) > 1 else f"“{name}”")
                + " is not run by this service. "
                + (
                    f"It may be one of: {', '.join(allowed)}."
                    if allowed
                    else "It has to be a plain one."
                ),
                node,
            )
            return None
        if name == "timer":
            return self._timer(node, definition)
        if name == "terminate":
            return EventDefinition("terminate")
        declared = self.declared.get(_referred(definition, f"{name}Ref") or "")
        value = ""
        if declared is not None:
            value = declared.get(f"{name}Code") or declared.get("name") or ""
        if not value:
            self.complain(
                "event-without-name",
                f"{self._who(node)} does not say which {name} it means. Choose or add one in the "
                "properties.",
                node,
            )
        self._note_payload(node, value, declared)
        return EventDefinition(name, value)

    def _note_payload(
        self, node: etree._Element, name: str, declared: etree._Element | None
    ) -> None:
        """Say that what SpiffWorkflow would send along with a message, or take from it, is not."""
        for part in ("messagePayload", "messageVariable"):
            if declared is not None and declared.find(f".//{{{SPIFF}}}{part}") is not None:
                self.complain(
                    "unknown-property",
                    f"{self._who(node)}: the {part} of the message “{name}” would be ignored. The "
                    "processes of a case know each other's messages by their names; what a person "
                    "sends with one are the answers to its form.",
                    node,
                    "warning",
                )

    def _timer(self, node: etree._Element, definition: etree._Element) -> EventDefinition | None:
        for tag, timer in (
            ("timeDuration", "duration"),
            ("timeDate", "date"),
            ("timeCycle", "cycle"),
        ):
            found = definition.find(f"{{{BPMN}}}{tag}")
            if found is not None and (found.text or "").strip():
                return EventDefinition("timer", (found.text or "").strip(), timer)
        self.complain(
            "timer-without-time",
            f"{self._who(node)} has no time. Give a duration, a date or a cycle, for example "
            'duration("P3M") or timescale("2Q").',
            node,
        )
        return None

    def _flows(self, node: etree._Element, elements: Mapping[str, Element]) -> Iterator[Flow]:
        for flow in node.iter(f"{{{BPMN}}}sequenceFlow"):
            source, target = flow.get("sourceRef", ""), flow.get("targetRef", "")
            missing = [end for end in (source, target) if end not in elements]
            if missing:
                self.complain(
                    "loose-flow",
                    f"The flow {self._who(flow)} is not connected at "
                    + (" and ".join(f"“{end}”" for end in missing if end) or "one end")
                    + ", or connects something that is not run. Connect both ends.",
                    flow,
                )
                continue
            condition = flow.find(f"{{{BPMN}}}conditionExpression")
            text = None if condition is None else (condition.text or "").strip() or None
            yield Flow(
                flow.get("id", ""), flow.get("name") or "", source, target, text, _line(flow)
            )

    @staticmethod
    def _who(node: etree._Element) -> str:
        name = " ".join((node.get("name") or "").split())
        return f"“{name}”" if name else f"“{node.get('id') or etree.QName(node).localname}”"


def _referred(node: etree._Element, attribute: str) -> str | None:
    """The id in a reference, which may have the prefix of the target namespace before it."""
    value = node.get(attribute)
    return None if value is None else value.rpartition(":")[2]


def _line(node: etree._Element) -> int | None:
    # Typed as open in lxml's stubs; None for elements that were not read from a file.
    line: Any = node.sourceline
    return None if line is None else int(line)


def _words(kind: str) -> str:
    return "".join(f" {char.lower()}" if char.isupper() else char for char in kind)
