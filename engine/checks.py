"""What is checked of a model before it runs, beyond that each file can be read.

Handlers, forms, decisions, roles, trays, clauses, timescales and called processes have to exist,
messages have to be caught. Each finding says what is wrong, where, and how to mend it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

from engine.diagrams import Element, Process
from engine.errors import Finding, ServiceError
from engine.manifest import MessageType
from engine.model import Model
from engine.models import LONGEST_ID, LONGEST_NAME
from engine.services import ServiceRegistry
from engine.shape import closure
from engine.soundness import check_soundness

_IN_VAIN = {
    ".bpmn": {"unknown-process", "uncaught", "model"},
    ".dmn": {"unknown-decision", "unknown-timescale"},
    ".form": {"unknown-form", "model"},
    ".csv": {"unknown-clause"},
    ".toml": {"unknown-role", "unknown-tray", "unknown-timescale", "model"},
}
"""What can't be said while a file of that kind could not be read."""


def check_model(
    model: Model,
    services: ServiceRegistry,
    *,
    unread: Collection[str] = (),
    broken: Collection[str] = (),
) -> list[Finding]:
    """Every finding about what a model names and how it is drawn; its own rules stand apart.

    Where some file of a kind in `unread` could not be read, what it may hold is not missed; of the
    diagrams in `broken`, which have elements that are not run, the shape is not judged.
    """
    findings: list[Finding] = []
    if model.start not in model.processes:
        findings.append(
            _model_finding(
                f"model.toml starts the process “{model.start}”, which no diagram has"
                + _suggest(model.start, model.processes)
            )
        )
    for process in model.processes.values():
        findings += _References(model, services, process).findings()
        if process.path not in broken:
            findings += check_soundness(process)
    findings += _check_messages(model)
    findings += _check_entry(model)
    findings += _check_calls(model)
    for form in model.forms.values():
        for name in sorted(form.choices - services.choice_lists.keys()):
            findings.append(
                Finding(
                    "error",
                    "unknown-choices",
                    f"The form asks for the list of choices “{name}”, which does not exist"
                    + _suggest(name, services.choice_lists),
                    f"forms/{form.id}.form",
                )
            )
    in_vain = set[str]().union(*(_IN_VAIN.get(kind, ()) for kind in unread))
    return [finding for finding in findings if finding.code not in in_vain]


def _model_finding(message: str) -> Finding:
    return Finding("error", "model", message, "model.toml")


