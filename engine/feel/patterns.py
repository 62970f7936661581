"""Regular expressions of XPath (DMN 1.5, table 74; XPath functions 3.1, 5.6) run by RE2.

RE2 takes time in proportion to the text, whatever the pattern. Where its syntax and XPath's mean
different things the pattern is rewritten, and what RE2 cannot do is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

from engine.feel.budget import (
    LONGEST_PATTERN,
    LONGEST_STRING,
    Environment,
    check_characters,
    check_string,
    look_at_clock,
    spend,
)
from engine.feel.errors import FeelBudgetExceeded, FeelEvaluationError

_CLASSES = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "s": r" \t\n\r",
    "S": r"[^ \t\n\r]",
    "w": r"[^\p{P}\p{Z}\p{C}]",
    "W": r"\p{P}\p{Z}\p{C}",
}
_PLAIN_ESCAPES = frozenset("nrt\\|.?*+(){}-[]^$")
_PROPERTY = re.compile(r"\{([A-Za-z]{1,2})\}")
_CATEGORY = re.compile("L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|Z[slp]?|S[mcko]?|C[cfo]?")
_QUANTIFIER = re.compile(r"\{[0-9]{1,4}(?:,[0-9]{0,4})?\}")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_FLAGS = frozenset("smix")
STEPS_A_PATTERN = 16
"""What making a pattern ready costs."""
STEPS_A_MATCH = 8
"""What one match costs when all matches in a text are wanted."""
MOST_WORK = 3_000_000
"""Characters times instructions of one search; RE2 takes up to 15 ns for each."""
WORK_BETWEEN_LOOKS = 20_000
_REPLACEMENT = re.compile(r"\\(.?)|\$([0-9]*)", re.DOTALL)


class _Invalid(Exception):
    """The pattern is none of XPath, so the function that got it is null."""


def matches(text: str, pattern: str, flags: str) -> bool | None:
    """Whether the pattern is found in the text; null if it is no pattern."""
    search = _search(text, pattern, flags)
    return None if search is None else search.found()


def split(environment: Environment, text: str, delimiter: str) -> list[str] | None:
    """The pieces between the places that match; null if it is no pattern or matches nothing."""
    search = _search(text, delimiter, "")
    if search is None or search.finds_nothing:
        return None
    pieces = []
    start = 0
    for match in search.matches(environment):
        pieces.append(text[start : match.start()])
        start = match.end()
    pieces.append(text[start:])
    return pieces


def replace(
    environment: Environment, text: str, pattern: str, replacement: str, flags: str
) -> str | None:
    """Every match replaced, `$1` standing for the first group; null for what XPath refuses."""
    search = _search(text, pattern, flags)
    if search is None or search.finds_nothing:
        return None
    parts = _replacement_parts(replacement, search.groups)
    if parts is None:
        return None
    pieces: list[str] = []
    length = start = 0
    for match in search.matches(environment):
        pieces.append(text[start : match.start()])
        new = "".join(
            part if isinstance(part, str) else text[slice(*match.span(part))] for part in parts
        )
        pieces.append(new)
        length += len(new)
        if length > LONGEST_STRING:
            check_characters(environment, length)
        start = match.end()
    pieces.append(text[start:])
    return check_string(environment, "".join(pieces))


class _Search:
    """A pattern that is ready to be looked for in one text."""

    def __init__(self, compiled: Any, text: str | bytes) -> None:
        self._compiled = compiled
        self._text = text
        self._work = len(text) * compiled.programsize
        if self._work > MOST_WORK:
            raise FeelBudgetExceeded(
                f"The pattern is too large to be looked for in {len(text):,} characters. "
                "Repeat fewer things in it, or look in a shorter text."
            )

    @property
    def groups(self) -> int:
        return int(self._compiled.groups)

    @property
    def finds_nothing(self) -> bool:
        """Whether a match can be empty."""
        return self._compiled.search(self._text[:0]) is not None

    def found(self) -> bool:
        return self._compiled.search(self._text) is not None

    def matches(self, environment: Environment) -> Iterator[Any]:
        """All matches, each of which may take as long as going through the whole text."""
        for match in self._compiled.finditer(self._text):
            spend(environment, STEPS_A_MATCH)
            if self._work > WORK_BETWEEN_LOOKS:
                look_at_clock(environment)
            yield match


def _search(text: str, pattern: str, flags: str) -> _Search | None:
    """The pattern to be looked for in the text; None if it or a flag is none.

    Where one byte holds every character a search takes far less, for classes such as \\p{L} are
    then small; but so RE2 knows lower and upper case of ASCII alone.
    """
    plain = text.isascii() or "i" not in flags
    try:
        subject: str | bytes = text.encode("latin-1") if plain else _encodable(text)
        compiled = _compiled(pattern, flags, plain)
    except UnicodeEncodeError:
        subject = _encodable(text)
        compiled = _compiled(pattern, flags, False)
    return None if compiled is None else _Search(compiled, subject)


def _encodable(text: str) -> str:
    """The text, which RE2 reads as UTF-8; half a character from outside has no such form."""
    if not text.isascii() and _LONE_SURROGATE.search(text):
        raise FeelEvaluationError(
            "A text from outside holds half a character (a lone surrogate). Mend it at its source."
        )
    return text


def _replacement_parts(replacement: str, groups: int) -> list[str | int] | None:
    parts: list[str | int] = []
    start = 0
    for match in _REPLACEMENT.finditer(replacement):
        escaped, digits = match.groups()
        parts.append(replacement[start : match.start()])
        start = match.end()
        if escaped is not None:
            if escaped not in ("\\", "$") or not escaped:
                return None
            parts.append(escaped)
            continue
        if not digits:
            return None
        taken = digits
        while len(taken) > 1 and int(taken) > groups:
            taken = taken[:-1]
        if int(taken) <= groups:
            parts.append(int(taken))
        parts.append(digits[len(taken) :])
    parts.append(replacement[start:])
    return [part for part in parts if part != ""]


@lru_cache(maxsize=128)
def _compiled(pattern: str, flags: str, plain: bool) -> Any:
    """The pattern ready for use, None if it or a flag is none; raises where RE2 cannot do it.

    A `plain` one is for texts in Latin-1, and raises `UnicodeEncodeError` where it is not itself.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise FeelEvaluationError(
            f"The pattern has {len(pattern):,} characters; at most {LONGEST_PATTERN:,} are allowed."
        )
    if not _FLAGS.issuperset(flags):
        return None
    _encodable(pattern)
    try:
        translated = _translate(pattern, "x" in flags, "s" in flags, "m" in flags)
    except _Invalid:
        return None
    prefix = "".join(flag for flag in "im" if flag in flags)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    if prefix:
        translated = f"(?{prefix}:{translated})"
    if plain:
        options.encoding = re2.Options.Encoding.LATIN1
    try:
        return re2.compile(translated.encode("latin-1") if plain else translated, options)
    except re2.error as error:
        if "size" in str(error) or "large" in str(error):
            raise _unsupported("repetitions that make it too large") from None
        return None


