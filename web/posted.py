"""What a browser posts for a form, back into answers; the inverse of `web.forms`.

An answer's control is named by its path: "key_reason", "referrer.name", "people[0].name"; a date
has three, "born-day", "born-month" and "born-year". Row buttons post `action` "add:people" or
"remove:people[0]"; each row posts a marker "people[0]", so that rows without any ticked box are
still there; `shown` lists the conditional fields that the page had.
"""

from __future__ import annotations

import copy
import datetime
import re
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from engine.forms import MOST_ROWS, Field, Form, Place, in_scope

CONTROLS = frozenset({"csrf_token", "action", "shown"})  # the page's own, not answers

_STEP = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[([0-9]{1,6})\])?(?:\.|$)")
_DATE_PART = re.compile(r"(.+)-(day|month|year)")
_RESERVED = re.compile(f"({'|'.join(sorted(CONTROLS))})-field")


@dataclass(frozen=True)
class RowChange:
    """Answers after a row was added or removed, and the id of the element to go to."""

    answers: dict[str, Any]
    anchor: str


def control_name(path: str) -> str:
    """The posted name of the answer at `path`: the path, unless the page needs that name."""
    return f"{path}-field" if path in CONTROLS else path


def control_id(path: str) -> str:
    """The HTML id for `path`; keys hold no hyphen, so different paths never get the same."""
    return re.sub(r"[\[\].]+", "-", path).rstrip("-")


def read_post(form: Form, posted: MultiDict[str, str]) -> dict[str, Any]:
    """The answers as they were typed, for `Form.clean`, or to show the page again.

    Names that the form does not have are kept, so that `clean` refuses them; the page's own
    controls are dropped. A date that is complete and real becomes ISO, another stays in its
    three parts. A checkbox without a posted value is False.
    """
    answers: dict[str, Any] = {}
    for name in posted:
        if name not in CONTROLS:
            _place(form.fields, answers, name, posted.getlist(name))
    _finish(form.fields, answers)
    return answers


def change_rows(form: Form, answers: dict[str, Any], action: str | None) -> RowChange | None:
    """What "Add another" or "Remove" does to `answers`; None if `action` is neither.

    A path that the answers do not have, or a list that is full, leaves the answers as they are.
    """
    verb, _, path = (action or "").partition(":")
    if verb not in ("add", "remove") or not path:
        return None
    changed = copy.deepcopy(answers)
    found = _find_list(form.fields, changed, path)
    if found is None:
        return RowChange(changed, "")
    field, key, holder, index = found
    rows = holder.get(key)
    rows = rows if isinstance(rows, list) else []
    holder[key] = rows
    if verb == "add" and index is None:
        if len(rows) < MOST_ROWS:
            rows.append(field.fresh_row())
        return RowChange(changed, control_id(f"{path}[{len(rows) - 1}]"))
    if verb == "remove" and index is not None and index < len(rows):
        del rows[index]
        return RowChange(changed, control_id(path[: path.rindex("[")]))
    return RowChange(changed, "")


def unseen(form: Form, posted: MultiDict[str, str], answers: dict[str, Any]) -> tuple[str, ...]:
    """Labels of fields that these answers call for and the page that posted them did not show.

    A page without scripts cannot open them while someone types: show it again rather than go on.
    """
    shown = set(posted.getlist("shown"))
    return tuple(
        place.field.label
        for place in conditional_places(form.visible(answers))
        if place.path not in shown
    )


def conditional_places(places: tuple[Place, ...], inside: bool = False) -> list[Place]:
    """The places with an answer that stand under a condition, their own or a container's."""
    found = []
    for place in places:
        under = inside or place.field.hide is not None
        found += conditional_places(place.places, under)
        for row in place.rows:
            found += conditional_places(row.places, under)
        if under and place.field.key and place.field.kind not in ("group", "dynamiclist"):
            found.append(place)
    return found


