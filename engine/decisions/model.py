"""Decisions and what they require: inputs, decisions, business knowledge (DMN 1.5, chapter 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine import feel
from engine.decisions.logic import LiteralExpression, Logic
from engine.decisions.results import DecisionResult
from engine.decisions.table import Table
from engine.decisions.types import ANY, ColumnType

__all__ = [
    "Decision",
    "DecisionService",
    "InputData",
    "Knowledge",
    "LiteralExpression",
    "Need",
]


@dataclass(frozen=True, slots=True, eq=False)
class InputData:
    """A value from outside, by the name under which decisions read it."""

    variable: str
    type: ColumnType = ANY


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """Something required; `prefix` is the name of the import it comes from, or empty."""

    prefix: str
    element: Decision | Knowledge | DecisionService | InputData

    def put(self, scope: dict[str, Any], value: Any) -> None:
        """Make a value known under the name of what is required."""
        if not self.prefix:
            scope[self.element.variable] = value
            return
        scope[self.prefix] = {**scope.get(self.prefix, {}), self.element.variable: value}


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """A business knowledge model: a function that decisions may call."""

    title: str
    variable: str
    parameters: tuple[tuple[str, ColumnType], ...]
    body: Logic = field(repr=False)
    type: ColumnType = ANY
    needs: list[Need] = field(default_factory=list, repr=False)

    def value(self) -> feel.FunctionValue:
        """The function; what it requires is looked up when it is called, for it may be itself."""
        result = None if self.type is ANY else self.type.type
        types = (*(kind.type for _, kind in self.parameters), result)
        return feel.FunctionValue(tuple(name for name, _ in self.parameters), self._call, types)

    def _call(self, caller: feel.Environment, arguments: Sequence[Any]) -> Any:
        feel.spend(caller, 1)
        scope: dict[str, Any] = {}
        for need in self.needs:
            if isinstance(need.element, Knowledge | DecisionService):
                need.put(scope, need.element.value())
        for (name, kind), argument in zip(self.parameters, arguments, strict=True):
            value = kind.taken(argument, f'{self.title}, parameter "{name}"')
            if value is None and argument is not None:
                return None
            scope[name] = value
        return self.type.taken(self.body.evaluate(scope, caller).value, self.title)


@dataclass(frozen=True, slots=True, eq=False)
class DecisionService:
    """Decisions offered as one function of the inputs and decisions that it is given."""

    title: str
    variable: str
    outputs: tuple[Decision, ...] = field(repr=False)
    parameters: tuple[Need, ...] = field(repr=False)
    type: ColumnType = ANY

    def value(self) -> feel.FunctionValue:
        names = tuple(need.element.variable for need in self.parameters)
        return feel.FunctionValue(names, self._call, (None,) * (len(names) + 1))

    def _call(self, caller: feel.Environment, arguments: Sequence[Any]) -> Any:
        feel.spend(caller, 1)
        context: dict[str, Any] = {}
        given: dict[Decision, Any] = {}
        for need, argument in zip(self.parameters, arguments, strict=True):
            element = need.element
            kind = ANY if isinstance(element, Knowledge | DecisionService) else element.type
            value = kind.taken(argument, f'{self.title}, parameter "{element.variable}"')
            if value is None and argument is not None:
                return None
            if isinstance(element, Decision):
                given[element] = value
            else:
                need.put(context, value)
        results = {
            decision.variable: work_out(decision, context, caller, given).value
            for decision in self.outputs
        }
        value = next(iter(results.values())) if len(results) == 1 else results
        return self.type.taken(value, self.title)


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """A decision with all it requires.

    `variable` is the name under which other decisions see its result, and `type` what that is.
    `hit_policy` is None where the logic is no table.
    """

    id: str
    name: str
    variable: str
    logic: Logic = field(repr=False)
    needs: tuple[Need, ...] = field(default=(), repr=False)
    type: ColumnType = ANY

    @property
    def requires(self) -> tuple[Decision, ...]:
        """The decisions that are required directly."""
        elements = (need.element for need in self.needs)
        return tuple(element for element in elements if isinstance(element, Decision))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs, in order."""
        if isinstance(self.logic, Table):
            return tuple(output.name for output in self.logic.outputs)
        return (self.variable,)

    @property
    def hit_policy(self) -> str | None:
        return self.logic.hit_policy if isinstance(self.logic, Table) else None

    @property
    def variables(self) -> frozenset[str]:
        """The names read from the context, by this decision and by those that it requires."""
        read: set[str] = set()
        for decision in in_order(self, {}):
            results = {
                need.prefix or need.element.variable
                for need in decision.needs
                if not isinstance(need.element, InputData)
            }
            read |= decision.logic.variables - results
        return frozenset(read)

    def evaluate(self, context: Mapping[str, Any]) -> DecisionResult:
        """The result for `context`, whose values may be Python's integers and floats.

        Required decisions are evaluated first, each once. Raises `DecisionError` where an input is
        of the wrong type or not allowed, rules contradict the hit policy, or FEEL has no answer.
        """
        if not self.needs:
            return self.logic.evaluate(context)
        return work_out(self, context, feel.new_environment(), {})


def work_out(
    wanted: Decision,
    context: Mapping[str, Any],
    caller: feel.Environment,
    given: Mapping[Decision, Any],
) -> DecisionResult:
    """Evaluate a decision and all it requires; those in `given` are known already."""
    values: dict[Decision, Any] = dict(given)
    results: dict[Decision, DecisionResult] = {}
    for decision in in_order(wanted, given):
        scope = dict(context)
        for need in decision.needs:
            element = need.element
            if isinstance(element, InputData):
                value = scope.get(element.variable)
                if need.prefix or value is not None:
                    place = f'The input "{element.variable}"'
                    need.put(scope, element.type.taken(feel.from_host(value), place, "needs"))
            elif isinstance(element, Decision):
                need.put(scope, values[element])
            else:
                need.put(scope, element.value())
        result = decision.logic.evaluate(scope, caller)
        results[decision] = result
        values[decision] = decision.type.taken(result.value, f'Decision "{decision.name}"')
    result = results.pop(wanted)
    if values[wanted] != result.value:
        result = result._replace(outputs={wanted.variable: values[wanted]})
    return result._replace(required={one.name: found for one, found in results.items()})


def in_order(wanted: Decision, given: Mapping[Decision, Any]) -> list[Decision]:
    """A decision and all it requires, each after what it requires, but for those in `given`."""
    order: dict[Decision, None] = {}
    pending: list[tuple[Decision, bool]] = [(wanted, False)]
    while pending:
        decision, ready = pending.pop()
        if decision in order or (decision in given and decision is not wanted):
            continue
        if ready:
            order[decision] = None
        else:
            pending.append((decision, True))
            pending.extend((required, False) for required in decision.requires)
    return list(order)
