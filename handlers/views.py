"""What a case's page shows, as plain data: every record of a case in words, newest first where it
matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True)
class ContactView:
    """A contact as it came: who sent it, and what they said."""

    source: str
    reference: str
    received_on: date
    referrer_name: str
    referrer_agency: str
    referrer_agency_kind: str
    referrer_email: str | None
    referrer_phone: str | None
    concerns: str
    consent_given: bool
    domestic_abuse: bool
    complexity: str
    immediate_risk: bool
    social_care_involvement: str


@dataclass(frozen=True)
class Person:
    """Someone of the family."""

    name: str
    date_of_birth: date | None
    relationship: str
    is_child: bool
    school: str | None


@dataclass(frozen=True)
class Check:
    """The outcome of the MASH checks."""

    form: str
    social_care_open: bool
    outcome: str
    recommendation: str
    checked_by: str
    checked_at: datetime


@dataclass(frozen=True)
class Triage:
    """Rating and proposed tray, the rules that gave them in words, and the manager's decision."""

    triaged_at: datetime
    rating: str | None
    rating_reason: str | None
    rating_rules: tuple[str, ...]
    proposed_tray: str | None
    tray_reason: str | None
    tray_rules: tuple[str, ...]
    inputs: Mapping[str, Mapping[str, object]]
    decided_tray: str | None
    decision_reason: str | None
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True)
class Recommendation:
    """A social worker's recommendation after a CADS assessment, and what the team manager made of
    it: `agreed_on` is its date. The first family planning meeting is wanted by `first_meeting_by`,
    counted from the recommendation or from the step down, as `counts_from` says (G1, G2, G12).
    """

    version: int
    offer: str
    threshold_reasons: str
    offer_reasons: str
    recommended_by: str
    recommended_at: datetime
    agreed_by: str | None
    agreed_on: date | None
    stepped_down_on: date | None
    counts_from: str | None
    first_meeting_by: date | None


@dataclass(frozen=True)
class Transfer:
    """A move from one work tray to another."""

    tray: str
    from_tray: str | None
    transferred_by: str
    transferred_at: datetime


@dataclass(frozen=True)
class Giver:
    """Someone of the family who gave consent."""

    name: str
    relationship: str
    is_child: bool


@dataclass(frozen=True)
class Professional:
    """A professional to whom the family's consent opens the file."""

    name: str
    organisation: str
    email: str
    access: str


@dataclass(frozen=True)
class Consent:
    """One record of consent; `gaps` says in words what it leaves open."""

    status: str
    how: str | None
    given_on: date | None
    statement: str
    recorded_by: str
    recorded_at: datetime
    givers: tuple[Giver, ...]
    professionals: tuple[Professional, ...]

    @property
    def gaps(self) -> tuple[str, ...]:
        """What a consent that was given still has to say (1N)."""
        if self.status != "given":
            return ()
        gaps = []
        if not self.givers:
            gaps.append("Nobody of the family is named as giving consent.")
        if self.how is None:
            gaps.append("It is not recorded whether consent was given verbally or in writing.")
        if self.given_on is None:
            gaps.append("The date of the consent is missing.")
        gaps += [
            f"{person.name} has no e-mail address, so the access cannot be used."
            for person in self.professionals
            if not person.email
        ]
        return tuple(gaps)


@dataclass(frozen=True)
class Assessment:
    """One version of the CAF assessment: views, and in `content` what the form asked beside them
    (strengths, needs); `status` is submitted, returned or authorised.
    """

    version: int
    element: str
    child_views: str
    family_views: str
    professional_views: str
    content: Mapping[str, object]
    review_date: date | None
    plan_is_smart: bool
    plan_problems: tuple[str, ...]
    status: str
    author: str
    completed_at: datetime


@dataclass(frozen=True)
class PlanAction:
    """One action of the plan; `gaps` says in words what it lacks to be SMART (R1.2)."""

    id: int
    need: str
    action: str
    owner: str
    outcome: str
    measure: str
    due_on: date | None
    status: str
    progress: str
    added_by: str
    added_at: datetime
    gaps: tuple[str, ...]

    @property
    def smart(self) -> bool:
        """Whether the action has owner, outcome, measure and date."""
        return not self.gaps

    def late(self, today: date) -> bool:
        """Whether the action is open past its date."""
        return self.status == "open" and self.due_on is not None and self.due_on < today


@dataclass(frozen=True)
class Plan:
    """The plan; `status` is draft or agreed, `problems` why it is not SMART."""

    status: str
    review_date: date | None
    agreed_by: str
    finalised_by: str | None
    finalised_at: datetime | None
    actions: tuple[PlanAction, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Tac:
    """A Team Around the Child meeting, agreed or held."""

    number: int
    due_on: date
    held_on: date | None
    attended: tuple[Mapping[str, str], ...]
    child_voice: str | None
    progress: str | None
    actions_complete: bool | None
    recommendation: str | None
    next_tac_on: date | None
    recorded_by: str | None
    recorded_at: datetime | None
    alerts: int


@dataclass(frozen=True)
class QualityReview:
    """A verdict of quality assurance; `criteria` maps each criterion in words to whether it is
    met.
    """

    kind: str
    subject: str
    criteria: Mapping[str, bool]
    passed: bool
    reasons: str
    next_step: str | None
    reviewer: str
    reviewed_at: datetime


@dataclass(frozen=True)
class Closure:
    """How the case was closed, who asked and who oversaw it."""

    kind: str
    reason: str
    summary: str
    advice_given: str
    requested_by: str | None
    overseen_by: str
    comment: str
    decided_at: datetime


@dataclass(frozen=True)
class Note:
    """A case note; `kind` is note, concern, outcome, alert or disagreement."""

    id: int
    kind: str
    text: str
    urgent: bool
    author: str
    written_at: datetime


@dataclass(frozen=True)
class Case:
    """Everything recorded about one case; people who act are given by name, codes as codes."""

    reference: str
    model: str
    family_name: str
    address: str
    postcode: str
    cluster: str | None
    agency_kind: str | None
    source: str | None
    opened_at: datetime
    status: str
    rating: str | None
    rating_reason: str | None
    tray: str | None
    tray_reason: str | None
    co_ordinator: str | None
    co_ordinator_name: str | None
    lead_professional: str | None
    lead_professional_name: str | None
    key_reason: str | None
    episode_opened_at: datetime | None
    locked_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    closure_kind: str | None
    closure_reason: str | None
    contacts: tuple[ContactView, ...] = ()
    people: tuple[Person, ...] = ()
    checks: tuple[Check, ...] = ()
    triage: Triage | None = None
    recommendations: tuple[Recommendation, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    consents: tuple[Consent, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    plan: Plan | None = None
    tacs: tuple[Tac, ...] = ()
    reviews: tuple[QualityReview, ...] = ()
    closure: Closure | None = None
    notes: tuple[Note, ...] = ()

    @property
    def locked(self) -> bool:
        """Whether nothing more can be written to the file."""
        return self.locked_at is not None

    @property
    def children(self) -> tuple[Person, ...]:
        """The family's children."""
        return tuple(person for person in self.people if person.is_child)


@dataclass(frozen=True)
class CaseRow:
    """One case in a list."""

    reference: str
    model: str
    family_name: str
    status: str
    rating: str | None
    tray: str | None
    cluster: str | None
    co_ordinator: str | None
    lead_professional: str | None
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True)
class Found:
    """One page of a list of cases."""

    rows: tuple[CaseRow, ...] = field(default=())
    total: int = 0
    page: int = 1
    pages: int = 1
