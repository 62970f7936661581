"""A whole database as one file, and a new database from it.

The file is JSON, a line a row, packed with gzip; it begins with the versions of the tables and ends
with a digest over all of it. It holds every table and nothing of how
the database keeps them, so what was written on SQLite can be read into PostgreSQL and the other way
round, and by later versions of this program.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from alembic.migration import MigrationContext
from sqlalchemy.exc import IntegrityError, StatementError

from engine import database, history
from engine.errors import UnusableBackup
from engine.models import instance

FORMAT = "pathways backup 1"
_OTHERS = ("alembic_version", "tray_tally")
"""What is no data: the versions stand in the header, and the tallies the database keeps itself."""
_AT_ONCE = 500

_Code = Callable[[Any], Any]


@dataclass(frozen=True)
class Saved:
    """What a backup holds: the moment of which it is, and how many rows of each table."""

    at: datetime
    rows: dict[str, int]


@dataclass(frozen=True)
class Restored(Saved):
    """What was read from a backup; `faults` tells of each history that does not verify."""

    histories: int
    faults: list[str]


def save(source: sa.Engine, to: IO[bytes], now: datetime) -> Saved:
    """Write everything in the database, as it is at one moment, while others go on writing.

    Raises `UnusableBackup` if the database has no tables of this service.
    """
    with database.at_one_moment(source) as connection, _packing(to) as packed:
        heads = sorted(MigrationContext.configure(connection).get_current_heads())
        if not heads:
            raise UnusableBackup("This database has no tables of this service: nothing to save.")
        sealed = _Sealed(packed)
        sealed.write({"format": FORMAT, "at": now.astimezone(UTC).isoformat(), "tables_of": heads})
        rows = {}
        for table in _tables(connection):
            sealed.write({"table": table.name, "columns": [column.name for column in table.c]})
            rows[table.name] = _save_rows(connection, table, sealed)
        sealed.write({"sha256": sealed.digest.hexdigest()})
    return Saved(now, rows)


def restore(target: sa.Engine, source: IO[bytes], *version_locations: Path) -> Restored:
    """Read a backup into an empty database, bring its tables to the newest version and check every
    instance's history; all in one transaction, so that a failure leaves the database empty.

    `version_locations` are those of `database.migrate`. Raises `UnusableBackup` if the database is
    not empty, or the file is damaged, cut short, no backup, or from a later version of the program.
    """
    lines = _lines(source)
    header = next(lines, None)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise UnusableBackup("This file is no backup that this version of the program can read.")
    at = datetime.fromisoformat(header["at"])
    with target.begin() as connection:
        if sa.inspect(connection).get_table_names():
            raise UnusableBackup(
                "This database has tables already. A backup is restored into an empty database "
                "only: name a new SQLite file, or make an empty PostgreSQL database."
            )
        if not database.knows(header["tables_of"], *version_locations):
            raise UnusableBackup(
                "This backup was made by a later version of the program. Restore it with that one."
            )
        database.upgrade(connection, header["tables_of"], *version_locations)
        try:
            rows = _restore_rows(connection, lines)
        except (IntegrityError, StatementError) as error:
            # The words of the database would quote the row.
            raise UnusableBackup(
                f"This backup is damaged: a row does not fit ({type(error).__name__})."
            ) from None
        database.upgrade(connection, ["heads"], *version_locations)
        ids = connection.execute(sa.select(instance.c.id).order_by(instance.c.id)).scalars().all()
        faults = [fault for each in ids if (fault := history.verify(connection, each))]
    return Restored(at, rows, len(ids), faults)


def _packing(to: IO[bytes]) -> gzip.GzipFile:
    return gzip.GzipFile(fileobj=to, mode="wb", compresslevel=6, filename="")


class _Sealed:
    """Lines of JSON, and the digest over those written so far."""

    def __init__(self, to: gzip.GzipFile) -> None:
        self.to = to
        self.digest = hashlib.sha256()

    def write(self, value: Any) -> None:
        line = json.dumps(value, separators=(",", ":")).encode() + b"\n"
        self.digest.update(line)
        self.to.write(line)


def _lines(source: IO[bytes]) -> Iterator[Any]:
    """The values of a backup's lines but the last, which seals all the others."""
    digest = hashlib.sha256()
    held: bytes | None = None
    try:
        with gzip.GzipFile(fileobj=source, mode="rb") as packed:
            for line in packed:
                if held is not None:
                    digest.update(held)
                    yield json.loads(held)
                held = line
        sealed = held is not None and json.loads(held) == {"sha256": digest.hexdigest()}
    except gzip.BadGzipFile:
        raise UnusableBackup("This file is no backup of this service.") from None
    except (EOFError, zlib.error, ValueError):
        sealed = False
    if not sealed:
        raise UnusableBackup("This backup is damaged or was cut short; nothing was restored.")


