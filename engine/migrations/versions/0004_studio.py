"""Which version is live, and the drafts from which versions are made."""

import sqlalchemy as sa
from alembic import op

revision = "engine0004"
down_revision = "engine0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """So far the newest version of each model was the live one."""
    op.create_table(
        "activation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("deployment_id", KEY, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_activation_deployment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activation")),
    )
    op.create_index("ix_activation_model", "activation", ["model", "id"], unique=False)
    op.execute(
        'INSERT INTO activation (model, deployment_id, at, "by", reason) '
        "SELECT model, id, deployed_at, deployed_by, '' FROM deployment ORDER BY model, version"
    )
    op.create_table(
        "model_draft",
        sa.Column("id", KEY, nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("base_id", KEY, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("deployment_id", KEY, nullable=True),
        sa.CheckConstraint(
            "status in ('open', 'asked', 'published', 'discarded')",
            name=op.f("ck_model_draft_status"),
        ),
        sa.ForeignKeyConstraint(
            ["base_id"], ["deployment.id"], name=op.f("fk_model_draft_base_id")
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name=op.f("fk_model_draft_deployment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_draft")),
    )
    op.create_index("ix_model_draft_model", "model_draft", ["model", "status"], unique=False)
    op.create_table(
        "draft_file",
        sa.Column("draft_id", KEY, nullable=False),
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("aside", sa.Boolean(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["model_draft.id"], name=op.f("fk_draft_file_draft_id")
        ),
        sa.PrimaryKeyConstraint("draft_id", "path", "revision", name=op.f("pk_draft_file")),
    )
    op.create_table(
        "draft_event",
        sa.Column("draft_id", KEY, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["model_draft.id"], name=op.f("fk_draft_event_draft_id")
        ),
        sa.PrimaryKeyConstraint("draft_id", "seq", name=op.f("pk_draft_event")),
    )
