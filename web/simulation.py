"""The demonstration's councils at work on families who were never alive."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

import sqlalchemy as sa

from engine import simulation
from engine.errors import EngineError
from engine.runtime import SYSTEM, Runtime
from engine.simulation import Arrival, Council, Manner, Outcome
from handlers import directory, intake, notifications
from handlers.practices import PRACTICES
from handlers.vocabulary import LONDON, today
from web import demo, families, rehearsal

MODELS = tuple(PRACTICES)
_MANNERS = Path(__file__).with_name("manners.toml")
_SHARES = {"caf": 0.65, "cads": 0.35}
_ASKS = {
    "concern_raised": 0.35,
    "review_requested": 0.15,
    "step_up_requested": 0.2,
    "close_requested": 0.4,
    "disagreement_raised": 0.2,
}
_OFTEN = 0.18


_AT_FIRST = 30
_SEED = 1
_MONTHS = timedelta(days=270)
_UNREAD_FOR = timedelta(days=14)
_MOST_UNREAD = 100_000


class RealPeople(EngineError):
    """The database has accounts that are no part of the demonstration."""


def furnish(runtime: Runtime) -> tuple[demo.Guest, ...]:
    """Deploy the demonstration's models and users, and into an empty database put some months of
    cases, so that there is something to see. May be called at every start.
    """
    if not simulation.is_empty(runtime):
        return demo.prepare(runtime)
    now = today(runtime.clock())
    fill(runtime, MODELS, _AT_FIRST, _SEED, now - _MONTHS, now)
    return demo.guests()


def fill(
    runtime: Runtime, models: Sequence[str], cases: int, seed: int, first: date, until: date
) -> Outcome:
    """Deploy the demonstration's models and users, and let `cases` cases of `models` come in from
    the first day on, worked on until the last one begins.

    The database is migrated already. Raises NotEmpty where it has cases, and RealPeople where it
    has accounts of others, because the demonstration's have a public password.
    """
    with runtime.database.connect() as connection:
        known = {user.id for user in directory.list_users(connection, active=None)}
    if known - {guest.id for guest in demo.guests()}:
        raise RealPeople(
            "This database has accounts of real people, and made-up cases must not come before "
            "them. Give the address of a new database."
        )
    if not simulation.is_empty(runtime):
        raise simulation.NotEmpty(
            "This database has cases already, and made-up ones must not mix with them. Give the "
            "address of a new database."
        )
    begun = replace(runtime, clock=lambda: _beginning(first))
    demo.prepare(begun)
    return simulate(runtime, models, cases, seed, first, until)


def simulate(
    runtime: Runtime, models: Sequence[str], cases: int, seed: int, first: date, until: date
) -> Outcome:
    """As `fill`, where models and users are there."""
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
    with _unhurried(runtime.database):
        made = simulation.simulate(
            runtime, council, cases, seed, _beginning(first), _beginning(until)
        )
        _read_inboxes(runtime, _beginning(until) - _UNREAD_FOR)
    return made


def _read_inboxes(runtime: Runtime, until: datetime) -> None:
    """Let everyone have read what they were told until then, a day after it came."""
    with runtime.database.begin() as connection:
        for user in directory.list_users(connection):
            for told in notifications.inbox(connection, user, unread=True, limit=_MOST_UNREAD):
                if told.created_at < until:
                    read = told.created_at + timedelta(days=1)
                    notifications.mark_read(connection, user, told.id, now=read)


def _beginning(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


@contextmanager
def _unhurried(engine: sa.Engine) -> Iterator[None]:
    """Let SQLite leave it to the system when it writes to the disk: what is made up can be made up
    again."""
    if engine.dialect.name != "sqlite":
        yield
        return

    def prepare(connection: object, record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]

    sa.event.listen(engine, "connect", prepare)
    engine.dispose()
    try:
        yield
    finally:
        sa.event.remove(engine, "connect", prepare)
        engine.dispose()
