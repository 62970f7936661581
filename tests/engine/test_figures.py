"""The service in numbers: what waits for people, and what waits for the service itself."""

from __future__ import annotations

from datetime import timedelta

from engine import commands, due, outbox, queries
from engine.queries import Backlog, Pile
from engine.runtime import Runtime
from tests.engine.conftest import WORKER, Clock, Office
from tests.engine.test_backup import one_errand

NONE = Backlog(0, timedelta())


def test_open_and_overdue_tasks_are_counted_by_role_and_tray(
    runtime: Runtime, clock: Clock
) -> None:
    assert queries.figures(runtime).piles == ()
    for _ in range(2):
        one_errand(runtime)
    commands.start(runtime, "errand", "errand", {"who": "Sam Sample"}, WORKER)
    assert queries.figures(runtime).piles == (Pile("errand", "worker", "todo", 3, 0),)
    clock.move(days=60)
    assert queries.figures(runtime).piles == (Pile("errand", "worker", "todo", 3, 2),)


def test_a_timer_is_late_from_its_moment_until_it_is_fired(runtime: Runtime, clock: Clock) -> None:
    one_errand(runtime)
    one_errand(runtime)
    assert queries.figures(runtime).due == NONE
    while queries.figures(runtime).due == NONE:
        clock.move(hours=1)
    clock.move(hours=2)
    late = queries.figures(runtime).due
    assert late.waiting == 2
    assert timedelta(hours=2) <= late.oldest < timedelta(hours=3)
    assert due.fire_due(runtime) == 2
    assert queries.figures(runtime).due == NONE


def test_a_step_that_failed_counts_until_it_is_mended(
    runtime: Runtime, clock: Clock, office: Office
) -> None:
    office.fail()
    one_errand(runtime)
    assert queries.figures(runtime).incidents == 1
    clock.move(hours=1)
    assert queries.figures(runtime).due.waiting == 1
    office.fault = None
    due.fire_due(runtime)
    now = queries.figures(runtime)
    assert (now.incidents, now.due) == (0, NONE)


def test_messages_count_until_they_are_sent_or_given_up(runtime: Runtime, clock: Clock) -> None:
    assert queries.figures(runtime).outbox == {}
    one_errand(runtime)
    clock.move(minutes=5)
    one_errand(runtime)
    clock.move(minutes=5)
    assert queries.figures(runtime).outbox == {"mail": Backlog(2, timedelta(minutes=10))}

    def send(key: str, payload: object) -> None:
        raise outbox.Undeliverable("No such mailbox.")

    outbox.deliver(runtime, {"mail": send}, limit=1)
    now = queries.figures(runtime)
    assert (now.outbox, now.given_up) == ({"mail": Backlog(1, timedelta(minutes=5))}, 1)
    outbox.deliver(runtime, {"mail": lambda key, payload: None})
    now = queries.figures(runtime)
    assert (now.outbox, now.given_up) == ({}, 1)
