from __future__ import annotations

import json

import pytest

from engine import database
from handlers import access, cases, directory, notifications

from .client import Page
from .conftest import World

CHECKS = {"checks_outcome": "None open.", "recommendation": "caf", "social_care_open": False}
SECTIONS = ("", "/plan", "/meetings", "/tasks", "/timeline", "/diagram", "/notes")


def triaged(world: World, tray: str = "co_ordinators", **changes: object) -> str:
    """A case whose tray the duty manager has decided."""
    reference = world.contact(**changes)
    world.complete("mash", reference, world.task(reference).element, **CHECKS)
    world.complete(
        "manager",
        reference,
        "decide_tray",
        tray_decision=tray,
        tray_decision_reason="Several needs, no risk.",
    )
    return reference


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_of_a_new_case_reads_well(world: World, section: str) -> None:
    reference = world.contact()
    page = world.browser("manager").get(f"/cases/{reference}{section}")
    assert "Example" in page.text
    assert page.all("//nav[@aria-label='Case']//a[@aria-current='page']")


def test_the_summary_tells_who_why_and_what_next(world: World) -> None:
    reference = triaged(world)
    page = world.browser("manager").get(f"/cases/{reference}")
    for words in (
        "Alex Example",
        "7 years old",
        "Pat Example",
        "Alex comes to school tired and hungry.",
        "Sam Sample, Example Primary School",
        "None open.",
        "CAF co-ordinators",
        "Several needs, no risk.",
        "Rule ",
        "still has to be confirmed",
    ):
        assert words in page.text, words


def test_the_timeline_says_in_words_who_did_what(world: World) -> None:
    reference = triaged(world)
    page = world.browser("manager").get(f"/cases/{reference}/timeline")
    assert "by another system (sender)" in page.text
    assert "by Max Mash" in page.text
    assert "by Morgan Manager" in page.text
    assert "Done:" in page.text
    assert "Decision table:" in page.text
    assert "decide_tray" not in page.text
    assert "_" not in page.text


def test_a_long_timeline_comes_in_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = triaged(world)
    browser = world.browser("manager")
    address = f"/cases/{reference}/timeline?show=all"
    whole = [title.text_content() for title in browser.get(address).all("//h2")]
    monkeypatch.setattr("web.cases.EVENTS_ON_A_PAGE", 4)
    titles: list[str | None] = []
    for number in range(1, 50):
        page = browser.get(f"{address}&page={number}")
        titles += [title.text_content() for title in page.all("//h2")]
        if "Older events" not in page.text:
            break
        assert len(page.all("//h2")) <= 6
    assert number > 2
    assert titles == whole


def test_the_diagram_has_marks_and_the_same_in_words(world: World) -> None:
    reference = world.contact()
    task = world.task(reference)
    browser = world.browser("manager")
    page = browser.get(f"/cases/{reference}/diagram")
    assert f"A person has to do: {task.name} (MASH worker)" in page.text
    (shown,) = page.all("//*[@data-diagram-url]")
    active = json.loads(shown.get("data-diagram-marks"))["active"]
    assert set(active) == {task.element, "close_requested", "step_up_requested"}
    drawing = browser.flask.get(shown.get("data-diagram-url"))
    assert drawing.mimetype == "application/xml"
    assert f'id="{task.element}"'.encode() in drawing.data


def test_a_diagram_of_another_case_is_not_shown_under_this_one(world: World) -> None:
    first, second = world.contact(), world.contact()
    other = world.task(second).instance_id
    world.browser("manager").get(f"/cases/{first}/diagram/{other}.bpmn", 404)


def test_every_opening_is_logged_once_a_while(world: World) -> None:
    reference = world.contact()
    browser = world.browser("manager")
    browser.get(f"/cases/{reference}")
    browser.get(f"/cases/{reference}/plan")
    with database.reading(world.runtime.database) as connection:
        assert [each.user_id for each in access.openings(connection, reference)] == ["manager"]
    world.pass_time(minutes=31)
    page = browser.get(f"/cases/{reference}")
    with database.reading(world.runtime.database) as connection:
        assert len(access.openings(connection, reference)) == 2
    assert "Who opened this file" in page.text


def test_without_consent_a_file_opens_only_for_a_recorded_reason(world: World) -> None:
    reference = triaged(world, consent_given=False)
    browser = world.browser("saferfamilies")
    page = browser.get(f"/cases/{reference}/plan", 403)
    assert page.heading == "There is no consent in force"
    assert "Alex" not in page.text
    page = browser.press(page, "Open the file", {"reason": "  "}, status=422)
    assert "Enter the safeguarding reason" in page.text
    page = browser.press(page, "Open the file", {"reason": "A bruise was seen."})
    assert page.response.headers["Location"] == f"/cases/{reference}/plan"
    assert browser.follow(page).heading == "Plan"
    browser.get(f"/cases/{reference}")
    with database.reading(world.runtime.database) as connection:
        (opening,) = access.openings(connection, reference)
    assert opening.reason == "A bruise was seen."
    inbox = world.browser("manager").get("/inbox")
    assert "A bruise was seen." in inbox.text
    # The reason opens the file for a while, not for ever; but what was begun meanwhile is kept.
    notes = browser.get(f"/cases/{reference}/notes")
    world.pass_time(minutes=31)
    browser.press(notes, "Add note", {"text": "A note that took half an hour."})
    again = browser.get(f"/cases/{reference}", 403)
    refused = browser.press(again, "Open the file", {"reason": "A\0B"}, status=422)
    assert "cannot be shown" in refused.text


