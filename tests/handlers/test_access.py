from __future__ import annotations

from datetime import date

import orjson
import pytest
import sqlalchemy as sa

from engine.errors import InvalidAnswers, NotFound
from engine.models import outbox
from handlers import access
from handlers.access import LookUp, ReasonNeeded
from handlers.cases import search
from handlers.directory import User
from handlers.notifications import inbox
from tests.handlers.desk import Desk, contact

LOU = {
    "name": "Lou Leadpro",
    "organisation": "Example Health Visiting",
    "email": "leadpro2@partner.example",
    "access": "read",
}


def sees(desk: Desk, user_id: str) -> bool:
    """The two ways of asking agree: one case, and the list of cases."""
    with desk.database.connect() as connection:
        person = desk.person(user_id)
        one = access.may_see(connection, person, desk.reference)
        assert (search(connection, person).total == 1) is one
        return one


@pytest.mark.parametrize(
    ("user_id", "visible"),
    [
        ("manager", True),
        ("coordinator", True),
        ("coordinator3", True),
        ("socialworker", True),
        ("saferfamilies", True),
        ("mash2", True),
        ("socialcare", False),
        ("leadpro", False),
        ("leadpro2", False),
        ("analyst", False),
        ("publisher", False),
        ("admin", False),
    ],
)
def test_a_new_contact_is_seen_by_the_caf_team_and_the_mash(
    desk: Desk, user_id: str, visible: bool
) -> None:
    desk.register()
    assert sees(desk, user_id) is visible


def test_an_allocated_social_worker_sees_step_downs_and_what_they_worked_on(desk: Desk) -> None:
    desk.register(source="step_down")
    assert (sees(desk, "socialcare"), sees(desk, "mash2")) == (True, False)
    desk.submit("discuss_step_down", "socialcare", discussion="Need remains.")
    desk.run("record_outcome", form="discuss_step_down")
    desk.submit("transfer", "socialworker")
    desk.run("record_transfer", tray="social_work")
    assert sees(desk, "socialcare")


def test_a_case_that_has_stepped_down_is_closed_to_other_allocated_social_workers(
    desk: Desk,
) -> None:
    desk.register(source="step_down")
    desk.submit("transfer", "socialworker")
    desk.run("record_transfer", tray="social_work")
    assert not sees(desk, "socialcare")


def test_the_mash_sees_decided_cases_only_where_it_worked_on_them(desk: Desk) -> None:
    desk.register()
    desk.submit(
        "decide_tray", "manager", tray_decision="co_ordinators", tray_decision_reason="Needs"
    )
    desk.run("record_tray_decision", form="decide_tray")
    assert sees(desk, "mash")
    assert not sees(desk, "mash2")


def test_a_lead_professional_sees_the_cases_they_lead(desk: Desk) -> None:
    desk.open_episode()
    assert sees(desk, "leadpro")
    assert not sees(desk, "leadpro2")


def test_consent_opens_the_file_to_a_professional_until_it_is_withdrawn(desk: Desk) -> None:
    desk.register()
    desk.consent(professionals=[LOU])
    assert sees(desk, "leadpro2")
    assert not sees(desk, "leadpro3")
    desk.consent("withdrawn")
    assert not sees(desk, "leadpro2")


def test_a_newer_consent_that_leaves_a_professional_out_closes_the_file_to_them(
    desk: Desk,
) -> None:
    desk.register()
    desk.consent(professionals=[LOU])
    desk.consent(professionals=[])
    assert not sees(desk, "leadpro2")


def test_contributing_follows_the_consent(desk: Desk) -> None:
    desk.open_episode()
    desk.consent(professionals=[LOU])
    with desk.database.connect() as connection:

        def may(user_id: str) -> bool:
            return access.may_contribute(connection, desk.person(user_id), desk.reference)

        assert may("leadpro")
        assert may("coordinator2")
        assert not may("leadpro2")
        assert not may("leadpro3")


def test_a_hidden_case_and_an_unknown_one_get_the_same_words(desk: Desk) -> None:
    desk.register()
    lou = desk.person("leadpro2")
    said = []
    for reference in (desk.reference, "CAF-2026-00099"):
        with desk.database.begin() as connection, pytest.raises(NotFound) as caught:
            access.open_case(connection, lou, reference, now=desk.now)
        said.append(caught.value.message.replace(reference, "X"))
    assert said[0] == said[1]
    with desk.database.connect() as connection:
        assert access.openings(connection, desk.reference) == []


def test_each_opening_is_logged(desk: Desk) -> None:
    desk.register()
    with desk.database.begin() as connection:
        access.open_case(connection, desk.person("coordinator"), desk.reference, now=desk.now)
        access.open_case(connection, desk.person("manager"), desk.reference, now=desk.now)
        logged = access.openings(connection, desk.reference)
    assert [(opening.name, opening.at, opening.reason) for opening in logged] == [
        ("Morgan Manager", desk.now, ""),
        ("Casey Co-ordinator", desk.now, ""),
    ]


