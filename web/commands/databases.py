"""`migrate-database`, `backup` and `restore`: the database as a whole."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sqlalchemy.engine import make_url

from engine import backup as backups
from engine import database, tallies
from engine.timescales import LONDON
from handlers import MIGRATIONS
from web.commands.command import (
    Command,
    Options,
    UsageError,
    connect,
    database_argument,
    database_url,
)

_STANDARD = "-"


def migrate_database(options: Options) -> int:
    """Bring the database's tables to the newest version, and count the trays anew."""
    connected = connect(options)
    database.migrate(connected, MIGRATIONS)
    tallies.recount(connected)
    print("The database is up to date.")
    return 0


def backup(options: Options) -> int:
    """Write everything in the database to one file, while the service goes on."""
    file = make_url(database_url(options)).database
    connected = connect(options)
    if connected.dialect.name == "sqlite" and not Path(file or "").is_file():
        raise UsageError(f"There is no database {file}.")
    with _written_whole(options.file) as to:
        saved = backups.save(connected, to, datetime.now(UTC))
    # What is asked for on standard output must not be mixed with words.
    print(
        f"Saved {sum(saved.rows.values())} rows of {len(saved.rows)} tables, "
        f"of {_moment(saved.at)}.",
        file=sys.stderr if options.file == _STANDARD else sys.stdout,
    )
    return 0


def restore(options: Options) -> int:
    """Read a backup into an empty database, and check every history in it."""
    connected = connect(options)
    with _reading(options.file) as source:
        restored = backups.restore(connected, source, MIGRATIONS)
    print(
        f"Restored {sum(restored.rows.values())} rows of {len(restored.rows)} tables, as of "
        f"{_moment(restored.at)}; {restored.histories} histories checked."
    )
    for fault in restored.faults:
        print(f"Not as it was written: {fault}.", file=sys.stderr)
    return int(bool(restored.faults))


def _moment(at: datetime) -> str:
    return f"{at.astimezone(LONDON):%-d %B %Y, %H:%M:%S}"


@contextmanager
def _written_whole(name: str) -> Iterator[IO[bytes]]:
    """A file that is there whole in the end, readable by its owner only, or not at all."""
    if name == _STANDARD:
        yield sys.stdout.buffer
        return
    part = Path(f"{name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as to:
            yield to
            to.flush()
            os.fsync(to.fileno())
        part.replace(name)
    except OSError as error:
        raise UsageError(f"{name} cannot be written: {error.strerror or error}.") from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _reading(name: str) -> Iterator[IO[bytes]]:
    if name == _STANDARD:
        yield sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as source:
            yield source
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror or error}.") from None


def _arguments(parser: argparse.ArgumentParser) -> None:
    database_argument(parser)
    parser.add_argument("file", metavar="FILE", help="the backup, or - for the standard stream")


COMMANDS = (
    Command("backup", "write everything in the database to one file", backup, _arguments),
    Command("restore", "read a backup into an empty database", restore, _arguments),
    Command(
        "migrate-database",
        "bring the database's tables to the newest version",
        migrate_database,
        database_argument,
    ),
)
