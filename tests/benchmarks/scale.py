"""What a great many open cases cost: pages of trays, numbers beside them, timers, steps."""

from __future__ import annotations

import random
import resource
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice

import sqlalchemy as sa

from engine import commands, due, queries
from engine.models import user_task
from tests.benchmarks.caseload import ANSWERS, ROLES, TRAYS, WORKER, Caseload
from tests.benchmarks.completion import postgres
from tests.benchmarks.figure import Figure, progress
from tests.benchmarks.resident import resident

FEW, MANY, LARGE = 100, 100_000, 1_000_000
ON_POSTGRESQL = 20_000
OFTEN, ROUNDS = 500, 8
TIMERS = 2_000
STEPS = 400
THREADS, EACH = 16, 10
HELD_GROWTH = 0.15
"""How much other open cases may add to a step before the bench itself fails."""


def figures(large: bool) -> Iterator[Figure]:
    """With 100,000 open cases, or with a million."""
    cases = LARGE if large else MANY
    with Caseload(FEW) as few, Caseload(cases, TIMERS) as many:
        yield from measure(few, many, cases)
    yield from resident(cases if large else ON_POSTGRESQL)
    cases = LARGE if large else ON_POSTGRESQL
    with postgres() as url, Caseload(cases, TIMERS, url) as many:
        yield from trays(many, f"{cases:,} open tasks, PostgreSQL")
        yield timers(many, "PostgreSQL")


def measure(few: Caseload, many: Caseload, cases: int) -> Iterator[Figure]:
    """All that is measured on SQLite of a caseload, beside a small one."""
    yield from trays(many, f"{cases:,} open tasks")
    yield timers(many, "SQLite, synchronous FULL")
    yield growth(few, many, cases)
    yield together(many)


def trays(load: Caseload, where: str) -> Iterator[Figure]:
    """The first page of a tray, and the numbers beside all trays."""
    runtime, tray = load.runtime, TRAYS[0]
    page, numbers = (2.0, 0.5), (1.0, 0.1)
    for what, call, (bound, aim) in (
        ("first page of a tray", lambda: queries.tray(runtime, WORKER, tray=tray), page),
        (
            "first page of a tray, late tasks",
            lambda: queries.tray(runtime, WORKER, tray=tray, overdue=True),
            page,
        ),
        ("first page of one's own tasks", lambda: queries.tray(runtime, WORKER, mine=True), page),
        ("first page of all that one may do", lambda: queries.tray(runtime, WORKER), page),
        ("numbers beside trays", lambda: queries.tray_counts(runtime, WORKER), numbers),
    ):
        costs, left_out = _undisturbed(call)
        yield Figure(
            f"{what}, {where}, p95",
            costs[OFTEN * 95 // 100] * 1e3,
            "ms",
            bound,
            aim,
            note=f"p50 {costs[OFTEN // 2] * 1e3:.2f} ms; {left_out} interrupted calls left out",
        )


def _undisturbed(call: Callable[[], object]) -> tuple[list[float], int]:
    """The costs of calls that nothing interrupted, sorted; and how many there were of others."""
    tried = [_cost(call)]
    while sum(cost is not None for cost in tried) < OFTEN:
        tried.append(_cost(call))
    return sorted(cost for cost in tried if cost is not None), tried.count(None)


def _cost(call: Callable[[], object]) -> float | None:
    """Seconds; None where the machine did something else on this core meanwhile."""
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw
    began = time.perf_counter()
    call()
    cost = time.perf_counter() - began
    return cost if resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw == before else None


@contextmanager
def _unsynced(load: Caseload) -> Iterator[None]:
    """Without waiting for the disk, on which other programs write as well."""

    def relax(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")

    database = load.runtime.database
    sa.event.listen(database, "connect", relax)
    database.dispose()
    yield
    sa.event.remove(database, "connect", relax)
    database.dispose()


def timers(load: Caseload, where: str) -> Figure:
    """Timers that are due, fired by one thread."""
    fired, began, used = 0, time.perf_counter(), time.process_time()
    while moved := due.fire_due(load.runtime, 100):
        fired += moved
        progress("timers", fired, TIMERS)
    took, used = time.perf_counter() - began, time.process_time() - used
    return Figure(
        f"due timers fired on one core, {where}",
        fired / took,
        "/s",
        500,
        2000,
        more_is_better=True,
        note=f"{fired:,} timers, at {used / fired * 1e3:.2f} ms of processor time each",
    )


def growth(few: Caseload, many: Caseload, cases: int) -> Figure:
    """A completion beside a few open cases and beside many, in turn."""
    tasks = [_open_tasks(load) for load in (few, many)]
    costs: list[list[float]] = [[], []]
    with _unsynced(few), _unsynced(many):
        while min(map(len, costs)) < STEPS:
            progress("steps beside open cases", len(costs[0]), STEPS)
            for load, ids, cost in zip((few, many), tasks, costs, strict=True):
                found = _cost(partial(_complete, load, next(ids)))
                cost += [] if found is None else [found]
    least, most = (statistics.median(cost) for cost in costs)
    return Figure(
        f"growth of a completion at {cases:,} open cases",
        most / least - 1,
        "%",
        0.15,
        0.05,
        note=f"{most * 1e3:.3f} ms; beside {FEW} open cases {least * 1e3:.3f} ms",
        held=HELD_GROWTH,
    )


def together(load: Caseload) -> Figure:
    """Completions by many threads of one node, beside one thread."""
    tasks = _open_tasks(load)
    ratios = []
    for number in range(ROUNDS):
        progress(f"{THREADS} threads", number, ROUNDS)
        alone = _rate(load, tasks, 1)
        ratios.append(_rate(load, tasks, THREADS) / alone)
    return Figure(
        f"completions by {THREADS} threads on SQLite, beside one thread",
        statistics.median(ratios),
        "x",
        1,
        2,
        more_is_better=True,
        note=f"{min(ratios):.2f}x to {max(ratios):.2f}x",
    )


def _rate(load: Caseload, tasks: Iterator[int], threads: int) -> float:
    def work(ids: list[int]) -> None:
        for number in ids:
            _complete(load, number)

    people = [
        threading.Thread(target=work, args=(list(islice(tasks, THREADS * EACH // threads)),))
        for _ in range(threads)
    ]
    began = time.perf_counter()
    for person in people:
        person.start()
    for person in people:
        person.join()
    return THREADS * EACH / (time.perf_counter() - began)


def _open_tasks(load: Caseload) -> Iterator[int]:
    """Open tasks that the worker may do, far from each other as those of many people are; after
    all of them, those that have been opened meanwhile."""
    query = sa.select(user_task.c.id).where(
        user_task.c.status == "open",
        user_task.c.process == "work",
        user_task.c.role.in_(ROLES[:2]),
        user_task.c.tray.is_not(None),
    )
    while True:
        with load.runtime.database.connect() as connection:
            ids = list(connection.execute(query).scalars())
        random.Random(5).shuffle(ids)
        yield from ids


def _complete(load: Caseload, task_id: int) -> None:
    commands.complete_task(load.runtime, task_id, ANSWERS, WORKER)
