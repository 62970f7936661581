"""Opening a case file from the contact that started the case."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from engine.errors import InvalidAnswers, ServiceError
from engine.models import instance
from engine.services import GIVEN, ServiceContext
from handlers.answers import Answers
from handlers.casefile import remember
from handlers.contact_form import CadsContact, Contact, check
from handlers.models import cases, contacts, people
from handlers.practices import practice_for
from handlers.registry import services
from handlers.vocabulary import today

START: Final = "contact_received"
"""The start event whose answers are the contact."""


@services.handler(
    "register_contact",
    results=("agency_kind", "cluster", "social_worker"),
    always={"agency_kind": GIVEN},
)
def register_contact(context: ServiceContext, form: str = START) -> dict[str, Any]:
    """Open the case file with what the contact says (1A, 1E, 1H, 2A, 2D, 3A; carried over for 1K
    and 2G; G1).

    Returns `agency_kind` and `cluster`, on which the proposed tray depends (R1.5), and
    `social_worker`: who recorded a CADS assessment, null if another system sent it. Raises
    ServiceError if the contact is incomplete, or was registered under another case already.
    """
    submitted = Answers.of(context, form)
    day = today(context.now)
    try:
        contact = check(submitted.values, today=day)
    except InvalidAnswers as error:
        raise ServiceError(f"The contact cannot be registered. {error.message}") from error
    _refuse_known(context, contact)
    try:
        _write(context, contact)
    except IntegrityError as error:
        # The contact was new a moment ago: another node registers the same one just now.
        raise ServiceError(
            f"The contact {contact.reference} is being registered by someone else."
        ) from error
    worker = context.actor.id if "social_worker" in context.actor.roles else None
    return {
        "agency_kind": contact.referrer.agency_kind,
        "cluster": _cluster(contact),
        "social_worker": worker,
    }


def _refuse_known(context: ServiceContext, contact: Contact | CadsContact) -> None:
    known = context.connection.execute(
        select(contacts.c.case_reference).where(
            contacts.c.source == contact.source, contacts.c.reference == contact.reference
        )
    ).scalar_one_or_none()
    if known is not None:
        raise ServiceError(
            f"The contact {contact.reference} was registered before, as {known}: "
            "go on with that case."
        )


def _model(context: ServiceContext) -> str:
    """The operating model that the case runs on."""
    return str(
        context.connection.execute(
            select(instance.c.model).where(instance.c.id == context.instance_id)
        ).scalar_one()
    )


def _cluster(contact: Contact | CadsContact) -> str | None:
    return contact.family.cluster if isinstance(contact, Contact) else None


def _write(context: ServiceContext, contact: Contact | CadsContact) -> None:
    connection, reference = context.connection, context.business_key
    family, referrer = contact.family, contact.referrer
    practice = practice_for(contact.source)
    connection.execute(
        insert(cases).values(
            reference=reference,
            family_name=family.name,
            address=family.address,
            postcode=family.postcode,
            cluster=_cluster(contact),
            agency_kind=referrer.agency_kind,
            model=_model(context),
            source=contact.source,
            opened_at=context.now,
            tray="step_down" if contact.source == "step_down" else practice.tray,
        )
    )
    connection.execute(
        insert(contacts).values(
            case_reference=reference,
            source=contact.source,
            reference=contact.reference,
            received_on=contact.received_on,
            recorded_at=context.now,
            referrer_name=referrer.name,
            referrer_agency=referrer.agency,
            referrer_agency_kind=referrer.agency_kind,
            referrer_email=referrer.email,
            referrer_phone=referrer.phone,
            concerns=contact.concerns,
            consent_given=contact.consent_given,
            domestic_abuse=contact.domestic_abuse,
            complexity=contact.complexity,
            immediate_risk=contact.immediate_risk,
            social_care_involvement=contact.social_care_involvement,
            raw=contact.model_dump(mode="json"),
        )
    )
    connection.execute(
        insert(people),
        [{"case_reference": reference, **person.model_dump()} for person in contact.people],
    )
    remember(connection, reference, context.actor.id, context.now)
