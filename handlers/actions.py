"""The actions of a case's plan, kept one by one so that each is SMART and tracked to its end
(R1.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from engine.errors import InvalidAnswers, NotFound
from engine.services import ServiceContext
from handlers.access import require_contribution
from handlers.answers import Answers
from handlers.casefile import open_for_writing, remember, write_note
from handlers.directory import User
from handlers.models import plan_actions, plans

GAPS: Final = {
    "owner": "has no owner: say who will do it",
    "outcome": "has no outcome: say what will be better for the child",
    "measure": "has no measure: say how everyone will know that the outcome is reached",
    "due_on": "has no date: say by when it will be done",
}
_NOTHING_SAID: Final = frozenset({"", "-", "?", "n/a", "na", "none", "tbc", "tba", "unknown"})
_WORDS: Final = ("need", "action", "owner", "outcome", "measure", "progress")


def smart_gaps(action: Mapping[str, Any]) -> tuple[str, ...]:
    """What one plan action lacks to be SMART, each in words: owner, outcome, measure, date (R1.2).

    `action` maps need, action, owner, outcome, measure, due_on; "TBC" and the like count as
    nothing.
    """
    gaps = [] if _said(action.get("action")) else ["does not say what will be done"]
    return (*gaps, *(words for key, words in GAPS.items() if not _said(action.get(key))))


def plan_problems(actions: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Why these actions are no SMART plan, one sentence for each gap; empty if they are one."""
    listed = list(actions)
    if not listed:
        return ("The plan has no actions: add at least one.",)
    return tuple(
        f"Action {number}{_title(action)} {gap}."
        for number, action in enumerate(listed, start=1)
        for gap in smart_gaps(action)
    )


def actions_of(connection: Connection, reference: str) -> list[dict[str, Any]]:
    """The plan's actions that were not dropped, oldest first, as mappings of plan_action's
    columns.
    """
    rows = connection.execute(
        select(plan_actions)
        .join(plans, plans.c.id == plan_actions.c.plan_id)
        .where(plans.c.case_reference == reference, plan_actions.c.status != "dropped")
        .order_by(plan_actions.c.id)
    )
    return [dict(row._mapping) for row in rows]


def add_actions(context: ServiceContext, answers: Answers, *keys: str, by: str) -> None:
    """Add the actions of a list in a later form (TAC outcomes, next TAC) to the case's plan
    (2P).
    """
    plan_id = plan_of(context.connection, context.business_key)
    for row in answers.rows(*keys):
        _insert(context.connection, plan_id, read_action(row), answers.name, by, context.now)


def complete_actions(context: ServiceContext) -> None:
    """Mark every open action of the plan as done."""
    context.connection.execute(
        update(plan_actions)
        .where(
            plan_actions.c.plan_id == plan_of(context.connection, context.business_key),
            plan_actions.c.status == "open",
        )
        .values(status="done", changed_at=context.now)
    )


