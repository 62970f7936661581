"""What completing a human task costs over HTTP, as a browser that confirms its answers sees it."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
import structlog
import waitress
from flask import Flask

from engine import commands, database, queries
from engine.runtime import Runtime
from engine.services import ServiceRegistry
from handlers import MIGRATIONS, directory, services
from handlers.directory import User
from handlers.models import cases
from tests.benchmarks.completion import postgres
from tests.benchmarks.figure import Figure, progress
from tests.benchmarks.review_loop import ANSWERS, MODEL, Durable, Yardstick
from web.app import create_app
from web.settings import Settings

ROUNDS = 20
POSTS = 20
"""How many tasks are completed one after the other between two looks at the yardstick."""
PERSON = User(
    "co", "Co Ordinator", "co@example.org", roles=frozenset({"caf_co_ordinator"}), active=True
)
SETTINGS = Settings(secret_key="for the bench only: " + "x" * 32, cookie_secure=False)


class Council(Durable):
    """The review loop as a case of the council, with someone who may do it."""

    def __init__(self, url: str = "") -> None:
        model = MODEL.replace(b'"loop"\nname', b'"caf"\nname').replace(
            b"worker =", b"caf_co_ordinator ="
        )
        super().__init__(url, model=model)
        with self.runtime.database.begin() as connection:
            directory.save_user(connection, PERSON)

    def services(self) -> ServiceRegistry:
        return services

    def migrate(self, engine: sa.Engine) -> None:
        database.migrate(engine, MIGRATIONS)

    def start(self) -> str:
        started = commands.start(self.runtime, "caf", "loop", {}, PERSON.actor)
        with self.runtime.database.begin() as connection:
            connection.execute(
                cases.insert().values(
                    reference=started.business_key,
                    model="caf",
                    family_name="Example",
                    opened_at=datetime.now(UTC),
                )
            )
        return started.business_key


class Browser:
    """Confirms one task after the other over one connection, in a process of its own."""

    def __init__(self, app: Flask, runtime: Runtime, reference: str) -> None:
        self.server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        cookie, token = _signed_in(app, reference)
        (task,) = queries.open_tasks(runtime, reference)
        given = {"csrf_token": token, "answers": json.dumps(ANSWERS)}
        first = [self.server.effective_port, cookie, urlencode(given), task.id]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.over_http", json.dumps(first)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def confirm(self, times: int) -> list[float]:
        """Confirm so many tasks. Returns the seconds that each answer took."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{times}\n")
        self.process.stdin.flush()
        answer: list[float] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        self.process.communicate()
        self.server.close()
        self.thread.join(5)


def _signed_in(app: Flask, reference: str) -> tuple[str, str]:
    """A session's cookie and its token, of the person who has the case open."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["user"] = PERSON.id
    page = client.get(f"/cases/{reference}").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    cookie = client.get_cookie("pathways")
    assert cookie is not None
    return f"pathways={cookie.value}", token


def over_http(large: bool) -> Iterator[Figure]:
    """Session, access, form, answers, the step itself and the answer to the browser."""
    with Path(os.devnull).open("w") as nowhere:
        # A line of JSON for each request, as a node writes it.
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.JSONRenderer(),
            ],
            logger_factory=structlog.PrintLoggerFactory(nowhere),
        )
        yield _measure("complete over HTTP, waitress, SQLite, synchronous FULL", "", 6, 3)
        with postgres() as url:
            yield _measure("complete over HTTP, waitress, PostgreSQL", url, 8, 4)
    structlog.reset_defaults()


def _measure(what: str, url: str, bound: float, aim: float) -> Figure:
    council = Council(url)
    reference = council.start()
    browser = Browser(create_app(council.runtime, SETTINGS), council.runtime, reference)
    yardstick = Yardstick()
    memory, ours = [], []
    browser.confirm(POSTS)
    for number in range(ROUNDS):
        progress(what, number, ROUNDS)
        memory += [yardstick.complete() for _ in range(POSTS)]
        ours += browser.confirm(POSTS)
    browser.close()
    council.close()
    base, cost = statistics.median(memory), statistics.median(ours)
    note = f"{cost * 1e3:.3f} ms; SpiffWorkflow in memory {base * 1e3:.3f} ms"
    return Figure(what, cost / base, "x", bound, aim, note=note)


def _browse(port: int, cookie: str, body: str, task: int) -> None:
    """Post the confirmation of task after task, as many as each line of the input says."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    content = body.encode()
    for line in sys.stdin:
        took = []
        for _ in range(int(line)):
            head = (
                f"POST /tasks/{task}/check HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n"
                f"Content-Length: {len(content)}\r\n\r\n"
            ).encode()
            began = time.perf_counter()
            connection.sendall(head + content)
            answer = _receive(connection)
            took.append(time.perf_counter() - began)
            if not answer.startswith(b"HTTP/1.1 303"):
                raise SystemExit(answer.decode(errors="replace")[:2000])
            task += 1
        print(json.dumps(took), flush=True)


def _receive(connection: socket.socket) -> bytes:
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, _, rest = answer.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(rest) < length:
        rest += connection.recv(65536)
    return answer


if __name__ == "__main__":
    arguments: list[Any] = json.loads(sys.argv[1])
    _browse(*arguments)
