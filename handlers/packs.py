"""What the CAF Support Panel gets to read: the case openly, or with nobody in it named (4G)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import orjson
from sqlalchemy import delete, func, select, update

from engine.errors import ServiceError
from engine.models import submission
from engine.services import ServiceContext
from handlers import documents, word
from handlers.answers import Answers, submitted_by
from handlers.casefile import begin_step, write_note
from handlers.cases import case
from handlers.directory import user
from handlers.models import documents as documents_table
from handlers.notifications import deliver
from handlers.redaction import Redactor, Somebody
from handlers.registry import services
from handlers.views import Case, Person
from handlers.vocabulary import age_in_years, date_in_words, label, today, words
from handlers.word import Paper, Section

PANEL: Final = "caf_support_panel"


@services.handler("write_panel_pack")
def write_panel_pack(
    context: ServiceContext, form: str, anonymous: bool, review: str
) -> dict[str, Any]:
    """Write the pack for the CAF Support Panel from the answers at `form` and the case (4G, R14.1).

    An anonymous pack names and places nobody of the family, nor who works with it. The pack is
    shown at the task `review`; what was named there to be taken out is taken out. A pack that was
    written before and not sent is thrown away. Raises ServiceError for an open pack to which the
    family did not agree.
    """
    begin_step(context)
    answers = Answers.of(context, form)
    if not anonymous and answers.text("panel_consent") != "given":
        raise ServiceError(
            f"The family of {context.business_key} did not agree that the panel hears its "
            "details: the pack has to be anonymous."
        )
    found = case(context.connection, context.business_key)
    day = today(context.now)
    take_out = _named_at(context, review, since=form)
    if anonymous:
        redact = redactor(found, _agency_of_leader(context, found), take_out).redact
        paper = panel_paper(found, answers, day, stand_ins(found), redact, anonymous=True)
    else:
        shown = {number: person.name for number, person in enumerate(found.people)}
        strike = Redactor([], take_out=take_out).strike
        paper = panel_paper(found, answers, day, shown, strike, anonymous=False)
    context.connection.execute(
        delete(documents_table).where(
            documents_table.c.case_reference == context.business_key,
            documents_table.c.read_at_task == review,
            documents_table.c.released_to.is_(None),
        )
    )
    kind = "anonymous" if anonymous else "open"
    documents.add(
        context.connection,
        context.business_key,
        kind="panel_pack",
        name=f"Panel pack, {kind}, {date_in_words(day)}.docx",
        media_type=word.MEDIA_TYPE,
        content=word.write(paper, context.now),
        text=paper.text(),
        by=submitted_by(context, form).id,
        now=context.now,
        clause="4G",
        read_at_task=review,
    )
    return {}


@services.handler("send_panel_pack")
def send_panel_pack(context: ServiceContext) -> dict[str, Any]:
    """Let the panel's members read the newest pack, apart from the case, and tell them (4G)."""
    begin_step(context)
    newest = (
        select(func.max(documents_table.c.id))
        .where(
            documents_table.c.case_reference == context.business_key,
            documents_table.c.kind == "panel_pack",
        )
        .scalar_subquery()
    )
    sent = context.connection.execute(
        update(documents_table).where(documents_table.c.id == newest).values(released_to=PANEL)
    )
    if sent.rowcount != 1:
        raise ServiceError(f"There is no pack of {context.business_key} to send to the panel.")
    deliver(
        context,
        PANEL,
        "A case for the CAF Support Panel",
        "There is a pack to read before the next meeting: see the page Panel packs.",
        name_case=False,
    )
    return {}


