"""Operating models: reading a model's files, checking all of them, and keeping versions.

A model is a folder of `model.toml`, BPMN diagrams, `decisions/*.dmn`, `forms/*.form` and
`clauses.csv`. Nothing of it runs before every file was read, every expression compiled and every
reference resolved.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from engine import feel, manifest
from engine.bpmn import read_diagram
from engine.checks import check_model
from engine.decisions import Decision, findings_of, parse_decisions
from engine.diagrams import Process
from engine.errors import Finding, InvalidModel, ServiceError
from engine.forms import Form, parse_form
from engine.kinds import check_kinds, expressions_of
from engine.manifest import read_manifest
from engine.model import Clause, Model, digest_of, timescale_of
from engine.policies import check_policies
from engine.services import ServiceRegistry
from engine.soundness import check_soundness
from engine.spiff import Program
from engine.timescales import Timescale, timescale_function
from engine.working_days import CALENDAR_FUNCTIONS

SUFFIXES = (".toml", ".bpmn", ".dmn", ".form", ".csv")


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of a model folder, by path relative to it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in SUFFIXES
    }


def check_paths(paths: Sequence[Path], services: ServiceRegistry) -> list[Finding]:
    """Every finding about model folders and single `.bpmn`, `.dmn` and `.form` files.

    Of a single file only what it says by itself is checked, not what it refers to.
    """
    findings: list[Finding] = []
    for path in paths:
        if path.is_dir():
            try:
                findings += read_model(files_of(path), services)[1]
            except InvalidModel as error:
                findings += [
                    replace(finding, path=f"{path}/{finding.path}") for finding in error.findings
                ]
        elif not path.is_file():
            findings.append(Finding("error", "no-file", "There is no such file.", str(path)))
        else:
            findings += _check_file(path)
    return findings


def _check_file(path: Path) -> list[Finding]:
    content = path.read_bytes()
    try:
        match path.suffix:
            case ".bpmn":
                processes, findings = read_diagram(content, str(path))
                by_id = {process.id: process for process in processes}
                _expressions(by_id, _FUNCTIONS_OF_A_FILE, findings)
                return findings + [f for process in processes for f in check_soundness(process)]
            case ".dmn":
                return findings_of(_decisions(content, str(path)), str(path))
            case ".form":
                parse_form(content, str(path), CALENDAR_FUNCTIONS)
            case _:
                return [
                    Finding(
                        "error",
                        "unknown-file",
                        "Only .bpmn, .dmn and .form files and model folders can be checked.",
                        str(path),
                    )
                ]
    except InvalidModel as error:
        return list(error.findings)
    return []


@dataclass(frozen=True)
class Survey:
    """What can be said about a model: as much of it as could be read, and what is wrong.

    `complete` is False where the model's own rules were left out.
    """

    model: Model
    findings: tuple[Finding, ...]
    complete: bool

    @property
    def sound(self) -> bool:
        """Whether nothing that was found is an error."""
        return not any(finding.severity == "error" for finding in self.findings)


def survey(files: Mapping[str, bytes], services: ServiceRegistry, *, rules: bool = True) -> Survey:
    """Read a model as far as it can be read, and find everything that is wrong with it.

    The model's own rules take by far the most time to prove: without `rules` they are left out,
    unless that was done for just these files a short while ago. With errors they are never tried.
    """
    reading = _read(files)
    findings = reading.findings + check_model(
        reading.model, services, unread=reading.unread, broken=reading.broken
    )
    if any(finding.severity == "error" for finding in findings):
        return Survey(reading.model, tuple(findings), True)
    findings += check_kinds(reading.model, services, _FUNCTIONS_OF_A_FILE)
    key = digest_of(files), id(services)
    proved = _PROVED.get(key)
    if proved is None and rules:
        proved = tuple(check_policies(reading.model, services))
        while len(_PROVED) >= _MODELS_KEPT:
            _PROVED.pop(next(iter(_PROVED)), None)
        _PROVED[key] = proved
    return Survey(reading.model, (*findings, *(proved or ())), proved is not None)


def read_model(
    files: Mapping[str, bytes], services: ServiceRegistry
) -> tuple[Model, list[Finding]]:
    """Read and check a whole model.

    Returns the model with warnings. Raises `InvalidModel` with every finding if there is any
    error.
    """
    found = survey(files, services)
    if not found.sound:
        raise InvalidModel(found.findings)
    return _with_programs(found.model), list(found.findings)


def load_model(files: Mapping[str, bytes]) -> Model:
    """A model that was checked when it was deployed; what is forbidden since then still runs.

    Raises `InvalidModel` where this version can't read it any more.
    """
    reading = _read(files)
    if any(finding.severity == "error" for finding in reading.findings):
        raise InvalidModel(reading.findings)
    return _with_programs(reading.model)


def _with_programs(model: Model) -> Model:
    programs = {process.id: Program(process) for process in model.processes.values()}
    return replace(model, programs=programs)


@dataclass(frozen=True)
class _File:
    """What one file of a model holds; `read` is False where nothing of it could be read."""

    processes: tuple[Process, ...] = ()
    decisions: tuple[Decision, ...] = ()
    forms: tuple[Form, ...] = ()
    clauses: Mapping[str, Clause] | None = None
    findings: tuple[Finding, ...] = ()
    read: bool = True


_FILES_KEPT = 500
_MODELS_KEPT = 20
_PROVED: dict[tuple[str, int], tuple[Finding, ...]] = {}


# Of a model that is being drawn one file changes at a time, and all of it is looked at each time.
@lru_cache(maxsize=_FILES_KEPT)
def _file(path: str, content: bytes) -> _File:
    try:
        match PurePosixPath(path).suffix:
            case ".bpmn":
                processes, problems = read_diagram(content, path)
                return _File(processes=tuple(processes), findings=tuple(problems))
            case ".dmn":
                decisions = _decisions(content, path)
                looked_at = tuple(findings_of(decisions, path))
                return _File(decisions=tuple(decisions.values()), findings=looked_at)
            case ".form":
                return _File(forms=(parse_form(content, path, CALENDAR_FUNCTIONS),))
            case ".csv":
                found: list[Finding] = []
                clauses = _clauses(content, path, found)
                return _File(clauses=clauses, findings=tuple(found), read=not found)
    except InvalidModel as error:
        return _File(findings=error.findings, read=False)
    return _File()


@dataclass(frozen=True)
class _Reading:
    """A model as far as it could be read.

    `unread` are the kinds of files of which some could not be read, so that what is named may well
    exist; `broken` the diagrams that were read only in part.
    """

    model: Model
    findings: list[Finding]
    unread: frozenset[str]
    broken: frozenset[str]


def _read(files: Mapping[str, bytes]) -> _Reading:
    findings: list[Finding] = []
    settings = read_manifest(files, findings)
    unread = {".toml"} if findings else set[str]()
    broken: set[str] = set()
    table: list[Decision] = []

    def look_up(step: str) -> Timescale:
        if not table:
            raise ServiceError("This model has no table of timescales.")
        return timescale_of(table[0], step)

    function = timescale_function(look_up)
    functions = (function, *CALENDAR_FUNCTIONS)
    processes: dict[str, Process] = {}
    forms: dict[str, Form] = {}
    decisions: dict[str, Decision] = {}
    clauses: dict[str, Clause] = {}
    for path, content in files.items():
        file = _file(path, content)
        findings += file.findings
        if not file.read:
            unread.add(PurePosixPath(path).suffix)
        if any(finding.severity == "error" for finding in file.findings):
            broken.add(path)
        for process in file.processes:
            _add(processes, process.id, process, path, "process", findings)
        for decision in file.decisions:
            _add(decisions, decision.id, decision, path, "decision", findings)
        for form in file.forms:
            _add(forms, form.id, form, path, "form", findings)
        clauses.update(file.clauses or {})
    timescales = decisions.get(settings.timescales or "")
    if timescales is not None:
        table.append(timescales)
    elif settings.timescales is not None and ".dmn" not in unread:
        findings.append(
            Finding(
                "error",
                "model",
                f"model.toml names the decision “{settings.timescales}” as its timescales, which "
                "does not exist.",
                manifest.PATH,
            )
        )
    expressions = _expressions(processes, functions, findings)
    variables: set[str] = set()
    for expression in expressions.values():
        variables |= expression.variables
    for decision in decisions.values():
        variables |= decision.variables
    for process in processes.values():
        for element in process.elements.values():
            variables.update(element.returns)
    model = Model(
        id=settings.id,
        name=settings.name,
        start=settings.start,
        business_key=settings.business_key,
        roles=settings.roles,
        trays=settings.trays,
        messages=settings.messages,
        entry=settings.entry,
        timescales=timescales,
        processes=processes,
        programs={},
        forms=forms,
        decisions=decisions,
        clauses=clauses,
        expressions=expressions,
        variables=frozenset(variables),
        files=dict(files),
        given=settings.given,
    )
    return _Reading(model, findings, frozenset(unread), frozenset(broken))


def lone_model(processes: Mapping[str, Process], findings: list[Finding]) -> Model:
    """A model of the processes of one file, without forms, decisions or timescales.

    Expressions that can't be read are added to `findings`.
    """
    expressions = _expressions(processes, _FUNCTIONS_OF_A_FILE, findings)
    return Model(
        id="diagram",
        name="",
        start=next(iter(processes), ""),
        business_key="{year}-{number:05}",
        roles={lane: lane for process in processes.values() for lane in process.lanes},
        trays={},
        messages={},
        entry=None,
        timescales=None,
        processes=processes,
        programs={},
        forms={},
        decisions={},
        clauses={},
        expressions=expressions,
        variables=frozenset().union(*(e.variables for e in expressions.values())),
        files={},
    )


def _no_table(step: str) -> Timescale:
    raise ServiceError(f"A single file has no timescales table to look “{step}” up in.")


_FUNCTIONS_OF_A_FILE = (timescale_function(_no_table), *CALENDAR_FUNCTIONS)


def _decisions(content: bytes, path: str) -> dict[str, Decision]:
    return parse_decisions(content, path, functions=CALENDAR_FUNCTIONS)


def _add(
    into: dict[str, Any], key: str, value: Any, path: str, what: str, findings: list[Finding]
) -> None:
    if key in into:
        findings.append(
            Finding("error", "duplicate-id", f"There are two {what}s “{key}”. Rename one.", path)
        )
    into[key] = value


def _clauses(content: bytes, path: str, findings: list[Finding]) -> dict[str, Clause]:
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        return {
            row["id"]: Clause(
                row["id"],
                row["map"],
                row["step"],
                row["responsible"],
                row["what"],
                row.get("kept") or "",
            )
            for row in rows
        }
    except (KeyError, UnicodeDecodeError, csv.Error) as error:
        findings.append(
            Finding(
                "error",
                "clauses-malformed",
                "The table of clauses has to be CSV in UTF-8 with the columns id, map, step, "
                f"responsible and what ({error}).",
                path,
            )
        )
        return {}


def _expressions(
    processes: Mapping[str, Process],
    functions: Sequence[feel.Function],
    findings: list[Finding],
) -> dict[str, feel.Expression]:
    """Compile every expression of every diagram, by its source."""
    compiled: dict[str, feel.Expression] = {}

    def compile_one(source: str, process: Process, element: str, what: str, line: Any) -> None:
        try:
            compiled[source] = feel.compile_expression(source, functions=functions)
        except feel.FeelError as error:
            findings.append(
                Finding(
                    "error",
                    "feel",
                    f"{what}: {error.message} (in {source!r}, at character {error.position + 1}).",
                    process.path,
                    element,
                    line,
                )
            )

    for process in processes.values():
        for written in expressions_of(process):
            compile_one(written.source, process, written.element, written.what, written.line)
    return compiled
