"""When the first open task of an instance is due, so that the late ones are found at once,
and an index by which the tasks open at one element are found."""

import sqlalchemy as sa
from alembic import op

revision = "engine0005"
down_revision = "engine0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("instance", sa.Column("task_due_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE instance SET task_due_at = (SELECT min(user_task.due_at) FROM user_task "
        "WHERE user_task.instance_id = instance.id AND user_task.status = 'open') "
        "WHERE status = 'active'"
    )
    op.create_index(
        "ix_instance_active_task_due_at",
        "instance",
        ["task_due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'active'"),
        sqlite_where=sa.text("status = 'active'"),
    )
    op.create_index(
        "ix_user_task_open_element",
        "user_task",
        ["process", "element"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
        sqlite_where=sa.text("status = 'open'"),
    )


def downgrade() -> None:
    op.drop_index("ix_user_task_open_element", "user_task")
    op.drop_index("ix_instance_active_task_due_at", "instance")
    op.drop_column("instance", "task_due_at")
