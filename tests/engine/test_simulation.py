"""Months of a small council in seconds: real commands, a clock that runs, and dice with a seed."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from engine import commands, database, queries, versions
from engine.definitions import load_model
from engine.errors import EngineError
from engine.identity import SYSTEM, Actor
from engine.models import metadata, submission, user_task
from engine.runtime import Runtime
from engine.simulation import Arrival, Council, Manner, NotEmpty, Outcome, simulate
from engine.timescales import LONDON, is_working_day
from tests.engine.conftest import MANAGER, OTHER, WORKER, Office
from tests.engine.errand import FILES

START = datetime(2026, 1, 5, tzinfo=UTC)
END = datetime(2026, 5, 1, tzinfo=UTC)
MANNER = Manner(
    likely={
        "size": {"big": 0.4, "small": 0.6},
        "result": {"done": 0.8, "again": 0.2},
        "check.verdict": {"fine": 0.9, "not fine": 0.1},
    },
    texts={"note": ["Brought {thing}."], "reason": ["No {thing} is needed any more."]},
)


def arrive(runtime: Runtime, number: int, dice: Random) -> Arrival:
    thing = dice.choice(["milk", "bread"])
    started = commands.start(runtime, "errand", "errand", {"thing": thing}, SYSTEM)
    return Arrival(started.business_key, {"thing": thing})


BOTH = Actor("bo", frozenset({"worker", "manager"}))
COUNCIL = Council([WORKER, OTHER, MANAGER, BOTH], arrive, MANNER, often=0.3)


@pytest.fixture(scope="module")
def fresh(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Runtime]]:
    """Makes runtimes, each on a database of its own with the errand model deployed."""
    model = load_model(FILES)
    made: list[sa.Engine] = []
    folder = tmp_path_factory.mktemp("simulated")

    def make() -> Runtime:
        path = shutil.copy(sqlite_template, folder / f"{len(made)}.sqlite3")
        made.append(database.connect(f"sqlite:///{path}"))
        runtime = Runtime(made[-1], Office().services, lambda: START)
        with runtime.database.begin() as connection:
            number = versions.record(connection, model, 1, SYSTEM, START)
        runtime.keep(number, model)
        return runtime

    yield make
    for engine in made:
        engine.dispose()


def go_by(runtime: Runtime, cases: int = 12, seed: int = 7, council: Council = COUNCIL) -> Outcome:
    return simulate(runtime, council, cases, seed, START, END)


@pytest.fixture(scope="module")
def months(fresh: Callable[[], Runtime]) -> tuple[Runtime, Outcome]:
    """Forty cases, worked on over four months."""
    runtime = fresh()
    often = replace(COUNCIL, often=1.0)
    return runtime, go_by(runtime, cases=40, council=often)


def everything(runtime: Runtime) -> dict[str, list[str]]:
    """All rows of all tables of the engine."""
    with database.reading(runtime.database) as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for table in metadata.sorted_tables
        }


def rows(runtime: Runtime, query: sa.Select[Any]) -> list[Any]:
    with database.reading(runtime.database) as connection:
        return list(connection.execute(query).all())


def test_the_same_seed_gives_the_same_database_and_another_seed_another_one(
    fresh: Callable[[], Runtime],
) -> None:
    first, again, other = fresh(), fresh(), fresh()
    assert go_by(first) == go_by(again)
    assert everything(first) == everything(again)
    go_by(other, seed=8)
    assert everything(first) != everything(other)


def test_what_is_told_of_the_months_is_what_the_database_holds(
    months: tuple[Runtime, Outcome],
) -> None:
    runtime, made = months
    tasks = rows(runtime, sa.select(user_task))
    done = [task for task in tasks if task.status == "completed"]
    still_open = [task for task in tasks if task.status == "open"]
    assert (made.cases, made.tasks_done, made.open_tasks) == (40, len(done), len(still_open))
    assert made.overdue_tasks == sum(bool(t.due_at and t.due_at < END) for t in still_open)
    assert (made.incidents, made.left) == (0, ())
    assert made.messages > 0
    counts = {each.process: each for each in made.processes}
    assert counts["errand"].open == made.open_cases
    assert counts["errand"].open + counts["errand"].ended == 40
    assert min(counts["check"].open, counts["check"].ended, counts["errand"].ended) > 0


def test_people_work_in_working_hours_and_are_late_at_times(
    months: tuple[Runtime, Outcome],
) -> None:
    runtime, _ = months
    done = rows(runtime, sa.select(user_task).where(user_task.c.status == "completed"))
    for task in done:
        local = task.closed_at.astimezone(LONDON)
        assert is_working_day(local.date()) and 9 <= local.hour < 17, local
        assert START < task.created_at < task.closed_at < END
    with_due = [task for task in done if task.due_at]
    late = [task for task in with_due if task.closed_at > task.due_at]
    assert 0.05 * len(with_due) < len(late) < 0.6 * len(with_due)


def test_timers_fire_at_their_moment_and_what_happened_stays_in_order(
    months: tuple[Runtime, Outcome],
) -> None:
    runtime, made = months
    keys = {task.business_key for task in rows(runtime, sa.select(user_task))}
    events = {key: queries.history(runtime, key) for key in keys}
    for key, happened in events.items():
        assert queries.verify_history(runtime, key) == []
        by_instance: dict[int, list[datetime]] = {}
        for event in happened:
            by_instance.setdefault(event.instance_id, []).append(event.at)
        assert all(moments == sorted(moments) for moments in by_instance.values())
    fired = [event for each in events.values() for event in each if event.kind == "timer"]
    assert len(fired) == made.timers > 0
    # A week is over at the end of its last day, whatever else happens at that moment.
    assert {f"{event.at.astimezone(LONDON):%H:%M:%S}" for event in fired} == {"23:59:59"}


def test_answers_keep_to_their_weights_and_words(months: tuple[Runtime, Outcome]) -> None:
    runtime, _ = months
    answers = [
        (row.element, orjson.loads(row.answers)) for row in rows(runtime, sa.select(submission))
    ]
    sizes = Counter(said["size"] for element, said in answers if element == "agree")
    assert sizes["big"] == pytest.approx(0.4 * sizes.total(), abs=1.5)
    notes = {said["note"] for element, said in answers if element == "do"}
    assert notes == {"Brought milk.", "Brought bread."}
    assert {said["reason"] for element, said in answers if element == "recall"} <= {
        "No milk is needed any more.",
        "No bread is needed any more.",
    }


def test_in_the_end_there_are_cases_at_every_step(months: tuple[Runtime, Outcome]) -> None:
    runtime, _ = months
    waiting = rows(runtime, sa.select(user_task.c.element).where(user_task.c.status == "open"))
    assert {row.element for row in waiting} == {"agree", "do", "look_at_it"}


def test_what_nobody_may_do_stays_open_and_is_told(fresh: Callable[[], Runtime]) -> None:
    def refusal(runtime: Runtime, actor: Actor, task: queries.TaskRow) -> str | None:
        return "Not you." if task.element == "agree" else None

    runtime = fresh()
    made = go_by(runtime, cases=3, council=replace(COUNCIL, refusal=refusal))
    assert made.tasks_done == 0
    assert made.left
    assert all(reason.endswith("nobody may do it.") for reason in made.left)
    assert made.open_tasks == 3


def test_a_task_that_is_refused_to_one_person_is_done_by_another(
    fresh: Callable[[], Runtime],
) -> None:
    def refusal(runtime: Runtime, actor: Actor, task: queries.TaskRow) -> str | None:
        return "Not you." if actor == WORKER else None

    runtime = fresh()
    made = go_by(runtime, council=replace(COUNCIL, refusal=refusal))
    assert made.tasks_done > 12
    done = rows(runtime, sa.select(user_task.c.closed_by).where(user_task.c.status == "completed"))
    assert {row.closed_by for row in done} == {OTHER.id, MANAGER.id, BOTH.id}


def test_made_up_cases_do_not_mix_with_others(fresh: Callable[[], Runtime]) -> None:
    runtime = fresh()
    commands.start(runtime, "errand", "errand", {}, WORKER)
    before = everything(runtime)
    with pytest.raises(NotEmpty, match="has cases already") as refused:
        go_by(runtime)
    assert isinstance(refused.value, EngineError)
    assert everything(runtime) == before


def test_nothing_lies_after_the_last_day(months: tuple[Runtime, Outcome]) -> None:
    runtime, _ = months
    moments = rows(runtime, sa.select(submission.c.at))
    assert max(row.at for row in moments).date() <= date(2026, 5, 1)
    assert min(row.at for row in moments) > START
