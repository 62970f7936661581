"""Another implementation of FEEL, feelin by bpmn.io, to compare answers with."""

from __future__ import annotations

import json
import math
import re
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

from engine import feel
from run import FRONTEND, find_node

MONTHS = re.compile(r"P(?:(-?\d+)Y)?(?:(-?\d+)M)?")


class Feelin:
    """A running Node that evaluates expressions; ours to stop."""

    def __init__(self) -> None:
        node, _ = find_node()
        self._node = subprocess.Popen(
            [node, str(Path(__file__).with_name("feelin.mjs")), str(FRONTEND)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Feelin:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._node.communicate()

    def evaluate(self, source: str) -> dict[str, Any]:
        """`value`, or `error` where it could not be evaluated."""
        assert self._node.stdin is not None and self._node.stdout is not None
        self._node.stdin.write(json.dumps(source) + "\n")
        self._node.stdin.flush()
        line = self._node.stdout.readline()
        assert line, "Node has stopped; is @bpmn-io/feelin installed in web/frontend?"
        answer: dict[str, Any] = json.loads(line)
        return answer


def same(ours: Any, theirs: Any) -> bool:
    """Whether two answers agree; feelin's numbers are floats, its dates and durations texts."""
    if isinstance(ours, bool) or isinstance(theirs, bool) or ours is None or theirs is None:
        return ours is theirs
    if isinstance(ours, date) and isinstance(theirs, str):
        return theirs == f"{ours.isoformat()}T00:00:00.000Z"
    if isinstance(ours, feel.YearsMonthsDuration) and isinstance(theirs, str):
        parts = MONTHS.fullmatch(theirs)
        years, months = parts.groups("0") if parts else (0, 0)
        return ours.months == 12 * int(years) + int(months)
    if isinstance(ours, Decimal) and isinstance(theirs, int | float):
        return math.isclose(float(ours), theirs, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in ours)
    return type(ours) is type(theirs) and bool(ours == theirs)
