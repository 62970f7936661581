"""Backups: made while people work, of one moment, read into either kind of database whole or not
at all."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from engine import backup, commands, database, queries
from engine.errors import UnusableBackup
from engine.models import history, instance, user_task
from engine.runtime import Runtime
from engine.spiff import waits
from handlers import MIGRATIONS
from tests.engine.conftest import MANAGER, WORKER, Clock, Office

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
_numbers = itertools.count(1)


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = database.connect(f"sqlite:///{tmp_path}/restored.sqlite3")
    yield engine
    engine.dispose()


@pytest.fixture
def empty_postgresql(postgresql_server: str) -> Iterator[sa.Engine]:
    name = f"restored_{next(_numbers)}"
    with psycopg.connect(postgresql_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        engine = database.connect(f"{postgresql_server.rpartition('/')[0]}/{name}")
        yield engine
        engine.dispose()
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def other_kind(runtime: Runtime, request: pytest.FixtureRequest) -> sa.Engine:
    """An empty database of the kind that the runtime's is not."""
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[runtime.database.dialect.name]
    found: sa.Engine = request.getfixturevalue(f"empty_{other}")
    return found


def one_errand(runtime: Runtime) -> str:
    """An errand that is agreed and about to be checked."""
    case = commands.start(runtime, "errand", "errand", {"who": "Sam Sample"}, WORKER)
    (task,) = queries.open_tasks(runtime, case.business_key)
    commands.complete_task(runtime, task.id, {"size": "big", "helper": "wyn"}, WORKER)
    return case.business_key


@contextmanager
def people_at_work(runtime: Runtime) -> Iterator[list[str]]:
    """Two people agree errands, one after another; the keys of those that were acknowledged."""
    done: list[str] = []
    told_to_stop = threading.Event()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            while not told_to_stop.is_set():
                done.append(one_errand(runtime))
        except BaseException as error:
            failed.append(error)

    people = [threading.Thread(target=work) for _ in range(2)]
    for person in people:
        person.start()
    try:
        yield done
    finally:
        told_to_stop.set()
        for person in people:
            person.join()
    assert failed == []


def saved(source: sa.Engine) -> bytes:
    to = io.BytesIO()
    backup.save(source, to, NOW)
    return to.getvalue()


def restored(target: sa.Engine, content: bytes) -> backup.Restored:
    return backup.restore(target, io.BytesIO(content), MIGRATIONS)


def lines(content: bytes) -> list[bytes]:
    return gzip.decompress(content).splitlines()


def test_a_backup_made_under_load_is_whole_and_the_restored_service_goes_on(
    runtime: Runtime, other_kind: sa.Engine, office: Office, clock: Clock
) -> None:
    for _ in range(3):
        one_errand(runtime)
    with people_at_work(runtime) as done:
        while len(done) < 3:
            threading.Event().wait(0.01)
        before = set(done)
        content = saved(runtime.database)
    result = restored(other_kind, content)
    assert result.faults == []
    assert result.at == NOW
    with other_kind.connect() as connection:
        rows = connection.execute(sa.select(instance)).all()
        assert result.histories == len(rows) == result.rows["instance"]
        assert before <= {row.business_key for row in rows}
        # Of one moment: what an instance says of itself fits its tasks and its history.
        for row in rows:
            of_it = user_task.c.instance_id == row.id
            is_open = sa.select(user_task.c.token).where(of_it, user_task.c.status == "open")
            tokens = set(connection.execute(is_open).scalars())
            assert tokens <= {wait.number for wait in waits(row.state)}
            counted = sa.select(sa.func.count()).where(history.c.instance_id == row.id)
            assert connection.execute(counted).scalar_one() == row.events
    there = Runtime(other_kind, office.services, clock)
    for business_key in sorted(before):
        (task,) = queries.open_tasks(there, business_key)
        commands.complete_task(there, task.id, {"result": "done", "note": "Seen to."}, WORKER)
        assert queries.verify_history(there, business_key) == []
    assert one_errand(there) not in {row.business_key for row in rows}


