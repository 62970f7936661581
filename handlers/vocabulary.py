"""Words for the codes that the case record keeps, and dates in words.

Codes stay in the tables so that a council may reword a label without touching a record. A code
without a label here (another council's tray, say) is shown as its own words.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

LONDON: Final = ZoneInfo("Europe/London")

CONTACT_CLOSURE_REASONS: Final = {
    "caf_not_appropriate": "A CAF is no longer appropriate",
    "consent_withdrawn": "Consent has been withdrawn",
    "support_given": "The support or advice needed was given at contact stage",
}
"""Reasons to close a contact (2H, 1L, 3D; 3C for support given)."""

EPISODE_CLOSURE_REASONS: Final = {
    "actions_complete": "The actions are complete",
    "restart_long_episode": "The episode is long and needs to be re-started",
    "consent_withdrawn": "Consent has been withdrawn",
    "stepped_up": "The case has stepped up to social care",
    "moved_away": "The family has moved to another local authority",
}
"""The five reasons to close an episode (2R)."""

ASSESSMENT_CLOSURE_REASONS: Final = {
    "no_identified_needs": "The assessment found no needs",
    "no_clear_plan": "There is no clear plan",
    "no_consent": "There is no consent for on-going support",
}
"""Reasons to close an assessment with no further action (2M, 1R, 3J, 3N)."""

STEP_UP_CLOSURE_REASONS: Final = {
    "stepped_up": EPISODE_CLOSURE_REASONS["stepped_up"],
    "actions_complete": EPISODE_CLOSURE_REASONS["actions_complete"],
    "consent_withdrawn": EPISODE_CLOSURE_REASONS["consent_withdrawn"],
    "moved_away": EPISODE_CLOSURE_REASONS["moved_away"],
    "no_clear_plan": ASSESSMENT_CLOSURE_REASONS["no_clear_plan"],
    "no_further_action": "No further action by the CAF Team",
}
"""Reasons to close out of a stuck CAF or a step up, with or without an episode (4K, 5C to 5F)."""

OFFER_CLOSURE_REASONS: Final = {
    "no_consent": "There is no consent for a CAF or early help",
    "consent_withdrawn": EPISODE_CLOSURE_REASONS["consent_withdrawn"],
    "no_lead_professional": "No agency will lead: step down to universal services",
    "support_given": "The support needed was given, and no CAF is required",
    "stepped_up": EPISODE_CLOSURE_REASONS["stepped_up"],
    "moved_away": EPISODE_CLOSURE_REASONS["moved_away"],
    "no_further_action": "Nothing further is needed",
}
"""Reasons to close an offer after a CADS assessment before there is a CAF (G3, G6, G11, G.R1)."""

TRIAGE_CLOSURE_REASONS: Final = {"closed_at_triage": "Closed by the duty manager at triage"}

_LABELS: Final[dict[str, dict[str, str]]] = {
    "tray": {
        "mash": "MASH Early Help",
        "duty_managers": "CAF duty managers",
        "co_ordinators": "CAF co-ordinators",
        "social_work": "CAF social work (MAST)",
        "safer_families": "Safer Families",
        "step_down": "Step down from social care",
        "caf_team": "CAF Team",
        "duty_assessment": "Duty assessment team (DATS)",
        "service_managers": "Service managers",
        "social_care": "Social care",
        "close": "Close the contact",
        "cads": "CADS social workers",
        "cads_managers": "Social work team managers",
        "link_workers": "CAF link workers (CLW EHM)",
        "early_help_leaders": "Early Help Team Leaders",
        "early_help_managers": "Early Help and Support Managers",
    },
    "rating": {"blue": "Blue", "red": "Red", "amber": "Amber", "green": "Green"},
    "cluster": {"east_central": "East Central", "south": "South", "west": "West"},
    "source": {
        "e_mash": "e-MASH form",
        "e_caf": "E-CAF form",
        "step_down": "Step down from social care",
        "cads": "CADS assessment",
    },
    "agency_kind": {
        "school": "School",
        "health": "Health",
        "early_years": "Early years",
        "police": "Police",
        "housing": "Housing",
        "voluntary": "Voluntary sector",
        "council": "Council",
        "other": "Other",
    },
    "complexity": {
        "single_need": "A single need",
        "several_needs": "Several needs",
        "complex": "Complex needs",
    },
    "social_care_involvement": {
        "none": "None known",
        "closed": "In the past",
        "open": "Open to social care",
    },
    "consent": {"given": "Given", "declined": "Declined", "withdrawn": "Withdrawn"},
    "consent_how": {"verbal": "Verbally", "written": "In writing"},
    "access": {"read": "May read the file", "contribute": "May read and add to the file"},
    "closure_kind": {
        "contact": "Contact closed",
        "assessment": "Assessment closed with no further action",
        "episode": "Episode closed",
        "triage": "Contact closed at triage",
        "offer": "Offer of early help closed",
    },
    "closure_reason": {
        **OFFER_CLOSURE_REASONS,
        **TRIAGE_CLOSURE_REASONS,
        **ASSESSMENT_CLOSURE_REASONS,
        **STEP_UP_CLOSURE_REASONS,
        **CONTACT_CLOSURE_REASONS,
        **EPISODE_CLOSURE_REASONS,
    },
    "criterion": {
        "child_voice_clear": "The child's voice is clear",
        "needs_identified": "Need is identified",
        "plan_meets_needs": "The plan is designed to meet the needs",
        "review_date_recorded": "A review date is recorded",
        "child_voice_reflected": "The child's voice is reflected",
        "family_and_professionals_consulted": (
            "The family and all relevant professionals were consulted"
        ),
        "plan_reviewed": "The original plan is clearly reviewed",
        "threshold_reasons_clear": "It is clear why the level 4 threshold is not met",
        "offer_is_right": "The offer is the right one at the right time for the child",
        "views_considered": "The views of the child and the family are considered",
    },
    "key_reason": {
        "parenting": "Parenting and family relationships",
        "behaviour": "Child's behaviour",
        "emotional_health": "Emotional or mental health of the child",
        "education": "Attendance, attainment or exclusion",
        "disability_or_health": "Disability or physical health",
        "domestic_abuse": "Domestic abuse",
        "parent_needs": "Parent's mental health, substance use or disability",
        "young_carer": "Young carer",
        "housing_or_money": "Housing, debt or money",
    },
    "recommendation": {
        "caf": "A CAF",
        "early_help": "Early help",
        "advice": "Advice",
        "safer_families": "Safer Families",
        "social_care": "Social care",
    },
    "next_step": {
        "agree_plan": "Agree the plan",
        "no_further_action": "No further action",
        "next_tac": "Hold another TAC",
        "continue": "Continue the CAF",
        "return": "Return to the lead professional",
        "close": "Close the episode",
        "stuck": "Treat as a stuck CAF",
        "step_up": "Step up to social care",
    },
    "action_status": {"open": "Open", "done": "Done", "dropped": "Dropped"},
    "document": {
        "referral": "Referral to the CAF social workers",
        "panel_pack": "Pack for the CAF Support Panel",
        "transfer": "Transfer to social care",
        "upload": "Uploaded",
    },
    "note": {
        "concern": "Concern",
        "outcome": "Outcome",
        "note": "Case note",
        "alert": "Alert",
        "disagreement": "Disagreement",
    },
    "offer": {
        "existing_caf": "Continue the CAF that is in place",
        "caf": "Initiate a CAF",
        "early_help": "Early help offer",
    },
    "counts_from": {
        "recommendation": "The day of the recommendation",
        "step_down": "The day of the step down",
    },
    "role": {
        "mash_worker": "MASH worker",
        "caf_duty_manager": "CAF duty manager",
        "caf_co_ordinator": "CAF co-ordinator",
        "lead_professional": "Lead professional",
        "caf_social_worker": "CAF social worker",
        "safer_families_practitioner": "Safer Families practitioner",
        "allocated_social_worker": "Allocated social worker",
        "caf_team_member": "CAF Team member",
        "duty_assessment_team": "Duty assessment team",
        "service_manager": "Service manager",
        "caf_support_panel": "CAF Support Panel",
        "social_worker": "Social worker",
        "team_manager": "Social work team manager",
        "caf_link_worker": "CAF link worker",
        "early_help_team_leader": "Early Help Team Leader",
        "early_help_support_manager": "Early Help and Support Manager",
        "family_support_worker": "Family support worker",
        "cads_lead_professional": "Lead professional",
        "analyst": "Process analyst",
        "publisher": "Publisher of models",
        "administrator": "Administrator",
    },
}


CANNOT_BE_SHOWN: Final = (
    "There are characters here that cannot be shown. Type it again instead of pasting it."
)
_UNSHOWABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def unshowable(text: str) -> bool:
    """Whether `text` has control characters or halves of characters, which no record can keep."""
    return _UNSHOWABLE.search(text) is not None


def label(kind: str, code: str | None) -> str:
    """The words for `code`; an unknown code becomes its own words, and None an empty string."""
    if code is None:
        return ""
    return _LABELS.get(kind, {}).get(code) or words(code)


def words(code: str) -> str:
    """A snake-case code as a phrase: `advice_given` becomes "Advice given"."""
    phrase = code.replace("_", " ").strip()
    return phrase[:1].upper() + phrase[1:]


def date_in_words(day: date | datetime) -> str:
    """A date as it is said: 3 May 2026; a moment is taken in London, where the council is."""
    if isinstance(day, datetime):
        day = day.astimezone(LONDON).date()
    return f"{day.day} {day:%B %Y}"


def today(now: datetime) -> date:
    """The council's calendar day at `now`."""
    return now.astimezone(LONDON).date()


def age_in_years(born: date, day: date) -> int:
    """How many years old someone is on that day; negative before they are born."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
