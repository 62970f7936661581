"""The councils' practices: whose cases those of each operating model are, and who does what there.

One service may run the models of several councils. A person's roles say for which of them they
work, so no two models share a role.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from handlers.models import cases


@dataclass(frozen=True)
class Practice:
    """How one operating model is worked with.

    `sources` are those of the contacts that start it with the process `process`. `team` are the
    roles that see every case of the model, `partners` those that see the cases they work on; those
    of them that are `asked_in` see a case also while a task of it waits for them. `leader` is the
    role of lead professionals, `supporter` that of those who support them, and `escalation` that of
    the managers who are told of what stays overdue. `managers` answer for the cases: they give
    tasks to others, mend incidents and are told who opened a file without consent. Messages
    `for_everyone` may be sent by all who see a case, also with consent to read only (R2.1): a
    concern about a child is never refused. `clusters` are the areas into which the council is
    divided.
    """

    model: str
    process: str
    sources: tuple[str, ...]
    tray: str
    team: frozenset[str]
    partners: frozenset[str]
    asked_in: frozenset[str]
    leader: str
    supporter: str
    managers: frozenset[str]
    escalation: str
    meeting: str
    short_meeting: str
    meetings: str
    social_care: str
    for_everyone: frozenset[str]
    clusters: tuple[str, ...] = ()

    @property
    def meeting_title(self) -> str:
        """What one meeting is called at the beginning of a line."""
        return self.short_meeting[:1].upper() + self.short_meeting[1:]

    @property
    def staff(self) -> frozenset[str]:
        """The council's own roles."""
        return self.team | self.partners

    @property
    def roles(self) -> frozenset[str]:
        """Every role of the model."""
        return self.staff | {self.leader}


CAF: Final = Practice(
    model="caf",
    process="overview",
    sources=("e_mash", "e_caf", "step_down"),
    tray="mash",
    team=frozenset(
        {
            "caf_duty_manager",
            "caf_co_ordinator",
            "caf_social_worker",
            "safer_families_practitioner",
            "caf_team_member",
        }
    ),
    partners=frozenset(
        {"mash_worker", "allocated_social_worker", "duty_assessment_team", "service_manager"}
    ),
    asked_in=frozenset({"mash_worker", "duty_assessment_team", "service_manager"}),
    leader="lead_professional",
    supporter="caf_co_ordinator",
    managers=frozenset({"caf_duty_manager"}),
    escalation="caf_duty_manager",
    meeting="Team Around the Child meeting",
    short_meeting="TAC",
    meetings="Meetings of the Team Around the Child (TAC)",
    social_care="The allocated social worker, by way of the MASH",
    for_everyone=frozenset({"concern_raised", "step_up_requested"}),
    clusters=("east_central", "south", "west"),
)
"""The CAF Team, which works on every case (section 5 of the operational model); the MASH, the duty
assessment team and the service managers are asked in (4A, 5B, 5C). The CAF Support Panel reads its
packs and sees no case.
"""

CADS: Final = Practice(
    model="cads",
    process="cads_to_caf",
    sources=("cads",),
    tray="cads",
    team=frozenset(
        {
            "team_manager",
            "caf_link_worker",
            "early_help_team_leader",
            "early_help_support_manager",
        }
    ),
    partners=frozenset({"social_worker", "family_support_worker"}),
    asked_in=frozenset(),
    leader="cads_lead_professional",
    supporter="caf_link_worker",
    managers=frozenset({"team_manager", "early_help_team_leader", "early_help_support_manager"}),
    escalation="early_help_support_manager",
    meeting="family planning meeting",
    short_meeting="family planning meeting",
    meetings="Family planning meetings",
    social_care="The social worker, by way of CADS",
    for_everyone=frozenset({"disagreement_raised", "step_up_requested"}),
)
"""From CADS, a council's duty service, to a CAF or early help (practice guidance, G1 to G16)."""

PRACTICES: Final = {practice.model: practice for practice in (CAF, CADS)}


def practice_of(connection: Connection, reference: str) -> Practice:
    """The practice of a case; the first one where there is no case of this reference."""
    model = connection.execute(
        select(cases.c.model).where(cases.c.reference == reference)
    ).scalar_one_or_none()
    return by_model(model)


def by_model(model: str | None) -> Practice:
    """The practice of a model; the first one for a model that has none of its own."""
    return PRACTICES.get(model or CAF.model, CAF)


def practice_for(source: str) -> Practice:
    """The practice that contacts of this source start."""
    return next((one for one in PRACTICES.values() if source in one.sources), CAF)


def managers() -> frozenset[str]:
    """The managers' roles of all councils."""
    return frozenset().union(*(practice.managers for practice in PRACTICES.values()))


def may_ask() -> frozenset[str]:
    """The roles that may ask about a child: the councils' own staff who take such calls (R14.2)."""
    caf = CAF.team | {"mash_worker"}
    return caf | CADS.team | {"social_worker"}


def models_of(roles: Iterable[str]) -> frozenset[str]:
    """The models of which someone with these roles is staff."""
    held = frozenset(roles)
    return frozenset(one.model for one in PRACTICES.values() if one.staff & held)


def managed_by(roles: Iterable[str]) -> frozenset[str]:
    """The models for whose cases someone with these roles answers."""
    held = frozenset(roles)
    return frozenset(one.model for one in PRACTICES.values() if one.managers & held)


DRAWERS: Final = frozenset({"analyst"})
"""Who draws operating models, of all councils."""

_PUBLISHERS: Final = frozenset({"publisher"})


def publishers(model: str) -> frozenset[str]:
    """Who may approve what was drawn for a model: the managers who answer for its cases, and those
    whose work publishing is."""
    practice = PRACTICES.get(model)
    return _PUBLISHERS | (practice.managers if practice is not None else frozenset())


def studio_readers(model: str) -> frozenset[str]:
    """Who may look at the drafts and versions of a model."""
    return DRAWERS | publishers(model)


def all_publishers() -> frozenset[str]:
    """Whoever may approve drafts of some model."""
    return _PUBLISHERS | managers()
