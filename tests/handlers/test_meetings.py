from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from engine.errors import ServiceError
from handlers.directory import deactivate
from handlers.meetings import OverdueTac, overdue
from handlers.notifications import inbox
from tests.handlers.desk import Desk, action


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.open_episode()
    desk.assess(action())
    desk.agree_plan(first_tac_on="2026-06-01")
    return desk


def hold(desk: Desk, **answers: Any) -> None:
    outcomes = {
        "held_on": "2026-05-28",
        "attended": [{"name": "Terry Teacher", "role": "Teacher"}, {"name": "", "role": ""}],
        "child_voice": "Breakfast club is fun.",
        "progress": "Robin is on time.",
        "actions_complete": "no",
        "recommendation": "continue",
        "next_tac_on": "2026-08-28",
    }
    desk.submit("hold_tac", "leadpro", **outcomes | answers)
    desk.run("record_tac", form="hold_tac")


def subjects(desk: Desk, user_id: str) -> list[str]:
    with desk.database.connect() as connection:
        return [item.subject for item in inbox(connection, desk.person(user_id))]


def test_the_first_tac_is_agreed_with_the_plan(desk: Desk) -> None:
    (tac,) = desk.file().tacs
    assert (tac.number, tac.due_on, tac.held_on) == (1, date(2026, 6, 1), None)


def test_a_tac_is_held_and_the_next_one_agreed(desk: Desk) -> None:
    hold(desk)
    desk.submit("agree_next_tac", "coordinator", next_tac_on="2026-09-01", extra_actions=[])
    desk.run("schedule_tac", form="agree_next_tac")
    following, held = desk.file().tacs
    assert (held.number, held.held_on, held.attended) == (
        1,
        date(2026, 5, 28),
        ({"name": "Terry Teacher", "role": "Teacher"},),
    )
    assert (held.child_voice, held.recommendation, held.recorded_by) == (
        "Breakfast club is fun.",
        "continue",
        "Lee Leadpro",
    )
    assert (following.number, following.due_on, following.held_on) == (2, date(2026, 9, 1), None)


def test_without_a_date_no_tac_is_agreed(desk: Desk) -> None:
    hold(desk)
    desk.submit("agree_next_tac", "coordinator")
    with pytest.raises(ServiceError, match="no date for the next Team Around the Child"):
        desk.run("schedule_tac", form="agree_next_tac")


def test_agreeing_a_date_again_moves_the_tac(desk: Desk) -> None:
    desk.submit("agree_next_tac", "coordinator", next_tac_on="2026-06-15")
    desk.run("schedule_tac", form="agree_next_tac")
    assert [(tac.number, tac.due_on) for tac in desk.file().tacs] == [(1, date(2026, 6, 15))]


def test_new_actions_join_the_plan(desk: Desk) -> None:
    hold(desk, new_actions=[action(action="Join the parents' group", owner="")])
    desk.submit(
        "agree_next_tac",
        "coordinator",
        next_tac_on="2026-09-01",
        extra_actions=[action(action="Ask about free school meals")],
    )
    desk.run("schedule_tac", form="agree_next_tac")
    plan = desk.file().plan
    assert plan is not None
    assert [(item.action, item.smart, item.added_by) for item in plan.actions] == [
        ("Offer a place in the breakfast club", True, "Lee Leadpro"),
        ("Join the parents' group", False, "Lee Leadpro"),
        ("Ask about free school meals", True, "Casey Co-ordinator"),
    ]


def test_complete_actions_are_done(desk: Desk) -> None:
    hold(desk, actions_complete="yes", new_actions=[action(action="Say goodbye")])
    plan = desk.file().plan
    assert plan is not None
    assert [item.status for item in plan.actions] == ["done", "open"]


def test_an_overdue_tac_alerts_co_ordinator_and_lead_professional(desk: Desk) -> None:
    desk.later(days=100)
    desk.run("alert_overdue_tac")
    assert subjects(desk, "coordinator") == subjects(desk, "leadpro") == ["A TAC is overdue"]
    assert subjects(desk, "manager") == subjects(desk, "coordinator2") == []
    assert {payload["to"] for _, payload in desk.sent} == {
        "coordinator@council.example",
        "leadpro@partner.example",
    }
    with desk.database.connect() as connection:
        (told, *_) = inbox(connection, desk.person("leadpro"))
    assert told.text.startswith("The Team Around the Child meeting agreed for 1 June 2026 has no")
    assert desk.file().tacs[0].alerts == 1


def test_one_that_stays_overdue_goes_up_to_the_duty_managers(desk: Desk) -> None:
    desk.later(days=100)
    desk.run("alert_overdue_tac")
    desk.later(days=7)
    desk.run("alert_overdue_tac")
    assert subjects(desk, "manager") == subjects(desk, "manager2") == ["A TAC is overdue"]
    assert len(subjects(desk, "leadpro")) == 2


def test_an_alert_reaches_the_role_when_the_person_has_left(desk: Desk) -> None:
    with desk.database.begin() as connection:
        deactivate(connection, "coordinator")
    desk.later(days=100)
    desk.run("alert_overdue_tac")
    assert subjects(desk, "coordinator2") == subjects(desk, "coordinator3") == ["A TAC is overdue"]


def test_overdue_tacs_are_listed_for_those_who_may_see_the_case(desk: Desk) -> None:
    def listed(user_id: str, day: date) -> list[OverdueTac]:
        with desk.database.connect() as connection:
            return overdue(connection, desk.person(user_id), today=day)

    assert listed("manager", date(2026, 6, 1)) == []
    (late,) = listed("manager", date(2026, 6, 4))
    assert (late.case_reference, late.number, late.days) == ("CAF-2026-00001", 1, 3)
    assert listed("leadpro", date(2026, 6, 4)) == [late]
    assert listed("leadpro2", date(2026, 6, 4)) == []
    hold(desk)
    assert listed("manager", date(2026, 6, 4)) == []


def test_a_date_that_is_none_is_refused(desk: Desk) -> None:
    with pytest.raises(ServiceError, match="“someday” at “hold_tac”, held on, is not a date"):
        hold(desk, held_on="someday")
