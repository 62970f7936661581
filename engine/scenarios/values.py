"""The values that a few variables of a model can have together, as sets of combinations."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import islice, pairwise, product
from typing import Any

from engine.diagrams import Element, Process
from engine.forms.fields import Field, in_scope
from engine.model import Model
from engine.scenarios.dependence import form_of, written
from engine.scenarios.fillings import Constants
from engine.services import GIVEN, ServiceRegistry

MOST_COMBINATIONS = 5_000
_SOMETHING_ELSE = "something that no expression names"
_ANOTHER_THING = "something else that no expression names"
_TOKEN = re.compile(r'"[^"\n]*"|\d+(?:\.\d+)?|!=|<=|>=|[=<>()]|[A-Za-z_]\w*|\S')
_WORDS = frozenset({"and", "or", "not", "true", "false", "null"})

Guard = tuple[tuple[str, bool], ...]
"""Conditions with whether each holds."""


def guard_of(process: Process, branch: str) -> Guard:
    """What is known of conditions where a flow is taken; nothing for a flow without a choice."""
    flow = process.flows[branch]
    gateway = process.elements[flow.source]
    others = [one for one in process.outgoing[gateway.id] if one.id != gateway.default]
    if gateway.kind not in ("exclusiveGateway", "inclusiveGateway") or len(others) < 1:
        return ()
    found: list[tuple[str, bool]] = []
    for other in others:
        if other.condition and other.id == branch:
            found.append((other.condition, True))
            break
        if other.condition and (gateway.kind == "exclusiveGateway" or branch == gateway.default):
            found.append((other.condition, False))
    return tuple(found)


def compares_only(source: str) -> bool:
    """Whether a condition only compares variables with each other and with texts and numbers."""
    before = ""
    for word in _TOKEN.findall(source):
        is_name = word[0].isalpha() or word[0] == "_"
        if not (is_name or word[0] in '"=<>()!' or word[0].isdigit()) or word == "!":
            return False
        if is_name and word not in _WORDS and (before[:1].isalnum() and before not in _WORDS):
            return False
        if word == "(" and before[:1].isalpha() and before not in ("and", "or", "not"):
            return False
        before = word
    return True


class Values:
    """All combinations of values of the variables `names`; a set of them is a number with a bit
    for each. Of values that no condition can tell apart, one stands for all."""

    def __init__(
        self,
        model: Model,
        services: ServiceRegistry,
        domains: Domains,
        names: Iterable[str],
    ) -> None:
        self.model = model
        self.services = services
        self.domains = domains
        self.names = sorted(names)
        found = [domains.of(name) for name in self.names]
        count = 1
        for domain in found:
            count *= len(domain)
        self.too_many = count > MOST_COMBINATIONS
        self._all = [] if self.too_many else list(product(*found))
        self.everything = (1 << len(self._all)) - 1
        self._holds: dict[str, tuple[int, int]] = {}
        self._freed: dict[Any, int] = {}

    def null_but(self, given: Iterable[str]) -> int:
        """Every combination in which only these variables are set to anything."""
        free = [name in given for name in self.names]
        return self._where(
            all(is_free or value is None for is_free, value in zip(free, one, strict=True))
            for one in self._all
        )

    def met(self, values: int, guard: Guard) -> int:
        """Those of the combinations with which the conditions are as the guard says."""
        for source, holds in guard:
            may, may_not = self._holding(source)
            values &= may if holds else may_not
        return values

    def after(self, values: int, element: Element) -> int:
        """What the combinations may be once an element was passed."""
        fresh = written(self.model, self.services, element).intersection(self.names)
        if not fresh:
            return values
        always: Mapping[str, Any] = {}
        if element.handler and not element.form:
            always = self.services.handlers[element.handler].always
        sure = {name: always[name] for name in fresh if name in always}
        return self.freed(values, fresh, sure)

    def freed(
        self, values: int, names: Collection[str], sure: Mapping[str, Any] | None = None
    ) -> int:
        """What the combinations may be once these variables may be anything, or what is `sure`."""
        sure = sure or {}
        key = (values, frozenset(names), tuple(sorted(sure.items())))
        found = self._freed.get(key)
        if found is None:
            kept = [place for place, name in enumerate(self.names) if name not in names]
            left = {
                tuple(one[place] for place in kept)
                for number, one in enumerate(self._all)
                if values >> number & 1
            }
            certain = [(self.names.index(name), value) for name, value in sure.items()]
            found = self._freed[key] = self._where(
                tuple(one[place] for place in kept) in left
                and all(_is_always(one[place], value) for place, value in certain)
                for one in self._all
            )
        return found

    def _holding(self, source: str) -> tuple[int, int]:
        """The combinations with which a condition may hold, and those with which it may not,
        whatever the other variables are that it reads."""
        known = self._holds.get(source)
        if known is None:
            read = self.model.expressions[source].variables
            others = sorted(read.difference(self.names))
            besides = list(islice(product(*map(self.domains.of, others)), MOST_COMBINATIONS + 1))
            told = compares_only(source) and not read.isdisjoint(self.names)
            if not told or len(besides) * len(self._all) > MOST_COMBINATIONS:
                known = self.everything, self.everything
            else:
                found = [self._truths(source, one, others, besides) for one in self._all]
                known = (
                    self._where(True in each for each in found),
                    self._where(False in each for each in found),
                )
            self._holds[source] = known
        return known

    def _truths(
        self, source: str, one: Sequence[Any], others: list[str], besides: list[tuple[Any, ...]]
    ) -> set[bool]:
        expression = self.model.expressions[source]
        own = dict(zip(self.names, one, strict=True))
        return {
            expression.evaluate(own | dict(zip(others, values, strict=True))) is True
            for values in besides
        }

    @staticmethod
    def _where(chosen: Iterable[bool]) -> int:
        found = 0
        for number, is_chosen in enumerate(chosen):
            if is_chosen:
                found |= 1 << number
        return found


def _is_always(value: Any, always: Any) -> bool:
    if always is GIVEN:
        return value is not None
    return type(value) is type(always) and bool(value == always)


class Domains:
    """What each variable of a model can be at all. `given` are those that a case may start with."""

    def __init__(
        self, model: Model, services: ServiceRegistry, constants: Constants, given: Collection[str]
    ) -> None:
        self.constants = constants
        self._named: dict[str, set[Any]] = {}
        self._free = set(given)
        for process in model.processes.values():
            for element in process.elements.values():
                self._note(model, services, element)

    def of(self, variable: str) -> list[Any]:
        """Values of which each stands for all that conditions cannot tell from it."""
        named: list[Any] = [*self.constants.texts(variable), *self.constants.numbers(variable)]
        if variable not in self._free:
            known = self._named.get(variable, set())
            texts = {one for one in known if isinstance(one, str)}
            told = [one for one in named if one in texts]
            other = [_SOMETHING_ELSE, _ANOTHER_THING] if texts.difference(told) else []
            return [None, *(one for one in (True, False) if one in known), *told, *other]
        numbers = [value for value in named if isinstance(value, Decimal)]
        named += [(low + high) / 2 for low, high in pairwise(numbers)]
        return [None, True, False, _SOMETHING_ELSE, _ANOTHER_THING, *named]

    def _note(self, model: Model, services: ServiceRegistry, element: Element) -> None:
        form = form_of(model, element)
        if form is not None:
            for one in in_scope(form.fields).values():
                self._note_field(one)
        elif element.decision:
            self._free |= written(model, services, element)
        elif element.handler:
            entry = services.handlers[element.handler]
            for name in entry.results:
                if isinstance(entry.always.get(name), bool):
                    self._named.setdefault(name, set()).add(entry.always[name])
                else:
                    self._free.add(name)

    def _note_field(self, one: Field) -> None:
        if one.key is None:
            return
        known = self._named.setdefault(one.key, set())
        if one.kind == "checkbox":
            known |= {True, False}
        elif one.kind in ("radio", "select") and one.choices is None:
            known |= {option.value for option in one.options}
        else:
            self._free.add(one.key)
