"""What happened in an instance: one row an event, each sealed with the hash of the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from engine.models import history, instance
from engine.statements import Rows

GENESIS = b"\x00" * 32

_EVENTS = Rows(history, ("seq", "event", "hash"), same=("instance_id", "at", "actor"))


class Chain:
    """The end of an instance's history, with the events that this transaction adds to it."""

    def __init__(
        self, instance_id: int, head: bytes, events: int, at: datetime, actor: str
    ) -> None:
        self.instance_id = instance_id
        self.head = head
        self.events = events
        self.at = at
        self.actor = actor
        self._sealed_at = _moment(at)
        self._rows: list[tuple[int, bytes, bytes]] = []

    def add(
        self,
        kind: str,
        element: str | None = None,
        name: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Append an event. `detail` holds JSON values only."""
        body: dict[str, Any] = {"kind": kind}
        if element is not None:
            body["element"], body["name"] = element, name
        if detail:
            body["detail"] = detail
        # Sorted keys, so that the hash does not depend on their order.
        event = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        self.events += 1
        self.head = _seal(
            self.head, self.instance_id, self.events, self._sealed_at, self.actor, event
        )
        self._rows.append((self.events, event, self.head))

    def write(self, connection: sa.Connection) -> None:
        same = {"instance_id": self.instance_id, "at": self.at, "actor": self.actor}
        _EVENTS.insert(connection, same, self._rows)
        self._rows = []


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _seal(head: bytes, instance_id: int, seq: int, at: str, actor: str, event: bytes) -> bytes:
    fields = orjson.dumps([instance_id, seq, at, actor])
    return hashlib.sha256(head + fields + b"\n" + event).digest()


def verify(connection: sa.Connection, instance_id: int) -> str | None:
    """Check an instance's whole chain against its head.

    Returns None if every entry is there and unchanged, else the first thing that is wrong.
    """
    head, seq = GENESIS, 0
    rows = connection.execute(
        sa.select(history).where(history.c.instance_id == instance_id).order_by(history.c.seq)
    )
    for row in rows:
        seq += 1
        if row.seq != seq:
            return f"entry {seq} of instance {instance_id} is missing"
        head = _seal(head, instance_id, seq, _moment(row.at), row.actor, row.event)
        if head != row.hash:
            return f"entry {seq} of instance {instance_id} was changed after it was written"
    kept = connection.execute(
        sa.select(instance.c.head, instance.c.events).where(instance.c.id == instance_id)
    ).one()
    if kept.events != seq or kept.head != head:
        return f"instance {instance_id} has lost its last entries: {kept.events} were written"
    return None
