"""The two kinds of node: one answers browsers, the other does what falls due without a person."""

from __future__ import annotations

import ctypes
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import NoReturn

import structlog
import waitress

from engine import database, due, outbox
from engine.faults import describe
from engine.outbox import Sender
from engine.runtime import Runtime
from handlers import MIGRATIONS
from handlers.mail import smtp_sender
from handlers.notifications import MAIL
from web import demo, simulation
from web.app import create_app
from web.settings import Settings

log = structlog.get_logger("node")

_AT_ONCE = 100
_BREATH = 0.12
"""Seconds after so many pieces of due work. Whoever waits for SQLite's lock looks for it ten times
a second, and would not find it free while a week of timers is caught up."""


class NodeError(Exception):
    """The node cannot start; the message says why, and what to do about it."""


def serve(runtime: Runtime, settings: Settings, host: str, port: int, threads: int) -> None:
    """Answer browsers on `host` and `port` until the process is told to stop.

    In demonstration mode the database is migrated and filled first, and due work is done here
    too, so that one command shows everything. Raises `NodeError` if the port is taken.
    """
    _share_one_arena()
    _log_to_stderr(settings)
    guests: tuple[demo.Guest, ...] = ()
    if settings.demo:
        database.migrate(runtime.database, MIGRATIONS)
        guests = simulation.furnish(runtime)
        demo.receive_examples(runtime)
    try:
        server = waitress.create_server(
            create_app(runtime, settings), host=host, port=port, threads=threads, ident=None
        )
    except OSError as error:
        raise NodeError(
            f"Port {port} on {host} cannot be used: {error.strerror or error}. Stop what uses it, "
            f"or take another with: pathways serve --port {port + 1}"
        ) from None
    signal.signal(signal.SIGTERM, _stop)
    _announce(f"http://{host}:{port}", guests)
    if settings.demo:
        with clock(runtime, settings, seconds=5):
            server.run()
    else:
        server.run()


def work(runtime: Runtime, settings: Settings, seconds: float) -> None:
    """Do what is due, looking every `seconds`, until the process is told to stop.

    Any number of these may run beside each other: each piece of due work is claimed by one.
    """
    _share_one_arena()
    _log_to_stderr(settings)
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    log.info("worker started", every_seconds=seconds)
    with clock(runtime, settings, seconds):
        told_to_stop.wait()
    log.info("worker stopped")


@contextmanager
def clock(runtime: Runtime, settings: Settings, seconds: float) -> Iterator[None]:
    """Do due work and send messages every `seconds` while the context lasts; on leaving, finish
    what was begun."""
    stopping = threading.Event()
    jobs = [partial(_do_due_work, runtime, stopping)]
    senders = _senders(settings)
    if senders:
        # By itself: a mail server that answers slowly must not hold up the timers.
        jobs.append(partial(_send_messages, runtime, senders, stopping))
    else:
        log.warning(
            "no mail server is set: messages by e-mail stay in the outbox",
            setting="PATHWAYS_SMTP_URL",
        )
    threads = [threading.Thread(target=_repeat, args=(job, seconds, stopping)) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def _repeat(job: Callable[[], None], seconds: float, stopping: threading.Event) -> None:
    # How long it has waited, and not what time it is: a clock that is set back by a day must not
    # keep a node idle for a day.
    while not stopping.wait(seconds):
        job()


def _do_due_work(runtime: Runtime, stopping: threading.Event) -> None:
    try:
        while not stopping.is_set() and due.fire_due(runtime, limit=_AT_ONCE) >= _AT_ONCE:
            if runtime.database.dialect.name == "sqlite":
                stopping.wait(_BREATH)
    except Exception as error:
        # The next tick tries again: a database that restarts must not end the node.
        log.error("due_work_failed", trail=describe(error))


def _senders(settings: Settings) -> Mapping[str, Sender]:
    """What sends each kind of message that this node is set up to send."""
    if settings.mail_server is None or settings.mail_from is None:
        return {}
    return {MAIL: smtp_sender(settings.mail_server, settings.mail_from)}


def _send_messages(
    runtime: Runtime, senders: Mapping[str, Sender], stopping: threading.Event
) -> None:
    try:
        # One by one, so that a node that is told to stop does not first empty the outbox.
        while not stopping.is_set() and outbox.deliver(runtime, senders, limit=1):
            pass
    except Exception as error:
        log.error("sending_messages_failed", trail=describe(error))


def _announce(address: str, guests: tuple[demo.Guest, ...]) -> None:
    lines = [f"CAF Pathways is at {address}"]
    if guests:
        lines += ["", "Sign in as one of these people, who are all invented:", ""]
        width = max(len(guest.id) for guest in guests)
        lines += [
            f"  {guest.id:<{width}}  password {guest.password}  {guest.name}, {guest.role}"
            for guest in guests
        ]
        lines.append("")
    lines.append("Stop it with Ctrl+C.")
    print("\n".join(lines), flush=True)


_ARENAS = -8
"""glibc's M_ARENA_MAX."""


def _share_one_arena() -> None:
    """Have all threads take memory from one place. Python runs one of them at a time, and what each
    place of its own would hold back adds up; where the C library is another, nothing changes."""
    if sys.platform == "linux":
        choose = getattr(ctypes.CDLL(None), "mallopt", None)
        if choose is not None:
            choose(_ARENAS, 1)


def _stop(signal_number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _log_to_stderr(settings: Settings) -> None:
    level = getattr(logging, settings.log_level.upper())
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer()
            if sys.stderr.isatty()
            else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
