"""Clocks that jump, and a service that was down for a week.

`PATHWAYS_OVERDUE=10000` is the number of overdue timers in the long form.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import commands, database, due, models, outbox, queries
from engine.errors import ServiceError
from engine.runtime import Runtime
from tests.durability.conftest import Begin
from tests.durability.contest import catch_up
from tests.durability.test_outages import begin_case, complete, waiting
from tests.durability.whole import assert_whole
from tests.engine.conftest import WORKER, Clock

OVERDUE = int(os.environ.get("PATHWAYS_OVERDUE", "0"))


def alerts(runtime: Runtime, key: str) -> int:
    return sum(event.kind == "timer" for event in queries.history(runtime, key))


class Post:
    """Takes messages, or is not there."""

    def __init__(self) -> None:
        self.there = True
        self.keys: list[str] = []

    def __call__(self, key: str, payload: Mapping[str, Any]) -> None:
        if not self.there:
            raise ServiceError("Try again later.")
        self.keys.append(key)


@pytest.mark.parametrize("jump", [timedelta(days=400), timedelta(days=-400)])
def test_a_clock_that_was_wrong_for_a_while_holds_nothing_up(
    runtime: Runtime, clock: Clock, jump: timedelta
) -> None:
    post = Post()
    broken = [True]
    register = runtime.services.handlers.pop("register")

    @runtime.services.handler("register", results=("registered",))
    def sometimes(context: Any, form: str) -> Any:
        if broken[0]:
            raise ServiceError("The register is closed.")
        return register.function(context, form)

    broken[0] = False
    before = begin_case(runtime)
    complete(runtime, before)
    clock.now += jump
    post.there, broken[0] = False, True
    during = begin_case(runtime)
    complete(runtime, during)
    assert outbox.deliver(runtime, {"mail": post}) >= 1
    due.fire_due(runtime)
    assert_whole(runtime)
    clock.now -= jump
    post.there, broken[0] = True, False
    # Now it is right again. What is tried again is not tried at a date that is a year away.
    clock.move(hours=1)
    due.fire_due(runtime)
    assert waiting(runtime, during) == ["do"]
    assert queries.incidents(runtime) == []
    for _ in range(3):
        outbox.deliver(runtime, {"mail": post})
    with database.reading(runtime.database) as connection:
        unsent = connection.execute(
            sa.select(sa.func.count()).where(models.outbox.c.sent_at.is_(None))
        ).scalar_one()
    assert unsent == 0
    assert len(set(post.keys)) == len(post.keys) >= 2
    for key in (before, during):
        complete(runtime, key, {"result": "done", "note": "at last"})
    assert_whole(runtime)


@pytest.mark.parametrize("days", [8, 400])
def test_after_a_long_time_down_a_timer_that_repeats_alerts_once(
    runtime: Runtime, clock: Clock, days: int
) -> None:
    key = begin_case(runtime)
    complete(runtime, key)
    clock.move(days=days)
    assert due.fire_due(runtime) == 1
    assert due.fire_due(runtime) == 0
    assert alerts(runtime, key) == 1
    clock.move(days=-3)
    assert due.fire_due(runtime) == 0, "what was done is not done again"
    clock.move(days=3 + 8)
    assert due.fire_due(runtime) == 1
    assert alerts(runtime, key) == 2
    assert_whole(runtime)


@pytest.mark.timeout(3600 if OVERDUE else 60)
def test_a_week_of_timers_is_caught_up_by_two_nodes_while_people_work(
    runtime: Runtime, clock: Clock, database_url: str, begin: Begin, tmp_path: Path
) -> None:
    number = OVERDUE or 30
    keys = []
    for _ in range(number):
        keys.append(begin_case(runtime))
        complete(runtime, keys[-1], {"size": "small", "helper": "wyn"})
    clock.move(days=8)
    began = time.monotonic()
    nodes = [begin(catch_up, database_url, clock.now) for _ in range(2)]
    longest, worked = 0.0, 0
    while any(node.is_alive() for node in nodes):
        key = begin_case(runtime)
        before = time.monotonic()
        complete(runtime, key)
        longest = max(longest, time.monotonic() - before)
        worked += 1
        time.sleep(0.02)
    took = time.monotonic() - began
    print(f"{number} overdue timers: {took:.1f} s; {worked} tasks, each in {longest:.2f} s at most")
    assert [node.exitcode for node in nodes] == [0, 0]
    assert worked
    assert longest < 10
    assert [key for key in keys if alerts(runtime, key) != 1] == []
    with database.reading(runtime.database) as connection:
        late = connection.execute(
            sa.select(sa.func.count()).where(models.instance.c.next_due_at <= clock.now)
        ).scalar_one()
    assert late == 0
    assert_whole(runtime)
    commands.complete_task(
        runtime,
        queries.open_tasks(runtime, keys[0])[0].id,
        {"result": "done", "note": "after all"},
        WORKER,
    )
