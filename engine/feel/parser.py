"""Text to nodes: a Pratt parser for the grammar of DMN 1.5, 10.3.1.2.

Two names one after the other can be one name with a space, so names are matched against those
known (of built-in and host functions, of `names`, of loops and contexts around), longest first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal as OneOf
from typing import cast

from engine.feel.budget import DEEPEST_NESTING
from engine.feel.constructs import ADD, AND, COMPARE, MULTIPLY, OR, POSTFIX, POWER, Constructs
from engine.feel.errors import FeelBudgetExceeded
from engine.feel.nodes import (
    Arithmetic,
    Between,
    Call,
    Comparison,
    Entries,
    Filter,
    In,
    InstanceOf,
    Invocation,
    ListItems,
    Literal,
    Logic,
    Name,
    Node,
    Path,
)
from engine.feel.scanner import END, SYMBOL, WORD, KnownNames, Token
from engine.feel.types import Types

_COMPARISONS = frozenset(("=", "!=", "<", "<=", ">", ">="))
_ORDERINGS = frozenset(("<", "<=", ">", ">="))
_BINARY = {
    "or": OR,
    "and": AND,
    **dict.fromkeys(_COMPARISONS, COMPARE),
    "between": COMPARE,
    "in": COMPARE,
    "instance": POSTFIX,
    "+": ADD,
    "-": ADD,
    "*": MULTIPLY,
    "/": MULTIPLY,
    "**": POWER,
    ".": POSTFIX,
    "[": POSTFIX,
    "(": POSTFIX,
}


class Parser(Constructs):
    """One source being read; `expression` and `unary_tests` are the two ways in."""

    def __init__(
        self,
        source: str,
        functions: KnownNames,
        names: Iterable[str] = (),
        types: Types | None = None,
    ) -> None:
        super().__init__(source, functions, names, types or {})
        self._depth = 0

    # -- ways in ---------------------------------------------------------------------------

    def expression(self) -> Node:
        """The whole source as one expression; a leading = is passed over."""
        self._accept("=")
        if self._token.kind == END:
            self._fail("There is nothing here. Write an expression.")
        node = self._expression()
        self._expect_end()
        return node

    def unary_tests(self) -> tuple[bool, tuple[Node, ...]]:
        """The whole source as unary tests (rule 15): whether negated, and the tests.

        No test at all, written - or not at all, is an empty tuple: anything passes.
        """
        self._input_allowed = True
        if self._token.kind == END or (self._token.text == "-" and self._tokens[1].kind == END):
            return False, ()
        if self._token.text == "not" and self._tokens[1].text == "(" and self._closes_last(1):
            self._index = 2
            tests = self._tests()
            self._expect(")", "to close not(")
            self._expect_end()
            return True, tests
        tests = self._tests()
        self._expect_end()
        return False, tests

    def _closes_last(self, index: int) -> bool:
        """Whether the bracket at `index` is closed by the last token."""
        depth = 0
        for position in range(index, len(self._tokens) - 1):
            token = self._tokens[position]
            if token.kind == SYMBOL:
                depth += (token.text == "(") - (token.text == ")")
                if depth == 0:
                    return position == len(self._tokens) - 2
        return False

    def _tests(self) -> tuple[Node, ...]:
        tests = [self._test()]
        while self._accept(","):
            tests.append(self._test())
        return tuple(tests)

    def _test(self) -> Node:
        if self._token.text == "-" and self._tokens[self._index + 1].text in (",", ""):
            self._fail("- stands for any value and must stand alone in its cell.")
        return self._expression()

    # -- expressions -----------------------------------------------------------------------

    def _expression(self, binding: int = 0) -> Node:
        """An expression whose operators all bind tighter than `binding`."""
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise FeelBudgetExceeded(
                f"Brackets and expressions are nested more than {DEEPEST_NESTING} deep. "
                "Split the expression into several.",
                self._token.start,
                self.source,
            )
        node = self._prefix()
        while True:
            token = self._token
            if token.kind == SYMBOL or token.kind == WORD:
                power = _BINARY.get(token.text, 0)
                if power > binding and not (token.text == "[" and self._closes_interval()):
                    node = self._infix(node, token, power)
                    continue
            self._depth -= 1
            return node

    def _infix(self, left: Node, token: Token, power: int) -> Node:
        text = token.text
        self._index += 1
        if power in (ADD, MULTIPLY, POWER):
            return Arithmetic(token.start, text, left, self._expression(power))
        if text in _COMPARISONS:
            if text in _ORDERINGS and isinstance(left, Comparison) and left.operator in _ORDERINGS:
                self._fail(
                    "Comparisons cannot be chained. Write a < b and b < c, or b in (a..c).", token
                )
            return Comparison(token.start, text, left, self._expression(power))
        if text == "and" or text == "or":
            operands = [left, self._expression(power)]
            while self._at(text):
                self._index += 1
                operands.append(self._expression(power))
            return Logic(token.start, cast("OneOf['and', 'or']", text), tuple(operands))
        if text == "between":
            low = self._expression(COMPARE)
            self._expect("and", "after the lower end of between")
            return Between(token.start, left, low, self._expression(COMPARE))
        if text == "in":
            self._tests_at = self._token
            return In(token.start, left, self._expression(COMPARE))
        if text == "instance":
            self._expect("of", "after instance")
            type_name, self._index = self._types.parse(self._tokens, self._index, self.source)
            return InstanceOf(token.start, left, type_name)
        if text == ".":
            return Path(token.start, left, self._path_name())
        if text == "[":
            return self._filter(left, token)
        return self._call(left, token)

    # -- what follows a value --------------------------------------------------------------

    def _filter(self, base: Node, token: Token) -> Node:
        self._filters += 1
        condition = self._expression()
        self._filters -= 1
        self._expect("]", "to close the filter")
        return Filter(token.start, base, condition)

    def _call(self, function: Node, token: Token) -> Node:
        if isinstance(function, Literal | ListItems | Entries | Arithmetic | Comparison | Logic):
            self._fail("Only a function can stand before (. Write an operator between.")
        name = function.name if isinstance(function, Name | Path) else "this function"
        positional: list[Node] = []
        named: list[tuple[str, Node]] = []
        while not self._accept(")"):
            if positional or named:
                self._expect(",", f"between arguments, or ) to close {name}(")
            parameter = self._parameter_name()
            if parameter is not None:
                named.append((parameter, self._expression()))
            else:
                positional.append(self._expression())
        if positional and named:
            self._fail("Name either every argument of a function or none.", token)
        if isinstance(function, Name):
            return Call(function.at, function.name, tuple(positional), tuple(named))
        return Invocation(token.start, function, tuple(positional), tuple(named))

    def _parameter_name(self) -> str | None:
        """The name of a named argument, if one starts here."""
        index = self._index
        while self._tokens[index].kind == WORD:
            index += 1
        if index == self._index or self._tokens[index].text != ":":
            return None
        name = " ".join(token.text for token in self._tokens[self._index : index])
        self._index = index + 1
        return name
