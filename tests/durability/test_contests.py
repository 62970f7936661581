"""Nodes that contend for the same task: one of them has it, and the others are told why not.

`PATHWAYS_RACES=2000` is the number of rounds of each contest in the long form.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from engine import commands, database, models, queries
from engine.runtime import Runtime
from engine.services import ServiceRegistry
from tests.durability.conftest import Begin
from tests.durability.contest import MANAGER, WORKERS, Round, Side, contend, later
from tests.durability.whole import assert_whole
from tests.engine.conftest import Clock, write
from tests.engine.drawing import document, element, flows, process, properties, timer
from tests.engine.errand import TIMESCALES, form, radio

RACES = int(os.environ.get("PATHWAYS_RACES", "0"))
ROUNDS = RACES or 10
LIMIT = pytest.mark.timeout(3600 if RACES else 60)
GONE = "This task is no longer needed: the case has moved on without it."
DONE = "This task has already been completed."
TAKEN = "Someone else has already taken this task."
OVER = "This process is not running: it has ended, or it never existed."


def _single(name: str) -> bytes:
    return document(
        process(
            "p",
            element("startEvent", "s")
            + element("userTask", "work", properties(form="check", tray="todo"))
            + element(
                "boundaryEvent",
                "late",
                timer("timeDuration", "duration(&quot;PT1H&quot;)"),
                attachedToRef="work",
            )
            + element("endEvent", "done")
            + element("endEvent", name)
            + flows(f"s > work > done; late > {name}"),
            {"work": "Worker"},
        )
    )


def _files(name: str) -> dict[str, bytes]:
    settings = (
        'id = "single"\nname = "Single"\nstart = "p"\nbusiness_key = "S-{number}"\n'
        'timescales = "timescales"\n[roles]\nworker = "Worker"\n[trays]\ntodo = "To do"\n'
    )
    return {
        "model.toml": settings.encode(),
        "p.bpmn": _single(name),
        "forms/check.form": form("check", radio("verdict", "fine", "not fine")),
        "decisions/timescales.dmn": TIMESCALES,
    }


class Arena:
    """Prepares rounds, lets the sides contend, and reads what came of it."""

    def __init__(
        self, runtime: Runtime, clock: Clock, url: str, folder: Path, begin: Begin, gates: Any
    ) -> None:
        self.runtime = runtime
        self.clock = clock
        self.url = url
        self.folder = folder
        self.begin = begin
        self.gates = gates

    def rounds(self) -> list[Round]:
        found = []
        start = self.clock.now
        for number in range(ROUNDS):
            self.clock.now = later(start, number)
            made = commands.start(self.runtime, "single", "p", {}, WORKERS[0])
            (task,) = queries.open_tasks(self.runtime, made.business_key)
            found.append(Round(task.id, made.instance_id, self.clock.now + timedelta(hours=2)))
        return found

    def contest(self, rounds: list[Round], *sides: str) -> list[tuple[dict[str, Any], ...]]:
        """What came of each round, for each side."""
        gate = self.gates.Barrier(len(sides))
        orders = [
            Side(what, number, self.url, self.folder / f"side{number}")
            for number, what in enumerate(sides)
        ]
        nodes = [self.begin(contend, side, rounds, gate) for side in orders]
        for node in nodes:
            node.join(3600 if RACES else 50)
        assert [node.exitcode for node in nodes] == [0] * len(nodes)
        assert_whole(self.runtime)
        read = [
            [orjson.loads(line) for line in side.results.read_bytes().splitlines()]
            for side in orders
        ]
        return list(zip(*read, strict=True))

    def history(self, it: Round) -> Counter[str]:
        """How often what happened in the instance of that round."""
        with database.reading(self.runtime.database) as connection:
            events = connection.execute(
                sa.select(models.history.c.event).where(models.history.c.instance_id == it.instance)
            ).scalars()
            return Counter(orjson.loads(event)["kind"] for event in events)

    def assignee(self, it: Round) -> str:
        with database.reading(self.runtime.database) as connection:
            return str(
                connection.execute(
                    sa.select(models.user_task.c.assignee).where(models.user_task.c.id == it.task)
                ).scalar_one()
            )


@pytest.fixture
def arena(
    database_url: str,
    clock: Clock,
    tmp_path: Path,
    begin: Begin,
    processes: ForkServerContext,
) -> Iterator[Arena]:
    engine = database.connect(database_url)
    runtime = Runtime(engine, ServiceRegistry(), clock)
    for version in ("out_of_time", "too_late"):
        commands.deploy(runtime, write(tmp_path / version, _files(version)), MANAGER)
    yield Arena(runtime, clock, database_url, tmp_path, begin, processes)
    engine.dispose()


def the_one(results: tuple[dict[str, Any], ...]) -> int:
    """The side that was not refused, of which there has to be one."""
    (winner,) = [number for number, result in enumerate(results) if "refused" not in result]
    return winner


def assert_a_contest(winners: Counter[int], sides: int) -> None:
    """In many rounds each side is first at some time, or else nothing was contended for."""
    assert winners.total() == ROUNDS
    if RACES:
        assert len(winners) == sides, winners


@LIMIT
def test_three_people_complete_one_task(arena: Arena) -> None:
    rounds = arena.rounds()
    winners: Counter[int] = Counter()
    for it, results in zip(
        rounds, arena.contest(rounds, "complete", "complete", "complete"), strict=True
    ):
        winner = the_one(results)
        winners[winner] += 1
        assert [r["words"] for r in results if "refused" in r] == [DONE, DONE]
        assert arena.history(it)["task_completed"] == 1
    assert_a_contest(winners, 3)


@LIMIT
def test_one_completes_and_one_cancels(arena: Arena) -> None:
    rounds = arena.rounds()
    winners: Counter[int] = Counter()
    for it, results in zip(rounds, arena.contest(rounds, "complete", "cancel"), strict=True):
        winner = the_one(results)
        winners[winner] += 1
        assert results[1 - winner]["words"] == (OVER if winner == 0 else GONE)
        seen = arena.history(it)
        assert (seen["task_completed"], seen["cancelled"]) == (1 - winner, winner)
    assert_a_contest(winners, 2)


@LIMIT
def test_one_completes_as_the_time_runs_out(arena: Arena) -> None:
    rounds = arena.rounds()
    winners: Counter[int] = Counter()
    for it, (person, fired) in zip(rounds, arena.contest(rounds, "complete", "timer"), strict=True):
        won = fired["gave"]
        assert won in (0, 1)
        winners[won] += 1
        assert ("refused" in person) == bool(won)
        assert person.get("words", GONE) == GONE
        seen = arena.history(it)
        assert (seen["task_completed"], seen["timer"]) == (1 - won, won)
    assert_a_contest(winners, 2)


@LIMIT
def test_three_people_claim_one_task(arena: Arena) -> None:
    rounds = arena.rounds()
    winners: Counter[int] = Counter()
    for it, results in zip(rounds, arena.contest(rounds, "claim", "claim", "claim"), strict=True):
        winner = the_one(results)
        winners[winner] += 1
        assert [r["words"] for r in results if "refused" in r] == [TAKEN, TAKEN]
        assert arena.assignee(it) == WORKERS[winner].id
        assert arena.history(it)["claimed"] == 1
    assert_a_contest(winners, 3)


@LIMIT
def test_one_starts_while_another_version_is_published(arena: Arena) -> None:
    """A start gets either version whole; which one is certain where they did not overlap."""
    rounds = [Round(number, 0, arena.clock.now) for number in range(ROUNDS)]
    overlapped = 0
    before = 2
    for it, (published, started) in zip(
        rounds, arena.contest(rounds, "publish", "start"), strict=True
    ):
        assert "refused" not in published
        after = 1 + it.task % 2
        version = arena_version(arena.runtime, started["gave"])
        if started["ended"] < published["began"]:
            assert version == before
        elif started["began"] > published["ended"]:
            assert version == after
        else:
            overlapped += 1
            assert version in (before, after)
        before = after
    if RACES:
        assert overlapped
    with database.reading(arena.runtime.database) as connection:
        keys = connection.execute(sa.select(models.instance.c.business_key)).scalars().all()
    for key in keys:
        (task,) = queries.open_tasks(arena.runtime, key)
        commands.complete_task(arena.runtime, task.id, {"verdict": "fine"}, WORKERS[0])
    assert_whole(arena.runtime)


def arena_version(runtime: Runtime, number: int) -> int:
    """The version of its model on which an instance runs."""
    with database.reading(runtime.database) as connection:
        return int(
            connection.execute(
                sa.select(models.deployment.c.version)
                .join(models.instance, models.instance.c.deployment_id == models.deployment.c.id)
                .where(models.instance.c.id == number)
            ).scalar_one()
        )
