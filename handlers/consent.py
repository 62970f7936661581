"""Consent: who of the family gave it, and which professionals may see the file because of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select

from engine.errors import ServiceError
from engine.services import ServiceContext
from handlers.answers import Answers, submitted_by
from handlers.casefile import begin_step
from handlers.models import consent_givers, consents, contacts, professional_accesses
from handlers.registry import services
from handlers.vocabulary import label

STATUSES = ("given", "declined", "withdrawn")


@services.handler("record_consent", results={"consent": "string"})
def record_consent(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep the consent given, declined or withdrawn at `form` (R2.4, 1N, 3F, R14.1).

    Every record stands beside the earlier ones; the latest counts. Returns `consent`, its status.
    Raises ServiceError for another status, or for a professional whose access is neither read nor
    contribute.
    """
    begin_step(context)
    answers = Answers.of(context, form)
    status = answers.needed("consent")
    if status not in STATUSES:
        raise ServiceError(f"Consent is {', '.join(STATUSES)}; “{status}” is none of these.")
    consent_id = context.connection.execute(
        insert(consents)
        .values(
            case_reference=context.business_key,
            status=status,
            how=answers.text("consent_how") or None,
            given_on=answers.day("consent_on"),
            statement=answers.text("statement", "consent_statement"),
            recorded_by=submitted_by(context, form).id,
            recorded_at=context.now,
        )
        .returning(consents.c.id)
    ).scalar_one()
    if status == "given":
        _name_givers(context.connection, consent_id, answers)
        _open_to_professionals(context.connection, consent_id, answers)
    return {"consent": status}


def latest_status(connection: Connection, reference: str) -> str | None:
    """The consent that counts: given, declined or withdrawn; None if none was recorded yet."""
    return connection.execute(
        select(consents.c.status)
        .where(consents.c.case_reference == reference)
        .order_by(consents.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def in_force(connection: Connection, reference: str) -> bool:
    """Whether the family consents: by the latest record or, before any, by what the contact
    said.
    """
    status = latest_status(connection, reference)
    if status is not None:
        return status == "given"
    return bool(
        connection.execute(
            select(contacts.c.consent_given)
            .where(contacts.c.case_reference == reference)
            .order_by(contacts.c.id.desc())
            .limit(1)
        ).scalar_one_or_none()
    )


def require_given(connection: Connection, reference: str, purpose: str) -> None:
    """Raise ServiceError unless consent is recorded as given (no episode before consent, R2.4)."""
    status = latest_status(connection, reference)
    if status != "given":
        state = (
            "no consent is recorded"
            if status is None
            else f"consent is recorded as {label('consent', status).lower()}"
        )
        raise ServiceError(
            f"{purpose} needs the family's consent, and for {reference} {state}. "
            "Record the consent first."
        )


def _name_givers(connection: Connection, consent_id: int, answers: Answers) -> None:
    for row in answers.rows("given_by"):
        connection.execute(
            insert(consent_givers).values(
                consent_id=consent_id,
                name=row.needed("name"),
                relationship=row.text("relationship"),
                is_child=bool(row.yes("is_child")),
            )
        )


def _open_to_professionals(connection: Connection, consent_id: int, answers: Answers) -> None:
    for row in answers.rows("professionals"):
        access = row.text("access") or "read"
        if access not in ("read", "contribute"):
            raise ServiceError(
                f"A professional's access is read or contribute, not “{access}” ({row.name})."
            )
        connection.execute(
            insert(professional_accesses).values(
                consent_id=consent_id,
                name=row.needed("name"),
                organisation=row.text("organisation"),
                email=row.text("email").lower(),
                access=access,
            )
        )
