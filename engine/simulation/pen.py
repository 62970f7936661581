"""What people answer on a form, in the manner of a council."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from engine.errors import InvalidAnswers
from engine.forms import Choice, Form
from engine.forms.fields import Field
from engine.forms.layout import Place

_ATTEMPTS = 20
_PASSES = 20
_SEEN_TO = "Talked through with the family, as recorded in the notes of the day."
_FORMATS = {"email": "someone@example.org", "phone": "01632 960001"}
_UNTICKED = 0.2
"""How often a question that may be left out is left out."""


@dataclass(frozen=True)
class Manner:
    """How the people of a council answer. Everything goes by the key of a field, or by
    "form.key" where a form has its own way.

    `likely` weighs the answers of a choice (`yes` and `no` for a box to tick), of which those that
    are not named weigh 1; `texts` are what people write, `rows` the entries of a list, both with
    `{names}` for the words of the case; `days` are the earliest and latest day, counted from today.
    """

    likely: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    days: Mapping[str, Sequence[int]] = field(default_factory=dict)


class Pen:
    """Fills in forms. It keeps count, so that over many cases each answer comes up as often as it
    is likely, and none is forgotten."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self._chosen: dict[tuple[str, str], Counter[str]] = {}

    def write(
        self,
        form: Form,
        choices: Mapping[str, Sequence[Choice]],
        today: date,
        place: str,
        words: Mapping[str, str],
        dice: Random,
    ) -> dict[str, Any]:
        """Answers that the form takes, given at `place` by somebody who knows the case's `words`.

        Raises InvalidAnswers if none were found.
        """
        for left in reversed(range(_ATTEMPTS)):
            sheet = _Sheet(self, form, choices, today, place, words, dice)
            try:
                return form.clean(sheet.fill(), choices=choices, today=today)
            except InvalidAnswers:
                if not left:
                    raise
        raise AssertionError("unreachable")

    def choose(self, question: tuple[str, str], weights: Mapping[str, float], dice: Random) -> str:
        """An answer, so that all of them keep up with their weights; by chance where several do."""
        chosen = self._chosen.setdefault(question, Counter())
        whole = sum(weights.values()) or 1.0
        turns = chosen.total() + 1
        answer = max(
            weights,
            key=lambda each: weights[each] / whole * turns - chosen[each] + 0.5 * dice.random(),
        )
        chosen[answer] += 1
        return answer


class _Sheet:
    """One form while it is filled in."""

    def __init__(
        self,
        pen: Pen,
        form: Form,
        choices: Mapping[str, Sequence[Choice]],
        today: date,
        place: str,
        words: Mapping[str, str],
        dice: Random,
    ) -> None:
        self.pen = pen
        self.form = form
        self.choices = choices
        self.today = today
        self.place = place
        self.words = words
        self.dice = dice
        self._settled: set[str] = set()

    def fill(self) -> dict[str, Any]:
        """Answers to what shows; what an answer brings to light is answered in its turn."""
        answers: dict[str, Any] = {}
        for _ in range(_PASSES):
            before = len(self._settled)
            self._fill(self.form.visible(answers), answers, "")
            if len(self._settled) == before:
                break
        return answers

    def _fill(self, places: Sequence[Place], into: dict[str, Any], prefix: str) -> None:
        for place in places:
            field = place.field
            if field.kind == "group":
                inside = into.setdefault(field.key, {}) if field.key else into
                self._fill(place.places, inside, f"{prefix}{field.key}." if field.key else prefix)
                continue
            if field.key is None:
                continue
            name = f"{prefix}{field.key}"
            first = name not in self._settled
            self._settled.add(name)
            if field.kind == "dynamiclist":
                if first and field.key not in into:
                    into[field.key] = self._rows(field)
                for number, (row, found) in enumerate(
                    zip(into[field.key], place.rows, strict=False)
                ):
                    self._fill(found.places, row, f"{name}[{number}].")
            elif first and field.key not in into:
                value = self._answer(field)
                if value is not None:
                    into[field.key] = value

    def _said(self, kind: Mapping[str, Any], field: Field) -> Any:
        return kind.get(f"{self.form.id}.{field.key}", kind.get(field.key or ""))

    def _rows(self, field: Field) -> list[dict[str, Any]]:
        written = self._said(self.pen.manner.rows, field)
        if written is None:
            return [{}] if field.required else []
        most = min(len(written), 3)
        count = self.dice.randint(1 if field.required or self.dice.random() > 0.5 else 0, most)
        return [
            {key: self._worded(value) for key, value in row.items()}
            for row in self.dice.sample(list(written), count)
        ]

    def _worded(self, value: Any) -> Any:
        return value.format_map(self.words) if isinstance(value, str) else value

    def _answer(self, field: Field) -> Any:
        match field.kind:
            case "checkbox":
                if field.required:
                    return True
                return self._choose(field, {"yes": 1.0, "no": 1.0}) == "yes"
            case "radio" | "select" | "checklist":
                return self._option(field)
            case "number":
                return int(field.minimum if field.minimum is not None else 1)
            case "datetime":
                low, high = self._said(self.pen.manner.days, field) or (
                    (14, 42) if field.future_only else (-2, 0)
                )
                day = self.today + timedelta(days=self.dice.randint(low, high))
                return day.isoformat()
        if not field.required and self.dice.random() < _UNTICKED:
            return None
        return self._text(field)

    def _option(self, field: Field) -> Any:
        offered = self._offered(field)
        if not offered:
            return None
        weights = dict.fromkeys((option.value for option in offered), 1.0)
        if field.kind != "checklist":
            return self._choose(field, weights)
        count = self.dice.randint(1, min(2, len(offered)))
        return self.dice.sample(list(weights), count)

    def _offered(self, field: Field) -> Sequence[Choice]:
        if field.choices is None:
            return field.options
        return self.choices.get(field.choices, ())

    def _choose(self, field: Field, weights: dict[str, float]) -> str:
        likely = self._said(self.pen.manner.likely, field) or {}
        weights = {value: likely.get(value, weight) for value, weight in weights.items()}
        return self.pen.choose((self.place, field.key or ""), weights, self.dice)

    def _text(self, field: Field) -> str | None:
        texts = self._said(self.pen.manner.texts, field)
        if texts is None:
            text = _FORMATS.get(field.format or "", _SEEN_TO)
        else:
            text = self.dice.choice(texts).format_map(self.words)
        if not text:
            return None
        text *= 1 + (field.min_length or 0) // len(text)
        return text[: field.longest].strip()
