"""`run` and `scenarios`: diagrams played in a database of their own."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from engine import scenarios as rehearsing
from engine import trial
from handlers import MIGRATIONS, services
from web.commands.command import (
    Command,
    Options,
    UsageError,
    json_argument,
    model_argument,
    model_folder,
)


def run(options: Options) -> int:
    """Run one diagram with answers from a file, and print what it did."""
    given = _answers(options.answers) if options.answers is not None else {}
    tried = trial.try_diagram(options.file, given, services, [MIGRATIONS], options.process)
    if options.json:
        print(json.dumps(tried.as_json(), indent=2, ensure_ascii=False))
    else:
        for note in tried.notes:
            print(f"note: {note}")
        for step in tried.trace:
            line = f"{step.process}/{step.element}"
            line += f" -> {', '.join(step.flows)}" if step.flows else ""
            print(line + (f" ({step.note})" if step.note else ""))
        for place in tried.waiting:
            fault = f": {place.message}" if place.message else ""
            print(f"waits at {place.process}/{place.element}{fault}")
        if tried.unused:
            print(f"answers not used: {', '.join(tried.unused)}")
        print("ended" if tried.ended else "not ended")
    return int(any(place.message for place in tried.waiting))


def _answers(text: str) -> object:
    """The answers in a file, or as they stand on the command line."""
    try:
        return json.loads(text if text.lstrip().startswith("{") else Path(text).read_bytes())
    except OSError as error:
        raise UsageError(f"{text} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise UsageError(f"The answers are not JSON: {error}.") from None


def _run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a .bpmn file")
    parser.add_argument(
        "--answers",
        metavar="JSON",
        help="JSON, or a file of it: for each element's id its answers, or a list of them",
    )
    parser.add_argument(
        "--process", metavar="ID", help="which process of the file (default: the first)"
    )
    json_argument(parser)


def scenarios(options: Options) -> int:
    """Find the ways through a model's diagrams, play them, and print what they show."""
    # The demonstration's council and its contacts are of no use to any other command.
    from web import rehearsal

    folder = model_folder(options.model)
    try:
        tried = rehearsing.try_model(folder, rehearsal.site(), options.database_url)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if options.json:
        print(json.dumps(tried.as_json(), indent=2, ensure_ascii=False))
    else:
        _print_scenarios(tried)
    return int(not tried.good)


def _print_scenarios(tried: rehearsing.Report) -> None:
    for diagram in tried.coverage:
        print(
            f"{diagram.process}: {diagram.flows - len(diagram.missing)} of {diagram.flows} flows, "
            f"{diagram.pairs_shown} of {diagram.pairs} pairs of branches"
        )
        for flow in diagram.missing:
            print(f"    no scenario takes {flow}")
        for pair in diagram.impossible:
            print(f"    cannot be: {pair.words} ({pair.why})")
        for pair in diagram.not_found:
            print(f"    not found: {pair.words}")
    for refused in tried.refused:
        print(
            f"note: {refused.element} with {refused.answers or 'plain answers'}: {refused.message}"
        )
    print()
    for number, played in enumerate(tried.scenarios, 1):
        steps = f"{len(played.steps)} step{'s' if len(played.steps) != 1 else ''}"
        print(f"{'passed' if played.passed else 'FAILED'} {number:>3} {played.name} ({steps})")
        if played.message:
            print(f"           {played.message}")
    failed = sum(not played.passed for played in tried.scenarios)
    print(f"\n{len(tried.scenarios)} scenarios, {failed or 'none'} failed")


def _scenarios_arguments(parser: argparse.ArgumentParser) -> None:
    model_argument(parser, "model")
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="postgresql://USER@HOST/NAME: play them there, in a schema of their own that is "
        "dropped afterwards (default: a SQLite file that is thrown away)",
    )
    json_argument(parser)


COMMANDS = (
    Command("run", "run one diagram and print its trace", run, _run_arguments),
    Command("scenarios", "find and play ways through a model", scenarios, _scenarios_arguments),
)
