"""Types as `instance of` names them (DMN 1.5, grammar rules 51 to 54 and 10.3.2.9)."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from engine.feel.errors import FeelSyntaxError, UnsupportedFeel
from engine.feel.nodes import TypeName
from engine.feel.scanner import KnownNames, Token
from engine.feel.values import Range, kind_of

_SCALARS = (
    "Any",
    "boolean",
    "context",
    "date",
    "date and time",
    "days and time duration",
    "list",
    "Null",
    "number",
    "range",
    "string",
    "time",
    "years and months duration",
)
_KNOWN = KnownNames(_SCALARS)
_DEEPEST_TYPE = 20


def parse_type(
    tokens: Sequence[Token], index: int, source: str, depth: int = 0
) -> tuple[TypeName, int]:
    """The type that starts at `index`, and the index after it.

    Refused with `UnsupportedFeel`: function types and types that only an item definition explains.
    """
    token = tokens[index]
    match = _KNOWN.match(tokens, index)
    name, index = match if match is not None else (token.text, index + 1)
    if name not in _SCALARS or depth > _DEEPEST_TYPE:
        close = get_close_matches(name, _SCALARS, 1, 0.5)
        raise UnsupportedFeel(
            f"{name or 'Nothing'} is no type that is known here."
            + (f" Did you mean {close[0]}?" if close else f" Known are {', '.join(_SCALARS)}."),
            token.start,
            source,
        )
    if tokens[index].text != "<" or name not in ("list", "range", "context"):
        return TypeName(token.start, name), index
    parts: list[tuple[str, TypeName]] = []
    index += 1
    while True:
        entry = ""
        if name == "context":
            start = index
            while tokens[index].text not in (":", "", ">"):
                index += 1
            _expect(tokens[index], ":", source)
            entry = " ".join(part.text for part in tokens[start:index])
            index += 1
        part, index = parse_type(tokens, index, source, depth + 1)
        parts.append((entry, part))
        if name != "context" or tokens[index].text != ",":
            break
        index += 1
    _expect(tokens[index], ">", source)
    return TypeName(token.start, name, tuple(parts)), index + 1


def _expect(token: Token, text: str, source: str) -> None:
    if token.text != text:
        raise FeelSyntaxError(
            f"Expected {text} in the type, but found {token.text or 'the end'}.",
            token.start,
            source,
        )


def conforms(value: Any, type_name: TypeName) -> bool:
    """Whether a value is of a type; null is of none but Null (10.3.2.9.2)."""
    name = type_name.name
    if name == "Any":
        return value is not None
    if kind_of(value) != name.lower():
        return False
    if not type_name.parts:
        return True
    if name == "list":
        part = type_name.parts[0][1]
        return all(conforms(item, part) for item in value)
    if name == "context":
        return all(
            entry in value and (value[entry] is None or conforms(value[entry], part))
            for entry, part in type_name.parts
        )
    return _bounds_conform(value, type_name.parts[0][1])


def _bounds_conform(interval: Range, part: TypeName) -> bool:
    ends = [end for end in (interval.start, interval.end) if end is not None]
    return all(conforms(end, part) for end in ends)
