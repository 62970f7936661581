"""A manager at a real browser, by the keyboard: from what is overdue to its reason, and on."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from engine import queries

from .conftest import World
from .test_accessibility import breadth, enter, served
from .test_episodes import RETURNED, assessed, set_active, with_an_incident


def press(page: Page, target: Locator) -> None:
    """Come to the control by the Tab key alone, press it, and wait for the page that comes."""
    reach(page, target)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def reach(page: Page, target: Locator) -> None:
    """Come to the control by the Tab key alone."""
    expect(target).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    for _ in range(150):
        page.keyboard.press("Tab")
        if target.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError(f"the Tab key never comes to {target}")


OUTSIDE_CANVASES = {"exclude": [[".djs-container"]]}
"""The drawing itself is bpmn-js's; what it says stands on the page in words."""


def drawn(page: Page) -> Locator:
    """The diagram of the page, once it is there."""
    diagram = page.locator("[data-diagram-state=ready]")
    expect(diagram).to_be_visible()
    return diagram


def test_a_manager_goes_from_overdue_to_the_reason_gives_the_task_away_and_mends(
    world: World, page: Page
) -> None:
    late = world.contact()
    world.pass_time(days=30)
    failed = with_an_incident(world)
    set_active(world, "leadpro", True)
    complaints: list[str] = []
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    with served(world) as address:
        enter(page, world, address, "manager")
        page.goto(f"{address}/instances")
        press(page, page.get_by_role("link", name="Overdue (1)"))
        press(page, page.get_by_role("link", name="Complete basic checks"))
        expect(page.get_by_text(late).first).to_be_visible()
        expect(page.get_by_text("29 days late")).to_be_visible()
        expect(page.get_by_text("What the operating model says")).to_be_visible()
        now = drawn(page).locator('[data-element-id="complete_basic_checks"]')
        expect(now).to_have_class(re.compile("diagram-active"))
        expect(page.locator(".diagram-note", has_text="30 days").first).to_be_visible()

        press(page, page.get_by_role("link", name="Give to someone"))
        page.get_by_label("Mia Mash").focus()
        page.keyboard.press("Space")
        press(page, page.get_by_role("button", name="Give the task"))
        expect(page.get_by_text("is now with Mia Mash")).to_be_visible()
        assert world.task(late).assignee == "mash2"

        press(page, page.get_by_role("link", name="Back to the caseload"))
        expect(page).to_have_url(f"{address}/instances?overdue=yes")
        press(page, page.get_by_role("link", name="With an incident (1)"))
        press(page, page.get_by_role("link", name="The service could not go on"))
        press(page, page.get_by_role("button", name="Try again"))
        expect(page.get_by_text("It was tried again and went through.")).to_be_visible()
        assert queries.incidents(world.runtime, failed) == []

        # Out to the map that called this one, and in again.
        press(page, page.get_by_role("link", name="CAF Team overview").first)
        expect(page.get_by_role("heading", level=1)).to_have_text("CAF Team overview")
        press(page, page.get_by_role("link", name="Go to CAF co-ordinator process").first)
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "CAF co-ordinator process (map 2)"
        )
        press(page, page.get_by_role("link", name="See the map as a whole"))
        expect(drawn(page).locator(".diagram-note").first).to_be_attached()
        reach(page, page.get_by_role("button", name="Go to next waiting step"))
        page.keyboard.press("Enter")
        expect(page.locator(".diagram-note", has_text="1 waiting").first).to_be_visible()
    assert complaints == []


def test_the_managers_pages_are_accessible_and_fit_a_phone(world: World, page: Page) -> None:
    late = world.contact(family={
        "name": "Sample-Worthington of the Very Long Surname" + "x" * 100, "address": "1 Street",
        "postcode": "N1 1AA", "cluster": "west",
    })  # fmt: skip
    assessed(world, RETURNED)
    failed = with_an_incident(world)
    world.pass_time(days=30)
    numbers = {
        reference: queries.instances(world.runtime, reference)[-1].id
        for reference in (late, failed)
    }
    paths = (
        "/instances",
        "/instances?overdue=yes&cluster=west&role=mash_worker&at=1F&age=28",
        "/instances?at=7X",
        *(f"/instances/{reference}/{number}" for reference, number in numbers.items()),
        "/instances/map/caf/caf_coordinator",
        "/instances/map/caf/stuck_caf?period=28",
    )
    wrong = []
    with served(world) as address:
        enter(page, world, address, "manager")
        for path in paths:
            page.set_viewport_size({"width": 1280, "height": 800})
            page.goto(address + path)
            if page.locator("[data-diagram-url]").count():
                drawn(page)
            for details in page.locator("main details:not([open]) > summary").all():
                details.click()
            wrong += [
                f"{path}: {violation['id']}: {violation['nodes'][0]['html']}"
                for violation in Axe().run(page, OUTSIDE_CANVASES).response["violations"]
            ]
            broad = breadth(page, 320)
            if broad > 320:
                wrong.append(f"{path}: {broad} pixels wide")
    assert wrong == []


def test_the_pages_of_caseworkers_load_no_bundle_of_a_diagram(world: World, page: Page) -> None:
    returned = assessed(world, RETURNED)
    task = world.task(returned, "complete_caf_assessment")
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    with served(world) as address:
        enter(page, world, address, "leadpro")
        for path in ("/", "/cases", f"/cases/{returned}", f"/tasks/{task.id}", "/inbox"):
            page.goto(address + path, wait_until="networkidle")
    scripts = {url.rpartition("/")[2].partition("?")[0] for url in loaded if "/static/" in url}
    assert scripts - {"favicon.svg"} == {"govuk.js", "govuk.css", "pathways.css"}
