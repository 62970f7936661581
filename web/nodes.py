"""The two kinds of node: one answers browsers, the other does what falls due without a person."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from flask import Flask

from engine import database, due, outbox
from engine.faults import describe
from engine.outbox import Sender
from engine.runtime import Runtime
from handlers import MIGRATIONS
from handlers.mail import smtp_sender
from handlers.notifications import MAIL
from web import demo, logs, simulation
from web.app import create_app
from web.listening import Listener, told_to_stop
from web.operations import create_operations_app
from web.settings import Settings

log = structlog.get_logger("node")

_AT_ONCE = 100
_BREATH = 0.12
"""Seconds after so many pieces of due work. Whoever waits for SQLite's lock looks for it ten times
a second, and would not find it free while a week of timers is caught up."""


class NodeError(Exception):
    """The node cannot start; the message says why, and what to do about it."""


def serve(runtime: Runtime, settings: Settings, host: str, port: int, threads: int) -> None:
    """Answer browsers on `host` and `port` until the process is told to stop, and then finish what
    was begun.

    In demonstration mode the database is migrated and filled first, and due work is done here
    too, so that one command shows everything. Raises `NodeError` if the port is taken.
    """
    _share_one_arena()
    logs.configure(settings.log_level)
    guests: tuple[demo.Guest, ...] = ()
    if settings.demo:
        database.migrate(runtime.database, MIGRATIONS)
        guests = simulation.furnish(runtime)
        demo.receive_examples(runtime)
    listener = _listener(create_app(runtime, settings), host, port, threads)
    with told_to_stop() as told:
        _announce(f"http://{host}:{port}", guests)
        if settings.demo:
            with clock(runtime, settings, seconds=5):
                listener.answer(told)
        else:
            listener.answer(told)


def work(runtime: Runtime, settings: Settings, seconds: float, host: str, port: int | None) -> None:
    """Do what is due, looking every `seconds`, until the process is told to stop.

    Any number of these may run beside each other: each piece of due work is claimed by one. With a
    `port`, the node answers there how it is. Raises `NodeError` if the port is taken.
    """
    _share_one_arena()
    logs.configure(settings.log_level)
    listener = None
    if port is not None:
        listener = _listener(create_operations_app(runtime, settings), host, port, threads=2)
    with told_to_stop() as told:
        log.info("worker started", every_seconds=seconds)
        with clock(runtime, settings, seconds):
            if listener is None:
                told.wait()
            else:
                listener.answer(told)
        log.info("worker stopped")


def _listener(app: Flask, host: str, port: int, threads: int) -> Listener:
    try:
        return Listener(app, host, port, threads)
    except OSError as error:
        raise NodeError(
            f"Port {port} on {host} cannot be used: {error.strerror or error}. Stop what uses it, "
            f"or take another with: --port {port + 1}"
        ) from None


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
    scheduler = BackgroundScheduler(timezone="UTC")
    for job in jobs:
        scheduler.add_job(
            job,
            "interval",
            seconds=seconds,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    watch = threading.Thread(target=_watch_the_time, args=(scheduler, seconds, stopping))
    scheduler.start()
    watch.start()
    try:
        yield
    finally:
        stopping.set()
        watch.join()
        scheduler.shutdown(wait=True)


def _watch_the_time(scheduler: BaseScheduler, seconds: float, stopping: threading.Event) -> None:
    """Let the scheduler go on when the clock is set back: it goes by the time of day, and would
    keep a node idle for a day if that were set back by one."""
    ahead = time.time() - time.monotonic()
    while not stopping.wait(seconds):
        before, ahead = ahead, time.time() - time.monotonic()
        if ahead < before - seconds:
            for job in scheduler.get_jobs():
                job.modify(next_run_time=datetime.now(UTC))


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
