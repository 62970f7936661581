"""Text to nodes: a Pratt parser for the grammar of DMN 1.5, 10.3.1.2.

Two names one after the other can be one name with a space, so names are matched against those
known (of built-in and host functions, of `names`, of loops and contexts around), longest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal as OneOf
from typing import cast

from engine.feel.budget import DEEPEST_NESTING
from engine.feel.errors import FeelBudgetExceeded, FeelError, UnsupportedFeel
from engine.feel.nodes import (
    Arithmetic,
    Between,
    Call,
    Comparison,
    Conditional,
    Domain,
    Entries,
    EqualTest,
    Filter,
    For,
    In,
    InputValue,
    InstanceOf,
    Interval,
    Lambda,
    ListItems,
    Literal,
    Logic,
    Name,
    Negation,
    Node,
    Path,
    Quantified,
    Tests,
)
from engine.feel.reader import AFTER_A_NAME, FOREIGN, RESERVED, Reader
from engine.feel.scanner import END, NUMBER, STRING, SYMBOL, WORD, KnownNames, Token
from engine.feel.temporal import parse_at_literal
from engine.feel.types import parse_type

OR, AND, COMPARE, ADD, MULTIPLY, POWER, NEGATE, POSTFIX = 10, 20, 30, 40, 50, 60, 70, 80

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


class Parser(Reader):
    """One source being read; `expression` and `unary_tests` are the two ways in."""

    def __init__(self, source: str, functions: KnownNames, names: Iterable[str] = ()) -> None:
        super().__init__(source, functions, names)
        self._depth = 0
        self._input_allowed = False
        self._tests_at: Token | None = None

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
            return Logic(token.start, cast(OneOf["and", "or"], text), tuple(operands))
        if text == "between":
            low = self._expression(COMPARE)
            self._expect("and", "after the lower end of between")
            return Between(token.start, left, low, self._expression(COMPARE))
        if text == "in":
            self._tests_at = self._token
            return In(token.start, left, self._expression(COMPARE))
        if text == "instance":
            self._expect("of", "after instance")
            type_name, self._index = parse_type(self._tokens, self._index, self.source)
            return InstanceOf(token.start, left, type_name)
        if text == ".":
            return Path(token.start, left, self._path_name())
        if text == "[":
            return self._filter(left, token)
        return self._call(left, token)

    # -- what an expression starts with ------------------------------------------------------

    def _prefix(self) -> Node:
        token = self._token
        if token.kind == WORD:
            return self._word(token)
        if token.kind == NUMBER or token.kind == STRING:
            self._index += 1
            if token.kind == NUMBER and self._token.start == token.end and self._token.kind == WORD:
                self._fail(f"{token.text}{self._token.text} is neither a number nor a name.", token)
            return Literal(token.start, token.value)
        if token.kind == SYMBOL:
            handler = _PREFIXES.get(token.text)
            if handler is not None:
                self._index += 1
                return handler(self, token)
            if token.text in FOREIGN:
                self._fail(f"{token.text} is not FEEL. {FOREIGN[token.text]}")
        return self._fail(f"Expected an expression, but found {self._found()}.")

    def _word(self, token: Token) -> Node:
        name = self._known_name()
        if name is None:
            keyword = _KEYWORD_PREFIXES.get(token.text)
            if keyword is not None and not (
                token.text == "function" and self._tokens[self._index + 1].text != "("
            ):
                self._index += 1
                return keyword(self, token)
            if token.text in RESERVED:
                self._fail(f"Expected an expression, but found {token.text}.")
            name = self._variable_name()
        return Name(token.start, name)

    def _negative(self, token: Token) -> Node:
        operand = self._expression(NEGATE)
        return Negation(token.start, operand)

    def _input(self, token: Token) -> Node:
        if not self._input_allowed:
            self._fail("? stands for the input of a decision table and means nothing here.", token)
        return InputValue(token.start)

    def _at_literal(self, token: Token) -> Node:
        text = self._token
        if text.kind != STRING:
            self._fail('Expected a text after @, such as @"2024-05-31" or @"P3M".', token)
        self._index += 1
        try:
            value = parse_at_literal(text.value)
        except FeelError as error:
            raise UnsupportedFeel(error.message, text.start, self.source) from None
        if value is None:
            self._fail(
                f'"{text.value}" is no date, time, date and time or duration. Write for example '
                '@"2024-05-31", @"09:30:00", @"2024-05-31T09:30:00", @"P3M" or @"P2DT4H".',
                text,
            )
        return Literal(token.start, value)

    def _ordering_test(self, token: Token) -> Node:
        """`< 10` and the like without a left side: a range open on one side (rule 7)."""
        operand = self._expression(COMPARE)
        included = token.text in ("<=", ">=")
        if token.text in ("<", "<="):
            return Interval(token.start, None, operand, False, included)
        return Interval(token.start, operand, None, included, False)

    def _equal_test(self, token: Token) -> Node:
        return EqualTest(token.start, token.text, self._expression(COMPARE))

    def _parenthesis(self, token: Token) -> Node:
        """`(expression)`, or an interval that starts open: `(1..5]`."""
        if self._at(")"):
            self._fail("There is nothing between the brackets. Write an expression.", token)
        several = self._tests_at is token
        node = self._expression()
        if self._accept(".."):
            return self._interval(token, node, False)
        if several and self._at(","):
            items = [node]
            while self._accept(","):
                items.append(self._expression())
            node = Tests(token.start, tuple(items))
        self._expect(")", "to close the bracket")
        return node

    def _square(self, token: Token) -> Node:
        """A list, or an interval that starts closed: `[1..5)`."""
        if self._accept("]"):
            return ListItems(token.start, ())
        items = [self._expression()]
        if self._accept(".."):
            return self._interval(token, items[0], True)
        while self._accept(","):
            items.append(self._expression())
        self._expect("]", "to close the list")
        return ListItems(token.start, tuple(items))

    def _open_square(self, token: Token) -> Node:
        """An interval that starts open, written `]1..5]`."""
        node = self._expression()
        self._expect("..", "inside the range that ] opens")
        return self._interval(token, node, False)

    def _interval(self, token: Token, start: Node, start_included: bool) -> Node:
        end = self._expression()
        if self._accept("]"):
            included = True
        elif self._accept(")") or self._accept("["):
            included = False
        else:
            self._fail(f"Expected ], ) or [ to close the range, but found {self._found()}.")
        return Interval(token.start, start, end, start_included, included)

    def _closes_interval(self) -> bool:
        """Whether the [ here ends an interval: what follows cannot start an expression."""
        following = self._tokens[self._index + 1]
        if following.kind == SYMBOL:
            return following.text not in _PREFIXES
        return following.kind == END or (following.kind == WORD and following.text in AFTER_A_NAME)

    def _context(self, token: Token) -> Node:
        entries: list[tuple[str, Node]] = []
        with self._scope() as scope:
            while not self._accept("}"):
                if entries:
                    self._expect(",", "between entries of the context, or } to close it")
                if self._token.kind == STRING:
                    name = self._token.value
                    self._index += 1
                    self._expect(":", "after the name of the entry")
                else:
                    name = self._name_until(":", "the name of an entry")
                if any(name == known for known, _ in entries):
                    self._fail(f'The context has two entries called "{name}". Rename one.', token)
                entries.append((name, self._expression()))
                scope.add(name)
        return Entries(token.start, tuple(entries))

    def _if(self, token: Token) -> Node:
        condition = self._expression()
        self._expect("then", "after the condition of if")
        then = self._expression()
        self._expect("else", "after the value for then (every if needs one)")
        return Conditional(token.start, condition, then, self._expression())

    def _for(self, token: Token) -> Node:
        with self._scope() as scope:
            domains = self._domains(scope)
            self._expect("return", "after what for goes through")
            return For(token.start, domains, self._expression())

    def _some(self, token: Token) -> Node:
        with self._scope() as scope:
            domains = self._domains(scope)
            self._expect("satisfies", f"after what {token.text} goes through")
            return Quantified(token.start, token.text == "every", domains, self._expression())

    def _domains(self, scope: KnownNames) -> tuple[Domain, ...]:
        domains: list[Domain] = []
        while True:
            at = self._token.start
            name = self._name_until("in", "a name for the item")
            start = self._expression()
            end = self._expression() if self._accept("..") else None
            domains.append(Domain(at, name, start, end))
            scope.add(name)
            if not self._accept(","):
                return tuple(domains)

    def _function(self, token: Token) -> Node:
        self._expect("(", "after function")
        names: list[str] = []
        while not self._accept(")"):
            if names:
                self._expect(",", "between parameters, or ) after them")
            name = self._token
            if name.kind != WORD or name.text in RESERVED:
                self._fail(f"Expected the name of a parameter, but found {self._found()}.")
            self._index += 1
            if self._accept(":"):
                _, self._index = parse_type(self._tokens, self._index, self.source)
            names.append(name.text)
        if self._at("external"):
            self._fail("External functions cannot be called from here.")
        with self._scope():
            return Lambda(token.start, tuple(names), self._expression())

    # -- what follows a value --------------------------------------------------------------

    def _filter(self, base: Node, token: Token) -> Node:
        self._filters += 1
        condition = self._expression()
        self._filters -= 1
        self._expect("]", "to close the filter")
        return Filter(token.start, base, condition)

    def _call(self, function: Node, token: Token) -> Node:
        if not isinstance(function, Name):
            self._fail("Only a function's name can stand before (. Write an operator between.")
        positional: list[Node] = []
        named: list[tuple[str, Node]] = []
        while not self._accept(")"):
            if positional or named:
                self._expect(",", f"between arguments, or ) to close {function.name}(")
            parameter = self._parameter_name()
            if parameter is not None:
                named.append((parameter, self._expression()))
            else:
                positional.append(self._expression())
        if positional and named:
            self._fail("Name either every argument of a function or none.", token)
        return Call(function.at, function.name, tuple(positional), tuple(named))

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


_PREFIXES: dict[str, Callable[[Parser, Token], Node]] = {
    "-": Parser._negative,
    "?": Parser._input,
    "@": Parser._at_literal,
    "(": Parser._parenthesis,
    "[": Parser._square,
    "]": Parser._open_square,
    "{": Parser._context,
    "<": Parser._ordering_test,
    "<=": Parser._ordering_test,
    ">": Parser._ordering_test,
    ">=": Parser._ordering_test,
    "=": Parser._equal_test,
    "!=": Parser._equal_test,
}
_KEYWORD_PREFIXES: dict[str, Callable[[Parser, Token], Node]] = {
    "true": lambda _, token: Literal(token.start, True),
    "false": lambda _, token: Literal(token.start, False),
    "null": lambda _, token: Literal(token.start, None),
    "if": Parser._if,
    "for": Parser._for,
    "some": Parser._some,
    "every": Parser._some,
    "function": Parser._function,
}
