from __future__ import annotations

from dataclasses import asdict

import pytest
import sqlalchemy as sa

from engine.errors import InvalidAnswers, NotFound
from handlers.cases import add_note, case, search
from tests.handlers.desk import Desk, action, contact


def test_an_unknown_case_is_not_found(desk: Desk) -> None:
    with desk.database.connect() as connection, pytest.raises(NotFound, match="no case CAF-1"):
        case(connection, "CAF-1")


def test_a_case_with_nothing_but_its_contact_is_shown(desk: Desk) -> None:
    desk.register()
    file = desk.file()
    assert (file.plan, file.triage, file.closure) == (None, None, None)
    assert asdict(file)["notes"] == ()


def test_notes_stand_newest_first_with_their_author(desk: Desk) -> None:
    desk.register()
    with desk.database.begin() as connection:
        author = desk.person("coordinator")
        add_note(connection, author, desk.reference, " First. ", now=desk.now)
        add_note(connection, author, desk.reference, "Second.", now=desk.now)
    assert [(note.text, note.author, note.kind) for note in desk.file().notes] == [
        ("Second.", "Casey Co-ordinator", "note"),
        ("First.", "Casey Co-ordinator", "note"),
    ]


@pytest.mark.parametrize(
    ("text", "words"), [("  ", "Enter the note."), ("x" * 20_001, "20,000 characters or less")]
)
def test_an_empty_or_endless_note_is_refused(desk: Desk, text: str, words: str) -> None:
    desk.register()
    with desk.database.begin() as connection, pytest.raises(InvalidAnswers, match=words):
        add_note(connection, desk.person("manager"), desk.reference, text, now=desk.now)


def test_nobody_notes_on_a_case_they_may_not_see(desk: Desk) -> None:
    desk.register()
    with desk.database.begin() as connection, pytest.raises(NotFound, match="one of yours"):
        add_note(connection, desk.person("leadpro"), desk.reference, "Hello", now=desk.now)


def test_a_concern_is_a_note_of_its_own_kind(desk: Desk) -> None:
    desk.open_episode()
    desk.submit("concern_raised", "leadpro", concern="Meetings are missed.", urgent=True)
    desk.run("record_concern", form="concern_raised")
    (note,) = desk.file().notes
    assert (note.kind, note.text, note.urgent, note.author) == (
        "concern",
        "Meetings are missed.",
        True,
        "Lee Leadpro",
    )


def test_a_discussion_is_noted_as_it_was_answered(desk: Desk) -> None:
    desk.open_episode()
    desk.submit(
        "discuss_stuck_caf",
        "coordinator",
        discussed_on="2026-03-02",
        discussion="Try another day.",
        urgent=False,
        people=[{"name": "Ash", "role": "Mother"}, {"name": "Lee", "role": "Teacher"}],
        outcome="social_worker",
        referral_synopsis="",
    )
    assert desk.run("record_outcome", form="discuss_stuck_caf") == {}
    (note,) = desk.file().notes
    assert note.kind == "outcome"
    assert note.text.splitlines() == [
        "Discussed on: 2026-03-02",
        "Discussion: Try another day.",
        "Urgent: no",
        "People: name Ash, role Mother; name Lee, role Teacher",
        "Outcome: Social worker",
    ]


def _seven_cases(engine: sa.Engine) -> list[Desk]:
    desks = []
    for number in range(1, 8):
        desk = Desk(engine, f"CAF-2026-0000{number}")
        desk.now = desk.now.replace(day=number)
        family = contact()["family"] | {"name": f"Example{number}", "postcode": f"ZZ{number} 3WZ"}
        desk.register(reference=f"EC-{number}", family=family, received_on="2026-03-01")
        desks.append(desk)
    return desks


def test_cases_are_searched_and_paged_newest_first(engine: sa.Engine) -> None:
    _seven_cases(engine)[0].consent()
    with engine.connect() as connection:
        manager = Desk(engine, "CAF-2026-00099").person("manager")
        page = search(connection, manager, page=2, size=3)
        assert (page.total, page.page, page.pages) == (7, 2, 3)
        assert [row.reference[-1] for row in page.rows] == ["4", "3", "2"]
        assert search(connection, manager, page=99, size=3).page == 3

        def found(text: str) -> list[str]:
            return [row.reference[-1] for row in search(connection, manager, text=text).rows]

        assert found("00005") == ["5"]
        assert found("example3") == ["3"]
        assert found("zz6") == ["6"]
        assert len(found("robin  example")) == 7
        assert found("%") == found("Nobody") == []


def test_my_cases_and_open_ones(engine: sa.Engine) -> None:
    mine, other = Desk(engine), Desk(engine, "CAF-2026-00002")
    mine.open_episode()
    mine.assess(action())
    other.register(reference="EC-2")
    other.submit("request", "coordinator2", contact_closure_reason="caf_not_appropriate")
    other.submit("oversight", "manager", closure_decision="agree")
    other.run("close_case", kind="contact", request="request", oversight="oversight")
    with engine.connect() as connection:
        casey, manager = mine.person("coordinator"), mine.person("manager")
        (row,) = search(connection, casey, mine=True).rows
        assert (row.reference, row.lead_professional, row.co_ordinator) == (
            mine.reference,
            "Lee Leadpro",
            "Casey Co-ordinator",
        )
        assert search(connection, manager, mine=True).rows == ()
        assert [row.reference for row in search(connection, manager, status="closed").rows] == [
            other.reference
        ]
