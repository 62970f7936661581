"""`pathways feel` and `pathways decide`: an expression or a decision tried by itself."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine import feel
from engine.decisions import DecisionResult, Library, analyse, parse_library
from engine.decisions.table import Table
from engine.errors import EngineError, InvalidModel
from engine.timescales import LONDON
from engine.working_days import CALENDAR_FUNCTIONS
from web.commands.command import Command, Options, json_argument

_CLOCK = (
    feel.Function("now", (), lambda: datetime.now(UTC).astimezone(LONDON)),
    feel.Function("today", (), lambda: datetime.now(UTC).astimezone(LONDON).date()),
)
FUNCTIONS = (*CALENDAR_FUNCTIONS, *_CLOCK)


def evaluate(options: Options) -> int:
    """Evaluate a FEEL expression, and say what in it can only be null."""
    context = _given(options.context, "--context")
    types = {name: feel.type_of(value) for name, value in context.items()}
    try:
        expression = feel.compile_expression(
            options.expression, names=context.keys(), functions=FUNCTIONS, strict=False
        )
        doubts = [*expression.doubts, *feel.check(options.expression, types, FUNCTIONS)]
        value = expression.evaluate(context)
    except feel.FeelError as error:
        raise EngineError(str(error)) from None
    findings = list(dict.fromkeys(str(doubt) for doubt in doubts))
    if options.json:
        _print_json({"result": _plain(value), "findings": findings})
    else:
        print(feel.written(value))
        _print_findings(findings)
    return 0


def decide(options: Options) -> int:
    """Evaluate a decision of a DMN file, with the rules that fired and what is wrong with it."""
    inputs = _given(options.inputs, "--inputs")
    path: Path = options.file
    if not path.is_file():
        raise EngineError(f"There is no file {path}.")
    beside = {
        other.name: other.read_bytes() for other in path.parent.glob("*.dmn") if other != path
    }
    library = _library(path, beside)
    decision = library.decision(options.decision)
    findings = [str(finding) for finding in library.findings]
    if isinstance(decision.logic, Table):
        findings += [found.message for found in analyse(decision.logic)]
    try:
        result = decision.evaluate(inputs)
    except EngineError:
        _print_findings(findings)
        raise
    if options.json:
        _print_json({**_shown(result), "findings": findings})
        return 0
    print(feel.written(result.value))
    for name, required in result.required.items():
        _print_rules(f"{name} = {feel.written(required.value)}", required)
    _print_rules("", result)
    _print_findings(findings)
    return 0


def _library(path: Path, beside: dict[str, bytes]) -> Library:
    """The file as the service reads it, or else as far as it can be read."""
    content = path.read_bytes()
    try:
        return parse_library(content, str(path), functions=FUNCTIONS, others=beside)
    except InvalidModel:
        return parse_library(content, str(path), functions=FUNCTIONS, others=beside, strict=False)


def _feel_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("expression", metavar="EXPRESSION", help="an expression, in quotes")
    parser.add_argument(
        "--context",
        default="{}",
        metavar="JSON",
        help='the variables that the expression reads, as JSON; dates as {"@": "2024-05-31"}',
    )
    json_argument(parser)


def _decide_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a .dmn file")
    parser.add_argument("decision", metavar="DECISION", help="the id or name of a decision in it")
    parser.add_argument(
        "--inputs",
        default="{}",
        metavar="JSON",
        help='the inputs by name, as JSON; dates as {"@": "2024-05-31"}',
    )
    json_argument(parser)


def _given(text: str, option: str) -> dict[str, Any]:
    try:
        value = feel.load_json(text.encode(errors="replace"))
    except feel.FeelError as error:
        raise EngineError(f"What {option} says can't be read: {error.message}") from None
    if not isinstance(value, dict):
        raise EngineError(f'{option} has to be a JSON object, such as {{"age": 7}}.')
    return value


def _shown(result: DecisionResult) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "result": _plain(result.value),
        "rules": [
            {"number": rule.number, "id": rule.id, "description": rule.description}
            for rule in result.rules
        ],
        "inputs": _plain(result.inputs),
    }
    if result.required:
        shown["required"] = {name: _shown(each) for name, each in result.required.items()}
    return shown


def _plain(value: Any) -> Any:
    """A value as JSON has it; what is no value that can be kept is shown as text."""
    try:
        return json.loads(feel.dump_json(value))
    except feel.FeelError:
        return feel.written(value)


def _print_rules(heading: str, result: DecisionResult) -> None:
    if heading:
        print(heading)
    indent = "  " if heading else ""
    for label, value in result.inputs.items():
        print(f"{indent}{label} = {feel.written(value)}")
    for rule in result.rules:
        print(f"{indent}rule {rule.number} {rule.description}".rstrip())


def _print_findings(findings: list[str]) -> None:
    for finding in findings:
        print(f"finding: {finding}", file=sys.stderr)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


COMMANDS = (
    Command("feel", "evaluate a FEEL expression", evaluate, _feel_arguments),
    Command("decide", "evaluate a decision of a file", decide, _decide_arguments),
)
