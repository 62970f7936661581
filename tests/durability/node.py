"""A node in a process of its own: it takes cases to their end, and may be killed at any moment.

What it was told has happened it writes down at once, as an acknowledgement that a person would have
seen. Which step comes next it reads off the database, so that whoever comes after a killed node
goes on where that one was.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa

from engine import commands, database, due, models, queries
from engine.errors import AlreadyStarted, EngineError
from engine.identity import Actor
from engine.outbox import Sender, deliver
from engine.runtime import Runtime
from engine.services import Choice, ServiceContext, ServiceRegistry
from handlers.mail import MailServer, parse_sender, smtp_sender

PEOPLE = {
    "worker": Actor("wyn", frozenset({"worker"})),
    "manager": Actor("max", frozenset({"manager"})),
}
SENDER = "caf@council.example"
_T = TypeVar("_T")


def services() -> ServiceRegistry:
    """The errand model's handlers; each leaves exactly one mail behind."""
    registry = ServiceRegistry()

    def mail(context: ServiceContext, subject: str) -> None:
        context.send(
            "mail",
            {"to": "sam@example.org", "subject": f"{subject} {context.business_key}", "text": "."},
        )

    @registry.handler("register", results=("registered",))
    def register(context: ServiceContext, form: str) -> dict[str, Any]:
        mail(context, "agreed")
        return {"registered": True}

    @registry.handler("alert")
    def alert(context: ServiceContext) -> None:
        mail(context, "late")

    @registry.choices("helpers")
    def helpers(connection: Any, business_key: str) -> list[Choice]:
        return [Choice("wyn", "Wyn Worker"), Choice("oli", "Oli Other")]

    return registry


@dataclass(frozen=True)
class Orders:
    """What a node is to do: take these cases to their end, and die where it is told to."""

    url: str
    acknowledged: Path
    smtp_port: int
    now: datetime
    cases: tuple[str, ...]
    seed: int = 0
    die: tuple[str, int] | None = None
    """`("before", n)` dies before the nth commit, `("after", n)` after it, and `("statement", n)`
    before the nth statement."""


class Node:
    """Takes cases of the errand model on, step by step."""

    def __init__(self, orders: Orders) -> None:
        self.now = orders.now
        self.runtime = Runtime(database.connect(orders.url), services(), lambda: self.now)
        self.senders: dict[str, Sender] = {
            "mail": smtp_sender(MailServer("127.0.0.1", orders.smtp_port), parse_sender(SENDER))
        }
        self.orders = orders
        self._file = os.open(orders.acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(self, **what: Any) -> None:
        os.write(self._file, orjson.dumps(what) + b"\n")

    def step(self, case: str) -> bool:
        """Do the next thing for a case. False if it is at its end."""
        row = self._instance(case)
        if row is None:
            return self._do("start", case, self._start)
        if row.status != "active":
            return False
        task = queries.open_tasks(self.runtime, row.business_key)[0]
        actor = PEOPLE[task.role]
        if task.tray and task.assignee is None:
            return self._do("claim", task.id, lambda n: commands.claim(self.runtime, n, actor))
        rounds = self._rounds(row.business_key, task.element)
        if task.element == "do" and not rounds and not self._alerted(row.id):
            self.now = max(self.now, row.next_due_at + timedelta(seconds=1))
            return self._do("due", case, lambda _: due.fire_due(self.runtime))
        answers = self._answers(task.element, rounds)
        return self._do(
            "complete",
            task.id,
            lambda n: commands.complete_task(self.runtime, n, answers, actor),
        )

    def post(self) -> int:
        """Send what is in the outbox."""
        return deliver(self.runtime, self.senders)

    def _do(self, what: str, which: Any, work: Callable[[Any], object]) -> bool:
        self.note(tried=what, which=which)
        try:
            work(which)
        except EngineError as refusal:
            self.note(refused=what, which=which, kind=type(refusal).__name__)
        else:
            self.note(did=what, which=which)
        return True

    def _start(self, case: str) -> None:
        try:
            commands.start(
                self.runtime, "errand", "errand", {"who": case}, PEOPLE["worker"], request_key=case
            )
        except AlreadyStarted:
            return

    def _answers(self, element: str, rounds: int) -> dict[str, str]:
        match element:
            case "agree":
                return {"size": "big", "helper": "wyn"}
            case "do":
                return {"result": "done" if rounds else "again", "note": f"{self.orders.seed}"}
        return {"verdict": "fine" if rounds else "not fine"}

    def _rounds(self, key: str, element: str) -> int:
        done = queries.closed_tasks(self.runtime, key)
        return sum(task.element == element and task.status == "completed" for task in done)

    def _instance(self, case: str) -> Any:
        with database.reading(self.runtime.database) as connection:
            return connection.execute(
                sa.select(models.instance).where(models.instance.c.request_key == case)
            ).one_or_none()

    def _alerted(self, number: int) -> bool:
        with database.reading(self.runtime.database) as connection:
            sent = connection.execute(
                sa.select(sa.func.count()).where(models.outbox.c.instance_id == number)
            ).scalar_one()
        return bool(sent > 1)


def run(orders: Orders) -> None:
    """Take the cases to their end, in an order by the seed; then write down how much it took."""
    node = Node(orders)
    counted = _die_where_told(node.runtime.database, orders.die)
    chance = random.Random(orders.seed)
    cases = list(orders.cases)
    while cases:
        case = chance.choice(cases)
        if not node.step(case):
            cases.remove(case)
        node.post()
    node.note(ended=True, **counted)
    node.runtime.database.dispose()


def _die_where_told(engine: sa.Engine, die: tuple[str, int] | None) -> dict[str, int]:
    counted = {"before": 0, "after": 0, "statement": 0}

    def reached(kind: str) -> None:
        counted[kind] += 1
        if die == (kind, counted[kind]):
            os.kill(os.getpid(), signal.SIGKILL)

    commit = engine.dialect.do_commit

    def commit_and_tell(connection: Any) -> None:
        commit(connection)
        reached("after")

    engine.dialect.do_commit = commit_and_tell  # type: ignore[method-assign]
    sa.event.listen(engine, "commit", lambda connection: reached("before"))
    sa.event.listen(
        engine, "before_cursor_execute", lambda *everything: reached("statement"), named=False
    )
    return counted
