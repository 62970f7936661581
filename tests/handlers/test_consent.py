from __future__ import annotations

import pytest

from engine.errors import ServiceError
from handlers.consent import in_force, latest_status
from tests.handlers.desk import Desk


def test_consent_names_givers_and_professionals(desk: Desk) -> None:
    desk.register()
    desk.consent(
        professionals=[
            {
                "name": "Lou Leadpro",
                "organisation": "Example Health Visiting",
                "email": "LeadPro2@partner.example",
                "access": "read",
            }
        ]
    )
    (consent,) = desk.file().consents
    assert (consent.status, consent.how, consent.recorded_by) == (
        "given",
        "verbal",
        "Casey Co-ordinator",
    )
    assert [(giver.name, giver.is_child) for giver in consent.givers] == [("Ash Example", False)]
    assert [person.email for person in consent.professionals] == ["leadpro2@partner.example"]
    assert consent.gaps == ()


def test_a_consent_that_leaves_things_open_says_so(desk: Desk) -> None:
    desk.register()
    desk.consent(given_by=[], consent_how=None, consent_on=None)
    assert desk.file().consents[0].gaps == (
        "Nobody of the family is named as giving consent.",
        "It is not recorded whether consent was given verbally or in writing.",
        "The date of the consent is missing.",
    )


def test_before_any_record_the_contact_says_whether_there_is_consent(desk: Desk) -> None:
    desk.register(consent_given=True)
    with desk.database.connect() as connection:
        assert latest_status(connection, desk.reference) is None
        assert in_force(connection, desk.reference)


def test_the_latest_record_counts_and_earlier_ones_stay(desk: Desk) -> None:
    desk.register(consent_given=True)
    desk.consent("given")
    desk.consent("withdrawn")
    with desk.database.connect() as connection:
        assert latest_status(connection, desk.reference) == "withdrawn"
        assert not in_force(connection, desk.reference)
    assert [consent.status for consent in desk.file().consents] == ["withdrawn", "given"]
    assert desk.file().consents[0].givers == ()


def test_an_unknown_status_or_access_is_refused(desk: Desk) -> None:
    desk.register()
    with pytest.raises(ServiceError, match="“maybe” is none of these"):
        desk.consent("maybe")
    with pytest.raises(ServiceError, match="read or contribute, not “all”"):
        desk.consent(professionals=[{"name": "Lou Leadpro", "access": "all"}])
    assert desk.file().consents == ()


@pytest.mark.parametrize("status", [None, "declined", "withdrawn"])
def test_no_episode_without_consent(desk: Desk, status: str | None) -> None:
    desk.register()
    if status:
        desk.consent(status)
    desk.submit(
        "progress_to_episode", "coordinator", key_reason="parenting", lead_professional="leadpro"
    )
    with pytest.raises(ServiceError, match="A CAF episode needs the family's consent"):
        desk.run("open_episode", form="progress_to_episode")
    assert desk.file().episode_opened_at is None
