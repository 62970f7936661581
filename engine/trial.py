"""Running one diagram by itself, with answers that were written down before.

The run is a real one, by the same execution as every case, in a database that is thrown away
afterwards. A diagram that lies in a model folder runs with that model's forms, decisions and called
processes; of any other diagram, what it names and nobody knows is passed with a note.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from engine import commands, database, feel, versions
from engine.answers import Answers
from engine.bpmn import read_diagram
from engine.definitions import files_of, lone_model, read_model
from engine.diagrams import Element, Process
from engine.errors import EngineError, Finding, InvalidModel
from engine.execution import Execution
from engine.identity import SYSTEM, Actor
from engine.model import Model
from engine.models import incident, instance, user_task
from engine.runtime import Runtime
from engine.services import HandlerEntry, ServiceContext, ServiceRegistry
from engine.soundness import check_soundness
from engine.spiff import Passed, Program

MOST_STEPS = 1000
"""How many tasks and events a trial answers; an answer that is given again and again may loop."""

_TOLERATED = frozenset(
    {"no-default", "no-condition", "unreachable", "no-way-out", "deadlock", "token-doubled"}
    | {"dead-element", "uncaught", "implicit-split", "too-many-states", "unknown-property"}
)
"""Findings with which a diagram can be tried all the same; they are told."""


@dataclass(frozen=True)
class Step:
    """An element that was passed, and the flows that its gateway chose."""

    process: str
    element: str
    kind: str
    name: str
    flows: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Place:
    """Where the run waits at its end; `message` says why where that is a fault."""

    process: str
    element: str
    kind: str
    name: str
    message: str = ""


@dataclass
class Trial:
    """What a run did. `unused` are the ids of elements whose answers were not all asked for."""

    process: str
    ended: bool = False
    trace: list[Step] = field(default_factory=list)
    waiting: list[Place] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Everything as plain JSON."""
        return asdict(self)


def try_diagram(
    path: Path,
    given: Any,
    services: ServiceRegistry,
    migrations: Sequence[Path] = (),
    process: str | None = None,
) -> Trial:
    """Run `process`, or the first one of the file, as far as the answers go.

    `given` maps the id of a user task, start event, message or timer event, or of a service task
    whose handler is not to be run, to its answers. Raises `InvalidModel` where the file can't be
    run, and `EngineError` in words for answers that do not fit.
    """
    answers = Answers(given)
    model, name, findings = _model(path, process, services)
    trial = Trial(name, notes=[str(finding) for finding in findings])
    registry = ServiceRegistry(dict(services.handlers), dict(services.choice_lists))
    model = _with_stand_ins(model, registry, answers, trial)
    with tempfile.TemporaryDirectory() as folder:
        engine = database.connect(f"sqlite:///{folder}/trial.sqlite")
        try:
            database.migrate(engine, *migrations)
            _Attempt(engine, registry, model, answers, trial).run()
        finally:
            engine.dispose()
    trial.unused = answers.unused()
    return trial


