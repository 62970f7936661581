"""The tables of the case record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "handlers_0001"
down_revision = None
branch_labels = ("handlers",)
depends_on = None


def upgrade() -> None:
    """Make the accounts and every table that belongs to a case."""
    op.create_table(
        "case_file",
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("family_name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("postcode", sa.String(length=10), server_default="", nullable=False),
        sa.Column("cluster", sa.String(length=40), nullable=True),
        sa.Column("agency_kind", sa.String(length=40), nullable=True),
        sa.Column("source", sa.String(length=40), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=10), server_default="open", nullable=False),
        sa.Column("rating", sa.String(length=20), nullable=True),
        sa.Column("rating_reason", sa.Text(), nullable=True),
        sa.Column("tray", sa.String(length=64), nullable=True),
        sa.Column("tray_reason", sa.Text(), nullable=True),
        sa.Column("co_ordinator", sa.String(length=64), nullable=True),
        sa.Column("lead_professional", sa.String(length=64), nullable=True),
        sa.Column("key_reason", sa.Text(), nullable=True),
        sa.Column("episode_opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("closure_kind", sa.String(length=40), nullable=True),
        sa.Column("closure_reason", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "status = 'open' OR (closed_at IS NOT NULL AND closed_by IS NOT NULL "
            "AND closure_reason IS NOT NULL AND locked_at IS NOT NULL)",
            name="ck_case_file_closed_with_reason",
        ),
        sa.CheckConstraint("status IN ('open', 'closed')", name="ck_case_file_status_known"),
        sa.PrimaryKeyConstraint("reference", name="pk_case_file"),
    )
    op.create_index("ix_case_file_co_ordinator", "case_file", ["co_ordinator"], unique=False)
    op.create_index(
        "ix_case_file_lead_professional", "case_file", ["lead_professional"], unique=False
    )
    op.create_index("ix_case_file_opened_at", "case_file", ["opened_at"], unique=False)
    op.create_table(
        "user_account",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("organisation", sa.String(length=200), server_default="", nullable=False),
        sa.Column("cluster", sa.String(length=40), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.CheckConstraint("email = lower(email)", name="ck_user_account_email_lower_case"),
        sa.PrimaryKeyConstraint("id", name="pk_user_account"),
        sa.UniqueConstraint("email", name="uq_user_account_email"),
    )
    op.create_table(
        "access_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=True),
        sa.Column("looked_up", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "case_reference IS NOT NULL OR looked_up IS NOT NULL",
            name="ck_access_log_something_seen",
        ),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_access_log_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_access_log"),
    )
    op.create_index("ix_access_log_case_reference", "access_log", ["case_reference"], unique=False)
    op.create_table(
        "assessment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("element", sa.String(length=100), nullable=False),
        sa.Column("child_views", sa.Text(), nullable=False),
        sa.Column("family_views", sa.Text(), nullable=False),
        sa.Column("professional_views", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("review_date", sa.Date(), nullable=True),
        sa.Column("plan_is_smart", sa.Boolean(), nullable=False),
        sa.Column("plan_problems", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="submitted", nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('submitted', 'returned', 'authorised')", name="ck_assessment_status_known"
        ),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_assessment_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_assessment"),
        sa.UniqueConstraint(
            "case_reference", "version", name="uq_assessment_case_reference_version"
        ),
    )
    op.create_index("ix_assessment_case_reference", "assessment", ["case_reference"], unique=False)
    op.create_table(
        "basic_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("form", sa.String(length=100), nullable=False),
        sa.Column("social_care_open", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("recommendation", sa.Text(), nullable=False),
        sa.Column("checked_by", sa.String(length=64), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_basic_check_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_basic_check"),
    )
    op.create_index(
        "ix_basic_check_case_reference", "basic_check", ["case_reference"], unique=False
    )
    op.create_table(
        "case_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("urgent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_case_note_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_case_note"),
    )
    op.create_index("ix_case_note_case_reference", "case_note", ["case_reference"], unique=False)
    op.create_table(
        "closure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("advice_given", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_by", sa.String(length=64), nullable=True),
        sa.Column("overseen_by", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "requested_by IS NULL OR requested_by <> overseen_by",
            name="ck_closure_overseen_by_another",
        ),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_closure_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_closure"),
        sa.UniqueConstraint("case_reference", name="uq_closure_case_reference"),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=True),
        sa.Column("given_on", sa.Date(), nullable=True),
        sa.Column("statement", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('given', 'declined', 'withdrawn')", name="ck_consent_status_known"
        ),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_consent_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_case_reference", "consent", ["case_reference"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("referrer_name", sa.String(length=200), nullable=False),
        sa.Column("referrer_agency", sa.String(length=200), nullable=False),
        sa.Column("referrer_agency_kind", sa.String(length=40), nullable=False),
        sa.Column("referrer_email", sa.String(length=254), nullable=True),
        sa.Column("referrer_phone", sa.String(length=40), nullable=True),
        sa.Column("concerns", sa.Text(), nullable=False),
        sa.Column("consent_given", sa.Boolean(), nullable=False),
        sa.Column("domestic_abuse", sa.Boolean(), nullable=False),
        sa.Column("complexity", sa.String(length=40), nullable=False),
        sa.Column("immediate_risk", sa.Boolean(), nullable=False),
        sa.Column("social_care_involvement", sa.String(length=40), nullable=False),
        sa.Column("raw", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_contact_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
        sa.UniqueConstraint("source", "reference", name="uq_contact_source_reference"),
    )
    op.create_index("ix_contact_case_reference", "contact", ["case_reference"], unique=False)
    op.create_table(
        "involvement",
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_involvement_case_reference"
        ),
        sa.PrimaryKeyConstraint("case_reference", "user_id", name="pk_involvement"),
    )
    op.create_index("ix_involvement_user_id", "involvement", ["user_id"], unique=False)
    op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=True),
        sa.Column("role", sa.String(length=64), nullable=True),
        sa.Column("case_reference", sa.String(length=64), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "user_id IS NOT NULL OR role IS NOT NULL", name="ck_notification_addressed"
        ),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_notification_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
    )
    op.create_index(
        "ix_notification_case_reference", "notification", ["case_reference"], unique=False
    )
    op.create_index("ix_notification_role", "notification", ["role"], unique=False)
    op.create_index("ix_notification_user_id", "notification", ["user_id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("relationship", sa.String(length=100), nullable=False),
        sa.Column("is_child", sa.Boolean(), nullable=False),
        sa.Column("school", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_person_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
    )
    op.create_index("ix_person_case_reference", "person", ["case_reference"], unique=False)
    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="draft", nullable=False),
        sa.Column("review_date", sa.Date(), nullable=True),
        sa.Column("agreed_by", sa.Text(), server_default="", nullable=False),
        sa.Column("finalised_by", sa.String(length=64), nullable=True),
        sa.Column("finalised_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('draft', 'agreed')", name="ck_plan_status_known"),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_plan_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_plan"),
        sa.UniqueConstraint("case_reference", name="uq_plan_case_reference"),
    )
    op.create_table(
        "quality_review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("reasons", sa.Text(), server_default="", nullable=False),
        sa.Column("next_step", sa.String(length=64), nullable=True),
        sa.Column("author", sa.String(length=64), nullable=True),
        sa.Column("reviewer", sa.String(length=64), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "passed OR reasons <> ''", name="ck_quality_review_reasons_when_returned"
        ),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_quality_review_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_quality_review"),
    )
    op.create_index(
        "ix_quality_review_case_reference", "quality_review", ["case_reference"], unique=False
    )
    op.create_table(
        "tac",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("scheduled_by", sa.String(length=64), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("attended", sa.JSON(), nullable=False),
        sa.Column("child_voice", sa.Text(), nullable=True),
        sa.Column("progress", sa.Text(), nullable=True),
        sa.Column("actions_complete", sa.Boolean(), nullable=True),
        sa.Column("recommendation", sa.String(length=64), nullable=True),
        sa.Column("next_tac_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.String(length=64), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alerts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("alerted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_tac_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tac"),
        sa.UniqueConstraint("case_reference", "number", name="uq_tac_case_reference_number"),
    )
    op.create_index("ix_tac_case_reference", "tac", ["case_reference"], unique=False)
    op.create_table(
        "tray_transfer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("tray", sa.String(length=64), nullable=False),
        sa.Column("from_tray", sa.String(length=64), nullable=True),
        sa.Column("transferred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transferred_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_tray_transfer_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tray_transfer"),
    )
    op.create_index(
        "ix_tray_transfer_case_reference", "tray_transfer", ["case_reference"], unique=False
    )
    op.create_table(
        "triage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_reference", sa.String(length=64), nullable=False),
        sa.Column("triaged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rating", sa.String(length=20), nullable=True),
        sa.Column("rating_reason", sa.Text(), nullable=True),
        sa.Column("rating_rules", sa.JSON(), nullable=False),
        sa.Column("proposed_tray", sa.String(length=64), nullable=True),
        sa.Column("tray_reason", sa.Text(), nullable=True),
        sa.Column("tray_rules", sa.JSON(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("decided_tray", sa.String(length=64), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "decided_tray IS NULL OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name="ck_triage_decided_by_someone",
        ),
        sa.ForeignKeyConstraint(
            ["case_reference"], ["case_file.reference"], name="fk_triage_case_reference"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_triage"),
    )
    op.create_index("ix_triage_case_reference", "triage", ["case_reference"], unique=False)
    op.create_table(
        "user_role",
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name="fk_user_role_user_id"),
        sa.PrimaryKeyConstraint("user_id", "role", name="pk_user_role"),
    )
    op.create_index("ix_user_role_role", "user_role", ["role"], unique=False)
    op.create_table(
        "consent_giver",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("consent_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("relationship", sa.String(length=100), server_default="", nullable=False),
        sa.Column("is_child", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name="fk_consent_giver_consent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consent_giver"),
    )
    op.create_index("ix_consent_giver_consent_id", "consent_giver", ["consent_id"], unique=False)
    op.create_table(
        "plan_action",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("need", sa.Text(), server_default="", nullable=False),
        sa.Column("action", sa.Text(), server_default="", nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("measure", sa.Text(), server_default="", nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=20), server_default="open", nullable=False),
        sa.Column("progress", sa.Text(), server_default="", nullable=False),
        sa.Column("added_in", sa.String(length=100), nullable=False),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'done', 'dropped')", name="ck_plan_action_status_known"
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_plan_action_plan_id"),
        sa.PrimaryKeyConstraint("id", name="pk_plan_action"),
    )
    op.create_index("ix_plan_action_plan_id", "plan_action", ["plan_id"], unique=False)
    op.create_table(
        "professional_access",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("consent_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("organisation", sa.String(length=200), server_default="", nullable=False),
        sa.Column("email", sa.String(length=254), server_default="", nullable=False),
        sa.Column("access", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "access IN ('read', 'contribute')", name="ck_professional_access_access_known"
        ),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consent.id"], name="fk_professional_access_consent_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_professional_access"),
    )
    op.create_index(
        "ix_professional_access_consent_id", "professional_access", ["consent_id"], unique=False
    )
    op.create_index("ix_professional_access_email", "professional_access", ["email"], unique=False)
