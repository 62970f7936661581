"""Who may see which case, and the log of everyone who looked (R2.2, R14.1, R14.2)."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    true,
)

from engine.errors import InvalidAnswers, NotAllowed, NotFound
from engine.models import instance, user_task
from engine.statements import Statement
from handlers.consent import in_force
from handlers.directory import User, names
from handlers.models import (
    access_log,
    cases,
    consents,
    involvements,
    people,
    professional_accesses,
    triages,
)
from handlers.notifications import report
from handlers.practices import PRACTICES, Practice, managed_by, models_of, practice_of
from handlers.vocabulary import CANNOT_BE_SHOWN, unshowable


class ReasonNeeded(NotAllowed):
    """There is no consent in force: opening the file takes a safeguarding reason in words
    (R14.1).
    """


@dataclass(frozen=True)
class Opening:
    """One opening of a case's file; `reason` is empty where none was needed."""

    user_id: str
    name: str
    at: datetime
    reason: str


@dataclass(frozen=True)
class LookUp:
    """All that a practitioner may be told about a child: whether there is an open CAF episode,
    whether the case went to social care, and whom to contact (R14.2).
    """

    open_episode: bool
    social_care: bool
    contacts: tuple[str, ...]


def visible_cases(user: User) -> ColumnElement[bool]:
    """The condition on `handlers.models.cases` that a case is one of those the user may see.

    Nobody sees a case of a model in which they have no role. A model's team sees all of its cases;
    its partners those they worked on, those in which a task waits for them if they are asked in,
    and those that arrive for them: a MASH worker those without a tray decision, an allocated
    social worker those about to step down, a social worker of CADS those that nobody has made a
    recommendation for. A lead professional sees the cases they lead and those to which the family's
    consent gives them access.
    """
    return _visible(user.roles, user.id, user.email.lower())


Text = str | ColumnElement[str]


def _visible(roles: frozenset[str], user_id: Text, email: Text) -> ColumnElement[bool]:
    granted = [
        and_(
            cases.c.model == practice.model,
            _visible_in(practice, roles & practice.roles, user_id, email),
        )
        for practice in PRACTICES.values()
        if roles & practice.roles
    ]
    return or_(false(), *granted)


def _visible_in(
    practice: Practice, roles: frozenset[str], user_id: Text, email: Text
) -> ColumnElement[bool]:
    if roles & practice.team:
        return true()
    granted: list[ColumnElement[bool]] = []
    if roles & practice.partners:
        granted.append(_worked_on(user_id))
    if asked_in := roles & practice.asked_in:
        granted.append(_waits_for(user_id, asked_in))
    if "allocated_social_worker" in roles:
        granted.append(cases.c.tray == "step_down")
    if "social_worker" in roles:
        granted.append(cases.c.tray == "cads")
    if "mash_worker" in roles:
        decided = exists().where(
            triages.c.case_reference == cases.c.reference, triages.c.decided_tray.is_not(None)
        )
        granted.append(and_(~decided, cases.c.source != "step_down", cases.c.status == "open"))
    if practice.leader in roles:
        granted += [cases.c.lead_professional == user_id, _consented(email)]
    return or_(false(), *granted)


def _worked_on(user_id: Text) -> ColumnElement[bool]:
    involved = exists().where(
        involvements.c.case_reference == cases.c.reference, involvements.c.user_id == user_id
    )
    did = exists().where(
        user_task.c.business_key == cases.c.reference,
        user_task.c.status == "completed",
        user_task.c.closed_by == user_id,
    )
    return or_(involved, did)


def _waits_for(user_id: Text, roles: Collection[str]) -> ColumnElement[bool]:
    return exists().where(
        user_task.c.business_key == cases.c.reference,
        user_task.c.status == "open",
        or_(*(user_task.c.role == role for role in sorted(roles))),
        or_(user_task.c.assignee.is_(None), user_task.c.assignee == user_id),
    )


