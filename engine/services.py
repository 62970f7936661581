"""Service tasks' handlers: how they are registered, and what they are given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from engine.forms import Choice, Form
from engine.identity import Actor


@dataclass(frozen=True)
class DecisionMade:
    """A decision of this case: inputs by label, outputs by name, and the rules that fired.

    `required` are the decisions that it required, each with its name as `decision` and the same.
    """

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    rules: Sequence[Mapping[str, Any]]
    required: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class ServiceContext:
    """What a handler may use; all of it belongs to the transaction of the step."""

    connection: sa.Connection
    instance_id: int
    business_key: str
    element: str
    variables: Mapping[str, Any]
    actor: Actor
    now: datetime
    _submission: Callable[[str], dict[str, Any] | None]
    _decision: Callable[[str], DecisionMade | None]
    _send: Callable[[str, Mapping[str, Any]], None]

    def submission(self, element: str) -> dict[str, Any] | None:
        """The latest answers given at that user task, start event or message in this case."""
        return self._submission(element)

    def decision(self, decision: str) -> DecisionMade | None:
        """The latest result of that decision in this case, with the rules that fired."""
        return self._decision(decision)

    def send(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Put a message in the outbox; it leaves once the step is committed, at least once,
        always with the same idempotency key."""
        self._send(kind, payload)


LONGEST_HANDLER: Final = 20.0
"""Seconds; fewer than others wait for the locks that it holds (`engine.database.PATIENCE`)."""
GIVEN: Final = "given"
"""Stands for a result of which it is only known that it is never null."""

Handler = Callable[..., Mapping[str, Any] | None]
Choices = Callable[[sa.Connection, str], Sequence[Choice]]
_H = TypeVar("_H", bound=Handler)
_C = TypeVar("_C", bound=Choices)


@dataclass(frozen=True)
class HandlerEntry:
    """A handler, its parameters (name -> is it required) and the variables that it gives.

    `types` are the types of FEEL that those variables have, where they are declared; `always` says
    of those that are the same each time what they are, or that they are `GIVEN`.
    """

    function: Handler
    parameters: Mapping[str, bool]
    results: tuple[str, ...]
    types: Mapping[str, str] = field(default_factory=dict)
    always: Mapping[str, Any] = field(default_factory=dict)

    def faults(self, given: Mapping[str, Any]) -> list[str]:
        """What is wrong with what the handler gave, in words."""
        found = [
            f"gave “{name}”, which it does not declare among its results"
            for name in sorted(given.keys() - set(self.results))
        ]
        for name, value in self.always.items():
            got = given.get(name)
            if got is None or (value is not GIVEN and got != value):
                found.append(f"gave something else for “{name}” than it always gives")
        return found


@dataclass
class ServiceRegistry:
    """The handlers and choice lists that diagrams and forms may name.

    A handler that isn't done after `limit` seconds is broken off, and its step is an incident.
    """

    handlers: dict[str, HandlerEntry] = field(default_factory=dict)
    choice_lists: dict[str, Choices] = field(default_factory=dict)
    limit: float = LONGEST_HANDLER

    def handler(
        self,
        name: str,
        *,
        results: Sequence[str] | Mapping[str, str] = (),
        always: Mapping[str, Any] | None = None,
    ) -> Callable[[_H], _H]:
        """Register `function(context, **parameters)` under `name`; it returns the variables
        named in `results`, or None. `results` may say their types in FEEL, such as "boolean".
        Those in `always` have that value each time, or any but null for `GIVEN`: it is held to
        that, so that proofs about diagrams can rely on it."""

        def register(function: _H) -> _H:
            if name in self.handlers:
                raise ValueError(f"two handlers are called “{name}”")
            _, *parameters = inspect.signature(function).parameters.values()
            self.handlers[name] = HandlerEntry(
                function,
                {item.name: item.default is inspect.Parameter.empty for item in parameters},
                tuple(results),
                dict(results) if isinstance(results, Mapping) else {},
                dict(always or {}),
            )
            return function

        return register

    def options(
        self, form: Form, connection: sa.Connection, business_key: str
    ) -> dict[str, list[Choice]]:
        """The options of every choice list that a form asks for, for this case."""
        return {
            name: list(self.choice_lists[name](connection, business_key)) for name in form.choices
        }

    def choices(self, name: str) -> Callable[[_C], _C]:
        """Register `function(connection, business_key)` as the options of the list `name`."""

        def register(function: _C) -> _C:
            if name in self.choice_lists:
                raise ValueError(f"two choice lists are called “{name}”")
            self.choice_lists[name] = function
            return function

        return register