def _model(
    path: Path, wanted: str | None, services: ServiceRegistry
) -> tuple[Model, str, list[Finding]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EngineError(f"{path} can't be read: {error.strerror}.") from error
    found, findings = read_diagram(content, path.name)
    names = [process.id for process in found]
    if found and wanted is not None and wanted not in names:
        raise EngineError(f"{path} has no process “{wanted}”, but: {', '.join(names)}.")
    if (path.parent / "model.toml").is_file():
        model, findings = read_model(files_of(path.parent), services)
        return model, wanted or names[0], findings
    findings += [finding for process in found for finding in check_soundness(process)]
    model = lone_model({process.id: process for process in found}, findings)
    if any(f.severity == "error" and f.code not in _TOLERATED for f in findings):
        raise InvalidModel(findings)
    return model, wanted or names[0], findings


def _with_stand_ins(
    model: Model, registry: ServiceRegistry, answers: Answers, trial: Trial
) -> Model:
    """The model with a stand-in for what is answered beforehand or what nobody knows."""

    def stand_in(process: Process, element: Element) -> Element:
        unknown = {
            "serviceTask": ("handler", element.handler, registry.handlers.keys()),
            "businessRuleTask": ("decision", element.decision, model.decisions.keys()),
            "callActivity": ("process", element.called, model.processes.keys()),
        }.get(element.kind)
        if unknown is None:
            return element
        what, named, known = unknown
        if element.id not in answers and named in known:
            return element
        if element.id not in answers:
            which = f"the {what} “{named}” is not known" if named else f"it names no {what}"
            trial.notes.append(f"“{element.label}” ({element.id}) is passed: {which}.")
        handler = f"stand-in for {process.id}/{element.id}"

        def answer(context: ServiceContext) -> Mapping[str, Any]:
            given = answers.take(element.id) if element.id in answers else {}
            return dict(_values(given))

        registry.handlers[handler] = HandlerEntry(answer, {}, tuple(answers.names()))
        return replace(element, kind="serviceTask", handler=handler, parameters={})

    processes = {
        name: replace(
            process,
            elements={key: stand_in(process, e) for key, e in process.elements.items()},
        )
        for name, process in model.processes.items()
    }
    return replace(
        model,
        processes=processes,
        programs={name: Program(process) for name, process in processes.items()},
        variables=model.variables | answers.names(),
    )


def _values(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answers as FEEL values."""
    values: dict[str, Any] = feel.load_json(orjson.dumps(given))
    return values


class _Attempt:
    """One run in its own database."""

    def __init__(
        self,
        engine: sa.Engine,
        registry: ServiceRegistry,
        model: Model,
        answers: Answers,
        trial: Trial,
    ) -> None:
        self.model = model
        self.answers = answers
        self.trial = trial
        self.now = datetime.now(UTC)
        self.runtime = Runtime(engine, registry, lambda: self.now, self._passed)
        with engine.begin() as connection:
            number = versions.record(connection, model, 1, SYSTEM, self.now)
        self.runtime.keep(number, model)

    def _passed(self, instance_id: int, process: str, passed: Passed) -> None:
        element = passed.element
        note = ""
        if element.handler and element.handler.startswith("stand-in for "):
            note = "answered" if element.id in self.answers.elements() else "passed"
        flows = tuple(flow for flow in passed.flows if flow)
        self.trial.trace.append(Step(process, element.id, element.kind, element.label, flows, note))

    def run(self) -> None:
        """Start, and answer what is asked, until nothing is asked to which there is an answer."""
        process = self.model.processes[self.trial.process]
        start = process.start_of(process.id).id
        given = self.answers.take(start) if start in self.answers else {}
        commands.start(self.runtime, self.model.id, process.id, given, SYSTEM)
        for _ in range(MOST_STEPS):
            self.now += timedelta(seconds=1)
            if not self._complete_one() and not self._fire_one():
                break
        else:
            self.trial.notes.append(f"Stopped after {MOST_STEPS} answers: the process goes round.")
        self._rest()

    def _complete_one(self) -> bool:
        """Complete the open task that was opened first among those with answers."""
        with database.reading(self.runtime.database) as connection:
            rows = connection.execute(
                sa.select(user_task).where(user_task.c.status == "open").order_by(user_task.c.id)
            ).all()
        task = next((row for row in rows if row.element in self.answers), None)
        if task is None:
            return False
        given = self.answers.take(task.element)
        role = task.role or "anyone"
        actor = Actor(task.assignee or role, frozenset({task.role}))
        try:
            if self._form(task.process, task.element) is not None:
                commands.complete_task(self.runtime, task.id, given, actor)
            else:
                self._complete_freely(task, given, actor)
        except EngineError as error:
            raise EngineError(f"The answers at “{task.element}”: {error.message}") from error
        return True

    def _form(self, process: str, element: str) -> object:
        return self.model.forms.get(self.model.processes[process].elements[element].form or "")

    def _complete_freely(self, task: Any, given: Mapping[str, Any], actor: Actor) -> None:
        """Complete a task whose form is not known: any answers fit."""
        with self.runtime.database.begin() as connection:
            connection.execute(
                user_task.update()
                .where(user_task.c.id == task.id)
                .values(status="completed", closed_at=self.now, closed_by=actor.id)
            )
            execution = Execution.load(self.runtime, connection, task.instance_id, actor, self.now)
            execution.submit(task.element, given, task.id)
            execution.complete(task.token, _values(given))
            execution.settle()

    def _fire_one(self) -> bool:
        """Let one message or timer happen for which there are answers."""
        with self.runtime.database.begin() as connection:
            for execution in self._active(connection):
                for token in execution.run.tokens():
                    event = token.element.event
                    if (
                        event is not None
                        and event.kind in ("message", "timer")
                        and token.element.id in self.answers
                    ):
                        given = self.answers.take(token.element.id, once=True)
                        execution.submit(token.element.id, given)
                        execution.automation.keep(_values(given))
                        execution.fire(token, event.kind)
                        execution.settle()
                        return True
        return False

    def _active(self, connection: sa.Connection) -> list[Execution]:
        numbers = connection.execute(
            sa.select(instance.c.id).where(instance.c.status == "active").order_by(instance.c.id)
        ).scalars()
        return [
            Execution.load(self.runtime, connection, number, SYSTEM, self.now)
            for number in list(numbers)
        ]

    def _rest(self) -> None:
        """Note where the run waits, sub-processes and calls left out."""
        with self.runtime.database.begin() as connection:
            faults = {
                (row.instance_id, row.token): row.message
                for row in connection.execute(
                    sa.select(incident).where(incident.c.closed_at.is_(None))
                )
            }
            executions = self._active(connection)
            self.trial.ended = not executions
            for execution in executions:
                for token in execution.run.tokens():
                    element = token.element
                    if element.kind != "subProcess":
                        self.trial.waiting.append(
                            Place(
                                execution.process.id,
                                element.id,
                                element.kind,
                                element.label,
                                faults.get((execution.id, token.number), ""),
                            )
                        )
