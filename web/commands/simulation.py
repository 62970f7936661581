"""`simulate`: a new database filled with made-up cases."""

from __future__ import annotations

import argparse
import json
from datetime import date, datetime, timedelta

from engine import database
from engine.runtime import Runtime
from engine.simulation import Outcome
from engine.timescales import LONDON
from handlers import MIGRATIONS, services
from web.commands.command import (
    MODELS,
    Command,
    Options,
    UsageError,
    connect,
    database_argument,
    json_argument,
)

_A_YEAR = timedelta(days=365)
_MOST_CASES = 10_000


def simulate(options: Options) -> int:
    """Fill a new database with made-up cases, worked on over months."""
    # Only this command and the demonstration need made-up families.
    from web import simulation

    until = options.until or _today()
    first = options.first or until - _A_YEAR
    if not first < until:
        raise UsageError(f"--from {first} has to be before --until {until}.")
    models = [options.model] if options.model else list(simulation.MODELS)
    connected = connect(options)
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
    database_argument(parser)
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
    json_argument(parser)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_CASES:
        raise argparse.ArgumentTypeError(f"“{text}” is no number from 1 to {_MOST_CASES:,}")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is no day such as 2026-05-03") from None


COMMANDS = (
    Command("simulate", "fill a new database with made-up cases", simulate, _simulate_arguments),
)
