"""Breaking a shipped diagram in a copy of its model."""

from __future__ import annotations

import re
from collections.abc import Collection

from engine.definitions import read_model
from engine.errors import Finding, InvalidModel
from handlers import services


def findings(files: dict[str, bytes]) -> list[Finding]:
    try:
        return read_model(files, services)[1]
    except InvalidModel as error:
        return list(error.findings)


def change(files: dict[str, bytes], file: str, *changes: tuple[str, str]) -> dict[str, bytes]:
    """The model with a diagram in which each pattern was replaced, once."""
    text = files[file].decode()
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text, flags=re.S)
        assert count == 1, pattern
    return {**files, file: text.encode()}


def redirect(flow: str, target: str) -> tuple[str, str]:
    return rf'(<bpmn:sequenceFlow id="{flow}"[^>]*targetRef=)"\w+"', rf'\1"{target}"'


def into_lane(element: str, of: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Put an element into the lane in which the element `of` stands."""
    ref = "<bpmn:flowNodeRef>{}</bpmn:flowNodeRef>"
    return (
        (ref.format(element), ""),
        (ref.format(of), ref.format(of) + ref.format(element)),
    )


def handler(task: str, name: str) -> tuple[str, str]:
    return rf'(id="{task}".*?<spiffworkflow:serviceTaskOperator id=)"\w+"', rf'\1"{name}"'


def only(rules: Collection[str], files: dict[str, bytes]) -> dict[str, bytes]:
    """The model with these of its rules: proving the others takes longer than the tests."""
    start, *tables = files["policies.toml"].decode().split("[[policy]]")
    kept = [table for table in tables if any(f'name = "{rule}"' in table for rule in rules)]
    assert len(kept) == len(rules)
    return {**files, "policies.toml": "[[policy]]".join([start, *kept]).encode()}
