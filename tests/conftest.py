"""What every test may ask for: a migrated database of its own, and a real browser."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from engine import database
from handlers import MIGRATIONS
from tests import browser, postgres
from tests.furnished import Reused, furnish

_TEMPLATE = "pathways_template"
_FURNISHED = "pathways_furnished"
_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that were given more time than others come first, so that none of them is what one
    process is left with while the others have nothing to do any more."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of an empty, migrated database; the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> sa.Engine:
    """A database, once SQLite and once PostgreSQL, with the shipped models, where the
    demonstration's people work."""
    reused: Reused = request.getfixturevalue(f"reused_{request.param}")
    return reused.fresh()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """URL of an empty, migrated SQLite database, for tests that any database does for."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'pathways.sqlite3')}"


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """URL of an empty, migrated PostgreSQL database."""
    name = f"pathways_{next(_numbers)}"
    with psycopg.connect(postgresql_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
        yield _database_of(postgresql_server, name)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "pathways.sqlite3"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a PostgreSQL server that lasts as long as the tests and has a migrated template."""
    with postgres.server() as url:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {_TEMPLATE}")
        _migrate(_database_of(url, _TEMPLATE))
        yield url


@pytest.fixture(scope="session")
def furnished_sqlite(sqlite_template: Path) -> Path:
    """A SQLite file with the shipped models and the demonstration's people, to be copied."""
    path = sqlite_template.with_name("furnished.sqlite3")
    shutil.copy(sqlite_template, path)
    _furnish(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def furnished_postgresql(postgresql_server: str) -> str:
    """The name of such a PostgreSQL database, to be a template."""
    with psycopg.connect(postgresql_server, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {_FURNISHED} TEMPLATE {_TEMPLATE}")
    _furnish(_database_of(postgresql_server, _FURNISHED))
    return _FURNISHED


@pytest.fixture(scope="session")
def reused_sqlite(
    furnished_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Reused]:
    path = tmp_path_factory.mktemp("reused") / "pathways.sqlite3"
    engine = database.connect(f"sqlite:///{path}")
    yield Reused(engine, lambda: copy_database(furnished_sqlite, path))
    engine.dispose()


@pytest.fixture(scope="session")
def reused_postgresql(postgresql_server: str, furnished_postgresql: str) -> Iterator[Reused]:
    name = "pathways_reused"

    def refill() -> None:
        with psycopg.connect(postgresql_server, autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            server.execute(
                f"CREATE DATABASE {name} TEMPLATE {furnished_postgresql} STRATEGY FILE_COPY"
            )

    engine = database.connect(_database_of(postgresql_server, name))
    yield Reused(engine, refill)
    engine.dispose()


def copy_database(template: Path, path: Path) -> None:
    """Put a copy of a SQLite file in the place of another one and its log."""
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    shutil.copy(template, path)


def _furnish(url: str) -> None:
    engine = database.connect(url)
    furnish(engine)
    engine.dispose()


def _migrate(url: str) -> None:
    engine = database.connect(url)
    database.migrate(engine, MIGRATIONS)
    # A database with open connections can't be a template, and SQLite's log not be copied.
    engine.dispose()


def _database_of(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's `page` and `browser` run the browser that is installed."""
    return {
        **browser_type_launch_args,
        "executable_path": str(browser.ensure()),
        "args": browser.flags(),
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Pages see a British browser on a small laptop."""
    return {
        **browser_context_args,
        "locale": "en-GB",
        "timezone_id": "Europe/London",
        "viewport": {"width": 1280, "height": 800},
    }
