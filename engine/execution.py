"""One instance inside one transaction: restored, moved to its next rest, and written back.

Everything that moves an instance comes through here, so the order is the same for a person's
answer, a timer, a message and a retry: move one token, run to rest, start or end called processes,
write state, tasks, incidents, history and outbox. The revision of the instance row decides races.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import count
from types import SimpleNamespace
from typing import Any

import orjson
import sqlalchemy as sa

from engine import feel, instances, worklist
from engine.automation import Automation
from engine.errors import Conflict, EngineError, InvalidAnswers, NotFound
from engine.history import GENESIS, Chain
from engine.identity import Actor
from engine.models import incident, instance
from engine.runtime import Runtime
from engine.spiff import Failure, Run, StepFailed, Thrown, Token
from engine.statements import together
from engine.timescales import due_at, next_due

DEEPEST_CALL = 20
MOVES = 100
"""How many calls and messages between instances may follow each other in one transaction."""
_IN_A_CIRCLE = (
    f"{MOVES} calls and messages followed each other without a person or a timer in between: the "
    "diagrams go round in a circle here."
)


class Execution:
    """An instance that is being moved. Make one with `begin` or `load`, move it, `settle` it."""

    def __init__(
        self,
        runtime: Runtime,
        connection: sa.Connection,
        row: Any,
        actor: Actor,
        now: datetime,
        moves: count[int] | None = None,
    ) -> None:
        self.runtime = runtime
        self.moves = moves or count()
        self.connection = connection
        self.row = row
        self.actor = actor
        self.now = now
        self.id: int = row.id
        self.model = runtime.model(connection, row.deployment_id)
        self.process = self.model.processes[row.process]
        self.chain = Chain(row.id, row.head, row.events, now, actor.id)
        self.automation = Automation(
            connection, runtime.services, self.model, row, self.chain, actor, now
        )
        self.ended: str | None = None
        self._closed: set[int] = set()
        self._retried: set[int] = set()
        self._depth = 0
        self.run = Run(self.model.programs[row.process], self.automation, row.state or None)
        # Of a new instance everything that it waits for still has to be written.
        self._before = {token.number: token for token in self.run.tokens()} if row.state else {}
        self._called = {token.number for token in self._before.values() if not token.incident}

    @classmethod
    def begin(
        cls,
        runtime: Runtime,
        connection: sa.Connection,
        deployment_id: int,
        process: str,
        variables: Mapping[str, Any],
        actor: Actor,
        now: datetime,
        *,
        request_key: str | None = None,
        parent: Execution | None = None,
        token: Token | None = None,
    ) -> Execution:
        """Insert a new instance, standing at its start event.

        A called process takes the business key of its `parent` (called at `token`); any other
        is given one from its number by the model's pattern.
        """
        model = runtime.model(connection, deployment_id)
        values = {
            "deployment_id": deployment_id,
            "model": model.id,
            "process": process,
            "business_key": parent.row.business_key if parent else "",
            "request_key": request_key,
            "parent_id": parent.id if parent else None,
            "parent_token": token.number if token else None,
            "parent_element": token.element.id if token else None,
            "status": "active",
            "revision": 0,
            "state": b"",
            "variables": _kept(model.variables, variables),
            "head": GENESIS,
            "events": 0,
            "started_at": now,
        }
        number = instances.INSERT.scalar(connection, values)
        if parent is None:
            values["business_key"] = model.business_key.format(year=now.year, number=number)
            named = {"number": number, "business_key": values["business_key"]}
            instances.NAME.run(connection, named)
        row = SimpleNamespace(**values, id=number, task_due_at=None)
        execution = cls(runtime, connection, row, actor, now, parent.moves if parent else None)
        execution._depth = parent._depth + 1 if parent else 0
        called = {"caller": parent.chain.events} if parent else None
        execution.chain.add("started", process, execution.process.name, called)
        return execution

    @classmethod
    def load(
        cls,
        runtime: Runtime,
        connection: sa.Connection,
        instance_id: int,
        actor: Actor,
        now: datetime,
    ) -> Execution:
        """Restore an active instance. Raises NotFound if there is none, or it has ended."""
        row = instances.LOCK.one_or_none(connection, {"number": instance_id})
        if row is None or row.status != "active":
            raise NotFound("This process is not running: it has ended, or it never existed.")
        return cls(runtime, connection, row, actor, now)

    # --- moving

    def complete(self, number: int, answers: Mapping[str, Any]) -> None:
        """Complete the user task at a token with its answers, as FEEL values."""
        self.automation.keep(answers)
        self._closed.add(number)
        self.run.complete(number)

    def fire(self, token: Token, kind: str) -> None:
        """Let the event that a token waits for happen; `kind` is timer or message."""
        self.chain.add(kind, token.element.id, token.element.label)
        self.run.fire(token.number)

    def hold(self, token: Token) -> None:
        """Let an event that has happened go no further without a person: it is one of too many."""
        self._fail(token, _IN_A_CIRCLE)

    def retry(self, number: int) -> None:
        """Let a token that stands at an incident try again."""
        self._retried.add(number)
        self.run.release(number)

    def submit(self, element: str, answers: Mapping[str, Any], task: int | None = None) -> int:
        """Keep answers whole and for ever. Returns the submission's number."""
        try:
            content = orjson.dumps(answers)
        except TypeError as error:
            raise InvalidAnswers({"": f"These answers can't be kept: {error}"}) from None
        number: int = instances.SUBMIT.scalar(
            self.connection,
            {
                "instance_id": self.id,
                "business_key": self.row.business_key,
                "element": element,
                "user_task_id": task,
                "at": self.now,
                "actor": self.actor.id,
                "answers": content,
            },
        )
        return number

    def settle(self) -> None:
        """Run to rest and write everything; then bring along whoever waits for this instance."""
        thrown = self._rest()
        self._write()
        for message in thrown:
            correlate(
                self.runtime,
                self.connection,
                message.name,
                self.row.business_key,
                self.actor,
                self.now,
                moves=self.moves,
            )
        if self.ended and self.row.parent_id is not None:
            self._resume_parent()

    def withdraw(self, reason: str) -> None:
        """End the instance, and everything that it called, without completing it."""
        self.chain.add("cancelled", detail={"reason": reason})
        for child in self._children(None):
            child.withdraw(reason)
        self.ended = "cancelled"
        self._write()

    def _rest(self) -> list[Thrown]:
        thrown: list[Thrown] = []
        while True:
            self.run.advance()
            for passed in self.run.passed:
                if self.runtime.watch is not None:
                    self.runtime.watch(self.id, self.process.id, passed)
                if passed.element.kind not in ("serviceTask", "businessRuleTask"):
                    detail = {"flows": list(passed.flows)} if any(passed.flows) else None
                    self.chain.add("passed", passed.element.id, passed.element.label, detail)
            self.run.passed.clear()
            thrown += self.run.thrown
            self.run.thrown.clear()
            if self.run.finished or not self._call(thrown):
                break
        if self.run.finished:
            self.ended = "completed"
            self.chain.add("ended")
        else:
            self._arm_timers()
        return thrown

    def _call(self, thrown: list[Thrown]) -> bool:
        """Start the processes that are called now. True if one ended at once, so that this
        instance can go on."""
        moved = False
        for token in list(self.run.tokens()):
            if (
                token.element.kind != "callActivity"
                or token.incident
                or token.number in self._called
            ):
                continue
            self._called.add(token.number)
            self._before.setdefault(token.number, token)
            if self._depth >= DEEPEST_CALL:
                self._fail(token, f"Processes call each other more than {DEEPEST_CALL} deep.")
                continue
            if next(self.moves) >= MOVES:
                self._fail(token, _IN_A_CIRCLE)
                continue
            self.chain.add("called", token.element.id, token.element.label)
            child = Execution.begin(
                self.runtime,
                self.connection,
                self.row.deployment_id,
                token.element.called or "",
                self.automation.variables,
                self.actor,
                self.now,
                parent=self,
                token=token,
            )
            thrown += child._rest()
            child._write()
            if child.ended:
                self._returned(token, child)
                moved = True
        return moved

    def _resume_parent(self) -> None:
        parent_row = instances.READ.one_or_none(self.connection, {"number": self.row.parent_id})
        if parent_row.status != "active":
            return
        parent = Execution(
            self.runtime, self.connection, parent_row, self.actor, self.now, self.moves
        )
        token = parent._before.get(self.row.parent_token)
        if token is not None:
            parent._returned(token, self)
            parent.settle()

    def _returned(self, token: Token, child: Execution) -> None:
        variables = child.automation.variables
        self._closed.add(token.number)
        self.automation.keep({name: variables.get(name) for name in token.element.returns})
        detail = {"instance": child.id}
        self.chain.add("returned", token.element.id, token.element.label, detail)
        self.run.complete(token.number)

    def _children(self, tokens: set[int] | None) -> list[Execution]:
        query = sa.select(*instances.COLUMNS).where(
            instance.c.parent_id == self.id, instance.c.status == "active"
        )
        if tokens is not None:
            query = query.where(instance.c.parent_token.in_(tokens))
        return [
            Execution(self.runtime, self.connection, row, self.actor, self.now)
            for row in self.connection.execute(query).all()
        ]

    def _arm_timers(self) -> None:
        for token in list(self.run.tokens()):
            event = token.element.event
            if event is None or event.kind != "timer" or token.due is not None or token.incident:
                continue
            try:
                value = self.automation.evaluate(event.value)
                if event.timer == "cycle" and token.since:
                    due = next_due(value, datetime.fromisoformat(token.since), self.now)
                else:
                    due = due_at(value, self.now)
            except (StepFailed, EngineError, ValueError) as error:
                self._fail(token, f"The time of “{token.element.label}”: {error}")
            else:
                self.run.set_due(token.number, due.isoformat())

    def _fail(self, token: Token, message: str) -> None:
        self.run.hold(token.number)
        self.run.failures.append(Failure(token.number, token.element, message))

    # --- writing

    def _write(self) -> None:
        after = {} if self.ended else {token.number: token for token in self.run.tokens()}
        gone = [
            token
            for number, token in self._before.items()
            if number not in after and number not in self._closed
        ]
        calls = {token.number for token in gone if token.element.kind == "callActivity"}
        if calls and self.ended != "cancelled":
            for child in self._children(calls):
                child.withdraw("The step that called it was interrupted.")
        worklist.withdraw_tasks(
            self.automation, [token for token in gone if token.element.kind == "userTask"]
        )
        tasks = [token for token in after.values() if token.element.kind == "userTask"]
        opened = worklist.Opened(
            self.automation,
            self.process.id,
            [token for token in tasks if token.number not in self._before],
        )
        dues = opened.dues
        if self.row.task_due_at is not None:
            kept = [token for token in tasks if token.number in self._before]
            dues += worklist.dues_of(self.automation, kept)
        # What failed may have been interrupted since.
        failures = {
            failure.number: failure for failure in self.run.failures if failure.number in after
        }
        worklist.open_incidents(self.automation, failures)
        worklist.close_incidents(
            self.automation,
            [
                token
                for number, token in self._before.items()
                if token.incident
                and number not in failures
                and (number in self._retried or number not in after)
            ],
        )
        due = [datetime.fromisoformat(t.due) for t in after.values() if t.due and not t.incident]
        values = {
            "number": self.id,
            "before": self.row.revision,
            "revision": self.row.revision + 1,
            "status": self.ended or "active",
            "state": self.run.encode(withdrawn=self.ended == "cancelled"),
            "variables": feel.dump_json(self.automation.variables),
            "head": self.chain.head,
            "events": self.chain.events,
            "next_due_at": min(due, default=None),
            "task_due_at": min((each for each in dues if each), default=None),
            "ended_at": self.now if self.ended else None,
        }
        with together(self.connection):
            written = instances.MOVE.run(self.connection, values)
            opened.write()
            self.chain.write(self.connection)
        if written.rowcount != 1:
            raise Conflict("Someone else changed this case at the same moment; nothing was saved.")


