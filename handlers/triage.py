"""Triage: the checks, the rating and proposed tray with the rules that gave them, and the manager's
decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from engine.errors import ServiceError
from engine.services import ServiceContext
from handlers.answers import Answers, plain, submitted_by
from handlers.casefile import begin_step, change, write_note
from handlers.directory import require_role
from handlers.models import checks, transfers, triages
from handlers.registry import services
from handlers.vocabulary import label


@services.handler("record_basic_checks")
def record_basic_checks(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep the outcome of the MASH checks given at `form` (1F, 1H, 2A, 2D, 3A)."""
    begin_step(context)
    answers = Answers.of(context, form)
    context.connection.execute(
        insert(checks).values(
            case_reference=context.business_key,
            form=form,
            social_care_open=bool(answers.yes("social_care_open")),
            outcome=answers.text("checks_outcome"),
            recommendation=answers.text("recommendation"),
            checked_by=submitted_by(context, form).id,
            checked_at=context.now,
        )
    )
    return {}


@services.handler("record_triage")
def record_triage(context: ServiceContext) -> dict[str, Any]:
    """Keep rating and proposed tray with the inputs and the rules that fired (R1.3 to R1.5,
    R4.1).
    """
    begin_step(context)
    rating = context.decision("brag_rating")
    tray = context.decision("tray_proposal")
    if rating is None or tray is None:
        raise ServiceError(
            "The contact is not rated yet: the diagram has to ask the decision tables "
            "brag_rating and tray_proposal before it records the triage."
        )
    rated = _outputs(rating.outputs)
    proposed = _outputs(tray.outputs)
    context.connection.execute(
        insert(triages).values(
            case_reference=context.business_key,
            triaged_at=context.now,
            rating=rated.get("rating"),
            rating_reason=rated.get("rating_reason"),
            rating_rules=plain(rating.rules),
            proposed_tray=proposed.get("proposed_tray"),
            tray_reason=proposed.get("tray_reason"),
            tray_rules=plain(tray.rules),
            inputs={"brag_rating": plain(rating.inputs), "tray_proposal": plain(tray.inputs)},
        )
    )
    change(context, rating=rated.get("rating"), rating_reason=rated.get("rating_reason"))
    return {}


@services.handler("record_tray_decision")
def record_tray_decision(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep the duty manager's choice of tray and why (1G, 1I, 2C, 2E, 3B).

    Raises ServiceError if the person who decided is not a CAF duty manager, or if a tray other than
    the proposed one was chosen without a reason.
    """
    case = begin_step(context)
    answers = Answers.of(context, form)
    decided = answers.needed("tray_decision", "decision")
    reason = answers.text("tray_decision_reason", "decision_reason", "reason", "tray_reason")
    manager = submitted_by(context, form)
    require_role(context, manager, "caf_duty_manager", "decide the work tray of a contact")
    latest = _latest_triage(context.connection, context.business_key)
    if latest is None:
        triage_id = context.connection.execute(
            insert(triages)
            .values(
                case_reference=context.business_key,
                triaged_at=context.now,
                rating_rules=[],
                tray_rules=[],
                inputs={},
            )
            .returning(triages.c.id)
        ).scalar_one()
    else:
        triage_id = latest.id
        if latest.proposed_tray not in (None, decided) and not reason:
            raise ServiceError(
                f"“{label('tray', latest.proposed_tray)}” was proposed and "
                f"“{label('tray', decided)}” chosen: the reason for it has to be recorded."
            )
    context.connection.execute(
        update(triages)
        .where(triages.c.id == triage_id)
        .values(
            decided_tray=decided,
            decision_reason=reason,
            decided_by=manager.id,
            decided_at=context.now,
        )
    )
    _transfer(context, case.tray, decided, manager.id)
    change(context, tray=decided, tray_reason=reason)
    return {}


@services.handler("record_transfer")
def record_transfer(context: ServiceContext, tray: str) -> dict[str, Any]:
    """Note that the case arrived in a work tray (1J, 2F, 2O)."""
    case = begin_step(context)
    if case.tray != tray:
        _transfer(context, case.tray, tray, context.actor.id)
        change(context, tray=tray)
    return {}


@services.handler("record_allocation", results=("co_ordinator",))
def record_allocation(context: ServiceContext, form: str) -> dict[str, Any]:
    """Allocate the case to the co-ordinator named at `form` (2G); raises ServiceError if nobody
    active fits.
    """
    begin_step(context)
    answers = Answers.of(context, form)
    co_ordinator = answers.needed("co_ordinator")
    require_role(
        context, co_ordinator, "caf_co_ordinator", f"be the co-ordinator of {context.business_key}"
    )
    change(context, co_ordinator=co_ordinator)
    if notes := answers.text("notes"):
        author = submitted_by(context, form).id
        write_note(context.connection, context.business_key, notes, author, context.now)
    return {"co_ordinator": co_ordinator}


@services.handler("record_practitioner", results=("practitioner",))
def record_practitioner(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep who of the CAF Team works the case from here on: the person named at `form`, or else
    whoever filled it in (1K, 3C).

    Returns `practitioner`, for whom the next steps are. Raises ServiceError if the person named is
    not a CAF social worker.
    """
    begin_step(context)
    answers = Answers.of(context, form)
    author = submitted_by(context, form).id
    practitioner = answers.text("practitioner")
    if practitioner:
        require_role(context, practitioner, "caf_social_worker", f"take on {context.business_key}")
    if notes := answers.text("notes"):
        write_note(context.connection, context.business_key, notes, author, context.now)
    return {"practitioner": practitioner or author}


def _transfer(context: ServiceContext, old: str | None, new: str, by: str) -> None:
    context.connection.execute(
        insert(transfers).values(
            case_reference=context.business_key,
            tray=new,
            from_tray=old,
            transferred_at=context.now,
            transferred_by=by,
        )
    )


def _latest_triage(connection: Connection, reference: str) -> Any:
    return connection.execute(
        select(triages)
        .where(triages.c.case_reference == reference)
        .order_by(triages.c.id.desc())
        .limit(1)
    ).one_or_none()


def _outputs(outputs: Mapping[str, Any]) -> dict[str, str | None]:
    """A table's outputs as text to keep."""
    return {name: None if value is None else str(value) for name, value in outputs.items()}
