"""Which model a case is of, and the recommendations with which cases come from CADS."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "handlers_0003"
down_revision = "handlers_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Cases so far are of the CAF Team's model."""
    op.add_column(
        "case_file",
        sa.Column("model", sa.String(length=100), server_default="caf", nullable=False),
    )
    op.create_table(
        "recommendation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("offer", sa.String(length=20), nullable=False),
        sa.Column("threshold_reasons", sa.Text(), nullable=False),
        sa.Column("offer_reasons", sa.Text(), nullable=False),
        sa.Column("recommended_by", sa.String(length=64), nullable=False),
        sa.Column("recommended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.String(length=64), nullable=True),
        sa.Column("agreed_on", sa.Date(), nullable=True),
        sa.Column("stepped_down_on", sa.Date(), nullable=True),
        sa.Column("counts_from", sa.String(length=20), nullable=True),
        sa.Column("first_meeting_by", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "offer IN ('existing_caf', 'caf', 'early_help')",
            name="ck_recommendation_offer_known",
        ),
        sa.CheckConstraint(
            "(agreed_by IS NULL) = (agreed_on IS NULL)",
            name="ck_recommendation_agreed_by_someone",
        ),
        sa.ForeignKeyConstraint(
            ["case_reference"],
            ["case_file.reference"],
            name="fk_recommendation_case_reference",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recommendation"),
        sa.UniqueConstraint(
            "case_reference", "version", name="uq_recommendation_case_reference_version"
        ),
    )
    op.create_index("ix_recommendation_case_reference", "recommendation", ["case_reference"])
