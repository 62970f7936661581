"""Nodes as processes that may be killed, and databases that they work on."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from engine import commands, database
from engine.runtime import Runtime
from handlers import MIGRATIONS
from tests.durability.node import services
from tests.engine.conftest import MANAGER, Clock, write
from tests.engine.errand import FILES
from tests.postgres import Server, own_server
from tests.smtp import MailServer, mail_server

ROOT = Path(__file__).parents[2]
Begin = Callable[..., BaseProcess]


@pytest.fixture(scope="session")
def processes() -> ForkServerContext:
    """Starts processes that have the engine in memory already, in milliseconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.durability.node", "tests.durability.contest"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)
    forkserver.ensure_running()
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before
    return context


@pytest.fixture
def begin(processes: ForkServerContext) -> Iterator[Begin]:
    """Runs a function in a process of its own; what is still running at the end is killed."""
    begun: list[BaseProcess] = []

    def run(work: Callable[..., None], *arguments: Any) -> BaseProcess:
        process = processes.Process(target=work, args=arguments)
        process.start()
        begun.append(process)
        return process

    yield run
    for process in begun:
        if process.is_alive():
            process.kill()
        process.join()
        with suppress(ValueError):
            process.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def runtime(database_url: str, clock: Clock, tmp_path: Path) -> Iterator[Runtime]:
    """A node in this process, with the errand model deployed."""
    with errands(database_url, clock, tmp_path) as runtime:
        yield runtime


@contextmanager
def errands(url: str, clock: Clock, folder: Path) -> Iterator[Runtime]:
    """A node on a migrated database, with the errand model deployed."""
    engine = database.connect(url)
    runtime = Runtime(engine, services(), clock)
    commands.deploy(runtime, write(folder / "errand", FILES), MANAGER)
    yield runtime
    engine.dispose()


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL server that may be stopped, and that keeps what it has acknowledged."""
    with own_server(synchronous_commit="on") as running:
        engine = database.connect(running.url)
        database.migrate(engine, MIGRATIONS)
        engine.dispose()
        yield running


@pytest.fixture
def post() -> Iterator[MailServer]:
    """A mail server that takes everything."""
    with mail_server() as server:
        yield server
