"""What an expression can start with, and the constructs that have a word or bracket of their own.

Grammar rules 7 to 8, 44 to 62 of DMN 1.5, 10.3.1.2, but for what stands between two expressions.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable

from engine.feel.errors import FeelError, FeelSyntaxError, UnsupportedFeel
from engine.feel.nodes import (
    Conditional,
    Domain,
    Entries,
    EqualTest,
    For,
    InputValue,
    Interval,
    Lambda,
    ListItems,
    Literal,
    Name,
    Negation,
    Node,
    Quantified,
    Tests,
    TypeName,
)
from engine.feel.reader import AFTER_A_NAME, FOREIGN, RESERVED, Reader
from engine.feel.scanner import END, NUMBER, STRING, SYMBOL, WORD, KnownNames, Token
from engine.feel.temporal import parse_at_literal
from engine.feel.types import TypeParser, Types

OR, AND, COMPARE, ADD, MULTIPLY, POWER, NEGATE, POSTFIX = 10, 20, 30, 40, 50, 60, 70, 80
"""How tightly operators bind, from the loosest to the tightest."""


class Constructs(Reader):
    """The half of the parser that knows what to do with the first token of an expression."""

    def __init__(
        self, source: str, functions: KnownNames, names: Iterable[str], types: Types
    ) -> None:
        super().__init__(source, functions, names)
        self.doubts: list[FeelError] = []
        """What can only be null, found while reading."""
        self._types = TypeParser(types) if types else _BUILT_IN_TYPES
        self._input_allowed = False
        self._tests_at: Token | None = None

    @abstractmethod
    def _expression(self, binding: int = 0) -> Node:
        """An expression whose operators all bind tighter than `binding`."""

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
            self.doubts.append(
                FeelSyntaxError(
                    f'"{text.value}" is no date, time, date and time or duration. Write for '
                    'example @"2024-05-31", @"09:30:00", @"2024-05-31T09:30:00", @"P3M" or '
                    '@"P2DT4H".',
                    text.start,
                    self.source,
                )
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
        if isinstance(node, EqualTest):
            node.bracketed = True
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
        types: list[TypeName | None] = []
        while not self._accept(")"):
            if names:
                self._expect(",", "between parameters, or ) after them")
            names.append(self._parameter())
            type_name = None
            if self._accept(":"):
                type_name, self._index = self._types.parse(self._tokens, self._index, self.source)
            types.append(type_name)
        if self._at("external"):
            self._fail("External functions cannot be called from here.")
        with self._scope() as scope:
            for name in names:
                scope.add(name)
            return Lambda(token.start, tuple(names), tuple(types), self._expression())

    def _parameter(self) -> str:
        first = self._token
        if first.kind != WORD or first.text in RESERVED:
            self._fail(f"Expected the name of a parameter, but found {self._found()}.")
        words = []
        while self._token.kind == WORD:
            words.append(self._token.text)
            self._index += 1
        return " ".join(words)


_BUILT_IN_TYPES = TypeParser({})
_PREFIXES: dict[str, Callable[[Constructs, Token], Node]] = {
    "-": Constructs._negative,
    "?": Constructs._input,
    "@": Constructs._at_literal,
    "(": Constructs._parenthesis,
    "[": Constructs._square,
    "]": Constructs._open_square,
    "{": Constructs._context,
    "<": Constructs._ordering_test,
    "<=": Constructs._ordering_test,
    ">": Constructs._ordering_test,
    ">=": Constructs._ordering_test,
    "=": Constructs._equal_test,
    "!=": Constructs._equal_test,
}
_KEYWORD_PREFIXES: dict[str, Callable[[Constructs, Token], Node]] = {
    "true": lambda _, token: Literal(token.start, True),
    "false": lambda _, token: Literal(token.start, False),
    "null": lambda _, token: Literal(token.start, None),
    "if": Constructs._if,
    "for": Constructs._for,
    "some": Constructs._some,
    "every": Constructs._some,
    "function": Constructs._function,
}
