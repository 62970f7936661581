"""A worker as a process of its own, and the mail server that it is told about."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
import time_machine

from engine import commands, database, queries
from engine.models import outbox
from engine.runtime import Runtime
from tests import smtp
from tests.engine.conftest import MANAGER, WORKER, Office, write
from tests.engine.errand import FILES
from web import nodes
from web.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mails(sqlite_url: str, tmp_path: Path) -> list[Any]:
    """The three mails in the outbox."""
    engine = database.connect(sqlite_url)
    runtime = Runtime(engine, Office().services)
    commands.deploy(runtime, write(tmp_path / "errand", FILES), MANAGER)
    for _ in range(3):
        write_mail(runtime)
    engine.dispose()
    written = messages(sqlite_url)
    assert len(written) == 3
    return written


def write_mail(runtime: Runtime) -> None:
    case = commands.start(runtime, "errand", "errand", {"who": "Sam Sample"}, WORKER)
    (task,) = queries.open_tasks(runtime, case.business_key)
    commands.complete_task(runtime, task.id, {"size": "big", "helper": "wyn"}, WORKER)


def messages(url: str) -> list[Any]:
    engine = database.connect(url)
    with database.reading(engine) as connection:
        found = list(connection.execute(sa.select(outbox).order_by(outbox.c.id)).all())
    engine.dispose()
    return found


@contextmanager
def worker(url: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`pathways worker`, looking for work five times a second."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "web", "worker", "--database-url", url, "--every", "0.2"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str]) -> str:
    """Tell the worker to stop; what it has logged."""
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    return err


def wait_until_sent(url: str) -> None:
    until = time.monotonic() + 30
    while any(mail.sent_at is None for mail in messages(url)):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_worker_hands_mail_to_the_server_that_is_set(sqlite_url: str, mails: list[Any]) -> None:
    with smtp.mail_server() as server:
        settings = {
            "PATHWAYS_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
            "PATHWAYS_MAIL_FROM": "CAF Pathways <caf@council.example>",
        }
        with worker(sqlite_url, **settings) as process:
            wait_until_sent(sqlite_url)
            err = stop(process)
    assert [mail.recipients for mail in server.mails] == [["sam@example.org"]] * 3
    assert [mail.message["Subject"] for mail in server.mails] == [
        orjson.loads(mail.payload)["subject"] for mail in mails
    ]
    assert "outbox" not in err


def test_a_node_goes_on_when_its_clock_is_set_back_by_a_day(
    sqlite_url: str, mails: list[Any]
) -> None:
    runtime = Runtime(database.connect(sqlite_url), Office().services)
    with smtp.mail_server() as server:
        settings = Settings.from_environment(
            {
                "PATHWAYS_SECRET_KEY": "x" * 32,
                "PATHWAYS_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
                "PATHWAYS_MAIL_FROM": "caf@council.example",
            }
        )
        with nodes.clock(runtime, settings, seconds=0.2):
            wait_until_sent(sqlite_url)
            with time_machine.travel(datetime.now(UTC) - timedelta(days=1)):
                write_mail(runtime)
                wait_until_sent(sqlite_url)
    assert len(server.mails) == 4
    runtime.database.dispose()


def test_without_a_mail_server_messages_wait_and_the_log_says_so_once(
    sqlite_url: str, mails: list[Any]
) -> None:
    with worker(sqlite_url, PATHWAYS_SMTP_URL="") as process:
        assert process.stderr is not None
        lines = [process.stderr.readline(), process.stderr.readline()]
        assert "worker started" in lines[0]
        assert "no mail server is set" in lines[1]
        assert "PATHWAYS_SMTP_URL" in lines[1]
        time.sleep(1)
        assert "no mail server" not in stop(process)
    assert messages(sqlite_url) == mails
