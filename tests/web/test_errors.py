from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import abort
from structlog.testing import capture_logs

from web.access import ANYONE, ROUTES

from .conftest import SETTINGS, World


@pytest.fixture
def broken(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A service with a page that fails in a way nobody foresaw, and one for each status."""

    def fail() -> str:
        raise RuntimeError("Alex Example, born 2018-05-01")

    world.app.testing = False
    for name, view in {
        "fail": fail,
        **{f"status{code}": (lambda code=code: abort(code)) for code in (400, 413, 429, 503)},
    }.items():
        monkeypatch.setitem(ROUTES, name, ANYONE)
        world.app.add_url_rule(f"/{name}", name, view)
    return world


def test_a_fault_is_a_page_in_words_with_a_number_and_no_trace(broken: World) -> None:
    with capture_logs() as logs:
        page = broken.browser("manager").get("/fail", 500)
    assert page.heading == "Sorry, there is a problem with the service"
    whole = page.response.get_data(as_text=True)
    assert "Traceback" not in whole
    assert "Alex" not in whole
    assert page.response.headers["X-Request-Id"] in page.text
    # The log says where, and nothing about whom.
    assert any(entry["event"] == "request_failed" for entry in logs)
    assert all("Alex" not in str(entry) for entry in logs)


@pytest.mark.parametrize("status", [400, 413, 429, 503])
def test_each_error_has_its_page(broken: World, status: int) -> None:
    page = broken.browser().get(f"/status{status}", status)
    assert page.heading
    assert "Werkzeug" not in page.text


def test_a_page_that_is_not_there(world: World) -> None:
    assert world.browser().get("/nothing", 404).heading == "Page not found"
    world.browser("manager").get("/tasks/999999", 404)
    world.browser("manager").get("/tasks/99999999999999999999", 404)
    assert "no case" in world.browser("manager").get("/cases/CAF-1900-00001", 404).text


def test_a_wrong_method(world: World) -> None:
    page = world.browser("manager").post("/incidents", {}, 405)
    assert "GET" in page.response.headers["Allow"]


def test_a_form_without_its_token_changes_nothing(world: World) -> None:
    reference = world.contact()
    task = world.task(reference)
    page = world.browser("mash").post(f"/tasks/{task.id}/claim", {}, 400)
    assert "open for too long" in page.text
    assert world.task(reference).assignee is None


def test_an_oversized_form_is_refused_in_words(make_world: Callable[..., World]) -> None:
    world = make_world(replace(SETTINGS, request_bytes=65_536))
    page = world.browser("mash")
    page = page.post("/inbox/1/read", {"text": "x" * 100_000}, 413)
    assert page.heading == "What you sent is too large"


def test_every_answer_has_the_headers_that_keep_a_browser_safe(world: World) -> None:
    for path, status in (("/sign-in", 200), ("/nothing", 404), ("/healthz", 200)):
        headers = world.browser().flask.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store", (path, status)


def test_a_page_that_went_wrong_still_knows_who_is_signed_in(world: World) -> None:
    browser = world.browser("manager")
    for page in (browser.get("/nothing", 404), browser.post("/inbox/1/read", {}, 400)):
        assert "Morgan Manager" in page.header
        assert page.form("Sign out")
    assert "Sign out" not in world.browser().get("/nothing", 404).header


def test_an_address_that_nobody_typed_is_no_fault_of_the_service(world: World) -> None:
    browser = world.browser("manager")
    browser.get("/cases/%00", 404)
    browser.get(f"/cases/{world.contact()}/timeline?page={'9' * 30}")
    browser.get(f"/cases/{world.contact()}%00/plan", 404)
