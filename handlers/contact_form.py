"""What a contact from the MASH or a partner agency has to say, and words for what is wrong with
one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from engine.errors import InvalidAnswers
from handlers.vocabulary import date_in_words, unshowable, words

Source = Literal["e_mash", "e_caf", "step_down", "cads"]
SOURCES: Final[tuple[str, ...]] = get_args(Source)
MAXIMUM_BYTES: Final = 1_000_000
_POSTCODE: Final = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?) ?([0-9][A-Z]{2})")
_EMAIL: Final = r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"


def _no_blank(value: Any) -> Any:
    """An empty optional field of a web form says the same as a missing one."""
    return None if isinstance(value, str) and not value.strip() else value


def _showable(value: str) -> str:
    if unshowable(value):
        raise ValueError("text without control characters")
    return value


_SHOWABLE: Final = AfterValidator(_showable)

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _SHOWABLE
]
Prose = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000), _SHOWABLE
]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, max_length=254, pattern=_EMAIL),
    _SHOWABLE,
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Referrer(_Part):
    """Who contacts the council, from which agency."""

    name: Line
    agency: Line
    agency_kind: Literal[
        "school", "health", "early_years", "police", "housing", "voluntary", "council", "other"
    ]
    email: Annotated[Email | None, BeforeValidator(_no_blank)] = None
    phone: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=40), _SHOWABLE] | None,
        BeforeValidator(_no_blank),
    ] = None


class Home(_Part):
    """The family and where it lives."""

    name: Line
    address: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=1000), _SHOWABLE
    ] = ""
    postcode: str = ""

    @field_validator("postcode")
    @classmethod
    def _is_postcode(cls, value: str) -> str:
        if not value.strip():
            return ""
        match = _POSTCODE.fullmatch(" ".join(value.upper().split()))
        if match is None:
            raise ValueError("a postcode such as ZZ99 3WZ, or nothing if there is no fixed address")
        return f"{match[1]} {match[2]}"


class Family(Home):
    """The family, its home and the Children's Centre cluster area in which that lies (R1.5)."""

    cluster: Literal["east_central", "south", "west"]


class PersonOfContact(_Part):
    """A child or adult of the family."""

    name: Line
    date_of_birth: Annotated[date | None, BeforeValidator(_no_blank)] = None
    relationship: Line
    is_child: StrictBool
    school: Annotated[Line | None, BeforeValidator(_no_blank)] = None

    @field_validator("date_of_birth")
    @classmethod
    def _is_born(cls, value: date | None, info: ValidationInfo) -> date | None:
        return _not_after_today(value, info)


class _Received(_Part):
    reference: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), _SHOWABLE
    ]
    received_on: date
    referrer: Referrer
    people: Annotated[list[PersonOfContact], Field(min_length=1, max_length=30)]
    concerns: Prose
    consent_given: StrictBool
    domestic_abuse: StrictBool
    complexity: Literal["single_need", "several_needs", "complex"]
    immediate_risk: StrictBool
    social_care_involvement: Literal["none", "closed", "open"]

    @field_validator("received_on")
    @classmethod
    def _has_come(cls, value: date, info: ValidationInfo) -> date:
        return _not_after_today(value, info) or value

    @field_validator("people")
    @classmethod
    def _has_a_child(cls, value: list[PersonOfContact]) -> list[PersonOfContact]:
        if not any(person.is_child for person in value):
            raise ValueError("people among whom at least one is a child (is_child: true)")
        return value


class Contact(_Received):
    """A contact: an e-MASH or E-CAF form, or a step down from social care, as the sender's system
    gives it (1A, 1E, 1H, 2A, 2D, 3A).

    `reference` is the sender's own and unique for its `source`; sending it again gives the same
    case.
    """

    source: Literal["e_mash", "e_caf", "step_down"]
    family: Family


class CadsContact(_Received):
    """A CADS assessment below level 4 whose family would benefit from early help (G1).

    `advice_only` if the referrer asked CADS for advice only, which leaves consent to them (G3).
    """

    source: Literal["cads"]
    family: Home
    assessed_on: date
    level_4_met: StrictBool
    advice_only: StrictBool = False

    @field_validator("assessed_on")
    @classmethod
    def _is_done(cls, value: date, info: ValidationInfo) -> date:
        return _not_after_today(value, info) or value

    @field_validator("level_4_met")
    @classmethod
    def _is_below_level_4(cls, value: bool) -> bool:
        if value:
            raise ValueError("false: a child who meets level 4 stays with social care")
        return value

    @field_validator("immediate_risk")
    @classmethod
    def _is_safe(cls, value: bool) -> bool:
        if value:
            raise ValueError("false: a child at immediate risk stays with social care")
        return value


