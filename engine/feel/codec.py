"""Values as JSON and back, without loss.

What JSON has a form for keeps it: strings, booleans, null, lists, contexts and whole numbers.
Everything else is an object with one key that starts with @:

    {"@number": "0.1"}                      a number that is no plain integer
    {"@": "2024-05-31"}                     a date, time, date and time or duration
    {"@range": [start, end, true, false]}   a range, and whether each end belongs to it
    {"@later": "2024-10-27T01:30:00@..."}   a time that clocks show twice, the second time

In a context a key that starts with @ itself gets one more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from engine.feel.budget import DEEPEST_VALUE
from engine.feel.errors import FeelBudgetExceeded, FeelEvaluationError
from engine.feel.numbers import number_of_decimal, number_of_literal
from engine.feel.temporal import (
    date_and_time_to_string,
    duration_to_string,
    parse_at_literal,
    time_to_string,
)
from engine.feel.values import Range, YearsMonthsDuration, from_host, kind_of

_AS_THEY_ARE = frozenset({str, bool, int, type(None)})
_TEXTS: dict[type, Callable[[Any], str]] = {
    date: date.isoformat,
    time: time_to_string,
    datetime: date_and_time_to_string,
    timedelta: duration_to_string,
    YearsMonthsDuration: str,
}
_MOST_PARTS = 300_000


def dump_json(value: Any) -> bytes:
    """A value as JSON in UTF-8; raises `FeelEvaluationError` for what is no value of FEEL."""
    encoded = _Encoder().encode(value, 0)
    try:
        return _WRITER.encode(encoded).encode()
    except UnicodeEncodeError:
        return _ASCII_WRITER.encode(encoded).encode()


class _Encoder:
    """Counts parts, for a small value can hold the same part very often."""

    def __init__(self) -> None:
        self._left = _MOST_PARTS

    def encode(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in _AS_THEY_ARE:
            if kind is str:
                self._count(len(value) >> 5)
            return value
        if kind is Decimal:
            return _number(value)
        if kind in _TEXTS:
            return {"@later" if getattr(value, "fold", 0) else "@": _text(value)}
        if depth > DEEPEST_VALUE:
            raise FeelBudgetExceeded(
                f"A value is nested more than {DEEPEST_VALUE} deep. Nest fewer lists and contexts."
            )
        if kind is list or kind is tuple:
            self._count(len(value))
            return [self.encode(item, depth + 1) for item in value]
        if kind is Range:
            ends = [self.encode(end, depth + 1) for end in (value.start, value.end)]
            written = [value.written] if value.written else []
            return {"@range": [*ends, value.start_included, value.end_included, *written]}
        if isinstance(value, Mapping):
            return self._context(value, depth)
        converted = from_host(value)
        if converted is value:
            raise FeelEvaluationError(
                f"A {kind_of(value)} value ({type(value).__name__}) cannot be stored."
            )
        return self.encode(converted, depth)

    def _context(self, value: Mapping[Any, Any], depth: int) -> Any:
        self._count(len(value))
        result = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise FeelEvaluationError(f"The entry name {key!r} is no string.")
            name = "@" + key if key.startswith("@") else str(key)
            result[name] = self.encode(item, depth + 1)
        return result

    def _count(self, parts: int) -> None:
        self._left -= parts
        if self._left < 0:
            raise FeelBudgetExceeded(
                f"A value has more than {_MOST_PARTS:,} parts and cannot be stored."
            )


def _number(value: Decimal) -> Any:
    value = number_of_decimal(value)
    sign, _, exponent = value.as_tuple()
    if exponent == 0 and not (sign and not value):
        return int(value)
    return {"@number": str(value)}


def _text(value: Any) -> str:
    """The ISO 8601 text of a temporal value, if reading it gives the same value back."""
    text = _TEXTS[type(value)](value)
    if parse_at_literal(text) != value:
        raise FeelEvaluationError(
            f"The {kind_of(value)} {text} has a time zone that cannot be stored. "
            "Use an offset or a zone of the IANA database."
        )
    return text


def load_json(content: bytes) -> Any:
    """The value that `dump_json` made `content` of; also plain JSON, whose numbers stay exact.

    Raises `FeelEvaluationError` for what is no JSON, or has an object with a key that starts with
    @ which `dump_json` does not write.
    """
    try:
        return _READER.decode(content.decode())
    except UnicodeDecodeError:
        raise FeelEvaluationError("This is not JSON in UTF-8.") from None
    except ValueError as error:
        raise FeelEvaluationError(f"This is not JSON: {error}.") from None
    except RecursionError:
        raise FeelBudgetExceeded("The JSON is nested too deep to be read.") from None


def _load_object(entries: dict[str, Any]) -> Any:
    for key in entries:
        if key.startswith("@"):
            break
    else:
        return entries
    if len(entries) == 1:
        ((key, content),) = entries.items()
        loader = _LOADERS.get(key)
        if loader is not None:
            value = loader(content)
            if value is None:
                raise FeelEvaluationError(f"The content of {key} is damaged.")
            return value
    result = {}
    for key, item in entries.items():
        if key.startswith("@") and not key.startswith("@@"):
            raise FeelEvaluationError(f"The entry name {key} has no meaning.")
        result[key.removeprefix("@")] = item
    return result


def _load_number(text: Any) -> Decimal | None:
    value = number_of_literal(text) if isinstance(text, str) and len(text) < 10_000 else None
    if value is None:
        raise FeelEvaluationError(f"{str(text)[:40]} is no number, or beyond the range of numbers.")
    return value


def _load_text(text: Any) -> Any:
    return parse_at_literal(text) if isinstance(text, str) else None


def _load_later(text: Any) -> Any:
    value = _load_text(text)
    return value.replace(fold=1) if isinstance(value, datetime | time) else None


def _load_range(parts: Any) -> Range | None:
    if type(parts) is not list or len(parts) not in (4, 5) or parts[4:] not in ([], ["="]):
        return None
    if type(parts[2]) is not bool or type(parts[3]) is not bool:
        return None
    return Range(*parts)


_LOADERS: dict[str, Callable[[Any], Any]] = {
    "@number": _load_number,
    "@": _load_text,
    "@later": _load_later,
    "@range": _load_range,
}


def _refuse(text: str) -> NoReturn:
    raise FeelEvaluationError(f"{text} is no number of FEEL.")


# Made once: json.loads and json.dumps would make them anew for each value.
_READER = json.JSONDecoder(
    parse_int=_load_number,
    parse_float=_load_number,
    parse_constant=_refuse,
    object_hook=_load_object,
)
_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_ASCII_WRITER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
