"""Reading and checking one answer: what a person typed or a caller sent, to the kept JSON value."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.forms import wording
from engine.forms.fields import WITH_OPTIONS, Choice, Field

MOST_DIGITS = 15  # what a JSON number keeps exactly in every reader, browsers included

_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?", re.ASCII)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")
_PHONE = re.compile(r"\+?[\d\s().-]{3,30}(?:\s*(?:x|ext\.?)\s*\d{1,6})?", re.ASCII)
_MONTHS = "january february march april may june july august september october november december"
_MONTH_NUMBERS = {
    name[:length]: number
    for number, name in enumerate(_MONTHS.split(), 1)
    for length in range(3, len(name) + 1)
}
_PARTS = ("day", "month", "year")
_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Wrong(Exception):
    """An answer that cannot be taken; `str()` is the message for the person."""


def read(field: Field, raw: Any) -> Any:
    """The JSON value of `raw`, or None if nothing was answered. Raises Wrong for a wrong type.

    Text loses blanks at its ends and has "\\n" as line break; a number may be typed "1,200.50";
    a date is "2026-03-01" or what stands in its three boxes ({"day", "month", "year"}).
    """
    if raw is None:
        return None
    if field.kind == "checkbox":
        if not isinstance(raw, bool):
            raise Wrong(f"{wording.subject(field)} must be either ticked or not (true or false)")
        return raw
    if field.kind == "checklist":
        return _read_list(field, raw)
    if field.kind == "number":
        return _read_number(field, raw)
    if field.kind == "datetime":
        return _read_date(field, raw)
    text = _read_text(field, raw, multiline=field.kind == "textarea")
    return text or None


def check(
    field: Field,
    value: Any,
    choices: Mapping[str, Sequence[Choice]],
    today: datetime.date,
) -> None:
    """Raise Wrong if `value`, as `read` gave it, breaks one of the field's rules but `required`."""
    if field.kind in WITH_OPTIONS:
        offered = {choice.value for choice in options(field, choices)}
        for chosen in value if isinstance(value, list) else [value]:
            if chosen not in offered:
                raise Wrong(
                    f"{wording.subject(field)} must be one of the options given: "
                    f"“{chosen[:50]}” is not among them"
                )
    elif field.kind in ("textfield", "textarea"):
        _check_text(field, value)
    elif field.kind == "number":
        _check_number(field, value)
    elif field.future_only and datetime.date.fromisoformat(value) < today:
        raise Wrong(f"{wording.subject(field)} must be today or in the future")


def check_size(field: Field, value: Any) -> None:
    """Raise Wrong if a text is longer than its field allows: what even a draft must keep to."""
    if isinstance(value, str) and len(value) > field.longest:
        raise Wrong(f"{wording.subject(field)} must be {field.longest:,} characters or less")


def options(field: Field, choices: Mapping[str, Sequence[Choice]]) -> Sequence[Choice]:
    """The options that `field` offers; a list known only at use is taken from `choices`."""
    return field.options if field.choices is None else choices[field.choices]


def unfinished(value: Any) -> bool:
    """Whether `value` is a date of which only some boxes are filled."""
    return isinstance(value, dict)


def _read_text(field: Field, raw: Any, *, multiline: bool = False) -> str:
    if not isinstance(raw, str):
        raise Wrong(f"{wording.subject(field)} must be text")
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    if not multiline:
        text = text.replace("\n", " ")
    if _UNSHOWABLE.search(text):
        raise Wrong(
            f"{wording.subject(field)} has characters that cannot be shown. Type it again instead "
            "of pasting it"
        )
    return text.strip()


def _read_list(field: Field, raw: Any) -> list[str] | None:
    if not isinstance(raw, list) or not all(isinstance(chosen, str) for chosen in raw):
        raise Wrong(f"{wording.subject(field)} must be a list of options")
    if len(raw) > 1_000:
        raise Wrong(f"{wording.subject(field)} has more answers than it has options")
    return list(dict.fromkeys(chosen for chosen in raw if chosen)) or None


