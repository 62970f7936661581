"""The engine's tables, as SQLAlchemy Core describes them."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """An aware moment in UTC, on SQLite as well."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Any) -> Any:
        process = super().bind_processor(dialect)
        # The moment of a step is written into each of its rows.
        return process and lru_cache(maxsize=100)(process)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Packed(TypeDecorator[bytes]):
    """Bytes that are kept small: a drawing is text, and every save of it stays."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Any) -> bytes | None:
        return None if value is None else zlib.compress(value)

    def process_result_value(self, value: bytes | None, dialect: Any) -> bytes | None:
        return None if value is None else zlib.decompress(value)


LONGEST_ID = 200
LONGEST_NAME = 300
LONGEST_ACTOR = 200
"""What the columns for ids of a diagram, names of elements and ids of people hold."""

metadata = sa.MetaData(naming_convention=NAMING)

# SQLite gives out row ids for INTEGER primary keys only.
_Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

deployment = sa.Table(
    "deployment",
    metadata,
    sa.Column("id", _Key, primary_key=True),
    sa.Column("model", sa.String(100), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("deployed_at", Moment, nullable=False),
    sa.Column("deployed_by", sa.String(200), nullable=False),
    sa.UniqueConstraint("model", "version"),
)

resource = sa.Table(
    "resource",
    metadata,
    sa.Column("deployment_id", sa.ForeignKey("deployment.id"), primary_key=True),
    sa.Column("path", sa.String(300), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

activation = sa.Table(
    "activation",
    metadata,
    sa.Column("id", _Key, primary_key=True),
    sa.Column("model", sa.String(100), nullable=False),
    sa.Column("deployment_id", sa.ForeignKey("deployment.id"), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
sa.Index("ix_activation_model", activation.c.model, activation.c.id)

model_draft = sa.Table(
    "model_draft",
    metadata,
    sa.Column("id", _Key, primary_key=True),
    sa.Column("model", sa.String(100), nullable=False),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("base_id", sa.ForeignKey("deployment.id"), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("changes", sa.Integer, nullable=False),
    sa.Column("deployment_id", sa.ForeignKey("deployment.id"), nullable=True),
    sa.CheckConstraint("status in ('open', 'asked', 'published', 'discarded')", name="status"),
)
sa.Index("ix_model_draft_model", model_draft.c.model, model_draft.c.status)

draft_file = sa.Table(
    "draft_file",
    metadata,
    sa.Column("draft_id", sa.ForeignKey("model_draft.id"), primary_key=True),
    sa.Column("path", sa.String(300), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("content", Packed, nullable=True),
    sa.Column("aside", sa.Boolean, nullable=False),
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("saved_at", Moment, nullable=False),
)

draft_event = sa.Table(
    "draft_event",
    metadata,
    sa.Column("draft_id", sa.ForeignKey("model_draft.id"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=True),
)

instance = sa.Table(
    "instance",
    metadata,
    sa.Column("id", _Key, primary_key=True),
    sa.Column("deployment_id", sa.ForeignKey("deployment.id"), nullable=False),
    sa.Column("model", sa.String(100), nullable=False),
    sa.Column("process", sa.String(200), nullable=False),
    sa.Column("business_key", sa.String(200), nullable=False),
    sa.Column("request_key", sa.String(300), nullable=True, unique=True),
    sa.Column("parent_id", sa.ForeignKey("instance.id"), nullable=True),
    sa.Column("parent_token", sa.Integer, nullable=True),
    sa.Column("parent_element", sa.String(200), nullable=True),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("state", sa.LargeBinary, nullable=False),
    sa.Column("variables", sa.LargeBinary, nullable=False),
    sa.Column("head", sa.LargeBinary(32), nullable=False),
    sa.Column("events", sa.Integer, nullable=False),
    sa.Column("next_due_at", Moment, nullable=True),
    sa.Column("task_due_at", Moment, nullable=True),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("ended_at", Moment, nullable=True),
    sa.CheckConstraint("status in ('active', 'completed', 'cancelled')", name="status"),
)
sa.Index("ix_instance_business_key", instance.c.business_key)
sa.Index(
    "ix_instance_parent_id",
    instance.c.parent_id,
    postgresql_where=instance.c.parent_id.is_not(None),
    sqlite_where=instance.c.parent_id.is_not(None),
)
sa.Index(
    "ix_instance_next_due_at",
    instance.c.next_due_at,
    postgresql_where=instance.c.next_due_at.is_not(None),
    sqlite_where=instance.c.next_due_at.is_not(None),
)
_active = sa.text("status = 'active'")
sa.Index(
    "ix_instance_active_task_due_at",
    instance.c.task_due_at,
    instance.c.id,
    postgresql_where=_active,
    sqlite_where=_active,
)

user_task = sa.Table(
    "user_task",
    metadata,
    sa.Column("id", _Key, primary_key=True),
    sa.Column("instance_id", sa.ForeignKey("instance.id"), nullable=False),
    sa.Column("token", sa.Integer, nullable=False),
    sa.Column("business_key", sa.String(200), nullable=False),
    sa.Column("model", sa.String(100), nullable=False),
    sa.Column("process", sa.String(200), nullable=False),
    sa.Column("element", sa.String(200), nullable=False),
    sa.Column("name", sa.String(300), nullable=False),
    sa.Column("role", sa.String(100), nullable=False),
    sa.Column("tray", sa.String(100), nullable=True),
    sa.Column("assignee", sa.String(200), nullable=True),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("due_at", Moment, nullable=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("closed_at", Moment, nullable=True),
    sa.Column("closed_by", sa.String(200), nullable=True),
    sa.UniqueConstraint("instance_id", "token"),
    sa.CheckConstraint("status in ('open', 'completed', 'withdrawn')", name="status"),
)
# Indexes hold the status as well: SQLite reads it again, and would have to look at the row for it.
_open = sa.text("status = 'open'")
_of_somebody = sa.text("status = 'open' AND assignee IS NOT NULL")
_unclaimed = sa.text("status = 'open' AND tray IS NULL AND assignee IS NULL")
sa.Index(
    "ix_user_task_open_tray",
    user_task.c.role,
    user_task.c.tray,
    user_task.c.due_at,
    user_task.c.id,
    user_task.c.status,
    postgresql_where=_open,
    sqlite_where=_open,
)
sa.Index(
    "ix_user_task_open_assignee",
    user_task.c.assignee,
    user_task.c.due_at,
    user_task.c.id,
    user_task.c.role,
    user_task.c.status,
    postgresql_where=_of_somebody,
    sqlite_where=_of_somebody,
)
sa.Index(
    "ix_user_task_open_unclaimed",
    user_task.c.role,
    user_task.c.due_at,
    user_task.c.id,
    postgresql_where=_unclaimed,
    sqlite_where=_unclaimed,
)
sa.Index(
    "ix_user_task_open_element",
    user_task.c.process,
    user_task.c.element,
    postgresql_where=_open,
    sqlite_where=_open,
)
sa.Index("ix_user_task_business_key", user_task.c.business_key)

draft = sa.Table(
    "draft",
    metadata,
    sa.Column("user_task_id", sa.ForeignKey("user_task.id"), primary_key=True),
    sa.Column("answers", sa.LargeBinary, nullable=False),
    sa.Column("saved_at", Moment, nullable=False),
    sa.Column("saved_by", sa.String(200), nullable=False),
)

submission = sa.Table(
    "submission",
    metadata,
    sa.Column("id", _Key, primary_key=True),
    sa.Column("instance_id", sa.ForeignKey("instance.id"), nullable=False),
    sa.Column("business_key", sa.String(200), nullable=False),
    sa.Column("element", sa.String(200), nullable=False),
    sa.Column("user_task_id", sa.ForeignKey("user_task.id"), nullable=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("answers", sa.LargeBinary, nullable=False),
)
sa.Index("ix_submission_latest", submission.c.business_key, submission.c.element, submission.c.id)

evaluation = sa.Table(
    "evaluation",
    metadata,
    sa.Column("id", _Key, primary_key=True),
    sa.Column("instance_id", sa.ForeignKey("instance.id"), nullable=False),
    sa.Column("business_key", sa.String(200), nullable=False),
    sa.Column("decision", sa.String(200), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("result", sa.LargeBinary, nullable=False),
)
sa.Index("ix_evaluation_latest", evaluation.c.business_key, evaluation.c.decision, evaluation.c.id)

history = sa.Table(
    "history",
    metadata,
    sa.Column("instance_id", sa.ForeignKey("instance.id"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("event", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
)

incident = sa.Table(
    "incident",
    metadata,
    sa.Column("id", _Key, primary_key=True),
    sa.Column("instance_id", sa.ForeignKey("instance.id"), nullable=False),
    sa.Column("token", sa.Integer, nullable=False),
    sa.Column("business_key", sa.String(200), nullable=False),
    sa.Column("element", sa.String(200), nullable=False),
    sa.Column("name", sa.String(300), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_retry_at", Moment, nullable=True),
    sa.Column("closed_at", Moment, nullable=True),
    sa.UniqueConstraint("instance_id", "token"),
)
sa.Index(
    "ix_incident_next_retry_at",
    incident.c.next_retry_at,
    postgresql_where=incident.c.closed_at.is_(None),
    sqlite_where=incident.c.closed_at.is_(None),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", _Key, primary_key=True),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("instance_id", sa.ForeignKey("instance.id"), nullable=False),
    sa.Column("kind", sa.String(50), nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", Moment, nullable=True),
    sa.Column("sent_at", Moment, nullable=True),
    sa.Column("last_error", sa.Text, nullable=True),
)
_unsent = outbox.c.sent_at.is_(None)
sa.Index(
    "ix_outbox_next_attempt_at",
    outbox.c.next_attempt_at,
    postgresql_where=_unsent,
    sqlite_where=_unsent,
)
