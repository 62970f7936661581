"""The process that is measured: a review that is held again until it is enough."""

from __future__ import annotations

import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from lxml import etree
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.util.task import TaskState

from engine import commands, database
from engine.identity import Actor
from engine.models import instance, user_task
from engine.runtime import Runtime
from engine.services import ServiceRegistry
from tests.benchmarks.figure import progress
from tests.engine.drawing import document, element, flows, process, properties
from tests.engine.errand import form

FEW = 10
"""Finished tasks of the case in memory that everything is compared with."""
WORKER = Actor("wyn", frozenset({"worker"}))
ANSWERS = {"enough": False, "note": "Contact recorded; advised of next steps and follow-up."}
MODEL = b"""
id = "loop"
name = "Review loop"
start = "loop"
[roles]
worker = "Worker"
[trays]
todo = "To do"
"""
DIAGRAM = document(
    process(
        "loop",
        element("startEvent", "begun")
        + element("exclusiveGateway", "again")
        + element("userTask", "review", properties(form="review", tray="todo"))
        + element("exclusiveGateway", "is_enough", default="is_enough_to_again")
        + element("endEvent", "over")
        + flows("begun > again > review > is_enough; is_enough > again; is_enough > over | enough"),
        {"review": "Worker"},
    )
)
FORM = form(
    "review",
    {"type": "checkbox", "key": "enough", "label": "Enough"},
    {"type": "textfield", "key": "note", "label": "Note"},
)


@cache
def _spec() -> Any:
    logging.getLogger("spiff").setLevel(logging.ERROR)
    parser = SpiffBpmnParser()
    parser.add_bpmn_xml(etree.fromstring(DIAGRAM))
    return parser.get_spec("loop")


class InMemory:
    """The loop in SpiffWorkflow as it comes, without storing anything."""

    def __init__(self) -> None:
        spec = _spec()
        start = time.perf_counter()
        self.workflow = BpmnWorkflow(spec)
        self.workflow.do_engine_steps()
        self.started_in = time.perf_counter() - start

    def complete(self) -> float:
        """Complete the review once. Returns seconds."""
        start = time.perf_counter()
        task = self.workflow.get_next_task(state=TaskState.READY, manual=True)
        assert task is not None
        task.set_data(**ANSWERS)
        task.run()
        self.workflow.do_engine_steps()
        return time.perf_counter() - start


class Yardstick:
    """SpiffWorkflow in memory at about ten finished tasks."""

    def __init__(self) -> None:
        self._loop = InMemory()
        self._done = 0

    def complete(self) -> float:
        """Complete the review once, as the ninth to twelfth of its case. Returns seconds."""
        if self._done == 0:
            self._loop = InMemory()
            for _ in range(FEW - 2):
                self._loop.complete()
        self._done = (self._done + 1) % 4
        return self._loop.complete()


@dataclass(frozen=True)
class Measured:
    """The medians of what was measured in turn with the yardstick, in seconds."""

    ours: float
    memory: float

    @property
    def ratio(self) -> float:
        return self.ours / self.memory

    @property
    def note(self) -> str:
        return f"{self.ours * 1e3:.3f} ms; SpiffWorkflow in memory {self.memory * 1e3:.3f} ms"


def beside_memory(
    what: str,
    rounds: int,
    *ours: Callable[[], float],
    memory: Callable[[], float] | None = None,
) -> list[Measured]:
    """Measure each of `ours` in turn with the yardstick, so that whatever else the machine does
    weighs on all alike. Each call returns the seconds that it took."""
    memory = memory or Yardstick().complete
    costs: list[list[float]] = [[] for _ in ours]
    base = []
    for number in range(rounds):
        if number % 20 == 0:
            progress(what, number, rounds)
        base.append(memory())
        for cost, once in zip(costs, ours, strict=True):
            cost.append(once())
    progress(what, rounds, rounds)
    return [Measured(statistics.median(cost), statistics.median(base)) for cost in costs]


class Durable:
    """The loop in the engine on a database of its own, SQLite unless `url` says another."""

    def __init__(
        self,
        url: str = "",
        *,
        synchronous: str = "FULL",
        model: bytes = MODEL,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.clock = clock
        self.folder = tempfile.TemporaryDirectory(prefix="pathways-bench-")
        files = Path(self.folder.name) / "model"
        (files / "forms").mkdir(parents=True)
        (files / "model.toml").write_bytes(model)
        (files / "loop.bpmn").write_bytes(DIAGRAM)
        (files / "forms" / "review.form").write_bytes(FORM)
        engine = database.connect(url or f"sqlite:///{self.folder.name}/bench.sqlite3")
        if not url:
            pragma = f"PRAGMA synchronous={synchronous}"
            sa.event.listen(engine, "connect", lambda connection, _: connection.execute(pragma))
        self.migrate(engine)
        self.runtime = Runtime(engine, self.services())
        commands.deploy(self.runtime, files, WORKER)

    def services(self) -> ServiceRegistry:
        return ServiceRegistry()

    def migrate(self, engine: sa.Engine) -> None:
        database.migrate(engine)

    def start(self) -> str:
        return commands.start(self.runtime, "loop", "loop", {}, WORKER).business_key

    def complete(self, key: str) -> float:
        """Complete the open review of a case once. Returns seconds."""
        task = self._open_task(key)
        start = self.clock()
        commands.complete_task(self.runtime, task, ANSWERS, WORKER)
        return self.clock() - start

    def _open_task(self, key: str) -> int:
        """The case's newest task, found without looking at all that it has finished."""
        newest = (
            sa.select(user_task.c.id)
            .join(instance, instance.c.id == user_task.c.instance_id)
            .where(instance.c.business_key == key)
            .order_by(user_task.c.token.desc())
            .limit(1)
        )
        with database.reading(self.runtime.database) as connection:
            return int(connection.execute(newest).scalar_one())

    def age(self, key: str, steps: int) -> None:
        """Complete the review of a case this often."""
        for number in range(steps):
            if number % 100 == 0:
                progress(f"making a case of {steps:,} finished tasks", number, steps)
            self.complete(key)

    def close(self) -> None:
        self.runtime.database.dispose()
        self.folder.cleanup()
