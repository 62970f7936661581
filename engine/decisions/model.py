"""Decisions: a table or an expression, with the decisions that it requires (DMN 1.5, chapter 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import feel
from engine.decisions.results import DecisionError, DecisionResult
from engine.decisions.table import Table
from engine.decisions.types import ColumnType, in_words


@dataclass(frozen=True, slots=True)
class LiteralExpression:
    """A decision that is one expression; its one output has the name of the variable."""

    title: str
    output: str
    type: ColumnType
    expression: feel.Expression

    @property
    def variables(self) -> frozenset[str]:
        return self.expression.variables

    def evaluate(self, context: Mapping[str, Any]) -> DecisionResult:
        try:
            value = self.expression.evaluate(context)
        except feel.FeelError as error:
            raise DecisionError(f"{self.title}: {error}") from None
        if type(value) is list and len(value) == 1 and self.type.kind not in ("list", "Any"):
            value = value[0]
        if not self.type.accepts(value):
            raise DecisionError(
                f"{self.title} must be {self.type.words}, but is {in_words(value)}."
            )
        return DecisionResult({self.output: value})


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """A decision with all it requires.

    `variable` is the name under which other decisions see its result. `hit_policy` is None for a
    literal expression.
    """

    id: str
    name: str
    variable: str
    logic: Table | LiteralExpression = field(repr=False)
    requires: tuple[Decision, ...] = field(default=(), repr=False)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs, in order."""
        if isinstance(self.logic, Table):
            return tuple(output.name for output in self.logic.outputs)
        return (self.logic.output,)

    @property
    def hit_policy(self) -> str | None:
        return self.logic.hit_policy if isinstance(self.logic, Table) else None

    @property
    def variables(self) -> frozenset[str]:
        """The names read from the context, by this decision and by those that it requires."""
        read: set[str] = set()
        for decision in self._in_order():
            results = {required.variable for required in decision.requires}
            read |= decision.logic.variables - results
        return frozenset(read)

    def evaluate(self, context: Mapping[str, Any]) -> DecisionResult:
        """The result for `context`, whose values may be Python's integers and floats.

        Required decisions are evaluated first, each once. Raises `DecisionError` where an input is
        of the wrong type or not allowed, rules contradict the hit policy, or FEEL has no answer.
        """
        if not self.requires:
            return self.logic.evaluate(context)
        results: dict[str, DecisionResult] = {}
        for decision in self._in_order():
            scope = context
            if decision.requires:
                scope = {**context}
                for required in decision.requires:
                    scope[required.variable] = results[required.id].value
            results[decision.id] = decision.logic.evaluate(scope)
        return results[self.id]

    def _in_order(self) -> list[Decision]:
        """This decision and all it requires, each after what it requires."""
        order: dict[str, Decision] = {}
        pending: list[tuple[Decision, bool]] = [(self, False)]
        while pending:
            decision, ready = pending.pop()
            if decision.id in order:
                continue
            if ready:
                order[decision.id] = decision
            else:
                pending.append((decision, True))
                pending.extend((required, False) for required in decision.requires)
        return list(order.values())
