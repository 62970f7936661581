"""What is different between two versions of a file, in words: elements, rules, fields, lines.

Files are compared as they are written, so that also those can be compared that can't run.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from lxml import etree

from engine.bpmn import BPMN, SPIFF
from engine.diagrams import FLOW_NODES
from engine.errors import InvalidModel
from engine.xml import parse_xml

LONGEST_LIST = 200
"""How many differences of one file are told."""

_Told = Mapping[str, str]
_PLAIN = {
    "name": "name",
    "calledElement": "called process",
    "attachedToRef": "attached to",
    "cancelActivity": "interrupting",
    "default": "default flow",
    "sourceRef": "from",
    "targetRef": "to",
}
_KINDS_OF_FIELD = {
    "label": "label",
    "text": "text",
    "description": "hint",
    "type": "kind",
    "key": "key",
}


class _Name(str):
    """The label of something that is meant by its id: whatever it is called, it is the same."""

    id: str

    def __new__(cls, label: str, id: str) -> _Name:
        made = super().__new__(cls, label)
        made.id = id
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Name) and self.id == other.id

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.id)


def changed_files(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> dict[str, str]:
    """The files that differ, by path: added, removed or changed."""
    found = {}
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            found[path] = (
                "added" if path not in before else "removed" if path not in after else "changed"
            )
    return found


def differences(path: str, before: bytes | None, after: bytes | None) -> list[str]:
    """What is different, each in a sentence; empty where only the layout or nothing is."""
    try:
        match PurePosixPath(path).suffix:
            case ".bpmn":
                told = list(_compared(_elements(path, before), _elements(path, after)))
            case ".dmn":
                told = list(_compared(_rules(path, before), _rules(path, after)))
            case ".form":
                told = list(_compared(_fields(before), _fields(after)))
            case _:
                told = list(_lines(before, after))
    except (InvalidModel, ValueError, AttributeError):
        told = list(_lines(before, after))
    if len(told) > LONGEST_LIST:
        left = len(told) - LONGEST_LIST
        told = [*told[:LONGEST_LIST], f"There are {left} more differences."]
    return told


def _compared(before: Mapping[str, _Told], after: Mapping[str, _Told]) -> Iterator[str]:
    """Things by id, each a title under “” and its facts by name."""
    for key, facts in before.items():
        if key not in after:
            yield f"Removed: {facts['']}."
    for key, facts in after.items():
        old = before.get(key)
        if old is None:
            more = "; ".join(f"{name}: {value}" for name, value in facts.items() if name and value)
            yield f"Added: {facts['']}" + (f" ({more})." if more else ".")
            continue
        for name in dict.fromkeys([*facts, *old]):
            was, now = old.get(name, ""), facts.get(name, "")
            if name and was != now:
                yield f"Changed: {facts['']}: {name} was {_shown(was)}, is now {_shown(now)}."


def _shown(value: str) -> str:
    if not value:
        return "empty"
    return f"“{value}”" if len(value) <= 300 else f"“{value[:300]}…”"


def _flat(text: str | None) -> str:
    return " ".join((text or "").split())


# --- diagrams


def _elements(path: str, content: bytes | None) -> dict[str, _Told]:
    if content is None:
        return {}
    root = parse_xml(content, path)
    lanes = {
        _flat(ref.text): _Name(_flat(lane.get("name")), lane.get("id", ""))
        for lane in root.iter(f"{{{BPMN}}}lane")
        for ref in lane.iterchildren(f"{{{BPMN}}}flowNodeRef")
    }
    labels = {
        node.get("id", ""): _flat(node.get("name")) or node.get("id", "")
        for node in root.iter(f"{{{BPMN}}}*")
    }
    found: dict[str, _Told] = {}
    for node in root.iter(f"{{{BPMN}}}*"):
        kind = etree.QName(node).localname
        known = kind in FLOW_NODES or kind.endswith(("Task", "task", "Gateway", "Event"))
        if not known and kind not in ("sequenceFlow", "process", "lane", "textAnnotation"):
            continue
        own = node.get("id", "")
        title = f"{_spelt(kind)} “{labels.get(own, own)}”"
        if kind == "sequenceFlow" and not node.get("name"):
            ends = (labels.get(node.get(end, ""), "") for end in ("sourceRef", "targetRef"))
            title = "Flow from “{}” to “{}”".format(*ends)
        facts = {"": title}
        for attribute, word in _PLAIN.items():
            value = node.get(attribute)
            if value is not None:
                known = value in labels and word != "name"
                facts[word] = _Name(labels[value], value) if known else _flat(value)
        if own in lanes:
            facts["lane"] = lanes[own]
        facts |= _inside(node)
        found[own] = facts
    return found


def _inside(node: etree._Element) -> dict[str, str]:
    facts: dict[str, str] = {}
    for child in node.iterchildren(f"{{{BPMN}}}*"):
        name = etree.QName(child).localname
        if name == "documentation":
            facts["documentation"] = _flat(child.text)
        elif name == "conditionExpression":
            facts["condition"] = _flat(child.text)
        elif name == "text":
            facts["text"] = _flat(child.text)
        elif name.endswith("EventDefinition"):
            facts["event"] = _flat(
                " ".join([_spelt(name), *map(str, (*child.attrib.values(), *child.itertext()))])
            )
        elif name == "extensionElements":
            for prop in child.iter(f"{{{SPIFF}}}property"):
                facts[prop.get("name", "")] = prop.get("value", "")
            for operator in child.iter(f"{{{SPIFF}}}serviceTaskOperator"):
                facts["handler"] = operator.get("id", "")
            for parameter in child.iter(f"{{{SPIFF}}}parameter"):
                facts[f"parameter {parameter.get('id', '')}"] = parameter.get("value", "")
            for decision in child.iter(f"{{{SPIFF}}}calledDecisionId"):
                facts["decision"] = _flat(decision.text)
    return facts


def _spelt(kind: str) -> str:
    return "".join(f" {c.lower()}" if c.isupper() else c for c in kind).strip().capitalize()


# --- decision tables


def _rules(path: str, content: bytes | None) -> dict[str, _Told]:
    if content is None:
        return {}
    root = parse_xml(content, path)
    found: dict[str, _Told] = {}
    for decision in root.iterchildren("{*}decision"):
        name = _flat(decision.get("name")) or decision.get("id", "")
        facts = {"": f"decision “{name}”", "description": _child(decision, "description")}
        table = decision.find("{*}decisionTable")
        if table is None:
            facts["expression"] = _child(decision.find("{*}literalExpression"), "text")
            found[decision.get("id", "")] = facts
            continue
        facts["hit policy"] = table.get("hitPolicy", "UNIQUE")
        found[decision.get("id", "")] = facts
        inputs = [
            _flat(column.get("label")) or _child(column.find("{*}inputExpression"), "text")
            for column in table.findall("{*}input")
        ]
        outputs = [
            _flat(column.get("label")) or column.get("name", "")
            for column in table.findall("{*}output")
        ]
        for column in (*table.findall("{*}input"), *table.findall("{*}output")):
            found[f"{decision.get('id')}/{column.get('id')}"] = {
                "": f"column “{_flat(column.get('label')) or column.get('name', '')}” of “{name}”",
                "expression": _child(column.find("{*}inputExpression"), "text"),
                "values": _child(column.find("{*}inputValues"), "text")
                or _child(column.find("{*}outputValues"), "text"),
                "default": _child(column.find("{*}defaultOutputEntry"), "text"),
            }
        for number, rule in enumerate(table.findall("{*}rule"), 1):
            when = [_child(cell, "text") for cell in rule.findall("{*}inputEntry")]
            then = [_child(cell, "text") for cell in rule.findall("{*}outputEntry")]
            told = ", ".join(
                f"{label} {cell}"
                for label, cell in zip(inputs, when, strict=False)
                if cell not in ("", "-")
            )
            row = {"": f"rule {number} of “{name}”" + (f" ({told})" if told else "")}
            row |= dict(zip(inputs, when, strict=False)) | dict(zip(outputs, then, strict=False))
            row["description"] = _child(rule, "description")
            found[f"{decision.get('id')}/{rule.get('id')}"] = row
    return found


def _child(node: etree._Element | None, name: str) -> str:
    found = None if node is None else node.find(f"{{*}}{name}")
    return "" if found is None else _flat(found.text)


# --- forms


def _fields(content: bytes | None) -> dict[str, _Told]:
    if content is None:
        return {}
    found: dict[str, _Told] = {}

    def walk(components: Any, where: str) -> None:
        for number, item in enumerate(components):
            own = str(item.get("key") or item.get("path") or item.get("id") or number)
            title = _flat(str(item.get("label") or item.get("text") or own))[:100]
            facts = {"": f"field “{title}”"}
            for name, value in item.items():
                if name in ("id", "layout", "components"):
                    continue
                facts[_KINDS_OF_FIELD.get(name, name)] = _told(value)
            found[f"{where}{own}"] = facts
            walk(item.get("components") or (), f"{where}{own}/")

    walk(json.loads(content)["components"], "")
    order = {"": "the order of the fields", "order": ", ".join(found)}
    return {**found, "\n": order}


def _told(value: Any) -> str:
    if isinstance(value, str):
        return _flat(value)
    if isinstance(value, list) and all(isinstance(one, dict) and "label" in one for one in value):
        return ", ".join(f"{one['label']} ({one.get('value')})" for one in value)
    return json.dumps(value, ensure_ascii=False)


# --- other texts


def _lines(before: bytes | None, after: bytes | None) -> Iterator[str]:
    old = (before or b"").decode("utf-8", "replace").splitlines()
    new = (after or b"").decode("utf-8", "replace").splitlines()
    for line in difflib.unified_diff(old, new, lineterm="", n=0):
        if line.startswith(("---", "+++", "@@")) or not line[1:].strip():
            continue
        yield f"Line {'added' if line[0] == '+' else 'removed'}: {line[1:].strip()[:300]}"
