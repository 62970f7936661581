"""One DMN file with all it defines, and the files that it imports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import feel
from engine.decisions.model import Decision, DecisionService, Knowledge
from engine.decisions.results import DecisionError
from engine.errors import Finding


@dataclass(frozen=True, slots=True)
class Library:
    """What one file defines; `findings` are what is wrong with it, if it was not read strictly."""

    decisions: Mapping[str, Decision]
    knowledge: Mapping[str, Knowledge]
    services: Mapping[str, DecisionService]
    findings: tuple[Finding, ...] = field(default=())

    def decision(self, name: str) -> Decision:
        """The decision of this id or name; raises `DecisionError` that lists those there are."""
        for decision in self.decisions.values():
            if name in (decision.id, decision.name):
                return decision
        known = ", ".join(sorted(decision.id for decision in self.decisions.values()))
        raise DecisionError(
            f'There is no decision "{name}" in this file.'
            + (f" It has {known}." if known else " It has none.")
        )

    def service(self, name: str) -> DecisionService | Knowledge | None:
        """The decision service or business knowledge model of this name, or None."""
        known: list[DecisionService | Knowledge] = [*self.services.values()]
        known += self.knowledge.values()
        return next((one for one in known if one.variable == name), None)

    def call(self, name: str, inputs: Mapping[str, Any]) -> Any:
        """What a decision service or business knowledge model gives for inputs by name."""
        service = self.service(name)
        if service is None:
            raise DecisionError(f'There is no decision service "{name}" in this file.')
        function = service.value()
        arguments = [feel.from_host(inputs.get(each)) for each in function.parameters or ()]
        return function.call(feel.new_environment(), arguments)
