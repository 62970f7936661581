"""The studio's editors in a real browser: nothing is lost, nobody is surprised, keys are enough."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Request, expect

from engine import drafts, queries
from engine.bpmn import read_diagram
from handlers import directory, intake
from tests.bpmn.test_round_trip import meaning
from tests.handlers.desk import contact
from tests.handlers.office import SENDER
from tests.journeys.conftest import Service
from tests.journeys.drawing import Drawing
from tests.journeys.person import Person

pytestmark = pytest.mark.timeout(300)

DIAGRAM = "caf_coordinator.bpmn"
TABLE = "decisions/brag_rating.dmn"
FORM = "forms/next_tac.form"
THIRD_PARTY = ".djs-container, .dmn-js-parent, .fjs-container, .fjs-properties-container"
FOREIGN = (Path(__file__).parent / "foreign.bpmn").read_bytes()


class Desk:
    """Analysts at their browsers, each with a draft of this test open."""

    def __init__(self, service: Service, browser: Browser) -> None:
        self.service = service
        self.browser = browser
        self.actor = next(one for one in directory.demo_users() if one.id == "analyst").actor
        self.draft = drafts.begin(service.runtime, "caf", "A test", self.actor)
        self.people: list[Person] = []

    def open(self, path: str, *, width: int = 1366, height: int = 768) -> Page:
        """An analyst at a browser of their own opens a file of the draft."""
        person = self.sign_in("analyst")
        person.page.set_viewport_size({"width": width, "height": height})
        person.go(f"/studio/caf/drafts/{self.draft}/edit/{path}")
        expect(person.page.locator("[data-studio-state=ready]")).to_be_visible()
        return person.page

    def sign_in(self, user: str) -> Person:
        person = Person(
            self.browser, self.service.url, user, scripts=True, examine=False, examined=set()
        )
        self.people.append(person)
        person.sign_in()
        return person

    def put(self, path: str, content: bytes) -> None:
        drafts.save(self.service.runtime, self.draft, path, content, 0, self.actor)

    def source(self, path: str) -> bytes:
        return queries.draft_files(self.service.runtime, self.draft)[path]


@pytest.fixture
def desk(shared_service: Service, browser: Browser) -> Iterator[Desk]:
    desk = Desk(shared_service, browser)
    yield desk
    for person in desk.people:
        person.close()


def state(page: Page) -> Locator:
    return page.locator("[data-studio-part=state]")


def rename(page: Page, old: str, new: str) -> None:
    drawing = Drawing(page)
    drawing.find(old)
    drawing.panel.get_by_label("Name").fill(new)
    page.keyboard.press("Tab")


def test_when_two_people_save_the_second_sees_what_differs(desk: Desk) -> None:
    first, second, third = desk.open(DIAGRAM), desk.open(DIAGRAM), desk.open(DIAGRAM)
    rename(first, "Make enquiries", "Ask around")
    expect(state(first)).to_have_text(re.compile("Saved at"))

    rename(second, "Confirm consent", "Seek consent")
    dialog = second.get_by_role("dialog")
    expect(dialog).to_contain_text("Alex Analyst saved this file at")
    expect(dialog).to_contain_text("Changed: user task “Ask around” (name)")
    expect(dialog).to_contain_text("Changed: user task “Confirm consent” (name)")
    dialog.get_by_role("button", name="Keep mine").click()
    expect(state(second)).to_have_text(re.compile("Saved at"))
    assert b"Seek consent" in desk.source(DIAGRAM) and b"Ask around" not in desk.source(DIAGRAM)

    rename(third, "Note consent", "Keep consent")
    third.get_by_role("button", name="Take theirs").click()
    expect(state(third)).to_have_text("Took what Alex Analyst saved")
    expect(third.get_by_text("Seek consent").first).to_be_attached()
    assert b"Keep consent" not in desk.source(DIAGRAM)
    kept = queries.saves(desk.service.runtime, desk.draft, DIAGRAM)
    for name in (b"Ask around", b"Seek consent", b"Keep consent"):
        assert [one for one in kept if name in (one.content or b"")], name


def test_what_is_not_saved_is_said_and_warned_about(desk: Desk) -> None:
    page = desk.open(DIAGRAM)
    # Nothing is under way any more when the cookies go: an answer would bring them back.
    page.wait_for_load_state("networkidle")
    page.route("**/drafts/**", lambda route: route.abort())
    rename(page, "Make enquiries", "Ask around")
    expect(state(page)).to_have_text(re.compile("Not saved: the service cannot be reached"))
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.close(run_before_unload=True)
    page.wait_for_timeout(200)
    assert asked == ["beforeunload"]

    page.context.clear_cookies()
    page.unroute("**/drafts/**")
    rename(page, "Ask around", "Ask everybody")
    expect(state(page)).to_have_text(re.compile("Not saved: you are signed out"))
    assert b"Ask everybody" not in desk.source(DIAGRAM)
    again = page.context.new_page()
    again.goto(desk.service.url)
    again.get_by_label("User name").fill("analyst")
    again.get_by_label("Password", exact=True).fill(directory.DEMO_PASSWORD)
    again.get_by_role("button", name="Sign in").click()
    expect(state(page)).to_have_text(re.compile("Saved at"), timeout=20_000)
    assert b"Ask everybody" in desk.source(DIAGRAM)
    asked.clear()
    page.close(run_before_unload=True)
    assert asked == []


def test_saving_keeps_all_that_other_tools_wrote(desk: Desk) -> None:
    desk.put("foreign.bpmn", FOREIGN)
    page = desk.open("foreign.bpmn")
    rename(page, "Prüfen", "Überprüfen")
    expect(state(page)).to_have_text(re.compile("Saved at"))
    saved = desk.source("foreign.bpmn")
    assert meaning(saved) == meaning(FOREIGN.replace("Prüfen".encode(), "Überprüfen".encode()))

    drawing = Drawing(page)
    drawing.make("service-task")
    expect(drawing.panel.get_by_text("Service task")).to_be_visible()
    drawing.make("user-task")
    expect(drawing.panel.get_by_text("User task")).to_be_visible()
    expect(state(page)).to_have_text(re.compile("Saved at"))
    for kept in (b'value="next_tac"', b"<camunda:inputParameter", b"instructionsForEndUser"):
        assert kept in desk.source("foreign.bpmn"), kept


def test_what_the_editor_cannot_keep_is_said_before_it_is_lost(desk: Desk) -> None:
    strange = FOREIGN.replace(b"<bpmn:incoming", b"<vendor:thing/><bpmn:incoming", 1)
    desk.put("strange.bpmn", strange)
    page = desk.open("strange.bpmn")
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Saving here would lose them")
    expect(notice).to_contain_text("vendor:thing")
    expect(page.locator(".djs-palette")).to_be_hidden()
    notice.get_by_role("button", name="Edit all the same").click()
    expect(page.locator(".djs-palette")).to_be_visible()
    assert desk.source("strange.bpmn") == strange


def test_a_decision_table_is_edited_and_its_findings_lead_to_the_cell(desk: Desk) -> None:
    page = desk.open(TABLE)
    cell = page.locator("[data-element-id=brag_rating_when_immediate_risk_immediate_risk]").first
    cell.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("tru(")
    finding = page.get_by_role("region", name="Findings").get_by_role("button")
    expect(finding).to_contain_text("Is a child at immediate risk?")
    expect(state(page)).to_have_text(re.compile("Saved at"))
    assert b"tru(" in desk.source(TABLE)
    finding.focus()
    page.keyboard.press("Enter")
    expect(cell).to_be_in_viewport()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Nothing found")).to_be_visible()


def test_findings_are_reached_by_keyboard_and_draw_the_way(desk: Desk) -> None:
    page = desk.open(DIAGRAM)
    drawing = Drawing(page)
    drawing.find("Receive in tray")
    drawing.choose("contact_reaches_tray")
    drawing.make("parallel-gateway")
    finding = drawing.findings.get_by_role("button").first
    expect(finding).to_contain_text("stick")
    finding.focus()
    page.keyboard.press("Enter")
    expect(drawing.shape("contact_reaches_tray")).to_have_class(re.compile("selected"))
    expect(page.locator(".studio-path").first).to_be_attached()
    expect(drawing.panel).to_contain_text("Parallel gateway")


def test_the_panel_writes_what_the_service_reads(desk: Desk) -> None:
    page = desk.open(DIAGRAM)
    drawing = Drawing(page)
    drawing.find("Note allocation")
    drawing.panel.get_by_label("Form").fill('"make_enquiries"')
    drawing.find("Concern raised")
    drawing.panel.get_by_label("Message", exact=True).select_option(label="Not chosen yet")
    drawing.panel.get_by_label("Or a new message").fill("school_asked")
    page.keyboard.press("Tab")
    drawing.find("Make enquiries")
    drawing.panel.get_by_label("Due").select_option("=")
    drawing.panel.get_by_label("Due date in FEEL").fill('timescale("2P")')
    drawing.panel.get_by_label("Id", exact=True).fill("ask_around")
    page.keyboard.press("Tab")
    expect(drawing.shape("ask_around")).to_be_attached()
    expect(state(page)).to_have_text(re.compile("Saved at"))

    (process,), findings = read_diagram(desk.source(DIAGRAM), DIAGRAM)
    assert findings == []
    assert process.elements["note_allocation"].parameters == {"form": '"make_enquiries"'}
    event = process.elements["concern_raised"].event
    assert event is not None
    assert event.value == "school_asked"
    task = process.elements["ask_around"]
    assert (task.due, task.form, task.lane) == (
        '=timescale("2P")',
        "enquiries",
        "CAF co-ordinator",
    )


@pytest.mark.parametrize("path", [DIAGRAM, TABLE, FORM])
def test_pages_of_the_editors_are_accessible_and_credited(desk: Desk, path: str) -> None:
    page = desk.open(path)
    expect(page.get_by_role("status").filter(has_text="ound")).to_be_visible()
    page.locator(".djs-shape.djs-element, .fjs-element, td").first.wait_for(state="attached")
    found = Axe().run(page, context={"exclude": [[THIRD_PARTY]]})
    assert [each["id"] for each in found.response["violations"]] == []
    mark = page.locator(".bjs-powered-by, .fjs-powered-by-link, .dmn-js-parent .powered-by").first
    mark.scroll_into_view_if_needed()
    expect(mark).to_be_in_viewport()
    assert mark.evaluate(
        "it => { const { x, y, width, height } = it.getBoundingClientRect();"
        " return it.contains(document.elementFromPoint(x + width / 2, y + height / 2)) }"
    )
    assert desk.people[-1].errors == []


def test_a_narrow_screen_reads_only(desk: Desk) -> None:
    page = desk.open(DIAGRAM, width=390, height=844)
    expect(page.get_by_text("Editing needs a wider screen")).to_be_visible()
    expect(state(page)).to_have_text("Reading only")
    expect(page.locator(".djs-palette")).to_be_hidden()
    expect(page.locator("[data-element-id=make_enquiries]")).to_be_attached()
    found = Axe().run(page, context={"exclude": [[THIRD_PARTY]]})
    assert [each["id"] for each in found.response["violations"]] == []


def test_a_caseworker_loads_nothing_of_the_editors(desk: Desk) -> None:
    """The page with the most in it, a case's diagram, in bytes of scripts and styles."""
    sent = intake.receive_contact(desk.service.runtime, contact(), SENDER)
    manager = desk.sign_in("manager")
    loaded: dict[str, int] = {}
    manager.page.on("requestfinished", lambda request: _weigh(request, loaded))
    manager.go(f"/cases/{sent.reference}/diagram")
    expect(manager.page.locator("[data-diagram-state=ready]")).to_be_visible()
    assert loaded
    assert not [address for address in loaded if "/static/studio/" in address]
    assert sum(loaded.values()) < 600_000, loaded


def _weigh(request: Request, loaded: dict[str, int]) -> None:
    response = request.response()
    if "/static/" in request.url and response is not None:
        loaded[request.url] = len(response.body())
