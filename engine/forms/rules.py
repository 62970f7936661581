"""What a component says about its answers: limits, patterns, options, custom properties."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import re2

from engine.forms.fields import WITH_OPTIONS, Choice, Pattern

LONGEST_ANSWER = 50_000
LONGEST_PATTERN = 500
MOST_OPTIONS = 500
MOST_ROWS_OFFERED = 10


class Refused(Exception):
    """A setting cannot be honoured; `str()` says what is wrong and how to mend it."""


def text(source: dict[str, Any], name: str, longest: int) -> str:
    """The plain text under `name`, "" if there is none."""
    found = source.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise Refused(f"its {name} must be text")
    if found.startswith("=") or "{{" in found:
        raise Refused(f"its {name} is an expression, which is not supported. Write the text out")
    if len(found) > longest:
        raise Refused(f"its {name} must be {longest} characters or less")
    return re.sub(r"\s+", " ", found).strip()


def properties(source: dict[str, Any]) -> dict[str, str]:
    """The custom properties; values must be text."""
    found = source.get("properties") or {}
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise Refused("its custom properties must be an object with texts")
    return {str(name): value for name, value in found.items()}


def list_settings(source: dict[str, Any]) -> dict[str, Any]:
    """Settings of a dynamic list: first rows, and whether one is required."""
    if source.get("allowAddRemove") is False or source.get("isRepeating") is False:
        raise Refused(
            "rows cannot be added or removed. Allow it, or use a group if there is exactly one"
        )
    rows = source.get("defaultRepetitions", 1)
    if not _whole(rows) or not 0 <= rows <= MOST_ROWS_OFFERED:
        raise Refused(f"“defaultRepetitions” must be a number from 0 to {MOST_ROWS_OFFERED}")
    return {"default_rows": rows, "required": _required(_validate(source))}


def settings(source: dict[str, Any], kind: str) -> dict[str, Any]:
    """Everything else that a field with an answer says about it, as keywords for Field."""
    for name in ("readonly", "disabled"):
        if source.get(name):
            raise Refused(
                f"it is marked “{name}”, so nobody could answer it. Show a text instead, or "
                "switch that off"
            )
    validate = _validate(source)
    found: dict[str, Any] = {"required": _required(validate)}
    if kind in ("textfield", "textarea"):
        found |= _text_limits(validate)
    elif kind == "number":
        found |= _number_limits(source, validate)
    elif kind == "datetime":
        if source.get("subtype", "date") != "date":
            raise Refused("only dates are supported. Set its subtype to “date”")
        found["future_only"] = source.get("disallowPassedDates") is True
    appearance = source.get("appearance") or {}
    if not isinstance(appearance, dict):
        raise Refused("its “appearance” must be an object")
    found["prefix"] = text(appearance, "prefixAdorner", 20)
    found["suffix"] = text(appearance, "suffixAdorner", 20)
    return found


def options(source: dict[str, Any], kind: str) -> dict[str, Any]:
    """The options of a checklist, radio or select, or the name of the list that will hold them."""
    if kind not in WITH_OPTIONS:
        return {}
    if source.get("valuesExpression"):
        raise Refused(
            "options from an expression are not supported. List them, or name a list of the "
            "service with “valuesKey”"
        )
    name = source.get("valuesKey")
    if name:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
            raise Refused("its “valuesKey” must be the name of a list of options")
        return {"choices": name}
    listed = source.get("values")
    if not isinstance(listed, list) or not listed:
        raise Refused("it has no options. Add at least one")
    if len(listed) > MOST_OPTIONS:
        raise Refused(f"it has more than {MOST_OPTIONS} options")
    found: list[Choice] = []
    for option in listed:
        if not isinstance(option, dict) or not isinstance(option.get("value"), str):
            raise Refused("each option must have a “value” that is text, and a “label”")
        value, label = option["value"], text(option, "label", 300)
        if not value.strip() or value != value.strip() or len(value) > 200 or "\n" in value:
            raise Refused(
                f"the option value “{value[:60]}” must be 1 to 200 characters on one line, without "
                "blanks at its ends"
            )
        if not label:
            raise Refused(f"the option “{value}” has no label. Add one")
        if any(value == other.value for other in found):
            raise Refused(f"the option “{value}” is listed twice. Remove one of them")
        found.append(Choice(value, label))
    return {"options": tuple(found)}


def _validate(source: dict[str, Any]) -> dict[str, Any]:
    validate = source.get("validate") or {}
    if not isinstance(validate, dict):
        raise Refused("its “validate” must be an object")
    for name, value in validate.items():
        if isinstance(value, str) and value.startswith("="):
            raise Refused(
                f"“validate.{name}” is an expression, which is not supported. Use a fixed value"
            )
    return validate


def _required(validate: dict[str, Any]) -> bool:
    required = validate.get("required", False)
    if not isinstance(required, bool):
        raise Refused("“validate.required” must be true or false")
    return required


def _text_limits(validate: dict[str, Any]) -> dict[str, Any]:
    shortest, longest = (_length(validate, name) for name in ("minLength", "maxLength"))
    if longest is not None and longest < max(shortest or 0, 1):
        raise Refused("no text can be both as long as minLength and as short as maxLength asks")
    form = validate.get("validationType") or None
    if form not in (None, "custom", "email", "phone"):
        raise Refused(f"the validation type “{str(form)[:40]}” is not supported")
    found: dict[str, Any] = {"min_length": shortest, "max_length": longest}
    if form in ("email", "phone"):
        found["format"] = form
    elif pattern := validate.get("pattern"):
        found["pattern"] = _pattern(pattern)
    return found


def _length(validate: dict[str, Any], name: str) -> int | None:
    value = validate.get(name)
    if value is None:
        return None
    if not _whole(value) or not 0 <= value <= LONGEST_ANSWER:
        raise Refused(f"“validate.{name}” must be a whole number from 0 to {LONGEST_ANSWER:,}")
    return int(value)


def _pattern(pattern: Any) -> Pattern:
    if not isinstance(pattern, str) or len(pattern) > LONGEST_PATTERN:
        raise Refused(f"its pattern must be text of at most {LONGEST_PATTERN} characters")
    quiet = re2.Options()
    quiet.log_errors = False
    quiet.max_mem = 1 << 20
    try:
        compiled: Pattern = re2.compile(pattern, quiet)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise Refused(
            f"its pattern “{pattern[:100]}” is not a regular expression that is supported: "
            f"{reason}. Look-around and back references are not"
        ) from None
    return compiled


def _number_limits(source: dict[str, Any], validate: dict[str, Any]) -> dict[str, Any]:
    if source.get("serializeToString"):
        raise Refused("numbers are kept as numbers. Switch “serialize to string” off")
    decimals = source.get("decimalDigits", validate.get("decimalDigits"))
    if decimals is not None and (not _whole(decimals) or not 0 <= decimals <= 10):
        raise Refused("“decimalDigits” must be a whole number from 0 to 10")
    low, high = (_limit(validate, name) for name in ("min", "max"))
    if low is not None and high is not None and low > high:
        raise Refused("no number can be both as large as min and as small as max asks")
    return {"decimals": decimals, "minimum": low, "maximum": high}


def _limit(validate: dict[str, Any], name: str) -> Decimal | None:
    value = validate.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 10**15:
        raise Refused(f"“validate.{name}” must be a number")
    return Decimal(repr(value))


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
