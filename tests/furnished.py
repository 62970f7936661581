"""A council at work to begin tests with: the shipped models, the demonstration's people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from engine import versions
from engine.definitions import files_of, read_model
from engine.identity import SYSTEM
from engine.model import Model
from engine.runtime import Runtime
from handlers import directory, services
from handlers.practices import PRACTICES
from web.app import create_app
from web.settings import Settings

ROOT = Path(__file__).parents[1]
_DEPLOYED = datetime(2026, 1, 2, 9, tzinfo=UTC)


@cache
def shipped(model: str = "caf") -> Model:
    """A model that ships, proved once for all tests: that takes longer than any of them."""
    return read_model(files_of(ROOT / "bpmn" / model), services)[0]


def deploy(runtime: Runtime, name: str) -> None:
    """Deploy one of the models that ship, without proving it again."""
    model = shipped(name)
    with runtime.database.begin() as connection:
        number = versions.put(connection, model, SYSTEM, _DEPLOYED).id
    runtime.keep(number, model)


def furnish(engine: sa.Engine) -> None:
    """Fill a migrated database."""
    runtime = Runtime(engine, services)
    for model in PRACTICES:
        deploy(runtime, model)
    with engine.begin() as connection:
        directory.seed_demo(connection)


@dataclass
class Reused:
    """A database that `refill` fills anew for each test, behind an engine that stays: to compile
    its SQL again would take longer than most tests."""

    engine: sa.Engine
    refill: Callable[[], object]

    def fresh(self) -> sa.Engine:
        self.engine.dispose()
        self.refill()
        return self.engine


class _Compiled(BytecodeCache):
    """Templates that any service in this process has compiled."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], object] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))  # type: ignore[assignment]

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


def service(runtime: Runtime, settings: Settings) -> Flask:
    """The service as it runs, with templates that are compiled once for all tests."""
    app = create_app(runtime, settings)
    app.jinja_env.bytecode_cache = _COMPILED
    return app
