"""`deploy`, `check` and `trace`: an operating model looked at and made live."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from engine import commands, definitions, tracing
from engine.runtime import SYSTEM
from handlers import services
from web.commands.command import (
    Command,
    Options,
    database_argument,
    json_argument,
    model_argument,
    model_folder,
    print_findings,
    runtime,
)


def deploy(options: Options) -> int:
    """Check an operating model and make it the version that new cases run."""
    done = commands.deploy(runtime(options), model_folder(options.folder), SYSTEM)
    news = "deployed" if done.new else "was deployed before and is live again"
    if not done.changed:
        news = "is deployed already and unchanged"
    print(f"{done.model} version {done.version} {news}")
    return 0


def _deploy_arguments(parser: argparse.ArgumentParser) -> None:
    database_argument(parser)
    model_argument(parser, "folder")


def check(options: Options) -> int:
    """Look for everything that is wrong with models, diagrams, decision tables and forms."""
    findings = definitions.check_paths([_model_or_file(path) for path in options.paths], services)
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        print_findings(findings, sys.stdout)
    return int(any(finding.severity == "error" for finding in findings))


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="a model folder, or a .bpmn, .dmn or .form file",
    )
    json_argument(parser)


def trace(options: Options) -> int:
    """Show which elements implement each clause of the source documents."""
    folder = model_folder(options.model)
    model, _ = definitions.read_model(definitions.files_of(folder), services)
    traced = tracing.trace(model)
    elements = {
        clause.id: [f"{claim.process}/{claim.element}" for claim in claims]
        for clause, claims in traced.clauses
    }
    kept = {clause.id: clause.kept for clause, claims in traced.clauses if not claims}
    without = [f"{claim.process}/{claim.element}" for claim in traced.unclaimed]
    if options.json:
        shown = {"clauses": elements, "kept_elsewhere": kept, "without_clause": without}
        print(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        for clause, places in elements.items():
            where = ", ".join(places) or (f"({kept[clause]})" if kept[clause] else "NO ELEMENT")
            print(f"{clause:<8} {where}")
        print(f"\nTasks and calls without a clause: {', '.join(without) or 'none'}")
    return int(bool(traced.missing))


def _trace_arguments(parser: argparse.ArgumentParser) -> None:
    model_argument(parser, "model")
    json_argument(parser)


def _model_or_file(path: Path) -> Path:
    return path if path.exists() or path.suffix else model_folder(str(path))


COMMANDS = (
    Command("deploy", "check and deploy an operating model", deploy, _deploy_arguments),
    Command("check", "find what is wrong with diagrams, tables and forms", check, _check_arguments),
    Command("trace", "show what implements each clause of a model", trace, _trace_arguments),
)
