"""A service that real browsers reach: the shipped models, the demonstration's people, waitress."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import waitress
from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from engine import database
from engine.runtime import Runtime
from handlers import services
from handlers.practices import PRACTICES
from tests.conftest import copy_database
from tests.furnished import Reused, deploy, service
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
    app: Flask

    def session_of(self, user: str) -> str:
        """The cookie of somebody who signed in."""
        signer = SecureCookieSessionInterface().get_signing_serializer(self.app)
        assert signer is not None
        return str(signer.dumps({"user": user}))


@pytest.fixture
def sqlite_service(reused_sqlite: Reused) -> Iterator[Service]:
    with _serve(reused_sqlite.fresh()) as running:
        yield running


@pytest.fixture
def postgresql_service(reused_postgresql: Reused) -> Iterator[Service]:
    with _serve(reused_postgresql.fresh()) as running:
        yield running


@pytest.fixture(scope="module")
def shared_service(
    furnished_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """One service for all tests of a module, each of which keeps to a draft of its own."""
    path = tmp_path_factory.mktemp("shared") / "pathways.sqlite3"
    copy_database(furnished_sqlite, path)
    with _serve(database.connect(f"sqlite:///{path}")) as running:
        yield running


@contextmanager
def _serve(engine: sa.Engine) -> Iterator[Service]:
    clock = Clock()
    runtime = Runtime(engine, services, clock)
    for model in PRACTICES:
        deploy(runtime, model)
    settings = Settings(
        secret_key="for journeys only: " + "x" * 32,
        cookie_secure=False,
        demo=True,
        api_keys=(ApiKey("demonstration", digest_of(DEMO_API_KEY)),),
    )
    app = service(runtime, settings)
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4, ident=None)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Service(f"http://127.0.0.1:{server.effective_port}", runtime, clock, app)
    server.close()
    thread.join(5)
    runtime.database.dispose()
