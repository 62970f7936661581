"""Bounds that keep one expression from taking the machine down.

One evaluation has `STEPS`, counted where work can multiply: in loops, and in functions that walk
lists or long strings. Straight-line expressions pay nothing, for their cost is bounded by their
length. The remaining steps live in the evaluation's environment at index `STEPS_LEFT`.
"""

from __future__ import annotations

from typing import Any, NoReturn

from engine.feel.errors import FeelBudgetExceeded

STEPS = 200_000
LONGEST_SOURCE = 20_000
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
FIRST_SLOT = 2
"""Index of the first local variable in an environment."""

Environment = list[Any]


def spend(environment: Environment, steps: int) -> None:
    """Take `steps` from what is left; raises `FeelBudgetExceeded` once nothing is."""
    environment[STEPS_LEFT] -= steps
    if environment[STEPS_LEFT] < 0:
        too_many_steps()


def too_many_steps(position: int | None = None) -> NoReturn:
    raise FeelBudgetExceeded(
        f"The expression needs more than {STEPS:,} steps. "
        "Loop over a shorter list or range, or nest fewer loops.",
        position,
    )


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
