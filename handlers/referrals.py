"""The papers that carry a case on: the referral to the CAF social workers, the transfer to social
care. Each is a Word document on the case's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.services import ServiceContext
from handlers import documents, word
from handlers.answers import Answers, submitted_by
from handlers.casefile import begin_step
from handlers.cases import case
from handlers.registry import services
from handlers.views import Assessment, Case, Plan, Tac
from handlers.vocabulary import date_in_words, label, today, words
from handlers.word import Paper, Section


@services.handler("write_referral")
def write_referral(context: ServiceContext, form: str, tray: str) -> dict[str, Any]:
    """Write the referral form to the CAF social workers into the case's file: a brief synopsis of
    the case and the issues, and what the case record says (4F). It lies in the tray `tray`.
    """
    begin_step(context)
    answers = Answers.of(context, form)
    found = case(context.connection, context.business_key)
    sections = [
        Section("Brief synopsis of the case", [answers.needed("referral_synopsis")]),
        Section("The issues that led to this referral", [answers.needed("issues")]),
        Section("Support asked for", [answers.text("support_wanted")]),
        _case(found),
        _family(found),
        *_plan(found.plan),
        *_meeting(found.tacs),
    ]
    _save(
        context,
        Paper("Referral to the CAF social workers", _lead(context, found, form), sections),
        kind="referral",
        form=form,
        clause="4F",
        tray=tray,
    )
    return {}


@services.handler("write_transfer")
def write_transfer(context: ServiceContext, form: str, meeting: str) -> dict[str, Any]:
    """Write the transfer to social care into the case's file: why the case steps up, the most
    recent CAF assessment with its plan, and the most recent outcomes of the Team Around the Child,
    also of one held about the step up at `meeting` (5C, 5F).
    """
    begin_step(context)
    answers = Answers.of(context, form)
    found = case(context.connection, context.business_key)
    about = context.submission(meeting)
    sections = [
        Section(
            "The transfer",
            rows=[
                ("Transferred to", answers.text("received_by")),
                ("Why it steps up, and the risks now", answers.text("step_up_reasons")),
                ("For social care to know", answers.text("closure_summary")),
            ],
        ),
        _case(found),
        _family(found),
        *_consent(found),
        *_assessment(found.assessments),
        *_plan(found.plan),
        *([_step_up_meeting(about)] if about is not None else []),
        *_meeting(found.tacs),
        Section(
            "Concerns that were raised",
            rows=[
                (date_in_words(note.written_at), note.text)
                for note in found.notes
                if note.kind == "concern"
            ],
        ),
    ]
    _save(
        context,
        Paper("Transfer to social care", _lead(context, found, form), sections),
        kind="transfer",
        form=form,
        clause="5C 5F",
    )
    return {}


def _save(
    context: ServiceContext,
    paper: Paper,
    *,
    kind: str,
    form: str,
    clause: str,
    tray: str | None = None,
) -> None:
    documents.add(
        context.connection,
        context.business_key,
        kind=kind,
        name=f"{paper.title}, {date_in_words(today(context.now))}.docx",
        media_type=word.MEDIA_TYPE,
        content=word.write(paper, context.now),
        text=paper.text(),
        by=submitted_by(context, form).id,
        now=context.now,
        clause=clause,
        tray=tray,
    )


def _lead(context: ServiceContext, found: Case, form: str) -> str:
    day = date_in_words(today(context.now))
    return f"Case {found.reference}, written on {day}. Confidential."


def _case(found: Case) -> Section:
    begun = found.episode_opened_at
    return Section(
        "The case",
        rows=[
            ("Reference", found.reference),
            ("Family", found.family_name),
            ("Address", ", ".join(filter(None, (found.address, found.postcode)))),
            ("CAF co-ordinator", found.co_ordinator_name or ""),
            ("Lead professional", found.lead_professional_name or ""),
            ("Key reason for the CAF", label("key_reason", found.key_reason)),
            ("CAF episode since", date_in_words(begun) if begun is not None else ""),
        ],
    )


def _family(found: Case) -> Section:
    rows = []
    for person in found.people:
        born = person.date_of_birth
        facts = (
            person.relationship,
            f"born {date_in_words(born)}" if born is not None else "",
            person.school or "",
        )
        rows.append((person.name, ", ".join(filter(None, facts))))
    return Section("The family", rows=rows)


def _consent(found: Case) -> list[Section]:
    if not found.consents:
        return [Section("Consent", ["No consent is recorded."])]
    latest = found.consents[0]
    day = date_in_words(latest.given_on or latest.recorded_at)
    return [
        Section(
            "Consent", [f"{label('consent', latest.status)} ({day}). {latest.statement}".strip()]
        )
    ]


def _assessment(assessments: tuple[Assessment, ...]) -> list[Section]:
    if not assessments:
        return [Section("The most recent CAF assessment", ["There is none yet."])]
    latest = assessments[0]
    return [
        Section(
            f"The most recent CAF assessment, {date_in_words(latest.completed_at)}",
            rows=[
                ("Written by", latest.author),
                ("The children’s views", latest.child_views),
                ("The family’s views", latest.family_views),
                ("The professionals’ views", latest.professional_views),
                *(
                    (words(key), value)
                    for key, value in latest.content.items()
                    if isinstance(value, str)
                ),
            ],
        )
    ]


def _plan(plan: Plan | None) -> list[Section]:
    return [
        Section(
            f"Action {number} of the plan",
            rows=[
                ("Need", action.need),
                ("What is done", action.action),
                ("Who does it", action.owner),
                ("Outcome wanted", action.outcome),
                ("Measure", action.measure),
                ("By", date_in_words(action.due_on) if action.due_on is not None else ""),
                ("State", label("action_status", action.status)),
                ("Progress", action.progress),
            ],
        )
        for number, action in enumerate(plan.actions if plan is not None else (), start=1)
    ]


def _meeting(tacs: tuple[Tac, ...]) -> list[Section]:
    held = next((tac for tac in tacs if tac.held_on is not None), None)
    if held is None or held.held_on is None:
        return [Section("The most recent Team Around the Child", ["None was held yet."])]
    came = [", ".join(filter(None, (each.get("name"), each.get("role")))) for each in held.attended]
    return [
        Section(
            f"The most recent Team Around the Child, {date_in_words(held.held_on)}",
            rows=[
                ("Who came", "; ".join(came)),
                ("The child’s voice", held.child_voice or ""),
                ("Progress", held.progress or ""),
                ("Recommendation", label("next_step", held.recommendation)),
            ],
        )
    ]


def _step_up_meeting(submitted: Mapping[str, Any]) -> Section:
    about = Answers(submitted, "the Team Around the Child about the step up")
    day = about.day("held_on")
    return Section(
        "The Team Around the Child about the step up",
        rows=[
            ("Held on", date_in_words(day) if day is not None else ""),
            ("Duty social worker", about.text("social_worker")),
            ("The child’s voice", about.text("child_voice")),
            ("What it discussed and agreed", about.text("discussion")),
        ],
    )
