"""What an expression comes to, worked out from the types of its variables before it runs.

Found are variables that nobody gives, comparisons that can never match, operators and functions
whose operands are of the wrong kind, entries and properties that do not exist: what is null, or
never true, whatever the values. Where a type is not known nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from engine.feel import nodes
from engine.feel.errors import MOST_FINDINGS, FeelError, FeelSyntaxError
from engine.feel.functions import IS_DEFINED, Function, function_table
from engine.feel.nodes import Node, TypeName
from engine.feel.operand_types import (
    arithmetic_type,
    comparable,
    element_type,
    fits,
    property_type,
    result_type,
)
from engine.feel.parser import Parser
from engine.feel.types import ANY, common, type_of

Variables = Mapping[str, TypeName]

BOOLEAN = TypeName(0, "boolean")
_WORDS = {"string": "a text", "Null": "null", "number": "a number", "boolean": "true or false"}


def check(
    source: str,
    variables: Variables,
    functions: Iterable[Function] = (),
    *,
    complete: bool = True,
    unary: TypeName | None = None,
) -> list[FeelError]:
    """What can be found out about an expression, or with `unary` about tests of such an input.

    `variables` are the types of the variables there are; unless they are `complete` others may be
    there, too. An expression that cannot be read is one finding.
    """
    table = function_table(tuple(functions))
    try:
        parser = Parser(source, table.names, variables)
        checker = _Checker(source, variables, table, complete, unary)
        if unary is None:
            checker.infer(parser.expression())
        else:
            for test in parser.unary_tests()[1]:
                checker.test(test, unary)
    except FeelError as error:
        return [error]
    except RecursionError:
        return []
    return checker.found


class _Checker:
    def __init__(
        self, source: str, variables: Variables, table: Any, complete: bool, unary: TypeName | None
    ) -> None:
        self.source = source
        self.found: list[FeelError] = []
        self._variables = variables
        self._complete = complete
        self._table = table
        self._unary = unary
        self._scopes: list[dict[str, TypeName]] = []
        self._open = 0

    def infer(self, node: Node) -> TypeName:
        """The type of a node; what is wrong in it is added to what was found."""
        handler = _HANDLERS.get(type(node))
        return ANY if handler is None else handler(self, node)

    def note(self, node: Node, message: str) -> None:
        if len(self.found) < MOST_FINDINGS:
            self.found.append(FeelSyntaxError(message, node.at, self.source))

    def _nearest(self, name: str, known: Sequence[str], likeness: float) -> str | None:
        """The known name that is most like this one, as long as findings are still told."""
        if len(self.found) >= MOST_FINDINGS:
            return None
        return next(iter(get_close_matches(name, known, 1, likeness)), None)

    def _inside(self, names: Mapping[str, TypeName], node: Node) -> TypeName:
        self._scopes.append(dict(names))
        inferred = self.infer(node)
        self._scopes.pop()
        return inferred

    def name(self, node: nodes.Name) -> TypeName:
        for scope in reversed(self._scopes):
            if node.name in scope:
                return scope[node.name]
        if node.name in self._variables:
            return self._variables[node.name]
        if node.name in self._table.entries:
            return TypeName(0, "function")
        if self._complete and not self._open:
            known = [*self._variables, *(name for scope in self._scopes for name in scope)]
            close = self._nearest(node.name, known, 0.6)
            hint = f"Did you mean {close}?" if close else "So it is always null."
            self.note(node, f"Nobody gives a variable {node.name}. {hint}")
        return ANY

    def path(self, node: nodes.Path) -> TypeName:
        return self._entry(node, self.infer(node.base))

    def _entry(self, node: nodes.Path, base: TypeName) -> TypeName:
        if base.name == "list":
            return TypeName(0, "list", (("", self._entry(node, element_type(base))),))
        known = property_type(base, node.name)
        if isinstance(known, TypeName):
            return known
        close = self._nearest(node.name, known, 0.5)
        hint = f" Did you mean {close}?" if close else f" It has {', '.join(known) or 'none'}."
        self.note(node, f"{_named(base)} has no {node.name}.{hint}")
        return ANY

    def comparison(self, node: nodes.Comparison) -> TypeName:
        left, right = self.infer(node.left), self.infer(node.right)
        self.compare(node, node.operator, left, right, node.right, node.left)
        return BOOLEAN

    def compare(
        self,
        node: Node,
        operator: str,
        left: TypeName,
        right: TypeName,
        right_node: Node | None = None,
        left_node: Node | None = None,
    ) -> None:
        """Say so where two types can never be equal, or have no order."""
        equality = operator in ("=", "!=")
        if not comparable(left, right, equality):
            what = "can never be equal" if equality else "have no order"
            self.note(node, f"{_named(left)} and {_named(right)} {what}.")
        elif equality:
            for one, other in ((left, right_node), (right, left_node)):
                value = other.value if isinstance(other, nodes.Literal) else None
                if value is not None and one.allowed is not None and not one.allowed(value):
                    self.note(node, f"The value is never {_literal(value)}: it is not allowed.")

    def arithmetic(self, node: nodes.Arithmetic) -> TypeName:
        left, right = self.infer(node.left), self.infer(node.right)
        result = arithmetic_type(node.operator, left, right)
        if result is None:
            self.note(node, f"{_named(left)} {node.operator} {_named(right)} is always null.")
        return result or ANY

    def negation(self, node: nodes.Negation) -> TypeName:
        operand = self.infer(node.operand)
        if arithmetic_type("*", operand, TypeName(0, "number")) is None:
            self.note(node, f"Minus {_named(operand)} is always null.")
        return operand

    def logic(self, node: nodes.Logic) -> TypeName:
        for operand in node.operands:
            self._truth(operand, f"beside {node.operator}")
        return BOOLEAN

    def _truth(self, node: Node, where: str) -> None:
        kind = self.infer(node)
        if kind.name not in ("Any", "boolean", "Null"):
            self.note(node, f"{_named(kind)} {where} is neither true nor false.")

    def conditional(self, node: nodes.Conditional) -> TypeName:
        self._truth(node.condition, "as a condition")
        return common([self.infer(node.then), self.infer(node.otherwise)])

    def between(self, node: nodes.Between) -> TypeName:
        value = self.infer(node.value)
        for end in (node.low, node.high):
            self.compare(end, "<=", value, self.infer(end))
        return BOOLEAN

    def contained(self, node: nodes.In) -> TypeName:
        self.test(node.test, self.infer(node.value))
        return BOOLEAN

    def test(self, node: Node, value: TypeName) -> None:
        """One test of a value, as after `in` or in a cell."""
        if isinstance(node, nodes.Tests):
            for item in node.items:
                self.test(item, value)
            return
        if isinstance(node, nodes.EqualTest):
            self.compare(node, node.operator, value, self.infer(node.operand))
            return
        kind = self.infer(node)
        if kind.name == "range" and value.name != "range":
            self.compare(node, "<", value, element_type(kind))
        elif kind.name == "list" and value.name != "list":
            self.compare(node, "=", value, element_type(kind))
        elif not (kind.name == "boolean" and self._unary is not None):
            self.compare(node, "=", value, kind, node)

    def items(self, node: nodes.ListItems) -> TypeName:
        return TypeName(0, "list", (("", common([self.infer(item) for item in node.items])),))

    def entries(self, node: nodes.Entries) -> TypeName:
        self._scopes.append({})
        for name, value in node.entries:
            self._scopes[-1][name] = self.infer(value)
        return TypeName(0, "context", tuple(self._scopes.pop().items()))

    def interval(self, node: nodes.Interval) -> TypeName:
        ends = [self.infer(end) for end in (node.start, node.end) if end is not None]
        if len(ends) == 2:
            self.compare(node, "<", ends[0], ends[1])
        return TypeName(0, "range", (("", common(ends)),))

    def loop(self, node: nodes.For) -> TypeName:
        depth = self._domains(node.domains)
        body = self._inside({"partial": TypeName(0, "list")}, node.body)
        del self._scopes[-depth:]
        return TypeName(0, "list", (("", body),))

    def quantified(self, node: nodes.Quantified) -> TypeName:
        depth = self._domains(node.domains)
        self._truth(node.body, "after satisfies")
        del self._scopes[-depth:]
        return BOOLEAN

    def _domains(self, domains: Iterable[nodes.Domain]) -> int:
        depth = 0
        for domain in domains:
            start = self.infer(domain.start)
            if domain.end is not None:
                self.infer(domain.end)
            item = start if domain.end is not None else element_type(start)
            self._scopes.append({domain.name: item})
            depth += 1
        return depth

    def filtered(self, node: nodes.Filter) -> TypeName:
        base = self.infer(node.base)
        item = element_type(base)
        names = dict(item.parts) if item.name == "context" else {}
        # What the items hold may not be known; then any name can be one of their entries.
        unknown = item.name == "Any" or (item.name == "context" and not item.parts)
        self._open += unknown
        condition = self._inside({**names, "item": item}, node.condition)
        self._open -= unknown
        if condition.name == "number":
            return item
        return base if base.name in ("list", "Any") else TypeName(0, "list", (("", base),))

    def call(self, node: nodes.Call) -> TypeName:
        for scope in reversed(self._scopes):
            if node.function in scope:
                return self._plain_call(node)
        entry = self._table.entries.get(node.function)
        if node.function == IS_DEFINED or entry is None:
            self._open += node.function == IS_DEFINED
            result = self._plain_call(node)
            self._open -= node.function == IS_DEFINED
            return BOOLEAN if node.function == IS_DEFINED else result
        kinds = [self.infer(argument) for argument in node.arguments]
        named = {name: self.infer(argument) for name, argument in node.named}
        if not any(fits(signature, kinds, named) for signature in entry.signatures):
            given = ", ".join(_named(kind) for kind in (kinds or named.values()))
            ways = " or ".join(f"({signature})" for signature in entry.signatures)
            self.note(node, f"{node.function} takes {ways}; of {given} it is always null.")
        return result_type(entry)

    def _plain_call(self, node: nodes.Call | nodes.Invocation) -> TypeName:
        for argument in (*node.arguments, *(value for _, value in node.named)):
            self.infer(argument)
        return ANY

    def literal_function(self, node: nodes.Lambda) -> TypeName:
        known = zip(node.parameters, node.types, strict=True)
        self._inside({name: kind or ANY for name, kind in known}, node.body)
        return TypeName(0, "function")

    def invocation(self, node: nodes.Invocation) -> TypeName:
        self.infer(node.callee)
        return self._plain_call(node)

    def input(self, node: nodes.InputValue) -> TypeName:
        return self._unary or ANY

    def instance(self, node: nodes.InstanceOf) -> TypeName:
        self.infer(node.value)
        return BOOLEAN


def _named(kind: TypeName) -> str:
    return _WORDS.get(kind.name, f"a {kind.name}")


def _literal(value: Any) -> str:
    return f'"{value}"' if type(value) is str else str(value)


_HANDLERS: dict[type, Callable[[_Checker, Any], TypeName]] = {
    nodes.Literal: lambda _, node: type_of(node.value),
    nodes.Name: _Checker.name,
    nodes.Path: _Checker.path,
    nodes.Comparison: _Checker.comparison,
    nodes.Arithmetic: _Checker.arithmetic,
    nodes.Negation: _Checker.negation,
    nodes.Logic: _Checker.logic,
    nodes.Conditional: _Checker.conditional,
    nodes.Between: _Checker.between,
    nodes.In: _Checker.contained,
    nodes.ListItems: _Checker.items,
    nodes.Entries: _Checker.entries,
    nodes.Interval: _Checker.interval,
    nodes.For: _Checker.loop,
    nodes.Quantified: _Checker.quantified,
    nodes.Filter: _Checker.filtered,
    nodes.Call: _Checker.call,
    nodes.Lambda: _Checker.literal_function,
    nodes.Invocation: _Checker.invocation,
    nodes.InputValue: _Checker.input,
    nodes.InstanceOf: _Checker.instance,
}
