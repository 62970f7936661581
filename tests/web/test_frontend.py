"""The bundled front end, in a real browser and under the service's content security policy."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from web.app import CONTENT_SECURITY_POLICY

STATIC = Path(__file__).parents[2] / "web" / "static"

DIAGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
    xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
    xmlns:di="http://www.omg.org/spec/DD/20100524/DI"
    id="definitions" targetNamespace="http://example.org/review">
  <bpmn:process id="review" isExecutable="true">
    <bpmn:startEvent id="begin" name="Contact received" />
    <bpmn:userTask id="check_contact" name="Check the contact" />
    <bpmn:serviceTask id="tell_referrer" name="Tell the referrer" />
    <bpmn:endEvent id="finish" name="Closed" />
    <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="check_contact" />
    <bpmn:sequenceFlow id="f2" sourceRef="check_contact" targetRef="tell_referrer" />
    <bpmn:sequenceFlow id="f3" sourceRef="tell_referrer" targetRef="finish" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="drawing"><bpmndi:BPMNPlane id="plane" bpmnElement="review">
    <bpmndi:BPMNShape id="s1" bpmnElement="begin"><dc:Bounds x="100" y="122" width="36" height="36" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="s2" bpmnElement="check_contact"><dc:Bounds x="200" y="100" width="100" height="80" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="s3" bpmnElement="tell_referrer"><dc:Bounds x="360" y="100" width="100" height="80" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="s4" bpmnElement="finish"><dc:Bounds x="520" y="122" width="36" height="36" /></bpmndi:BPMNShape>
    <bpmndi:BPMNEdge id="e1" bpmnElement="f1"><di:waypoint x="136" y="140" /><di:waypoint x="200" y="140" /></bpmndi:BPMNEdge>
    <bpmndi:BPMNEdge id="e2" bpmnElement="f2"><di:waypoint x="300" y="140" /><di:waypoint x="360" y="140" /></bpmndi:BPMNEdge>
    <bpmndi:BPMNEdge id="e3" bpmnElement="f3"><di:waypoint x="460" y="140" /><di:waypoint x="520" y="140" /></bpmndi:BPMNEdge>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>
"""  # noqa: E501
MARKS = {"done": ["begin"], "active": ["check_contact"], "incidents": ["tell_referrer"]}


class _Pages(SimpleHTTPRequestHandler):
    """web/static under /static, and the pages that a test put into `pages`."""

    pages: dict[str, str]

    def __init__(self, *args: object, pages: dict[str, str], **more: object) -> None:
        self.pages = pages
        super().__init__(*args, **more)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        if self.path not in self.pages:
            super().do_GET()
            return
        body = self.pages[self.path].encode()
        self.send_response(200)
        kind = "application/xml" if self.path.endswith(".bpmn") else "text/html; charset=utf-8"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test's output is for the test."""


class Site:
    """A small web site of a test's own pages, and what the browser complained about on them."""

    def __init__(self, page: Page, address: str, pages: dict[str, str]) -> None:
        self.page = page
        self.complaints: list[str] = []
        self._address = address
        self._pages = pages
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def add(self, path: str, content: str) -> None:
        """Publish `content` at `path`."""
        self._pages[path] = content

    def show(self, body: str, *, script: str) -> None:
        """Open a page with `body` that uses the bundle `script`."""
        head = (
            '<link rel="icon" href="/static/favicon.svg">'
            f'<link rel="stylesheet" href="/static/{script}.css">'
            f'<script type="module" src="/static/{script}.js"></script>'
        )
        self.add(
            "/",
            f'<!doctype html><html lang="en" class="govuk-template"><head><title>Test</title>{head}'
            f'</head><body class="govuk-template__body">{body}</body></html>',
        )
        self.page.goto(self._address)


@pytest.fixture
def site(page: Page, tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "static").symlink_to(STATIC, target_is_directory=True)
    pages: dict[str, str] = {}
    handler = partial(_Pages, directory=str(tmp_path), pages=pages)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Site(page, f"http://127.0.0.1:{server.server_port}/", pages)
    finally:
        server.shutdown()
        server.server_close()


def diagram(marks: object = MARKS, url: str = "/review.bpmn") -> str:
    return (
        f'<div data-diagram-url="{url}" data-diagram-label="Review" '
        f'data-diagram-marks="{escape(json.dumps(marks))}"></div>'
    )


