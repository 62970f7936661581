"""Checking whole answers against a form: all or nothing, each fault at its own path."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import InvalidAnswers
from engine.forms import layout, values, wording
from engine.forms.fields import MOST_ROWS, Choice, Field, in_scope
from engine.forms.layout import Place, blank_row

MOST_FOREIGN = 20  # named one by one; a body full of other keys needs no longer list


def clean(
    fields: tuple[Field, ...],
    answers: Any,
    choices: Mapping[str, Sequence[Choice]],
    today: datetime.date,
    *,
    partial: bool,
) -> dict[str, Any]:
    """The answers as they are kept; see `Form.clean`."""
    if not isinstance(answers, dict):
        raise InvalidAnswers({"": "The answers must be an object with one entry for each field"})
    checker = _Checker(choices, today, partial)
    checker.refuse_foreign(fields, answers, "")
    found = layout.places(fields, answers, undecided=False, hidden=partial)
    kept = checker.clean(found)
    if checker.errors:
        raise InvalidAnswers(checker.errors)
    return kept


class _Checker:
    def __init__(
        self, choices: Mapping[str, Sequence[Choice]], today: datetime.date, partial: bool
    ) -> None:
        self.choices = choices
        self.today = today
        self.partial = partial
        self.errors: dict[str, str] = {}

    def refuse_foreign(self, fields: tuple[Field, ...], answers: Any, prefix: str) -> None:
        known = in_scope(fields)
        for foreign in [key for key in answers if key not in known][:MOST_FOREIGN]:
            name = str(foreign).encode("utf-8", "replace").decode()[:60]
            self.errors[f"{prefix}{name}"] = f"The form has no field “{prefix}{name}”."
        for key, field in known.items():
            inside = answers.get(key)
            if field.kind == "group" and isinstance(inside, dict):
                self.refuse_foreign(field.fields, inside, f"{prefix}{key}.")
            elif field.kind == "dynamiclist" and isinstance(inside, list):
                for index, row in enumerate(inside[:MOST_ROWS]):
                    if isinstance(row, dict):
                        self.refuse_foreign(field.fields, row, f"{prefix}{key}[{index}].")

    def clean(self, found: tuple[Place, ...]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for place in found:
            field = place.field
            if field.kind == "group":
                inside = self._group(place)
                if field.key is None:
                    kept |= inside
                elif inside or not self.partial:
                    kept[field.key] = inside
            elif field.key is not None:
                value = self._list(place) if field.kind == "dynamiclist" else self._answer(place)
                if value is not None:
                    kept[field.key] = value
        return kept

    def _group(self, place: Place) -> dict[str, Any]:
        if place.field.key is not None and not isinstance(place.value, dict | None):
            self.errors[place.path] = f"{_name(place.field)} must be an object with its fields"
            return {}
        return self.clean(place.places)

    def _list(self, place: Place) -> list[dict[str, Any]] | None:
        field, raw = place.field, place.value
        if raw is None and self.partial:
            return None
        if not isinstance(raw, list | None):
            self.errors[place.path] = f"{_name(field)} must be a list"
            return None
        if raw is not None and len(raw) > MOST_ROWS:
            self.errors[place.path] = (
                f"{_name(field)} must have {MOST_ROWS} entries or fewer. Remove some of them"
            )
            return None
        rows = []
        for row, entry in zip(place.rows, raw or [], strict=True):
            if not isinstance(entry, dict | None):
                self.errors[row.path] = f"Each entry of {_name(field)} must be an object"
            elif self.partial:
                rows.append(self.clean(row.places))  # keeps blank rows: they are still on the page
            elif not row.blank:
                kept = self.clean(row.places)
                # Its only answers may have been to fields that are hidden.
                if not blank_row(field, kept):
                    rows.append(kept)
        if field.required and not rows and not self.partial:
            self.errors.setdefault(place.path, wording.required(field))
        return rows

    def _answer(self, place: Place) -> Any:
        field = place.field
        try:
            value = values.read(field, place.value)
            if value is None:
                return self._unanswered(place)
            if values.unfinished(value):
                if not self.partial:
                    raise values.missing_parts(field, value)
                return value
            if self.partial:
                values.check_size(field, value)
            elif field.kind == "checkbox":
                if field.required and not value:
                    raise values.Wrong(wording.required(field))
            else:
                values.check(field, value, self.choices, self.today)
                if field.kind == "checklist":
                    value = [
                        option.value
                        for option in values.options(field, self.choices)
                        if option.value in value
                    ]
        except values.Wrong as wrong:
            self.errors[place.path] = str(wrong)
            return None
        return value

    def _unanswered(self, place: Place) -> Any:
        field = place.field
        if self.partial:
            return None
        if field.required:
            raise values.Wrong(wording.required(field))
        return {"checkbox": False, "checklist": []}.get(field.kind)


def _name(field: Field) -> str:
    return wording.subject(field) if field.label else f"“{field.key}”"
