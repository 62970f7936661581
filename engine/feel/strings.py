"""Any value as text, as the function `string` gives it (DMN 1.5, table 72)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.feel.budget import (
    LONGEST_STRING,
    Environment,
    check_characters,
    check_string,
    new_environment,
    spend,
)
from engine.feel.numbers import number_to_string
from engine.feel.temporal import date_and_time_to_string, duration_to_string, time_to_string
from engine.feel.values import Range, YearsMonthsDuration

_PLAIN_NAME = re.compile(r"[^\W\d]\w*(?: \w+)*")


def to_string(value: Any) -> str | None:
    """The text of a value, as the function `string` gives it; None where that is null.

    Raises `FeelBudgetExceeded` for what is too long.
    """
    return string_of(new_environment(), value)


def written(value: Any) -> str:
    """A value as it would be written in an expression."""
    return _inner(new_environment(), value)


def string_of(environment: Environment, value: Any) -> str | None:
    """The text of a value; null for null and for values that only their host understands."""
    if type(value) is str:
        return value
    text = _written(environment, value)
    return None if text is None else check_string(environment, text)


def _written(environment: Environment, value: Any) -> str | None:
    """The value as it would be written in an expression; texts in quotes."""
    kind = type(value)
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if kind is bool:
        return "true" if value else "false"
    if kind is Decimal:
        return number_to_string(value)
    if isinstance(value, datetime):
        return date_and_time_to_string(value)
    if isinstance(value, date):
        return value.isoformat()
    if kind is time:
        return time_to_string(value)
    if kind is timedelta:
        return duration_to_string(value)
    if kind is YearsMonthsDuration:
        return str(value)
    if kind is list or kind is dict:
        return _parts(environment, value)
    if kind is Range:
        return _range(environment, value)
    return None


def _parts(environment: Environment, value: Any) -> str:
    """A list or context; its length is watched while it grows, for parts may be shared."""
    spend(environment, 1 + len(value))
    length = 0
    texts = []
    for part in value.items() if type(value) is dict else value:
        name, item = part if type(value) is dict else ("", part)
        text = _inner(environment, item)
        if type(value) is dict:
            key = name if _PLAIN_NAME.fullmatch(name) else _inner(environment, name)
            text = f"{key}: {text}"
        texts.append(text)
        length += len(text) + 2
        if length > LONGEST_STRING:
            check_characters(environment, length)
    joined = ", ".join(texts)
    return f"{{{joined}}}" if type(value) is dict else f"[{joined}]"


def _inner(environment: Environment, value: Any) -> str:
    """A value inside a list, context or range; dates and such as literals."""
    text = _written(environment, value)
    if text is None:
        return "null"
    if type(value) in (date, time, datetime, timedelta, YearsMonthsDuration):
        return f'@"{text}"'
    return text


def _range(environment: Environment, value: Range) -> str:
    if value.written:
        return f"{value.written} {_inner(environment, value.start)}"
    if value.start is None:
        return f"{'<=' if value.end_included else '<'} {_inner(environment, value.end)}"
    if value.end is None:
        return f"{'>=' if value.start_included else '>'} {_inner(environment, value.start)}"
    start, end = _inner(environment, value.start), _inner(environment, value.end)
    opening = "[" if value.start_included else "("
    return f"{opening}{start}..{end}{']' if value.end_included else ')'}"
