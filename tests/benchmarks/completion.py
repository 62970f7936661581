"""What completing a human task costs in process: on each database, with a long history, started."""

from __future__ import annotations

import os
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from engine import commands
from tests.benchmarks.figure import Figure
from tests.benchmarks.review_loop import (
    FEW,
    WORKER,
    Durable,
    InMemory,
    Yardstick,
    beside_memory,
)
from tests.postgres import own_server

ROUNDS = 400
HELD_GROWTH = 0.15
"""How much the history of a case may add to a step before the bench itself fails."""


class Case:
    """A case that is begun anew once it has as many finished tasks as the yardstick's."""

    def __init__(self, durable: Durable) -> None:
        self.durable = durable
        self.key = ""
        self.done = FEW + 2

    def complete(self) -> float:
        if self.done >= FEW + 2:
            self.key = self.durable.start()
            for _ in range(FEW - 2):
                self.durable.complete(self.key)
            self.done = FEW - 2
        self.done += 1
        return self.durable.complete(self.key)


@contextmanager
def postgres() -> Iterator[str]:
    """A server on another core than this process, that syncs what it commits."""
    before = os.sched_getaffinity(0)
    cores = sorted(before)
    try:
        # What is started takes over the cores of whoever starts it.
        os.sched_setaffinity(0, cores[1:] or cores)
        with own_server(fsync="on", synchronous_commit="on", full_page_writes="on") as running:
            os.sched_setaffinity(0, cores[:1])
            yield running.url
    finally:
        os.sched_setaffinity(0, before)


def completion(large: bool) -> Iterator[Figure]:
    """One completion of a case of about ten finished tasks."""
    for synchronous, bound, aim in (("FULL", 1.5, 1.0), ("NORMAL", 0.7, 0.4)):
        durable = Durable(synchronous=synchronous)
        what = f"complete a human task, SQLite, synchronous {synchronous}"
        (found,) = beside_memory(what, ROUNDS, Case(durable).complete)
        durable.close()
        yield Figure(what, found.ratio, "x", bound, aim, note=found.note)
    what = "complete a human task, PostgreSQL on another core"
    with postgres() as url:
        durable = Durable(url)
        (found,) = beside_memory(what, ROUNDS, Case(durable).complete)
        durable.close()
    yield Figure(what, found.ratio, "x", 3, 2, note=found.note)


def history(large: bool) -> Iterator[Figure]:
    """What finished tasks of the same case add to a completion, by the work that it is: other
    programs make the time that passes differ by more than is looked for."""
    durable = Durable(synchronous="NORMAL", clock=time.thread_time)
    young, old = Case(durable), durable.start()
    done = 0
    for steps in (1_000, 10_000, *((100_000,) if large else ())):
        durable.age(old, steps - done)
        what = f"growth of a completion at {steps:,} finished tasks in the case"
        new, aged = beside_memory(what, ROUNDS, young.complete, lambda: durable.complete(old))
        done = steps + ROUNDS
        yield Figure(
            what,
            aged.ours / new.ours - 1,
            "%",
            0.10,
            0.0,
            note=f"CPU {aged.ours * 1e3:.3f} ms; a case of ten {new.ours * 1e3:.3f} ms",
            held=HELD_GROWTH,
        )
    durable.close()


def in_memory(large: bool) -> Iterator[Figure]:
    """SpiffWorkflow itself, for comparison."""
    yardstick = Yardstick()
    ten = statistics.median(yardstick.complete() for _ in range(100))
    yield Figure("SpiffWorkflow in memory, ten finished tasks", ten * 1e3, "ms")
    loop = InMemory()
    for _ in range(200):
        loop.complete()
    many = statistics.median(loop.complete() for _ in range(20))
    yield Figure("SpiffWorkflow in memory, 200 finished tasks", many / ten, "x")


def start(large: bool) -> Iterator[Figure]:
    """Starting a case durably, beside starting one in memory."""
    durable = Durable()

    def once() -> float:
        began = time.perf_counter()
        commands.start(durable.runtime, "loop", "loop", {}, WORKER)
        return time.perf_counter() - began

    what = "start a case, SQLite, synchronous FULL, beside a start in memory"
    (found,) = beside_memory(what, ROUNDS, once, memory=lambda: InMemory().started_in)
    durable.close()
    yield Figure(what, found.ratio, "x", 2, 1, note=found.note)


def statements(large: bool) -> Iterator[Figure]:
    """What one completion asks of the database."""
    durable = Durable()
    case = Case(durable)
    case.complete()
    sent: list[str] = []

    def trace(connection: sqlite3.Connection, *_: object) -> None:
        # For each thing that a trigger does, the statement that set it off is told again.
        connection.set_trace_callback(
            lambda text: None if sent[-1:] == [text] else sent.append(text)
        )

    durable.runtime.database.dispose()
    sa.event.listen(durable.runtime.database, "connect", trace)
    commands_only = _statements_of_one(durable, case.key, sent)
    durable.close()
    commits = commands_only.count("COMMIT")
    yield Figure("SQL statements of a completion", len(commands_only) - 2 * commits, "", 10, 7)
    yield Figure("commits of a completion", commits, "", 1, 1)
    with postgres() as url:
        durable = Durable(url)
        case = Case(durable)
        case.complete()
        rounds = 50
        before = _syncs(durable)
        for _ in range(rounds):
            durable.complete(case.key)
        syncs = (_syncs(durable) - before) / rounds
        durable.close()
    yield Figure("syncs of PostgreSQL's log for a completion", round(syncs, 1), "", 1, 1)


def _statements_of_one(durable: Durable, key: str, sent: list[str]) -> list[str]:
    durable.complete(key)
    sent.clear()
    durable.complete(key)
    # What came before the transaction is the reading of the task's number.
    began = max(place for place, text in enumerate(sent) if text.startswith("BEGIN IMMEDIATE"))
    return sent[began:]


def _syncs(durable: Durable) -> int:
    with durable.runtime.database.connect() as connection:
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        connection.rollback()
        found = connection.exec_driver_sql(
            "SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'"
        ).scalar_one()
        return int(found or 0)
