"""What the service needs fails and comes back: the database, room on the disk, a handler, another
node, the mail server. Nothing is lost, and whoever waits is told so in good time."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from engine import commands, database, due, models, outbox, queries
from engine.outages import is_outage
from engine.runtime import Runtime
from engine.services import ServiceContext
from handlers import directory
from handlers import services as handlers_of_cases
from handlers.mail import MailServer, parse_sender, smtp_sender
from tests.durability.conftest import Begin
from tests.durability.freeze import FROZEN, freeze
from tests.durability.node import SENDER
from tests.durability.whole import assert_whole
from tests.engine.conftest import WORKER, Clock
from tests.postgres import Server
from tests.smtp import free_port, mail_server
from tests.web.client import Client
from tests.web.conftest import SETTINGS
from web.app import create_app

BIG = {"size": "big", "helper": "wyn"}
DONE = {"result": "done", "note": "all well"}


def begin_case(runtime: Runtime) -> str:
    return commands.start(runtime, "errand", "errand", {"who": "Sam"}, WORKER).business_key


def task_of(runtime: Runtime, key: str) -> int:
    return queries.open_tasks(runtime, key)[0].id


def complete(runtime: Runtime, key: str, answers: Mapping[str, Any] = BIG) -> None:
    commands.complete_task(runtime, task_of(runtime, key), answers, WORKER)


def waiting(runtime: Runtime, key: str) -> list[str]:
    return [task.element for task in queries.open_tasks(runtime, key)]


@contextmanager
def handler(runtime: Runtime, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Let `function` be the handler of that name while the context lasts."""
    handlers = runtime.services.handlers
    before = handlers.pop(name)
    runtime.services.handler(name, results=before.results)(function)
    yield
    handlers[name] = before


# --- no room on the disk


