"""Four people take a family from first contact to overseen closure, in real browsers."""

from __future__ import annotations

import json
import urllib.request

import pytest
from playwright.sync_api import Browser, expect

from engine import queries
from tests.journeys.conftest import Service
from tests.journeys.map_2 import CONTACT, STEPS
from tests.journeys.person import Person
from web.settings import DEMO_API_KEY

PEOPLE = ("mash", "manager", "coordinator", "leadpro")


def send(service: Service) -> str:
    """Post the contact through the public API. Returns the case's reference."""
    request = urllib.request.Request(
        f"{service.url}/api/v1/contacts",
        data=json.dumps(CONTACT).encode(),
        headers={
            "Authorization": f"Bearer {DEMO_API_KEY}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.status == 201
        reference: str = json.load(response)["reference"]
        return reference


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_family_goes_from_contact_to_closure(
    service: Service, browser: Browser, scripts: bool
) -> None:
    reference = send(service)
    people = {name: Person(browser, service.url, name, scripts) for name in PEOPLE}
    for person in people.values():
        person.sign_in()
    names = {
        element.id: element.label
        for process in queries.model_of(service.runtime, "caf").processes.values()
        for element in process.elements.values()
    }
    for number, step in enumerate(STEPS):
        person = people[step.user]
        person.go("/")
        if number == 1:
            person.picture("trays", height=720)
        person.open_task(names[step.element], reference)
        if number == 1:
            person.picture("task", height=1500)
            person.picture("task-phone", width=390, height=844)
        if number == 8:
            expect(person.page.get_by_text("Please say in Jamie's own").first).to_be_visible()
        person.answer(step.answers)
        if number in (6, 12):
            look_at_the_case(people["coordinator"], reference, scripts)
    look_at_the_case(people["manager"], reference, scripts)
    expect(people["manager"].page.locator("body")).to_contain_text("Closed")
    instances = queries.instances(service.runtime, reference)
    assert [(i.process, i.status) for i in instances] == [
        ("overview", "completed"),
        ("caf_coordinator", "completed"),
    ]
    assert queries.verify_history(service.runtime, reference) == []
    assert queries.incidents(service.runtime) == []
    for person in people.values():
        person.go("/inbox")
        assert person.faults == []
        assert person.errors == []
        person.close()


def look_at_the_case(person: Person, reference: str, scripts: bool) -> None:
    """Open every page of the case; on the diagram, see where it is."""
    for page in ("plan", "meetings", "tasks", "timeline", "notes", "diagram"):
        person.go(f"/cases/{reference}/{page}")
        expect(person.page.get_by_text(reference).first).to_be_visible()
        if page in ("plan", "timeline"):
            person.picture(f"case-{page}", height=1000)
    if scripts:
        canvas = person.page.locator(".djs-container")
        expect(canvas.first).to_be_visible()
        expect(person.page.locator(".bjs-powered-by").first).to_be_visible()
        if person.user == "coordinator":
            person.picture("case-diagram", height=1250)
    person.go(f"/cases/{reference}")
    if person.user == "coordinator":
        person.picture("case", height=1300)
