"""Bounds that keep one expression from taking the machine down.

One evaluation has `STEPS`, counted where work can multiply: in loops, and in functions that walk
lists or long strings. Straight-line expressions pay nothing, for their cost is bounded by their
length. Steps are handed out in portions: the rest of one lives in the evaluation's environment at
index `STEPS_LEFT`, and whenever it is used up the clock is looked at, too.
"""

from __future__ import annotations

import time
from typing import Any

from engine.feel.errors import FeelBudgetExceeded

STEPS = 200_000
PORTION = 200
LONGEST_TIME = 0.05
"""Seconds on the processor, so that a busy machine makes no expression fail."""
LONGEST_SOURCE = 10_000
LONGEST_STRING = 100_000
LONGEST_LIST = 100_000
DEEPEST_NESTING = 64
DEEPEST_TREE = 120
DEEPEST_VALUE = 60
LONGEST_PATTERN = 1_000
LARGEST_EXPONENT = 6_144

CONTEXT = 0
"""Index of the root context (a mapping) in an environment."""
STEPS_LEFT = 1
"""Index of the number of steps left in an environment."""
ALLOWANCE = 2
"""Index of what is left beyond the current portion: an `Allowance`, None until it is needed."""
FIRST_SLOT = 3
"""Index of the first local variable in an environment."""

Environment = list[Any]


class Allowance:
    """The steps left beyond the current portion, and when the thread's time is up."""

    __slots__ = ("deadline", "left")

    def __init__(self, left: int, deadline: float | None = None) -> None:
        self.left = left
        self.deadline = time.thread_time() + LONGEST_TIME if deadline is None else deadline


def new_environment(context: Any = None) -> Environment:
    """An environment without local variables, whose steps several evaluations may share."""
    return [{} if context is None else context, PORTION, None]


def refund(environment: Environment, used: Environment) -> None:
    """Carry over what an evaluation in another environment has left of shared steps."""
    environment[STEPS_LEFT] = used[STEPS_LEFT]
    environment[ALLOWANCE] = used[ALLOWANCE]


def spend(environment: Environment, steps: int) -> None:
    """Take `steps` from what is left; raises `FeelBudgetExceeded` once nothing is."""
    environment[STEPS_LEFT] -= steps
    if environment[STEPS_LEFT] < 0:
        next_portion(environment)


def next_portion(environment: Environment, position: int | None = None) -> None:
    """Hand out more steps; raises `FeelBudgetExceeded` once there are none or time is up."""
    allowance = look_at_clock(environment, position)
    short = -environment[STEPS_LEFT]
    if allowance.left < short:
        raise FeelBudgetExceeded(
            f"The expression needs more than {STEPS:,} steps. "
            "Loop over a shorter list or range, or nest fewer loops.",
            position,
        )
    portion = min(allowance.left - short, PORTION)
    allowance.left -= short + portion
    environment[STEPS_LEFT] = portion


def look_at_clock(environment: Environment, position: int | None = None) -> Allowance:
    """The allowance of an evaluation; raises `FeelBudgetExceeded` once its time is up."""
    allowance: Allowance | None = environment[ALLOWANCE]
    if allowance is None:
        allowance = environment[ALLOWANCE] = Allowance(STEPS - PORTION)
    elif time.thread_time() > allowance.deadline:
        raise FeelBudgetExceeded(
            "The expression takes too long to work out. "
            "Loop over a shorter list or range, or nest fewer loops.",
            position,
        )
    return allowance


def check_string(environment: Environment, text: str) -> str:
    """`text`, unless it is too long; long strings cost steps, so that many of them run out."""
    if len(text) > 256:
        check_characters(environment, len(text))
    return text


def check_characters(environment: Environment, length: int) -> None:
    """Raise `FeelBudgetExceeded` if a string of this length may not be made."""
    if length > LONGEST_STRING:
        raise FeelBudgetExceeded(
            f"The result is a string of {length:,} characters; "
            f"at most {LONGEST_STRING:,} are allowed. Join less text."
        )
    spend(environment, length >> 5)


def check_length(length: int) -> None:
    """Raise `FeelBudgetExceeded` if a list of this length may not be made."""
    if length > LONGEST_LIST:
        raise FeelBudgetExceeded(
            f"The result is a list of {length:,} items; at most {LONGEST_LIST:,} are allowed. "
            "Use a shorter list or range."
        )


def measure(environment: Environment, value: Any, depth: int = 0) -> None:
    """Count every part of a result, shared parts each time, against the steps left.

    A context of a few lines can hold a value with more parts than there are atoms; whoever is
    given such a value could neither print nor store it.
    """
    if depth > DEEPEST_VALUE:
        raise FeelBudgetExceeded(
            f"The result is nested more than {DEEPEST_VALUE} deep. Nest fewer lists and contexts."
        )
    parts = value.values() if type(value) is dict else value
    spend(environment, len(parts))
    for part in parts:
        kind = type(part)
        if kind is list or kind is dict:
            measure(environment, part, depth + 1)
        elif kind is str and len(part) > 256:
            spend(environment, len(part) >> 5)