@contextmanager
def no_room(runtime: Runtime, pages: int) -> Iterator[None]:
    """Let the SQLite file grow by that many pages more while the context lasts."""

    def limit(connection: Any, *_: Any) -> None:
        (size,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {size + pages}")

    def lift(connection: Any, *_: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1000000000")

    runtime.database.dispose()
    sa.event.listen(runtime.database.pool, "checkout", limit)
    yield
    sa.event.remove(runtime.database.pool, "checkout", limit)
    sa.event.listen(runtime.database.pool, "checkout", lift)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("pages", [0, 2, 8])
def test_a_disk_that_is_full_undoes_the_whole_step(runtime: Runtime, pages: int) -> None:
    """SQLite ends the transaction by itself then, even in the middle of a handler."""
    key = begin_case(runtime)

    def register(context: ServiceContext, form: str) -> dict[str, Any]:
        context.send("mail", {"to": "sam@example.org", "text": "x" * 1_000_000})
        return {"registered": True}

    with handler(runtime, "register", register):
        with no_room(runtime, pages), pytest.raises(DBAPIError) as refusal:
            complete(runtime, key)
        assert is_outage(refusal.value)
        assert_whole(runtime)
        assert waiting(runtime, key) == ["agree"]
        assert queries.incidents(runtime, key) == []
        complete(runtime, key)
    assert waiting(runtime, key) == ["do"]
    assert_whole(runtime)


# --- a handler that hangs


def _sleep(context: ServiceContext, over: threading.Event) -> None:
    over.wait(60)
    with suppress(Exception):
        context.connection.execute(models.user_task.update().values(status="completed"))


def _compute(context: ServiceContext, over: threading.Event) -> None:
    while True:
        pass


def _query(context: ServiceContext, over: threading.Event) -> None:
    forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    if context.connection.dialect.name == "postgresql":
        forever = "SELECT pg_sleep(60)"
    context.connection.execute(sa.text(forever))


@pytest.mark.parametrize("hang", [_sleep, _compute, _query])
def test_a_handler_that_hangs_is_broken_off_and_keeps_nothing(
    runtime: Runtime, clock: Clock, hang: Callable[[ServiceContext, threading.Event], None]
) -> None:
    runtime.services.limit = 0.3
    over = threading.Event()
    key, other = begin_case(runtime), begin_case(runtime)

    def register(context: ServiceContext, form: str) -> dict[str, Any]:
        context.send("mail", {"to": "sam@example.org"})
        if context.business_key == key:
            hang(context, over)
        return {"registered": True}

    with handler(runtime, "register", register):
        began = time.monotonic()
        waits = threading.Thread(target=complete, args=(runtime, key))
        waits.start()
        time.sleep(0.1)
        # Another person's case goes on meanwhile, or at the latest when the limit is over.
        complete(runtime, other)
        waits.join()
        assert time.monotonic() - began < 10
    assert waiting(runtime, other) == ["do"]
    (fault,) = queries.incidents(runtime, key)
    assert fault.message == (
        "“keep_record” was not done within 0.3 seconds and was broken off. It will be tried again."
    )
    assert len(queries.submissions(runtime, key)) == 2, "what the person wrote is kept"
    over.set()
    # Nothing of it stays behind: neither a thread nor what it would have written.
    wait_for(lambda: not aides_given_up())
    assert_whole(runtime)
    clock.move(minutes=1)
    assert due.fire_due(runtime) == 1
    assert waiting(runtime, key) == ["do"]
    assert_whole(runtime)


def aides_given_up() -> list[threading.Thread]:
    """The threads of handlers that were broken off and are still at work."""
    return [thread for thread in threading.enumerate() if thread.name == "aide given up"]


# --- a file that another program holds


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_all_who_wait_for_a_held_file_are_told_at_once(runtime: Runtime, database_url: str) -> None:
    impatient = Runtime(database.connect(database_url, patience=1), runtime.services, runtime.clock)
    keys = [begin_case(runtime) for _ in range(8)]
    refused: list[bool] = []

    def try_to(key: str) -> None:
        refused.append(not completes(impatient, key))

    people = [threading.Thread(target=try_to, args=(key,)) for key in keys]
    other = sqlite3.connect(str(runtime.database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert refused == [True] * len(keys)
    assert time.monotonic() - began < 7, "they waited one after the other"
    other.execute("ROLLBACK")
    other.close()
    assert [completes(impatient, key) for key in keys] == refused
    assert_whole(runtime)
    impatient.database.dispose()


# --- a node that freezes with its locks


def test_others_are_told_in_time_that_a_node_froze_and_go_on_when_it_is_gone(
    database_url: str, runtime: Runtime, begin: Begin, tmp_path: Path
) -> None:
    key, other = begin_case(runtime), begin_case(runtime)
    impatient = Runtime(
        database.connect(database_url, patience=0.4), runtime.services, runtime.clock
    )
    node = begin(freeze, database_url, task_of(runtime, key), tmp_path / "frozen")
    wait_for(lambda: (tmp_path / "frozen").exists())
    assert node.pid is not None
    for case in (key, other) if impatient.database.dialect.name == "sqlite" else (key,):
        began = time.monotonic()
        with pytest.raises(DBAPIError) as refusal:
            complete(impatient, case)
        assert is_outage(refusal.value)
        assert time.monotonic() - began < 5
        # Reading holds nobody up, nor is it held up.
        assert waiting(impatient, case) == ["agree"]
    if impatient.database.dialect.name == "sqlite":
        node.kill()
    # PostgreSQL takes the locks from who does nothing with them.
    wait_for(lambda: completes(impatient, key))
    if node.is_alive():
        os.kill(node.pid, signal.SIGCONT)
        node.join(20)
        assert node.exitcode == FROZEN, "what it held was taken from it"
    complete(impatient, other)
    assert_whole(runtime)
    impatient.database.dispose()


def completes(runtime: Runtime, key: str) -> bool:
    try:
        complete(runtime, key)
    except DBAPIError as error:
        assert is_outage(error)
        return False
    return True


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


# --- a database server that is stopped


@pytest.mark.timeout(60)
def test_a_server_that_was_stopped_and_started_is_used_again(server: Server) -> None:
    runtime = Runtime(database.connect(server.url, patience=1), handlers_of_cases)
    with runtime.database.begin() as connection:
        directory.seed_demo(connection)
    app = create_app(runtime, SETTINGS)
    browser = Client(app)
    with browser.flask.session_transaction() as session:
        session["user"] = "mash"
    assert browser.get("/inbox").heading
    for at_once in (False, True):
        server.stop(at_once=at_once)
        page = browser.get("/inbox", 503)
        assert page.heading == "Sorry, the service is not available"
        assert page.links()["Try again"] == "/inbox"
        browser.get("/static/none.css", 404)
        server.start()
        assert browser.get("/inbox").heading
    runtime.database.dispose()


# --- the mail server


def _sender(port: int, timeout: float = 0.2) -> dict[str, outbox.Sender]:
    server = MailServer("127.0.0.1", port, timeout=timeout)
    return {"mail": smtp_sender(server, parse_sender(SENDER))}


def _mails(runtime: Runtime) -> list[Any]:
    with database.reading(runtime.database) as connection:
        return list(connection.execute(sa.select(models.outbox).order_by(models.outbox.c.id)).all())


def test_a_mail_server_that_is_down_for_a_week_costs_no_mail(
    runtime: Runtime, clock: Clock
) -> None:
    for _ in range(3):
        complete(runtime, begin_case(runtime))
    senders = _sender(free_port())
    for _ in range(7 * 2):
        assert outbox.deliver(runtime, senders) == 0
        clock.move(hours=12)
    assert "cannot be reached" in _mails(runtime)[0].last_error
    with mail_server() as server:
        senders = _sender(server.port, timeout=10)
        assert outbox.deliver(runtime, senders) == 3
        assert outbox.deliver(runtime, senders) == 0
    keys = [mail.message["Message-ID"].partition("@")[0] for mail in server.mails]
    assert sorted(keys) == sorted(f"<pathways.{mail.key}" for mail in _mails(runtime))
    assert {mail.attempts for mail in _mails(runtime)} == {1}


@contextmanager
def _tiresome(answer: bytes) -> Iterator[int]:
    """A server that says `answer` byte by byte, over and over, and nothing that makes sense."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            with suppress(OSError):
                while not over.is_set():
                    peer, _ = listening.accept()
                    with suppress(OSError), peer:
                        while answer and not over.wait(0.02):
                            peer.sendall(answer)
                        over.wait(5)

        thread = threading.Thread(target=talk)
        thread.start()
        yield listening.getsockname()[1]
        over.set()
        with suppress(OSError):
            socket.create_connection(listening.getsockname(), 1).close()
        thread.join()


@pytest.mark.parametrize("answer", [b"", b"2"], ids=["silent", "endless"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mail_server_that_hangs_is_left_alone_in_time(
    runtime: Runtime, clock: Clock, answer: bytes
) -> None:
    complete(runtime, begin_case(runtime))
    with _tiresome(answer) as port:
        began = time.monotonic()
        outbox.deliver(runtime, _sender(port), longest=timedelta(seconds=0.5))
        assert time.monotonic() - began < 3
    (mail,) = _mails(runtime)
    assert mail.sent_at is None
    assert "within 0" in mail.last_error
    clock.move(minutes=1)
    with mail_server() as server:
        assert outbox.deliver(runtime, _sender(server.port, timeout=10)) == 1
    assert len(server.mails) == 1
