"""What the elements of a diagram may name, for whoever draws: nobody has to know it by heart."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from engine.decisions.table import Table
from engine.definitions import survey
from engine.errors import ServiceError
from engine.model import Model
from engine.runtime import Runtime


@dataclass(frozen=True)
class Choice:
    """A name that may be written, what it means in words, and the file it stands in."""

    name: str
    words: str
    path: str | None = None


@dataclass(frozen=True)
class HandlerChoice:
    """A handler with what it does, its parameters (name -> is it required), and what it gives."""

    name: str
    words: str
    parameters: Mapping[str, bool]
    results: tuple[str, ...]


@dataclass(frozen=True)
class Property:
    """A property of an element: which elements may have it, and what it means."""

    name: str
    words: str
    on: tuple[str, ...]


@dataclass(frozen=True)
class Palette:
    """All that the elements of a model's diagrams may name."""

    roles: list[Choice]
    trays: list[Choice]
    forms: list[Choice]
    decisions: list[Choice]
    handlers: list[HandlerChoice]
    clauses: list[Choice]
    messages: list[Choice]
    diagrams: list[Choice]
    timescales: list[Choice]
    variables: list[str]
    properties: list[Property]


PROPERTIES = [
    Property(
        "clause",
        "The steps and rules of the source documents that it carries out.",
        ("any",),
    ),
    Property("form", "The form that a person answers here.", ("userTask",)),
    Property(
        "due",
        "By when it has to be done: a step of the timescales table, or FEEL that begins with “=”.",
        ("userTask",),
    ),
    Property(
        "tray",
        "The tray in which everyone of the role sees it; left out where it goes to one person.",
        ("userTask",),
    ),
    Property(
        "assignee", "FEEL that gives whose it is; null means anyone of the role.", ("userTask",)
    ),
    Property(
        "returns",
        "The variables that the called process hands back, with commas between them.",
        ("callActivity",),
    ),
]


def palette(runtime: Runtime, files: Mapping[str, bytes]) -> Palette:
    """What may be named in the diagrams of these files, as far as they can be read."""
    model = survey(files, runtime.services, rules=False).model
    paths = {PurePosixPath(path).stem: path for path in files if path.endswith((".form", ".dmn"))}
    caught = sorted(
        {
            element.event.value
            for process in model.processes.values()
            for element in process.elements.values()
            if element.event and element.event.kind == "message" and element.event.value
        }
        | model.messages.keys()
    )
    return Palette(
        roles=[Choice(name, label) for name, label in model.roles.items()],
        trays=[Choice(name, label) for name, label in model.trays.items()],
        forms=[Choice(name, _spelt(name), paths.get(name)) for name in sorted(model.forms)],
        decisions=[
            Choice(name, decision.name or _spelt(name), paths.get(name))
            for name, decision in sorted(model.decisions.items())
        ],
        handlers=[
            HandlerChoice(
                name,
                " ".join((inspect.getdoc(entry.function) or "").split("\n\n")[0].split()),
                entry.parameters,
                entry.results,
            )
            for name, entry in sorted(runtime.services.handlers.items())
        ],
        clauses=[
            Choice(clause.id, f"{clause.step}: {clause.what}") for clause in model.clauses.values()
        ],
        messages=[
            Choice(name, model.messages[name].label if name in model.messages else _spelt(name))
            for name in caught
        ],
        diagrams=[
            Choice(process.id, process.name, process.path) for process in model.processes.values()
        ],
        timescales=_timescales(model),
        variables=sorted(model.variables),
        properties=PROPERTIES,
    )


def _timescales(model: Model) -> list[Choice]:
    """The steps that the table of timescales has a row for, each with its time."""
    table = model.timescales.logic if model.timescales is not None else None
    if not isinstance(table, Table):
        return []
    found = []
    for rule in table.rules:
        for step in rule.tests[0].values if rule.tests else ():
            if not isinstance(step, str):
                continue
            try:
                time = model.timescale(step)
            except ServiceError:
                continue
            found.append(Choice(step, f"{time.amount} {time.unit}"))
    return found


def _spelt(name: str) -> str:
    return name.replace("_", " ").capitalize()
