"""Reading a stored marking without running it: where an instance waits and what it has passed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from engine.diagrams import Process


def waiting_at(state: bytes, *, armed: bool) -> list[str]:
    """The ids of the elements at which the instance waits.

    With `armed`, boundary events that wait beside their activity, and running sub-processes, are
    among them; without, only where the instance is.
    """
    return _places(orjson.loads(state)["t"], armed)


def _places(tokens: list[Any], armed: bool) -> list[str]:
    found: list[str] = []
    for name, _, letter, data, *inner in tokens:
        if armed or not (inner or (letter == "w" and "on" in data)):
            found.append(name)
        for nested in inner:
            found += _places(nested, armed)
    return found


def timers_of(state: bytes) -> list[tuple[datetime, str]]:
    """The timers that run: when each falls due, and its element; the next one first."""
    return sorted(_timers(orjson.loads(state)["t"]))


def _timers(tokens: list[Any]) -> list[tuple[datetime, str]]:
    found: list[tuple[datetime, str]] = []
    for name, _, _, data, *inner in tokens:
        if "due" in data and not data.get("incident"):
            found.append((datetime.fromisoformat(data["due"]), name))
        for nested in inner:
            found += _timers(nested)
    return found


def passed_by(state: bytes, process: Process) -> list[str]:
    """The ids of the elements that the instance has passed at least once, in diagram order."""
    visited = int(orjson.loads(state)["v"], 16)
    return [name for position, name in enumerate(process.elements) if visited >> position & 1]
