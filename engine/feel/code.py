"""What compiling shares: closures with what is known about them, scopes, and folding.

An environment is a list: the root context, the steps left, then one slot for each local variable
of the expression. Slots are given out while compiling, so reading a variable is one index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from engine.feel.budget import DEEPEST_TREE, FIRST_SLOT, PORTION, Allowance, Environment, spend
from engine.feel.errors import FeelBudgetExceeded, FeelError, UnsupportedFeel
from engine.feel.nodes import Node

Run = Callable[[Environment], Any]

UNKNOWN: Any = object()
"""The value of code that is only known once it runs."""

_FOLDING_STEPS = 20_000
_NO_MORE = Allowance(0, deadline=0)
"""What takes longer than those steps is not evaluated ahead, in whatever thread."""


@dataclass(slots=True)
class Code:
    """A compiled node.

    `value` is its constant value or `UNKNOWN`; `weight` what one run of it costs inside a loop;
    `kind` the kind of its value where that is plain from the node ("boolean", "number"), else "";
    `path` the names, if it does nothing but read a variable of the root context, or an entry in it.
    """

    run: Run
    value: Any = UNKNOWN
    weight: int = 1
    kind: str = ""
    path: tuple[str, ...] = ()

    @property
    def constant(self) -> bool:
        return self.value is not UNKNOWN


def constant(value: Any) -> Code:
    """Code for a scalar that is known already."""
    kind = "boolean" if type(value) is bool else ""
    return Code(lambda environment: value, value, 1, kind)


@dataclass(slots=True)
class Scope:
    """Names and their slots; `item` is the slot of a filter's item, whose entries are names too."""

    slots: dict[str, int] = field(default_factory=dict)
    item: int | None = None
    copied: frozenset[str] = frozenset()


class Compiler:
    """One expression being compiled: its scopes, its slots, and the variables it reads."""

    def __init__(
        self,
        source: str,
        functions: Any,
        handlers: dict[type, Callable[[Compiler, Any], Code]],
        names: Iterable[str] = (),
        strict: bool = True,
    ) -> None:
        self.source = source
        self.functions = functions
        self.names = frozenset(names)
        self.doubts: list[FeelError] = []
        self._strict = strict
        self.scopes: list[Scope] = []
        self.slots = 0
        self.loops = 0
        self.read: set[str] = set()
        self.read_outside_filters: set[str] = set()
        self.reads_input = False
        self.used_input = False
        self._handlers = handlers
        self._depth = 0
        self._folding: Environment = [{}, _FOLDING_STEPS, _NO_MORE]
        self._folds = True

    def doubt(self, error: FeelError) -> Code:
        """Something that is null whatever the context: an error where strictness is asked for."""
        if self._strict:
            raise error
        self.doubts.append(error)
        return constant(None)

    def is_local(self, name: str) -> bool:
        """Whether a variable of the expression itself has this name here."""
        return any(name in scope.slots for scope in self.scopes)

    def compile(self, node: Node) -> Code:
        """The code of a node; raises `FeelError` with the node's place."""
        self._depth += 1
        if self._depth > DEEPEST_TREE:
            raise FeelBudgetExceeded(
                f"The expression has more than {DEEPEST_TREE} operations inside one another. "
                "Split it into several.",
                node.at,
                self.source,
            )
        code = self._handlers[type(node)](self, node)
        self._depth -= 1
        return code

    def fold(self, node: Node, run: Run, parts: Iterable[Code], kind: str = "") -> Code:
        """Code for `run`, evaluated now if all its parts are constant.

        A list or context is made anew by each run, for whoever gets it may change it. Once all
        that was evaluated ahead has cost too much, nothing more is.
        """
        weight = 1
        known = True
        for part in parts:
            weight += part.weight
            known = known and part.value is not UNKNOWN
        if not (known and self._folds):
            return Code(run, UNKNOWN, weight, kind)
        try:
            spend(self._folding, weight)
            value = run(self._folding)
        except FeelBudgetExceeded:
            self._folds = False
            return Code(run, UNKNOWN, weight, kind)
        except FeelError as error:
            place = error.position or node.at
            refusal = UnsupportedFeel(error.message, place, self.source)
            if self._strict:
                raise refusal from None
            self.doubts.append(refusal)
            return Code(run, UNKNOWN, weight, kind)
        if type(value) is list or type(value) is dict:
            return Code(run, value, weight)
        return Code(lambda environment: value, value, 1, kind)

    def slot(self) -> int:
        """A new slot of the environment."""
        self.slots += 1
        self._folding.append(None)
        return FIRST_SLOT + self.slots - 1

    @contextmanager
    def scope(self, scope: Scope, loop: bool = True) -> Iterator[Scope]:
        self.scopes.append(scope)
        self.loops += loop
        yield scope
        self.loops -= loop
        self.scopes.pop()

    def environment(self) -> list[Any]:
        """What a run starts with, but for the root context."""
        return [PORTION, None, *[None] * self.slots]
