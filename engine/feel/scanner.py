"""Text to tokens (DMN 1.5, 10.3.1.2 grammar rules 22 to 37 and 65 to 66).

A name of FEEL may hold spaces and even operators, and only the known names tell `a-b` the name
from `a-b` the difference. So tokens are as small as can be, and the parser joins them to names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from engine.feel.budget import LONGEST_SOURCE
from engine.feel.errors import FeelBudgetExceeded, FeelSyntaxError
from engine.feel.numbers import number_of_literal

WORD, NUMBER, STRING, SYMBOL, END = "word", "number", "string", "symbol", "end"


class Token(NamedTuple):
    """A piece of source from `start` to `end`; `value` of a number or string is what it means."""

    kind: str
    text: str
    start: int
    end: int
    value: Any = None


_START = (
    r"A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C\u200D"
    r"\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
)
_PART = _START + r"0-9\u00B7\u0300-\u036F\u203F\u2040"
_SPACE = r"\t\n\v\f\r \u0085\u00A0\u1680\u180E\u2000-\u200B\u2028\u2029\u202F\u205F\u3000\uFEFF"

_TOKEN = re.compile(
    rf"""
      (?P<space>[{_SPACE}]+ | //[^\n\r]* | /\*(?:[^*]|\*(?!/))*\*/)
    | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<word>[{_START}][{_PART}]*)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<symbol>\*\*|\.\.|<=|>=|!=|==|<>|->|&&|\|\||.)
    """,
    re.VERBOSE | re.DOTALL,
)

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|(.))", re.DOTALL)
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def scan(source: str) -> list[Token]:
    """The tokens of `source`, the last of kind `END`; raises `FeelSyntaxError`."""
    if len(source) > LONGEST_SOURCE:
        raise FeelBudgetExceeded(
            f"The expression has {len(source):,} characters; at most {LONGEST_SOURCE:,} are "
            "read. Split it into several.",
            LONGEST_SOURCE,
            source,
        )
    tokens: list[Token] = []
    for match in _TOKEN.finditer(source):
        kind = match.lastgroup
        if kind == "space":
            continue
        text, start, end = match.group(), match.start(), match.end()
        if kind == "number":
            tokens.append(Token(NUMBER, text, start, end, _number(text, start, source)))
        elif kind == "string":
            tokens.append(Token(STRING, text, start, end, _unescape(text, start, source)))
        elif kind == "word":
            tokens.append(Token(WORD, text, start, end))
        else:
            if text == '"':
                raise FeelSyntaxError(
                    'This text has no closing ". Put one at its end; '
                    'a " inside a text is written as \\".',
                    start,
                    source,
                )
            if text == "/" and source.startswith("/*", start):
                raise FeelSyntaxError("This comment is not closed. End it with */.", start, source)
            tokens.append(Token(SYMBOL, text, start, end))
    tokens.append(Token(END, "", len(source), len(source)))
    return tokens


def _number(text: str, start: int, source: str) -> Decimal:
    value = number_of_literal(text)
    if value is None:
        raise FeelSyntaxError(
            "This number is beyond the range of FEEL numbers (34 digits, exponent up to 6144).",
            start,
            source,
        )
    return value


def _unescape(text: str, start: int, source: str) -> str:
    body = text[1:-1]
    if "\\" not in body and not _LONE_SURROGATE.search(body):
        return body

    def replacement(match: re.Match[str]) -> str:
        code = match.group(1) or match.group(2)
        if code:
            if int(code, 16) > 0x10FFFF:
                raise FeelSyntaxError(
                    "There is no such character; codes end at \\U10FFFF.",
                    start + 1 + match.start(),
                    source,
                )
            return chr(int(code, 16))
        # Any other backslash stands for itself, which is how patterns are written: "\\d{3}".
        return _ESCAPES.get(match.group(3), match.group())

    value = _SURROGATES.sub(
        lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"),
        _ESCAPE.sub(replacement, body),
    )
    if _LONE_SURROGATE.search(value):
        raise FeelSyntaxError(
            "This text holds half a character (a lone surrogate). Write the character itself.",
            start,
            source,
        )
    return value


@dataclass(slots=True)
class _Step:
    """Where the tokens up to here lead: the name that ends here, and the tokens that go on."""

    name: str | None = None
    further: dict[tuple[str, bool], _Step] = field(default_factory=dict)


class KnownNames:
    """Names of more than one token, as a tree of their tokens."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._first = _Step()
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Make `name` known; a name of one word needs no telling."""
        if name.isidentifier():
            return
        pattern = _pattern(name)
        if len(pattern) < 2:
            return
        step = self._first
        for piece in pattern:
            step = step.further.setdefault(piece, _Step())
        step.name = step.name or name

    def may_start(self, text: str) -> bool:
        """Whether a known name starts with this token."""
        return (text, False) in self._first.further

    def match(self, tokens: Sequence[Token], index: int) -> tuple[str, int] | None:
        """The longest known name that starts at `index`, and the index after it."""
        longest = None
        step = self._first.further.get((tokens[index].text, False))
        while step is not None:
            index += 1
            if step.name is not None:
                longest = step.name, index
            if index == len(tokens):
                break
            token = tokens[index]
            step = step.further.get((token.text, token.start > tokens[index - 1].end))
        return longest


@lru_cache(maxsize=64)
def known_names(names: tuple[str, ...]) -> KnownNames:
    """Names that many expressions share; nothing may be added to them."""
    return KnownNames(names)


@lru_cache(maxsize=4096)
def _pattern(name: str) -> tuple[tuple[str, bool], ...]:
    """The tokens of a name, each but the first with whether space stands before it."""
    pattern: list[tuple[str, bool]] = []
    end = 0
    for match in _TOKEN.finditer(name):
        if match.lastgroup == "space":
            continue
        pattern.append((match.group(), bool(pattern) and match.start() > end))
        end = match.end()
    return tuple(pattern)
