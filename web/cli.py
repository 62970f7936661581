"""The `pathways` command: one small function for each subcommand, all listed in `COMMANDS`."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TextIO

from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError, OperationalError

from engine import commands, database, definitions, tallies, tracing, trial
from engine import scenarios as rehearsing
from engine.errors import EngineError, Finding, InvalidModel
from engine.runtime import SYSTEM, Runtime
from engine.simulation import Outcome
from engine.timescales import LONDON
from handlers import MIGRATIONS, services
from web import expressions
from web import load as loading
from web.settings import DEFAULT_DATABASE_URL, DEMO_API_KEY, Settings, SettingsError

MODELS = Path(__file__).resolve().parent.parent / "bpmn"

_A_YEAR = timedelta(days=365)
_MOST_CASES = 10_000

Options = argparse.Namespace


@dataclass(frozen=True)
class Command:
    """A subcommand: what it is for, what it accepts, and the function that gives its exit code."""

    name: str
    summary: str
    run: Callable[[Options], int]
    arguments: Callable[[argparse.ArgumentParser], object]


class UsageError(Exception):
    """The command cannot do what it was asked; the message says why, and what would work."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 refused, 2 not understood."""
    parser = argparse.ArgumentParser(
        prog="pathways", description="Runs a council's operating models from their diagrams."
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        each = subparsers.add_parser(
            command.name, help=command.summary, description=command.summary
        )
        command.arguments(each)
        each.set_defaults(run=command.run)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except InvalidModel as refusal:
        _print_findings(refusal.findings, sys.stderr)
    except (EngineError, SettingsError, UsageError, loading.LoadError) as refusal:
        print(refusal, file=sys.stderr)
    except (ArgumentError, OperationalError) as error:
        reason = str(getattr(error, "orig", None) or error).strip()
        print(f"The database cannot be used: {reason}", file=sys.stderr)
    except BrokenPipeError:
        # Whoever read the output has read enough; Python must not complain about it on leaving.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 1


# serve, worker


def serve(options: Options) -> int:
    """Answer browsers."""
    from web import nodes

    settings = _settings(options)
    try:
        nodes.serve(
            _runtime(options), settings, options.host, options.port, threads=options.threads
        )
    except nodes.NodeError as error:
        raise UsageError(str(error)) from None
    return 0


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    _database_argument(parser)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: 8000)")
    parser.add_argument("--threads", type=int, default=8, help="requests answered side by side")
    parser.add_argument(
        "--demo", action="store_true", help="migrate, add the demonstration's model and users"
    )


def worker(options: Options) -> int:
    """Do what falls due without a person: timers, retries and messages to other systems."""
    from web import nodes

    # A worker signs no cookies, so the key that web nodes share is no business of its.
    os.environ.setdefault("PATHWAYS_SECRET_KEY", secrets.token_urlsafe(48))
    nodes.work(_runtime(options), _settings(options), options.every)
    return 0


def _worker_arguments(parser: argparse.ArgumentParser) -> None:
    _database_argument(parser)
    parser.add_argument(
        "--every",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="seconds between two looks for due work (default: 5)",
    )


# deploy, check, trace


def deploy(options: Options) -> int:
    """Check an operating model and make it the version that new cases run."""
    done = commands.deploy(_runtime(options), _model_folder(options.folder), SYSTEM)
    news = "deployed" if done.new else "was deployed before and is live again"
    if not done.changed:
        news = "is deployed already and unchanged"
    print(f"{done.model} version {done.version} {news}")
    return 0


def _deploy_arguments(parser: argparse.ArgumentParser) -> None:
    _database_argument(parser)
    _model_argument(parser, "folder")


def check(options: Options) -> int:
    """Look for everything that is wrong with models, diagrams, decision tables and forms."""
    findings = definitions.check_paths([_model_or_file(path) for path in options.paths], services)
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _print_findings(findings, sys.stdout)
    return int(any(finding.severity == "error" for finding in findings))


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="a model folder, or a .bpmn, .dmn or .form file",
    )
    _json_argument(parser)


def trace(options: Options) -> int:
    """Show which elements implement each clause of the source documents."""
    folder = _model_folder(options.model)
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
    _model_argument(parser, "model")
    _json_argument(parser)


# run


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
    _json_argument(parser)


# scenarios


def scenarios(options: Options) -> int:
    """Find the ways through a model's diagrams, play them, and print what they show."""
    # The demonstration's council and its contacts are of no use to any other command.
    from web import rehearsal

    folder = _model_folder(options.model)
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
    _model_argument(parser, "model")
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="postgresql://USER@HOST/NAME: play them there, in a schema of their own that is "
        "dropped afterwards (default: a SQLite file that is thrown away)",
    )
    _json_argument(parser)


# simulate


def simulate(options: Options) -> int:
    """Fill a new database with made-up cases, worked on over months."""
    # Only this command and the demonstration need made-up families.
    from web import simulation

    until = options.until or _today()
    first = options.first or until - _A_YEAR
    if not first < until:
        raise UsageError(f"--from {first} has to be before --until {until}.")
    models = [options.model] if options.model else list(simulation.MODELS)
    connected = _connect(options)
    database.migrate(connected, MIGRATIONS)
    runtime = Runtime(connected, services)
    made = simulation.fill(runtime, models, options.cases, options.seed, first, until)
    if options.json:
        given = {"seed": options.seed, "from": first.isoformat(), "until": until.isoformat()}
        print(json.dumps(given | made.as_json(), indent=2, ensure_ascii=False))
    else:
        _print_simulated(made, first, until)
    return int(bool(made.incidents or made.left))


