"""The parts of a page that a form turns into: which GOV.UK component, with which parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from engine.forms import MOST_ROWS, Choice, Field, Place, Row
from engine.forms.wording import lower_first
from web.posted import control_id, control_name

Choices = Mapping[str, Sequence[Choice]]
Errors = Mapping[str, str]

_DATE_PARTS = (("day", 2), ("month", 2), ("year", 4))
_TYPES = {"email": "email", "phone": "tel"}


class Parts:
    """Turns places into what the templates draw, and notes where each error's link goes.

    After `build`, `targets` has the HTML id to go to for each path in the order of the page,
    `headings` the row ("Person 1") that a path stands in, and `has_rows` is True if there are
    row buttons.
    """

    def __init__(self, errors: Errors, choices: Choices, heading_level: int) -> None:
        self.errors = errors
        self.choices = choices
        self.heading_level = heading_level
        self.has_rows = False
        self.targets: dict[str, str] = {}
        self.headings: dict[str, str] = {}

    def build(
        self, places: tuple[Place, ...], under: bool = False, heading: str = ""
    ) -> list[dict[str, Any]]:
        return [self._part(place, under, heading) for place in places]

    def _part(self, place: Place, under: bool, heading: str) -> dict[str, Any]:
        field = place.field
        conditional = under or field.hide is not None
        if field.kind == "text":
            return {
                "macro": "text",
                "blocks": field.blocks,
                "heading_level": self.heading_level,
            }
        if field.kind in ("separator", "spacer"):
            return {"macro": "rule", "visible": field.kind == "separator"}
        if heading:
            self.headings[place.path] = heading
        if field.kind == "group":
            return {
                "macro": "group",
                "id": control_id(place.path),
                "legend": field.label,
                "error": self.errors.get(place.path) if place.path else None,
                "parts": self.build(place.places, conditional, heading),
            }
        if field.kind == "dynamiclist":
            return self._repeated(place, conditional, heading)
        self.targets[place.path] = control_id(place.path)
        part = self._control(place)
        part["shown"] = place.path if conditional else ""
        return part

    def _repeated(self, place: Place, conditional: bool, heading: str) -> dict[str, Any]:
        field, identity = place.field, control_id(place.path)
        self.has_rows = True
        error = self.errors.get(place.path)
        self.targets[place.path] = f"{identity}-add"
        rows = [
            self._row(field, row, number, conditional, heading)
            for number, row in enumerate(place.rows, 1)
        ]
        inside = (path for path in self.targets if path.startswith(f"{place.path}["))
        if first := next(inside, None):
            self.targets[place.path] = self.targets[first]
        described = [f"{identity}-hint"] if field.description else []
        described += [f"{identity}-error"] if error else []
        name = lower_first(field.row_name)
        full = len(rows) >= MOST_ROWS
        return {
            "macro": "repeated",
            "path": place.path,
            "id": identity,
            "legend": _label(place),
            "hint": field.description,
            "error": error,
            "described_by": " ".join(described),
            "rows": rows,
            "add": None if full else f"Add {'another' if rows else _article(name)} {name}",
            "full": f"You cannot add more than {MOST_ROWS}.",
        }

    def _row(
        self, field: Field, row: Row, number: int, conditional: bool, heading: str
    ) -> dict[str, Any]:
        legend = f"{field.row_name} {number}"
        within = f"{heading}, {legend}" if heading else legend
        hidden = Markup('<span class="govuk-visually-hidden"> {}</span>').format(
            lower_first(legend)
        )
        return {
            "path": row.path,
            "name": row.path,
            "id": control_id(row.path),
            "legend": legend,
            "error": self.errors.get(row.path),
            "remove": Markup("Remove") + hidden,
            "parts": self.build(row.places, conditional, within),
        }

    def _control(self, place: Place) -> dict[str, Any]:
        field = place.field
        params: dict[str, Any] = {
            "id": control_id(place.path),
            "name": control_name(place.path),
        }
        if field.description:
            params["hint"] = {"text": field.description}
        if place.path in self.errors:
            params["errorMessage"] = {"text": self.errors[place.path]}
        if field.kind == "datetime":
            return self._date(place, params)
        if field.kind in ("radio", "checklist", "checkbox"):
            return self._boxes(place, params)
        params["label"] = {"text": _label(place), "classes": "govuk-label--s"}
        if field.kind == "select":
            chosen = place.value
            params["items"] = [{"value": "", "text": "Select an option"}] + [
                {"value": choice.value, "text": choice.label, "selected": choice.value == chosen}
                for choice in self._options(field)
            ]
            return {"macro": "select", "params": params}
        # Records about other people must not end up in the browser's suggestions.
        params["autocomplete"] = "off"
        if field.kind == "textarea":
            text = place.value if isinstance(place.value, str) else ""
            # HTML drops a line break straight after the opening tag.
            params["value"] = "\n" + text if text[:1] in ("\n", "\r") else text
            if field.max_length is None:
                return {"macro": "textarea", "params": params}
            params["maxlength"] = field.max_length
            return {"macro": "character-count", "params": params}
        return self._input(place, params)

    def _input(self, place: Place, params: dict[str, Any]) -> dict[str, Any]:
        field = place.field
        params["value"] = _typed(place.value)
        if field.kind == "number":
            signed = field.minimum is None or field.minimum < 0
            if not signed:  # the numeric keypads of phones have no minus
                params["inputmode"] = "numeric" if field.decimals == 0 else "decimal"
            params["classes"] = "govuk-input--width-10"
            params["spellcheck"] = False
        elif field.format:
            params["type"] = _TYPES[field.format]
            params["spellcheck"] = False
        elif field.max_length is not None and field.max_length <= 20:
            params["classes"] = f"govuk-input--width-{10 if field.max_length <= 10 else 20}"
        if field.prefix:
            params["prefix"] = {"text": field.prefix}
        if field.suffix:
            params["suffix"] = {"text": field.suffix}
        return {"macro": "input", "params": params}

    def _boxes(self, place: Place, params: dict[str, Any]) -> dict[str, Any]:
        field, identity = place.field, params.pop("id")
        params["idPrefix"] = identity
        if field.kind == "checkbox":
            item = {"value": "true", "text": _label(place), "checked": place.value is True}
            params["items"] = [item]
            return {"macro": "checkboxes", "params": params}
        legend = {"text": _label(place), "classes": "govuk-fieldset__legend--s"}
        params["fieldset"] = {"legend": legend}
        chosen = place.value if isinstance(place.value, list) else [place.value]
        params["items"] = [
            {"value": choice.value, "text": choice.label, "checked": choice.value in chosen}
            for choice in self._options(field)
        ]
        macro = "radios" if field.kind == "radio" else "checkboxes"
        return {"macro": macro, "params": params}

    def _date(self, place: Place, params: dict[str, Any]) -> dict[str, Any]:
        typed = _date_parts(place.value)
        wrong: list[str] = []
        if "errorMessage" in params:
            names = [name for name, _ in _DATE_PARTS]
            empty = [name for name in names if not typed[name]]
            wrong = empty if 0 < len(empty) < 3 else names
        del params["name"]
        identity = params["id"]
        self.targets[place.path] = f"{identity}-{wrong[0] if wrong else 'day'}"
        params["fieldset"] = {
            "legend": {"text": _label(place), "classes": "govuk-fieldset__legend--s"}
        }
        params["items"] = [
            {
                "id": f"{identity}-{part}",
                "name": f"{place.path}-{part}",
                "label": part.capitalize(),
                "value": typed[part],
                "autocomplete": "off",
                "classes": f"govuk-input--width-{width}"
                + (" govuk-input--error" if part in wrong else ""),
            }
            for part, width in _DATE_PARTS
        ]
        return {"macro": "date-input", "params": params}

    def _options(self, field: Field) -> Sequence[Choice]:
        return field.options if field.choices is None else self.choices.get(field.choices, ())


def _label(place: Place) -> str:
    field = place.field
    if not place.settled:
        return f"{field.label} (if it applies)"
    if field.required or field.kind == "checkbox":
        return field.label
    return f"{field.label} (optional)"


def _article(noun: str) -> str:
    return "an" if noun[:1].lower() in "aeiou" else "a"


def _typed(value: Any) -> str:
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _date_parts(value: Any) -> dict[str, str]:
    if isinstance(value, str) and value.count("-") == 2:
        year, month, day = value.split("-")
        value = {"day": day.lstrip("0"), "month": month.lstrip("0"), "year": year}
    parts = value if isinstance(value, dict) else {}
    return {name: _typed(parts.get(name)).replace("\n", " ") for name, _ in _DATE_PARTS}
