"""Decision tables with their hit policies (DMN 1.5, chapter 8), ready to be evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine import feel
from engine.decisions.results import DecisionError, DecisionResult, FiredRule, Outputs
from engine.decisions.types import ColumnType, in_words


@dataclass(frozen=True, slots=True)
class Input:
    """An input column; `allowed` are its input values, if it has any."""

    label: str
    expression: feel.Expression
    type: ColumnType
    allowed: feel.UnaryTests | None

    def value(
        self, decision: str, context: Mapping[str, Any], caller: feel.Environment | None
    ) -> Any:
        return _value(self, self.expression, decision, 0, context, caller)


@dataclass(frozen=True, slots=True)
class Output:
    """An output column; `order` are its output values from the highest priority down."""

    name: str
    label: str
    type: ColumnType
    allowed: feel.UnaryTests | None
    default: feel.Expression | None

    def value(
        self,
        decision: str,
        rule: int,
        expression: feel.Expression | None,
        context: Any,
        caller: feel.Environment | None,
    ) -> Any:
        """What the expression of a rule comes to; 0 is the default in place of a rule."""
        if expression is None:
            return None
        return _value(self, expression, decision, rule, context, caller)

    def priority(self, value: Any) -> int:
        """The place of a value among the output values; after all of them if it is not there."""
        order = self.allowed.values if self.allowed is not None else ()
        return order.index(value) if value in order else len(order)


def _value(
    column: Input | Output,
    expression: feel.Expression,
    decision: str,
    rule: int,
    context: Mapping[str, Any],
    caller: feel.Environment | None,
) -> Any:
    """What an expression comes to in a column, of its type and among its allowed values."""
    try:
        found = expression.evaluate(context, caller)
        value = column.type.converted(found)
        if value is None:
            if found is None:
                return None
            return column.type.taken(found, *_place(column, decision, rule))
        allowed = column.allowed
        if allowed is None or allowed.matches(value, context, caller):
            return value
    except feel.FeelError as error:
        raise DecisionError(f"{_place(column, decision, rule)[0]}: {error}") from None
    place, verb = _place(column, decision, rule)
    raise DecisionError(
        f"{place} {'got' if verb == 'needs' else 'is'} {in_words(value)}, which is not among its "
        f"allowed values: {allowed.source.strip()}."
    )


def _place(column: Input | Output, decision: str, rule: int) -> tuple[str, str]:
    """What a message calls the value of a column, and the verb that goes with it."""
    if type(column) is Input:
        return f'{decision}, input "{column.label}"', "needs"
    row = f"rule {rule}" if rule else "default"
    return f'{decision}, {row}, output "{column.label}"', "must be"


Around = tuple[Mapping[str, Any], feel.Environment]
"""What expressions of a table see: the context, and the environment whose steps they share."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: a test for each input, an expression (or nothing) for each output."""

    fired: FiredRule
    tests: tuple[feel.UnaryTests, ...]
    outputs: tuple[feel.Expression | None, ...]
    checks: tuple[
        tuple[int, Callable[[feel.Environment, Any], bool | None] | None, feel.UnaryTests], ...
    ]
    """The tests that can fail, with the number of their column and what is plain of them."""


@dataclass(frozen=True, slots=True)
class Table:
    """The logic of a decision table; `title` names its decision in messages."""

    title: str
    hit_policy: str
    aggregation: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]

    @property
    def variables(self) -> frozenset[str]:
        read: set[str] = set()
        for column in self.inputs:
            read |= column.expression.variables
            read |= column.allowed.variables if column.allowed else frozenset()
        for output in self.outputs:
            read |= output.allowed.variables if output.allowed else frozenset()
            read |= output.default.variables if output.default else frozenset()
        for rule in self.rules:
            for part in (*rule.tests, *rule.outputs):
                read |= part.variables if part else frozenset()
        return frozenset(read)

    def evaluate(
        self, context: Mapping[str, Any], caller: feel.Environment | None = None
    ) -> DecisionResult:
        if caller is None:
            caller = feel.new_environment()
        values, inputs = [], {}
        for column in self.inputs:
            value = inputs[column.label] = column.value(self.title, context, caller)
            values.append(value)
        matched = self._matched(values, context, caller)
        outputs, rules = _POLICIES[self.hit_policy](self, matched, (context, caller))
        return DecisionResult(outputs, tuple([rule.fired for rule in rules]), inputs)

    def _matched(
        self, values: Sequence[Any], context: Mapping[str, Any], caller: feel.Environment
    ) -> list[Rule]:
        matched = []
        rule, index = None, 0
        try:
            for rule in self.rules:
                for index, plain, test in rule.checks:
                    if plain:
                        if plain(caller, values[index]) is not True:
                            break
                    elif not test.matches(values[index], context, caller):
                        break
                else:
                    matched.append(rule)
        except feel.FeelError as error:
            number = rule.fired.number if rule is not None else 0
            raise DecisionError(
                f'{self.title}, rule {number}, input "{self.inputs[index].label}": {error}'
            ) from None
        return matched

    def results(self, rule: Rule, around: Around) -> Outputs:
        """What a rule puts out."""
        number = rule.fired.number
        return {
            output.name: output.value(self.title, number, expression, *around)
            for output, expression in zip(self.outputs, rule.outputs, strict=True)
        }

    def defaults(self, around: Around) -> Outputs:
        """What is put out where no rule matches: the default entries, otherwise null."""
        return {
            output.name: output.value(self.title, 0, output.default, *around)
            for output in self.outputs
        }

    def prioritised(self, rules: Sequence[Rule], around: Around) -> list[tuple[Outputs, Rule]]:
        """Rules with what they put out, by the priority of their outputs from left to right."""
        pairs = [(self.results(rule, around), rule) for rule in rules]
        pairs.sort(
            key=lambda pair: [output.priority(pair[0][output.name]) for output in self.outputs]
        )
        return pairs