def wide(site: Site, after: str = "") -> None:
    """A diagram of two lanes that is much wider than any window, with the case far inside it."""
    steps = [f"step_{number}" for number in range(18)]
    nodes = ["begin", *steps, "finish"]
    tasks = "".join(f'<bpmn:userTask id="{step}" name="{step}" />' for step in steps)
    flows = "".join(
        f'<bpmn:sequenceFlow id="f{n}" sourceRef="{one}" targetRef="{other}" />'
        for n, (one, other) in enumerate(pairwise(nodes))
    )
    refs = "".join(f"<bpmn:flowNodeRef>{node}</bpmn:flowNodeRef>" for node in nodes)

    def shape(key: str, *bounds: int, more: str = "") -> str:
        x, y, width, height = bounds
        return (
            f'<bpmndi:BPMNShape id="{key}_di" bpmnElement="{key}" {more}>'
            f'<dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}" /></bpmndi:BPMNShape>'
        )

    drawn = [
        shape("pool", 0, 0, 3000, 600, more='isHorizontal="true"'),
        shape("upper", 30, 0, 2970, 300, more='isHorizontal="true"'),
        shape("lower", 30, 300, 2970, 300, more='isHorizontal="true"'),
        shape("begin", 80, 42, 36, 36),
        *(shape(step, 150 + n * 150, 20, 100, 80) for n, step in enumerate(steps)),
        shape("finish", 2850, 42, 36, 36),
        *(
            f'<bpmndi:BPMNEdge id="f{n}_di" bpmnElement="f{n}"><di:waypoint x="{100 + n * 150}" '
            f'y="60" /><di:waypoint x="{150 + n * 150}" y="60" /></bpmndi:BPMNEdge>'
            for n in range(len(nodes) - 1)
        ),
    ]
    head = DIAGRAM[: DIAGRAM.index("<bpmn:process")]
    site.add(
        "/review.bpmn",
        f'{head}<bpmn:collaboration id="c"><bpmn:participant id="pool" name="Review" '
        f'processRef="review" /></bpmn:collaboration><bpmn:process id="review">'
        f'<bpmn:laneSet id="lanes"><bpmn:lane id="upper" name="Social worker">{refs}</bpmn:lane>'
        f'<bpmn:lane id="lower" name="Duty manager" /></bpmn:laneSet>'
        f'<bpmn:startEvent id="begin" />{tasks}<bpmn:endEvent id="finish" />{flows}</bpmn:process>'
        f'<bpmndi:BPMNDiagram id="d"><bpmndi:BPMNPlane id="p" bpmnElement="c">{"".join(drawn)}'
        f"</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>",
    )
    site.show(diagram({"active": ["step_9"]}) + after, script="viewer")
    expect(site.page.locator("[data-diagram-state=ready]")).to_be_visible()


def box(shown: Locator) -> FloatRect:
    found = shown.bounding_box()
    assert found is not None
    return found


def sideways(site: Site) -> float:
    """How far the diagram has been moved."""
    return float(site.page.locator(".diagram-scroller").evaluate("it => it.scrollLeft"))


def farthest(site: Site) -> float:
    """How far it can be moved."""
    found = site.page.locator(".diagram-scroller").evaluate("it => it.scrollWidth - it.clientWidth")
    return float(found)


def reached(site: Site, condition: Callable[[], bool]) -> None:
    """Wait until it holds: Playwright's own waiting evaluates text, which the policy forbids."""
    for _ in range(50):
        if condition():
            return
        site.page.wait_for_timeout(50)
    raise AssertionError("it never came to that")


def test_a_diagram_shows_where_a_case_stands(site: Site) -> None:
    site.add("/review.bpmn", DIAGRAM)
    site.show(diagram(), script="viewer")
    expect(site.page.locator("[data-diagram-state=ready]")).to_be_visible()
    for kind, element in (("done", "begin"), ("active", "check_contact")):
        shape = site.page.locator(f'[data-element-id="{element}"]')
        expect(shape).to_have_class(re.compile(f"diagram-{kind}"))
    expect(site.page.locator("[data-element-id=finish]")).not_to_have_class(re.compile("diagram-"))
    # Not by colour alone:
    expect(site.page.get_by_text("Now", exact=True)).to_be_visible()
    expect(site.page.get_by_title("Something went wrong at this step")).to_be_visible()
    assert site.complaints == []


def test_the_watermark_of_bpmn_io_is_visible(site: Site) -> None:
    site.add("/review.bpmn", DIAGRAM)
    site.show(diagram(), script="viewer")
    expect(site.page.locator(".bjs-powered-by")).to_be_visible()
    site.page.locator(".bjs-powered-by").click()
    expect(site.page.get_by_text("powered by bpmn.io")).to_be_visible()
    assert site.complaints == []


