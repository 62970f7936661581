"""The process that is measured: a review that is held again until it is enough."""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path

from lxml import etree
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.util.task import TaskState

from engine import commands, database, queries
from engine.identity import Actor
from engine.runtime import Runtime
from engine.services import ServiceRegistry
from tests.engine.drawing import document, element, flows, process, properties
from tests.engine.errand import form

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


class InMemory:
    """The loop in SpiffWorkflow as it comes, without storing anything."""

    def __init__(self) -> None:
        logging.getLogger("spiff").setLevel(logging.ERROR)
        parser = SpiffBpmnParser()
        parser.add_bpmn_xml(etree.fromstring(DIAGRAM))
        self.workflow = BpmnWorkflow(parser.get_spec("loop"))
        self.workflow.do_engine_steps()

    def complete(self) -> float:
        """Complete the review once. Returns seconds."""
        start = time.perf_counter()
        task = self.workflow.get_next_task(state=TaskState.READY, manual=True)
        assert task is not None
        task.set_data(**ANSWERS)
        task.run()
        self.workflow.do_engine_steps()
        return time.perf_counter() - start


class Durable:
    """The loop in the engine on a database of its own."""

    def __init__(self, url: str) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="pathways-bench-")
        model = Path(self.folder.name) / "model"
        (model / "forms").mkdir(parents=True)
        (model / "model.toml").write_bytes(MODEL)
        (model / "loop.bpmn").write_bytes(DIAGRAM)
        (model / "forms" / "review.form").write_bytes(FORM)
        engine = database.connect(url or f"sqlite:///{self.folder.name}/bench.sqlite3")
        database.migrate(engine)
        self.runtime = Runtime(engine, ServiceRegistry())
        commands.deploy(self.runtime, model, WORKER)

    def start(self) -> str:
        return commands.start(self.runtime, "loop", "loop", {}, WORKER).business_key

    def complete(self, key: str) -> float:
        """Complete the open review of a case once. Returns seconds."""
        (task,) = queries.open_tasks(self.runtime, key)
        start = time.perf_counter()
        commands.complete_task(self.runtime, task.id, ANSWERS, WORKER)
        return time.perf_counter() - start

    def close(self) -> None:
        self.runtime.database.dispose()
        self.folder.cleanup()
