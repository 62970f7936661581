"""The way in: a contact becomes a running case, once, however often it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine import commands
from engine.errors import AlreadyStarted
from engine.runtime import Actor, Runtime
from handlers.contact_form import Contact, check
from handlers.contact_form import read as parse_contact
from handlers.vocabulary import today

__all__ = ["Contact", "Received", "parse_contact", "receive_contact"]

MODEL: Final = "caf"
PROCESS: Final = "overview"
"""The operating model that contacts start, and its process."""


@dataclass(frozen=True)
class Received:
    """The case that a contact has; `duplicate` if it had it before."""

    reference: str
    duplicate: bool


def receive_contact(runtime: Runtime, contact: Mapping[str, Any], actor: Actor) -> Received:
    """Check the contact and start its case, or find the case that it started before.

    Raises InvalidAnswers with a message for each field's path that is wrong.
    """
    checked = check(contact, today=today(runtime.clock()))
    try:
        started = commands.start(
            runtime,
            MODEL,
            PROCESS,
            checked.model_dump(),
            actor,
            request_key=f"{checked.source}:{checked.reference}",
        )
    except AlreadyStarted as before:
        return Received(before.business_key, duplicate=True)
    return Received(started.business_key, duplicate=False)
