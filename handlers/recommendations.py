"""The recommendation after a CADS assessment: made, agreed by the team manager, and told to the
family and the referrer only then.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlalchemy import Row, insert, select, update

from engine.errors import ServiceError
from engine.services import ServiceContext
from handlers.answers import Answers, submitted_by
from handlers.casefile import begin_step, change, write_note
from handlers.concerns import told
from handlers.directory import require_role
from handlers.models import quality_reviews, recommendations
from handlers.practices import by_model
from handlers.registry import services
from handlers.vocabulary import label, today

OFFERS: Final = ("existing_caf", "caf", "early_help")
OVERSEER: Final = "team_manager"


@services.handler("record_recommendation", results=("social_worker",))
def record_recommendation(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep the social worker's recommendation and why the level 4 threshold is not met (G1).

    One that came back is kept beside the new one. Returns `social_worker`, who made it. Raises
    ServiceError for an offer that is none of the three.
    """
    begin_step(context)
    answers = Answers.of(context, form)
    offer = answers.needed("offer")
    if offer not in OFFERS:
        raise ServiceError(f"An offer is {', '.join(OFFERS)}; “{offer}” is none of these.")
    before = _latest(context)
    author = submitted_by(context, form).id
    context.connection.execute(
        insert(recommendations).values(
            case_reference=context.business_key,
            version=before.version + 1 if before is not None else 1,
            offer=offer,
            threshold_reasons=answers.needed("threshold_reasons"),
            offer_reasons=answers.needed("offer_reasons"),
            recommended_by=author,
            recommended_at=context.now,
        )
    )
    change(context, tray=None)
    return {"social_worker": author}


@services.handler("agree_recommendation", results={"recommended_on": "date"})
def agree_recommendation(context: ServiceContext, form: str, oversight: str) -> dict[str, Any]:
    """Note that the team manager agrees the recommendation made at `form` (G2).

    Returns `recommended_on`, the day from which it counts. Raises ServiceError unless the quality
    assurance of that recommendation was passed, by a social work team manager at `oversight`.
    """
    begin_step(context)
    manager = submitted_by(context, oversight)
    require_role(context, manager, OVERSEER, "oversee a recommendation")
    verdict = context.connection.execute(
        select(quality_reviews.c.passed)
        .where(
            quality_reviews.c.case_reference == context.business_key,
            quality_reviews.c.subject == form,
        )
        .order_by(quality_reviews.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    latest = _latest(context)
    if latest is None or not verdict:
        raise ServiceError(
            f"The recommendation for {context.business_key} has not passed the team manager's "
            "quality assurance, so it cannot be agreed."
        )
    day = today(context.now)
    _set(context, latest, agreed_by=manager.id, agreed_on=day)
    return {"recommended_on": day}


@services.handler(
    "record_update", results={"lead_professional": "string", "stepped_down_on": "date"}
)
def record_update(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep, as a case note, what the family, the referrer and the lead professional were told of
    the outcome (G4, G5, G6).

    Returns `lead_professional`, if one is named at `form`, and `stepped_down_on`, the day of the
    step down. Raises ServiceError before the team manager has agreed the recommendation: nobody is
    told before.
    """
    case = begin_step(context)
    latest = _latest(context)
    if latest is None or latest.agreed_on is None:
        raise ServiceError(
            f"The recommendation for {context.business_key} is not agreed by a social work team "
            "manager yet, so nobody can have been told of it."
        )
    answers = Answers.of(context, form)
    leader = answers.text("lead_professional") or None
    if leader is not None:
        require_role(context, leader, by_model(case.model).leader, "lead a CAF")
        change(context, lead_professional=leader)
    day = answers.day("stepped_down_on")
    _set(context, latest, stepped_down_on=day)
    write_note(
        context.connection,
        context.business_key,
        f"Outcome of the CADS assessment: {label('offer', latest.offer).lower()}.\n"
        + told(context.connection, answers),
        submitted_by(context, form).id,
        context.now,
        kind="outcome",
    )
    return {"lead_professional": leader, "stepped_down_on": day}


@services.handler("note_first_meeting_date")
def note_first_meeting_date(context: ServiceContext, counts_from: str, by: date) -> dict[str, Any]:
    """Keep by when the first family planning meeting is wanted, and from which of the two dates
    that was counted: “recommendation” or “step_down” (G12).

    Raises ServiceError if there is no recommendation or no date.
    """
    begin_step(context)
    latest = _latest(context)
    if latest is None or not isinstance(by, date):
        raise ServiceError(
            f"It is not known by when the first family planning meeting of {context.business_key} "
            "is wanted: neither the recommendation nor the step down has a date."
        )
    _set(context, latest, counts_from=counts_from, first_meeting_by=by)
    return {}


def _latest(context: ServiceContext) -> Row[Any] | None:
    return context.connection.execute(
        select(recommendations)
        .where(recommendations.c.case_reference == context.business_key)
        .order_by(recommendations.c.version.desc())
        .limit(1)
    ).one_or_none()


def _set(context: ServiceContext, row: Row[Any], **values: Any) -> None:
    context.connection.execute(
        update(recommendations).where(recommendations.c.id == row.id).values(**values)
    )
