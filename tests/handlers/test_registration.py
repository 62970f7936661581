from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from engine.errors import ServiceError
from tests.handlers.desk import Desk, contact


def test_a_contact_becomes_a_case_file(desk: Desk) -> None:
    desk.submit("contact_received", "mash", **contact())
    assert desk.run("register_contact") == {
        "agency_kind": "school",
        "cluster": "south",
        "social_worker": None,
    }
    file = desk.file()
    assert (file.reference, file.family_name, file.postcode) == (
        "CAF-2026-00001",
        "Example",
        "ZZ99 3WZ",
    )
    assert (file.status, file.tray, file.locked) == ("open", "mash", False)
    assert file.opened_at == desk.now
    assert [person.name for person in file.children] == ["Robin Example"]
    assert file.children[0].date_of_birth == date(2017, 5, 4)
    (came,) = file.contacts
    assert (came.source, came.reference, came.referrer_name) == ("e_caf", "EC-1", "Terry Teacher")
    assert came.referrer_phone is None
    assert came.concerns == "Robin is often late and hungry."


def test_the_same_contact_is_not_registered_twice(engine: sa.Engine, desk: Desk) -> None:
    desk.register()
    other = Desk(engine, "CAF-2026-00002")
    with pytest.raises(ServiceError, match=r"EC-1 was registered before, as CAF-2026-00001"):
        other.register()


def test_another_senders_reference_may_be_the_same(engine: sa.Engine, desk: Desk) -> None:
    desk.register()
    other = Desk(engine, "CAF-2026-00002")
    other.register(source="e_mash")
    assert other.file().contacts[0].source == "e_mash"


def test_an_incomplete_contact_says_what_is_missing(desk: Desk) -> None:
    desk.submit("contact_received", "mash", **contact(concerns="  "))
    with pytest.raises(ServiceError, match=r"cannot be registered. Concerns is empty"):
        desk.run("register_contact")


def test_a_step_before_registration_is_refused(desk: Desk) -> None:
    with pytest.raises(ServiceError, match="CAF-2026-00001 has no case file"):
        desk.run("record_transfer", tray="co_ordinators")