def visible_instances(user: User, *, cluster: str | None = None) -> ColumnElement[bool]:
    """The condition on `engine.models.instance` that a process instance belongs to a case that the
    user may see, of one cluster area or of all.

    Where not even the file could be opened there is no case yet: that is for the model's managers.
    """
    if cluster is not None:
        there = select(cases.c.reference).where(cases.c.cluster == cluster, visible_cases(user))
        return instance.c.business_key.in_(there)
    # A value rather than EXISTS: PostgreSQL would look at every case there is before it gives the
    # first instance.
    seen = (
        select(case((visible_cases(user), 1), else_=0))
        .where(cases.c.reference == instance.c.business_key)
        .correlate(instance)
        .scalar_subquery()
    )
    answers_for = case((instance.c.model.in_(managed_by(user.roles)), 1), else_=0)
    return func.coalesce(seen, answers_for) == 1


def may_see(connection: Connection, user: User, reference: str) -> bool:
    """Whether the user may see the case; False as well where there is no such case."""
    of = {"reference": reference, "user_id": user.id, "email": user.email.lower()}
    return _seen(user.roles).one_or_none(connection, of) is not None


@lru_cache(maxsize=1_000)
def _seen(roles: frozenset[str]) -> Statement:
    """Finds a case if someone with these roles may see it; asked at every request."""
    someone = bindparam("user_id", type_=String), bindparam("email", type_=String)
    return Statement(
        select(cases.c.reference).where(
            cases.c.reference == bindparam("reference"), _visible(roles, *someone)
        )
    )


def hidden(connection: Connection, user: User, references: Collection[str]) -> set[str]:
    """Those of the cases with these references that the user may not see."""
    of_these = cases.c.reference.in_(references)
    known = set(connection.execute(select(cases.c.reference).where(of_these)).scalars())
    seen = select(cases.c.reference).where(of_these, visible_cases(user))
    return known - set(connection.execute(seen).scalars())


def require(connection: Connection, user: User, reference: str) -> None:
    """Raise NotFound unless the user may see the case: the same words whether it is hidden or
    unknown.
    """
    if not may_see(connection, user, reference):
        raise NotFound(
            f"There is no case {reference}, or it is not one of yours. Check the reference; if a "
            "case should be yours, ask a manager."
        )


def may_contribute(connection: Connection, user: User, reference: str) -> bool:
    """Whether the user may add to the case: everyone who sees it, but not a professional whom the
    family allowed to read only.
    """
    if not may_see(connection, user, reference):
        return False
    practice = practice_of(connection, reference)
    if user.has(*practice.team, *practice.partners - {"allocated_social_worker"}):
        return True
    allowed = or_(
        cases.c.lead_professional == user.id, _consented(user.email.lower(), "contribute")
    )
    found = connection.execute(
        select(cases.c.reference).where(cases.c.reference == reference, allowed)
    )
    return found.first() is not None


def may_ask(connection: Connection, user: User, reference: str, message: str) -> bool:
    """Whether the user may send this message about the case, as far as their access goes."""
    if message in practice_of(connection, reference).for_everyone:
        return may_see(connection, user, reference)
    return may_contribute(connection, user, reference)


def require_contribution(connection: Connection, user: User, reference: str) -> None:
    """Raise NotFound unless the user may see the case, NotAllowed unless they may add to it."""
    require(connection, user, reference)
    if not may_contribute(connection, user, reference):
        raise NotAllowed(
            f"The family's consent lets you read the file of {reference}, not add to it."
        )


def open_case(
    connection: Connection,
    user: User,
    reference: str,
    *,
    now: datetime,
    reason: str = "",
    has_task: bool = False,
) -> None:
    """Log that the user opens the case's file; call it each time before showing any of it.

    Where no consent is in force, only those who work on the case (`has_task`, or they did a step of
    it, or they lead or co-ordinate it) and the managers open it without more; anyone else gives a
    safeguarding reason, which is reported to the managers of the case's model (R14.1). Raises
    NotFound if the case is not the user's to see, ReasonNeeded if the reason is missing,
    InvalidAnswers if it has characters that cannot be kept.
    """
    require(connection, user, reference)
    reason = reason.strip()
    if unshowable(reason):
        raise InvalidAnswers({"reason": CANNOT_BE_SHOWN})
    managers = practice_of(connection, reference).managers
    unconsented = not (
        has_task
        or user.has(*managers)
        or in_force(connection, reference)
        or _works_on(connection, user, reference)
    )
    if unconsented and not reason:
        raise ReasonNeeded(
            f"There is no consent in force for {reference}. Its file may be opened only for a "
            "safeguarding reason: say what it is. The managers will be told."
        )
    connection.execute(
        insert(access_log).values(user_id=user.id, case_reference=reference, reason=reason, at=now)
    )
    for manager in sorted(managers) if unconsented else ():
        report(
            connection,
            manager,
            reference,
            "A file was opened without consent",
            f"{user.name} opened the file of {reference} without consent in force. "
            f"Reason given: {reason}",
            now,
        )