def _kept(mentioned: Collection[str], variables: Mapping[str, Any]) -> bytes:
    try:
        return feel.dump_json({k: v for k, v in variables.items() if k in mentioned})
    except feel.FeelError as error:
        raise InvalidAnswers({"": f"These answers can't be kept: {error.message}"}) from None


def correlate(
    runtime: Runtime,
    connection: sa.Connection,
    message: str,
    business_key: str,
    actor: Actor,
    now: datetime,
    answers: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    moves: count[int] | None = None,
) -> int | None:
    """Hand a message to the oldest instance with this business key that waits for it.

    Within the instance the innermost event that waits gets it. `answers` are kept as they are,
    `values` are the same as FEEL values; `moves` counts what followed each other before. Returns
    the instance's number, None if nobody waits.
    """
    rows = connection.execute(
        sa.select(*instances.COLUMNS)
        .where(instance.c.business_key == business_key, instance.c.status == "active")
        .order_by(instance.c.id)
        .with_for_update(key_share=True)
    ).all()
    for row in rows:
        execution = Execution(runtime, connection, row, actor, now, moves)
        waiting = execution.run.catchers("message", message)
        if waiting:
            if answers is not None:
                execution.submit(waiting[-1].element.id, answers)
            execution.automation.keep(values or {})
            execution.fire(waiting[-1], "message")
            if next(execution.moves) >= MOVES:
                execution.hold(waiting[-1])
            execution.settle()
            return execution.id
    return None


def retry(
    runtime: Runtime, connection: sa.Connection, row: Any, actor: Actor, now: datetime
) -> bool:
    """Try the step of the incident `row` again. Returns True if it could be done this time."""
    execution = Execution.load(runtime, connection, row.instance_id, actor, now)
    execution.chain.add("retried", row.element, row.name)
    execution.retry(row.token)
    execution.settle()
    closed_at = connection.execute(
        sa.select(incident.c.closed_at).where(incident.c.id == row.id)
    ).scalar_one()
    return closed_at is not None
