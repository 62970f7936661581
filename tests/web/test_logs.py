"""Every line that a node logs: an object with the request and the case, and nobody's name."""

from __future__ import annotations

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from handlers import intake
from web import logs

from .conftest import DEMO_API_KEY, World, contact

PEOPLE = "Quillfeather"
WORDS = ("Quillfeather", "quillfeather", "Zebedee", "1 Hiddenlane", "ZZ99 7QQ", "bruise")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged from now on."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    to = io.StringIO()
    logs.configure("debug", to)
    yield to
    logging.captureWarnings(False)
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def family(**changes: Any) -> dict[str, Any]:
    """A contact whose every name can be told from all others."""
    sent = contact(
        family={
            "name": PEOPLE,
            "address": "1 Hiddenlane",
            "postcode": "ZZ99 7QQ",
            "cluster": "south",
        },
        concerns="A bruise on the arm.",
        **changes,
    )
    for person in sent["people"]:
        person["name"] = f"Zebedee {PEOPLE}"
    return sent


def test_names_are_in_no_line_whatever_was_sent_and_went_wrong(
    world: World, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.app.test_client()
    key = {"Authorization": f"Bearer {DEMO_API_KEY}"}
    answer = client.post("/api/v1/contacts", json=family(), headers=key)
    reference = answer.get_json()["reference"]
    client.post("/api/v1/contacts", json=family(received_on=PEOPLE), headers=key)
    page = world.browser().get("/sign-in")
    form = page.form("Sign in").data
    guess = {**form, "user": PEOPLE, "password": PEOPLE}
    world.browser().flask.post("/sign-in", data=guess)
    browser = world.browser("manager")
    browser.get(f"/cases/{reference}?q={PEOPLE}")
    browser.get(f"/cases/{PEOPLE}", 404)
    browser.get(f"/{PEOPLE}/Zebedee", 404)
    browser.follow(browser.press(browser.get("/cases"), "Search", {"q": PEOPLE}))
    mash = world.browser("mash")
    task = world.task(reference)
    mash.flask.post(f"/tasks/{task.id}", data={"recommendation": PEOPLE})

    def fails(*arguments: Any) -> None:
        raise ValueError(f"{PEOPLE} has a bruise")

    monkeypatch.setattr(intake, "receive_contact", fails)
    failed = client.post("/api/v1/contacts", json=family(reference="A-99"), headers=key)
    assert failed.status_code == 500
    found = read(lines)
    assert len(found) >= 9
    text = lines.getvalue()
    assert [word for word in WORDS if word in text] == []
    (fault,) = (line for line in found if line["event"] == "request_failed")
    assert fault["request_id"] == failed.headers["X-Request-Id"]
    assert "in fails" in fault["trail"]


def test_each_line_says_which_request_and_which_case_it_is_about(
    world: World, lines: io.StringIO
) -> None:
    reference = world.contact()
    browser = world.browser("manager")
    answers = [
        browser.get(f"/cases/{reference}"),
        world.browser("mash").get(f"/tasks/{world.task(reference).id}"),
        browser.get("/cases/CAF-1900-00001", 404),
        browser.get("/inbox"),
    ]
    found = [line for line in read(lines) if line["event"] == "request"]
    assert [line["request_id"] for line in found] == [
        page.response.headers["X-Request-Id"] for page in answers
    ]
    assert [line.get("case") for line in found] == [reference, reference, None, None]
    assert {line["level"] for line in found} == {"info"}
    assert all(line["timestamp"].endswith("Z") for line in found)


def test_libraries_log_in_the_same_way_and_their_faults_without_words(lines: io.StringIO) -> None:
    logs.begin(request_id="r1", case="CAF-2026-00001")
    try:
        raise ValueError(PEOPLE)
    except ValueError:
        logging.getLogger("engine.due").exception("fire 7 can't be moved")
        structlog.get_logger("node").error("broken", exc_info=True)
    logging.getLogger("waitress").error("Exception while serving %s", f"/cases/{PEOPLE}")
    logging.getLogger("waitress.queue").warning("Task queue depth is %d", 3)
    logging.getLogger("engine").info("not of weight")
    warnings.warn_explicit("something is old", DeprecationWarning, "web/app.py", 1)
    logs.begin()
    found = read(lines)
    assert [line["event"] for line in found[:2]] == ["fire 7 can't be moved", "broken"]
    for line in found[:2]:
        assert line["request_id"] == "r1"
        assert line["case"] == "CAF-2026-00001"
        assert line["trail"].startswith("ValueError at ")
    assert found[0]["logger"] == "engine.due"
    assert PEOPLE not in lines.getvalue()
    assert "not of weight" not in lines.getvalue()
    assert sys.exc_info() == (None, None, None)
