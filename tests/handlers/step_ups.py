"""What people do on map 5 when a case may have to step up, step by step."""

from __future__ import annotations

from typing import Any

from engine import queries
from tests.handlers.desk import action
from tests.handlers.office import AGREED, Office


def discuss(office: Office, outcome: str, by: str = "coordinator", **answers: Any) -> None:
    office.do(
        "discuss_with_dats",
        by,
        discussed_on="2026-03-02",
        discussed_with="Dale Dats",
        discussion="Robin is not safe at home.",
        threshold_met="not_clear",
        **({"outcome": outcome} if outcome else {}),
        **answers,
    )


def resolve(office: Office, outcome: str) -> None:
    """A service manager decides what the two teams do not agree on."""
    office.do(
        "resolve_disagreement",
        "servicemanager",
        resolved_on="2026-03-02",
        heard="Casey and Dale",
        resolution="The risk is clear.",
        outcome=outcome,
    )


def hold_tac(office: Office, outcome: str) -> None:
    office.do(
        "hold_tac_with_social_worker",
        "coordinator",
        held_on="2026-03-02",
        social_worker="Dale Dats",
        child_voice="I want it to stop.",
        discussion="Everybody is worried about Robin.",
        outcome=outcome,
    )


def transfer(office: Office, by: str = "coordinator") -> None:
    office.do(
        "transfer_to_social_care",
        by,
        transferred_on="2026-03-02",
        received_by="Dale Dats, duty assessment team",
        step_up_reasons="Robin is not safe at home.",
        latest_outcomes_included=True,
        closure_reason="stepped_up",
        closure_summary="Ash and Lee know.",
    )


def receive(office: Office, *, missing: str = "") -> None:
    office.do(
        "receive_transfer",
        "dats",
        receipt_on="2026-03-02",
        social_care_contact="Dale Dats",
        missing=bool(missing),
        **({"what_is_missing": missing} if missing else {}),
    )


def amend(office: Office, element: str = "amend_plan", by: str = "leadpro") -> None:
    office.do(
        element,
        by,
        plan_changes="Somebody sees Robin every day.",
        new_actions=[action(action="See Robin every day")],
        agreed_by="Ash Example",
        plan_agreed=True,
    )


def go_on(office: Office) -> None:
    """Threshold not met: the CAF continues with an amended plan, if there is a plan yet."""
    discuss(office, "continue", _whose(office, "discuss_with_dats"))
    for element in ("amend_plan", "amend_own_plan"):
        if element in office.open_tasks():
            amend(office, element, _whose(office, element))


def step_up(office: Office) -> None:
    """Agreed at the discussion, transferred, received and closed with oversight."""
    discuss(office, "stepped_up", _whose(office, "discuss_with_dats"))
    transfer(office, _whose(office, "transfer_to_social_care"))
    receive(office)
    office.do("oversee_step_up_closure", "manager", **AGREED)


def _whose(office: Office, element: str) -> str:
    (task,) = [
        task
        for task in queries.open_tasks(office.runtime, office.reference)
        if task.element == element
    ]
    return task.assignee or "coordinator"
