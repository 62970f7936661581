"""What an instance does without a person: conditions, decisions and service tasks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa

from engine import feel
from engine.database import abandon, has_overrun, is_race
from engine.decisions import DecisionError, DecisionResult
from engine.diagrams import Element
from engine.errors import Conflict, EngineError, Overrun, ServiceError
from engine.faults import describe
from engine.history import Chain
from engine.identity import Actor
from engine.limits import TookTooLong, within
from engine.model import Model
from engine.models import evaluation, outbox, submission
from engine.outages import is_outage
from engine.services import DecisionMade, ServiceContext, ServiceRegistry
from engine.spiff import StepFailed

log = logging.getLogger(__name__)


class Automation:
    """The host of a run (engine.spiff.Host): works on one instance's variables in one
    transaction."""

    def __init__(
        self,
        connection: sa.Connection,
        services: ServiceRegistry,
        model: Model,
        row: Any,
        chain: Chain,
        actor: Actor,
        now: datetime,
    ) -> None:
        self.connection = connection
        self.services = services
        self.model = model
        self.chain = chain
        self.actor = actor
        self.now = now
        self.instance_id: int = row.id
        self.business_key: str = row.business_key
        self.variables: dict[str, Any] = feel.load_json(row.variables)
        self._outbox_key = f"{row.id}-{row.revision + 1}"
        self._sent = 0

    def keep(self, values: Mapping[str, Any]) -> None:
        """Take over those values that some expression of the model reads."""
        mentioned = self.model.variables
        self.variables.update({k: v for k, v in values.items() if k in mentioned})

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of a diagram. Raises StepFailed in words."""
        try:
            return self.model.expressions[expression].evaluate(self.variables)
        except feel.FeelError as error:
            raise StepFailed(f"{error.message} (in “{expression}”)") from error
        except EngineError as error:
            raise StepFailed(error.message) from error

    def perform(self, element: Element) -> None:
        """Do a service task or a business rule task. Raises StepFailed in words."""
        if element.kind == "businessRuleTask":
            self._decide(element)
        else:
            self._serve(element)

    def _decide(self, element: Element) -> None:
        decision = self.model.decisions[element.decision or ""]
        try:
            result = decision.evaluate(self.variables)
        except DecisionError as error:
            raise StepFailed(str(error)) from error
        outputs = (
            result.outputs if isinstance(result.outputs, dict) else {decision.id: result.outputs}
        )
        try:
            whole = feel.dump_json(
                {"inputs": dict(result.inputs), "outputs": outputs, "rules": _rules(result)}
                | (
                    {"required": [_required(name, each) for name, each in result.required.items()]}
                    if result.required
                    else {}
                )
            )
        except feel.FeelError as error:
            raise StepFailed(
                f"What the decision “{decision.id}” gives can't be kept: {error.message}"
            ) from error
        self.keep(outputs)
        self.connection.execute(
            evaluation.insert().values(
                instance_id=self.instance_id,
                business_key=self.business_key,
                decision=decision.id,
                at=self.now,
                result=whole,
            )
        )
        self.chain.add(
            "decided",
            element.id,
            element.label,
            {"decision": decision.id, "result": orjson.loads(whole)},
        )

    def _serve(self, element: Element) -> None:
        if has_overrun(element.id):
            raise StepFailed(
                f"“{element.label}” was not done within {self.services.limit:g} seconds and was "
                "broken off. It will be tried again."
            )
        entry = self.services.handlers[element.handler or ""]
        parameters = {name: self.evaluate(source) for name, source in element.parameters.items()}
        context = ServiceContext(
            connection=self.connection,
            instance_id=self.instance_id,
            business_key=self.business_key,
            element=element.id,
            variables=dict(self.variables),
            actor=self.actor,
            now=self.now,
            _submission=lambda name: latest_submission(self.connection, self.business_key, name),
            _decision=self._latest_decision,
            _send=self._send,
        )
        try:
            with self.connection.begin_nested():
                results = self._call(element, partial(entry.function, context, **parameters))
                faults = entry.faults(results)
                if faults:
                    raise ServiceError(f"The handler “{element.handler}” {faults[0]}.")
                # As they will be after the next restore; what can't be kept fails here.
                results = feel.load_json(feel.dump_json(results))
        except Conflict:
            raise
        except ServiceError as error:
            raise StepFailed(error.message) from error
        except Exception as error:
            # The step may be begun again then, but not go on in a transaction that has ended.
            if is_race(error) or is_outage(error):
                raise
            log.error(
                "handler %s failed in instance %s: %s",
                element.handler,
                self.instance_id,
                describe(error),
            )
            raise StepFailed(
                f"“{element.label}” could not be done because of a fault in the service "
                f"({type(error).__name__}). It will be tried again."
            ) from error
        self.keep(results)
        self.chain.add("served", element.id, element.label, {"handler": element.handler})

    def _call(self, element: Element, function: Callable[[], Any]) -> Mapping[str, Any]:
        try:
            return within(self.services.limit, function) or {}
        except TookTooLong:
            abandon(self.connection)
            log.error("handler %s took too long in instance %s", element.handler, self.instance_id)
            raise Overrun(f"“{element.label}” took too long.", element.id) from None

    def _latest_decision(self, decision: str) -> DecisionMade | None:
        found = self.connection.execute(
            sa.select(evaluation.c.result)
            .where(
                evaluation.c.business_key == self.business_key, evaluation.c.decision == decision
            )
            .order_by(evaluation.c.id.desc())
            .limit(1)
        ).scalar_one_or_none()
        return None if found is None else DecisionMade(**feel.load_json(found))

    def _send(self, kind: str, payload: Mapping[str, Any]) -> None:
        # The key follows from the revision that this transaction writes: a transaction that is
        # begun again, or a message that is sent again, carries the same one.
        self._sent += 1
        self.connection.execute(
            outbox.insert().values(
                key=f"{self._outbox_key}-{self._sent}",
                instance_id=self.instance_id,
                kind=kind,
                payload=orjson.dumps(payload),
                created_at=self.now,
                attempts=0,
                next_attempt_at=self.now,
            )
        )


def _rules(result: DecisionResult) -> list[dict[str, Any]]:
    return [
        {"number": rule.number, "id": rule.id, "description": rule.description}
        for rule in result.rules
    ]


def _required(name: str, result: DecisionResult) -> dict[str, Any]:
    """What a decision that another one required came to, by which rules and inputs."""
    return {
        "decision": name,
        "inputs": dict(result.inputs),
        "outputs": result.outputs,
        "rules": _rules(result),
    }


def latest_submission(
    connection: sa.Connection, business_key: str, element: str
) -> dict[str, Any] | None:
    """The latest answers given at `element` in this case."""
    found = connection.execute(
        sa.select(submission.c.answers)
        .where(submission.c.business_key == business_key, submission.c.element == element)
        .order_by(submission.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    if found is None:
        return None
    answers: dict[str, Any] = orjson.loads(found)
    return answers