def openings(connection: Connection, reference: str) -> list[Opening]:
    """Who opened the case's file, when and why, newest first."""
    rows = connection.execute(
        select(access_log)
        .where(access_log.c.case_reference == reference)
        .order_by(access_log.c.id.desc())
    ).all()
    known = names(connection, (row.user_id for row in rows))
    return [Opening(row.user_id, known[row.user_id], row.at, row.reason) for row in rows]


def look_up(
    connection: Connection,
    user: User,
    name: str,
    date_of_birth: date,
    *,
    reason: str,
    now: datetime,
) -> LookUp:
    """Answer a practitioner who asks about a child, with no more than R14.2 allows, and log the
    question.

    Only cases of the models of which the user is staff are looked at. Name and date of birth both
    have to match; capitals, accents, spaces, hyphens and apostrophes of
    the name make no difference. Raises InvalidAnswers if the name or the reason is missing.
    """
    errors = {}
    if not name.strip():
        errors["name"] = "Enter the child's full name."
    if not reason.strip():
        errors["reason"] = "Enter who asks and why: the question is logged."
    for field, text in (("name", name), ("reason", reason)):
        if unshowable(text):
            errors[field] = CANNOT_BE_SHOWN
    if errors:
        raise InvalidAnswers(errors)
    connection.execute(
        insert(access_log).values(
            user_id=user.id,
            looked_up=f"{name.strip()}, {date_of_birth.isoformat()}"[:200],
            reason=reason.strip(),
            at=now,
        )
    )
    born_then = connection.execute(
        select(people.c.case_reference, people.c.name).where(
            people.c.date_of_birth == date_of_birth
        )
    )
    # Not in SQL: databases differ in which letters they know to be one letter, and a child who is
    # not found is a wrong answer.
    wanted = _spoken(name)
    named = {row.case_reference for row in born_then if _spoken(row.name) == wanted}
    rows = connection.execute(
        select(cases)
        .where(cases.c.reference.in_(named), cases.c.model.in_(models_of(user.roles)))
        .order_by(cases.c.reference)
    ).all()
    episodes = [row for row in rows if row.status == "open" and row.episode_opened_at is not None]
    stepped_up = [row for row in rows if row.closure_reason == "stepped_up"]
    leaders = [row.lead_professional for row in episodes if row.lead_professional]
    known = names(connection, leaders)
    contacts = [known[leader] for leader in leaders]
    contacts += [PRACTICES[row.model].social_care for row in stepped_up if row.model in PRACTICES]
    return LookUp(bool(episodes), bool(stepped_up), tuple(dict.fromkeys(contacts)))


def _spoken(name: str) -> str:
    """The letters and digits of a name, however it is typed: “José O’Neil” is “joseoneil”."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    return "".join(
        letter
        for letter in folded
        if unicodedata.category(letter)[0] in "LNM" and not unicodedata.combining(letter)
    )


def _consented(email: Text, *accesses: str) -> ColumnElement[bool]:
    """The family's latest consent is given and names this e-mail address."""
    latest = (
        select(func.max(consents.c.id))
        .where(consents.c.case_reference == cases.c.reference)
        .correlate(cases)
        .scalar_subquery()
    )
    named = (
        select(consents.c.id)
        .join(professional_accesses, professional_accesses.c.consent_id == consents.c.id)
        .where(
            consents.c.id == latest,
            consents.c.status == "given",
            professional_accesses.c.email == email,
        )
    )
    if accesses:
        named = named.where(professional_accesses.c.access.in_(accesses))
    return named.correlate(cases).exists()


def _works_on(connection: Connection, user: User, reference: str) -> bool:
    mine = or_(
        cases.c.lead_professional == user.id, cases.c.co_ordinator == user.id, _worked_on(user.id)
    )
    return (
        connection.execute(
            select(cases.c.reference).where(cases.c.reference == reference, mine)
        ).first()
        is not None
    )
