"""Diagrams and decision tables are valid by the OMG's schemas, as other tools expect them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import SpiffWorkflow
from lxml import etree

from tests.bpmn.conftest import MODELS

SCHEMAS = Path(SpiffWorkflow.__file__).parent
TABLES = sorted(MODELS.glob("*/decisions/*.dmn"))


@cache
def schema(path: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMAS / path))


def complaints(schema_path: str, document: etree._ElementTree) -> list[str]:
    found = schema(schema_path)
    found.validate(document)
    return [f"line {entry.line}: {entry.message}" for entry in found.error_log]


def test_diagrams_are_valid_bpmn(diagram: Path) -> None:
    assert complaints("bpmn/parser/schema/BPMN20.xsd", etree.parse(diagram)) == []


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.stem)
def test_decision_tables_are_valid_dmn(table: Path) -> None:
    assert complaints("dmn/parser/schema/DMN13.xsd", etree.parse(table)) == []


def test_the_schema_refuses_what_is_no_bpmn(diagram: Path) -> None:
    document = etree.parse(diagram)
    etree.SubElement(document.getroot(), "{http://www.omg.org/spec/BPMN/20100524/MODEL}step")
    assert complaints("bpmn/parser/schema/BPMN20.xsd", document)
