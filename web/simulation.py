"""The demonstration's councils at work on families who were never alive."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from random import Random

from engine import simulation
from engine.runtime import SYSTEM, Runtime
from engine.simulation import Arrival, Council, Manner, Outcome
from handlers import intake
from handlers.practices import PRACTICES
from handlers.vocabulary import LONDON, today
from web import families, rehearsal

_MANNERS = Path(__file__).with_name("manners.toml")
_SHARES = {"caf": 0.7, "cads": 0.3}
_ASKS = {
    "concern_raised": 0.4,
    "review_requested": 0.2,
    "step_up_requested": 0.2,
    "close_requested": 0.2,
    "disagreement_raised": 0.3,
}
_OFTEN = 0.07


def simulate(
    runtime: Runtime, models: Sequence[str], cases: int, seed: int, first: date, until: date
) -> Outcome:
    """Let `cases` cases of the deployed `models` come in from the morning of the first day on, and
    be worked on up to the beginning of the last one.

    Raises NotEmpty where the database has cases already.
    """
    site = rehearsal.site()
    shares = [_SHARES[model] for model in models]

    def arrive(at: Runtime, number: int, dice: Random) -> Arrival:
        (model,) = dice.choices(models, shares)
        contact, words = families.contact(model, number, today(at.clock()), dice)
        received = intake.receive_contact(at, contact, SYSTEM)
        return Arrival(received.reference, words)

    council = Council(
        site.people,
        arrive,
        Manner(**tomllib.loads(_MANNERS.read_text(encoding="utf-8"))),
        site.refusal,
        _ASKS,
        _OFTEN,
    )
    return simulation.simulate(runtime, council, cases, seed, _morning(first), _morning(until))


MODELS = tuple(PRACTICES)


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(8), LONDON)
