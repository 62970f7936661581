"""Messages in the outbox: sent once by many, again after a failure, and after a node's death."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import commands, queries
from engine.errors import ServiceError
from engine.models import outbox
from engine.outbox import LEASE, Undeliverable, deliver
from engine.runtime import Runtime
from engine.worklist import RETRIES
from tests.engine.conftest import WORKER, Clock

ROOT = Path(__file__).parents[2]


class Post:
    """A sender that notes what it is given, and fails with `fault` while there is one."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Mapping[str, Any]]] = []
        self.fault: Exception | None = None

    def __call__(self, key: str, payload: Mapping[str, Any]) -> None:
        self.sent.append((key, payload))
        if self.fault:
            raise self.fault

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.sent]


@pytest.fixture
def post() -> Post:
    return Post()


def write_message(runtime: Runtime) -> str:
    """Let a case write a message to the outbox; the case's business key."""
    key = commands.start(runtime, "errand", "errand", {"who": "Sam Sample"}, WORKER).business_key
    (task,) = queries.open_tasks(runtime, key)
    commands.complete_task(runtime, task.id, {"size": "big", "helper": "wyn"}, WORKER)
    return key


def messages(runtime: Runtime) -> list[Any]:
    with runtime.database.begin() as connection:
        return list(connection.execute(sa.select(outbox).order_by(outbox.c.id)).all())


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """The results of all of these, run side by side."""
    results: dict[int, Any] = {}
    gate = threading.Barrier(len(works))

    def run(number: int) -> None:
        gate.wait()
        results[number] = works[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[number] for number in range(len(works))]


def test_a_message_is_sent_with_its_key_and_content_and_then_never_again(
    runtime: Runtime, clock: Clock, post: Post
) -> None:
    case = write_message(runtime)
    (written,) = messages(runtime)
    assert written.sent_at is None
    clock.move(seconds=7)
    assert deliver(runtime, {"mail": post}) == 1
    ((key, payload),) = post.sent
    assert key == written.key
    assert (payload["to"], payload["subject"]) == ("sam@example.org", f"Errand {case}")
    (message,) = messages(runtime)
    assert (message.sent_at, message.next_attempt_at) == (clock.now, None)
    assert (message.attempts, message.last_error) == (1, None)
    clock.move(days=400)
    assert deliver(runtime, {"mail": post}) == 0
    assert len(post.sent) == 1


def test_no_more_are_sent_than_asked_for_and_the_oldest_first(
    runtime: Runtime, clock: Clock, post: Post
) -> None:
    for _ in range(3):
        write_message(runtime)
        clock.move(seconds=1)
    keys = [message.key for message in messages(runtime)]
    assert len(set(keys)) == 3
    assert deliver(runtime, {"mail": post}, limit=2) == 2
    assert post.keys == keys[:2]
    assert deliver(runtime, {"mail": post}, limit=2) == 1
    assert post.keys == keys


def test_two_deliverers_at_once_send_different_messages(runtime: Runtime) -> None:
    write_message(runtime)
    write_message(runtime)
    sent: list[str] = []
    both_are_sending = threading.Barrier(2, timeout=30)

    def post(key: str, payload: Mapping[str, Any]) -> None:
        sent.append(key)
        both_are_sending.wait()

    work = lambda: deliver(runtime, {"mail": post}, limit=1)  # noqa: E731
    assert at_once(work, work) == [1, 1]
    assert sorted(sent) == [message.key for message in messages(runtime)]
    assert [message.attempts for message in messages(runtime)] == [1, 1]


def test_many_deliverers_send_each_message_once(runtime: Runtime, post: Post) -> None:
    for _ in range(10):
        write_message(runtime)
    work = lambda: deliver(runtime, {"mail": post})  # noqa: E731
    assert sum(at_once(work, work, work)) == 10
    assert sorted(post.keys) == sorted(message.key for message in messages(runtime))


def test_while_a_message_is_sent_others_can_write(runtime: Runtime) -> None:
    write_message(runtime)
    meanwhile: list[str] = []

    def slow(key: str, payload: Mapping[str, Any]) -> None:
        if not meanwhile:
            # If a transaction were open, SQLite would let nobody else write until it ended.
            meanwhile.append(write_message(runtime))

    assert deliver(runtime, {"mail": slow}) == 2
    assert [message.sent_at is None for message in messages(runtime)] == [False, False]


def test_a_sender_that_fails_is_asked_again_later_with_the_same_key(
    runtime: Runtime, clock: Clock, post: Post
) -> None:
    write_message(runtime)
    post.fault = ServiceError("The post office is closed.")
    assert deliver(runtime, {"mail": post}) == 1
    assert messages(runtime)[0].last_error == "The post office is closed."
    assert deliver(runtime, {"mail": post}) == 0, "not at once"
    clock.move(seconds=59)
    assert deliver(runtime, {"mail": post}) == 0
    clock.move(seconds=1)
    assert deliver(runtime, {"mail": post}) == 1
    clock.move(minutes=1)
    assert deliver(runtime, {"mail": post}) == 0, "each pause is longer than the one before"
    post.fault = None
    clock.move(minutes=4)
    assert deliver(runtime, {"mail": post}) == 1
    (message,) = messages(runtime)
    assert post.keys == [message.key] * 3
    assert (message.sent_at, message.attempts, message.last_error) == (clock.now, 3, None)