def _place(fields: tuple[Field, ...], answers: dict[str, Any], name: str, sent: list[str]) -> None:
    """Put what was posted under `name` where it belongs; what fits nowhere stays under its name."""
    holder: dict[Any, Any] = answers
    part: str | None = None
    rest = name
    if reserved := _RESERVED.fullmatch(rest):
        rest = reserved.group(1)
    while True:
        known = in_scope(fields)
        if (dated := _DATE_PART.fullmatch(rest)) and "." not in dated.group(1):
            field = known.get(dated.group(1))
            if field is not None and field.kind == "datetime":
                rest, part = dated.groups()
        step = _STEP.match(rest)
        field = known.get(step.group(1)) if step else None
        if step is None or field is None:
            break
        key, index, after = step.group(1), step.group(2), rest[step.end() :]
        if field.kind == "dynamiclist" and index is not None:
            rows = holder.setdefault(key, {})
            if not isinstance(rows, dict):
                break
            row = rows.setdefault(int(index), {})
            if not after:
                return  # the row's marker
            holder, fields, rest = row, field.fields, after
        elif field.kind == "group" and index is None and after:
            inside = holder.setdefault(key, {})
            if not isinstance(inside, dict):
                break
            holder, fields, rest = inside, field.fields, after
        elif field.kind not in ("group", "dynamiclist") and rest == key:
            _keep(field, holder, part, sent)
            return
        else:
            break
    holder[rest if part is None else f"{rest}-{part}"] = sent[0] if len(sent) == 1 else sent


def _keep(field: Field, holder: dict[Any, Any], part: str | None, sent: list[str]) -> None:
    value: Any = sent[0] if len(sent) == 1 else sent
    if field.kind == "checklist":
        holder[field.key] = sent
    elif field.kind == "checkbox":
        holder[field.key] = True if value == "true" else value
    elif part is not None:
        parts = holder.setdefault(field.key, {})
        if isinstance(parts, dict):
            parts[part] = value
    else:
        holder[field.key] = value


def _finish(fields: tuple[Field, ...], answers: dict[str, Any]) -> None:
    """Rows into lists, whole dates into ISO, unticked checkboxes into False."""
    for key, field in in_scope(fields).items():
        value = answers.get(key)
        if field.kind == "checkbox":
            answers.setdefault(key, False)
        elif field.kind == "group" and isinstance(value, dict | None):
            inside = answers.setdefault(key, {})
            _finish(field.fields, inside)
        elif field.kind == "dynamiclist" and isinstance(value, dict | None):
            rows = [row for _, row in sorted((value or {}).items())]
            for row in rows:
                _finish(field.fields, row)
            answers[key] = rows
        elif field.kind == "datetime" and isinstance(value, dict):
            answers[key] = _date(value)


def _date(parts: dict[str, Any]) -> Any:
    if not all(isinstance(part, str) for part in parts.values()):
        return parts
    day, month, year = (parts.get(part, "").strip() for part in ("day", "month", "year"))
    if not (day or month or year):
        return ""
    digits = day + month + year
    try:
        if len(year) == 4 and digits.isascii() and digits.isdigit():
            return datetime.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        pass
    return parts


def _find_list(
    fields: tuple[Field, ...], answers: dict[str, Any], path: str
) -> tuple[Field, str, dict[str, Any], int | None] | None:
    holder, rest = answers, path
    while step := _STEP.match(rest):
        known = in_scope(fields)
        field = known.get(step.group(1))
        if field is None:
            return None
        index = int(step.group(2)) if step.group(2) is not None else None
        rest = rest[step.end() :]
        if field.kind == "dynamiclist" and not rest:
            return field, step.group(1), holder, index
        inside = holder.get(step.group(1))
        if field.kind == "dynamiclist" and index is not None:
            if not isinstance(inside, list) or index >= len(inside):
                return None
            inside = inside[index]
        if field.kind not in ("group", "dynamiclist") or not isinstance(inside, dict) or not rest:
            return None
        holder, fields = inside, field.fields
    return None
