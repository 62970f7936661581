"""Nodes that try the same thing, or what excludes it, at the same moment, round after round."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from engine import commands, database, due, models
from engine.errors import EngineError
from engine.identity import Actor
from engine.runtime import Runtime
from engine.services import ServiceRegistry
from tests.durability.node import services
from web import nodes
from web.settings import Settings

WORKERS = tuple(Actor(name, frozenset({"worker"})) for name in ("wyn", "oli", "sam"))
MANAGER = Actor("max", frozenset({"manager"}))
JITTER = 0.003
"""Seconds by which those who contend come apart at most, so that now this one is first, now that
one, and mostly in the middle of what the other does."""


@dataclass(frozen=True)
class Round:
    """One thing to contend for: an instance with its only task, at the moment when it is."""

    task: int
    instance: int
    now: datetime


@dataclass(frozen=True)
class Side:
    """One of those who contend: what it does, as whom, and where it writes down what came of it."""

    what: str
    number: int
    url: str
    results: Path


def contend(side: Side, rounds: list[Round], gate: Any) -> None:
    """Do `side.what` in every round, together with the others at the gate."""
    now = [rounds[0].now]
    runtime = Runtime(database.connect(side.url), ServiceRegistry(), lambda: now[0])
    chance = random.Random(side.number)
    acts: dict[str, Callable[[Round], Any]] = {
        "complete": lambda it: (
            commands.complete_task(
                runtime, it.task, {"verdict": "fine"}, WORKERS[side.number]
            ).instance_id
        ),
        "claim": lambda it: commands.claim(runtime, it.task, WORKERS[side.number]),
        "cancel": lambda it: commands.cancel(runtime, it.instance, "a mistake", MANAGER),
        "timer": lambda it: due.fire_due(runtime, 1),
        "publish": lambda it: commands.make_live(
            runtime, "single", 1 + it.task % 2, "round by round", MANAGER
        ),
        "start": lambda it: commands.start(runtime, "single", "p", {}, WORKERS[0]).instance_id,
    }
    with side.results.open("wb") as results:
        for it in rounds:
            now[0] = it.now
            gate.wait(30)
            time.sleep(chance.uniform(0, JITTER))
            began = time.monotonic()
            try:
                result: dict[str, Any] = {"gave": acts[side.what](it)}
            except EngineError as refusal:
                result = {"refused": type(refusal).__name__, "words": refusal.message}
            result |= {"began": began, "ended": time.monotonic()}
            results.write(orjson.dumps(result) + b"\n")
    runtime.database.dispose()


def catch_up(url: str, now: datetime) -> None:
    """Do what a worker does until nothing is overdue."""
    runtime = Runtime(database.connect(url), services(), lambda: now)
    overdue = sa.select(sa.func.count()).where(models.instance.c.next_due_at <= now)
    with nodes.clock(runtime, Settings(secret_key="x" * 32), seconds=0.1):
        left = 1
        while left:
            time.sleep(0.1)
            with database.reading(runtime.database) as connection:
                left = connection.execute(overdue).scalar_one()
    runtime.database.dispose()


def later(now: datetime, number: int) -> datetime:
    """The moment at which the instance of that round starts: long after those before it ended."""
    return now + timedelta(days=number)
