"""A social worker starts a case on a page, and the other council sees nothing of it."""

from __future__ import annotations

from typing import Any

from web import demo

from .conftest import World

ADDRESS = "/start/cads"
LABEL = "Start a case from a CADS assessment"


def answers(**changes: Any) -> dict[str, Any]:
    return {
        "reference": "CADS-REF-1",
        "received_on-day": "20",
        "received_on-month": "2",
        "received_on-year": "2026",
        "assessed_on-day": "1",
        "assessed_on-month": "3",
        "assessed_on-year": "2026",
        "level_4_met": "no",
        "immediate_risk": "no",
        "advice_only": "no",
        "referrer.name": "Terry Teacher",
        "referrer.agency": "Sample Primary School",
        "referrer.agency_kind": "school",
        "family.name": "Sample",
        "family.postcode": "ZZ99 3WZ",
        "people[0].name": "Rowan Sample",
        "people[0].relationship": "Child",
        "people[0].is_child": "true",
        "concerns": "Rowan is late on most days.",
        "complexity": "several_needs",
        "domestic_abuse": "no",
        "social_care_involvement": "none",
        "consent_given": "yes",
    } | changes


def start(world: World, status: int = 303, **changes: Any) -> Any:
    browser = world.browser("cadsworker")
    page = browser.get(ADDRESS)
    names = set(page.all("//form//@name"))
    filled = answers(**changes)
    assert set(filled) <= names, sorted({*filled} - names)
    return browser.press(page, "Start the case", filled, status=status)


def test_a_case_starts_from_the_start_page(world: World) -> None:
    browser = world.browser("cadsworker")
    assert browser.get("/").links()[LABEL] == ADDRESS
    page = browser.follow(start(world))
    assert "is open." in page.text and "Rowan Sample" in page.text
    assert "Recommend an offer" in page.text
    assert "CAF co-ordinator" not in page.text and "Not rated yet" not in page.text


def test_the_same_reference_finds_the_case_that_is_there(world: World) -> None:
    browser = world.browser("cadsworker")
    first = browser.follow(start(world))
    again = browser.follow(start(world))
    assert "was recorded before" in again.text
    assert first.path == again.path


def test_mistakes_are_said_at_their_questions(world: World) -> None:
    page = start(
        world, 422, level_4_met="yes", **{"family.postcode": "nowhere", "received_on-year": "2100"}
    )
    assert "stays with social care" in page.text
    assert "a postcode such as ZZ99 3WZ" in page.text
    assert "There is a problem" in page.text
    assert "CADS-REF-1" in page.all("//input[@name='reference']/@value")


def test_only_social_workers_start_cases(world: World) -> None:
    for user in ("manager", "mash", "leadpro", "linkworker"):
        assert LABEL not in world.browser(user).get("/").text
        world.browser(user).get(ADDRESS, status=404)
    world.browser("cadsworker").get("/start/caf", status=404)


def test_each_council_sees_its_own_cases_only(world: World) -> None:
    caf = world.contact()
    cads = world.browser("cadsworker").follow(start(world)).path.rpartition("/")[2]
    for user, own, other in (("manager", caf, cads), ("cadsmanager", cads, caf)):
        browser = world.browser(user)
        browser.get(f"/cases/{own}")
        browser.get(f"/cases/{other}", status=404)
        listed = browser.get("/cases").text
        assert own in listed and other not in listed
        assert other not in browser.get("/").text


def test_the_summary_shows_both_dates_and_which_counts(world: World) -> None:
    reference = world.browser("cadsworker").follow(start(world)).path.rpartition("/")[2]
    reasons = {"threshold_reasons": "Rowan is safe.", "offer_reasons": "Mornings are hard."}
    world.complete(
        "cadsworker", reference, "recommend_offer", offer="caf", key_reason="parenting", **reasons
    )
    summary = f"/cases/{reference}"
    assert "Not agreed by the team manager yet" in world.browser("cadsworker").get(summary).text
    strong = dict.fromkeys(("threshold_reasons_clear", "offer_is_right", "views_considered"), "yes")
    world.complete(
        "cadsmanager", reference, "oversee_recommendation_of_offer", **strong, qa_comment="Clear."
    )
    world.complete(
        "cadsworker",
        reference,
        "tell_of_recommended_caf",
        stepped_down_on="2026-02-27",
        family_told="By telephone.",
        referrer_told="By letter.",
        lead_agreed="yes",
        lead_professional="cadsleadpro",
    )
    given = [{"name": "Quinn Sample", "relationship": "Mother", "is_child": False}]
    world.complete(
        "cadsworker",
        reference,
        "seek_consent",
        family_asked="yes",
        consent="given",
        consent_how="verbal",
        consent_on="2026-03-02",
        given_by=given,
        professionals=[],
        statement="Quinn agrees.",
    )
    page = world.browser("linkworker").get(summary)
    assert "27 February 2026" in page.text and "27 March 2026" in page.text
    assert "The day of the step down counts." in page.text
    assert "Family planning meetings, latest first" in (
        world.browser("linkworker").get(f"{summary}/meetings").text
    )


def test_the_demonstration_has_work_for_both_councils(world: World) -> None:
    assert demo.receive_examples(world.runtime) == 14
    assert demo.receive_examples(world.runtime) == 0
    browser = world.browser("cadsworker")
    assert "CADS social workers (3)" in browser.get("/").text
    assert "MASH Early Help" in world.browser("mash").get("/").text
