"""The one door through which a step writes to a case: it must exist, be open, and remember who
worked on it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from engine.errors import NotFound, ServiceError
from engine.services import ServiceContext
from handlers.models import cases, involvements, notes
from handlers.vocabulary import date_in_words, label


class CaseClosed(ServiceError):
    """The case is closed and its file locked: nothing more is written to it (2R)."""


def open_for_writing(connection: Connection, reference: str) -> Row[Any]:
    """The case's row, locked against other writers till the transaction ends.

    Raises NotFound if no case has this reference, CaseClosed if its file is locked.
    """
    row = connection.execute(
        select(cases).where(cases.c.reference == reference).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound(
            f"There is no case {reference}: check the reference, which looks like CAF-2026-00001."
        )
    if row.status == "closed":
        reason = label("closure_reason", row.closure_reason)
        raise CaseClosed(
            f"{reference} was closed on {date_in_words(row.closed_at)} ({reason}) and its file "
            "is locked: nothing more can be written to it. If the family needs help again, "
            "start a new contact."
        )
    return row


def begin_step(context: ServiceContext) -> Row[Any]:
    """The open case that this service task writes to; whoever made the step has worked on it.

    Raises ServiceError if the contact was never registered, CaseClosed if the case is closed.
    """
    try:
        row = open_for_writing(context.connection, context.business_key)
    except NotFound:
        raise ServiceError(
            f"{context.business_key} has no case file: the diagram has to register the contact "
            "before this step."
        ) from None
    remember(context.connection, context.business_key, context.actor.id, context.now)
    return row


def remember(connection: Connection, reference: str, user_id: str, now: datetime) -> None:
    """Note that the user worked on the case; once is enough."""
    known = connection.execute(
        select(involvements.c.user_id).where(
            involvements.c.case_reference == reference, involvements.c.user_id == user_id
        )
    ).first()
    if known is None:
        connection.execute(
            insert(involvements).values(case_reference=reference, user_id=user_id, first_at=now)
        )


def change(context: ServiceContext, **values: Any) -> None:
    """Set columns of the case's own row."""
    context.connection.execute(
        update(cases).where(cases.c.reference == context.business_key).values(**values)
    )


def write_note(
    connection: Connection,
    reference: str,
    text: str,
    author: str,
    now: datetime,
    *,
    kind: str = "note",
    urgent: bool = False,
) -> int:
    """Add a case note (kinds: note, concern, outcome) to a case known to be open; its id."""
    return int(
        connection.execute(
            insert(notes)
            .values(
                case_reference=reference,
                kind=kind,
                text=text,
                urgent=urgent,
                author=author,
                written_at=now,
            )
            .returning(notes.c.id)
        ).scalar_one()
    )
