"""A form: its fields, and everything that is done with answers to it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from engine.errors import EngineError
from engine.forms import clean, fields, layout
from engine.forms.fields import Choice, Field
from engine.forms.layout import Place
from engine.forms.summary import SummaryRow, summarise

_LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, eq=False)
class Form:
    """A form as `parse_form` read it from form-js JSON. Immutable and safe to share.

    Answers are plain JSON: text is str, a number int or float, a checkbox bool, a checklist a list
    of option values, radio and select one option value, a date "2026-03-01", a dynamic list a
    list of dicts, a group with a path a dict.
    """

    id: str
    fields: tuple[Field, ...]

    @cached_property
    def keys(self) -> frozenset[str]:
        """The names that answers to this form have at the top level."""
        return frozenset(fields.in_scope(self.fields))

    @cached_property
    def variables(self) -> frozenset[str]:
        """Every name that the form's conditions read."""
        read = (field.hide.variables for field in fields.below(self.fields) if field.hide)
        return frozenset(name for names in read for name in names)

    @cached_property
    def choices(self) -> frozenset[str]:
        """The names of the lists of options that must be supplied when the form is used."""
        return frozenset(each.choices for each in fields.below(self.fields) if each.choices)

    def defaults(self) -> dict[str, Any]:
        """What a form shows before anyone has touched it: default values and first rows."""
        return fields.defaults(self.fields)

    def visible(self, answers: Mapping[str, Any], *, undecided: bool = False) -> tuple[Place, ...]:
        """The components that show for `answers`, as a tree with their paths and answers.

        `undecided` adds those that are hidden only because a question that they depend on is not
        answered yet: on a page without scripts they must be there to be filled in.
        """
        return layout.places(self.fields, answers, undecided=undecided)

    def context(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """The answers as FEEL sees them: dates as dates, hidden or unanswered fields as None.

        A checkbox that shows is False until it is ticked, a checklist or dynamic list empty.
        """
        return layout.context(self.fields, answers)

    def clean(
        self,
        answers: Any,
        *,
        choices: Mapping[str, Sequence[Choice]] | None = None,
        partial: bool = False,
        today: datetime.date | None = None,
    ) -> dict[str, Any]:
        """Check `answers` and return them as they are kept.

        Text is trimmed, dates become ISO, answers of hidden fields and blank rows are dropped,
        an unticked checkbox is False and an empty checklist or list []; other unanswered fields
        are left out. Cleaning twice changes nothing. `choices` gives the options of each list
        named in `Form.choices`; `today` is the date that "today or in the future" is judged by.

        `partial` is for work saved to come back to: only types, sizes and foreign fields are
        checked, dates may be unfinished, and nothing that was typed is dropped.

        Raises InvalidAnswers with a message for each path ("people[0].name").
        """
        supplied = choices or {}
        for name in sorted(self.choices - set(supplied)):
            if not partial:
                raise EngineError(f"The form “{self.id}” needs the list of choices “{name}”.")
        when = today or datetime.datetime.now(_LONDON).date()
        return clean.clean(self.fields, answers, supplied, when, partial=partial)

    def summary(
        self, answers: Mapping[str, Any], choices: Mapping[str, Sequence[Choice]] | None = None
    ) -> list[SummaryRow]:
        """Every visible question with its answer in words, for check-answers and the case file."""
        return summarise(self.visible(answers), choices or {})
