"""Messages that leave the process: each at least once, always with the same idempotency key.

A message is claimed in one transaction, sent outside of any, and marked in another, so that no
lock is held while a slow server is waited for. To claim is to move its next attempt ahead: other
nodes pass it by meanwhile, and if this one dies while sending, the message falls due again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import orjson
import sqlalchemy as sa

from engine.database import transact
from engine.errors import ServiceError
from engine.faults import describe
from engine.limits import TookTooLong, within
from engine.models import outbox
from engine.runtime import Runtime
from engine.worklist import FARTHEST, RETRIES, next_attempt

log = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=10)
"""How long a claimed message is left to the node that claimed it: longer than sending takes."""
LONGEST_SENDING: Final = timedelta(minutes=5)
"""After this long a sender is broken off, whatever it waits for."""

Sender = Callable[[str, Mapping[str, Any]], None]
"""`sender(key, payload)` hands one message over, or raises.

The same message always comes with the same key, so that whoever receives it twice can tell. A
`ServiceError` is a failure whose words may be kept: they hold no personal data. Of any other
exception only the kind is kept.
"""


class Undeliverable(ServiceError):
    """The message was refused for good: sending it again as it is would be refused again."""


class Unreachable(ServiceError):
    """Nobody was there to take the message: no fault of it, and no attempt at sending it."""


def deliver(
    runtime: Runtime,
    senders: Mapping[str, Sender],
    limit: int = 100,
    longest: timedelta = LONGEST_SENDING,
) -> int:
    """Send messages that are due with the sender of their kind, at most `limit` of them.

    What fails, or takes longer than `longest`, is tried again at the times of
    `engine.worklist.RETRIES`; after that, or once it is refused for good, it stays in the outbox
    with its last error and no next attempt. Where nobody can be reached, the others are not tried
    now, and none is given up. Any number of nodes may do this at once. Returns how many messages
    came to somebody; 0 means that none is due, or nobody there.
    """
    tried = 0
    while tried < limit:
        message = transact(runtime.database, lambda connection: _claim(connection, runtime.clock()))
        if message is None or not _send(runtime, message, senders, longest):
            break
        tried += 1
    return tried


def _claim(connection: sa.Connection, now: datetime) -> Any:
    """The message that has been due for longest, kept from other nodes for a while."""
    message = _first(connection, outbox.c.next_attempt_at <= now)
    if message is None:
        # So far ahead nothing is put off: the clock was wrong when this one was.
        message = _first(connection, outbox.c.next_attempt_at > now + FARTHEST)
    if message is not None:
        # A message that brings down whoever sends it must not do so every ten minutes for ever.
        delay = RETRIES[min(message.attempts, len(RETRIES) - 1)]
        connection.execute(
            outbox.update()
            .where(outbox.c.id == message.id)
            .values(attempts=outbox.c.attempts + 1, next_attempt_at=now + max(LEASE, delay))
        )
    return message


def _first(connection: sa.Connection, due: sa.ColumnElement[bool]) -> Any:
    return connection.execute(
        sa.select(outbox.c.id, outbox.c.key, outbox.c.kind, outbox.c.payload, outbox.c.attempts)
        .where(outbox.c.sent_at.is_(None), due)
        .order_by(outbox.c.next_attempt_at, outbox.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()


def _send(
    runtime: Runtime, message: Any, senders: Mapping[str, Sender], longest: timedelta
) -> bool:
    """Try to send a message that was claimed. False if nobody was there to take it."""
    sender = senders.get(message.kind)
    try:
        if sender is None:
            raise ServiceError(
                f"This service cannot send messages of the kind “{message.kind}”. It sends: "
                f"{', '.join(sorted(senders)) or 'nothing'}."
            )
        call = partial(sender, message.key, orjson.loads(message.payload))
        within(longest.total_seconds(), call)
    except Unreachable as error:
        _note_failure(runtime, message, error.message, counts=False)
        return False
    except TookTooLong:
        words = f"It was not sent within {longest.total_seconds():g} seconds and broken off."
        _note_failure(runtime, message, words)
    except ServiceError as error:
        _note_failure(runtime, message, error.message, final=isinstance(error, Undeliverable))
    except Exception as error:
        log.error("sending message %s failed: %s", message.key, describe(error))
        words = f"It could not be sent because of a fault in the service ({type(error).__name__})."
        _note_failure(runtime, message, words)
    else:
        sent = outbox.update().where(outbox.c.id == message.id, outbox.c.sent_at.is_(None))
        sent = sent.values(sent_at=runtime.clock(), next_attempt_at=None, last_error=None)
        transact(runtime.database, lambda connection: connection.execute(sent))
    return True


def _note_failure(
    runtime: Runtime, message: Any, words: str, final: bool = False, counts: bool = True
) -> None:
    now = runtime.clock()
    attempts = message.attempts + 1
    again = None if final else next_attempt(attempts if counts else 1, now)
    failed = (
        outbox.update()
        # Whoever took the message over when this attempt was given up for lost knows better.
        .where(outbox.c.id == message.id, outbox.c.attempts == attempts)
        .values(
            last_error=words,
            next_attempt_at=again,
            attempts=attempts if counts else message.attempts,
        )
    )
    transact(runtime.database, lambda connection: connection.execute(failed))
    log.warning(
        "message %s was not sent at attempt %s, %s: %s",
        message.key,
        attempts,
        f"next at {again:%Y-%m-%d %H:%M} UTC" if again else "and will not be tried again",
        words,
    )
