"""Decision tables as they are written, for reading on a page."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from engine.errors import InvalidModel
from engine.xml import parse_xml


@dataclass(frozen=True)
class TableShown:
    """A decision: its columns, inputs first, and a row of cells for each rule, its note last."""

    name: str
    description: str
    hit_policy: str
    columns: list[str]
    rows: list[list[str]]


def tables(content: bytes) -> list[TableShown]:
    """The decisions of a DMN file; none of one that can't be read."""
    try:
        root = parse_xml(content, "")
    except InvalidModel:
        return []
    return [_table(decision) for decision in root.iterchildren("{*}decision")]


def _table(decision: etree._Element) -> TableShown:
    name = decision.get("name") or decision.get("id") or ""
    description = _text(decision, "description")
    table = decision.find("{*}decisionTable")
    if table is None:
        expression = decision.find("{*}literalExpression")
        shown = "" if expression is None else _text(expression, "text")
        return TableShown(name, description, "", ["Expression"], [[shown]])
    columns = []
    for column in table.findall("{*}input"):
        expression = column.find("{*}inputExpression")
        written = "" if expression is None else _text(expression, "text")
        columns.append(column.get("label") or written)
    columns += [c.get("label") or c.get("name") or "" for c in table.findall("{*}output")]
    rows = [
        [
            *(_text(cell, "text") for cell in rule.findall("{*}inputEntry")),
            *(_text(cell, "text") for cell in rule.findall("{*}outputEntry")),
            _text(rule, "description"),
        ]
        for rule in table.findall("{*}rule")
    ]
    return TableShown(name, description, table.get("hitPolicy", "UNIQUE"), [*columns, "Note"], rows)


def _text(node: etree._Element, name: str) -> str:
    found = node.find(f"{{*}}{name}")
    return "" if found is None else " ".join((found.text or "").split())
