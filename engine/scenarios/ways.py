"""Everything that can be done to a case where it rests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine import feel
from engine.forms import Choice
from engine.scenarios.bench import Act, Bench, Case, Open
from engine.scenarios.fillings import Constants, Filling, fillings
from engine.scenarios.rests import Way


class Ways:
    """The ways on from any rest of a case. `conditions` are those next asked behind each element
    at which a token may wait; `without_answers` are the forms for which none were found."""

    def __init__(
        self,
        bench: Bench,
        constants: Constants,
        conditions: Mapping[str, tuple[feel.Expression, ...]],
    ) -> None:
        self.bench = bench
        self.model = bench.model
        self.constants = constants
        self.conditions = conditions
        self.without_answers: set[str] = set()
        self._fillings: dict[Any, list[Filling]] = {}

    def on_from(self, case: Case) -> list[Way]:
        """Everything that can be done to the case; the database has to be as the case says."""
        found: list[Way] = []
        for place in case.openings:
            elements, branches = zip(*self._tokens(case, place), strict=True)
            found += [
                Way(act, elements, branches, self._holds(case, place, act.answers))
                for act in self._ways(case, place)
            ]
        return found

    def _holds(self, case: Case, place: Open, answers: Mapping[str, Any]) -> tuple[bool, ...]:
        """Which of the next conditions hold with these answers."""
        variables = {**case.variables.get(place.instance, {}), **answers}
        where = f"{place.process}/{place.element}"
        return tuple(one.evaluate(variables) is True for one in self.conditions[where])

    def _ways(self, case: Case, place: Open) -> Iterator[Act]:
        where = f"{place.process}/{place.element}"
        if place.kind == "wait":
            yield Act("wait", where, "", unlikely=0.3)
            return
        element = self.model.processes[place.process].elements[place.element]
        if place.kind == "task":
            form_id, unlikely = element.form, 0.0
        else:
            form_id, unlikely = self.model.messages[place.message].form, 0.4
        if form_id is None:
            yield Act(place.kind, where, "", {}, place.message, unlikely)
            return
        for filling in self._fill(form_id, case):
            yield Act(
                place.kind,
                where,
                filling.key,
                filling.answers,
                place.message,
                unlikely + filling.unlikely,
            )

    def _fill(self, form_id: str, case: Case) -> list[Filling]:
        form = self.model.forms[form_id]
        choices: dict[str, list[Choice]] = {}
        if form.choices:
            with self.bench.runtime.database.connect() as connection:
                choices = self.bench.site.services.options(form, connection, case.reference)
        today = case.now.date()
        key = (form_id, today, repr(choices))
        found = self._fillings.get(key)
        if found is None:
            found = self._fillings[key] = fillings(form, choices, self.constants, today)
            if not found:
                self.without_answers.add(form_id)
        return found

    def _tokens(self, case: Case, place: Open) -> Iterator[tuple[str, str]]:
        """Where the token waits and by which branch it came, then the same of its callers."""
        number, element = place.instance, place.element
        while True:
            trail = case.trails[number]
            name = trail.process.id
            yield f"{name}/{element}", f"{name}/{trail.branch(element)}"
            caller = case.callers.get(number)
            if caller is None:
                return
            number, element = caller