def _print_simulated(made: Outcome, first: date, until: date) -> None:
    print(f"{made.cases} cases between {first} and {until}, of which {made.open_cases} are open")
    print(f"{made.tasks_done} tasks done, {made.open_tasks} open, {made.overdue_tasks} overdue")
    print(f"{made.messages} messages sent, {made.timers} timers fired, {made.incidents} incidents")
    print()
    for each in made.processes:
        print(f"{each.process:<24} {each.open:>4} open {each.ended:>4} ended")
    for reason in made.left:
        print(f"note: {reason}")


def _today() -> date:
    return datetime.now(LONDON).date()


def _simulate_arguments(parser: argparse.ArgumentParser) -> None:
    _database_argument(parser)
    parser.add_argument("cases", type=_count, metavar="N", help="how many cases")
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        help="a number from which all chance comes: the same seed and days give the same cases "
        "(default: 1)",
    )
    parser.add_argument(
        "--from",
        dest="first",
        type=_day,
        metavar="DATE",
        help="the first day, such as 2026-05-03 (default: a year before the last one)",
    )
    parser.add_argument(
        "--until",
        type=_day,
        metavar="DATE",
        help="the day at whose beginning it ends (default: today)",
    )
    parser.add_argument(
        "--model",
        choices=sorted(path.parent.name for path in MODELS.glob("*/model.toml")),
        help="cases of this model only (default: of every model that ships)",
    )
    _json_argument(parser)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_CASES:
        raise argparse.ArgumentTypeError(f"“{text}” is no number from 1 to {_MOST_CASES:,}")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is no day such as 2026-05-03") from None


# load, migrate-database


def load(options: Options) -> int:
    """Send contacts to a running service through its public interface."""
    refused = 0
    for path in options.files:
        for contact in loading.contacts_in(path):
            try:
                received = loading.send(contact, options.url, options.api_key)
            except loading.LoadError as refusal:
                print(f"{path}: {refusal}", file=sys.stderr)
                refused += 1
                continue
            news = "was received before, as" if received.duplicate else "received as"
            print(f"{path}: {news} {received.reference}")
    return int(refused > 0)


def _load_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="JSON: one contact or a list of them"
    )
    parser.add_argument(
        "--url", default="http://127.0.0.1:8000", help="the service (default: the demonstration)"
    )
    parser.add_argument(
        "--api-key",
        default=os.environ.get("PATHWAYS_API_KEY", DEMO_API_KEY),
        help="default: PATHWAYS_API_KEY, or else the demonstration's key",
    )


def migrate_database(options: Options) -> int:
    """Bring the database's tables to the newest version, and count the trays anew."""
    connected = _connect(options)
    database.migrate(connected, MIGRATIONS)
    tallies.recount(connected)
    print("The database is up to date.")
    return 0


COMMANDS = (
    Command("serve", "answer browsers", serve, _serve_arguments),
    Command("worker", "do what falls due without a person", worker, _worker_arguments),
    Command("deploy", "check and deploy an operating model", deploy, _deploy_arguments),
    Command("check", "find what is wrong with diagrams, tables and forms", check, _check_arguments),
    Command("trace", "show what implements each clause of a model", trace, _trace_arguments),
    Command("run", "run one diagram and print its trace", run, _run_arguments),
    Command("feel", "evaluate a FEEL expression", expressions.evaluate, expressions.feel_arguments),
    Command(
        "decide", "evaluate a decision of a file", expressions.decide, expressions.decide_arguments
    ),
    Command("scenarios", "find and play ways through a model", scenarios, _scenarios_arguments),
    Command("simulate", "fill a new database with made-up cases", simulate, _simulate_arguments),
    Command("load", "send contacts to a running service", load, _load_arguments),
    Command(
        "migrate-database",
        "bring the database's tables to the newest version",
        migrate_database,
        lambda parser: _database_argument(parser),
    ),
)


# What several commands share


def _runtime(options: Options) -> Runtime:
    connected = _connect(options)
    # The demonstration migrates its database by itself.
    if not getattr(options, "demo", False) and not database.is_current(connected, MIGRATIONS):
        raise UsageError(
            "The database's tables are not of this program's version. Run first: "
            "pathways migrate-database"
        )
    return Runtime(connected, services)


def _connect(options: Options) -> Engine:
    try:
        return database.connect(_database_url(options))
    except ValueError as error:
        raise UsageError(str(error)) from None


def _database_url(options: Options) -> str:
    given: str | None = options.database_url or os.environ.get("PATHWAYS_DATABASE_URL")
    return given or DEFAULT_DATABASE_URL


def _settings(options: Options) -> Settings:
    environment = {**os.environ, "PATHWAYS_DATABASE_URL": _database_url(options)}
    if getattr(options, "demo", False):
        environment["PATHWAYS_DEMO"] = "1"
    return Settings.from_environment(environment)


def _model_folder(text: str) -> Path:
    """The folder that `text` is, or the shipped model of that name."""
    for folder in (Path(text), MODELS / text):
        if (folder / "model.toml").is_file():
            return folder
    shipped = ", ".join(sorted(path.parent.name for path in MODELS.glob("*/model.toml")))
    raise UsageError(
        f"{text} is neither a folder with a model.toml nor one of the shipped models ({shipped})."
    )


def _model_or_file(path: Path) -> Path:
    return path if path.exists() or path.suffix else _model_folder(str(path))


def _print_findings(findings: Iterable[Finding], to: TextIO) -> None:
    for finding in findings:
        print(finding, file=to)


def _database_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="sqlite:///FILE or postgresql://USER@HOST/NAME (default: PATHWAYS_DATABASE_URL, "
        f"or else {DEFAULT_DATABASE_URL})",
    )


def _model_argument(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument(
        name, metavar="MODEL", help="a model folder, or the name of a model that ships"
    )


def _json_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")