def _read_number(field: Field, raw: Any) -> int | float | None:
    wrong = Wrong(f"{wording.subject(field)} must be a number")
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        raise wrong
    if isinstance(raw, str):
        text = raw.strip().replace("\N{MINUS SIGN}", "-").replace(" ", "")
        if text and field.prefix:
            text = text.removeprefix(field.prefix)
        if not text:
            return None
        if len(text) > 40 or not _NUMBER.fullmatch(text) or not text[-1].isdigit():
            raise wrong
        text = text.replace(",", "")
    else:
        if isinstance(raw, int) and abs(raw) >= 10**MOST_DIGITS:
            raise Wrong(_too_many_digits(field))
        text = repr(raw)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise wrong from None
    if not number.is_finite():
        raise wrong
    number = number.normalize()
    digits, exponent = len(number.as_tuple().digits), int(number.as_tuple().exponent)
    if digits > MOST_DIGITS or exponent < -MOST_DIGITS or digits + exponent > MOST_DIGITS:
        raise Wrong(_too_many_digits(field))
    return int(number) if exponent >= 0 else float(number)


def _too_many_digits(field: Field) -> str:
    return f"{wording.subject(field)} must have {MOST_DIGITS} digits or fewer"


def _read_date(field: Field, raw: Any) -> str | dict[str, str] | None:
    name = wording.subject(field)
    not_real = Wrong(f"{name} must be a real date")
    if isinstance(raw, str):
        raw = raw.strip()
        if not raw:
            return None
        if not _ISO_DATE.fullmatch(raw):
            raise Wrong(f"{name} must be a real date, written like 2026-03-27")
        raw = dict(zip(("year", "month", "day"), raw.split("-"), strict=True))
    if not isinstance(raw, dict) or not set(raw) <= set(_PARTS):
        raise not_real
    if not all(isinstance(part, str) and len(part) <= 20 for part in raw.values()):
        raise not_real
    typed = {part: raw.get(part, "").strip() for part in _PARTS}
    if not any(typed.values()):
        return None
    if not all(typed.values()):
        return typed
    month = _MONTH_NUMBERS.get(typed["month"].lower(), typed["month"])
    try:
        day, month, year = _digits(typed["day"]), _digits(str(month)), _digits(typed["year"])
    except ValueError:
        raise not_real from None
    if len(typed["year"]) != 4:
        raise Wrong(f"{name} must have a year with 4 numbers")
    try:
        date = datetime.date(year, month, day)
    except ValueError:
        raise not_real from None
    if not 1900 <= year < 2200:
        raise Wrong(f"{name} must have a year between 1900 and 2199")
    return date.isoformat()


def _digits(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError
    return int(text)


def missing_parts(field: Field, typed: Mapping[str, str]) -> Wrong:
    """What to say of a date of which some boxes are empty."""
    missing = " and ".join(part for part in _PARTS if not typed.get(part))
    return Wrong(f"{wording.subject(field)} must include a {missing}")


def _check_text(field: Field, value: str) -> None:
    name = wording.subject(field)
    check_size(field, value)
    if field.min_length and len(value) < field.min_length:
        raise Wrong(f"{name} must be {field.min_length:,} characters or more")
    if field.format == "email" and not (len(value) <= 254 and _EMAIL.fullmatch(value)):
        raise Wrong(f"{name} must be in the correct format, like name@example.com")
    if field.format == "phone" and not _PHONE.fullmatch(value):
        raise Wrong(f"{name} must be a phone number, like 01632 960 001 or +44 808 157 0192")
    if field.pattern is not None and not field.pattern.search(value):
        raise Wrong(f"{name} must be in the correct format")


def _check_number(field: Field, value: int | float) -> None:
    name = wording.subject(field)
    number = Decimal(repr(value))
    if field.decimals is not None:
        exponent = number.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > field.decimals:
            if field.decimals == 0:
                raise Wrong(f"{name} must be a whole number")
            places = "place" if field.decimals == 1 else "places"
            raise Wrong(f"{name} must have {field.decimals} decimal {places} or fewer")
    if field.minimum is not None and number < field.minimum:
        raise Wrong(f"{name} must be {field.minimum:f} or more")
    if field.maximum is not None and number > field.maximum:
        raise Wrong(f"{name} must be {field.maximum:f} or less")