def test_what_fails_for_days_is_given_up_and_stays_with_its_error(
    runtime: Runtime, clock: Clock, post: Post
) -> None:
    write_message(runtime)
    post.fault = ServiceError("The post office is closed.")
    for delay in RETRIES:
        assert deliver(runtime, {"mail": post}) == 1
        assert messages(runtime)[0].next_attempt_at == clock.now + delay
        clock.move(seconds=delay.total_seconds())
    assert deliver(runtime, {"mail": post}) == 1
    (message,) = messages(runtime)
    assert (message.next_attempt_at, message.sent_at) == (None, None)
    assert message.last_error == "The post office is closed."
    clock.move(days=400)
    assert deliver(runtime, {"mail": post}) == 0


def test_what_is_refused_for_good_is_not_tried_again(
    runtime: Runtime, clock: Clock, post: Post
) -> None:
    write_message(runtime)
    write_message(runtime)
    post.fault = Undeliverable("There is no such address.")
    assert deliver(runtime, {"mail": post}, limit=1) == 1
    post.fault = None
    clock.move(days=400)
    assert deliver(runtime, {"mail": post}) == 1, "it does not hold up the next one"
    refused, sent = messages(runtime)
    assert (refused.sent_at, refused.last_error) == (None, "There is no such address.")
    assert sent.sent_at == clock.now


def test_of_an_unforeseen_fault_only_the_kind_is_kept(
    runtime: Runtime, clock: Clock, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    write_message(runtime)
    post.fault = RuntimeError("no such mailbox: sam@example.org")
    assert deliver(runtime, {"mail": post}) == 1
    (message,) = messages(runtime)
    assert message.last_error == (
        "It could not be sent because of a fault in the service (RuntimeError)."
    )
    assert message.next_attempt_at == clock.now + RETRIES[0]
    assert message.key in caplog.text
    assert "sam@example.org" not in caplog.text


def test_a_kind_that_nobody_sends_is_an_error_of_that_message_alone(
    runtime: Runtime, clock: Clock, post: Post
) -> None:
    write_message(runtime)
    assert deliver(runtime, {"letter": post, "fax": post}) == 1
    assert messages(runtime)[0].last_error == (
        "This service cannot send messages of the kind “mail”. It sends: fax, letter."
    )
    assert post.sent == []
    # A node of a newer version may know the kind.
    clock.move(minutes=1)
    assert deliver(runtime, {"mail": post}) == 1
    assert messages(runtime)[0].last_error is None


DELIVERER = """
import json, sys, time
from datetime import datetime
from engine import database
from engine.outbox import deliver
from engine.runtime import Runtime
from engine.services import ServiceRegistry

def hang(key, payload):
    print(json.dumps([key, payload]), flush=True)
    time.sleep(300)

now = datetime.fromisoformat(sys.argv[2])
runtime = Runtime(database.connect(sys.argv[1]), ServiceRegistry(), lambda: now)
deliver(runtime, {"mail": hang})
"""


def test_what_a_process_was_sending_when_it_was_killed_is_sent_again(
    runtime: Runtime, database_url: str, clock: Clock, post: Post
) -> None:
    write_message(runtime)
    arguments = [sys.executable, "-c", DELIVERER, database_url, clock.now.isoformat()]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        key, payload = json.loads(process.stdout.readline())
        assert deliver(runtime, {"mail": post}) == 0, "the other process still has it"
        process.kill()
    clock.now += LEASE - timedelta(seconds=1)
    assert deliver(runtime, {"mail": post}) == 0
    clock.move(seconds=1)
    assert deliver(runtime, {"mail": post}) == 1
    assert post.sent == [(key, payload)]
    (message,) = messages(runtime)
    assert (message.key, message.attempts, message.sent_at) == (key, 2, clock.now)


def test_who_was_given_up_for_lost_does_not_undo_what_another_did(
    runtime: Runtime, clock: Clock, post: Post
) -> None:
    write_message(runtime)

    def far_too_slow(key: str, payload: Mapping[str, Any]) -> None:
        clock.now += LEASE
        assert deliver(runtime, {"mail": post}) == 1
        raise ServiceError("The line went dead.")

    assert deliver(runtime, {"mail": far_too_slow}, limit=1) == 1
    (message,) = messages(runtime)
    assert (message.sent_at, message.last_error) == (clock.now, None)
    clock.move(days=400)
    assert deliver(runtime, {"mail": post}) == 0
    assert len(post.sent) == 1
