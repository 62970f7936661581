"""Due work that is done several pieces at a time: as if each had been done by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from engine import due, queries
from engine.runtime import Runtime
from tests.engine.conftest import Clock
from tests.engine.drawing import document, element, flows, process, timer
from tests.engine.test_edge_cases import Desk, catch, drawn, user, verified

SLEEP = document(
    drawn(
        "p",
        element("startEvent", "s") + catch("wait", 1) + user("work") + element("endEvent", "e"),
        "s > wait > work > e",
        "work",
    )
)


@pytest.fixture
def desk(runtime: Runtime, tmp_path: Path) -> Desk:
    return Desk(runtime, tmp_path)


def test_one_commit_serves_many_timers(desk: Desk, clock: Clock, runtime: Runtime) -> None:
    model = desk.deploy(SLEEP)
    keys = [desk.start(model) for _ in range(40)]
    clock.move(days=2)
    commits: list[sa.Connection] = []
    sa.event.listen(runtime.database, "commit", commits.append)
    assert due.fire_due(runtime, limit=39) == 39
    assert len(commits) < 39 / 2
    assert due.fire_due(runtime) == 1
    assert all(task.element == "work" for key in keys for task in queries.open_tasks(runtime, key))
    assert sum(len(queries.open_tasks(runtime, key)) for key in keys) == 40
    verified(runtime, *keys)


def test_what_an_earlier_timer_ended_is_not_fired_with_it(
    desk: Desk, clock: Clock, runtime: Runtime
) -> None:
    caller = process(
        "p",
        element("startEvent", "s")
        + element("callActivity", "call", calledElement="q")
        + element(
            "boundaryEvent",
            "enough",
            timer("timeDuration", "duration(&quot;P1D&quot;)"),
            attachedToRef="call",
        )
        + user("after")
        + element("endEvent", "e1")
        + element("endEvent", "e2")
        + flows("s > call > e1; enough > after > e2"),
        {"after": "Worker"},
    )
    called = drawn(
        "q",
        element("startEvent", "qs") + catch("rest", 2) + user("look") + element("endEvent", "qe"),
        "qs > rest > look > qe",
        "look",
    )
    key = desk.run(document(caller), document(called))
    clock.move(days=3)
    assert due.fire_due(runtime) == 1
    assert desk.statuses(key) == {"p": "active", "q": "cancelled"}
    assert [task.element for task in queries.open_tasks(runtime, key)] == ["after"]
    assert due.fire_due(runtime) == 0
    verified(runtime, key)
