"""The row of an instance: what has to be known to move it, and the statements for it."""

from __future__ import annotations

import sqlalchemy as sa

from engine.models import instance, submission
from engine.statements import Statement

COLUMNS = (
    instance.c.id,
    instance.c.deployment_id,
    instance.c.process,
    instance.c.business_key,
    instance.c.parent_id,
    instance.c.parent_token,
    instance.c.status,
    instance.c.revision,
    instance.c.state,
    instance.c.variables,
    instance.c.head,
    instance.c.events,
    instance.c.task_due_at,
)
"""What has to be known of an instance to move it."""

INSERT = Statement(
    instance.insert().returning(instance.c.id),
    (
        "deployment_id",
        "model",
        "process",
        "business_key",
        "request_key",
        "parent_id",
        "parent_token",
        "parent_element",
        "status",
        "revision",
        "state",
        "variables",
        "head",
        "events",
        "started_at",
    ),
)
"""Begins an instance; gives its number."""
NAME = Statement(
    instance.update()
    .where(instance.c.id == sa.bindparam("number"))
    .values(business_key=sa.bindparam("business_key"))
)
"""Gives it a business key, which is made from its number."""
_ONE = sa.select(*COLUMNS).where(instance.c.id == sa.bindparam("number"))
READ = Statement(_ONE)
LOCK = Statement(_ONE.with_for_update(key_share=True))
"""Reads it, and keeps others from moving it until the transaction is over."""
SUBMIT = Statement(
    submission.insert().returning(submission.c.id),
    ("instance_id", "business_key", "element", "user_task_id", "at", "actor", "answers"),
)
"""Keeps what a person wrote; gives the number of the submission."""
MOVE = Statement(
    instance.update()
    .where(instance.c.id == sa.bindparam("number"), instance.c.revision == sa.bindparam("before"))
    .values(
        {
            name: sa.bindparam(name, type_=instance.c[name].type)
            for name in (
                "revision",
                "status",
                "state",
                "variables",
                "head",
                "events",
                "next_due_at",
                "task_due_at",
                "ended_at",
            )
        }
    )
)
"""Writes what it came to, unless it has been moved since it was read at the revision `before`."""
