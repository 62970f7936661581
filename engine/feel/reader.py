"""The tokens of one source, read in order, and the names that are known at each place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from engine.feel.errors import FeelSyntaxError
from engine.feel.scanner import END, STRING, SYMBOL, WORD, KnownNames, Token, known_names, scan

KEYWORDS = frozenset(
    (
        "and",
        "between",
        "else",
        "every",
        "false",
        "for",
        "function",
        "if",
        "in",
        "instance",
        "not",
        "null",
        "of",
        "or",
        "return",
        "satisfies",
        "some",
        "then",
        "true",
    )
)
RESERVED = KEYWORDS - {"function", "not", "of", "instance"}
"""Words that are never a name on their own."""
AFTER_A_NAME = frozenset(
    (
        "and",
        "between",
        "else",
        "in",
        "instance",
        "or",
        "return",
        "satisfies",
        "then",
    )
)
"""The only words that can follow a name, so the ones that end a run of words."""

FOREIGN = {
    "==": "Equality is written with one sign: =",
    "<>": "Inequality is written !=",
    "&&": "Write the word: and",
    "||": "Write the word: or",
    "!": "Negation is written not(...), inequality !=",
    "'": 'Text stands in double quotes: "..."',
    "`": 'Text stands in double quotes: "..."',
    "\u2018": 'Text stands in straight double quotes: "..."',
    "\u2019": 'Text stands in straight double quotes: "..."',
    "\u201c": 'Text stands in straight double quotes: "..."',
    "\u201d": 'Text stands in straight double quotes: "..."',
    "%": "The remainder is written modulo(a, b)",
    "^": "Powers are written with **",
    ";": "An expression has no ; at its end",
}
_AFTER_FUNCTION = frozenset(("(", ",", ")", "]", "}", "instance", ""))
"""What follows the name of a built-in function, when it is called or stands for itself."""
_NEVER_IN_NAMES = frozenset(("(", ")", "[", "]", "{", "}", ",", ":", "=", "<", ">", "@"))


class Reader:
    """Where the parser is in its source; methods raise `FeelSyntaxError` with that place."""

    def __init__(self, source: str, functions: KnownNames, names: Iterable[str]) -> None:
        self.source = source
        self._tokens: Sequence[Token] = scan(source)
        self._index = 0
        self._filters = 0
        self._functions = functions
        self._scopes = [known_names(tuple(names))]

    @property
    def _token(self) -> Token:
        return self._tokens[self._index]

    def _fail(self, message: str, token: Token | None = None) -> NoReturn:
        raise FeelSyntaxError(message, (token or self._token).start, self.source)

    def _at(self, text: str) -> bool:
        token = self._token
        return token.text == text and token.kind != STRING

    def _accept(self, text: str) -> bool:
        if self._at(text):
            self._index += 1
            return True
        return False

    def _expect(self, text: str, why: str) -> None:
        if not self._accept(text):
            self._fail(f"Expected {text} {why}, but found {self._found()}.")

    def _found(self) -> str:
        token = self._token
        if token.kind == END:
            return "the end"
        return token.text if len(token.text) <= 40 else token.text[:40] + "…"

    def _expect_end(self) -> None:
        token = self._token
        if token.kind == END:
            return
        if token.kind == SYMBOL and token.text in FOREIGN:
            self._fail(f"{token.text} is not FEEL. {FOREIGN[token.text]}")
        if token.text in (")", "]", "}"):
            self._fail(f"This {token.text} closes nothing. Remove it, or open it before.")
        self._fail(f"Expected an operator or the end, but found {self._found()}.")

    def _known_name(self) -> str | None:
        """The longest known name of several words here, and go past it."""
        text = self._token.text
        if not any(known.may_start(text) for known in (*self._scopes, self._functions)):
            return None
        best: tuple[str, int] | None = None
        for known in (*reversed(self._scopes), self._functions):
            match = known.match(self._tokens, self._index)
            if match is not None and (best is None or match[1] > best[1]):
                if known is self._functions and self._tokens[match[1]].text not in _AFTER_FUNCTION:
                    continue
                best = match
        if best is None:
            return None
        self._index = best[1]
        return best[0]

    def _variable_name(self) -> str:
        """The name here: a known one, else one word, else in a filter all words together.

        Entries of the items that a filter goes through are not known before they are there.
        """
        name = self._known_name()
        if name is not None:
            return name
        words = [self._token.text]
        self._index += 1
        if self._filters and self._token.text != "(":
            self._add_words(words)
        following = self._token
        if following.kind == WORD and following.text not in AFTER_A_NAME:
            name = f"{words[-1]} {following.text}"
            self._fail(
                f"Expected an operator between {words[-1]} and {following.text}. "
                f'If "{name}" is meant as one name, there is no such name here.'
            )
        return " ".join(words)

    def _path_name(self) -> str:
        """The name after a dot: a known one, or all words up to what cannot be part of it."""
        if self._token.kind != WORD:
            self._fail(f"Expected a name after the dot, but found {self._found()}.")
        name = self._known_name()
        if name is not None:
            return name
        words = [self._token.text]
        self._index += 1
        self._add_words(words)
        return " ".join(words)

    def _add_words(self, words: list[str]) -> None:
        while self._token.kind == WORD and self._token.text not in AFTER_A_NAME:
            words.append(self._token.text)
            self._index += 1

    def _name_until(self, stop: str, what: str) -> str:
        """A new name as it stands before `stop`, with its symbols and single spaces."""
        first = self._token
        text = ""
        while not self._at(stop):
            token = self._token
            previous = self._tokens[self._index - 1]
            if token.kind == END or token.kind == STRING or token.text in _NEVER_IN_NAMES:
                self._fail(f"Expected {what} and then {stop}, but found {self._found()}.")
            apart = text and token.start > previous.end
            text += (" " if apart else "") + token.text
            self._index += 1
        if first.kind != WORD or text in RESERVED:
            self._fail(f"Expected {what} before {stop}.", first)
        self._index += 1
        return text

    @contextmanager
    def _scope(self) -> Iterator[KnownNames]:
        """Names that become known inside are forgotten after."""
        self._scopes.append(KnownNames())
        yield self._scopes[-1]
        self._scopes.pop()
