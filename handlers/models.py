"""The tables of the case record: what a council keeps about a family, apart from where the process
stands.

The engine holds only what routing needs. Everything that a person reads on a case's page is here,
written by the service tasks in the transaction of the step. Accounts are named by id without a
foreign key, so that a record outlives the account of the person who made it.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from engine.models import NAMING, Moment

metadata = MetaData(naming_convention=NAMING)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _case() -> Column[str]:
    return Column(
        "case_reference", String(64), ForeignKey("case_file.reference"), nullable=False, index=True
    )


def _user(name: str, nullable: bool = True) -> Column[str]:
    return Column(name, String(64), nullable=nullable)


users = Table(
    "user_account",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("email", String(254), nullable=False),
    Column("organisation", String(200), nullable=False, server_default=""),
    Column("cluster", String(40)),
    Column("password_hash", String(200)),
    Column("active", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("email"),
    CheckConstraint("email = lower(email)", name="email_lower_case"),
)

user_roles = Table(
    "user_role",
    metadata,
    Column("user_id", String(64), ForeignKey("user_account.id"), primary_key=True),
    Column("role", String(64), primary_key=True),
    Index(None, "role"),
)

cases = Table(
    "case_file",
    metadata,
    Column("reference", String(64), primary_key=True),
    Column("model", String(100), nullable=False, server_default="caf"),
    Column("family_name", String(200), nullable=False),
    Column("address", Text, nullable=False, server_default=""),
    Column("postcode", String(10), nullable=False, server_default=""),
    Column("cluster", String(40)),
    Column("agency_kind", String(40)),
    Column("source", String(40)),
    Column("opened_at", Moment, nullable=False, index=True),
    Column("status", String(10), nullable=False, server_default="open"),
    Column("rating", String(20)),
    Column("rating_reason", Text),
    Column("tray", String(64)),
    Column("tray_reason", Text),
    _user("co_ordinator"),
    _user("lead_professional"),
    Column("key_reason", Text),
    Column("episode_opened_at", Moment),
    Column("locked_at", Moment),
    Column("closed_at", Moment),
    _user("closed_by"),
    Column("closure_kind", String(40)),
    Column("closure_reason", String(64)),
    CheckConstraint("status IN ('open', 'closed')", name="status_known"),
    CheckConstraint(
        "status = 'open' OR (closed_at IS NOT NULL AND closed_by IS NOT NULL "
        "AND closure_reason IS NOT NULL AND locked_at IS NOT NULL)",
        name="closed_with_reason",
    ),
    Index(None, "lead_professional"),
    Index(None, "co_ordinator"),
)

contacts = Table(
    "contact",
    metadata,
    _id(),
    _case(),
    Column("source", String(40), nullable=False),
    Column("reference", String(100), nullable=False),
    Column("received_on", Date, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("referrer_name", String(200), nullable=False),
    Column("referrer_agency", String(200), nullable=False),
    Column("referrer_agency_kind", String(40), nullable=False),
    Column("referrer_email", String(254)),
    Column("referrer_phone", String(40)),
    Column("concerns", Text, nullable=False),
    Column("consent_given", Boolean, nullable=False),
    Column("domestic_abuse", Boolean, nullable=False),
    Column("complexity", String(40), nullable=False),
    Column("immediate_risk", Boolean, nullable=False),
    Column("social_care_involvement", String(40), nullable=False),
    Column("raw", JSON, nullable=False),
    UniqueConstraint("source", "reference"),
)

people = Table(
    "person",
    metadata,
    _id(),
    _case(),
    Column("name", String(200), nullable=False),
    Column("date_of_birth", Date),
    Column("relationship", String(100), nullable=False),
    Column("is_child", Boolean, nullable=False),
    Column("school", String(200)),
)

involvements = Table(
    "involvement",
    metadata,
    Column("case_reference", String(64), ForeignKey("case_file.reference"), primary_key=True),
    Column("user_id", String(64), primary_key=True),
    Column("first_at", Moment, nullable=False),
    Index(None, "user_id"),
)

checks = Table(
    "basic_check",
    metadata,
    _id(),
    _case(),
    Column("form", String(100), nullable=False),
    Column("social_care_open", Boolean, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("recommendation", Text, nullable=False),
    _user("checked_by", nullable=False),
    Column("checked_at", Moment, nullable=False),
)

triages = Table(
    "triage",
    metadata,
    _id(),
    _case(),
    Column("triaged_at", Moment, nullable=False),
    Column("rating", String(20)),
    Column("rating_reason", Text),
    Column("rating_rules", JSON, nullable=False),
    Column("proposed_tray", String(64)),
    Column("tray_reason", Text),
    Column("tray_rules", JSON, nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("decided_tray", String(64)),
    Column("decision_reason", Text),
    _user("decided_by"),
    Column("decided_at", Moment),
    CheckConstraint(
        "decided_tray IS NULL OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)",
        name="decided_by_someone",
    ),
)

transfers = Table(
    "tray_transfer",
    metadata,
    _id(),
    _case(),
    Column("tray", String(64), nullable=False),
    Column("from_tray", String(64)),
    Column("transferred_at", Moment, nullable=False),
    _user("transferred_by", nullable=False),
)

recommendations = Table(
    "recommendation",
    metadata,
    _id(),
    _case(),
    Column("version", Integer, nullable=False),
    Column("offer", String(20), nullable=False),
    Column("threshold_reasons", Text, nullable=False),
    Column("offer_reasons", Text, nullable=False),
    _user("recommended_by", nullable=False),
    Column("recommended_at", Moment, nullable=False),
    _user("agreed_by"),
    Column("agreed_on", Date),
    Column("stepped_down_on", Date),
    Column("counts_from", String(20)),
    Column("first_meeting_by", Date),
    UniqueConstraint("case_reference", "version"),
    CheckConstraint("offer IN ('existing_caf', 'caf', 'early_help')", name="offer_known"),
    CheckConstraint("(agreed_by IS NULL) = (agreed_on IS NULL)", name="agreed_by_someone"),
)

consents = Table(
    "consent",
    metadata,
    _id(),
    _case(),
    Column("status", String(20), nullable=False),
    Column("how", String(20)),
    Column("given_on", Date),
    Column("statement", Text, nullable=False, server_default=""),
    _user("recorded_by", nullable=False),
    Column("recorded_at", Moment, nullable=False),
    CheckConstraint("status IN ('given', 'declined', 'withdrawn')", name="status_known"),
)

consent_givers = Table(
    "consent_giver",
    metadata,
    _id(),
    Column("consent_id", Integer, ForeignKey("consent.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("relationship", String(100), nullable=False, server_default=""),
    Column("is_child", Boolean, nullable=False, server_default=false()),
)

professional_accesses = Table(
    "professional_access",
    metadata,
    _id(),
    Column("consent_id", Integer, ForeignKey("consent.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("organisation", String(200), nullable=False, server_default=""),
    Column("email", String(254), nullable=False, server_default="", index=True),
    Column("access", String(20), nullable=False),
    CheckConstraint("access IN ('read', 'contribute')", name="access_known"),
)

assessments = Table(
    "assessment",
    metadata,
    _id(),
    _case(),
    Column("version", Integer, nullable=False),
    Column("element", String(100), nullable=False),
    Column("child_views", Text, nullable=False),
    Column("family_views", Text, nullable=False),
    Column("professional_views", Text, nullable=False),
    Column("content", JSON, nullable=False),
    Column("review_date", Date),
    Column("plan_is_smart", Boolean, nullable=False),
    Column("plan_problems", JSON, nullable=False),
    Column("status", String(20), nullable=False, server_default="submitted"),
    _user("author", nullable=False),
    Column("completed_at", Moment, nullable=False),
    UniqueConstraint("case_reference", "version"),
    CheckConstraint("status IN ('submitted', 'returned', 'authorised')", name="status_known"),
)

plans = Table(
    "plan",
    metadata,
    _id(),
    Column("case_reference", String(64), ForeignKey("case_file.reference"), nullable=False),
    Column("status", String(20), nullable=False, server_default="draft"),
    Column("review_date", Date),
    Column("agreed_by", Text, nullable=False, server_default=""),
    _user("finalised_by"),
    Column("finalised_at", Moment),
    UniqueConstraint("case_reference"),
    CheckConstraint("status IN ('draft', 'agreed')", name="status_known"),
)

plan_actions = Table(
    "plan_action",
    metadata,
    _id(),
    Column("plan_id", Integer, ForeignKey("plan.id"), nullable=False, index=True),
    Column("need", Text, nullable=False, server_default=""),
    Column("action", Text, nullable=False, server_default=""),
    Column("owner", Text, nullable=False, server_default=""),
    Column("outcome", Text, nullable=False, server_default=""),
    Column("measure", Text, nullable=False, server_default=""),
    Column("due_on", Date),
    Column("status", String(20), nullable=False, server_default="open"),
    Column("progress", Text, nullable=False, server_default=""),
    Column("added_in", String(100), nullable=False),
    _user("added_by", nullable=False),
    Column("added_at", Moment, nullable=False),
    Column("changed_at", Moment),
    CheckConstraint("status IN ('open', 'done', 'dropped')", name="status_known"),
)

tacs = Table(
    "tac",
    metadata,
    _id(),
    _case(),
    Column("number", Integer, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("scheduled_by", String(64), nullable=False),
    Column("scheduled_at", Moment, nullable=False),
    Column("held_on", Date),
    Column("attended", JSON, nullable=False),
    Column("child_voice", Text),
    Column("progress", Text),
    Column("actions_complete", Boolean),
    Column("recommendation", String(64)),
    Column("next_tac_on", Date),
    _user("recorded_by"),
    Column("recorded_at", Moment),
    Column("alerts", Integer, nullable=False, server_default="0"),
    Column("alerted_at", Moment),
    UniqueConstraint("case_reference", "number"),
)

quality_reviews = Table(
    "quality_review",
    metadata,
    _id(),
    _case(),
    Column("subject", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("criteria", JSON, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("reasons", Text, nullable=False, server_default=""),
    Column("next_step", String(64)),
    _user("author"),
    _user("reviewer", nullable=False),
    Column("reviewed_at", Moment, nullable=False),
    CheckConstraint("passed OR reasons <> ''", name="reasons_when_returned"),
)

closures = Table(
    "closure",
    metadata,
    _id(),
    Column("case_reference", String(64), ForeignKey("case_file.reference"), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("summary", Text, nullable=False, server_default=""),
    Column("advice_given", Text, nullable=False, server_default=""),
    _user("requested_by"),
    _user("overseen_by", nullable=False),
    Column("decision", String(20), nullable=False),
    Column("comment", Text, nullable=False, server_default=""),
    Column("decided_at", Moment, nullable=False),
    UniqueConstraint("case_reference"),
    CheckConstraint(
        "requested_by IS NULL OR requested_by <> overseen_by", name="overseen_by_another"
    ),
)

notes = Table(
    "case_note",
    metadata,
    _id(),
    _case(),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("urgent", Boolean, nullable=False, server_default=false()),
    _user("author", nullable=False),
    Column("written_at", Moment, nullable=False),
)

documents = Table(
    "document",
    metadata,
    _id(),
    _case(),
    Column("kind", String(20), nullable=False),
    Column("name", String(150), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("text", Text, nullable=False, server_default=""),
    Column("clause", String(40), nullable=False, server_default=""),
    Column("tray", String(64)),
    Column("read_at_task", String(200)),
    Column("released_to", String(64), index=True),
    _user("added_by", nullable=False),
    Column("added_at", Moment, nullable=False),
    CheckConstraint("kind IN ('referral', 'panel_pack', 'transfer', 'upload')", name="kind_known"),
)

notifications = Table(
    "notification",
    metadata,
    _id(),
    Column("user_id", String(64), index=True),
    Column("role", String(64), index=True),
    Column("case_reference", String(64), ForeignKey("case_file.reference"), index=True),
    Column("subject", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("read_at", Moment),
    CheckConstraint("user_id IS NOT NULL OR role IS NOT NULL", name="addressed"),
)

access_log = Table(
    "access_log",
    metadata,
    _id(),
    _user("user_id", nullable=False),
    Column("case_reference", String(64), ForeignKey("case_file.reference"), index=True),
    Column("looked_up", String(200)),
    Column("reason", Text, nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
    CheckConstraint("case_reference IS NOT NULL OR looked_up IS NOT NULL", name="something_seen"),
)
