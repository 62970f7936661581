"""The overview's footnote: at any point a case can be closed, stepped up, or go to its review."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from engine import commands, due, queries
from engine.errors import Conflict, EngineError, NotWaiting, TaskClosed
from engine.models import outbox
from handlers.models import closures
from tests.handlers import safer_families, social_work, step_ups, stuck_cafs
from tests.handlers.desk import PEOPLE, action
from tests.handlers.office import AGREED, MOVED, RETURNED, Office, assessment, tac

Point = Callable[[Office], None]
CONTACT_REASON = {"closure_reason": "consent_withdrawn", "closure_summary": "Ash asked us to stop."}
REVIEW = {"next_tac_on": "2026-03-06", "review_reason": "Robin has moved in with his aunt."}


def new_contact(office: Office) -> None:
    office.receive()


def tray_decision(office: Office) -> None:
    office.receive()
    office.do(
        "complete_basic_checks",
        "mash",
        social_care_open=False,
        checks_outcome="Nothing known.",
        recommendation="caf",
    )


def in_co_ordinators_tray(office: Office) -> None:
    office.receive()
    office.triage()


def assessment_wanted(office: Office) -> None:
    in_co_ordinators_tray(office)
    office.open_episode()


def assessment_with_manager(office: Office) -> None:
    """The co-ordinator asks for no further action, and the duty manager has it."""
    assessment_wanted(office)
    office.do("complete_caf_assessment", "leadpro", **assessment(action()))
    office.pass_quality(
        "no_further_action",
        closure_reason="no_identified_needs",
        closure_summary="The family manages well.",
    )


def stuck_after_assessment(office: Office) -> None:
    assessment_wanted(office)
    office.do("complete_caf_assessment", "leadpro", **assessment(action()))
    office.pass_quality("stuck")


def tac_awaited(office: Office) -> None:
    assessment_wanted(office)
    office.agree_plan()


def outcomes_awaited(office: Office) -> None:
    """A meeting was held and the co-ordinator has its outcomes."""
    tac_awaited(office)
    office.do("hold_tac", "leadpro", **tac())


def episode_closing(office: Office) -> None:
    outcomes_awaited(office)
    office.ask_for_episode_closure()


def step_up_after_review(office: Office) -> None:
    outcomes_awaited(office)
    office.review_tac("step_up")


def panel_sitting(office: Office) -> None:
    tac_awaited(office)
    stuck_cafs.raise_concern(office)
    stuck_cafs.wait_for_panel(office)


def several_concerns(office: Office) -> None:
    """Three at once: one at the panel, one discussed, one urgent."""
    panel_sitting(office)
    stuck_cafs.raise_concern(office, "coordinator")
    stuck_cafs.raise_concern(office, urgent=True)


def with_social_workers(office: Office) -> None:
    social_work.reach_tray(office)
    social_work.allocate(office)


def social_workers_plan(office: Office) -> None:
    with_social_workers(office)
    social_work.open_episode(office)
    social_work.assess(office, action())
    social_work.pass_quality(office)
    social_work.agree_plan(office)


def support_beside_reviews(office: Office) -> None:
    social_workers_plan(office)
    social_work.hand_over(office, support=True)


def safer_families_contact(office: Office) -> None:
    office.receive(domestic_abuse=True)
    office.triage("safer_families")


def safer_families_tac(office: Office) -> None:
    safer_families.open_episode(office)
    safer_families.agree_plan(office)


CONTACTS: list[Point] = [
    new_contact,
    tray_decision,
    in_co_ordinators_tray,
    social_work.step_down,
    with_social_workers,
    safer_families_contact,
]
CAFS: list[Point] = [
    assessment_wanted,
    assessment_with_manager,
    stuck_after_assessment,
    tac_awaited,
    outcomes_awaited,
    episode_closing,
    step_up_after_review,
    several_concerns,
    social_workers_plan,
    support_beside_reviews,
    safer_families_tac,
]


def reason(office: Office) -> dict[str, str]:
    return MOVED if office.file().episode_opened_at else CONTACT_REASON


def closed_once(office: Office) -> bool:
    with office.runtime.database.connect() as connection:
        rows = connection.execute(
            sa.select(closures).where(closures.c.case_reference == office.reference)
        ).all()
    return len(rows) == 1 and queries.verify_history(office.runtime, office.reference) == []


def mailed(office: Office) -> list[str]:
    with office.runtime.database.connect() as connection:
        payloads = connection.execute(sa.select(outbox.c.payload).order_by(outbox.c.id)).scalars()
        return [orjson.loads(payload)["to"] for payload in payloads]


@pytest.mark.parametrize("reach", [*CONTACTS, *CAFS])
def test_from_any_point_to_a_review_back_to_the_work_and_to_closure(
    office: Office, reach: Point
) -> None:
    reach(office)
    before = office.open_tasks()
    office.send("close_requested", "coordinator", **reason(office))
    assert sorted(office.open_tasks()) == sorted([*before, "oversee_requested_closure"])
    office.do("oversee_requested_closure", "manager", **RETURNED)
    assert office.told("coordinator")[0] == "The closure you asked for is returned"
    assert office.open_tasks() == before, "a request that is returned leaves the work as it is"
    if reach is not step_up_after_review:
        office.send("step_up_requested", "coordinator", reasons="The risk has grown.")
        step_ups.go_on(office)
        assert office.open_tasks() == before, "without a step up the work is as it was"
    if reach in CONTACTS:
        assert office.waiting() == ["close_requested", "step_up_requested"]
    else:
        hold_review_now(office)
    office.send("close_requested", "coordinator", **reason(office))
    office.do("oversee_requested_closure", "manager", **AGREED)
    assert office.ended and closed_once(office)
    file = office.file()
    kind = "episode" if file.episode_opened_at else "contact"
    assert (file.closure_kind, file.closed_by) == (kind, "Morgan Manager")
    for person in {"coordinator", file.lead_professional, file.co_ordinator} - {None}:
        assert office.told(person)[0] == "A case is closed"
        assert PEOPLE[person].email in mailed(office)


def hold_review_now(office: Office) -> None:
    """A review is asked for and held by whoever leads, while all other work stays as it is."""
    names = ["close_requested", "concern_raised", "review_requested", "step_up_requested"]
    assert office.waiting() == names
    leader = str(office.file().lead_professional)
    before = office.open_tasks()
    office.send("review_requested", "manager", **REVIEW)
    for person in (leader, "coordinator"):
        assert office.told(person)[0] == "A review is wanted now"
    assert office.file().notes[0].text == REVIEW["review_reason"]
    (held,) = [
        task
        for task in queries.open_tasks(office.runtime, office.reference)
        if task.due_at is not None and task.due_at.date().isoformat() == REVIEW["next_tac_on"]
    ]
    assert held.assignee == leader
    assert {*before, held.element} == set(office.open_tasks())
    if held.element == "hold_initial_tac":
        safer_families.hold_tac(office, "hand_over")
    else:
        office.do(held.element, leader, **tac())
    assert office.waiting() == names
    assert set(before) - {held.element} <= set(office.open_tasks())


@pytest.mark.parametrize(
    "reach",
    [
        new_contact,
        with_social_workers,
        assessment_with_manager,
        panel_sitting,
        support_beside_reviews,
        safer_families_tac,
    ],
)
def test_stepped_up_from_any_point(office: Office, reach: Point) -> None:
    reach(office)
    office.send("step_up_requested", "coordinator", reasons="The risk has grown.")
    step_ups.step_up(office)
    assert office.ended and closed_once(office)
    file = office.file()
    assert file.closure_reason == "stepped_up"
    assert "The risk has grown." in [note.text for note in file.notes if note.kind == "concern"]


def test_a_contact_has_no_review_yet(office: Office) -> None:
    in_co_ordinators_tray(office)
    with pytest.raises(NotWaiting):
        office.send("review_requested", "coordinator", **REVIEW)


def test_a_called_review_goes_back_until_it_meets_the_criteria(office: Office) -> None:
    outcomes_awaited(office)
    office.send("review_requested", "coordinator", **REVIEW)
    office.do("hold_called_review", "leadpro", **tac())
    verdict = {
        "child_voice_reflected": "no",
        "family_and_professionals_consulted": "yes",
        "plan_reviewed": "yes",
        "review_comment": "Ask Robin.",
    }
    office.do("oversee_called_review", "coordinator", **verdict)
    assert "hold_called_review" in office.open_tasks()
    office.do("hold_called_review", "leadpro", **tac())
    office.do("oversee_called_review", "coordinator", **verdict | {"child_voice_reflected": "yes"})
    assert office.open_tasks() == ["review_tac_outcomes"]
    assert [one.held_on is not None for one in office.file().tacs] == [True, True, True]


def test_a_called_review_that_is_late_alerts_like_any_other(office: Office) -> None:
    outcomes_awaited(office)
    office.send("review_requested", "coordinator", **REVIEW)
    office.now = office.now.replace(day=7)
    assert due.fire_due(office.runtime) == 1
    for person in ("leadpro", "coordinator"):
        assert office.told(person)[0] == "A TAC is overdue"
        assert PEOPLE[person].email in mailed(office)[-2:]


def test_only_one_closure_and_one_step_up_wait_for_a_decision(office: Office) -> None:
    tac_awaited(office)
    for message, answers in (
        ("close_requested", MOVED),
        ("step_up_requested", {"reasons": "The risk has grown."}),
    ):
        office.send(message, "coordinator", **answers)
        with pytest.raises(NotWaiting):
            office.send(
                message, "leadpro" if message == "close_requested" else "coordinator2", **answers
            )


def test_whoever_asked_for_a_closure_is_told_even_if_not_on_the_case(office: Office) -> None:
    tac_awaited(office)
    office.send("close_requested", "manager2", **MOVED)
    office.do("oversee_requested_closure", "manager", **AGREED)
    assert office.told("manager2")[0] == "A case is closed"
    assert "A case is closed" not in office.told("manager"), "who decided knows"


def at_once(*deeds: Callable[[], None]) -> list[EngineError | None]:
    """Several people do something at the same moment; what each was refused with."""

    def attempt(deed: Callable[[], None]) -> EngineError | None:
        try:
            deed()
        except EngineError as refusal:
            return refusal
        return None

    with ThreadPoolExecutor(len(deeds)) as people:
        return list(people.map(attempt, deeds))


def complete(office: Office, element: str, by: str, answers: dict[str, Any]) -> Callable[[], None]:
    """The person has that task open, and is about to complete it."""
    open_tasks = queries.open_tasks(office.runtime, office.reference)
    (task,) = [one for one in open_tasks if one.element == element]

    def deed() -> None:
        commands.complete_task(office.runtime, task.id, answers, PEOPLE[by].actor)

    return deed


def test_two_people_ask_for_the_closure_at_once(office: Office) -> None:
    several_concerns(office)
    refused = at_once(
        *(partial(office.send, "close_requested", by, **MOVED) for by in ("leadpro", "coordinator"))
    )
    assert sorted(type(one) for one in refused if one) == [NotWaiting]
    office.do("oversee_requested_closure", "manager", **AGREED)
    assert office.ended and closed_once(office)


def test_two_managers_close_a_case_in_two_ways_at_once(office: Office) -> None:
    episode_closing(office)
    office.send("close_requested", "leadpro", **MOVED)
    refused = at_once(
        complete(office, "complete_episode_closure", "manager", AGREED),
        complete(office, "oversee_requested_closure", "manager2", AGREED),
    )
    assert [type(one) for one in refused if one] in ([TaskClosed], [Conflict])
    assert office.ended and closed_once(office)


def test_a_closure_and_other_work_at_once(office: Office) -> None:
    """Whoever is second is told; nothing of theirs is half done."""
    several_concerns(office)
    office.send("close_requested", "coordinator", **MOVED)
    at_once(
        complete(office, "oversee_requested_closure", "manager", AGREED),
        complete(office, "hold_tac", "leadpro", tac()),
        partial(office.send, "step_up_requested", "coordinator2", reasons="The risk has grown."),
        partial(stuck_cafs.raise_concern, office, "coordinator"),
        partial(office.send, "review_requested", "manager2", **REVIEW),
    )
    assert office.ended and closed_once(office)


def test_an_urgent_concern_outlives_a_closure_request(office: Office) -> None:
    tac_awaited(office)
    stuck_cafs.raise_concern(office, urgent=True)
    referral = [task for task in office.open_tasks() if task != "hold_tac"]
    office.send("close_requested", "coordinator", **MOVED)
    assert set(referral) <= set(office.open_tasks())
    office.do("oversee_requested_closure", "manager", **RETURNED)
    assert set(referral) <= set(office.open_tasks())


def test_a_reason_for_a_contact_still_closes_what_became_an_episode(office: Office) -> None:
    in_co_ordinators_tray(office)
    office.send(
        "close_requested",
        "coordinator",
        closure_reason="caf_not_appropriate",
        closure_summary="Ash needs advice only.",
    )
    office.open_episode()
    office.do("oversee_requested_closure", "manager", **AGREED)
    file = office.file()
    assert (file.closure_kind, file.closure_reason) == ("episode", "caf_not_appropriate")
    assert office.ended
