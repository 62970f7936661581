"""A service that real browsers reach: the shipped model, the demonstration's people, waitress."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import waitress

from engine import database
from engine.runtime import Runtime
from handlers import services
from web import demo
from web.app import create_app
from web.settings import DEMO_API_KEY, ApiKey, Settings, digest_of


class Clock:
    """Time as the journey wants it; it moves by itself a second at every look."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Service:
    """A running service: where it is, and its insides for looking at the outcome."""

    url: str
    runtime: Runtime
    clock: Clock


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    """The service on a database of each kind."""
    with _serve(database_url) as running:
        yield running


@pytest.fixture
def sqlite_service(sqlite_url: str) -> Iterator[Service]:
    with _serve(sqlite_url) as running:
        yield running


@pytest.fixture
def postgresql_service(postgresql_url: str) -> Iterator[Service]:
    with _serve(postgresql_url) as running:
        yield running


@pytest.fixture(scope="module")
def shared_service(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """One service for all tests of a module, each of which keeps to a draft of its own."""
    copy = shutil.copy(sqlite_template, tmp_path_factory.mktemp("shared") / "pathways.sqlite3")
    with _serve(f"sqlite:///{copy}") as running:
        yield running


@contextmanager
def _serve(database_url: str) -> Iterator[Service]:
    clock = Clock()
    runtime = Runtime(database.connect(database_url), services, clock)
    demo.prepare(runtime)
    settings = Settings(
        secret_key="for journeys only: " + "x" * 32,
        cookie_secure=False,
        demo=True,
        api_keys=(ApiKey("demonstration", digest_of(DEMO_API_KEY)),),
    )
    server = waitress.create_server(
        create_app(runtime, settings), host="127.0.0.1", port=0, threads=4, ident=None
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Service(f"http://127.0.0.1:{server.effective_port}", runtime, clock)
    server.close()
    thread.join(5)
    runtime.database.dispose()