def _translate(pattern: str, free_spacing: bool, dot_all: bool, lines: bool) -> str:
    """The pattern in RE2's syntax; raises `_Invalid`, or `FeelEvaluationError` if RE2 has none."""
    if free_spacing:
        pattern = _without_space(pattern)
    result: list[str] = []
    index = 0
    while index < len(pattern):
        character = pattern[index]
        if character == "\\":
            text, index = _escape(pattern, index, inside=False)
            result.append(text)
            continue
        if character == "[":
            text, index = _bracket(pattern, index)
            result.append(text)
            continue
        if character == "(" and pattern.startswith("?", index + 1):
            if not pattern.startswith("?:", index + 1):
                raise _unsupported("(? groups other than (?:")
            result.append("(?:")
            index += 3
            continue
        if character == "{":
            match = _QUANTIFIER.match(pattern, index)
            if match is None:
                raise _Invalid
            result.append(match.group())
            index = match.end()
            continue
        if character in "]}":
            raise _Invalid
        if character == "." and not dot_all:
            result.append(r"[^\n\r]")
        elif character == ".":
            result.append("(?s:.)")
        elif character == "$" and not lines:
            result.append(r"\z")
        else:
            result.append(character)
        index += 1
    return "".join(result)


def _without_space(pattern: str) -> str:
    """Flag x: white space means nothing, but for that in brackets."""
    result = []
    inside = escaped = False
    for character in pattern:
        if character in " \t\n\r" and not inside:
            continue
        result.append(character)
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character in "[]":
            inside = character == "["
    return "".join(result)


def _escape(pattern: str, index: int, inside: bool) -> tuple[str, int]:
    """The escape at `index` in RE2's syntax, and the index after it."""
    letter = pattern[index + 1 : index + 2]
    if letter in _CLASSES and letter:
        text = _CLASSES[letter]
        if inside:
            if letter in "Sw":
                raise _unsupported(f"\\{letter} inside brackets")
            return text, index + 2
        return f"[{text}]" if letter in "sW" else text, index + 2
    if letter in _PLAIN_ESCAPES and letter:
        return "\\" + letter, index + 2
    if letter in ("p", "P"):
        match = _PROPERTY.match(pattern, index + 2)
        if match is None:
            if pattern.startswith("{Is", index + 2):
                raise _unsupported("character blocks such as \\p{IsBasicLatin}")
            raise _Invalid
        if _CATEGORY.fullmatch(match.group(1)) is None:
            raise _Invalid
        return f"\\{letter}{match.group()}", match.end()
    if letter in ("i", "I", "c", "C") and letter:
        raise _unsupported(f"\\{letter}")
    if letter.isdigit() and not inside and letter != "0":
        raise _unsupported("back-references such as \\1")
    raise _Invalid


def _bracket(pattern: str, index: int) -> tuple[str, int]:
    """The bracket expression at `index` in RE2's syntax, and the index after it."""
    result = ["["]
    index += 1
    if pattern.startswith("^", index):
        result.append("^")
        index += 1
    if pattern.startswith("]", index):
        raise _Invalid
    while index < len(pattern):
        character = pattern[index]
        if character == "]":
            return "".join(result) + "]", index + 1
        if character == "[":
            if pattern[index - 1] == "-":
                raise _unsupported("subtraction inside brackets, such as [a-z-[aeiou]]")
            raise _Invalid
        if character == "\\":
            text, index = _escape(pattern, index, inside=True)
            result.append(text)
            continue
        result.append("\\" + character if character in "^&~|" else character)
        index += 1
    raise _Invalid


def _unsupported(what: str) -> FeelEvaluationError:
    return FeelEvaluationError(
        f"The pattern uses {what}, which is not covered here. Write it another way."
    )
