"""The episode: who leads it, its assessment, and the plan that is agreed with the family."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, insert, select, update

from engine.errors import ServiceError
from engine.services import GIVEN, ServiceContext
from handlers.actions import (
    actions_of,
    add_actions,
    plan_of,
    plan_problems,
    read_action,
    replace_actions,
)
from handlers.answers import Answers, plain, submitted_by
from handlers.casefile import begin_step, change, write_note
from handlers.consent import require_given
from handlers.directory import require_role
from handlers.models import assessments, plans
from handlers.practices import by_model
from handlers.registry import services


@services.handler("open_episode", results=("lead_professional",))
def open_episode(context: ServiceContext, form: str) -> dict[str, Any]:
    """Begin the CAF episode: its lead professional and the key reason (2I, 1M, 3E, G5).

    The lead professional is the one named at `form`, or named for the case before, or else whoever
    filled the form in. Raises ServiceError without recorded consent, or if the person named cannot
    lead.
    """
    case = begin_step(context)
    answers = Answers.of(context, form)
    require_given(context.connection, context.business_key, "A CAF episode")
    leader = answers.text("lead_professional") or case.lead_professional
    if leader:
        require_role(context, leader, by_model(case.model).leader, "lead a CAF")
    else:
        leader = submitted_by(context, form).id
    change(
        context,
        lead_professional=leader,
        key_reason=answers.text("key_reason_other") or answers.needed("key_reason"),
        episode_opened_at=context.now,
    )
    return {"lead_professional": leader}


@services.handler(
    "reassign_case",
    results=("lead_professional", "handed_over"),
    always={"lead_professional": GIVEN, "handed_over": True},
)
def reassign_case(context: ServiceContext, form: str) -> dict[str, Any]:
    """Hand the lead of a running CAF over to the community professional named at `form` (1S, 3M).

    Returns `lead_professional`, and `handed_over` as true. Raises ServiceError if the person named
    cannot lead.
    """
    case = begin_step(context)
    leader = Answers.of(context, form).needed("lead_professional")
    require_role(context, leader, by_model(case.model).leader, "lead a CAF")
    change(context, lead_professional=leader)
    return {"lead_professional": leader, "handed_over": True}


@services.handler("record_assessment", results=("plan_is_smart",))
def record_assessment(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep the assessment and its draft plan (2J, 1O, 3G).

    An assessment that came back is kept beside the new one; its open actions are replaced. Returns
    `plan_is_smart`; the gaps in words stay with the assessment. Raises ServiceError without
    consent.
    """
    begin_step(context)
    connection, reference = context.connection, context.business_key
    require_given(connection, reference, "An assessment")
    answers = Answers.of(context, form)
    author = submitted_by(context, form).id
    actions = [read_action(row) for row in answers.rows("plan_actions")]
    problems = plan_problems(actions)
    review_date = answers.day("review_date")
    version = connection.execute(
        select(func.count()).where(assessments.c.case_reference == reference)
    ).scalar_one()
    own_columns = {"child_views", "family_views", "professional_views", "plan_actions"}
    connection.execute(
        insert(assessments).values(
            case_reference=reference,
            version=version + 1,
            element=form,
            child_views=answers.text("child_views"),
            family_views=answers.text("family_views"),
            professional_views=answers.text("professional_views"),
            content={
                key: plain(value)
                for key, value in answers.values.items()
                if key not in own_columns | {"review_date"}
            },
            review_date=review_date,
            plan_is_smart=not problems,
            plan_problems=list(problems),
            author=author,
            completed_at=context.now,
        )
    )
    plan_id = plan_of(connection, reference)
    connection.execute(update(plans).where(plans.c.id == plan_id).values(review_date=review_date))
    replace_actions(context, plan_id, actions, form, author)
    return {"plan_is_smart": not problems}


@services.handler("finalise_plan")
def finalise_plan(context: ServiceContext, form: str) -> dict[str, Any]:
    """Finalise the plan that was agreed with the family (2L, 1Q, 3I).

    Raises ServiceError, naming each gap, if the plan is not SMART, or if the family did not agree
    to it; once the gaps are mended on the case's page the step can be tried again.
    """
    begin_step(context)
    connection, reference = context.connection, context.business_key
    answers = Answers.of(context, form)
    by = submitted_by(context, form).id
    if answers.yes("plan_agreed_with_family") is False:
        raise ServiceError(
            f"The plan of {reference} is not agreed with the family, so it cannot be finalised."
        )
    actions = actions_of(connection, reference)
    problems = plan_problems([one for one in actions if one["status"] == "open"] or actions)
    if problems:
        raise ServiceError(f"The plan of {reference} is not SMART yet. {' '.join(problems)}")
    connection.execute(
        update(plans)
        .where(plans.c.id == plan_of(connection, reference))
        .values(
            status="agreed",
            agreed_by=answers.text("agreed_by"),
            finalised_by=by,
            finalised_at=context.now,
        )
    )
    return {}


@services.handler("record_plan_changes")
def record_plan_changes(context: ServiceContext, form: str) -> dict[str, Any]:
    """Add the actions agreed at `form` to the plan, and keep why it changes as a case note (4L,
    5G).

    Raises ServiceError with each gap if one of the new actions is not SMART.
    """
    begin_step(context)
    answers = Answers.of(context, form)
    by = submitted_by(context, form).id
    problems = plan_problems(read_action(row) for row in answers.rows("new_actions"))
    if problems:
        raise ServiceError(
            f"The changes to the plan of {context.business_key} are not SMART. {' '.join(problems)}"
        )
    add_actions(context, answers, "new_actions", by=by)
    text = f"The plan was amended. {answers.needed('plan_changes')}"
    if answers.text("agreed_by"):
        text += f"\nAgreed by: {answers.text('agreed_by')}"
    write_note(context.connection, context.business_key, text, by, context.now, kind="outcome")
    return {}
