"""Ways to fill in a form: what matters to the diagrams is varied, the rest is filled plainly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from engine.decisions.logic import LiteralExpression
from engine.decisions.table import Table
from engine.errors import InvalidAnswers
from engine.forms import Choice, Form
from engine.forms.fields import Field
from engine.forms.layout import Place
from engine.model import Model

MOST_FILLINGS = 60
MOST_OPTIONS = 3
"""How many entries of a list that the service fills in are tried: people are as good as others."""
_TEXTS = {"email": "someone@example.org", "phone": "01632 960001"}
_PLAIN = "Noted for this scenario."
_HURRIED = "TBC"
"""What people write where they have to write something: a step may take it for nothing."""
_LITERAL = re.compile(r'"([^"\n]*)"')
_NUMBER = re.compile(r"(?<![\w.\"])\d+(?:\.\d+)?(?![\w.\"])")


@dataclass(frozen=True)
class Filling:
    """Answers that a form takes; `key` says how they differ from plain ones, `unlikely` how little
    the difference is expected to matter."""

    key: str
    answers: Mapping[str, Any]
    unlikely: float


class Constants:
    """The values with which a model's expressions and decisions compare each variable."""

    def __init__(self, model: Model) -> None:
        self.routing = _routing(model)
        self._found: dict[str, set[str]] = {}
        for source, expression in model.expressions.items():
            self._note(source, expression.variables)
        for decision in model.decisions.values():
            table = decision.logic
            if isinstance(table, LiteralExpression):
                self._note(table.expression.source, table.variables)
            if not isinstance(table, Table):
                continue
            for number, column in enumerate(table.inputs):
                for rule in table.rules:
                    self._note(rule.tests[number].source, column.expression.variables)

    def texts(self, variable: str) -> list[str]:
        """The texts that a variable is compared with."""
        return sorted({t for s in self._found.get(variable, ()) for t in _LITERAL.findall(s)})

    def numbers(self, variable: str) -> list[Decimal]:
        """The numbers that a variable is compared with, and those just beside them."""
        whole = {
            Decimal(text)
            for source in self._found.get(variable, ())
            for text in _NUMBER.findall(_LITERAL.sub("", source))
        }
        return sorted({number + beside for number in whole for beside in (-1, 0, 1)})

    def told_apart(self, variable: str, value: Any) -> Any:
        """A value, or “other” in place of every text and day that no expression names."""
        if isinstance(value, str):
            return value if value in self.texts(variable) else "other"
        return value if value is None or isinstance(value, bool | Decimal) else "other"

    def _note(self, source: str, variables: frozenset[str]) -> None:
        for name in variables:
            self._found.setdefault(name, set()).add(source)


def fillings(
    form: Form,
    choices: Mapping[str, Sequence[Choice]],
    constants: Constants,
    today: date,
) -> list[Filling]:
    """The fillings that are worth trying, the plainest first; none if no answers fit the form.

    Fields on whose variables the way of a case depends are combined in every way; of all other
    choices and dates one is changed at a time.
    """
    writer = _Writer(form, choices, constants, today)
    found: dict[str, Filling] = {}
    todo: list[tuple[dict[str, Any], bool, float]] = [({}, True, 0.0), ({}, False, 0.6)]
    seen: set[str] = set()
    while todo and len(found) < MOST_FILLINGS:
        forced, full, unlikely = todo.pop(0)
        key = _key(forced, full)
        if key in seen:
            continue
        seen.add(key)
        answers = writer.fill(forced, full)
        for path, field, options in writer.open_to_change(answers):
            routes = path in constants.routing
            if path in forced or (unlikely and not routes) or not (full or routes):
                continue
            dates = 0.6 if field.kind == "datetime" else 0.0
            more = (0.1 if forced else 0.0) if routes else 0.6 + dates
            todo += [({**forced, path: option}, full, unlikely + more) for option in options[1:]]
        try:
            clean = form.clean(answers, choices=choices, today=today)
        except InvalidAnswers:
            continue
        found.setdefault(repr(clean), Filling(key, clean, unlikely))
    return sorted(found.values(), key=lambda filling: filling.unlikely)


