"""What the studio's pages say of models, drafts, files and people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from flask import render_template

from engine import queries
from engine.errors import EngineError, Finding, InvalidAnswers, InvalidModel
from handlers import directory, practices
from web.people import reading, runtime, signed_in

KINDS = (
    ("bpmn", "Diagrams"),
    ("dmn", "Decision tables"),
    ("form", "Forms"),
    ("toml", "Settings and rules"),
    ("csv", "Clauses of the source"),
)
DRAWN = ("bpmn", "dmn", "form")
"""The kinds for which there is an editor."""

STATES = {
    "open": "Draft",
    "asked": "Waits for approval",
    "published": "Published",
    "discarded": "Laid aside",
}
EVENTS = {
    "begun": "began the draft",
    "caught_up": "brought the live version in",
    "asked": "asked for approval",
    "withdrawn": "took the request back",
    "returned": "gave the draft back",
    "approved": "approved and published it",
    "discarded": "laid the draft aside",
}


def kind_of(path: str) -> str:
    """The kind of a file: the ending of its path."""
    return PurePosixPath(path).suffix.removeprefix(".")


def by_kind(files: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    """Files, which have a `path`, under the headings of the pages; empty headings left out."""
    listed = list(files)
    found = []
    for kind, heading in KINDS:
        own = [file for file in listed if kind_of(file.path) == kind]
        if own:
            found.append((heading, own))
    return found


def model_row(model: str) -> queries.ModelRow:
    """The model of a page. Raises NotFound."""
    return queries.model_row(runtime(), model)


def names(ids: Iterable[str | None]) -> Mapping[str, str]:
    """Names for the people that a page speaks of."""
    with reading() as connection:
        return {**directory.names(connection, ids), "system": "the service’s operator"}


def may_draw() -> bool:
    """Whether the person signed in may change drafts."""
    return signed_in().has(*practices.DRAWERS)


def may_publish(model: str) -> bool:
    """Whether the person signed in may approve drafts of a model."""
    return signed_in().has(*practices.publishers(model))


def errors_of(refusal: EngineError, field: str = "") -> dict[str, str]:
    """A refusal as messages for the fields of a form; what is wrong with a file is put beside
    `field`, and what is about no field stands above them all, under “”."""
    if isinstance(refusal, InvalidAnswers):
        return dict(refusal.errors)
    if isinstance(refusal, InvalidModel):
        errors = [one for one in refusal.findings if one.severity == "error"]
        first = f"{errors[0].path}: {errors[0].message}"
        if len(errors) > 1:
            first = f"There are {len(errors)} errors, which have to be mended first. {first}"
        return {field: first}
    return {"": refusal.message}


def counted(findings: Sequence[Finding]) -> dict[str, tuple[int, int]]:
    """How many errors and warnings there are, by file."""
    found: dict[str, tuple[int, int]] = {}
    for finding in findings:
        errors, warnings = found.get(finding.path, (0, 0))
        if finding.severity == "error":
            errors += 1
        else:
            warnings += 1
        found[finding.path] = errors, warnings
    return found


def page(template: str, model: queries.ModelRow, **values: Any) -> str:
    """A page of a model's workspace."""
    return render_template(
        template,
        model=model,
        states=STATES,
        may_draw=may_draw(),
        may_publish=may_publish(model.id),
        drawn=DRAWN,
        kind_of=kind_of,
        **values,
    )
