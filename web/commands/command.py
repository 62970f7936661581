"""What a subcommand is, and what several of them share: database, model and JSON arguments."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from sqlalchemy import Engine

from engine import database
from engine.errors import Finding
from engine.runtime import Runtime
from handlers import MIGRATIONS, services
from web.settings import DEFAULT_DATABASE_URL

MODELS = Path(__file__).resolve().parents[2] / "bpmn"
"""Where the models are that ship."""

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


def runtime(options: Options) -> Runtime:
    """What runs on the database that the options name; its tables have to be the newest.

    Raises `UsageError` if they are not.
    """
    connected = connect(options)
    # The demonstration migrates its database by itself.
    if not getattr(options, "demo", False) and not database.is_current(connected, MIGRATIONS):
        raise UsageError(
            "The database's tables are not of this program's version. Run first: "
            "pathways migrate-database"
        )
    return Runtime(connected, services)


def connect(options: Options) -> Engine:
    """The database that the options name, of whatever version. Raises UsageError."""
    try:
        return database.connect(database_url(options))
    except ValueError as error:
        raise UsageError(str(error)) from None


def database_url(options: Options) -> str:
    """`--database-url`, or else what the environment names, or else the usual file."""
    given: str | None = options.database_url or os.environ.get("PATHWAYS_DATABASE_URL")
    return given or DEFAULT_DATABASE_URL


def model_folder(text: str) -> Path:
    """The folder that `text` is, or the shipped model of that name."""
    for folder in (Path(text), MODELS / text):
        if (folder / "model.toml").is_file():
            return folder
    shipped = ", ".join(sorted(path.parent.name for path in MODELS.glob("*/model.toml")))
    raise UsageError(
        f"{text} is neither a folder with a model.toml nor one of the shipped models ({shipped})."
    )


def print_findings(findings: Iterable[Finding], to: TextIO) -> None:
    for finding in findings:
        print(finding, file=to)


def database_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help="sqlite:///FILE or postgresql://USER@HOST/NAME (default: PATHWAYS_DATABASE_URL, "
        f"or else {DEFAULT_DATABASE_URL})",
    )


def model_argument(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument(
        name, metavar="MODEL", help="a model folder, or the name of a model that ships"
    )


def json_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")
