"""Trays: whatever happens to tasks, the numbers beside trays and the pages are those that looking
at every task would give."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine import commands, due, queries, tallies
from engine.errors import EngineError
from engine.identity import Actor
from engine.models import user_task
from engine.runtime import Runtime
from tests.engine.conftest import MANAGER, OTHER, STRANGER, WORKER, Clock, write
from tests.engine.drawing import document, element, flows, process, properties
from tests.engine.errand import form, radio

BOTH = Actor("bo", frozenset({"worker", "manager"}))
PEOPLE = (WORKER, OTHER, MANAGER, BOTH, STRANGER)
TRAYS = (None, "todo", "shelf", "nowhere")
TASKS = {
    "sort": properties(form="check", tray="todo"),
    "hurry": properties(form="check", tray="todo", due="=duration(&quot;P2D&quot;)"),
    "later": properties(form="check", tray="shelf", due="=duration(&quot;P9D&quot;)"),
    "named": properties(form="check", assignee="helper"),
    "anybody": properties(form="check", due="=duration(&quot;P5D&quot;)"),
    "judge": properties(form="check", tray="todo"),
    "sign": properties(form="check", tray="shelf", assignee="helper"),
}
ROLES = {name: "Manager" if name in ("judge", "sign") else "Worker" for name in TASKS}
MODEL = b"""
id = "office"
name = "Office"
start = "p"
[roles]
worker = "Worker"
manager = "Manager"
[trays]
todo = "To do"
shelf = "On the shelf"
"""
DIAGRAM = document(
    process(
        "p",
        element("startEvent", "s")
        + element("parallelGateway", "all")
        + "".join(element("userTask", name, inner) for name, inner in TASKS.items())
        + "".join(element("endEvent", f"{name}_done") for name in TASKS)
        + flows("s > all;" + ";".join(f"all > {name} > {name}_done" for name in TASKS)),
        ROLES,
    )
)
FILES = {
    "model.toml": MODEL,
    "p.bpmn": DIAGRAM,
    "forms/check.form": form("check", radio("verdict", "fine")),
}


@pytest.fixture
def trays(runtime: Runtime, tmp_path: Path) -> Runtime:
    """A node with a model whose cases put tasks in trays of two roles, and in none."""
    commands.deploy(runtime, write(tmp_path / "office", FILES), MANAGER)
    return runtime


def start(runtime: Runtime, helper: str | None = "wyn") -> str:
    return commands.start(runtime, "office", "p", {"helper": helper}, WORKER).business_key


def looked_at(rows: Iterable[Any], now: datetime, actor: Actor, **narrowed: Any) -> list[int]:
    """The ids of a person's tasks, by looking at every one that there is."""
    found = [
        row
        for row in rows
        if row.status == "open"
        and row.role in actor.roles
        and (row.tray is not None or row.assignee in (None, actor.id))
        and narrowed.get("tray") in (None, row.tray)
        and (not narrowed.get("mine") or row.assignee == actor.id)
        and (not narrowed.get("overdue") or (row.due_at and row.due_at < now))
    ]
    found.sort(key=lambda row: (row.due_at is None, row.due_at or now, row.id))
    return [row.id for row in found]


