"""A case taken through the maps by people at real browsers, in the words of the engine's tests."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, expect

from engine import queries
from tests.handlers.desk import contact
from tests.handlers.office import Office
from tests.journeys.conftest import Service
from tests.journeys.person import Person
from web.settings import DEMO_API_KEY


class Walk(Office):
    """An office whose people do every step on the service's pages.

    Each comes at a browser of their own when their first step comes; to `examine`, they sign in on
    the page for it, and axe looks at every page.
    """

    def __init__(
        self, service: Service, browser: Browser, *, scripts: bool = True, examine: bool = False
    ) -> None:
        self.service = service
        self.runtime = service.runtime
        self.browser = browser
        self.scripts = scripts
        self.examine = examine
        self.reference = ""
        self.people: dict[str, Person] = {}
        self.examined: set[str] = set()
        self.at_pages = True

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """What comes before or after, and is seen in another walk: steps are done without pages."""
        self.at_pages = False
        yield
        self.at_pages = True

    def person(self, user: str) -> Person:
        """The person, signed in."""
        found = self.people.get(user)
        if found is None:
            found = self.people[user] = Person(
                self.browser, self.service.url, user, self.scripts, self.examine, self.examined
            )
            if self.examine:
                found.sign_in()
            else:
                found.come_in(self.service.session_of(user))
        return found

    def receive(self, **changes: Any) -> None:
        """A contact comes in by the public API; from here on it is the case in hand."""
        request = urllib.request.Request(
            f"{self.service.url}/api/v1/contacts",
            data=json.dumps(contact(**changes)).encode(),
            headers={
                "Authorization": f"Bearer {DEMO_API_KEY}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            assert response.status == 201
            self.reference = json.load(response)["reference"]

    def start(self, model: str, by: str, **answers: Any) -> None:
        """The person fills in the page with which a case of that model starts."""
        page = self.person(by).start(f"/start/{model}", answers)
        self.reference = page.rsplit("/", 1)[-1]

    def do(self, element: str, by: str, **answers: Any) -> None:
        """The person finds the task in their list, fills in its form and confirms it."""
        if not self.at_pages:
            return super().do(element, by, **answers)
        person = self.person(by)
        person.open_task(self.label(element), self.reference)
        person.answer(answers)
        assert queries.incidents(self.runtime, self.reference) == []
        return None

    def send(self, message: str, by: str, **answers: Any) -> None:
        """The person asks for something from the page of the case."""
        found = queries.waiting_messages(self.runtime, self.reference)
        label = next(each.label for each in found if each.name == message)
        self.person(by).ask(label, answers, self.reference)
        assert queries.incidents(self.runtime, self.reference) == []

    def look(self, user: str, *, keep: bool = False) -> None:
        """Open every page of the case; on the diagram, see where it is. `keep` pictures of them."""
        person = self.person(user)
        for page in ("plan", "meetings", "tasks", "timeline", "notes", "diagram"):
            person.go(f"/cases/{self.reference}/{page}")
            expect(person.page.get_by_text(self.reference).first).to_be_visible()
            if keep and page in ("plan", "timeline"):
                person.picture(f"case-{page}", height=1000)
        if self.scripts:
            expect(person.page.locator(".djs-container").first).to_be_visible()
            expect(person.page.locator(".bjs-powered-by").first).to_be_visible()
            if keep:
                person.picture("case-diagram", height=1250)
        person.go(f"/cases/{self.reference}")
        if keep:
            person.picture("case", height=1300)

    def finish(self) -> None:
        """Nothing is left open, the history is whole, and no page had a fault."""
        assert self.ended, self.open_tasks()
        assert queries.verify_history(self.runtime, self.reference) == []
        for person in self.people.values():
            person.go("/inbox")
            assert not person.faults, person.faults
            assert not person.errors, person.errors
            person.close()

    def processes(self) -> list[str]:
        """The processes that the case in hand went through, in the order of their start."""
        return [one.process for one in queries.instances(self.runtime, self.reference)]

    def label(self, element: str) -> str:
        (task,) = [
            task
            for task in queries.open_tasks(self.runtime, self.reference)
            if task.element == element
        ]
        label: str = task.name
        return label