def test_without_consent_a_bystander_gives_a_safeguarding_reason(desk: Desk) -> None:
    desk.register(consent_given=False)
    bystander = desk.person("coordinator3")
    with desk.database.begin() as connection, pytest.raises(ReasonNeeded, match="safeguarding"):
        access.open_case(connection, bystander, desk.reference, now=desk.now, reason="  ")
    with desk.database.begin() as connection:
        access.open_case(
            connection, bystander, desk.reference, now=desk.now, reason="Call from the school"
        )
        (opening,) = access.openings(connection, desk.reference)
        assert opening.reason == "Call from the school"
        for manager in ("manager", "manager2"):
            (told,) = inbox(connection, desk.person(manager))
            assert told.subject == "A file was opened without consent"
            assert "Clem Co-ordinator" in told.text
            assert "Call from the school" in told.text
        mails = connection.execute(sa.select(outbox.c.kind, outbox.c.payload)).all()
    assert {kind for kind, _ in mails} == {"mail"}
    recipients = [orjson.loads(payload)["to"] for _, payload in mails]
    assert sorted(recipients) == ["manager2@council.example", "manager@council.example"]
    assert not any(b"school" in payload for _, payload in mails), "a mail names only the case"


def test_those_who_work_on_a_case_without_consent_need_no_reason(desk: Desk) -> None:
    desk.open_episode()
    desk.consent("withdrawn")
    with desk.database.begin() as connection:
        for user_id in ("manager", "coordinator", "leadpro"):
            access.open_case(connection, desk.person(user_id), desk.reference, now=desk.now)
        access.open_case(
            connection, desk.person("socialworker"), desk.reference, now=desk.now, has_task=True
        )
        assert len(access.openings(connection, desk.reference)) == 4
        assert inbox(connection, desk.person("manager")) == []


def ask(desk: Desk, name: str = "robin  EXAMPLE", born: date = date(2017, 5, 4)) -> LookUp:
    with desk.database.begin() as connection:
        return access.look_up(
            connection,
            desk.person("coordinator"),
            name,
            born,
            reason="School nurse asks",
            now=desk.now,
        )


def test_a_question_about_a_child_gets_no_more_than_an_open_episode_and_whom_to_contact(
    desk: Desk,
) -> None:
    nothing = LookUp(open_episode=False, social_care=False, contacts=())
    assert ask(desk) == nothing
    desk.register()
    assert ask(desk) == nothing
    desk.consent()
    desk.submit(
        "progress_to_episode", "coordinator", key_reason="parenting", lead_professional="leadpro"
    )
    desk.run("open_episode", form="progress_to_episode")
    assert ask(desk) == LookUp(True, False, ("Lee Leadpro",))
    assert ask(desk, born=date(2017, 5, 5)) == nothing
    assert ask(desk, name="Robin") == nothing
    desk.submit("request", "coordinator", closure_reason="stepped_up")
    desk.submit("oversight", "manager", closure_decision="agree")
    desk.run("close_case", kind="episode", request="request", oversight="oversight")
    assert ask(desk) == LookUp(False, True, ("The allocated social worker, by way of the MASH",))


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        ("Élodie Ömer", "élodie ömer"),
        ("Élodie Ömer", "E\u0301LODIE O\u0308MER"),
        ("Élodie Ömer", "Elodie Omer"),
        ("Robin O’Example", "robin o'example"),
        ("Anne-Marie Example", "Anne Marie  Example"),
        ("מרים דוגמה", "מרים דוגמה"),
        ("Łucja Example", "łucja example"),
    ],
)
def test_a_child_is_found_however_the_name_is_typed(desk: Desk, recorded: str, asked: str) -> None:
    child = {**contact()["people"][0], "name": recorded}
    desk.register(people=[child, *contact()["people"][1:]])
    desk.consent()
    desk.submit(
        "progress_to_episode", "coordinator", key_reason="parenting", lead_professional="leadpro"
    )
    desk.run("open_episode", form="progress_to_episode")
    born = date.fromisoformat(child["date_of_birth"])
    assert ask(desk, asked, born).open_episode
    assert not ask(desk, asked + "x", born).open_episode


def test_a_question_about_a_child_is_logged_and_needs_a_reason(desk: Desk) -> None:
    ask(desk)
    with desk.database.begin() as connection:
        logged = connection.execute(
            sa.text("SELECT user_id, looked_up, reason FROM access_log")
        ).all()
        assert [tuple(row) for row in logged] == [
            ("coordinator", "robin  EXAMPLE, 2017-05-04", "School nurse asks")
        ]
        with pytest.raises(InvalidAnswers) as caught:
            access.look_up(
                connection, desk.person("mash"), " ", date(2017, 5, 4), reason="", now=desk.now
            )
        assert caught.value.errors.keys() == {"name", "reason"}


def test_someone_without_roles_sees_nothing(desk: Desk) -> None:
    desk.register(**contact())
    nobody = User("nobody", "No Body", "nobody@council.example")
    with desk.database.connect() as connection:
        assert search(connection, nobody).total == 0
