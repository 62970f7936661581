"""A change to an operating model, from the drawing to the case that goes through it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.conftest import Service
from tests.journeys.drawing import Drawing, FormEditing
from tests.journeys.walk import Walk

pytestmark = pytest.mark.timeout(600)

WAY = "from_is_tray_decided_already_to_contact_reaches_tray"
JOIN = "contact_reaches_tray"
PROVING = 120_000  # the model's own rules, on a machine that does much else
QUESTION = "Which school does the child go to?"


def test_a_new_step_from_the_drawing_to_a_case(sqlite_service: Service, browser: Browser) -> None:
    """An analyst draws it and mends a deadlock; a manager approves; only new cases take it."""
    walk = Walk(sqlite_service, browser)
    with walk.unseen():
        walk.receive()
        walk.triage()
    old = walk.reference
    assert walk.open_tasks() == ["create_contact_record"]

    analyst = walk.person("analyst")
    analyst.page.set_default_timeout(PROVING)
    analyst.page.set_viewport_size({"width": 1920, "height": 1080})
    analyst.go("/studio/caf")
    analyst.page.get_by_label("Begin a draft").fill("Check each child's school place")
    analyst.press("Begin a draft")
    draft = analyst.page.url
    analyst.page.get_by_role("link", name="caf_coordinator.bpmn").first.click()
    drawing = Drawing(analyst.page)
    drawing.find("Receive in tray")
    drawing.drop_user_task(WAY, "Check school place", right_of=JOIN)
    expect(drawing.findings.get_by_text("names no form")).to_be_visible()
    drawing.panel.get_by_role("button", name="Make a new form").click()
    analyst.page.get_by_role("button", name="Make the form").click()
    drawing.panel.get_by_label("Tray").select_option(label="CAF co-ordinators")
    drawing.panel.get_by_label("Documentation").fill(
        "Ask the school whether the child has a place."
    )
    expect(drawing.findings.get_by_text("names no form")).to_be_hidden()

    drawing.choose(JOIN)
    drawing.make("parallel-gateway")
    stuck = drawing.findings.get_by_role("button", name="A case can stick")
    expect(stuck).to_be_visible()
    stuck.click()
    expect(drawing.shape("check_school_place")).to_have_class(re.compile("studio-path"))
    drawing.is_saved()
    analyst.picture("studio", width=1920, height=1080)
    analyst.page.set_viewport_size({"width": 1920, "height": 1080})
    analyst.page.get_by_role("button", name="Undo").click()
    expect(stuck).to_be_hidden()
    expect(drawing.findings.get_by_text("Nothing found")).to_be_visible()
    drawing.is_saved()

    drawing.choose("check_school_place")
    drawing.panel.get_by_role("link", name="Edit this form").click()
    form = FormEditing(analyst.page)
    form.name_field("check_school_place_notes", QUESTION)
    form.is_saved()
    expect(form.preview().get_by_label(QUESTION)).to_be_visible()
    analyst.page.get_by_role("link", name="Check each child's school place").click()

    analyst.page.get_by_label("What changes, and why?").fill("Schools asked us to.")
    analyst.press("Ask for approval")
    analyst.go(f"{path_of(draft)}/review")
    expect(analyst.page.get_by_text("someone else has to decide")).to_be_visible()
    expect(analyst.page.get_by_role("button", name="Approve and publish")).to_be_hidden()

    manager = walk.person("manager")
    manager.page.set_default_timeout(PROVING)
    manager.go(f"{path_of(draft)}/review")
    expect(manager.page.get_by_text(QUESTION).first).to_be_visible()
    manager.page.get_by_role("link", name="See both side by side").click()
    expect(manager.page.locator("[data-compare-state=ready]")).to_be_visible()
    expect(
        manager.page.locator(".compare-added[data-element-id=check_school_place]")
    ).to_be_visible()
    expect(
        manager.page.get_by_role("button", name="Added: user task “Check school place”")
    ).to_be_visible()
    manager.go(f"{path_of(draft)}/review")
    manager.page.get_by_label("I looked at what changes").check()
    manager.press("Approve and publish")

    assert walk.open_tasks() == ["create_contact_record"]
    walk.do("create_contact_record", "coordinator2", co_ordinator="coordinator", notes="")
    assert walk.open_tasks() == ["make_enquiries"]

    with walk.unseen():
        walk.receive(reference="EC-2")
        walk.triage()
    assert walk.reference != old
    assert walk.open_tasks() == ["check_school_place"]
    walk.do("check_school_place", "coordinator2", check_school_place_notes="Hill Primary.")
    assert walk.open_tasks() == ["create_contact_record"]

    manager.go("/studio/caf/versions")
    manager.page.get_by_text("Make version 1 live again").click()
    manager.page.get_by_label("Why?").fill("Schools tell us by themselves now.")
    manager.press("Make version 1 live")
    with walk.unseen():
        walk.receive(reference="EC-3")
        walk.triage()
    assert walk.open_tasks() == ["create_contact_record"]
    for person in walk.people.values():
        assert not person.errors, person.errors


def path_of(address: str) -> str:
    return urlsplit(address).path
