"""Nodes that are killed (SIGKILL) at every commit and at any moment lose nothing that was
acknowledged, and whoever comes after them can go on.

`PATHWAYS_KILLS=300` kills that often at random moments, and before every statement.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from datetime import timedelta
from itertools import count, cycle
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from engine import database, models, queries
from engine.runtime import Runtime
from tests.durability.conftest import Begin, errands
from tests.durability.node import Orders, run
from tests.durability.whole import assert_whole
from tests.engine.conftest import Clock
from tests.postgres import Server
from tests.smtp import MailServer

KILLS = int(os.environ.get("PATHWAYS_KILLS", "0"))
LONG = KILLS > 0
KILLED = -9


class Ward:
    """Begins nodes and looks after what they leave behind."""

    def __init__(
        self, begin: Begin, runtime: Runtime, url: str, post: MailServer, folder: Path
    ) -> None:
        self.begin = begin
        self.runtime = runtime
        self.url = url
        self.post = post
        self.folder = folder
        self.generations = count(1)
        self.acknowledged: list[dict[str, Any]] = []
        self._settled = 0

    def _orders(self, *cases: str, die: tuple[str, int] | None = None) -> Orders:
        number = next(self.generations)
        # Later each time, so that what a killed node had claimed is free again.
        now = Clock().now + timedelta(days=2 * number)
        return Orders(
            self.url, self.folder / f"node{number}", self.post.port, now, cases, number, die
        )

    def node(self, *cases: str, die: tuple[str, int] | None = None) -> tuple[int, dict[str, Any]]:
        """Run a node until its end; how it ended, and the last that it wrote down."""
        process, orders = self.begin_node(*cases, die=die)
        process.join(60)
        assert process.exitcode is not None
        return process.exitcode, self.take_note(orders)

    def begin_node(
        self, *cases: str, die: tuple[str, int] | None = None
    ) -> tuple[BaseProcess, Orders]:
        orders = self._orders(*cases, die=die)
        return self.begin(run, orders), orders

    def take_note(self, orders: Orders) -> dict[str, Any]:
        """Read what a node wrote down before it ended; the last of it."""
        if not orders.acknowledged.exists():
            return {}
        lines = [orjson.loads(line) for line in orders.acknowledged.read_bytes().splitlines()]
        self.acknowledged += [line for line in lines if "did" in line]
        return lines[-1] if lines else {}

    def forget(self) -> None:
        """Look no more at what is there now: with each case it would take longer."""
        with database.reading(self.runtime.database) as connection:
            newest = connection.execute(sa.select(sa.func.max(models.instance.c.id)))
            self._settled = newest.scalar_one() or 0
        self.acknowledged.clear()

    def is_running(self, case: str) -> bool:
        """Whether the case has not come to its end."""
        table = models.instance.c
        with database.reading(self.runtime.database) as connection:
            status = connection.execute(
                sa.select(table.status).where(table.request_key == case)
            ).scalar_one_or_none()
        return status in (None, "active")

    def assert_nothing_lost(self) -> None:
        """All that was acknowledged is there, once, and every row agrees with every other."""
        assert_whole(self.runtime, since=self._settled)
        with database.reading(self.runtime.database) as connection:
            for line in self.acknowledged:
                assert connection.execute(_trace_of(line)).scalar_one() == 1, line

    def assert_at_their_end(self, *cases: str) -> None:
        """Each case went its whole way, and every mail of it came, always under its key."""
        with database.reading(self.runtime.database) as connection:
            table = models.instance
            ended = connection.execute(
                sa.select(table.c.id, table.c.business_key).where(
                    table.c.request_key.in_(cases), table.c.status == "completed"
                )
            ).all()
            assert len(ended) == len(cases)
            mails = connection.execute(sa.select(models.outbox)).all()
        assert all(mail.sent_at is not None for mail in mails)
        kinds = Counter(
            (mail.instance_id, orjson.loads(mail.payload)["subject"].split()[0]) for mail in mails
        )
        for row in ended:
            events = Counter(
                (event.kind, event.element)
                for event in queries.history(self.runtime, row.business_key)
            )
            assert events["served", "keep_record"] == kinds[row.id, "agreed"] == 1
            assert events["served", "tell"] == events["timer", "late"] == kinds[row.id, "late"] >= 1
            done = queries.closed_tasks(self.runtime, row.business_key)
            assert Counter(t.element for t in done) == {"agree": 1, "do": 2, "look_at_it": 2}
        came: dict[str, set[str]] = {}
        for mail in self.post.mails:
            key = mail.message["Message-ID"].removeprefix("<pathways.").partition("@")[0]
            came.setdefault(key, set()).add(mail.message["Subject"])
        assert came == {mail.key: {orjson.loads(mail.payload)["subject"]} for mail in mails}


def _trace_of(line: dict[str, Any]) -> sa.Select[Any]:
    """Counts what an acknowledged step has to have left behind exactly once."""
    number = sa.select(sa.func.count())
    match line["did"]:
        case "start":
            return number.where(models.instance.c.request_key == line["which"])
        case "complete":
            return number.where(models.submission.c.user_task_id == line["which"])
        case "claim":
            task = models.user_task.c
            return number.where(task.id == line["which"], task.assignee.is_not(None))
    return number.select_from(sa.select(1).subquery())


@pytest.fixture
def ward(
    begin: Begin, runtime: Runtime, database_url: str, post: MailServer, tmp_path: Path
) -> Ward:
    return Ward(begin, runtime, database_url, post, tmp_path)


@pytest.mark.timeout(60)
def test_a_case_ends_though_no_node_outlives_two_commits(ward: Ward) -> None:
    kills = 0
    deaths = cycle([("before", 1), ("after", 1), ("before", 2), ("after", 2)])
    while ward.is_running("worn") and kills < 200:
        code, _ = ward.node("worn", die=next(deaths))
        assert code == KILLED
        kills += 1
        ward.assert_nothing_lost()
    assert kills > 10
    code, _ = ward.node("worn")
    assert code == 0
    ward.assert_nothing_lost()
    ward.assert_at_their_end("worn")


@pytest.mark.timeout(3600 if LONG else 60)
def test_killed_at_every_commit_of_a_case(ward: Ward) -> None:
    """Before and after each commit that a whole case takes; in the long form at each statement."""
    code, whole = ward.node("first")
    assert code == 0
    assert whole["before"] == whole["after"] > 20
    moments = [(kind, n + 1) for kind in ("before", "after") for n in range(whole["after"])]
    if LONG:
        moments += [("statement", n + 1) for n in range(whole["statement"])]
    else:
        moments = moments[3::13]
    cases = ["first"]
    for kind, number in moments:
        cases.append(f"{kind} {number}")
        code, _ = ward.node(cases[-1], die=(kind, number))
        assert code == KILLED
        ward.assert_nothing_lost()
        code, _ = ward.node(cases[-1])
        assert code == 0
        ward.forget()
    ward.assert_nothing_lost()
    ward.assert_at_their_end(*cases)


@pytest.mark.timeout(3600 if LONG else 60)
def test_two_nodes_that_are_killed_at_any_moment(ward: Ward) -> None:
    """Two nodes at a time take the same cases on; each is killed after some milliseconds."""
    chance = random.Random(KILLS)
    kills = 0
    cases: tuple[str, ...] = ()
    running: list[tuple[BaseProcess, Orders]] = []
    while kills < (KILLS or 6):
        if not any(ward.is_running(case) for case in cases[-3:]):
            ward.forget()
            cases += tuple(f"case {len(cases) + n}" for n in range(3))
        while len(running) < 2:
            running.append(ward.begin_node(*cases[-3:]))
        time.sleep(chance.uniform(0.01, 0.4))
        process, orders = running.pop(chance.randrange(2))
        process.kill()
        process.join()
        kills += process.exitcode == KILLED
        ward.take_note(orders)
        ward.assert_nothing_lost()
    for process, orders in running:
        process.join(60)
        ward.take_note(orders)
    code, _ = ward.node(*cases[-3:])
    assert code == 0
    print(f"{kills} kills, {len(cases)} cases, {next(ward.generations)} nodes")
    ward.assert_nothing_lost()
    ward.assert_at_their_end(*cases)


@pytest.mark.timeout(3600 if LONG else 60)
def test_a_database_server_that_crashes_keeps_what_it_acknowledged(
    begin: Begin, server: Server, clock: Clock, post: MailServer, tmp_path: Path
) -> None:
    """As after a power cut, while two nodes are at work; they end with an error, and others go
    on where they were."""
    chance = random.Random(KILLS)
    with errands(server.url, clock, tmp_path) as runtime:
        ward = Ward(begin, runtime, server.url, post, tmp_path)
        cases = ("first", "second", "third")
        for _ in range(KILLS // 10 or 2):
            nodes = [ward.begin_node(*cases) for _ in range(2)]
            time.sleep(chance.uniform(0.1, 0.6))
            server.stop(at_once=True)
            for process, orders in nodes:
                process.join(60)
                ward.take_note(orders)
            server.start()
            # These are connections to the server that crashed.
            runtime.database.dispose()
            ward.assert_nothing_lost()
            if not any(ward.is_running(case) for case in cases):
                cases += tuple(f"case {len(cases) + n}" for n in range(3))
        code, _ = ward.node(*cases)
        assert code == 0
        ward.assert_nothing_lost()
        ward.assert_at_their_end(*cases)