def test_notes_are_kept_and_checked(world: World) -> None:
    reference = world.contact()
    browser = world.browser("manager")
    page = browser.get(f"/cases/{reference}/notes")
    assert "There are no notes yet." in page.text
    empty = browser.press(page, "Add note", {"text": " "}, status=422)
    assert "Enter the note" in empty.text
    odd = browser.press(page, "Add note", {"text": "A\0B"}, status=422)
    assert "cannot be shown" in odd.text
    done = browser.follow(
        browser.press(page, "Add note", {"text": "Rang the school.\n<b>No answer</b>"})
    )
    assert "Rang the school. <b>No answer</b>" in done.text
    assert "by Morgan Manager" in done.text
    assert done.all("//main//b") == []


def test_search_finds_by_name_reference_and_status(world: World) -> None:
    first = world.contact(family={"name": "Sampleton", "address": "2 High Road",
                                  "postcode": "N2 2BB", "cluster": "west"})  # fmt: skip
    second = world.contact()
    browser = world.browser("manager")

    def found(**wanted: str) -> Page:
        return browser.follow(browser.press(browser.get("/cases"), "Search", wanted))

    page = found(q="sampleton")
    assert first in page.text
    assert second not in page.text
    assert "1 case" in page.text
    assert page.all("//input[@name='q']/@value") == ["sampleton"]
    assert second in found(q=second, status="all").text
    assert "No case that you may see matches" in found(q="nobody").text
    assert "No case that you may see matches" in found(q="\0%'").text
    assert "2 cases" in browser.get("/cases").text
    assert "No case that you may see matches" in browser.get("/cases?status=closed").text
    assert first in browser.get("/cases?status=all").text
    assert "no cases that you may see" in world.browser("leadpro").get("/cases").text
    browser.get("/cases?status=%00&search=yes&page=x")


def test_what_is_searched_for_is_not_in_any_address(world: World) -> None:
    for _ in range(26):
        world.contact()
    browser = world.browser("manager")
    answer = browser.press(browser.get("/cases"), "Search", {"q": "Alex Example", "status": "all"})
    page = browser.follow(answer)
    assert "26 cases, page 1 of 2" in page.text
    addresses = [answer.response.headers["Location"], *page.all("//a/@href")]
    assert any("page=2" in address for address in addresses)
    assert not any("Alex" in address or "Example" in address for address in addresses)
    (second,) = {address for address in addresses if "page=2" in address}
    assert "page 2 of 2" in browser.get(second).text


def test_a_concern_can_be_raised_only_where_the_case_waits_for_it(world: World) -> None:
    reference = world.contact()
    browser = world.browser("manager")
    page = browser.get(f"/cases/{reference}/messages/concern_raised", 404)
    assert "cannot ask for this now" in page.text


def test_a_notification_is_read_by_pressing_a_button(world: World) -> None:
    reference = triaged(world, consent_given=False)
    page = world.browser("saferfamilies").get(f"/cases/{reference}", 403)
    world.browser("saferfamilies").press(page, "Open the file", {"reason": "A bruise."})
    browser = world.browser("manager")
    assert "Inbox (1 new)" in browser.get("/").header
    page = browser.get("/inbox")
    done = browser.follow(browser.press(page, "Mark as read"))
    assert "Marked as read." in done.text
    assert "You have read everything." in browser.get("/inbox?show=unread").text
    with database.reading(world.runtime.database) as connection:
        reader = directory.user(connection, "manager")
        assert reader is not None
        assert notifications.unread_count(connection, reader) == 0
        (note,) = notifications.inbox(connection, reader)
    browser = world.browser("coordinator")
    token = browser.get("/").form("Sign out").data["csrf_token"]
    browser.post(f"/inbox/{note.id}/read", {"csrf_token": token}, 404)


def test_closed_cases_say_so_and_take_no_more_notes(world: World) -> None:
    reference = world.contact()
    world.complete("mash", reference, world.task(reference).element, **CHECKS)
    world.complete(
        "manager",
        reference,
        "decide_tray",
        tray_decision="close",
        tray_decision_reason="Advice is enough.",
        advice_given="Breakfast club.",
    )
    with database.reading(world.runtime.database) as connection:
        assert cases.case(connection, reference).status == "closed"
    browser = world.browser("manager")
    page = browser.get(f"/cases/{reference}")
    assert "This case was closed on 4 March 2026" in page.text
    assert "Nothing: the case is closed." in page.text
    notes = browser.get(f"/cases/{reference}/notes")
    assert "The file is closed" in notes.text
    # Someone had the page open from before.
    token = notes.form("Sign out").data["csrf_token"]
    late = {"csrf_token": token, "text": "Three lines that took long to write."}
    refused = browser.post(f"/cases/{reference}/notes", late, 409)
    assert "Your note was not added" in refused.text
    assert "its file is locked" in refused.text
    assert late["text"] in refused.text
    for message in ("concern_raised", "step_up_requested", "close_requested"):
        browser.post(f"/cases/{reference}/messages/{message}", {"csrf_token": token}, 404)
    with database.reading(world.runtime.database) as connection:
        assert cases.case(connection, reference).notes == ()
    browser.get(f"/cases/{reference}/diagram")


def test_a_search_folds_capitals_with_accents(world: World) -> None:
    reference = world.contact(family={"name": "Élodie-Müller", "cluster": "west"})
    browser = world.browser("manager")
    page = browser.follow(browser.press(browser.get("/cases"), "Search", {"q": "élodie-MÜLLER"}))
    assert reference in page.text
    assert "1 case" in page.text
