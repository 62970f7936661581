"""The demonstration's council as scenarios need it: its people, what they may not do, contacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from sqlalchemy import Connection

from engine import queries
from engine.diagrams import Process
from engine.runtime import Actor, Runtime
from engine.scenarios import BEGINNING, Site
from handlers import MIGRATIONS, directory, separation, services
from handlers.contact_form import SOURCES, CadsContact, Contact
from handlers.practices import PRACTICES

_PEOPLE = {person.id: person for person in directory.demo_users()}

_SOCIAL_CARE_ONLY = {"cads": ("level_4_met", "immediate_risk")}
"""What a contact from a source cannot say: such a child stays with social care."""


def site() -> Site:
    """What the shipped models have around them when their scenarios are played."""
    return Site(
        services,
        [MIGRATIONS],
        [person.actor for person in _PEOPLE.values()],
        _prepare,
        _contacts,
        _refusal,
    )


def _prepare(connection: Connection) -> None:
    # Nobody signs in here, so no time goes into passwords.
    for person in _PEOPLE.values():
        directory.save_user(connection, person)


def _refusal(runtime: Runtime, actor: Actor, task: queries.TaskRow) -> str | None:
    person = _PEOPLE.get(actor.id)
    return separation.refusal(runtime, person, task) if person is not None else None


def _contacts(process: Process, number: int) -> list[Mapping[str, Any]]:
    """A plain contact from each source that starts the process, and for each choice on the contact
    form one that differs from it in that. Any source will do for what only other diagrams call."""
    found: list[Mapping[str, Any]] = []
    started = [one.sources for one in PRACTICES.values() if one.process == process.id]
    for source in started[0] if started else SOURCES:
        plain = _plain(source, f"{process.id}-{number}")
        found.append(plain)
        form = CadsContact if source == "cads" else Contact
        for name, field in form.model_fields.items():
            if name != "source" and name not in _SOCIAL_CARE_ONLY.get(source, ()):
                options = _options(field.annotation)
                found += [{**plain, name: each} for each in options if each != plain[name]]
    return found


def _options(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return (True, False) if annotation is bool else ()


def _plain(source: str, reference: str) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "reference": reference,
        "source": source,
        "received_on": BEGINNING.date().isoformat(),
        "referrer": {
            "name": "Terry Teacher",
            "agency": "Example Primary School",
            "agency_kind": "school",
        },
        "family": {"name": "Example", "postcode": "ZZ99 3WZ", "cluster": "south"},
        "people": [
            {"name": "Robin Example", "relationship": "Child", "is_child": True},
            {"name": "Ash Example", "relationship": "Mother", "is_child": False},
        ],
        "concerns": "Robin is often late and hungry.",
        "consent_given": True,
        "domestic_abuse": False,
        "complexity": "several_needs",
        "immediate_risk": False,
        "social_care_involvement": "none",
    }
    if source == "cads":
        assessed = {"assessed_on": plain["received_on"], "level_4_met": False, "advice_only": False}
        plain |= assessed | {"family": {"name": "Example", "postcode": "ZZ99 3WZ"}}
    return plain