def test_a_diagram_is_moved_and_zoomed_with_the_keyboard_alone(site: Site) -> None:
    wide(site)
    task = site.page.locator("[data-element-id=step_9] rect").first
    site.page.keyboard.press("Tab")
    expect(site.page.get_by_role("button", name="Go to current step")).to_be_focused()
    for _ in range(3):
        site.page.keyboard.press("Tab")
    expect(site.page.get_by_role("button", name="Zoom in")).to_be_focused()
    before = box(task)
    site.page.keyboard.press("Enter")
    assert box(task)["width"] == pytest.approx(before["width"] * 1.25, abs=1)

    for _ in range(3):
        site.page.keyboard.press("Tab")
    expect(site.page.get_by_role("region", name="Review. Arrow keys move it.")).to_be_focused()
    zoomed = box(task)
    site.page.keyboard.press("ArrowRight")
    reached(site, lambda: box(task)["x"] < zoomed["x"])
    site.page.keyboard.press("End")
    reached(site, lambda: abs(sideways(site) - farthest(site)) < 2)
    site.page.keyboard.press("Home")
    reached(site, lambda: sideways(site) == 0)


def test_a_diagram_opens_at_normal_size_with_the_current_step_in_the_middle(site: Site) -> None:
    wide(site)
    task = box(site.page.locator("[data-element-id=step_9] rect").first)
    frame = box(site.page.locator(".diagram-scroller"))
    names = box(site.page.get_by_role("list"))
    assert task["width"] == pytest.approx(100, abs=5)
    middle = (names["x"] + names["width"] + frame["x"] + frame["width"]) / 2
    assert task["x"] + task["width"] / 2 == pytest.approx(middle, abs=5)
    assert frame["width"] > 1200


def test_a_trifle_smaller_a_diagram_has_one_direction_to_move_in(site: Site) -> None:
    over = "it => it.scrollHeight > it.clientHeight"
    for height, smaller in ((720, False), (630, True), (600, False)):
        site.page.set_viewport_size({"width": 1280, "height": height})
        wide(site)
        task = box(site.page.locator("[data-element-id=step_9] rect").first)
        assert (task["width"] < 99) is smaller, height
        both_ways = site.page.locator(".diagram-scroller").evaluate(over)
        assert both_ways is (height == 600), height


def test_the_names_of_the_lanes_stay_at_the_left_of_what_they_name(site: Site) -> None:
    wide(site)
    for place in ("Home", "End"):
        site.page.get_by_role("region", name="Review").press(place)
        end = 0.0 if place == "Home" else farthest(site)
        reached(site, partial(lambda end: abs(sideways(site) - end) < 2, end))
        for lane, name in (("upper", "Social worker"), ("lower", "Duty manager")):
            shown = box(site.page.get_by_role("listitem").filter(has_text=name))
            drawn = box(site.page.locator(f"[data-element-id={lane}] rect").first)
            assert 0 <= shown["x"] < 30
            assert shown["y"] == pytest.approx(drawn["y"], abs=3)
            assert shown["height"] == pytest.approx(drawn["height"], abs=4)


@pytest.mark.parametrize("width", [1280, 360])
def test_a_diagram_is_shown_whole_and_at_its_normal_size_again(site: Site, width: int) -> None:
    site.page.set_viewport_size({"width": width, "height": 900})
    wide(site)
    task = site.page.locator("[data-element-id=step_9] rect").first
    normal = box(task)
    site.page.get_by_role("button", name="Whole diagram").click()
    frame = box(site.page.locator(".diagram-scroller"))
    for element in ("begin", "finish"):
        shape = box(site.page.locator(f"[data-element-id={element}] circle").first)
        assert frame["x"] <= shape["x"] < frame["x"] + frame["width"] - shape["width"]
    assert farthest(site) == 0
    site.page.get_by_role("button", name="Normal size").click()
    assert box(task)["width"] == pytest.approx(normal["width"], abs=1)
    site.page.get_by_role("button", name="Go to current step").click()
    assert box(task)["x"] == pytest.approx(normal["x"], abs=2)


def test_the_watermark_stays_where_the_reader_is(site: Site) -> None:
    wide(site)
    for place in ("Home", "End"):
        site.page.get_by_role("region", name="Review").press(place)
        expect(site.page.locator(".bjs-powered-by")).to_be_in_viewport(ratio=1)


