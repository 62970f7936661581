"""Quality assurance of assessments and of TAC outcomes: what fails goes back to its author with the
reasons.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import desc, insert, select, update

from engine.errors import ServiceError
from engine.services import ServiceContext
from handlers.answers import Answers, submitted_by
from handlers.casefile import begin_step
from handlers.directory import names
from handlers.models import assessments, quality_reviews
from handlers.registry import services
from handlers.vocabulary import label

CRITERIA: Final = {
    "assessment": (
        "child_voice_clear",
        "needs_identified",
        "plan_meets_needs",
        "review_date_recorded",
    ),
    "tac": ("child_voice_reflected", "family_and_professionals_consulted", "plan_reviewed"),
    "recommendation": ("threshold_reasons_clear", "offer_is_right", "views_considered"),
}
"""What is asked of an assessment (1P, 2K, 3H), of a TAC's outcomes (2P) and of a recommendation
after a CADS assessment (G2).
"""


@services.handler("record_quality_assurance", results={"qa_passed": "boolean"})
def record_quality_assurance(context: ServiceContext, form: str, subject: str) -> dict[str, Any]:
    """Keep the verdict that `form` gives on what was submitted at `subject` (1P, 2K, 2P, 3H, G2).

    Returns `qa_passed`: true only if every criterion is met. Raises ServiceError if a criterion was
    not answered, if one is not met and no reasons are given, or if reviewer and author are one
    person.
    """
    begin_step(context)
    answers = Answers.of(context, form)
    kind = _kind(answers)
    verdict = {criterion: answers.yes(criterion) for criterion in CRITERIA[kind]}
    unanswered = [label("criterion", name) for name, met in verdict.items() if met is None]
    if unanswered:
        raise ServiceError(f"Not answered yes or no at “{form}”: {'; '.join(unanswered)}.")
    failed = [label("criterion", name) for name, met in verdict.items() if not met]
    reasons = answers.text("qa_reasons", "review_comment", "qa_comment")
    if failed and not reasons:
        raise ServiceError(
            f"Not met: {'; '.join(failed)}. The author needs the reasons in words before the "
            "work can go back."
        )
    reviewer = submitted_by(context, form).id
    author = submitted_by(context, subject).id if context.submission(subject) is not None else None
    if author == reviewer:
        name = names(context.connection, [reviewer])[reviewer]
        raise ServiceError(
            f"{name} wrote what is reviewed here: someone else has to quality assure it."
        )
    context.connection.execute(
        insert(quality_reviews).values(
            case_reference=context.business_key,
            subject=subject,
            kind=kind,
            criteria=verdict,
            passed=not failed,
            reasons=reasons,
            next_step=answers.text("next_step", "review_step") or None,
            author=author,
            reviewer=reviewer,
            reviewed_at=context.now,
        )
    )
    if kind == "assessment":
        _mark_assessment(context, subject, passed=not failed)
    return {"qa_passed": not failed}


def _kind(answers: Answers) -> str:
    for kind, criteria in CRITERIA.items():
        if any(criterion in answers.values for criterion in criteria):
            return kind
    raise ServiceError(
        f"The form at “{answers.name}” asks none of the quality criteria: "
        + "; ".join(", ".join(criteria) for criteria in CRITERIA.values())
        + "."
    )


def _mark_assessment(context: ServiceContext, subject: str, *, passed: bool) -> None:
    latest = (
        select(assessments.c.id)
        .where(
            assessments.c.case_reference == context.business_key,
            assessments.c.element == subject,
        )
        .order_by(desc(assessments.c.version))
        .limit(1)
    )
    context.connection.execute(
        update(assessments)
        .where(assessments.c.id == latest.scalar_subquery())
        .values(status="authorised" if passed else "returned")
    )
