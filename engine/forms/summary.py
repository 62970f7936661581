"""Answers as people read them back: the rows of a check-answers page and of the case file."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.forms import values, wording
from engine.forms.fields import WITH_OPTIONS, Choice, Field
from engine.forms.layout import Place

NOT_PROVIDED = "Not provided"


@dataclass(frozen=True)
class SummaryRow:
    """One question and its answer in words, under the heading `section` ("" before the first).

    `value` may have several lines; `path` is the answer's place in the answers.
    """

    section: str
    label: str
    value: str
    path: str


def summarise(
    found: tuple[Place, ...], choices: Mapping[str, Sequence[Choice]]
) -> list[SummaryRow]:
    rows: list[SummaryRow] = []
    _add(found, choices, "", rows)
    return rows


def _add(
    found: tuple[Place, ...],
    choices: Mapping[str, Sequence[Choice]],
    section: str,
    rows: list[SummaryRow],
) -> None:
    for place in found:
        field = place.field
        if field.kind == "text":
            headings = [block for block in field.blocks if block.kind == "heading"]
            section = headings[-1].text if headings else section
        elif field.kind == "group":
            _add(place.places, choices, field.label or section, rows)
        elif field.kind == "dynamiclist":
            filled = [row for row in place.rows if not row.blank]
            if not filled:
                rows.append(SummaryRow(section, field.label, "None given", place.path))
            for number, row in enumerate(filled, 1):
                _add(row.places, choices, row_heading(section, field, number), rows)
        elif field.key is not None:
            text = _in_words(field, place.value, choices)
            rows.append(SummaryRow(section, wording.plain(field.label), text, place.path))


def row_heading(section: str, field: Field, number: int) -> str:
    """ "Person 2"; a list within a row of another list names that row too."""
    own = f"{field.row_name} {number}"
    return f"{section}: {own}" if section[-1:].isdigit() else own


def _in_words(field: Field, raw: Any, choices: Mapping[str, Sequence[Choice]]) -> str:
    try:
        value = values.read(field, raw)
    except values.Wrong:
        return raw if isinstance(raw, str) else NOT_PROVIDED
    if field.kind == "checkbox":
        return "Yes" if value else "No"
    if value is None or values.unfinished(value):
        return NOT_PROVIDED
    if field.kind == "datetime":
        date = datetime.date.fromisoformat(value)
        return f"{date.day} {date:%B %Y}"
    if field.kind in WITH_OPTIONS:
        return _chosen(field, value, choices)
    if field.kind == "number":
        return f"{field.prefix}{_figures(value)}{' ' + field.suffix if field.suffix else ''}"
    return str(value)


def _figures(value: int | float) -> str:
    return f"{Decimal(repr(value)):,f}"


def _chosen(field: Field, value: Any, choices: Mapping[str, Sequence[Choice]]) -> str:
    # A list known only at use may have lost the option since: then the kept value is shown.
    offered = field.options if field.choices is None else choices.get(field.choices, ())
    labels = {option.value: option.label for option in offered}
    chosen: list[str] = value if isinstance(value, list) else [value]
    return "\n".join(labels.get(each, each) for each in chosen)