def _routing(model: Model) -> frozenset[str]:
    """The variables that conditions read, and those from which a decision gives such variables."""
    found = {
        name
        for process in model.processes.values()
        for flow in process.flows.values()
        if flow.condition
        for name in model.expressions[flow.condition].variables
    }
    for decision in model.decisions.values():
        if found.intersection((decision.id, *decision.outputs)):
            found |= decision.variables
    return frozenset(found)


def _key(forced: Mapping[str, Any], full: bool) -> str:
    parts = [f"{path}={forced[path]}" for path in sorted(forced)]
    return ", ".join([*parts, *([] if full else ["only what is needed"])])


class _Writer:
    def __init__(
        self,
        form: Form,
        choices: Mapping[str, Sequence[Choice]],
        constants: Constants,
        today: date,
    ) -> None:
        self.form = form
        self.choices = choices
        self.constants = constants
        self.today = today

    def fill(self, forced: Mapping[str, Any], full: bool) -> dict[str, Any]:
        """Answers with the forced ones where they show; all fields, or only those needed."""
        answers: dict[str, Any] = {}
        for _ in range(20):
            before = repr(answers)
            self._fill(self.form.visible(answers), answers, forced, full, "")
            if repr(answers) == before:
                break
        return answers

    def _fill(
        self,
        places: Sequence[Place],
        into: dict[str, Any],
        forced: Mapping[str, Any],
        full: bool,
        prefix: str,
    ) -> None:
        for place in places:
            field = place.field
            name = f"{prefix}{field.key}"
            if field.kind == "group":
                inside = into.setdefault(field.key, {}) if field.key else into
                self._fill(place.places, inside, forced, full, f"{name}." if field.key else prefix)
            elif field.key is None:
                continue
            elif field.kind == "dynamiclist":
                rows = into.setdefault(field.key, [{}] if full or field.required else [])
                for row, found in zip(rows, place.rows, strict=False):
                    self._fill(found.places, row, {}, full, f"{name}[].")
            elif field.key not in into and (full or field.required or name in forced):
                value = forced.get(name, next(iter(self.options(field)), None))
                if value == self._text(field) and not full and not field.format:
                    value = _HURRIED if len(_HURRIED) >= (field.min_length or 0) else value
                if value is not None:
                    into[field.key] = value

    def open_to_change(
        self, answers: Mapping[str, Any]
    ) -> Iterator[tuple[str, Field, tuple[Any, ...]]]:
        """The choices, dates and compared fields that show, with what else could be answered."""

        def below(places: Sequence[Place], prefix: str) -> Iterator[tuple[str, Field]]:
            for place in places:
                if place.field.kind == "group":
                    inner = f"{prefix}{place.field.key}." if place.field.key else prefix
                    yield from below(place.places, inner)
                elif place.field.key and place.field.kind != "dynamiclist":
                    yield f"{prefix}{place.field.key}", place.field

        for path, field in below(self.form.visible(answers), ""):
            options = self.options(field)
            if len(options) > 1:
                yield path, field, options

    def options(self, field: Field) -> tuple[Any, ...]:
        """What may be answered at a field, the plain answer first."""
        match field.kind:
            case "checkbox":
                return (True, False)
            case "radio" | "select":
                return tuple(option.value for option in self._offered(field))
            case "checklist":
                offered = [option.value for option in self._offered(field)]
                return (offered, *([each] for each in offered if len(offered) > 1))
            case "number":
                return self._numbers(field)
            case "datetime":
                days = (0, 28) if field.future_only else (0, 28, -28)
                return tuple((self.today + timedelta(days=day)).isoformat() for day in days)
        texts = self.constants.texts(field.key or "") if field.key else []
        return (self._text(field), *texts)

    def _offered(self, field: Field) -> Sequence[Choice]:
        if field.choices is None:
            return field.options
        return self.choices.get(field.choices, ())[:MOST_OPTIONS]

    def _numbers(self, field: Field) -> tuple[int | float, ...]:
        low = field.minimum if field.minimum is not None else Decimal(1)
        if field.maximum is not None:
            low = min(low, field.maximum)
        found = [low, *(n for n in self.constants.numbers(field.key or "") if n != low)]
        return tuple(int(n) if n == n.to_integral_value() else float(n) for n in found)

    def _text(self, field: Field) -> str:
        if field.format in _TEXTS:
            return _TEXTS[field.format]
        text = _PLAIN * (1 + (field.min_length or 0) // len(_PLAIN))
        return text[: field.longest].strip()
