"""An operating model that was read: its processes, forms, decisions and what they refer to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine import feel
from engine.decisions import Decision, DecisionError
from engine.diagrams import Process
from engine.errors import ServiceError
from engine.forms import Form
from engine.manifest import MessageType
from engine.spiff import Program
from engine.timescales import UNITS, Timescale


@dataclass(frozen=True)
class Clause:
    """A step or rule of the source documents; `kept` says where it is kept if not in a diagram."""

    id: str
    map: str
    step: str
    responsible: str
    what: str
    kept: str = ""


@dataclass(frozen=True)
class Model:
    """One version of an operating model, ready to run."""

    id: str
    name: str
    start: str
    business_key: str
    roles: Mapping[str, str]
    trays: Mapping[str, str]
    messages: Mapping[str, MessageType]
    entry: MessageType | None
    timescales: Decision | None
    processes: Mapping[str, Process]
    programs: Mapping[str, Program]
    forms: Mapping[str, Form]
    decisions: Mapping[str, Decision]
    clauses: Mapping[str, Clause]
    expressions: Mapping[str, feel.Expression]
    variables: frozenset[str]
    files: Mapping[str, bytes]
    given: Mapping[str, feel.TypeName] | None = None

    @property
    def digest(self) -> str:
        """SHA-256 over all files, for telling whether anything changed."""
        return digest_of(self.files)

    def role_of(self, label: str | None) -> str | None:
        """The id of the role that a lane with this name stands for."""
        return next((key for key, value in self.roles.items() if value == label), None)

    def timescale(self, step: str) -> Timescale:
        """The time allowed for a step. Raises ServiceError where the table has none."""
        if self.timescales is None:
            raise ServiceError("This model has no table of timescales.")
        return timescale_of(self.timescales, step)


def digest_of(files: Mapping[str, bytes]) -> str:
    """SHA-256 over the paths and contents of a model's files."""
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(path.encode() + b"\x00" + files[path] + b"\x00")
    return whole.hexdigest()


def timescale_of(table: Decision, step: str) -> Timescale:
    try:
        outputs = table.evaluate({"step": step}).outputs
    except DecisionError as error:
        raise ServiceError(f"The timescale of “{step}” can't be read: {error}") from error
    amount = outputs.get("amount") if isinstance(outputs, dict) else None
    unit = outputs.get("unit") if isinstance(outputs, dict) else None
    if amount is None or unit is None:
        raise ServiceError(
            f"The timescales table has no row for “{step}”. Add one in {table.name}."
        )
    whole = isinstance(amount, Decimal) and amount == amount.to_integral_value()
    if unit not in UNITS or not whole or not 0 <= amount <= 3650:
        raise ServiceError(
            f"The timescales table says “{amount} {unit}” for “{step}”. Write a whole number and "
            f"one of: {', '.join(UNITS)}."
        )
    return Timescale(int(amount), unit, step)
