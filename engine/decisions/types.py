"""The types that columns, variables and parameters of a decision may have (DMN 1.5, 7.3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine import feel
from engine.decisions.results import DecisionError

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
    "function": "a function",
    "null": "nothing",
    "other": "something that is no value of FEEL",
}


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type by its name in FEEL, or "integer" for whole numbers, or "Any".

    `type` says it in full; `name` is that of the item definition it comes from, if any. A
    `lenient` type makes null of what is not of it, as the standard has it; any other refuses it.
    """

    kind: str
    type: feel.TypeName = feel.ANY
    name: str = ""
    lenient: bool = False

    def accepts(self, value: Any) -> bool:
        """Whether a value, which may be null, is of this type."""
        return value is None or self.kind == "Any" or feel.conforms(value, self.type)

    def converted(self, value: Any) -> Any:
        """The value as one of this type, after the implicit conversions (10.3.2.9.4), else null."""
        return value if self.kind == "Any" else feel.coerced(value, self.type)

    def taken(self, value: Any, place: str, verb: str = "must be") -> Any:
        """As `converted`; raises `DecisionError` that begins with `place` where nothing makes it
        one of this type."""
        result = self.converted(value)
        if result is None and value is not None and not self.lenient:
            but = "but got" if verb == "needs" else "but is"
            raise DecisionError(f"{place} {verb} {self.words}, {but} {in_words(value)}.")
        return result

    @property
    def result(self) -> ColumnType:
        """Of a function what it results in; any other type is itself."""
        if self.kind != "function" or not self.type.parts:
            return self
        inner = self.type.parts[-1][1]
        return ColumnType(inner.name, inner, "", self.lenient)

    @property
    def words(self) -> str:
        words = _WORDS.get(self.kind, "any value")
        return f"{words} ({self.name})" if self.name else words


ANY = ColumnType("Any")


def _whole(value: Any) -> bool:
    return bool(type(value) is Decimal and value == value.to_integral_value())


def basic_type(name: str, lenient: bool = False) -> ColumnType | None:
    """The type that FEEL or an editor knows under a name, None if there is none such."""
    kind = _KINDS.get(name.rpartition(":")[2].strip().lower())
    if kind is None:
        return None
    if kind == "integer":
        return ColumnType(kind, feel.TypeName(0, "number", (), _whole), "", lenient)
    return ColumnType(kind, feel.TypeName(0, kind), "", lenient)


def in_words(value: Any) -> str:
    """A value for a message: what it is, and what it says."""
    kind = feel.kind_of(value)
    words = _WORDS.get(kind, kind)
    if value is None:
        return words
    text = feel.to_string(value) or ("" if kind == "function" else repr(value))
    if kind == "string":
        text = f'"{text}"'
    if len(text) > 80:
        text = text[:80] + "…"
    return f"{words}, {text}" if text else words
