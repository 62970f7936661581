"""Documents of a case, and the CAF Team as a role of its members."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "handlers_0002"
down_revision = "handlers_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of documents, and everyone of the CAF Team a CAF Team member."""
    op.create_table(
        "document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=150), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("clause", sa.String(length=40), server_default="", nullable=False),
        sa.Column("tray", sa.String(length=64), nullable=True),
        sa.Column("read_at_task", sa.String(length=200), nullable=True),
        sa.Column("released_to", sa.String(length=64), nullable=True),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('referral', 'panel_pack', 'transfer', 'upload')",
            name="ck_document_kind_known",
        ),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_document_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_document"),
    )
    op.create_index("ix_document_case_reference", "document", ["case_reference"], unique=False)
    op.create_index("ix_document_released_to", "document", ["released_to"], unique=False)
    op.execute(
        "INSERT INTO user_role (user_id, role) "
        "SELECT DISTINCT user_id, 'caf_team_member' FROM user_role WHERE role IN "
        "('caf_duty_manager', 'caf_co_ordinator', 'caf_social_worker', "
        "'safer_families_practitioner')"
    )