def amend_action(
    connection: Connection,
    user: User,
    reference: str,
    action_id: int,
    changes: Mapping[str, Any],
    *,
    now: datetime,
) -> None:
    """Change one action of an open case's plan: its words, its date, its status or the progress
    made.

    `changes` maps need, action, owner, outcome, measure, progress (text), due_on (date, ISO text or
    empty) and status (open, done, dropped). What changed is kept as a case note. Raises NotFound,
    CaseClosed, or InvalidAnswers with a message per field.
    """
    require_contribution(connection, user, reference)
    open_for_writing(connection, reference)
    row = connection.execute(
        select(plan_actions)
        .join(plans, plans.c.id == plan_actions.c.plan_id)
        .where(plans.c.case_reference == reference, plan_actions.c.id == action_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"The plan of {reference} has no action {action_id}.")
    values = _clean_changes(changes)
    changed = sorted(key for key, value in values.items() if getattr(row, key) != value)
    if not changed:
        return
    connection.execute(
        update(plan_actions).where(plan_actions.c.id == action_id).values(**values, changed_at=now)
    )
    title = _title({"action": row.action})
    fields = ", ".join(key.replace("due_on", "date") for key in changed)
    text = f"Plan action changed{title}: {fields}."
    remember(connection, reference, user.id, now)
    write_note(connection, reference, text, user.id, now)


def add_action(
    connection: Connection,
    user: User,
    reference: str,
    action: Mapping[str, Any],
    *,
    now: datetime,
) -> int:
    """Add a SMART action to an open case's plan, outside of any form; its id.

    `action` maps need, action, owner, outcome, measure and due_on. Raises InvalidAnswers with what
    each missing field lacks, NotFound, NotAllowed or CaseClosed.
    """
    require_contribution(connection, user, reference)
    open_for_writing(connection, reference)
    values = {"need": "", "action": ""} | _clean_changes(action)
    missing = {key: f"The action {gap}." for key, gap in GAPS.items() if not _said(values.get(key))}
    if missing:
        raise InvalidAnswers(missing)
    plan_id = plan_of(connection, reference)
    _insert(connection, plan_id, values, "case_page", user.id, now)
    remember(connection, reference, user.id, now)
    text = f"Plan action added{_title(values)}."
    write_note(connection, reference, text, user.id, now)
    return int(
        connection.execute(
            select(func.max(plan_actions.c.id)).where(plan_actions.c.plan_id == plan_id)
        ).scalar_one()
    )


def _clean_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for key, value in changes.items():
        if key in _WORDS:
            values[key] = str(value or "").strip()
            if len(values[key]) > 4000:
                errors[key] = f"The {key} must be 4,000 characters or less."
        elif key == "status":
            values[key] = value
            if value not in ("open", "done", "dropped"):
                errors[key] = "Choose open, done or dropped."
        elif key == "due_on":
            try:
                values[key] = (
                    value
                    if isinstance(value, date)
                    else date.fromisoformat(value)
                    if value
                    else None
                )
            except (TypeError, ValueError):
                errors[key] = "The date must be a real date such as 2026-05-03."
        else:
            errors[key] = f"A plan action has no “{key}”."
    if "action" in values and not values["action"]:
        errors["action"] = "Enter what will be done."
    if errors:
        raise InvalidAnswers(errors)
    return values


def plan_of(connection: Connection, reference: str) -> int:
    """The id of the case's one plan, begun here if there is none."""
    found = connection.execute(
        select(plans.c.id).where(plans.c.case_reference == reference)
    ).scalar_one_or_none()
    if found is None:
        found = connection.execute(
            insert(plans).values(case_reference=reference).returning(plans.c.id)
        ).scalar_one()
    return int(found)


def replace_actions(
    context: ServiceContext, plan_id: int, actions: list[dict[str, Any]], form: str, by: str
) -> None:
    """Put `actions` in the place of those still open: of an agreed plan nothing is erased."""
    agreed = context.connection.execute(
        select(plans.c.status == "agreed").where(plans.c.id == plan_id)
    ).scalar_one()
    still_open = (plan_actions.c.plan_id == plan_id) & (plan_actions.c.status == "open")
    if agreed:
        context.connection.execute(
            update(plan_actions).where(still_open).values(status="dropped", changed_at=context.now)
        )
    else:
        context.connection.execute(delete(plan_actions).where(still_open))
    for action in actions:
        _insert(context.connection, plan_id, action, form, by, context.now)


def _insert(
    connection: Connection,
    plan_id: int,
    action: Mapping[str, Any],
    place: str,
    by: str,
    now: datetime,
) -> None:
    connection.execute(
        insert(plan_actions).values(
            plan_id=plan_id, added_in=place, added_by=by, added_at=now, **action
        )
    )


def read_action(row: Answers) -> dict[str, Any]:
    """The columns of an action from one row of a form's list."""
    fields: dict[str, Any] = {
        key: row.text(key) for key in ("need", "action", "owner", "outcome", "measure")
    }
    return {**fields, "due_on": row.day("due_on")}


def _said(value: Any) -> bool:
    return value is not None and str(value).strip().lower().rstrip(".") not in _NOTHING_SAID


def _title(action: Mapping[str, Any]) -> str:
    title = str(action.get("action") or "").strip()
    if len(title) > 60:
        title = title[:59].rstrip() + "…"
    return f" (“{title}”)" if title else ""