def agree(runtime: Runtime) -> None:
    """Every page and every number is what looking at all tasks gives."""
    now = runtime.clock()
    with runtime.database.connect() as connection:
        rows = connection.execute(sa.select(user_task)).all()
    for actor in PEOPLE:
        for tray, mine, overdue in product(TRAYS, (False, True), (False, True)):
            narrowed: Any = {"tray": tray, "mine": mine, "overdue": overdue}
            expected = looked_at(rows, now, actor, **narrowed)
            pages = [
                queries.tray(runtime, actor, **narrowed, size=3, page=number)
                for number in range(1, min(3, -(-len(expected) // 3)) + 1)
            ] or [queries.tray(runtime, actor, **narrowed)]
            assert [row.id for page in pages for row in page.rows] == expected[:9], narrowed
            assert {page.total for page in pages} == {len(expected)}, narrowed
        counted = {name: len(looked_at(rows, now, actor, tray=name)) for name in TRAYS if name}
        assert queries.tray_counts(runtime, actor) == {n: k for n, k in counted.items() if k}
        assert queries.own_count(runtime, actor) == len(looked_at(rows, now, actor, mine=True))


ACTS = st.tuples(
    st.sampled_from(("start", "complete", "claim", "release", "assign", "cancel", "wait")),
    st.sampled_from(PEOPLE),
    st.integers(0, 40),
)


@settings(
    max_examples=5,
    deadline=None,
    database=None,
    # Each example goes on from the one before; a smaller one would say something else.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=st.lists(ACTS, min_size=3, max_size=15))
def test_whatever_people_do_trays_show_what_is_there(
    trays: Runtime, clock: Clock, acts: list[tuple[str, Actor, int]]
) -> None:
    start(trays)
    for act, actor, number in acts:
        with trays.database.connect() as connection:
            is_open = sa.select(user_task).where(user_task.c.status == "open")
            rows = connection.execute(is_open.order_by(user_task.c.id)).all()
        if act == "start" or not rows:
            start(trays, ("wyn", "oli", None)[number % 3])
            continue
        row = rows[number % len(rows)]
        with suppress(EngineError):
            if act == "complete":
                commands.complete_task(trays, row.id, {"verdict": "fine"}, actor)
            elif act == "claim":
                commands.claim(trays, row.id, actor)
            elif act == "release":
                commands.release(trays, row.id, Actor(row.assignee or "", actor.roles))
            elif act == "assign":
                commands.assign(trays, row.id, PEOPLE[number % 5].id, actor)
            elif act == "cancel":
                commands.cancel(trays, row.instance_id, "tidying up", actor)
            else:
                clock.move(days=number / 10)
    agree(trays)


def test_rows_written_in_another_way_are_counted_too(trays: Runtime) -> None:
    start(trays)
    start(trays, None)
    for change in (
        user_task.update().where(user_task.c.element == "sort").values(role="manager"),
        user_task.update().where(user_task.c.element == "later").values(tray="todo"),
        user_task.update().where(user_task.c.element == "hurry").values(tray=None),
        user_task.update().where(user_task.c.element == "anybody").values(assignee="oli"),
        user_task.update().where(user_task.c.element == "named").values(assignee=None),
        user_task.update().where(user_task.c.element == "judge").values(status="withdrawn"),
        user_task.delete().where(user_task.c.element == "sign"),
        user_task.update().where(user_task.c.element == "judge").values(status="open"),
    ):
        with trays.database.begin() as connection:
            connection.execute(change)
        agree(trays)


def test_numbers_that_were_lost_are_made_anew(trays: Runtime) -> None:
    for helper in ("wyn", None):
        start(trays, helper)
    with trays.database.begin() as connection:
        connection.execute(tallies.tally.update().values(number=7))
    tallies.recount(trays.database)
    agree(trays)


def test_changes_are_added_up_while_people_work(trays: Runtime) -> None:
    keys = [start(trays) for _ in range(12)]
    rows = {key: queries.open_tasks(trays, key) for key in keys}
    faults: list[Exception] = []

    def complete(those: list[str]) -> None:
        try:
            for key in those:
                for row in rows[key]:
                    commands.complete_task(trays, row.id, {"verdict": "fine"}, by_name(row))
        except Exception as error:
            faults.append(error)

    people = [threading.Thread(target=complete, args=(keys[n::2],)) for n in range(2)]
    for person in people:
        person.start()
    while any(person.is_alive() for person in people):
        tallies.fold(trays.database, most=0)
        tallies.recount(trays.database)
        time.sleep(0.01)
    for person in people:
        person.join()
    assert not faults
    agree(trays)
    start(trays)
    assert queries.tray_counts(trays, BOTH) == {"todo": 3, "shelf": 2}


def by_name(row: queries.TaskRow) -> Actor:
    return Actor(row.assignee or "bo", BOTH.roles)


def test_due_work_adds_up_what_has_changed(trays: Runtime) -> None:
    with trays.database.begin() as connection:
        rows = [{"role": "worker", "tray": f"t{n}", "number": 1} for n in range(3)]
        connection.execute(tallies.tally.insert(), rows)
        if trays.database.dialect.name == "postgresql":
            for _ in range(tallies.MOST_CHANGES):
                connection.execute(tallies.tally.insert(), rows[:1])
    before = queries.tray_counts(trays, WORKER)
    due.fire_due(trays)
    assert queries.tray_counts(trays, WORKER) == before
    with trays.database.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tallies.tally)) == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_page_looks_at_all_tasks(trays: Runtime) -> None:
    start(trays)
    asked: list[str] = []
    with trays.database.connect() as connection:
        driver: Any = connection.connection.driver_connection
    driver.set_trace_callback(asked.append)
    for tray, mine, overdue in product(TRAYS, (False, True), (False, True)):
        queries.tray(trays, BOTH, tray=tray, mine=mine, overdue=overdue)
    queries.tray_counts(trays, BOTH)
    queries.own_count(trays, BOTH)
    driver.set_trace_callback(None)
    plans = [
        row[3]
        for statement in asked
        if statement.startswith("SELECT")
        for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    assert any(step.startswith("SEARCH user_task USING COVERING INDEX") for step in plans)
    assert [step for step in plans if step.startswith("SCAN user_task")] == []
