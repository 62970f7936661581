"""Who is simulated, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from engine.identity import Actor
from engine.queries import TaskRow
from engine.runtime import Runtime
from engine.simulation.pen import Manner


@dataclass(frozen=True)
class Arrival:
    """A case that came in: its business key, and the words that stand for `{names}` in what people
    write about it."""

    business_key: str
    words: Mapping[str, str]


@dataclass(frozen=True)
class Council:
    """What a simulated council has around its diagrams.

    `arrive` lets the case of a number come in, as its dice say; `refusal` says why a task is not
    for a person who holds its role; `asks` weighs the messages that people send to a running case,
    and `often` is how probable it is that one is sent after a step.
    """

    people: Sequence[Actor]
    arrive: Callable[[Runtime, int, Random], Arrival]
    manner: Manner = field(default_factory=Manner)
    refusal: Callable[[Runtime, Actor, TaskRow], str | None] = lambda runtime, actor, task: None
    asks: Mapping[str, float] = field(default_factory=dict)
    often: float = 0.05


@dataclass(frozen=True)
class ProcessCount:
    """How many instances of a process are open and how many have ended."""

    process: str
    open: int
    ended: int


@dataclass(frozen=True)
class Outcome:
    """What a simulation left behind.

    `left` are tasks that nobody could do, each with the reason, in words; they are still open.
    """

    cases: int
    open_cases: int
    tasks_done: int
    open_tasks: int
    overdue_tasks: int
    messages: int
    timers: int
    incidents: int
    processes: tuple[ProcessCount, ...]
    left: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same for other programs."""
        return asdict(self)
