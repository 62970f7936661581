"""Where cases rest, and the ways on from there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from engine.scenarios.bench import Act, Case, Doing, Kept
from engine.scenarios.branches import Pair, is_start


@dataclass(frozen=True)
class Way:
    """A way on from a rest: an act, where the token that it moves waits and by which branch it came
    (and its callers' tokens, the innermost first), and which conditions ahead of it hold then."""

    act: Act
    elements: tuple[str, ...]
    branches: tuple[str, ...]
    holds: tuple[bool, ...]

    @property
    def known_by(self) -> tuple[str, str, tuple[bool, ...]]:
        """Ways of which all this is the same lead to the same branches, as far as one can see."""
        return self.act.element, self.act.key, self.holds


@dataclass
class Rest:
    """A case at rest, and the step that led there; `end` is the nearest rest after it that is known
    at which the case has ended, `ways` are those on from here once they are known."""

    number: int
    case: Case
    before: Rest | None
    doing: Doing
    flows: tuple[str, ...]
    pairs: tuple[Pair, ...]
    depth: int
    kept: Kept = ()
    end: Rest | None = None
    ways: tuple[Way, ...] | None = None
    tried: Counter[Any] = field(default_factory=Counter)

    @property
    def covered(self) -> set[str | Pair]:
        """The flows and pairs that the step to this rest shows; what follows the start of a
        process follows no branch."""
        return {*self.flows, *(pair for pair in self.pairs if not is_start(pair[0]))}

    def path(self) -> list[Rest]:
        """The rests from the first one to this one."""
        found: list[Rest] = []
        rest: Rest | None = self
        while rest is not None:
            found.append(rest)
            rest = rest.before
        return found[::-1]


def signature_of(case: Case) -> tuple[bytes, Any]:
    """What makes a case different from another, and where it stands."""
    stands = tuple(
        (process, places, tuple(sorted(case.trails[number].at.items())))
        for number, process, places in case.waiting
    )
    variables = [
        {name: "day" if isinstance(value, date) else str(value) for name, value in one.items()}
        for one in case.variables.values()
    ]
    return orjson.dumps([str(stands), variables], option=orjson.OPT_SORT_KEYS), str(stands)
