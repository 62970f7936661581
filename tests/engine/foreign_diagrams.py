"""Diagrams in the manner of other modelling tools, each with what is to be said of it.

`foreign_tools.toml` says how the files of each tool look, `foreign_contents` what is drawn in them.
All of it was written for these tests; nothing came out of the tools themselves.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from lxml import etree

from tests.engine.foreign_contents import Content, Node, Pool

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True)
class Tool:
    """The manner of one tool.

    `ids` is a pattern with `{key}`, the counted `{n}`, or `{a}`, `{b}` and `{c}`, hexadecimal
    digits by the key. With `qualified` references to elements carry that prefix, which stands for
    the `target` namespace. `extension` is what stands in the extension elements of each of
    `places`, in the namespace `vendor`, a prefix and a URI; `marks` are attributes of it by the
    kind of element, or “*”. `drawing` has the words labels, none, several, negative and first.
    """

    name: str
    prefix: str = ""
    target: str = "http://www.omg.org/spec/BPMN/20100524"
    about: Mapping[str, str] = field(default_factory=dict)
    ids: str = "{key}_{n}"
    encoding: str = "utf-8"
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>\n'
    executable: str | None = None
    vendor: tuple[str, str] | None = None
    extension: str = ""
    places: str = "task"
    marks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    condition: str = "{0}"
    typed: bool = True
    script: tuple[str, str] = ("", "")
    drawing: str = "labels"
    di: tuple[str, str, str] = ("bpmndi", "dc", "di")
    qualified: str = ""
    before: str = ""
    inside: str = ""
    after: str = ""
    indent: bool = True
    crlf: bool = False


def tools() -> tuple[Tool, ...]:
    data = Path(__file__).with_name("foreign_tools.toml").read_text(encoding="utf-8")
    return tuple(Tool(**each) for each in tomllib.loads(data)["tools"])


@dataclass(frozen=True)
class Drawn:
    """A file, how many executable processes it has, and by the id of each of their elements that is
    not run a part of what is to be said of it."""

    file: bytes
    told: Mapping[str, str]
    processes: int


def drawn(tool: Tool, content: Content) -> Drawn:
    return _Pen(tool).draw(content)


class _Pen:
    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.ids: dict[str, str] = {}
        self.told: dict[str, str] = {}
        self.shapes: list[tuple[str, str]] = []
        self.edges: list[str] = []
        bpmndi, dc, di = tool.di
        names = {tool.prefix or None: BPMN, bpmndi: BPMNDI, dc: DC, di: DI, "xsi": XSI}
        self.target = tool.target.format(a=self._hex("target", 12))
        if tool.vendor:
            names[tool.vendor[0]] = tool.vendor[1]
        if tool.qualified:
            names[tool.qualified] = self.target
        self.root = etree.Element(f"{{{BPMN}}}definitions", nsmap=names)

    def draw(self, content: Content) -> Drawn:
        tool, root = self.tool, self.root
        root.set("targetNamespace", self.target)
        for key, value in tool.about.items():
            root.set(key, value)
        self._extend(root, "definitions")
        if tool.inside:
            root.append(etree.Comment(tool.inside))
        for kind in content.beside:
            node = self._add(root, kind, kind, {"name": f"{kind} 1"})
            if kind in ("choreography", "conversation"):
                self._add(node, "participant", f"{kind}_who", {"name": "Wer"})
        together = None
        if len(content.pools) > 1:
            together = self._add(root, "collaboration", "collaboration", {})
        for pool in content.pools:
            refers = {"processRef": self._ref(f"p {pool.name}")} if pool.nodes else {}
            if together is not None:
                self._add(together, "participant", pool.name, {"name": pool.name} | refers)
                self.shapes.append((pool.name, "pool"))
            if pool.nodes:
                self._process(pool)
        if together is not None:
            for source, target in _arrows(content.messages):
                ends = {"sourceRef": self._ref(source), "targetRef": self._ref(target)}
                self._add(together, "messageFlow", f"{source} … {target}", ends)
                self.edges.append(f"{source} … {target}")
        if "none" not in tool.drawing.split():
            self._picture()
        if self.tool.executable != "true":
            return Drawn(self._written(), {}, 0)
        return Drawn(self._written(), self.told, sum(1 for pool in content.pools if pool.nodes))

    def _process(self, pool: Pool) -> None:
        process = self._add(self.root, "process", f"p {pool.name}", {"name": pool.name})
        if self.tool.executable is not None:
            process.set("isExecutable", self.tool.executable)
        self._extend(process, "process")
        sets: dict[str, etree._Element] = {}
        for path, keys in pool.lanes.items():
            *above, _ = path.split("/")
            within = process
            for name in above:
                if name not in sets:
                    lanes = self._add(within, "laneSet", f"set {name}", {})
                    sets[name] = self._add(lanes, "lane", name, {"name": name})
                within = sets[name]
            kind = "childLaneSet" if above else "laneSet"
            lanes = within.find(f"{{{BPMN}}}{kind}")
            if lanes is None:
                lanes = self._add(within, kind, f"set of {path}", {})
            lane = self._add(lanes, "lane", f"lane {path}", {"name": path.split("/")[-1]})
            self._extend(lane, "lane")
            for key in keys.split():
                etree.SubElement(lane, f"{{{BPMN}}}flowNodeRef").text = self._id(key)
        self._inside(process, pool.nodes, pool.flows)

    def _inside(self, scope: etree._Element, nodes: tuple[Node, ...], flows: str) -> None:
        for node in nodes:
            self._node(scope, node, flows)
        for source, target in _arrows(flows):
            target, _, condition = target.partition("|")
            source, target = source.split("|")[0].strip(), target.strip()
            key = f"{source}_{target}"
            ends = {"sourceRef": self._id(source), "targetRef": self._id(target)}
            flow = self._add(scope, "sequenceFlow", key, ends)
            self._extend(flow, "flow")
            if condition:
                self._expression(flow, "conditionExpression", condition.strip())
            self.edges.append(key)

    def _node(self, scope: etree._Element, node: Node, flows: str) -> None:
        attributes = {"name": node.name} if node.name else {}
        attributes |= node.attributes
        if "on" in attributes:
            attributes["attachedToRef"] = self._ref(attributes.pop("on"))
        if "default" in attributes:
            attributes["default"] = self._id("which_end")
        made = self._add(scope, node.kind, node.key, attributes)
        if node.told:
            self.told[self._id(node.key)] = node.told
        if node.kind == "textAnnotation":
            etree.SubElement(made, f"{{{BPMN}}}text").text = node.name
            del made.attrib["name"]
        else:
            if self.tool.inside:
                made.append(etree.Comment(f" {node.key} "))
            told = etree.SubElement(made, f"{{{BPMN}}}documentation")
            told.text = f"Über {node.key}:\n  <p>1 &amp; 2</p>"
            self._extend(made, _place(node.kind))
        for direction, end in (("incoming", 1), ("outgoing", 0)):
            for ends in _arrows(flows):
                ends = tuple(each.split("|")[0].strip() for each in ends)
                if ends[end] == node.key:
                    ref = etree.SubElement(made, f"{{{BPMN}}}{direction}")
                    ref.text = self._ref("_".join(ends))
        for kind in node.event.split():
            event = self._add(made, f"{kind}EventDefinition", f"{node.key} {kind}", {})
            if kind == "timer":
                self._expression(event, "timeDuration", 'duration("P3D")')
            elif kind in ("message", "signal", "error"):
                event.set(f"{kind}Ref", self._ref(kind))
        if node.marker:
            etree.SubElement(made, f"{{{BPMN}}}{node.marker}")
        if node.kind == "scriptTask":
            language, source = self.tool.script
            made.attrib.update({"scriptFormat": language} if language else {})
            self._text(etree.SubElement(made, f"{{{BPMN}}}script"), source)
        self.shapes.append((node.key, node.kind))
        self._inside(made, node.inside, node.flows)

    def _expression(self, within: etree._Element, kind: str, source: str) -> None:
        expression = etree.SubElement(within, f"{{{BPMN}}}{kind}")
        if self.tool.typed:
            prefix = f"{self.tool.prefix}:" if self.tool.prefix else ""
            expression.set(f"{{{XSI}}}type", f"{prefix}tFormalExpression")
        wrapped = kind == "conditionExpression"
        self._text(expression, self.tool.condition.replace("{0}", source) if wrapped else source)

    @staticmethod
    def _text(node: etree._Element, text: str) -> None:
        plain = text.removeprefix("<![CDATA[").removesuffix("]]>")
        node.text = plain if plain == text else etree.CDATA(plain)

    def _add(
        self, within: etree._Element, kind: str, key: str, attributes: Mapping[str, str]
    ) -> etree._Element:
        made = etree.SubElement(within, f"{{{BPMN}}}{kind}", id=self._id(key))
        made.attrib.update(attributes)
        self._mark(made, kind)
        return made

    def _mark(self, node: etree._Element, kind: str) -> None:
        general = self.tool.marks.get("*", {}) if _place(kind) == "task" else {}
        for name, value in (general | self.tool.marks.get(kind, {})).items():
            assert self.tool.vendor
            node.set(f"{{{self.tool.vendor[1]}}}{name}", value)

    def _extend(self, node: etree._Element, place: str) -> None:
        if not self.tool.extension or place not in self.tool.places.split():
            return
        assert self.tool.vendor
        prefix, uri = self.tool.vendor
        source = f"<x xmlns:{prefix}='{uri}' xmlns:xsi='{XSI}'>{self.tool.extension}</x>"
        around = BPMNDI if place == "shape" else BPMN
        around = f"{{{DI}}}extension" if place == "shape" else f"{{{BPMN}}}extensionElements"
        parser = etree.XMLParser(strip_cdata=False)
        etree.SubElement(node, around).extend(list(etree.fromstring(source, parser)))

    def _picture(self) -> None:
        drawing = self.tool.drawing.split()
        parts = ("Übersicht", "Detail") if "several" in drawing else ("",)
        corner = -1200.5 if "negative" in drawing else 80
        for part in parts:
            page = etree.Element(f"{{{BPMNDI}}}BPMNDiagram", name=part, resolution="96.00000267")
            plane = etree.SubElement(page, f"{{{BPMNDI}}}BPMNPlane", id=self._id(f"plane {part}"))
            for number, (key, kind) in enumerate(self.shapes):
                shape = self._shown(plane, "BPMNShape", key, part)
                if kind == "pool":
                    shape.set("isHorizontal", "true")
                elif kind == "subProcess":
                    shape.set("isExpanded", "false" if part or key == "inner" else "true")
                self._mark(shape, "shape")
                self._extend(shape, "shape")
                self._bounds(shape, corner + 150 * number, corner / 3)
                if "labels" in drawing:
                    label = etree.SubElement(shape, f"{{{BPMNDI}}}BPMNLabel")
                    self._bounds(label, corner + 150 * number, 2.5e-7)
            for key in self.edges:
                edge = self._shown(plane, "BPMNEdge", key, part)
                self._mark(edge, "flow")
                for x in (corner, 1e3):
                    etree.SubElement(edge, f"{{{DI}}}waypoint", x=str(x), y="0")
            if "first" in drawing:
                self.root.insert(0, page)
            else:
                self.root.append(page)

    def _shown(self, plane: etree._Element, kind: str, key: str, part: str) -> etree._Element:
        shape = etree.SubElement(plane, f"{{{BPMNDI}}}{kind}", id=self._id(f"{key} {part} shown"))
        shape.set("bpmnElement", self._ref(key))
        return shape

    @staticmethod
    def _bounds(within: etree._Element, x: float, y: float) -> None:
        etree.SubElement(
            within, f"{{{DC}}}Bounds", x=f"{x:g}", y=f"{y:.2f}", width="100.0", height="80"
        )

    def _written(self) -> bytes:
        tool = self.tool
        if tool.indent:
            etree.indent(self.root, "\t" if tool.crlf else "  ")
        body = etree.tostring(self.root, encoding="unicode")
        text = f"{tool.declaration}{tool.before}{body}{tool.after and chr(10) + tool.after}"
        if tool.crlf:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        return text.encode(tool.encoding, "xmlcharrefreplace")

    def _id(self, key: str) -> str:
        if key not in self.ids:
            a, b, c = (self._hex(key + part, size) for part, size in (("a", 8), ("b", 4), ("c", 4)))
            word = "".join(char if char.isalnum() else "_" for char in key)
            made = self.tool.ids.format(key=word, n=len(self.ids) + 1, a=a, b=b, c=c)
            self.ids[key] = made
        return self.ids[key]

    def _ref(self, key: str) -> str:
        prefix = f"{self.tool.qualified}:" if self.tool.qualified else ""
        return prefix + self._id(key)

    def _hex(self, key: str, size: int) -> str:
        return hashlib.sha256(f"{self.tool.name} {key}".encode()).hexdigest()[:size]


def _arrows(lines: str) -> Iterator[tuple[str, ...]]:
    for line in lines.split(";"):
        yield from pairwise(part.strip() for part in line.split(">") if part.strip())


def _place(kind: str) -> str:
    for word in ("Gateway", "Event", "data"):
        if word in kind:
            return word.lower()
    return "task" if kind.endswith(("Task", "task", "Process", "callActivity")) else ""