_MOST_NUMBERS = 12
"""How many rules a message names."""

Policy = Callable[[Table, list[Rule], Around], tuple[Outputs | list[Outputs], Sequence[Rule]]]


def _numbers(rules: Sequence[Rule]) -> str:
    numbers = [str(rule.fired.number) for rule in rules]
    if len(numbers) > _MOST_NUMBERS + 1:
        numbers[_MOST_NUMBERS:] = [f"{len(numbers) - _MOST_NUMBERS} others"]
    return ", ".join(numbers[:-1]) + " and " + numbers[-1]


def _unique(table: Table, rules: list[Rule], around: Around) -> Any:
    if len(rules) > 1:
        raise DecisionError(
            f"{table.title}: rules {_numbers(rules)} all match, but its hit policy UNIQUE allows "
            "one. Make the rules exclude each other, or choose another hit policy."
        )
    return _first(table, rules, around)


def _first(table: Table, rules: list[Rule], around: Around) -> Any:
    if not rules:
        return table.defaults(around), ()
    return table.results(rules[0], around), rules[:1]


def _any(table: Table, rules: list[Rule], around: Around) -> Any:
    if not rules:
        return table.defaults(around), ()
    first = table.results(rules[0], around)
    for rule in rules[1:]:
        if table.results(rule, around) != first:
            raise DecisionError(
                f"{table.title}: rules {rules[0].fired.number} and {rule.fired.number} both match "
                "with different outputs, but its hit policy ANY needs them to agree."
            )
    return first, rules


def _priority(table: Table, rules: list[Rule], around: Around) -> Any:
    if not rules:
        return table.defaults(around), ()
    outputs, rule = table.prioritised(rules, around)[0]
    return outputs, (rule,)


def _output_order(table: Table, rules: list[Rule], around: Around) -> Any:
    if not rules:
        return _no_match(table, around), ()
    pairs = table.prioritised(rules, around)
    return [outputs for outputs, _ in pairs], [rule for _, rule in pairs]


def _rule_order(table: Table, rules: list[Rule], around: Around) -> Any:
    if not rules:
        return _no_match(table, around), ()
    return [table.results(rule, around) for rule in rules], rules


def _no_match(table: Table, around: Around) -> list[Outputs]:
    if any(output.default is not None for output in table.outputs):
        return [table.defaults(around)]
    return []


def _collect(table: Table, rules: list[Rule], around: Around) -> Any:
    if table.aggregation is None:
        return _rule_order(table, rules, around)
    if not rules and table.aggregation != "COUNT":
        return table.defaults(around), ()
    name = table.outputs[0].name
    values = [table.results(rule, around)[name] for rule in rules]
    if table.aggregation == "COUNT":
        return {name: Decimal(len(values))}, rules
    result = _AGGREGATIONS[table.aggregation].evaluate({"values": values})
    if result is None:
        raise DecisionError(
            f"{table.title}: {table.aggregation} cannot be taken of "
            f"{', '.join(in_words(value) for value in values[:5])}."
        )
    return {name: result}, rules


_AGGREGATIONS = {
    "SUM": feel.compile_expression("sum(values)"),
    "MIN": feel.compile_expression("min(values)"),
    "MAX": feel.compile_expression("max(values)"),
}
_POLICIES: dict[str, Policy] = {
    "UNIQUE": _unique,
    "FIRST": _first,
    "PRIORITY": _priority,
    "ANY": _any,
    "RULE ORDER": _rule_order,
    "OUTPUT ORDER": _output_order,
    "COLLECT": _collect,
}
HIT_POLICIES = tuple(_POLICIES)
AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")
