"""The errand model: small, and with one of everything that the engine does."""

from __future__ import annotations

import json

from tests.engine.drawing import document, element, flows, message, process, properties, timer

MODEL = b"""
id = "errand"
name = "Errands"
start = "errand"
business_key = "E-{number:04}"
timescales = "timescales"

[roles]
worker = "Worker"
manager = "Manager"

[trays]
todo = "To do"

[messages.recalled]
label = "Call the errand off"
form = "reason"
roles = ["manager"]
"""

CLAUSES = b"""id,map,step,responsible,what
1,Errands,Agree,Worker,The errand is agreed.
2,Errands,Do,Worker,The errand is done.
"""


def table(id: str, inputs: list[tuple[str, str]], outputs: list[str], rows: list[str]) -> bytes:
    """A decision table; each row is `in | in -> out | out`."""
    columns = "".join(
        f'<input id="{id}_i{n}" label="{label}"><inputExpression id="{id}_ie{n}" '
        f'typeRef="string"><text>{expression}</text></inputExpression></input>'
        for n, (label, expression) in enumerate(inputs)
    )
    columns += "".join(
        f'<output id="{id}_o{n}" name="{name}" typeRef="string"/>' for n, name in enumerate(outputs)
    )
    rules = ""
    for number, row in enumerate(rows):
        left, right = row.split("->")
        cells = "".join(
            f'<{kind}Entry id="{id}_r{number}{kind}{n}"><text>{cell.strip()}</text></{kind}Entry>'
            for kind, side in (("input", left), ("output", right))
            for n, cell in enumerate(side.split("|"))
        )
        rules += f'<rule id="{id}_r{number}"><description>Row {number}</description>{cells}</rule>'
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="defs" '
        f'name="{id}" namespace="t"><decision id="{id}" name="{id}"><decisionTable '
        f'id="{id}_t" hitPolicy="FIRST">{columns}{rules}</decisionTable></decision></definitions>'
    ).encode()


TIMESCALES = table(
    "timescales",
    [("Step", "step")],
    ["amount", "unit"],
    ['"2" -> 2 | "working days"', '"late" -> 1 | "weeks"'],
).replace(b'name="amount" typeRef="string"', b'name="amount" typeRef="number"')

ROUTE = table("route", [("Size", "size")], ["way"], ['"big" -> "check"', '"small" -> "none"'])


def form(id: str, *components: dict[str, object]) -> bytes:
    listed = [{"id": f"field_{n}", **item} for n, item in enumerate(components)]
    return json.dumps(
        {"type": "default", "id": id, "schemaVersion": 18, "components": listed}
    ).encode()


def radio(key: str, *values: str) -> dict[str, object]:
    return {
        "type": "radio",
        "key": key,
        "label": f"The {key}",
        "values": [{"value": value, "label": value} for value in values],
        "validate": {"required": True},
    }


def text(key: str) -> dict[str, object]:
    return {
        "type": "textfield",
        "key": key,
        "label": f"The {key}",
        "validate": {"required": True, "maxLength": 50},
    }


FORMS = {
    "forms/agree.form": form(
        "agree",
        radio("size", "big", "small"),
        {**radio("helper"), "values": None, "valuesKey": "helpers"},
    ),
    "forms/do.form": form("do", radio("result", "done", "again"), text("note")),
    "forms/check.form": form("check", radio("verdict", "fine", "not fine")),
    "forms/reason.form": form("reason", text("reason")),
}
_helper = json.loads(FORMS["forms/agree.form"])
del _helper["components"][1]["values"]
FORMS["forms/agree.form"] = json.dumps(_helper).encode()

_ERRAND = process(
    "errand",
    element("startEvent", "asked")
    + element("userTask", "agree", properties(form="agree", tray="todo", clause="1"))
    + element(
        "serviceTask",
        "keep_record",
        "<bpmn:extensionElements><spiffworkflow:serviceTaskOperator id='register'>"
        "<spiffworkflow:parameters><spiffworkflow:parameter id='form' type='feel' "
        "value='&quot;agree&quot;'/></spiffworkflow:parameters>"
        "</spiffworkflow:serviceTaskOperator></bpmn:extensionElements>",
    )
    + element(
        "businessRuleTask",
        "choose_way",
        "<bpmn:extensionElements><spiffworkflow:calledDecisionId>route"
        "</spiffworkflow:calledDecisionId></bpmn:extensionElements>",
    )
    + element("exclusiveGateway", "again")
    + element(
        "userTask",
        "do",
        properties(form="do", tray="todo", due="2", assignee="helper", clause="2"),
    )
    + element(
        "boundaryEvent",
        "late",
        timer("timeCycle", 'timescale("late")'),
        attachedToRef="do",
        cancelActivity="false",
    )
    + element(
        "serviceTask",
        "tell",
        "<bpmn:extensionElements><spiffworkflow:serviceTaskOperator id='alert'/>"
        "</bpmn:extensionElements>",
    )
    + element("endEvent", "told")
    + element("exclusiveGateway", "is_done", default="is_done_to_again")
    + element("exclusiveGateway", "which_way", default="which_way_to_finished")
    + element(
        "callActivity", "have_it_checked", properties(returns="verdict"), calledElement="check"
    )
    + element("boundaryEvent", "recall", message("recalled"), attachedToRef="have_it_checked")
    + element("endEvent", "called_off")
    + element("endEvent", "finished")
    + flows(
        "asked > agree > keep_record > choose_way > again > do > is_done;"
        "is_done > again; late > tell > told;"
        'is_done > which_way | result = "done"; which_way > finished;'
        'which_way > have_it_checked | way = "check"; have_it_checked > finished;'
        "recall > called_off"
    ).replace('id="have_it_checked_to_finished"', 'id="checked_to_finished"'),
    {"agree": "Worker", "do": "Worker"},
)

_CHECK = process(
    "check",
    element("startEvent", "check_asked")
    + element("userTask", "look_at_it", properties(form="check", tray="todo"))
    + element("exclusiveGateway", "is_fine", default="is_fine_to_look_at_it")
    + element("endEvent", "checked")
    + flows(
        "check_asked > look_at_it > is_fine; is_fine > look_at_it;"
        'is_fine > checked | verdict = "fine"'
    ),
    {"look_at_it": "Manager"},
)

FILES: dict[str, bytes] = {
    "model.toml": MODEL,
    "clauses.csv": CLAUSES,
    "errand.bpmn": document(_ERRAND, messages=("recalled",)),
    "check.bpmn": document(_CHECK),
    "decisions/timescales.dmn": TIMESCALES,
    "decisions/route.dmn": ROUTE,
    **FORMS,
}
