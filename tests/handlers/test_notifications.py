from __future__ import annotations

import pytest

from engine.errors import NotFound, ServiceError
from handlers import notifications
from handlers.directory import deactivate
from tests.handlers.desk import Desk


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.register()
    return desk


def inbox(desk: Desk, user_id: str, *, unread: bool = False) -> list[notifications.Notification]:
    with desk.database.connect() as connection:
        return notifications.inbox(connection, desk.person(user_id), unread=unread)


def test_a_user_id_means_that_person(desk: Desk) -> None:
    desk.run("notify", to="leadpro", subject="Arrange the first TAC", text="For Robin Example.")
    (told,) = inbox(desk, "leadpro")
    assert (told.case_reference, told.subject, told.text, told.read_at) == (
        "CAF-2026-00001",
        "Arrange the first TAC",
        "For Robin Example.",
        None,
    )
    assert inbox(desk, "leadpro2") == []


def test_a_role_means_everyone_active_with_it(desk: Desk) -> None:
    with desk.database.begin() as connection:
        deactivate(connection, "coordinator3")
    desk.run("notify", to="caf_co_ordinator", subject="New in the tray", text="One contact.")
    assert len(inbox(desk, "coordinator")) == len(inbox(desk, "coordinator2")) == 1
    assert inbox(desk, "coordinator3") == inbox(desk, "manager") == []
    assert sorted(payload["to"] for _, payload in desk.sent) == [
        "coordinator2@council.example",
        "coordinator@council.example",
    ]


def test_a_mail_names_nothing_but_the_case(desk: Desk) -> None:
    desk.run("notify", to="manager", subject="About Robin Example", text="Robin is at risk.")
    ((kind, payload),) = desk.sent
    assert kind == "mail"
    assert payload == {
        "to": "manager@council.example",
        "subject": "CAF-2026-00001: a message is waiting for you",
        "text": "There is a message for you about case CAF-2026-00001. Sign in to read it.",
        "case": "CAF-2026-00001",
    }


def test_a_role_that_nobody_holds_yet_keeps_the_message(desk: Desk) -> None:
    with desk.database.begin() as connection:
        deactivate(connection, "socialworker")
    desk.run("notify", to="caf_social_worker", subject="New in the tray", text="One contact.")
    assert [told.subject for told in inbox(desk, "socialworker")] == ["New in the tray"]
    assert desk.sent == []


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("caf_cordinator", "neither a user nor a role"),
        ("", "has no addressee"),
        (None, "has no addressee"),
    ],
)
def test_an_addressee_who_does_not_exist_is_refused(desk: Desk, to: str | None, words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        desk.run("notify", to=to, subject="Hello", text="Hello")


def test_someone_who_has_left_is_not_told(desk: Desk) -> None:
    with desk.database.begin() as connection:
        deactivate(connection, "leadpro")
    with pytest.raises(ServiceError, match="Lee Leadpro is no longer active"):
        desk.run("notify", to="leadpro", subject="Hello", text="Hello")


def test_reading_is_ones_own(desk: Desk) -> None:
    desk.run("notify", to="manager", subject="One", text="1")
    desk.run("notify", to="manager", subject="Two", text="2")
    two, one = inbox(desk, "manager")
    manager, other = desk.person("manager"), desk.person("manager2")
    with desk.database.begin() as connection:
        assert notifications.unread_count(connection, manager) == 2
        notifications.mark_read(connection, manager, one.id, now=desk.now)
        assert notifications.unread_count(connection, manager) == 1
        with pytest.raises(NotFound, match="no such notification in your inbox"):
            notifications.mark_read(connection, other, two.id, now=desk.now)
    assert [told.subject for told in inbox(desk, "manager", unread=True)] == ["Two"]
    first_read = desk.now
    desk.later(hours=1)
    with desk.database.begin() as connection:
        notifications.mark_read(connection, manager, one.id, now=desk.now)
    assert inbox(desk, "manager")[1].read_at == first_read


def test_a_case_shows_what_its_reader_was_told_about_it(desk: Desk) -> None:
    desk.run("notify", to="manager", subject="One", text="1")
    with desk.database.connect() as connection:
        manager = desk.person("manager")
        told = notifications.of_case(connection, manager, desk.reference)
        assert [item.subject for item in told] == ["One"]
        assert notifications.of_case(connection, manager, "CAF-2026-00099") == []
