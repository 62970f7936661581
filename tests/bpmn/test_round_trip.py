"""A diagram that is opened and saved in a BPMN editor still says the same."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from lxml import etree

from run import FRONTEND, find_node

SCRIPT = Path(__file__).with_name("round_trip.mjs").read_text(encoding="utf-8")
NAMELESS_ORDER = {"waypoint", "flowNodeRef"}


def saved_again(*diagrams: bytes) -> list[tuple[bytes, list[str]]]:
    """What bpmn-moddle, the reader and writer of bpmn.io's editors, makes of each diagram."""
    node, _ = find_node()
    done = subprocess.run(
        [node, "--input-type=module", "-e", SCRIPT],
        cwd=FRONTEND,  # where Node looks for bpmn-moddle
        input=json.dumps([diagram.decode() for diagram in diagrams]),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    return [(entry["xml"].encode(), entry["warnings"]) for entry in json.loads(done.stdout)]


def meaning(xml: bytes) -> str:
    """The diagram as text without what XML leaves to the writer: space, prefixes, order of
    attributes, and order of children where it says nothing."""

    def text(node: etree._Element) -> str:
        name = etree.QName(node)
        attributes = sorted((key, _number(value)) for key, value in node.attrib.items())
        children = [text(child) for child in node.iterchildren(tag=etree.Element)]
        if name.localname not in NAMELESS_ORDER and not node.findall("{*}waypoint"):
            children.sort()
        return f"<{name.text} {attributes} {(node.text or '').strip()!r} {children}>"

    return text(etree.fromstring(xml))


def _number(value: str) -> str:
    try:
        return f"{float(value):g}"
    except ValueError:
        return value


def test_a_diagram_survives_an_editor(diagram: Path) -> None:
    [(xml, warnings)] = saved_again(diagram.read_bytes())
    assert warnings == []
    assert meaning(xml) == meaning(diagram.read_bytes())


def test_a_lost_condition_would_be_noticed(diagram: Path) -> None:
    root = etree.fromstring(diagram.read_bytes())
    condition = root.find(".//{*}conditionExpression")
    condition.getparent().remove(condition)
    [(xml, _)] = saved_again(etree.tostring(root))
    assert meaning(xml) != meaning(diagram.read_bytes())
