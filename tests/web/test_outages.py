"""What people see while the database is out, and that their work is still there afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import database, queries
from tests.durability.whole import assert_whole

from .client import Page
from .conftest import World, contact

# Long enough for pages of its own in the file.
CHECKS = {"checks_outcome": "“No open case” <b> " + "€" * 3900, "recommendation": "caf"}
UNAVAILABLE = "Sorry, the service is not available"


@contextmanager
def _pragma(world: World, begin: str, end: str) -> Iterator[None]:
    """Let every connection begin with the one pragma, and afterwards with the other."""

    def say(connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA {state[0]}")

    state = [begin]
    world.runtime.database.dispose()
    sa.event.listen(world.runtime.database.pool, "checkout", say)
    yield
    state[0] = end


@contextmanager
def full(world: World) -> Iterator[None]:
    """The disk has no room, nor has the file."""
    with world.runtime.database.connect() as connection:
        connection.connection.dbapi_connection.execute("VACUUM")
    with _pragma(world, "max_page_count = 1", "max_page_count = 1000000000"):
        yield


@contextmanager
def read_only(world: World) -> Iterator[None]:
    """Nothing may be written."""
    with _pragma(world, "query_only = ON", "query_only = OFF"):
        yield


@contextmanager
def held(world: World) -> Iterator[None]:
    """Another program has the file and does not let go."""
    file = world.runtime.database.url.database
    assert file is not None
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@pytest.mark.parametrize("outage", [full, read_only, held])
def test_what_a_person_sent_is_kept_on_the_page_until_it_can_be_saved(
    world: World, outage: Callable[[World], Any]
) -> None:
    url = world.runtime.database.url.render_as_string(hide_password=False)
    world.runtime.database = database.connect(url, patience=0.2)
    reference = world.contact()
    task = world.task(reference)
    world.claim("mash", task)
    browser = world.browser("mash")
    page = browser.get(f"/tasks/{task.id}")
    with outage(world):
        page = browser.press(page, "Continue", CHECKS, status=503)
        assert_says_so(page)
        # It may be sent again at any time, also too early.
        page = browser.press(page, "Send it again", status=503)
        # What is there can still be read.
        assert browser.get("/").heading
    page = browser.follow(browser.press(page, "Send it again"))
    assert page.heading == "Check your answers"
    with outage(world):
        page = browser.press(page, "Confirm", status=503)
        assert world.task(reference).id == task.id
    browser.follow(browser.press(page, "Send it again"))
    (answers,) = [
        each.answers
        for each in queries.submissions(world.runtime, reference)
        if each.element == task.element
    ]
    assert {name: answers[name] for name in CHECKS} == CHECKS
    assert_whole(world.runtime)


def assert_says_so(page: Page) -> None:
    assert page.heading == UNAVAILABLE
    assert "is safe" in page.text
    assert "Send it again" in page.text
    assert page.response.headers["Retry-After"] == "60"
    assert "Traceback" not in page.text and "sqlite" not in page.text.lower()


def test_a_password_is_not_repeated_on_a_page(world: World) -> None:
    browser = world.browser()
    page = browser.get("/sign-in")
    with _gone(world):
        answer = browser.press(
            page, "Sign in", {"user": "mash", "password": "open sesame"}, status=503
        )
    assert "sesame" not in answer.response.get_data(as_text=True)


@contextmanager
def _gone(world: World) -> Iterator[None]:
    """The file can't be opened."""
    file = Path(str(world.runtime.database.url.database))
    world.runtime.database.dispose()
    file.rename(file.with_suffix(".away"))
    file.mkdir()
    yield
    file.rmdir()
    file.with_suffix(".away").rename(file)


def test_another_system_is_told_when_to_come_again(world: World) -> None:
    key = {"Authorization": "Bearer pathways-demo-key"}
    with read_only(world):
        answer = world.browser().flask.post("/api/v1/contacts", json=contact(), headers=key)
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Retry-After"] == "60"
    answer = world.browser().flask.post("/api/v1/contacts", json=contact(), headers=key)
    assert answer.status_code == 201
