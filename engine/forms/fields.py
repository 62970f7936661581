"""What a form is made of: its components, as form-js saves them, in our terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from engine.feel import Expression

ANSWERED = frozenset(
    {"textfield", "textarea", "number", "checkbox", "checklist", "radio", "select", "datetime"}
)
WITH_OPTIONS = frozenset({"checklist", "radio", "select"})
DECORATION = frozenset({"text", "separator", "spacer"})
CONTAINERS = frozenset({"group", "dynamiclist"})
KINDS = ANSWERED | DECORATION | CONTAINERS

LONGEST_TEXT = {"textfield": 200, "textarea": 5_000}
MOST_ROWS = 50


class Pattern(Protocol):
    """A compiled regular expression without backtracking (RE2)."""

    def search(self, text: str) -> object: ...


@dataclass(frozen=True)
class Choice:
    """One option of a list: `value` is kept as the answer, `label` is what people read."""

    value: str
    label: str


@dataclass(frozen=True)
class Span:
    """A run of text inside a block, perhaps bold, perhaps a link."""

    text: str
    bold: bool = False
    href: str | None = None


@dataclass(frozen=True)
class Block:
    """A heading (`level` 1 to 4), "paragraph", "bullets" or "numbers": one line per item."""

    kind: str
    items: tuple[tuple[Span, ...], ...]
    level: int = 0

    @property
    def text(self) -> str:
        return "\n".join("".join(span.text for span in item) for item in self.items)


@dataclass(frozen=True, eq=False)
class Field:
    """One component of a form.

    `kind` is the form-js type; `key` the name of its answer (for a dynamic list and a group its
    form-js `path`; None where there is no answer of its own). `number` is its place in the file,
    unique in the form. `choices` names a list of options that is known only when the form is
    used; otherwise `options` holds them.
    """

    number: int
    kind: str
    key: str | None = None
    label: str = ""
    description: str = ""
    hide: Expression | None = None
    required: bool = False
    min_length: int | None = None
    max_length: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    decimals: int | None = None
    pattern: Pattern | None = None
    format: str | None = None
    future_only: bool = False
    prefix: str = ""
    suffix: str = ""
    options: tuple[Choice, ...] = ()
    choices: str | None = None
    default: Any = None
    default_rows: int = 1
    blocks: tuple[Block, ...] = ()
    fields: tuple[Field, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def longest(self) -> int:
        """The most characters that a text answer may have, whether or not the form says so."""
        return self.max_length or LONGEST_TEXT.get(self.kind, 200)

    @property
    def row_name(self) -> str:
        """What one row of a dynamic list is called: custom property `row`, or else its label."""
        return self.properties.get("row") or (
            "Entry" if self.label.endswith("?") else self.label.rstrip(":")
        )

    def fresh_row(self) -> dict[str, Any]:
        """What a row that is added to this dynamic list starts with."""
        return defaults(self.fields)

    @property
    def yes_or_no(self) -> bool:
        return {option.value for option in self.options} == {"yes", "no"}


def in_scope(fields: tuple[Field, ...]) -> dict[str, Field]:
    """By key, the fields whose answers stand side by side: a group without a path adds its own."""
    found: dict[str, Field] = {}
    for each in fields:
        if each.key is not None:
            found[each.key] = each
        elif each.kind == "group":
            found |= in_scope(each.fields)
    return found


def below(fields: tuple[Field, ...]) -> Iterator[Field]:
    """Every field of the tree, containers before what they contain."""
    for each in fields:
        yield each
        yield from below(each.fields)


def defaults(fields: tuple[Field, ...]) -> dict[str, Any]:
    """The answers that a form shows before anyone has touched it."""
    result: dict[str, Any] = {}
    for key, each in in_scope(fields).items():
        if each.kind == "dynamiclist":
            result[key] = [each.fresh_row() for _ in range(each.default_rows)]
        elif each.kind == "group":
            result[key] = defaults(each.fields)
        elif each.default is not None:
            result[key] = each.default
    return result
