"""Operating models: reading a model's files, checking all of them, and keeping versions.

A model is a folder of `model.toml`, BPMN diagrams, `decisions/*.dmn`, `forms/*.form` and
`clauses.csv`. Nothing of it runs before every file was read, every expression compiled and every
reference resolved.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from engine import feel
from engine.bpmn import read_diagram
from engine.checks import check_model
from engine.decisions import Decision, findings_of, parse_decisions
from engine.diagrams import Process
from engine.errors import Finding, InvalidModel, ServiceError
from engine.forms import Form, parse_form
from engine.kinds import check_kinds, expressions_of
from engine.manifest import read_manifest
from engine.model import Clause, Model, timescale_of
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


def read_model(
    files: Mapping[str, bytes], services: ServiceRegistry
) -> tuple[Model, list[Finding]]:
    """Read and check a whole model.

    Returns the model with warnings. Raises `InvalidModel` with every finding if there is any
    error.
    """
    findings: list[Finding] = []
    model = _read(files, findings)
    findings += check_model(model, services)
    findings += check_kinds(model, services, _FUNCTIONS_OF_A_FILE)
    if any(finding.severity == "error" for finding in findings):
        raise InvalidModel(findings)
    return _with_programs(model), findings


def load_model(files: Mapping[str, bytes]) -> Model:
    """A model that was checked when it was deployed; what is forbidden since then still runs.

    Raises `InvalidModel` where this version can't read it any more.
    """
    return _with_programs(_read(files, []))


def _with_programs(model: Model) -> Model:
    programs = {process.id: Program(process) for process in model.processes.values()}
    return replace(model, programs=programs)


def _read(files: Mapping[str, bytes], findings: list[Finding]) -> Model:
    manifest = read_manifest(files, findings)
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
        try:
            match PurePosixPath(path).suffix:
                case ".bpmn":
                    found, problems = read_diagram(content, path)
                    findings += problems
                    for process in found:
                        _add(processes, process.id, process, path, "process", findings)
                case ".dmn":
                    read = _decisions(content, path)
                    findings += findings_of(read, path)
                    for decision in read.values():
                        _add(decisions, decision.id, decision, path, "decision", findings)
                case ".form":
                    form = parse_form(content, path, CALENDAR_FUNCTIONS)
                    _add(forms, form.id, form, path, "form", findings)
                case ".csv":
                    clauses.update(_clauses(content, path, findings))
        except InvalidModel as error:
            findings += error.findings
    timescales = decisions.get(manifest.timescales or "")
    if timescales is not None:
        table.append(timescales)
    elif manifest.timescales is not None:
        findings.append(
            Finding(
                "error",
                "model",
                f"model.toml names the decision “{manifest.timescales}” as its timescales, which "
                "does not exist.",
                "model.toml",
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
    if any(finding.severity == "error" for finding in findings):
        raise InvalidModel(findings)
    return Model(
        id=manifest.id,
        name=manifest.name,
        start=manifest.start,
        business_key=manifest.business_key,
        roles=manifest.roles,
        trays=manifest.trays,
        messages=manifest.messages,
        entry=manifest.entry,
        timescales=timescales,
        processes=processes,
        programs={},
        forms=forms,
        decisions=decisions,
        clauses=clauses,
        expressions=expressions,
        variables=frozenset(variables),
        files=dict(files),
        given=manifest.given,
    )


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
