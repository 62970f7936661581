"""A council at work for a while, by what every version of the service has had: tasks, messages and
a clock. Databases of earlier versions were filled by this, and have to go on by it."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa

from engine import commands, due, queries
from engine.models import user_task
from engine.runtime import Actor, Runtime
from engine.simulation.pen import Manner, Pen
from handlers import directory

MANNERS = Path(__file__).parents[2] / "web" / "manners.toml"


@dataclass
class Clock:
    """Time as the work wants it."""

    now: datetime = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


WORDS: dict[str, str] = defaultdict(lambda: "Example")
PEOPLE = [Actor(user.id, user.roles) for user in directory.demo_users()]


def work(runtime: Runtime, clock: Clock, dice: Random, turns: int, share: float = 0.5) -> int:
    """Do a share of the open tasks, send a message here and there, and let six days go by;
    `turns` times. Returns how many tasks were done."""
    pen = Pen(Manner(**tomllib.loads(MANNERS.read_text(encoding="utf-8"))))
    done = 0
    for _ in range(turns):
        for number in open_tasks(runtime):
            if dice.random() < share:
                done += do(runtime, clock, pen, dice, number)
        cases = {queries.task(runtime, number).business_key for number in open_tasks(runtime)}
        for business_key in sorted(cases):
            if dice.random() < 0.1:
                ask(runtime, clock, pen, dice, business_key)
        clock.now += timedelta(days=6)
        due.fire_due(runtime)
    return done


def open_tasks(runtime: Runtime) -> list[int]:
    query = sa.select(user_task.c.id).where(user_task.c.status == "open").order_by(user_task.c.id)
    with runtime.database.begin() as connection:
        return list(connection.execute(query).scalars())


def do(runtime: Runtime, clock: Clock, pen: Pen, dice: Random, number: int) -> bool:
    """Complete a task with answers that its form takes. False where it was withdrawn before."""
    task = queries.task(runtime, number)
    if task.status != "open":
        return False
    person = one_of(PEOPLE, [task.role], dice)
    answers = write(pen, task, clock, f"{task.process}/{task.element}", dice)
    if task.assignee not in (None, person.id):
        commands.assign(runtime, number, person.id, person)
    commands.complete_task(runtime, number, answers, person)
    return True


def ask(runtime: Runtime, clock: Clock, pen: Pen, dice: Random, business_key: str) -> None:
    """Send one of the messages that the case waits for."""
    waiting = queries.waiting_messages(runtime, business_key)
    if waiting:
        message = dice.choice(waiting)
        answers = write(pen, message, clock, message.name, dice) if message.form else {}
        person = one_of(PEOPLE, message.roles, dice)
        commands.correlate(runtime, message.name, business_key, answers, person)


def write(pen: Pen, asked: Any, clock: Clock, place: str, dice: Random) -> dict[str, Any]:
    return pen.write(asked.form, asked.choices, clock.now.date(), place, WORDS, dice)


def one_of(people: Iterable[Actor], roles: Iterable[str], dice: Random) -> Actor:
    return dice.choice([person for person in people if person.roles & set(roles)])
