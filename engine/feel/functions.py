"""Which functions an expression may call: the built-in ones, and those its host gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from engine.feel import (  # noqa: F401  (each module declares its functions when imported)
    functions_contexts,
    functions_lists,
    functions_numbers,
    functions_ranges,
    functions_strings,
    functions_time,
)
from engine.feel.errors import FeelError, FeelEvaluationError
from engine.feel.scanner import KnownNames
from engine.feel.signatures import BUILTINS, FunctionEntry, Parameter, Signature
from engine.feel.values import from_host


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the host adds to FEEL, such as `timescale("2Q")`; it hides a built-in.

    `implementation` is called with one value of FEEL for each of `parameters`, of which the last
    `optional` ones may be left out, and returns one. What it raises becomes a
    `FeelEvaluationError`. `doc` says in a sentence what the function is for.
    """

    name: str
    parameters: tuple[str, ...]
    implementation: Callable[..., Any]
    doc: str = ""
    optional: int = 0


NO_FUNCTIONS: tuple[Function, ...] = ()

IS_DEFINED = "is defined"
"""A form rather than a function: it asks whether its argument is there at all."""

REFUSED_BUILTINS: dict[str, str] = {
    "now": "What is decided must not hang on when it is looked at. Give the time as a variable.",
    "today": "What is decided must not hang on when it is looked at. Give the date as a variable.",
}

BUILTIN_FUNCTIONS: frozenset[str] = frozenset((*BUILTINS, IS_DEFINED))
"""The names of all built-in functions that an expression may call."""


class FunctionTable:
    """Functions by name, with the names of several words as the parser needs them."""

    def __init__(self, host: Iterable[Function]) -> None:
        self.entries: dict[str, FunctionEntry] = dict(BUILTINS)
        for function in host:
            self.entries[function.name] = _entry(function)
        self.names = KnownNames([*self.entries, *REFUSED_BUILTINS, IS_DEFINED])

    def nearest(self, name: str) -> str | None:
        """The known name that is most like a mistyped one."""
        lowered = {known.lower(): known for known in self.entries}
        close = get_close_matches(name.lower(), lowered, 1, 0.6)
        return lowered[close[0]] if close else None


@lru_cache(maxsize=64)
def function_table(host: tuple[Function, ...]) -> FunctionTable:
    return FunctionTable(host)


def _entry(function: Function) -> FunctionEntry:
    required = len(function.parameters) - function.optional
    parameters = tuple(
        Parameter(name, "any", index >= required) for index, name in enumerate(function.parameters)
    )

    def call(*arguments: Any) -> Any:
        try:
            return from_host(function.implementation(*arguments))
        except FeelError:
            raise
        except Exception as error:
            raise FeelEvaluationError(f"{function.name} failed: {error}") from error

    return FunctionEntry(function.name, (Signature(parameters, call),), pure=False)