def _suggest(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f". Did you mean “{close[0]}”?" if close else "."


class _References:
    """What a diagram names has to exist."""

    def __init__(self, model: Model, services: ServiceRegistry, process: Process) -> None:
        self.model = model
        self.services = services
        self.process = process

    def findings(self) -> Iterator[Finding]:
        if len(self.process.id) > LONGEST_ID:
            yield Finding(
                "error",
                "too-long",
                f"The process has an id of more than {LONGEST_ID} characters. Shorten it.",
                self.process.path,
                self.process.id,
            )
        for element in self.process.elements.values():
            for code, message in self._of(element):
                yield Finding("error", code, message, self.process.path, element.id, element.line)

    def _of(self, element: Element) -> Iterator[tuple[str, str]]:
        who = f"“{element.label}”"
        if len(element.id) > LONGEST_ID:
            yield "too-long", f"{who} has an id of more than {LONGEST_ID} characters. Shorten it."
        if len(element.label) > LONGEST_NAME:
            yield (
                "too-long",
                f"“{element.label[:60]}…” has a name of more than {LONGEST_NAME} characters. Say "
                "the rest in its documentation.",
            )
        for clause in element.clauses:
            if clause not in self.model.clauses:
                yield (
                    "unknown-clause",
                    f"{who} claims clause “{clause}”, which clauses.csv does not have"
                    + _suggest(clause, self.model.clauses),
                )
        match element.kind:
            case "userTask":
                yield from self._user_task(element, who)
            case "serviceTask":
                yield from self._service_task(element, who)
            case "businessRuleTask":
                yield from self._named(
                    who, "decision", element.decision, self.model.decisions, "unknown-decision"
                )
            case "callActivity":
                yield from self._named(
                    who, "process", element.called, self.model.processes, "unknown-process"
                )

    def _named(
        self, who: str, what: str, name: str | None, known: Iterable[str], code: str
    ) -> Iterator[tuple[str, str]]:
        if not name:
            yield code, f"{who} names no {what}. Choose one in its properties."
        elif name not in known:
            yield (
                code,
                f"{who} names the {what} “{name}”, which does not exist" + _suggest(name, known),
            )

    def _user_task(self, element: Element, who: str) -> Iterator[tuple[str, str]]:
        yield from self._named(who, "form", element.form, self.model.forms, "unknown-form")
        if element.lane is None:
            yield "no-role", f"{who} stands in no lane, so it is nobody's. Put it into one."
        elif self.model.role_of(element.lane) is None:
            yield (
                "unknown-role",
                f"{who} stands in the lane “{element.lane}”, which is no role of model.toml"
                + _suggest(element.lane, self.model.roles.values()),
            )
        if element.tray is not None:
            yield from self._named(who, "tray", element.tray, self.model.trays, "unknown-tray")
        if element.due is not None and element.due_expression is None:
            try:
                self.model.timescale(element.due)
            except ServiceError as error:
                yield "unknown-timescale", f"{who}: {error.message}"

    def _service_task(self, element: Element, who: str) -> Iterator[tuple[str, str]]:
        handlers = self.services.handlers
        yield from self._named(who, "handler", element.handler, handlers, "unknown-handler")
        entry = handlers.get(element.handler or "")
        if entry is None:
            return
        if element.handler in self.process.elements:
            yield (
                "handler-is-id",
                f"{who}: the handler's name “{element.handler}” is also an element's id in this "
                "diagram. Rename the element.",
            )
        for name in element.parameters.keys() - entry.parameters.keys():
            yield (
                "unknown-parameter",
                f"{who}: the handler “{element.handler}” has no parameter “{name}”"
                + _suggest(name, entry.parameters),
            )
        for name, required in entry.parameters.items():
            if required and name not in element.parameters:
                yield (
                    "missing-parameter",
                    f"{who}: the handler “{element.handler}” needs the parameter “{name}”.",
                )


def _check_messages(model: Model) -> Iterator[Finding]:
    caught = {
        element.event.value
        for process in model.processes.values()
        for element in process.elements.values()
        if element.event
        and element.event.kind == "message"
        and element.kind in ("boundaryEvent", "intermediateCatchEvent")
    }
    for process in model.processes.values():
        for element in process.elements.values():
            if (
                element.event
                and element.event.kind == "message"
                and element.kind in ("endEvent", "intermediateThrowEvent")
                and element.event.value not in caught
            ):
                yield Finding(
                    "error",
                    "uncaught",
                    f"“{element.label}” sends the message “{element.event.value}”, which no "
                    "diagram of this model waits for.",
                    process.path,
                    element.id,
                    element.line,
                )
    for message in model.messages.values():
        if message.name not in caught:
            yield _model_finding(
                f"No diagram waits for the message “{message.name}”"
                + _suggest(message.name, caught)
            )
        yield from _check_sender(model, message, f"The message “{message.name}”")


def _check_entry(model: Model) -> Iterator[Finding]:
    if model.entry is None:
        return
    if model.entry.form is None:
        yield _model_finding("[entry] names no form. Say with which form a person starts a case.")
    yield from _check_sender(model, model.entry, "[entry]")


def _check_sender(model: Model, message: MessageType, who: str) -> Iterator[Finding]:
    """Form and roles of what a person may send or start."""
    if message.form is not None and message.form not in model.forms:
        yield _model_finding(
            f"{who} names the form “{message.form}”, which does not exist"
            + _suggest(message.form, model.forms)
        )
    for role in message.roles:
        if role not in model.roles:
            yield _model_finding(
                f"{who} names the role “{role}”, which is not in [roles]"
                + _suggest(role, model.roles)
            )


def _check_calls(model: Model) -> Iterator[Finding]:
    calls = {
        process.id: {e.called for e in process.elements.values() if e.called in model.processes}
        for process in model.processes.values()
    }
    edges = {name: {target for target in targets if target} for name, targets in calls.items()}
    for name, targets in edges.items():
        if name in closure(targets, edges):
            yield Finding(
                "error",
                "calls-itself",
                f"The process “{name}” calls itself, directly or by others, without end. Draw the "
                "repetition as a loop.",
                model.processes[name].path,
                name,
            )
