"""The door to the database: connecting, transactions that are retried, and migrations."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError

from engine.errors import Conflict, Overrun
from engine.outages import is_outage
from engine.statements import as_sqlalchemy
from engine.turns import Turns

MIGRATIONS = Path(__file__).parent / "migrations"
_ATTEMPTS = 8
_IDLE_SECONDS = 1.0
_T = TypeVar("_T")
_TURNS: WeakKeyDictionary[sa.Engine, Turns] = WeakKeyDictionary()
"""By SQLite file; each database in memory is one thread's own."""
_OVERRUN: ContextVar[tuple[str, ...]] = ContextVar("overrun", default=())
"""The steps that took too long in the attempts at the transaction at hand."""


PATIENCE = 30.0
"""For how many seconds a transaction waits for others before it gives up."""


def connect(url: str, patience: float = PATIENCE) -> sa.Engine:
    """An SQLAlchemy engine for `sqlite:///FILE` or `postgresql://...`.

    All that a transaction reads is of one moment, or a row read early would be taken together with
    one that someone else wrote since: REPEATABLE READ on PostgreSQL. SQLite has no other way; it
    runs in WAL mode with synchronous FULL and foreign keys on, and takes the write lock
    when a transaction begins, so that two writers wait for each other instead of failing. Who waits
    for longer than `patience` seconds is told so (`engine.outages`).
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        # A handler runs in a thread of its own, while the one that opened the connection waits.
        engine = sa.create_engine(
            parsed,
            connect_args={"timeout": patience, "check_same_thread": False},
            execution_options={"patience": patience},
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_immediate)
        if parsed.database and parsed.database != ":memory:":
            _TURNS[engine] = Turns()
        return engine
    if parsed.get_backend_name() == "postgresql":
        engine = sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=10,
            isolation_level="REPEATABLE READ",
            pool_timeout=patience,
            connect_args={**_UNREACHABLE, **parsed.query},
            execution_options={"patience": patience},
        )
        sa.event.listen(engine, "connect", partial(_prepare_postgresql, patience))
        sa.event.listen(engine, "checkin", _note_use)
        sa.event.listen(engine, "checkout", _ask_if_idle)
        return engine
    raise ValueError(
        f"The database has to be SQLite or PostgreSQL, not “{parsed.get_backend_name()}”. "
        "Write sqlite:///FILE or postgresql://USER@HOST/NAME."
    )


def _note_use(driver: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _ask_if_idle(driver: Any, record: Any, proxy: Any) -> None:
    """Ask a connection that nobody used for a while whether its server is still there.

    One that was used just now is not asked: that would double what a short read costs.
    """
    if time.monotonic() - record.info.get("used", float("inf")) < _IDLE_SECONDS:
        return
    try:
        driver.execute("SELECT 1")
        driver.rollback()
    except psycopg.Error as error:
        raise DisconnectionError from error


# A server that vanished without a word is noticed within half a minute (milliseconds in the last).
_UNREACHABLE = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
_LONGEST_PAUSE = 4
"""How many times the patience a transaction may do nothing: then a frozen node loses its locks."""


def _prepare_postgresql(patience: float, connection: Any, record: Any) -> None:
    for setting, seconds in (
        ("lock_timeout", patience),
        ("idle_in_transaction_session_timeout", _LONGEST_PAUSE * patience),
    ):
        connection.execute(f"SET {setting} = {round(seconds * 1000)}")
    connection.commit()


def _prepare_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite's own folds ASCII only, and a search for “élodie” has to find “Élodie”.
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _begin_immediate(connection: sa.Connection) -> None:
    # On the driver: SQLAlchemy's own way to a statement costs more than beginning does.
    driver: Any = connection.connection.driver_connection
    reads = connection.get_execution_options().get("read_only")
    try:
        driver.execute("BEGIN" if reads else "BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        raise as_sqlalchemy(connection, error) from error


def transact(database: sa.Engine, work: Callable[[sa.Connection], _T]) -> _T:
    """Run `work` in one transaction and commit; begin again where another one came first.

    Raises `Conflict` when that goes on for too long; every other error after a rollback. A step
    that overran is known when `work` is begun again: `has_overrun` tells.
    """
    give_up = time.monotonic() + database.get_execution_options().get("patience", PATIENCE)
    before = _OVERRUN.set(())
    try:
        return _attempts(database, work, give_up)
    finally:
        _OVERRUN.reset(before)


def _attempts(database: sa.Engine, work: Callable[[sa.Connection], _T], give_up: float) -> _T:
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0.5, 1.5) * 0.005 * 2**attempt)  # noqa: S311
        try:
            turns = _TURNS.get(database)
            if turns is not None:
                return turns.take(database, work)
            with database.connect() as connection, connection.begin():
                return work(connection)
        except Overrun as error:
            _OVERRUN.set((*_OVERRUN.get(), error.step))
        except Conflict:
            continue
        except DBAPIError as error:
            # Who waited for a lock all this time was not overtaken: the database is held.
            if not is_race(error) or (is_outage(error) and time.monotonic() >= give_up):
                raise
    raise Conflict(
        "Several people changed this case at the same moment. Nothing of this step was saved; "
        "please try again."
    )


def has_overrun(step: str) -> bool:
    """Whether the transaction at hand was begun again because that step took too long."""
    return step in _OVERRUN.get()


def abandon(connection: sa.Connection) -> None:
    """Close a connection on which a thread that was given up may still be at work: what it did is
    undone, its locks are free, and whatever it does from now on fails."""
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        # Closing waits for statements that somebody still holds, and the lock for closing.
        driver.interrupt()
        driver.execute("PRAGMA query_only = ON")
        driver.rollback()
    else:
        driver.cancel_safe(timeout=5)
    connection.invalidate()


_ONLY_ONE_FIRST = (
    "uq_user_task_instance_id_token",
    "uq_incident_instance_id_token",
    "uq_outbox_key",
)


def is_race(error: Exception) -> bool:
    """Whether another transaction is to blame, so that beginning again may well succeed."""
    if not isinstance(error, DBAPIError):
        return False
    if getattr(error.orig, "sqlstate", None) in ("40001", "40P01", "55P03"):
        return True
    # Two that move one instance give out the same numbers; on PostgreSQL the second one meets the
    # first one's rows before it comes to the revision.
    if getattr(getattr(error.orig, "diag", None), "constraint_name", "") in _ONLY_ONE_FIRST:
        return True
    return "database is locked" in str(error.orig)


def reading(database: sa.Engine) -> sa.engine.Connection:
    """A connection for reading only, as a context manager.

    On SQLite all that is read is of one moment, on PostgreSQL all that one statement reads.
    """
    return _reader(database).connect()


def at_one_moment(database: sa.Engine) -> sa.engine.Connection:
    """A connection on which all that is read is of one moment, however long reading takes."""
    return database.connect().execution_options(read_only=True)


@lru_cache(maxsize=8)
def _reader(database: sa.Engine) -> sa.Engine:
    if database.dialect.name == "postgresql":
        # Without a transaction nothing has to be sent to begin and to end one.
        return database.execution_options(isolation_level="AUTOCOMMIT")
    return database.execution_options(read_only=True)


def migrate(database: sa.Engine, *version_locations: Path) -> None:
    """Bring the tables to the newest version: the engine's own and those of the given folders."""
    with database.begin() as connection:
        upgrade(connection, ["heads"], *version_locations)


def upgrade(connection: sa.Connection, to: Sequence[str], *version_locations: Path) -> None:
    """Bring the tables to these revisions in the connection's transaction."""
    config = _migrations(version_locations)
    config.attributes["connection"] = connection
    for revision in to:
        command.upgrade(config, revision)


def knows(revisions: Iterable[str], *version_locations: Path) -> bool:
    """Whether these are revisions of the tables that this program came through."""
    scripts = ScriptDirectory.from_config(_migrations(version_locations))
    return set(revisions) <= {script.revision for script in scripts.walk_revisions()}


def is_current(database: sa.Engine, *version_locations: Path) -> bool:
    """Whether the tables are of the version that this program writes."""
    newest = _newest(version_locations)
    with reading(database) as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == newest


@cache
def _newest(version_locations: Sequence[Path]) -> frozenset[str]:
    return frozenset(ScriptDirectory.from_config(_migrations(version_locations)).get_heads())


def _migrations(version_locations: Sequence[Path]) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    locations = (MIGRATIONS / "versions", *version_locations)
    config.set_main_option("version_locations", "\n".join(str(path) for path in locations))
    return config
