"""Error messages in the manner of the GOV.UK Design System, made from a field's label.

A message tells people what to do ("Enter the key reason"). Where English will not bend that way,
as for a label that is a question, it quotes the label instead. An analyst who wants other words
gives the component a custom property `error`, used when a required answer is missing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from engine.forms.fields import Field

_NO_ARTICLE = frozenset(
    {"the", "a", "an", "any", "all", "each", "your", "their", "his", "her", "our", "this", "that"}
    | {"these", "those", "other", "more", "some", "details", "what", "how", "why", "who", "whom"}
    | {"whose", "when", "where", "which", "whether", "if"}
)
_ORDERS = frozenset(
    {"describe", "explain", "say", "give", "list", "tell", "record", "note", "summarise", "write"}
    | {"choose", "select", "enter", "confirm", "add", "state", "set", "tick", "check"}
)


def required(field: Field) -> str:
    """What to say when an answer that must be given is missing."""
    if own := field.properties.get("error"):
        return own
    label = plain(field.label)
    first = label.split(" ", 1)[0].lower()
    if field.kind == "checkbox":
        return f"Select “{label}” to continue"
    if field.kind == "dynamiclist":
        return f"Add at least one {lower_first(field.row_name)}"
    if field.kind in ("radio", "checklist", "select"):
        if label.endswith("?"):
            return f"Select an answer to “{label}”"
        if field.yes_or_no and first not in _ORDERS:
            return f"Select yes if {lower_first(label)}"
        return _order("Select", label, first)
    if label.endswith("?"):
        return f"Enter an answer to “{label}”"
    return _order("Enter", label, first)


def subject(field: Field) -> str:
    """The field as the subject of "… must be a real date"."""
    return _subject(field.label)


@lru_cache(maxsize=5_000)
def _subject(label: str) -> str:
    label = plain(label)
    if label.endswith("?") or label.split(" ", 1)[0].lower() in _ORDERS:
        return f"Your answer to “{label}”"
    return label[:1].upper() + label[1:]


def plain(label: str) -> str:
    return re.sub(r"\s+", " ", label).strip().rstrip(":.").rstrip()


def lower_first(label: str) -> str:
    """Lower the first letter unless its word is an abbreviation (TAC) or the word "I"."""
    first = label.split(" ", 1)[0]
    if first == "I" or any(letter.isupper() for letter in first[1:]):
        return label
    return label[:1].lower() + label[1:]


def _order(verb: str, label: str, first: str) -> str:
    if first in _ORDERS:
        return label
    article = "" if first in _NO_ARTICLE else "the "
    return f"{verb} {article}{lower_first(label)}"
