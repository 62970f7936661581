"""Every kind of page in a real browser: axe finds nothing, nothing is wider than the screen, and
no script, style or font is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from werkzeug.serving import make_server

from .conftest import SETTINGS, World
from .test_documents import stuck_at_the_panel
from .test_episodes import PASSED, RETURNED, assessed, set_active, with_an_incident
from .test_studio import asked, begin, save

LONG_FAMILY = {
    "name": "Sample-Worthington of the Very Long Double-Barrelled Surname" + "x" * 100,
    "address": "Flat 12B, The Old Example Brewery, 144 to 148 Northern Example Road",
    "postcode": "N2 2BB",
    "cluster": "west",
}


@contextmanager
def served(world: World) -> Iterator[str]:
    """The service on a port of its own."""
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def enter(page: Page, world: World, address: str, user: str) -> None:
    """Give the browser the session of that user."""
    cookie = world.browser(user).flask.get_cookie("pathways")
    assert cookie is not None
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "pathways", "value": cookie.value, "url": address}])


WIDTHS = (1280, 320)


def breadth(page: Page, width: int) -> int:
    """How wide the page is in a window of that width, once the browser has come to rest in it."""
    page.set_viewport_size({"width": width, "height": 800})
    for _ in range(40):
        broad = int(page.evaluate("document.documentElement.scrollWidth"))
        if broad <= width:
            break
        page.wait_for_timeout(50)
    return broad


@pytest.mark.timeout(300)
def test_every_page_is_accessible(make_world: Callable[..., World], page: Page) -> None:
    world = make_world(replace(SETTINGS, demo=True))
    new = world.contact(family=LONG_FAMILY)
    refused = world.contact(consent_given=False)
    world.complete(
        "mash", refused, "complete_basic_checks", checks_outcome="None.", recommendation="caf"
    )
    returned = assessed(world, RETURNED)
    case = assessed(world, PASSED)
    with_an_incident(world)
    set_active(world, "leadpro", True)
    stuck, sent = stuck_at_the_panel(world), stuck_at_the_panel(world)
    world.complete("coordinator", sent, "review_panel_pack", pack_fit="yes")
    claimed = world.task(refused)
    world.claim("manager", claimed)
    pages = {
        "manager": (
            "/",
            "/?overdue=yes",
            "/cases",
            "/cases?status=closed&mine=yes",
            "/incidents",
            "/inbox",
            "/ask-about-a-child",
            f"/tasks/{claimed.id}",
            f"/tasks/{claimed.id}/give",
            f"/tasks/{world.task(case).id}",
            f"/cases/{new}",
        ),
        "mash": ("/", f"/tasks/{world.task(new).id}"),
        "leadpro": ("/", f"/tasks/{world.task(returned).id}"),
        "saferfamilies": ("/", f"/cases/{refused}"),
        "cadsworker": ("/", "/cases", "/start/cads"),
        "coordinator": (
            *(
                f"/cases/{case}{section}"
                for section in (
                    "",
                    "/plan",
                    "/meetings",
                    "/tasks",
                    "/timeline",
                    "/notes",
                    "/documents",
                )
            ),
            f"/cases/{case}/timeline?show=all",
            f"/cases/{case}/diagram",
            f"/cases/{case}/messages/close_requested",
            f"/cases/{sent}/documents",
            f"/tasks/{world.task(stuck, 'review_panel_pack').id}",
        ),
        "panel": ("/", "/panel-packs"),
    }
    pages = {"": ("/sign-in", "/nothing"), **pages}
    assert not wrong_on(pages, world, page)


@pytest.mark.timeout(300)
def test_every_page_of_the_studio_is_accessible(world: World, page: Page) -> None:
    waiting, drawn = asked(world), begin(world, "Words that are plainer" + "r" * 100)
    save(world, drawn)
    version = "/studio/caf/versions/1"
    pages = {
        "manager": (f"/studio/caf/drafts/{waiting}/review",),
        "analyst": (
            "/studio",
            "/studio/caf",
            f"/studio/caf/drafts/{drawn}",
            f"/studio/caf/drafts/{drawn}/history/step_up.bpmn",
            "/studio/caf/versions",
            version,
            f"{version}/view/step_up.bpmn",
            f"{version}/view/decisions/tray_proposal.dmn",
            f"{version}/view/forms/consent.form",
            f"{version}/view/model.toml",
        ),
    }
    assert not wrong_on(pages, world, page)


def wrong_on(pages: Mapping[str, tuple[str, ...]], world: World, page: Page) -> list[str]:
    """What is wrong with pages on a desk and on a phone; they are listed by who opens them ("" for
    nobody)."""
    wrong: list[str] = []
    here = ""

    def complain(words: str) -> None:
        # That a page answers 403 is reported by browsers as well, and is meant.
        if "Failed to load resource" not in words:
            wrong.append(f"{here}: {words}")

    page.on("console", lambda told: complain(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: complain(str(error)))
    axe = Axe()
    with served(world) as address:
        for user, paths in pages.items():
            if user:
                enter(page, world, address, user)
            for path in paths:
                here = f"{path} as {user or 'nobody'}"
                page.set_viewport_size({"width": WIDTHS[0], "height": 800})
                answer = page.goto(address + path)
                if answer is None or answer.status not in (200, 403, 404):
                    wrong.append(f"{here}: {answer and answer.status}")
                if path.endswith(("/diagram", "/view/step_up.bpmn")):
                    page.wait_for_selector("[data-diagram-state=ready]")
                for width in WIDTHS:
                    broad = breadth(page, width)
                    if broad > width:
                        wrong.append(f"{here}: {broad} pixels wide on {width}")
                    wrong += [
                        f"{here}: {violation['id']}: {violation['nodes'][0]['html']}"
                        for violation in axe.run(page).response["violations"]
                    ]
    return wrong
