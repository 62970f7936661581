"""A service with the shipped model and the demonstration's users, and browsers for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from engine import commands, database, queries
from engine.runtime import Actor, Runtime
from handlers import directory, intake, services
from handlers.practices import PRACTICES
from tests.furnished import Reused, deploy, service
from web.settings import DEMO_API_KEY, ApiKey, Settings, digest_of

from .client import Client, Page

MORNING = datetime(2026, 3, 4, 9, tzinfo=UTC)
SECRET = "for tests only: " + "x" * 32
SETTINGS = Settings(
    secret_key=SECRET,
    cookie_secure=False,
    api_keys=(
        ApiKey("sender", digest_of(DEMO_API_KEY)),
        ApiKey("school", digest_of("school-key"), "e_caf"),
    ),
)


def contact(**changes: Any) -> dict[str, Any]:
    """A contact that another system might send, about a fictional family."""
    return {
        "reference": "A-1",
        "source": "e_caf",
        "received_on": "2026-03-03",
        "referrer": {
            "name": "Sam Sample",
            "agency": "Example Primary School",
            "agency_kind": "school",
            "email": "sam@school.example",
            "phone": "020 7946 0000",
        },
        "family": {
            "name": "Example",
            "address": "1 Example Street",
            "postcode": "N1 1AA",
            "cluster": "south",
        },
        "people": [
            {
                "name": "Alex Example",
                "date_of_birth": "2018-05-01",
                "relationship": "Child",
                "is_child": True,
                "school": "Example Primary School",
            },
            {
                "name": "Pat Example",
                "date_of_birth": "1990-01-01",
                "relationship": "Mother",
                "is_child": False,
            },
        ],
        "concerns": "Alex comes to school tired and hungry.",
        "consent_given": True,
        "domestic_abuse": False,
        "complexity": "several_needs",
        "immediate_risk": False,
        "social_care_involvement": "none",
        **changes,
    }


@dataclass
class World:
    """A running service in one process: its clock is moved by the test."""

    runtime: Runtime
    app: Flask
    clock: list[datetime]
    _browsers: dict[str, Client] = field(default_factory=dict)
    _contacts: int = 0

    def pass_time(self, **parts: float) -> None:
        self.clock[0] += timedelta(**parts)

    def browser(self, user: str | None = None) -> Client:
        """A browser, signed in as that demonstration user; the same one each time."""
        if user is None:
            return Client(self.app)
        if user not in self._browsers:
            browser = Client(self.app)
            # Hashing passwords is slow on purpose; the sign-in page has tests of its own.
            with browser.flask.session_transaction() as session:
                session["user"] = user
            self._browsers[user] = browser
        return self._browsers[user]

    def actor(self, user: str) -> Actor:
        with database.reading(self.runtime.database) as connection:
            found = directory.user(connection, user)
        assert found is not None
        return found.actor

    def contact(self, **changes: Any) -> str:
        """Take in a contact; the reference of its case."""
        self._contacts += 1
        sent = contact(**{"reference": f"A-{self._contacts}", **changes})
        actor = Actor("api:sender", frozenset())
        return intake.receive_contact(self.runtime, sent, actor).reference

    def task(self, reference: str, element: str | None = None) -> queries.TaskRow:
        """The open task of the case at that element, or its only one."""
        found = [
            task
            for task in queries.open_tasks(self.runtime, reference)
            if element in (None, task.element)
        ]
        assert len(found) == 1, [task.element for task in found]
        return found[0]

    def claim(self, user: str, task: queries.TaskRow) -> None:
        commands.claim(self.runtime, task.id, self.actor(user))

    def complete(self, user: str, reference: str, element: str, **answers: Any) -> None:
        """Have a person complete a task without a browser."""
        commands.complete_task(
            self.runtime, self.task(reference, element).id, answers, self.actor(user)
        )

    def send(self, user: str, reference: str, message: str, **answers: Any) -> None:
        """Have a person send a message to the case without a browser."""
        commands.correlate(self.runtime, message, reference, answers, self.actor(user))

    def work_in_browser(
        self, user: str, task: queries.TaskRow, answers: dict[str, str | list[str]]
    ) -> Page:
        """Fill in a task's form, check the answers and confirm them; the page that follows."""
        browser = self.browser(user)
        page = browser.press(browser.get(f"/tasks/{task.id}"), "Continue", answers)
        page = browser.press(browser.follow(page), "Confirm")
        return browser.follow(page)


@pytest.fixture
def make_world(reused_sqlite: Reused) -> Callable[..., World]:
    """Builds a service with the settings given; one made later in a test begins anew."""

    def build(settings: Settings = SETTINGS) -> World:
        clock = [MORNING]
        runtime = Runtime(reused_sqlite.fresh(), services, lambda: clock[0])
        for model in PRACTICES:
            deploy(runtime, model)
        app = service(runtime, settings)
        app.testing = True
        return World(runtime, app, clock)

    return build


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()
