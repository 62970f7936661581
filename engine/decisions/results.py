"""What a decision comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from engine.errors import EngineError

Outputs = dict[str, Any]
_NONE: Final[Mapping[str, Any]] = {}


class DecisionError(EngineError):
    """A decision has no answer for these inputs; the message names decision, column or rules."""


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that matched: its number from 1, its id, and what its author wrote about it."""

    number: int
    id: str
    description: str


class DecisionResult(NamedTuple):
    """What a decision came to, by which rules, and for which inputs.

    `outputs` maps output names to values; for the hit policies that keep every match (RULE ORDER,
    OUTPUT ORDER, COLLECT without aggregation) it is a list of such mappings. `inputs` maps the
    label of each input column to the value that the rules were held against. `required` are the
    results of the decisions it required, directly or not, by their names.
    """

    outputs: Outputs | list[Outputs]
    rules: tuple[FiredRule, ...] = ()
    inputs: Mapping[str, Any] = _NONE
    required: Mapping[str, DecisionResult] = _NONE

    @property
    def value(self) -> Any:
        """The result as DMN has it: without the name if there is one output only."""
        if isinstance(self.outputs, list):
            return [_bare(outputs) for outputs in self.outputs]
        nothing = all(value is None for value in self.outputs.values())
        return None if nothing and not self.rules else _bare(self.outputs)


def _bare(outputs: Outputs) -> Any:
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs
