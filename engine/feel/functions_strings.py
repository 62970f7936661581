"""Built-in functions for strings and booleans (DMN 1.5, tables 73 and 74)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.feel import patterns
from engine.feel.budget import Environment, check_characters, check_string, spend
from engine.feel.signatures import builtin
from engine.feel.strings import string_of


@builtin("string", "from: any", environment=True, kind="string")
def string(environment: Environment, value: Any) -> str | None:
    return string_of(environment, value)


@builtin("not", "negand: any", kind="boolean")
def negation(value: Any) -> bool | None:
    return not value if type(value) is bool else None


@builtin("substring", "string: string", "start position: number", "length: number?", kind="string")
def substring(text: str, start: Decimal, length: Decimal | None = None) -> str | None:
    """From a 1-based position, counted from the end if negative; null if there is none such."""
    if abs(start) > len(text) or int(start) == 0:
        return None
    first = int(start)
    first = first - 1 if first > 0 else len(text) + first
    if length is None:
        return text[first:]
    return text[first : first + int(min(length, Decimal(len(text))))] if length >= 1 else None


@builtin("string length", "string: string", kind="number")
def string_length(text: str) -> Decimal:
    return Decimal(len(text))


@builtin("upper case", "string: string", environment=True, kind="string")
def upper_case(environment: Environment, text: str) -> str:
    return check_string(environment, text.upper())


@builtin("lower case", "string: string", environment=True, kind="string")
def lower_case(environment: Environment, text: str) -> str:
    return check_string(environment, text.lower())


@builtin("substring before", "string: string", "match: string", kind="string")
def substring_before(text: str, match: str) -> str:
    before, found, _ = text.partition(match) if match else ("", "", "")
    return before if found else ""


@builtin("substring after", "string: string", "match: string", kind="string")
def substring_after(text: str, match: str) -> str:
    return text.partition(match)[2] if match else text


@builtin("contains", "string: string", "match: string", kind="boolean")
def contains(text: str, match: str) -> bool:
    return match in text


@builtin("starts with", "string: string", "match: string", kind="boolean")
def starts_with(text: str, match: str) -> bool:
    return text.startswith(match)


@builtin("ends with", "string: string", "match: string", kind="boolean")
def ends_with(text: str, match: str) -> bool:
    return text.endswith(match)


@builtin(
    "matches",
    "input: string",
    "pattern: string",
    "flags: string??",
    environment=True,
    kind="boolean",
)
def matches(
    environment: Environment, text: str, pattern: str, flags: str | None = None
) -> bool | None:
    spend(environment, patterns.STEPS_A_PATTERN)
    return patterns.matches(text, pattern, flags or "")


@builtin(
    "replace",
    "input: string",
    "pattern: string",
    "replacement: string",
    "flags: string??",
    environment=True,
    kind="string",
)
def replace(
    environment: Environment, text: str, pattern: str, replacement: str, flags: str | None = None
) -> str | None:
    spend(environment, patterns.STEPS_A_PATTERN)
    return patterns.replace(environment, text, pattern, replacement, flags or "")


@builtin("split", "string: string", "delimiter: string", environment=True, kind="list")
def split(environment: Environment, text: str, delimiter: str) -> list[str] | None:
    spend(environment, patterns.STEPS_A_PATTERN)
    return patterns.split(environment, text, delimiter)


@builtin("string join", "list: list", "delimiter: string??", environment=True, kind="string")
def string_join(
    environment: Environment, items: list[Any], delimiter: str | None = None
) -> str | None:
    """The strings of a list one after the other; nulls are passed over."""
    texts = [item for item in items if item is not None]
    if any(type(item) is not str for item in texts):
        return None
    separator = delimiter or ""
    check_characters(environment, sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)
