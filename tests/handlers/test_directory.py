from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from engine import database
from engine.errors import Conflict, InvalidAnswers, NotFound
from engine.identity import Actor
from handlers import services
from handlers.directory import (
    DEMO_PASSWORD,
    User,
    authenticate,
    deactivate,
    demo_users,
    list_users,
    names,
    save_user,
    seed_demo,
    set_password,
    user,
)

NOVA = User("nova", "Nova Newcomer", "nova@council.example", roles=frozenset({"mash_worker"}))
PASSWORD = "a long enough secret"


def test_an_id_or_an_email_address_proves_who_it_is(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        save_user(connection, NOVA, password=PASSWORD)
        assert authenticate(connection, "nova", PASSWORD) == NOVA
        assert authenticate(connection, " Nova@Council.example ", PASSWORD) == NOVA
        assert authenticate(connection, "nova", PASSWORD.upper()) is None
        assert authenticate(connection, "stranger", PASSWORD) is None


def test_an_account_without_password_or_that_is_closed_cannot_sign_in(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        save_user(connection, NOVA)
        for guess in ("", "None", "no account has this password"):
            assert authenticate(connection, "nova", guess) is None
        set_password(connection, "nova", PASSWORD)
        assert authenticate(connection, "nova", PASSWORD) == NOVA
        deactivate(connection, "nova")
        assert authenticate(connection, "nova", PASSWORD) is None


def test_passwords_are_kept_as_argon2_hashes(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        save_user(connection, NOVA, password=PASSWORD)
        stored = connection.execute(
            sa.text("SELECT password_hash FROM user_account WHERE id = 'nova'")
        ).scalar_one()
    assert stored.startswith("$argon2id$")


def test_an_account_is_changed_with_its_roles(engine: sa.Engine) -> None:
    promoted = replace(NOVA, name="Nova Known", roles=frozenset({"caf_duty_manager", "analyst"}))
    with engine.begin() as connection:
        save_user(connection, NOVA, password=PASSWORD)
        save_user(connection, promoted)
        assert user(connection, "nova") == promoted
        assert authenticate(connection, "nova", PASSWORD) == promoted
    assert promoted.has("analyst", "publisher")
    assert not promoted.has("mash_worker")
    assert promoted.actor == Actor("nova", frozenset({"caf_duty_manager", "analyst"}))


def test_an_email_address_belongs_to_one_account(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        with pytest.raises(Conflict, match=r"mash@council.example belongs to another account"):
            save_user(connection, replace(NOVA, email="Mash@council.example"))
        assert user(connection, "nova") is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "Nova Newcomer"}, "id"),
        ({"name": " "}, "name"),
        ({"email": "nova"}, "email"),
        ({"roles": frozenset({"MASH worker"})}, "roles"),
    ],
)
def test_mistakes_are_named_by_field(
    engine: sa.Engine, changes: dict[str, Any], field: str
) -> None:
    with engine.begin() as connection, pytest.raises(InvalidAnswers) as caught:
        save_user(connection, replace(NOVA, **changes))
    assert list(caught.value.errors) == [field]


def test_a_short_password_is_refused(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        with pytest.raises(InvalidAnswers, match="at least 10 characters"):
            save_user(connection, NOVA, password="short")
        with pytest.raises(InvalidAnswers, match="at least 10 characters"):
            set_password(connection, "mash", "short")
        with pytest.raises(NotFound, match="no account stranger"):
            set_password(connection, "stranger", PASSWORD)


def test_people_are_listed_by_role_and_named_by_id(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        deactivate(connection, "mash2")
        assert [one.id for one in list_users(connection, role="mash_worker")] == ["mash"]
        both = list_users(connection, role="mash_worker", active=None)
        assert [one.id for one in both] == ["mash", "mash2"]
        assert [one.id for one in list_users(connection, active=False)] == ["mash2"]
        assert names(connection, ["mash2", "system", None]) == {
            "mash2": "Mia Mash",
            "system": "system",
        }


def test_the_choices_are_the_active_people_of_the_role(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        deactivate(connection, "leadpro3")
        leaders = services.choice_lists["lead_professionals"](connection, "CAF-2026-00001")
        co_ordinators = services.choice_lists["co_ordinators"](connection, "CAF-2026-00001")
    assert [(choice.value, choice.label) for choice in leaders] == [
        ("leadpro", "Lee Leadpro, Example Primary School"),
        ("leadpro2", "Lou Leadpro, Example Health Visiting"),
    ]
    assert ("coordinator2", "Corin Co-ordinator (South)") in [
        (choice.value, choice.label) for choice in co_ordinators
    ]


def test_the_demonstration_has_every_role_and_is_seeded_once(sqlite_url: str) -> None:
    engine = database.connect(sqlite_url)
    with engine.begin() as connection:
        assert seed_demo(connection) == list(demo_users())
        assert seed_demo(connection) == []
        for person in demo_users():
            assert user(connection, person.id) == person
        assert authenticate(connection, "manager", DEMO_PASSWORD) is not None
    engine.dispose()
