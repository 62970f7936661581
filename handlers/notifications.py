"""The inbox of each person, and the mail that says there is something in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from engine.errors import NotFound, ServiceError
from engine.models import instance, outbox
from engine.services import ServiceContext
from handlers.directory import User, list_users, user
from handlers.models import cases, notifications, user_roles
from handlers.registry import services
from handlers.vocabulary import label

MAIL: Final = "mail"
"""The kind of the outbox messages; their payload maps to, subject, text and case."""


@dataclass(frozen=True)
class Notification:
    """One entry of a person's inbox; `read_at` is None until they marked it as read."""

    id: int
    case_reference: str | None
    subject: str
    text: str
    created_at: datetime
    read_at: datetime | None


@services.handler("notify")
def notify(context: ServiceContext, to: str, subject: str, text: str) -> dict[str, Any]:
    """Tell the people whom `to` names, a user id or a role's id, something about the case.

    Raises ServiceError if `to` is neither.
    """
    deliver(context, to, subject, text)
    return {}


def deliver(
    context: ServiceContext, to: str, subject: str, text: str, *, name_case: bool = True
) -> None:
    """Put a row in the inbox of each person addressed, and a mail on the outbox for each.

    Without `name_case` neither says which case it is about, for people who must not know.

    A user id means that person, a role every active user with it; a role that nobody holds yet
    keeps one row for whoever gets it. Mails say nothing but the case's reference: subject and text
    stay in the service, behind the sign-in. Raises ServiceError for an addressee who does not exist
    or has left.
    """
    if not to:
        raise ServiceError(
            f"“{subject}” has no addressee: nobody is named yet in {context.business_key}."
        )
    person = user(context.connection, to)
    if person is not None:
        if not person.active:
            raise ServiceError(f"{person.name} is no longer active and cannot be told “{subject}”.")
        addressed = [person]
    else:
        addressed = list_users(context.connection, role=to)
        if not addressed and not _is_role(context.connection, to):
            raise ServiceError(
                f"“{to}” is neither a user nor a role, so “{subject}” reached nobody."
            )
    known = None
    if name_case:
        known = context.connection.execute(
            select(cases.c.reference).where(cases.c.reference == context.business_key)
        ).scalar_one_or_none()
    row = {
        "case_reference": known,
        "subject": subject,
        "text": text,
        "created_at": context.now,
    }
    if not addressed:
        context.connection.execute(insert(notifications).values(role=to, **row))
    for recipient in addressed:
        role = None if person is not None else to
        context.connection.execute(
            insert(notifications).values(user_id=recipient.id, role=role, **row)
        )
        context.send(MAIL, _mail(recipient, context.business_key if name_case else ""))


def tell(context: ServiceContext, people: Iterable[str | None], subject: str, text: str) -> None:
    """As `deliver`, to each of the people once; nobody, and whoever has left, is passed over."""
    for user_id in dict.fromkeys(people):
        person = user(context.connection, user_id) if user_id else None
        if person is not None and person.active:
            deliver(context, person.id, subject, text)


def person_or_role(connection: Connection, user_id: str | None, role: str) -> str:
    """The person, or the role where nobody is named or the person has left."""
    person = user(connection, user_id) if user_id else None
    return person.id if person is not None and person.active else role


def report(
    connection: Connection, role: str, reference: str, subject: str, text: str, now: datetime
) -> None:
    """As `deliver` to everyone with the role, outside of any process (R14.1)."""
    row = {
        "role": role,
        "case_reference": reference,
        "subject": subject,
        "text": text,
        "created_at": now,
    }
    recipients = list_users(connection, role=role)
    if not recipients:
        connection.execute(insert(notifications).values(**row))
    running = connection.execute(
        select(instance.c.id)
        .where(instance.c.business_key == reference)
        .order_by(instance.c.id)
        .limit(1)
    ).scalar_one()
    for recipient in recipients:
        number = connection.execute(
            insert(notifications).values(user_id=recipient.id, **row).returning(notifications.c.id)
        ).scalar_one()
        connection.execute(
            insert(outbox).values(
                key=f"report-{number}",
                instance_id=running,
                kind=MAIL,
                payload=orjson.dumps(_mail(recipient, reference)),
                created_at=now,
                attempts=0,
                next_attempt_at=now,
            )
        )


def inbox(
    connection: Connection, reader: User, *, unread: bool = False, limit: int = 50
) -> list[Notification]:
    """The reader's notifications, newest first; only the unread ones if asked."""
    query = select(notifications).where(_addressed_to(reader))
    if unread:
        query = query.where(notifications.c.read_at.is_(None))
    rows = connection.execute(query.order_by(notifications.c.id.desc()).limit(limit))
    return [_notification(row) for row in rows]


def of_case(connection: Connection, reader: User, reference: str) -> list[Notification]:
    """What the reader was told about one case, newest first."""
    rows = connection.execute(
        select(notifications)
        .where(_addressed_to(reader), notifications.c.case_reference == reference)
        .order_by(notifications.c.id.desc())
    )
    return [_notification(row) for row in rows]


def unread_count(connection: Connection, reader: User) -> int:
    """How many notifications wait to be read."""
    return int(
        connection.execute(
            select(func.count())
            .select_from(notifications)
            .where(_addressed_to(reader), notifications.c.read_at.is_(None))
        ).scalar_one()
    )


def mark_read(connection: Connection, reader: User, notification_id: int, *, now: datetime) -> None:
    """Mark a notification of the reader's as read; raises NotFound if it is not theirs."""
    mine = and_(notifications.c.id == notification_id, _addressed_to(reader))
    if connection.execute(select(notifications.c.id).where(mine)).first() is None:
        raise NotFound("There is no such notification in your inbox.")
    connection.execute(
        update(notifications).where(mine, notifications.c.read_at.is_(None)).values(read_at=now)
    )


def _mail(recipient: User, reference: str) -> dict[str, str]:
    subject, about = "A message is waiting for you", ""
    if reference:
        subject, about = f"{reference}: a message is waiting for you", f" about case {reference}"
    text = f"There is a message for you{about}. Sign in to read it."
    return {"to": recipient.email, "subject": subject, "text": text, "case": reference}


def _addressed_to(reader: User) -> ColumnElement[bool]:
    return or_(
        notifications.c.user_id == reader.id,
        and_(notifications.c.user_id.is_(None), notifications.c.role.in_(sorted(reader.roles))),
    )


def _is_role(connection: Connection, name: str) -> bool:
    held = connection.execute(select(user_roles.c.role).where(user_roles.c.role == name)).first()
    return held is not None or label("role", name) != label("", name)


def _notification(row: Any) -> Notification:
    return Notification(
        id=row.id,
        case_reference=row.case_reference,
        subject=row.subject,
        text=row.text,
        created_at=row.created_at,
        read_at=row.read_at,
    )