def test_what_was_restored_is_to_the_letter_what_was_saved(
    runtime: Runtime, other_kind: sa.Engine
) -> None:
    key = one_errand(runtime)
    (task,) = queries.open_tasks(runtime, key)
    commands.save_draft(runtime, task.id, {"result": "done"}, WORKER)
    content = saved(runtime.database)
    restored(other_kind, content)
    assert lines(saved(other_kind)) == lines(content)


def test_only_an_empty_database_takes_a_backup(runtime: Runtime) -> None:
    content = saved(runtime.database)
    with pytest.raises(UnusableBackup, match="has tables already"):
        restored(runtime.database, content)


def test_a_database_without_tables_is_not_saved(empty_sqlite: sa.Engine) -> None:
    with pytest.raises(UnusableBackup, match="nothing to save"):
        saved(empty_sqlite)


def sealed(content: list[bytes]) -> bytes:
    """Lines as a backup, with a seal that fits them."""
    body = b"".join(line + b"\n" for line in content)
    seal = json.dumps({"sha256": hashlib.sha256(body).hexdigest()}).encode()
    return gzip.compress(body + seal + b"\n")


def changed(content: bytes, **header: Any) -> bytes:
    first, *others = lines(content)[:-1]
    return sealed([json.dumps({**json.loads(first), **header}).encode(), *others])


@pytest.fixture
def content(sqlite_url: str) -> bytes:
    """A backup of a database without cases."""
    engine = database.connect(sqlite_url)
    try:
        return saved(engine)
    finally:
        engine.dispose()


@pytest.fixture
def small(office: Office, sqlite_url: str, folder: Path) -> bytes:
    """A backup with a case in it."""
    engine = database.connect(sqlite_url)
    runtime = Runtime(engine, office.services)
    commands.deploy(runtime, folder, MANAGER)
    one_errand(runtime)
    try:
        return saved(engine)
    finally:
        engine.dispose()


def assert_refused(target: sa.Engine, content: bytes, words: str) -> None:
    with pytest.raises(UnusableBackup, match=words):
        restored(target, content)
    assert sa.inspect(target).get_table_names() == []


def test_what_is_no_backup_is_refused_in_words(empty_sqlite: sa.Engine, content: bytes) -> None:
    for other, words in (
        (b"", "damaged or was cut short"),
        (b"SQLite format 3\0", "no backup of this service"),
        (gzip.compress(b"[1]\n[2]\n"), "no backup that this version"),
        (changed(content, format="pathways backup 99"), "no backup that this version"),
        (changed(content, tables_of=["engine9999"]), "later version of the program"),
    ):
        assert_refused(empty_sqlite, other, words)


def test_a_damaged_backup_leaves_the_database_empty(empty_sqlite: sa.Engine, small: bytes) -> None:
    for cut in (len(small) // 2, len(small) - 9):
        assert_refused(empty_sqlite, small[:cut], "cut short")
    rows = lines(small)
    assert_refused(empty_sqlite, gzip.compress(b"\n".join([*rows[:-3], *rows[-2:]])), "damaged")
    # Even with a seal that fits: a row twice, a table that there is not.
    last = next(n for n, line in enumerate(rows) if line.startswith(b'{"table":"instance"'))
    assert_refused(empty_sqlite, sealed([*rows[: last + 2], *rows[last + 1 : -1]]), "does not fit")
    renamed = [line.replace(b'"table":"instance"', b'"table":"nothing"') for line in rows[:-1]]
    assert_refused(empty_sqlite, sealed(renamed), "a table that there is not")
    assert restored(empty_sqlite, small).faults == []


def test_a_history_that_was_changed_is_restored_and_told_of(
    empty_sqlite: sa.Engine, small: bytes
) -> None:
    rows = [line.replace(b'"wyn"', b'"max"', 1) for line in lines(small)[:-1]]
    result = restored(empty_sqlite, sealed(rows))
    assert len(result.faults) == 1
    assert "was changed after it was written" in result.faults[0]
