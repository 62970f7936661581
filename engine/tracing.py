"""From the source documents to the diagrams: which element carries out which clause."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model import Clause, Model


@dataclass(frozen=True)
class Claim:
    """An element that carries out a clause."""

    process: str
    element: str
    name: str


@dataclass(frozen=True)
class Trace:
    """`clauses` in the order of the source, each with its elements; `unclaimed` are the tasks
    and calls that name no clause."""

    clauses: list[tuple[Clause, list[Claim]]]
    unclaimed: list[Claim]

    @property
    def missing(self) -> list[Clause]:
        """The clauses that no element carries out, and of which nothing says where else they are
        kept."""
        return [clause for clause, claims in self.clauses if not claims and not clause.kept]


def trace(model: Model) -> Trace:
    """Trace every clause of a model to the elements of its diagrams."""
    claims: dict[str, list[Claim]] = {clause: [] for clause in model.clauses}
    unclaimed: list[Claim] = []
    for process in model.processes.values():
        for element in process.elements.values():
            claim = Claim(process.id, element.id, element.label)
            for clause in element.clauses:
                claims[clause].append(claim)
            if not element.clauses and element.kind in _SHOULD_CLAIM:
                unclaimed.append(claim)
    return Trace([(clause, claims[clause.id]) for clause in model.clauses.values()], unclaimed)


_SHOULD_CLAIM = frozenset({"userTask", "serviceTask", "businessRuleTask", "callActivity"})
