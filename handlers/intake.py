"""The way in: a contact becomes a running case, once, however often it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine import commands
from engine.errors import AlreadyStarted
from engine.runtime import Actor, Runtime
from handlers.contact_form import CadsContact, Contact, check
from handlers.contact_form import read as parse_contact
from handlers.practices import PRACTICES, practice_for
from handlers.vocabulary import today

__all__ = [
    "CadsContact",
    "Contact",
    "Received",
    "parse_contact",
    "receive_answers",
    "receive_contact",
]


@dataclass(frozen=True)
class Received:
    """The case that a contact has; `duplicate` if it had it before."""

    reference: str
    duplicate: bool


def receive_contact(runtime: Runtime, contact: Mapping[str, Any], actor: Actor) -> Received:
    """Check the contact and start its case in the model that takes contacts of its source, or find
    the case that it started before.

    Raises InvalidAnswers with a message for each field's path that is wrong.
    """
    checked = check(contact, today=today(runtime.clock()))
    practice = practice_for(checked.source)
    try:
        started = commands.start(
            runtime,
            practice.model,
            practice.process,
            checked.model_dump(),
            actor,
            request_key=f"{checked.source}:{checked.reference}",
        )
    except AlreadyStarted as before:
        return Received(before.business_key, duplicate=True)
    return Received(started.business_key, duplicate=False)


def receive_answers(
    runtime: Runtime, model: str, answers: Mapping[str, Any], actor: Actor
) -> Received:
    """Start a case of `model` with what a person answered on its start page, as `receive_contact`.

    The page asks what a contact of the model's first source says; yes and no stand for true and
    false there.
    """
    contact = {
        key: {"yes": True, "no": False}.get(value, value) if isinstance(value, str) else value
        for key, value in answers.items()
    }
    return receive_contact(runtime, contact | {"source": PRACTICES[model].sources[0]}, actor)
