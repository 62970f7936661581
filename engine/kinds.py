"""The types of a model's variables, and its expressions held against them before anything runs.

A variable has the type that the forms, decisions and handlers which give it agree on; where they do
not, or do not say, nothing is claimed of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import feel
from engine.decisions import Decision
from engine.decisions.table import Table
from engine.diagrams import Process
from engine.errors import Finding
from engine.forms import Form
from engine.forms.fields import Field, in_scope
from engine.model import Model
from engine.services import ServiceRegistry

_TEXT = feel.TypeName(0, "string")
_SCALARS = {
    "textfield": _TEXT,
    "textarea": _TEXT,
    "number": feel.TypeName(0, "number"),
    "checkbox": feel.TypeName(0, "boolean"),
    "datetime": feel.TypeName(0, "date"),
}
_EACH_RULE = ("RULE ORDER", "OUTPUT ORDER", "COLLECT")


@dataclass(frozen=True, slots=True)
class Written:
    """An expression where it stands in a diagram; `what` says so in words."""

    source: str
    what: str
    element: str
    line: int | None


def expressions_of(process: Process) -> Iterator[Written]:
    """Every expression of a diagram."""
    for element in process.elements.values():
        who = f"“{element.label}”"
        if element.event is not None and element.event.kind == "timer":
            yield Written(element.event.value, f"The time of {who}", element.id, element.line)
        if element.assignee:
            yield Written(element.assignee, f"The assignee of {who}", element.id, element.line)
        if element.due_expression:
            yield Written(element.due_expression, f"When {who} is due", element.id, element.line)
        for name, source in element.parameters.items():
            what = f"The parameter “{name}” of {who}"
            yield Written(source, what, element.id, element.line)
    for flow in process.flows.values():
        if flow.condition:
            label = flow.name or process.elements[flow.source].label
            what = f"The condition of the flow “{label}”"
            yield Written(flow.condition, what, flow.id, flow.line)


def variable_types(model: Model, services: ServiceRegistry) -> dict[str, feel.TypeName]:
    """Every variable that something gives, with its type as far as that is known."""
    given: dict[str, list[feel.TypeName]] = {}

    def give(types: Mapping[str, feel.TypeName]) -> None:
        for name, kind in types.items():
            given.setdefault(name, []).append(kind)

    give(model.given or {})
    for form in model.forms.values():
        give(_form_types(form))
    for decision in model.decisions.values():
        give(_decision_types(decision))
    for process in model.processes.values():
        for element in process.elements.values():
            handler = services.handlers.get(element.handler or "")
            if handler is not None:
                give(
                    {
                        name: feel.type_named(handler.types.get(name, "Any"))
                        for name in handler.results
                    }
                )
            give(dict.fromkeys(element.returns, feel.ANY))
    return {name: _agreed(kinds) for name, kinds in given.items()}


def check_kinds(
    model: Model, services: ServiceRegistry, functions: Sequence[feel.Function]
) -> list[Finding]:
    """What can only be null or never be true in the diagrams and tables of a model.

    Only where the model says what its cases are started with is a variable that nothing gives one
    that nobody gives.
    """
    complete = model.given is not None
    types = variable_types(model, services)
    findings = []
    for process in model.processes.values():
        for written in expressions_of(process):
            for error in feel.check(written.source, types, functions, complete=complete):
                findings.append(
                    Finding(
                        "warning",
                        "feel-type",
                        f"{written.what}: {error.message} (in {written.source!r}, at character "
                        f"{error.position + 1}).",
                        process.path,
                        written.element,
                        written.line,
                    )
                )
    used = {
        element.decision
        for process in model.processes.values()
        for element in process.elements.values()
    }
    for decision in model.decisions.values():
        if decision.id in used and isinstance(decision.logic, Table):
            findings += _check_table(decision, decision.logic, types, functions)
    return findings


def _check_table(
    decision: Decision,
    table: Table,
    types: Mapping[str, feel.TypeName],
    functions: Sequence[feel.Function],
) -> Iterator[Finding]:
    """The inputs of a table, and what their cells compare them with."""
    for index, column in enumerate(table.inputs):
        place = f'{table.title}, input "{column.label}"'
        source = column.expression.source
        for error in feel.check(source, types, functions, complete=False):
            yield _about(decision, f"{place}: {error.message}")
        known = types.get(source.strip(), feel.ANY)
        if known.name not in ("Any", column.type.type.name) and column.type.kind != "Any":
            yield _about(
                decision,
                f"{place} needs {column.type.words}, but {source.strip()} is of the type "
                f"{known.name}.",
            )
        for rule in table.rules:
            test = rule.tests[index].source
            for error in feel.check(test, types, functions, complete=False, unary=known):
                where = f"{table.title}, rule {rule.fired.number}, input “{column.label}”"
                yield _about(decision, f"{where}: {error.message}")


def _about(decision: Decision, message: str) -> Finding:
    return Finding("warning", "feel-type", message, "", decision.id)


def _form_types(form: Form) -> dict[str, feel.TypeName]:
    return _types_in(form.fields)


def _types_in(fields: tuple[Field, ...]) -> dict[str, feel.TypeName]:
    return {name: _field_type(field) for name, field in in_scope(fields).items()}


def _field_type(field: Field) -> feel.TypeName:
    if field.kind in ("group", "dynamiclist"):
        inner = feel.TypeName(0, "context", tuple(_types_in(field.fields).items()))
        return inner if field.kind == "group" else feel.TypeName(0, "list", (("", inner),))
    if field.kind in _SCALARS:
        return _SCALARS[field.kind]
    values = frozenset(option.value for option in field.options)
    allowed = values.__contains__ if values and field.choices is None else None
    choice = feel.TypeName(0, "string", (), allowed)
    return feel.TypeName(0, "list", (("", choice),)) if field.kind == "checklist" else choice


def _decision_types(decision: Decision) -> dict[str, feel.TypeName]:
    table = decision.logic
    if not isinstance(table, Table):
        return {decision.variable: decision.type.type}
    if table.hit_policy in _EACH_RULE and table.aggregation is None:
        return dict.fromkeys(decision.outputs, feel.ANY)
    return {output.name: output.type.type for output in table.outputs}


def _agreed(kinds: Sequence[feel.TypeName]) -> feel.TypeName:
    """The type of a variable that is given in several places."""
    first = kinds[0]
    if any(kind.name != first.name for kind in kinds):
        return feel.ANY
    if first.parts and any(kind.parts != first.parts for kind in kinds):
        return feel.TypeName(0, first.name)
    checks = [kind.allowed for kind in kinds]
    if any(check is None for check in checks):
        return feel.TypeName(0, first.name, first.parts)

    def allowed(value: Any) -> bool:
        return any(check is not None and check(value) for check in checks)

    return feel.TypeName(0, first.name, first.parts, allowed)
