"""A small operating model, a clock that tests move, and a runtime on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import commands, database
from engine.errors import ServiceError
from engine.identity import Actor
from engine.runtime import Runtime
from engine.services import Choice, ServiceContext, ServiceRegistry
from tests.engine.errand import FILES

WORKER = Actor("wyn", frozenset({"worker"}))
OTHER = Actor("oli", frozenset({"worker"}))
MANAGER = Actor("max", frozenset({"manager"}))
STRANGER = Actor("sam", frozenset({"stranger"}))


class Clock:
    """Time as the tests want it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **time: float) -> None:
        self.now += timedelta(**time)


class Office:
    """The handlers of the errand model, with a fault that a test can switch on."""

    def __init__(self) -> None:
        self.services = ServiceRegistry()
        self.fault: Exception | None = None
        self.alerts: list[str] = []
        self.calls: list[str] = []

        @self.services.handler("register", results=("registered",))
        def register(context: ServiceContext, form: str) -> dict[str, Any]:
            self.calls.append(f"register {context.submission(form)}")
            if self.fault:
                context.send("mail", {"to": "nobody"})
                raise self.fault
            context.send(
                "mail",
                {
                    "to": "sam@example.org",
                    "subject": f"Errand {context.business_key}",
                    "text": "An errand was agreed.",
                },
            )
            return {"registered": True}

        @self.services.handler("alert")
        def alert(context: ServiceContext) -> None:
            self.alerts.append(context.now.isoformat())

        @self.services.choices("helpers")
        def helpers(connection: Any, business_key: str) -> list[Choice]:
            return [Choice("wyn", "Wyn Worker"), Choice("oli", "Oli Other")]

    def fail(self) -> None:
        self.fault = ServiceError("The register is closed.")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The errand model as a folder."""
    return write(tmp_path / "errand", FILES)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


@pytest.fixture
def runtime(database_url: str, clock: Clock, office: Office, folder: Path) -> Iterator[Runtime]:
    """A node on a fresh database with the errand model deployed."""
    engine = database.connect(database_url)
    runtime = Runtime(engine, office.services, clock)
    commands.deploy(runtime, folder, MANAGER)
    yield runtime
    engine.dispose()