def _tables(connection: sa.Connection) -> list[sa.Table]:
    """The tables that are there, whatever version they are of; what others refer to comes first."""
    found = sa.MetaData()
    found.reflect(connection)
    for table in found.tables.values():
        for column in table.c:
            if isinstance(column.type, sa.JSON):
                column.type.none_as_null = bool(column.nullable)
    return [table for table in found.sorted_tables if table.name not in _OTHERS]


def _save_rows(connection: sa.Connection, table: sa.Table, to: _Sealed) -> int:
    # By key, so that a row which refers to another of its own table comes after it.
    query = sa.select(table).order_by(*table.primary_key.columns)
    codes = [_written(column) for column in table.c]
    count = 0
    for row in connection.execute(query, execution_options={"yield_per": _AT_ONCE}):
        to.write(
            [
                value if code is None or value is None else code(value)
                for code, value in zip(codes, row, strict=True)
            ]
        )
        count += 1
    return count


def _written(column: sa.Column[Any]) -> _Code | None:
    """How a value of the column becomes JSON; None if it is already."""
    if isinstance(column.type, sa.LargeBinary):
        return lambda value: base64.b64encode(value).decode()
    if isinstance(column.type, sa.DateTime):
        # SQLite keeps no zone; all moments are kept in UTC.
        return lambda value: (
            value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        ).isoformat()
    if isinstance(column.type, sa.Date):
        return lambda value: value.isoformat()
    return None


def _read(column: sa.Column[Any]) -> _Code | None:
    """How a value of the column is read from JSON; None if it stays as it is."""
    if isinstance(column.type, sa.LargeBinary):
        return base64.b64decode
    if isinstance(column.type, sa.DateTime):
        return datetime.fromisoformat
    if isinstance(column.type, sa.Date):
        return date.fromisoformat
    return None


def _restore_rows(connection: sa.Connection, lines: Iterable[Any]) -> dict[str, int]:
    """Put every row into its table; how many each table got."""
    tables = {table.name: table for table in _tables(connection)}
    rows: dict[str, int] = {}
    waiting: list[dict[str, Any]] = []
    table: sa.Table | None = None
    columns: list[tuple[str, _Code | None]] = []

    def insert() -> None:
        if table is not None and waiting:
            connection.execute(table.insert(), waiting)
            rows[table.name] += len(waiting)
            waiting.clear()

    for line in lines:
        if isinstance(line, dict):
            insert()
            if line.get("table") not in tables:
                raise UnusableBackup("This backup is damaged: it names a table that there is not.")
            table = tables[line["table"]]
            columns = [(name, _read(table.c[name])) for name in line["columns"]]
            rows[table.name] = 0
            continue
        waiting.append(
            {
                name: value if code is None or value is None else code(value)
                for (name, code), value in zip(columns, line, strict=True)
            }
        )
        if len(waiting) == _AT_ONCE:
            insert()
    insert()
    for table in tables.values():
        _count_on(connection, table)
    return rows


def _count_on(connection: sa.Connection, table: sa.Table) -> None:
    """Let PostgreSQL give out keys after those that were restored; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        if column.server_default is not None:
            newest = sa.select(sa.func.max(column)).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
            connection.execute(
                sa.select(sa.func.setval(sequence, newest)).where(newest.is_not(None))
            )
