"""New files as an editor opens them: the least that is a diagram, a decision table or a form."""

from __future__ import annotations

import json
import re
from xml.sax.saxutils import escape, quoteattr

from engine.bpmn import BPMN, SPIFF
from engine.errors import InvalidAnswers

_KINDS = {
    "bpmn": ("", ".bpmn"),
    "dmn": ("decisions/", ".dmn"),
    "form": ("forms/", ".form"),
}


def blank(kind: str, name: str) -> tuple[str, bytes]:
    """The path and content of a new file of that kind. Raises InvalidAnswers."""
    given = " ".join(name.split())
    errors = {}
    if kind not in _KINDS:
        errors["kind"] = "Select what you want to add"
    own = re.sub(r"[^a-z0-9]+", "_", given.lower()).strip("_")
    if not own:
        errors["name"] = "Enter a name of letters or digits, for example “Ask the school”"
    elif not own[0].isalpha():
        errors["name"] = "Enter a name that begins with a letter"
    elif len(own) > 80:
        errors["name"] = "Shorten the name to 80 characters or fewer"
    if errors:
        raise InvalidAnswers(errors)
    folder, suffix = _KINDS[kind]
    content = {"bpmn": _diagram, "dmn": _table, "form": _form}[kind](own, given)
    return f"{folder}{own}{suffix}", content.encode()


def _diagram(own: str, name: str) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="{BPMN}" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" \
xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" \
xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:spiffworkflow="{SPIFF}" \
id="definitions_{own}" targetNamespace="http://bpmn.io/schema/bpmn">
  <bpmn:process id="{own}" name={quoteattr(name)} isExecutable="true">
    <bpmn:startEvent id="{own}_begins" name="Begins" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="{own}_diagram">
    <bpmndi:BPMNPlane id="{own}_plane" bpmnElement="{own}">
      <bpmndi:BPMNShape id="{own}_begins_shape" bpmnElement="{own}_begins">
        <dc:Bounds x="180" y="160" width="36" height="36" />
      </bpmndi:BPMNShape>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""


def _table(own: str, name: str) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" \
xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/" \
xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/" id="definitions_{own}" \
name={quoteattr(name)} namespace="http://camunda.org/schema/1.0/dmn">
  <decision id="{own}" name={quoteattr(name)}>
    <decisionTable id="{own}_table" hitPolicy="FIRST">
      <input id="{own}_input" label="What is looked at">
        <inputExpression id="{own}_expression" typeRef="string">
          <text>{escape(own)}_input</text>
        </inputExpression>
      </input>
      <output id="{own}_output" label="What follows" name="{own}_result" typeRef="string" />
    </decisionTable>
  </decision>
  <dmndi:DMNDI>
    <dmndi:DMNDiagram id="{own}_diagram">
      <dmndi:DMNShape id="{own}_shape" dmnElementRef="{own}">
        <dc:Bounds height="80" width="180" x="160" y="100" />
      </dmndi:DMNShape>
    </dmndi:DMNDiagram>
  </dmndi:DMNDI>
</definitions>
"""


def _form(own: str, name: str) -> str:
    form = {
        "type": "default",
        "id": own,
        "schemaVersion": 19,
        "components": [{"type": "text", "id": f"{own}_title", "text": f"## {name}"}],
    }
    return json.dumps(form, indent=2, ensure_ascii=False) + "\n"
