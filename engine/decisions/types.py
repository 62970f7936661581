"""The types that columns of a decision table may have (DMN 1.5, 7.3.2; typeRef)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine import feel

_KINDS = {
    "any": "Any",
    "string": "string",
    "boolean": "boolean",
    "number": "number",
    "double": "number",
    "float": "number",
    "decimal": "number",
    "integer": "integer",
    "int": "integer",
    "long": "integer",
    "date": "date",
    "time": "time",
    "datetime": "date and time",
    "date and time": "date and time",
    "daytimeduration": "days and time duration",
    "days and time duration": "days and time duration",
    "yearmonthduration": "years and months duration",
    "years and months duration": "years and months duration",
    "list": "list",
    "context": "context",
}

_WORDS = {
    "string": "a text",
    "boolean": "true or false",
    "number": "a number",
    "integer": "a whole number",
    "date": "a date",
    "time": "a time",
    "date and time": "a date and time",
    "days and time duration": "a duration of days and time",
    "years and months duration": "a duration of years and months",
    "list": "a list",
    "context": "a context",
    "range": "a range",
    "null": "nothing",
    "other": "something that is no value of FEEL",
}


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type by its name in FEEL, or "integer" for whole numbers, or "Any"."""

    kind: str

    def accepts(self, value: Any) -> bool:
        """Whether a value, which may be null, is of this type."""
        if value is None or self.kind == "Any":
            return True
        if self.kind == "integer":
            return type(value) is Decimal and value == value.to_integral_value()
        return feel.kind_of(value) == self.kind

    @property
    def words(self) -> str:
        return _WORDS.get(self.kind, "any value")


ANY = ColumnType("Any")


def column_type(name: str | None) -> ColumnType | None:
    """The type of a `typeRef`, any value if there is none, None if it is not known here."""
    if not name:
        return ANY
    kind = _KINDS.get(name.rpartition(":")[2].strip().lower())
    return None if kind is None else ColumnType(kind)


def in_words(value: Any) -> str:
    """A value for a message: what it is, and what it says."""
    kind = feel.kind_of(value)
    words = _WORDS.get(kind, kind)
    if value is None:
        return words
    text = feel.to_string(value) or repr(value)
    if kind == "string":
        text = f'"{text}"'
    if len(text) > 80:
        text = text[:80] + "…"
    return f"{words}, {text}"