@services.handler("record_panel_outcome", results={"heard_by_panel": "boolean"})
def record_panel_outcome(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep the panel's advice and the needs that nobody could meet, and take the pack back (4G,
    R15.2). Returns `heard_by_panel` as true.
    """
    begin_step(context)
    answers = Answers.of(context, form)
    by = submitted_by(context, form).id
    said = [f"The panel's advice: {answers.needed('panel_advice')}"]
    if answers.text("unmet_needs"):
        said.append(f"Needs that nobody could meet: {answers.text('unmet_needs')}")
    met = answers.day("panel_on")
    if met is not None:
        said.insert(0, f"CAF Support Panel of {date_in_words(met)}")
    text = "\n".join(said)
    write_note(context.connection, context.business_key, text, by, context.now, kind="outcome")
    context.connection.execute(
        update(documents_table)
        .where(
            documents_table.c.case_reference == context.business_key,
            documents_table.c.released_to == PANEL,
        )
        .values(released_to=None, read_at_task=None)
    )
    return {"heard_by_panel": True}


def stand_ins(found: Case) -> dict[int, str]:
    """What stands for each of the family's people, by their place in the list: the eldest child
    is “Child A”, the first adult “Adult 1”.
    """
    numbered = list(enumerate(found.people))
    children = [(number, person) for number, person in numbered if person.is_child]
    children.sort(key=lambda each: (each[1].date_of_birth or date.max, each[0]))
    adults = [number for number, person in numbered if not person.is_child]
    shown = {number: f"Child {_letters(at)}" for at, (number, _) in enumerate(children)}
    return shown | {number: f"Adult {at}" for at, number in enumerate(adults, start=1)}


def redactor(found: Case, agencies: Sequence[str], take_out: Sequence[str]) -> Redactor:
    """What takes everything out of a text that tells of this family and of those who work with it;
    `agencies` are those that the case itself does not name.
    """
    shown = stand_ins(found)
    people = [
        Somebody(person.name, shown[number], person.date_of_birth)
        for number, person in enumerate(found.people)
    ]
    known = {person.name.casefold() for person in found.people}
    people += [
        Somebody(giver.name, "[family member]")
        for consent in found.consents
        for giver in consent.givers
        if giver.name.casefold() not in known
    ]
    people.append(Somebody(found.family_name, "[family name]"))
    professionals = [each for consent in found.consents for each in consent.professionals]
    working = [found.lead_professional_name, found.co_ordinator_name]
    working += [contact.referrer_name for contact in found.contacts]
    working += [each.name for each in professionals]
    working += [guest.get("name") for tac in found.tacs for guest in tac.attended]
    known |= {person.name.casefold() for person in people}
    people += [
        Somebody(name, "[professional]")
        for name in working
        if name and name.casefold() not in known
    ]
    others = [found.reference, found.postcode]
    for contact in found.contacts:
        others += [contact.reference, contact.referrer_email or "", contact.referrer_phone or ""]
    return Redactor(
        people,
        places=[found.address, found.postcode],
        schools=[person.school for person in found.people if person.school],
        agencies=[
            *(contact.referrer_agency for contact in found.contacts),
            *(each.organisation for each in professionals),
            *agencies,
        ],
        others=[each for each in others if each],
        take_out=take_out,
    )


def _agency_of_leader(context: ServiceContext, found: Case) -> list[str]:
    leader = user(context.connection, found.lead_professional) if found.lead_professional else None
    return [leader.organisation] if leader is not None else []


def panel_paper(
    found: Case,
    answers: Answers,
    day: date,
    shown: Mapping[int, str],
    put: Callable[[str], str],
    *,
    anonymous: bool,
) -> Paper:
    """What the pack says: `shown` stands for each person by their place in the list, and every text
    of the case passes through `put`.
    """
    assessment = found.assessments[0] if found.assessments else None
    held = [tac for tac in found.tacs if tac.held_on is not None]
    content: Mapping[str, object] = assessment.content if assessment is not None else {}
    actions = found.plan.actions if found.plan is not None else ()
    family = [
        (
            f"{shown[number]} ({_age(person, day)})",
            put(person.relationship)
            + ("" if anonymous or not person.school else f", {person.school}"),
        )
        for number, person in enumerate(found.people)
    ]
    sections = [
        Section("The family", rows=family),
        Section("What is stuck", [put(answers.text("panel_issues"))]),
        Section("What the panel is asked", [put(answers.text("panel_question"))]),
    ]
    if found.key_reason:
        reason = label("key_reason", found.key_reason)
        sections.append(Section("Key reason for the CAF", [put(reason)]))
    if assessment is not None:
        sections.append(
            Section(
                "What the assessment says",
                rows=[
                    ("The children’s views", put(assessment.child_views)),
                    ("The family’s views", put(assessment.family_views)),
                    ("The professionals’ views", put(assessment.professional_views)),
                    *(
                        (words(key), put(value))
                        for key, value in content.items()
                        if isinstance(value, str)
                    ),
                ],
            )
        )
    for number, action in enumerate(actions, start=1):
        rows = [
            ("Need", put(action.need)),
            ("What is done", put(action.action)),
            ("Outcome wanted", put(action.outcome)),
            ("State", label("action_status", action.status)),
            ("Progress", put(action.progress)),
        ]
        if not anonymous:
            rows.insert(2, ("Who does it", put(action.owner)))
        sections.append(Section(f"Action {number} of the plan", rows=rows))
    if held:
        sections.append(
            Section(
                "The last Team Around the Child",
                rows=[
                    ("The child’s voice", put(held[0].child_voice or "")),
                    ("Progress", put(held[0].progress or "")),
                ],
            )
        )
    how = (
        "The family declined to be named. People, places, schools and agencies are left out; "
        "please do not try to find out who they are."
        if anonymous
        else "The family agreed that the panel hears these details. Do not pass them on."
    )
    return Paper("Case for the CAF Support Panel", how, sections)


def _named_at(context: ServiceContext, review: str, *, since: str) -> list[str]:
    """The words that the readers at `review` wanted out since the answers at `since`."""
    of_case = submission.c.business_key == context.business_key
    begun = select(func.max(submission.c.id)).where(of_case, submission.c.element == since)
    answers = context.connection.execute(
        select(submission.c.answers)
        .where(of_case, submission.c.element == review, submission.c.id > begun.scalar_subquery())
        .order_by(submission.c.id)
    ).scalars()
    return [
        str(row.get("words"))
        for one in answers
        for row in orjson.loads(one).get("take_out") or []
        if row.get("words")
    ]


def _age(person: Person, day: date) -> str:
    if person.date_of_birth is None:
        return "age not recorded"
    years = age_in_years(person.date_of_birth, day)
    if years < 0:
        return "not born yet"
    return "aged under 1" if years == 0 else f"aged {years}"


def _letters(number: int) -> str:
    return (_letters(number // 26 - 1) if number > 25 else "") + chr(ord("A") + number % 26)
