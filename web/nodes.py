"""The two kinds of node: one answers browsers, the other does what falls due without a person."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

import structlog
import waitress
from apscheduler.schedulers.background import BackgroundScheduler

from engine import database, due
from engine.faults import describe
from engine.runtime import Runtime
from handlers import MIGRATIONS
from web import demo
from web.app import create_app
from web.settings import Settings

log = structlog.get_logger("node")

_AT_ONCE = 100


class NodeError(Exception):
    """The node cannot start; the message says why, and what to do about it."""


def serve(runtime: Runtime, settings: Settings, host: str, port: int, threads: int) -> None:
    """Answer browsers on `host` and `port` until the process is told to stop.

    In demonstration mode the database is migrated and filled first, and due work is done here
    too, so that one command shows everything. Raises `NodeError` if the port is taken.
    """
    _log_to_stderr(settings)
    guests: tuple[demo.Guest, ...] = ()
    if settings.demo:
        database.migrate(runtime.database, MIGRATIONS)
        guests = demo.prepare(runtime)
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
        with clock(runtime, seconds=5):
            server.run()
    else:
        server.run()


def work(runtime: Runtime, settings: Settings, seconds: float) -> None:
    """Do what is due, looking every `seconds`, until the process is told to stop.

    Any number of these may run beside each other: each piece of due work is claimed by one.
    """
    _log_to_stderr(settings)
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    with clock(runtime, seconds):
        log.info("worker started", every_seconds=seconds)
        told_to_stop.wait()
    log.info("worker stopped")


@contextmanager
def clock(runtime: Runtime, seconds: float) -> Iterator[None]:
    """Do due work every `seconds` while the context lasts; on leaving, finish what was begun."""
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        _do_due_work,
        "interval",
        args=(runtime,),
        seconds=seconds,
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)


def _do_due_work(runtime: Runtime) -> None:
    try:
        while due.fire_due(runtime, limit=_AT_ONCE) >= _AT_ONCE:
            pass
    except Exception as error:
        # The next tick tries again: a database that restarts must not end the node.
        log.error("due_work_failed", trail=describe(error))


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


def _stop(signal_number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _log_to_stderr(settings: Settings) -> None:
    level = getattr(logging, settings.log_level.upper())
    # The clock's own news of every tick is not worth a line.
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