def test_the_wheel_moves_a_diagram_sideways_and_at_its_end_the_page(site: Site) -> None:
    wide(site, after="<br>" * 100)
    begun = sideways(site)
    site.page.mouse.move(700, 200)
    site.page.mouse.wheel(0, 300)
    reached(site, lambda: sideways(site) > begun)
    assert site.page.evaluate("window.scrollY") == 0
    site.page.mouse.wheel(0, 9000)
    reached(site, lambda: abs(sideways(site) - farthest(site)) < 2)
    site.page.mouse.wheel(0, 300)
    reached(site, lambda: site.page.evaluate("window.scrollY") > 0)


def test_on_a_phone_a_diagram_scrolls_in_its_own_frame(site: Site) -> None:
    site.page.set_viewport_size({"width": 390, "height": 844})
    wide(site)
    assert site.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert farthest(site) > 2000
    expect(site.page.locator("[data-element-id=step_9]")).to_be_in_viewport()
    expect(site.page.get_by_text("Duty manager", exact=True).first).to_be_in_viewport()


def test_scrolling_the_page_over_a_diagram_does_not_zoom_it(site: Site) -> None:
    site.add("/review.bpmn", DIAGRAM)
    site.show(diagram() + "<br>" * 200, script="viewer")
    shape = site.page.locator("[data-element-id=check_contact] rect").first
    expect(shape).to_be_visible()
    before = shape.bounding_box()
    site.page.mouse.move(400, 300)
    site.page.mouse.wheel(0, 200)
    reached(site, lambda: site.page.evaluate("window.scrollY") > 0)
    after = shape.bounding_box()
    assert before is not None and after is not None
    assert after["width"] == pytest.approx(before["width"])


@pytest.mark.parametrize("content", [None, "<not><a diagram"])
def test_a_diagram_that_cannot_be_shown_says_so_in_words(site: Site, content: str | None) -> None:
    if content is not None:
        site.add("/review.bpmn", content)
    site.show(diagram(), script="viewer")
    expect(site.page.get_by_role("alert")).to_contain_text("The diagram could not be shown")


def test_marks_of_elements_that_a_diagram_does_not_have_are_passed_over(site: Site) -> None:
    site.add("/review.bpmn", DIAGRAM)
    site.show(diagram({"active": ["gone"], "done": ["finish"]}), script="viewer")
    finish = site.page.locator("[data-element-id=finish]")
    expect(finish).to_have_class(re.compile("diagram-done"))


def test_design_system_components_work_under_the_policy(site: Site) -> None:
    site.show(
        """<div class="govuk-accordion" data-module="govuk-accordion" id="a">
        <div class="govuk-accordion__section"><div class="govuk-accordion__section-header">
        <h2 class="govuk-accordion__section-heading">
        <span class="govuk-accordion__section-button" id="a-1">Consent</span></h2></div>
        <div id="a-c-1" class="govuk-accordion__section-content"><p>Given</p></div></div></div>
        <div class="moj-password-reveal" data-module="moj-password-reveal">
        <input class="govuk-input moj-password-reveal__input" type="password" id="p"
        aria-label="Password"></div>""",
        script="govuk",
    )
    site.page.get_by_role("button", name=re.compile("Consent.*Show this section")).click()
    expect(site.page.get_by_text("Given")).to_be_visible()
    site.page.get_by_role("button", name="Show", exact=False).last.click()
    expect(site.page.locator("#p")).to_have_attribute("type", "text")
    assert site.complaints == []


def test_nothing_licensed_to_gov_uk_alone_is_built() -> None:
    names = [path.name for path in STATIC.rglob("*")]
    assert not [name for name in names if re.search("crest|crown|light-|bold-[0-9a-f]{6}", name)]
    for style in STATIC.glob("*.css"):
        assert "GDS Transport" not in style.read_text(encoding="utf-8")


def test_every_file_that_a_stylesheet_names_is_there() -> None:
    named = {
        address.strip("\"'")
        for style in STATIC.glob("*.css")
        for address in re.findall(r"url\(([^)]*)\)", style.read_text(encoding="utf-8"))
        if "data:" not in address
    }
    assert named
    for address in named:
        assert (STATIC / re.sub(r"[?#].*", "", address)).is_file(), address


def test_licence_notices_travel_with_the_bundles() -> None:
    notices = (STATIC / "LICENCES.txt").read_text(encoding="utf-8")
    for package in ("bpmn-js", "diagram-js", "govuk-frontend"):
        assert re.search(rf"^{package} \d+\.\d+\.\d+ \(", notices, re.MULTILINE), package
