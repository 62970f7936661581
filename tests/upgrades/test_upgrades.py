"""Databases that earlier versions of the service wrote, brought to this one: nothing is lost, every
history verifies, and every case can go on.

Each file of `written` was filled with the shipped models, the example contacts and `work` by the
version whose tables it names. Before the first but one, states did not say what had been passed.
"""

from __future__ import annotations

import lzma
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from engine import database
from engine.history import verify
from engine.models import history, incident, instance, user_task
from engine.runtime import Runtime
from engine.spiff import waits
from handlers import MIGRATIONS, services
from tests.upgrades.work import Clock, open_tasks, work
from web import cli

# On PostgreSQL the oldest one goes through every revision; this asks for the others there as well.
ALL = bool(os.environ.get("PATHWAYS_UPGRADES"))
WRITTEN = sorted((Path(__file__).parent / "written").glob("*.sqlite3.xz"))

of_every_version = pytest.mark.parametrize(
    ("written", "kind"),
    [
        pytest.param(path, kind, id=f"{path.name.removesuffix('.sqlite3.xz')}-{kind}")
        for path in WRITTEN
        for kind in ("sqlite", "postgresql")
        if kind == "sqlite" or path == WRITTEN[0] or ALL
    ],
)

Rows = dict[str, dict[tuple[Any, ...], dict[str, Any]]]
"""The rows of each table by their primary keys."""


@pytest.fixture
def old(written: Path, tmp_path: Path) -> Path:
    """The database as the earlier version left it."""
    file = tmp_path / "old.sqlite3"
    file.write_bytes(lzma.decompress(written.read_bytes()))
    return file


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, old: Path) -> Iterator[str]:
    """The same on either kind of database, with the tables of its time."""
    if kind == "sqlite":
        yield f"sqlite:///{old}"
        return
    server: str = request.getfixturevalue("postgresql_server")
    with empty_postgresql(server) as made:
        move(old, made)
        yield made


@contextmanager
def empty_postgresql(server: str) -> Iterator[str]:
    name = "pathways_upgrade"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield f"{server.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def move(old: Path, url: str) -> None:
    """Put the rows into tables of the same version on PostgreSQL."""
    with opened(f"sqlite:///{old}") as source, opened(url) as target:
        with source.begin() as connection:
            heads = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars()
            revisions = sorted(heads)
        kept = rows_of(source)
        with target.begin() as connection:
            database.upgrade(connection, revisions, MIGRATIONS)
            for table in tables_of(connection):
                if kept[table.name]:
                    connection.execute(table.insert(), list(kept[table.name].values()))
                if "id" in table.c and isinstance(table.c.id.type, sa.Integer):
                    connection.execute(
                        sa.text(
                            f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                            f"(SELECT max(id) FROM {table.name}))"
                        )
                    )


@contextmanager
def opened(url: str) -> Iterator[sa.Engine]:
    engine = database.connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


def tables_of(connection: sa.Connection) -> list[sa.Table]:
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def rows_of(engine: sa.Engine) -> Rows:
    """Every row of every table, moments without their zone, which SQLite does not keep."""
    with engine.connect() as connection:
        return {
            table.name: {
                tuple(row[column.name] for column in table.primary_key.columns): {
                    name: plain(value) for name, value in row.items()
                }
                for row in connection.execute(sa.select(table)).mappings()
            }
            for table in tables_of(connection)
        }


def plain(value: Any) -> Any:
    return value.replace(tzinfo=None) if getattr(value, "tzinfo", None) else value


def assert_sound(engine: sa.Engine) -> None:
    """Histories verify, and open tasks are where the states say that instances wait."""
    with engine.connect() as connection:
        rows = connection.execute(sa.select(instance)).all()
        assert [verify(connection, row.id) for row in rows] == [None] * len(rows)
        for row in rows:
            tokens = connection.execute(
                sa.select(user_task.c.token).where(
                    user_task.c.instance_id == row.id, user_task.c.status == "open"
                )
            ).scalars()
            assert set(tokens) <= {wait.number for wait in waits(row.state)}, row.id


def assert_goes_on(engine: sa.Engine) -> None:
    """Every open task can be done, and days go by: no step fails but by the rules of the record."""
    with engine.connect() as connection:
        latest = connection.execute(sa.select(sa.func.max(history.c.at))).scalar_one()
        failed = connection.execute(sa.select(sa.func.count()).select_from(incident)).scalar_one()
    clock = Clock(latest + timedelta(hours=1))
    runtime = Runtime(engine, services, clock)
    waiting = open_tasks(runtime)
    assert waiting
    work(runtime, clock, Random(5), turns=1, share=1)
    assert set(waiting) & set(open_tasks(runtime)) == set()
    assert_sound(engine)
    with engine.connect() as connection:
        query = sa.select(incident.c.message).order_by(incident.c.id).offset(failed)
        messages = connection.execute(query).scalars().all()
    assert [words for words in messages if "fault in the service" in words] == []


@of_every_version
def test_an_earlier_database_is_brought_to_this_version_and_goes_on(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(url) as engine:
        before = rows_of(engine)
        assert cli.main(["migrate-database", "--database-url", url]) == 0
        assert capsys.readouterr().out == "The database is up to date.\n"
        assert database.is_current(engine, MIGRATIONS)
        after = rows_of(engine)
        for table, rows in before.items():
            for key, was in rows.items():
                now = after[table][key]
                assert {name: now[name] for name in was} == was, table
        assert_sound(engine)
        assert_goes_on(engine)
