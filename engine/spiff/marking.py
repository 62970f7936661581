"""Reading a stored marking without running it: where an instance waits and what it has passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from engine.diagrams import Process


@dataclass(frozen=True)
class Wait:
    """A token of a marking: at which element, and when it falls due if it is a timer (ISO 8601).

    `number` is the token's own for as long as it waits there. `armed` says that it only stands
    beside others: a boundary event that waits at its activity, or a sub-process that is running.
    """

    number: int
    element: str
    due: str | None
    armed: bool


def waits(state: bytes) -> list[Wait]:
    """Everything at which the instance waits, sub-processes before what they contain."""
    return list(_tokens(orjson.loads(state)["t"]))


def _tokens(tokens: list[Any]) -> Iterator[Wait]:
    for name, number, letter, data, *inner in tokens:
        yield Wait(number, name, data.get("due"), bool(inner or (letter == "w" and "on" in data)))
        for nested in inner:
            yield from _tokens(nested)


def waiting_at(state: bytes, *, armed: bool) -> list[str]:
    """The ids of the elements at which the instance waits.

    With `armed`, boundary events that wait beside their activity, and running sub-processes, are
    among them; without, only where the instance is.
    """
    return [wait.element for wait in waits(state) if armed or not wait.armed]


def stands_at(
    dialect: sa.Dialect, state: sa.ColumnElement[bytes], element: str
) -> sa.ColumnElement[bool]:
    """The condition that a stored marking has a token at the element, armed ones included."""
    # Of all the lists in a marking only tokens begin with a text, and that is the element's id.
    beginning = sa.literal(b"[" + orjson.dumps(element) + b",")
    if dialect.name == "postgresql":
        return sa.func.position(beginning.op("IN")(state)) > 0
    return sa.func.instr(state, beginning) > 0


def timers_of(state: bytes) -> list[tuple[datetime, str]]:
    """The timers that run: when each falls due, and its element; the next one first."""
    return sorted(
        (datetime.fromisoformat(wait.due), wait.element) for wait in waits(state) if wait.due
    )


def passed_by(state: bytes, process: Process) -> list[str]:
    """The ids of the elements that the instance has passed at least once, in diagram order."""
    visited = int(orjson.loads(state).get("v", "0"), 16)
    return [name for position, name in enumerate(process.elements) if visited >> position & 1]
