"""One line of the table that `python3 run.py bench` prints."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What was measured, beside what the project aims at.

    `unit` is "x" (a ratio to SpiffWorkflow in memory in the same run, unless `what` names another
    base), "ms", "µs", "/s", "MB", "%" (growth; 0.10 is ten per cent) or "" for a count. `held` is
    the limit, looser than the bound, at which the bench itself fails; of what only misses its bound
    it says "short".
    """

    what: str
    measured: float
    unit: str = ""
    bound: float | None = None
    aim: float | None = None
    more_is_better: bool = False
    note: str = ""
    held: float | None = None

    @property
    def verdict(self) -> str:
        """ "aim" or "bound", whichever is reached, "short" if neither, "" where none is set."""
        for name, limit in (("aim", self.aim), ("bound", self.bound)):
            if limit is not None and self._reaches(limit):
                return name
        return "short" if self.bound is not None or self.aim is not None else ""

    @property
    def fails(self) -> bool:
        """Whether not even what the project holds itself to is reached."""
        return self.held is not None and not self._reaches(self.held)

    def _reaches(self, limit: float) -> bool:
        return self.measured >= limit if self.more_is_better else self.measured <= limit


Part = Callable[[bool], Iterator[Figure]]
"""A part of the bench: yields its figures one by one; True asks for the larger scales as well."""


def progress(what: str, done: int, total: int) -> None:
    """Show on a terminal how far a part has come; on anything else, nothing."""
    if not sys.stderr.isatty():
        return
    bar = "#" * (20 * done // max(total, 1))
    print(f"\r[{bar:20}] {what}\033[K", end="", file=sys.stderr, flush=True)