def read(content: bytes) -> dict[str, Any]:
    """A contact's JSON as a mapping; raises InvalidAnswers naming line and column where it is
    unreadable.
    """
    if len(content) > MAXIMUM_BYTES:
        raise InvalidAnswers(
            {"": f"The contact is larger than {MAXIMUM_BYTES:,} bytes: send one contact at a time."}
        )
    try:
        text = content.decode("utf-8-sig")
        contact = json.loads(text)
    except UnicodeDecodeError as error:
        raise InvalidAnswers(
            {"": f"The contact is not UTF-8 text (byte {error.start + 1}): save it as UTF-8."}
        ) from error
    except json.JSONDecodeError as error:
        raise InvalidAnswers(
            {
                "": f"The contact is not readable as JSON: line {error.lineno}, column "
                f"{error.colno}. Look there for a missing comma, quotation mark or bracket."
            }
        ) from error
    except (RecursionError, ValueError) as error:
        raise InvalidAnswers(
            {
                "": "The contact is not readable as JSON: it is nested too deeply or has a number "
                "that is too long."
            }
        ) from error
    return _mapping(contact)


def check(contact: Any, *, today: date) -> Contact | CadsContact:
    """The contact, or InvalidAnswers with one message for each field that is wrong, by its path."""
    given = _mapping(contact)
    kind = CadsContact if given.get("source") == "cads" else Contact
    try:
        return kind.model_validate(given, context={"today": today})
    except ValidationError as error:
        raise InvalidAnswers(
            {_path(item["loc"]): _message(item) for item in error.errors(include_url=False)}
        ) from None


def _mapping(contact: Any) -> dict[str, Any]:
    if not isinstance(contact, Mapping):
        raise InvalidAnswers(
            {"": "The contact has to be one JSON object, {…}: send one contact at a time."}
        )
    return dict(contact)


def _not_after_today(value: date | None, info: ValidationInfo) -> date | None:
    today = (info.context or {}).get("today")
    if value is not None and today is not None and value > today:
        raise ValueError(f"today, {date_in_words(today)}, or a day before it")
    return value


def _path(place: tuple[str | int, ...]) -> str:
    path = ""
    for part in place:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "function-before":
            path += f".{part}" if path else part
    return path


def _subject(place: tuple[str | int, ...]) -> str:
    """The field in words: “Date of birth of person 2”."""
    names = [part for part in place if isinstance(part, str)]
    numbers = [part for part in place if isinstance(part, int)]
    if not names:
        return "The contact"
    if numbers:
        return f"{words(names[-1])} of person {numbers[0] + 1}"
    if len(names) > 1:
        return f"{words(names[-1])} of the {names[0]}"
    return words(names[0])


def _message(item: Any) -> str:
    place, kind, details = item["loc"], item["type"], item.get("ctx", {})
    if kind == "missing":
        return f"{_subject(place)} is missing: add “{place[-1]}”."
    if kind == "extra_forbidden":
        return f"A contact has no field “{_path(place)}”: remove it or check its spelling."
    if kind == "string_too_short":
        return f"{_subject(place)} is empty: fill in “{place[-1]}”."
    if kind == "too_short":
        return f"{_subject(place)} has nobody in it: add at least one child."
    if kind in ("string_too_long", "too_long"):
        unit = "characters" if kind == "string_too_long" else "entries"
        return f"{_subject(place)} has more than {details['max_length']:,} {unit}: shorten it."
    return f"{_subject(place)} has to be {_wanted(kind, details)}; it is {_shown(item['input'])}."


def _wanted(kind: str, details: Mapping[str, Any]) -> str:
    if kind == "literal_error" and details["expected"].startswith("'e_mash'"):
        return f"one of {', '.join(SOURCES)}"
    if kind == "literal_error":
        options = str(details["expected"]).replace("'", "").replace(" or ", ", ")
        return f"one of {options}"
    if kind == "value_error":
        return str(details["error"])
    if kind.startswith("date"):
        return "a real date such as 2026-05-03"
    return {
        "bool_type": "true or false, without quotation marks",
        "string_type": "text",
        "string_unicode": "text without broken characters",
        "string_pattern_mismatch": "an e-mail address such as name@example.org",
        "list_type": "a list, […]",
    }.get(kind, "an object, {…}, with its own fields")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 60 else shown[:59] + "…"
