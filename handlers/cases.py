"""Reading cases: one whole case for its page, and lists of those that a person may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from engine.errors import InvalidAnswers, NotFound
from handlers import models
from handlers.access import require_contribution, visible_cases
from handlers.actions import plan_problems, smart_gaps
from handlers.casefile import open_for_writing, write_note
from handlers.directory import User, names
from handlers.models import cases, people
from handlers.views import (
    Assessment,
    Case,
    CaseRow,
    Check,
    Closure,
    Consent,
    ContactView,
    Found,
    Giver,
    Note,
    Person,
    Plan,
    PlanAction,
    Professional,
    QualityReview,
    Recommendation,
    Tac,
    Transfer,
    Triage,
)
from handlers.vocabulary import CANNOT_BE_SHOWN, label, unshowable

MAXIMUM_NOTE = 20_000
_View = TypeVar("_View")
_OF_A_CASE = (
    models.contacts,
    models.people,
    models.checks,
    models.triages,
    models.recommendations,
    models.transfers,
    models.consents,
    models.assessments,
    models.plans,
    models.tacs,
    models.quality_reviews,
    models.closures,
    models.notes,
)
_NEWEST_FIRST = (
    "triage",
    "recommendation",
    "consent",
    "assessment",
    "tac",
    "quality_review",
    "case_note",
)
_WHO = (
    "checked_by",
    "decided_by",
    "recommended_by",
    "agreed_by",
    "transferred_by",
    "recorded_by",
    "author",
    "finalised_by",
    "added_by",
    "reviewer",
    "requested_by",
    "overseen_by",
    "closed_by",
)
"""The columns that hold the id of someone who acted."""


def case(connection: Connection, reference: str) -> Case:
    """Everything recorded about the case; raises NotFound if there is none with this reference.

    Whether the reader may see it is `handlers.access`'s to say, and to log.
    """
    header = connection.execute(select(cases).where(cases.c.reference == reference)).one_or_none()
    if header is None:
        raise NotFound(f"There is no case {reference}. Check the reference.")
    records = {
        table.name: _rows(
            connection,
            select(table).where(table.c.case_reference == reference).order_by(table.c.id),
        )
        for table in _OF_A_CASE
    }
    records["case_file"] = [dict(header._mapping)]
    records["plan_action"] = _rows(
        connection,
        select(models.plan_actions)
        .join(models.plans, models.plans.c.id == models.plan_actions.c.plan_id)
        .where(models.plans.c.case_reference == reference)
        .order_by(models.plan_actions.c.id),
    )
    _name_people(connection, records)
    for name in _NEWEST_FIRST:
        records[name].reverse()
    return _view(
        Case,
        records["case_file"][0],
        contacts=_views(ContactView, records["contact"]),
        people=_views(Person, records["person"]),
        checks=_views(Check, records["basic_check"]),
        triage=_first(map(_triage, records["triage"])),
        recommendations=_views(Recommendation, records["recommendation"]),
        transfers=_views(Transfer, records["tray_transfer"]),
        consents=_consents(connection, records["consent"]),
        assessments=tuple(_assessment(row) for row in records["assessment"]),
        plan=_first(_plan(row, records["plan_action"]) for row in records["plan"]),
        tacs=tuple(_tac(row) for row in records["tac"]),
        reviews=tuple(_review(row) for row in records["quality_review"]),
        closure=_first(_views(Closure, records["closure"])),
        notes=_views(Note, records["case_note"]),
    )


def search(
    connection: Connection,
    reader: User,
    *,
    text: str = "",
    status: str | None = None,
    mine: bool = False,
    page: int = 1,
    size: int = 25,
) -> Found:
    """A page of the cases that the reader may see, newest first.

    `text` is looked for in reference, family name, postcode and the names of the family's people;
    `mine` keeps those that the reader leads or co-ordinates.
    """
    conditions: list[ColumnElement[bool]] = [visible_cases(reader)]
    if status is not None:
        conditions.append(cases.c.status == status)
    if mine:
        conditions.append(
            or_(cases.c.lead_professional == reader.id, cases.c.co_ordinator == reader.id)
        )
    if text.strip():
        conditions.append(_mentions(" ".join(text.split())))
    total = connection.execute(
        select(func.count()).select_from(cases).where(*conditions)
    ).scalar_one()
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    rows = connection.execute(
        select(cases)
        .where(*conditions)
        .order_by(cases.c.opened_at.desc(), cases.c.reference.desc())
        .offset((page - 1) * size)
        .limit(size)
    ).all()
    known = names(
        connection, [who for row in rows for who in (row.co_ordinator, row.lead_professional)]
    )
    found = []
    for row in rows:
        people_by_name = {
            column: known.get(row._mapping[column] or "")
            for column in ("co_ordinator", "lead_professional")
        }
        found.append(_view(CaseRow, dict(row._mapping) | people_by_name))
    return Found(tuple(found), total, page, pages)


def add_note(
    connection: Connection, author: User, reference: str, text: str, *, now: datetime
) -> int:
    """Write a case note; its id.

    Raises NotFound if the case is not the author's to see, NotAllowed if consent lets them read
    only, CaseClosed if the file is locked, InvalidAnswers if there is no text or too much.
    """
    require_contribution(connection, author, reference)
    text = text.strip()
    if not text:
        raise InvalidAnswers({"text": "Enter the note."})
    if unshowable(text):
        raise InvalidAnswers({"text": CANNOT_BE_SHOWN})
    if len(text) > MAXIMUM_NOTE:
        raise InvalidAnswers({"text": f"The note must be {MAXIMUM_NOTE:,} characters or less."})
    # Not remembered as work on the case: a note would open the file for good to someone who opened
    # it once for a safeguarding reason.
    open_for_writing(connection, reference)
    return write_note(connection, reference, text, author.id, now)


def _rows(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(query)]


def _name_people(connection: Connection, records: Mapping[str, list[dict[str, Any]]]) -> None:
    """Put names in the place of the ids of those who acted; the leaders keep their ids beside
    them.
    """
    rows = [row for rows in records.values() for row in rows]
    leaders = ("co_ordinator", "lead_professional")
    known = names(connection, [row.get(column) for row in rows for column in (*_WHO, *leaders)])
    for row in rows:
        row.update({column: known.get(row[column] or "") for column in _WHO if column in row})
    header = records["case_file"][0]
    header.update({f"{column}_name": known.get(header[column] or "") for column in leaders})


def _view(view: type[_View], row: Mapping[str, Any], **more: Any) -> _View:
    """A view with the columns of the same names, and `more` in the place of some."""
    wanted = {item.name for item in fields(cast(Any, view))}
    return view(**{key: value for key, value in row.items() if key in wanted} | more)


def _views(view: type[_View], rows: Iterable[Mapping[str, Any]]) -> tuple[_View, ...]:
    return tuple(_view(view, row) for row in rows)


def _first(found: Iterable[_View]) -> _View | None:
    return next(iter(found), None)


def _consents(connection: Connection, rows: list[dict[str, Any]]) -> tuple[Consent, ...]:
    ids = [row["id"] for row in rows]
    givers, professionals = (
        _rows(connection, select(table).where(table.c.consent_id.in_(ids)).order_by(table.c.id))
        for table in (models.consent_givers, models.professional_accesses)
    )
    return tuple(
        _view(
            Consent,
            row,
            givers=_views(Giver, (one for one in givers if one["consent_id"] == row["id"])),
            professionals=_views(
                Professional, (one for one in professionals if one["consent_id"] == row["id"])
            ),
        )
        for row in rows
    )


def _triage(row: dict[str, Any]) -> Triage:
    return _view(
        Triage,
        row,
        rating_rules=tuple(map(_rule, row["rating_rules"])),
        tray_rules=tuple(map(_rule, row["tray_rules"])),
    )


def _rule(rule: Mapping[str, Any]) -> str:
    words = rule.get("description") or "no description"
    return f"Rule {rule.get('number', '')}: {words}"


def _assessment(row: dict[str, Any]) -> Assessment:
    return _view(Assessment, row, plan_problems=tuple(row["plan_problems"]))


def _plan(row: dict[str, Any], actions: list[dict[str, Any]]) -> Plan:
    kept = [action for action in actions if action["status"] != "dropped"]
    return _view(
        Plan,
        row,
        actions=tuple(_view(PlanAction, action, gaps=smart_gaps(action)) for action in kept),
        problems=plan_problems(kept),
    )


def _tac(row: dict[str, Any]) -> Tac:
    return _view(Tac, row, attended=tuple(row["attended"]))


def _review(row: dict[str, Any]) -> QualityReview:
    criteria = {label("criterion", name): bool(met) for name, met in row["criteria"].items()}
    return _view(QualityReview, row, criteria=criteria)


def _mentions(text: str) -> ColumnElement[bool]:
    """The text stands in the reference, the family's name, its postcode or the name of one of its
    people.
    """
    named = (
        select(people.c.id)
        .where(
            people.c.case_reference == cases.c.reference,
            people.c.name.icontains(text, autoescape=True),
        )
        .correlate(cases)
        .exists()
    )
    columns = (cases.c.reference, cases.c.family_name, cases.c.postcode)
    return or_(*(column.icontains(text, autoescape=True) for column in columns), named)
