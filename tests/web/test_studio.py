"""The studio without scripts: drawing up, approving and making live a version of a model."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from engine import approvals, drafts, queries
from engine.definitions import files_of, survey
from engine.identity import Actor
from engine.xml import LARGEST_FILE
from handlers import services
from web import demo

from .client import Client, Page
from .conftest import World

CAF = Path(__file__).parents[2] / "bpmn" / "caf"
STEP_UP = (CAF / "step_up.bpmn").read_bytes()
BETTER = STEP_UP.replace(b'name="Discuss with DATS"', b'name="Talk with DATS"')
OTHERWISE = STEP_UP.replace(b'name="Discuss with DATS"', b'name="Ask DATS"')
UNREADABLE = STEP_UP.replace(b"</bpmn:definitions>", b"")


def begin(world: World, title: str = "Plainer words") -> int:
    return drafts.begin(world.runtime, "caf", title, world.actor("analyst"))


def save(world: World, number: int, content: bytes = BETTER, user: str = "analyst") -> int:
    path = "step_up.bpmn"
    return drafts.save(world.runtime, number, path, content, 1, world.actor(user)).revision


def asked(world: World) -> int:
    """A draft that waits for approval."""
    number = begin(world)
    save(world, number)
    approvals.ask(world.runtime, number, "Why", world.actor("analyst"))
    return number


class Editor:
    """What an editor in the browser sends, with the token of its page."""

    def __init__(self, world: World, user: str, number: int) -> None:
        self.browser = world.browser(user)
        self.base = f"/studio/caf/drafts/{number}"
        self.token = self.browser.get("/").form("Sign out").data["csrf_token"][0]

    def send(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {"X-CSRFToken": self.token, **options.pop("headers", {})}
        return self.browser.flask.open(
            f"{self.base}/{path}", method=method, headers=headers, **options
        )

    def put(self, content: bytes, revision: str, path: str = "step_up.bpmn") -> TestResponse:
        headers = {"If-Match": f'"{revision}"'}
        return self.send("PUT", f"files/{path}", data=content, headers=headers)

    def findings(self, content: bytes, path: str = "step_up.bpmn") -> dict[str, Any]:
        answer = self.send("POST", "findings", json={"path": path, "source": content.decode()})
        assert answer.status_code == 200
        found: dict[str, Any] = answer.get_json()
        return found


# From a draft to the live version


def test_an_analyst_asks_and_a_manager_publishes(world: World) -> None:
    analyst, manager = world.browser("analyst"), world.browser("manager")
    assert "Studio" in analyst.get("/").header
    page = analyst.get("/studio/caf")
    page = analyst.press(page, "Begin a draft", {"title": "Plainer words"})
    page = analyst.follow(page)
    assert (page.heading, "Nothing yet" in page.text) == ("Plainer words", True)
    page = import_file(analyst, page, "step_up.bpmn", BETTER)
    assert "Taken in: step_up.bpmn" in page.text
    page = analyst.press(page, "Ask for approval", {"words": ""}, status=422)
    assert "Enter what changes and why" in page.text
    page = analyst.follow(analyst.press(page, "Ask for approval", {"words": "Shorter to read"}))
    assert "You worked on this draft, so someone else has to decide" in page.text
    review = manager.get(page.path + "/review")
    assert "was “Discuss with DATS”" in review.text
    assert "is now “Talk with DATS”" in review.text
    assert "the model's own rules hold on every way" in review.text
    review = manager.press(review, "Approve and publish", status=422)
    assert "Confirm that you looked" in review.text
    old = world.contact()
    versions = manager.press(review, "Approve and publish", {"looked": "yes"})
    versions = manager.follow(versions)
    assert "Version 2: Plainer words Live Approved by" in versions.text
    assert "Shorter to read" in versions.text
    new = world.contact()
    assert [version_of(world, one) for one in (old, new)] == [1, 2]
    versions = manager.press(versions, "Make version 1 live", status=422)
    assert "Enter why this version is made live again" in versions.text
    versions = manager.press(versions, "Make version 1 live", {"reason": "Too plain"})
    assert "Version 1 is live again" in manager.follow(versions).text
    assert version_of(world, world.contact()) == 1


def version_of(world: World, reference: str) -> int:
    number = queries.instances(world.runtime, reference)[0].deployment_id
    caf = queries.versions(world.runtime, "caf")
    with world.runtime.database.connect() as connection:
        models = {world.runtime.model(connection, number).files["step_up.bpmn"]}
    return next(
        one.number
        for one in caf
        if queries.version_files(world.runtime, "caf", one.number)["step_up.bpmn"] in models
    )


def import_file(browser: Client, page: Page, name: str, content: bytes, status: int = 303) -> Page:
    form = page.form("Take it in")
    sent = {**form.data, "file": (io.BytesIO(content), name)}
    answer = browser.post(form.action, sent, status, content_type="multipart/form-data")
    return browser.follow(answer) if status == 303 else answer


def test_nobody_who_wrote_in_a_draft_approves_it(world: World) -> None:
    number = begin(world)
    save(world, number, user="manager")
    approvals.ask(world.runtime, number, "Why", world.actor("analyst"))
    manager = world.browser("manager")
    page = manager.get(f"/studio/caf/drafts/{number}/review")
    assert "so someone else has to decide" in page.text
    token = manager.get("/").form("Sign out").data["csrf_token"]
    digest = queries.draft(world.runtime, "caf", number).events[-1].digest
    sent = {"csrf_token": token, "digest": digest, "looked": "yes"}
    page = manager.post(f"/studio/caf/drafts/{number}/approve", sent, 422)
    assert "You worked on this draft yourself" in page.text
    assert queries.model_row(world.runtime, "caf").live == 1


def test_a_draft_is_given_back_with_words(world: World) -> None:
    number = asked(world)
    publisher = world.browser("publisher")
    page = publisher.get(f"/studio/caf/drafts/{number}/review")
    page = publisher.press(page, "Give it back", {"words": "Name the form too"})
    assert "given back" in publisher.follow(page).text
    page = world.browser("analyst").get(f"/studio/caf/drafts/{number}")
    assert "gave it back Name the form too" in page.text


def test_errors_bar_asking_and_are_shown_with_their_place(world: World) -> None:
    number = begin(world)
    form = b'<spiffworkflow:property name="form" value="'
    broken = STEP_UP.replace(form, form + b"no_", 1)
    save(world, number, broken)
    analyst = world.browser("analyst")
    page = analyst.get(f"/studio/caf/drafts/{number}")
    assert "1 error" in page.text
    page = analyst.follow(analyst.press(page, "Ask for approval", {"words": "Why"}))
    assert "which bar publishing it" in page.text
    assert "does not exist" in page.text
    assert f"/studio/caf/drafts/{number}/edit/step_up.bpmn" in page.links().values()


def test_a_draft_that_fell_behind_takes_the_live_version_in(world: World) -> None:
    number, other = begin(world), begin(world, "Meanwhile")
    save(world, number)
    save(world, other, OTHERWISE)
    approvals.ask(world.runtime, other, "Why", world.actor("analyst"))
    digest = queries.draft(world.runtime, "caf", other).events[-1].digest or ""
    approvals.approve(world.runtime, other, digest, "", world.actor("publisher"))
    analyst = world.browser("analyst")
    page = analyst.get(f"/studio/caf/drafts/{number}")
    assert "Another version became live since" in page.text
    page = analyst.press(page, "Bring the live version in", status=422)
    assert "Choose which step_up.bpmn to keep" in page.text
    page = analyst.press(page, "Bring the live version in", {"keep-0": "draft"})
    page = analyst.follow(page)
    assert "draft from version 2" in page.text
    assert queries.draft_files(world.runtime, number)["step_up.bpmn"] == BETTER


# Files


@pytest.mark.parametrize(
    ("kind", "name", "path"),
    [
        ("bpmn", "Ask the school", "ask_the_school.bpmn"),
        ("dmn", "Which school?", "decisions/which_school.dmn"),
        ("form", "Ask “the” school", "forms/ask_the_school.form"),
    ],
)
def test_a_new_file_is_one_that_its_editor_opens(
    world: World, kind: str, name: str, path: str
) -> None:
    number = begin(world)
    analyst = world.browser("analyst")
    page = analyst.get(f"/studio/caf/drafts/{number}")
    answer = analyst.press(page, "Add it", {"kind": kind, "name": name})
    assert answer.response.headers["Location"].endswith(f"/edit/{path}")
    looked = survey(queries.draft_files(world.runtime, number), services, rules=False)
    # A blank diagram leads nowhere yet; nothing else is wrong.
    codes = {finding.code for finding in looked.findings if finding.severity == "error"}
    assert codes <= {"no-way-out"}
    page = analyst.press(page, "Add it", {"kind": kind, "name": f"{name}!"}, status=422)
    assert "Somebody else saved this file" in page.text


def test_a_file_without_a_usable_name_or_kind_is_refused(world: World) -> None:
    number = begin(world)
    analyst = world.browser("analyst")
    page = analyst.get(f"/studio/caf/drafts/{number}")
    page = analyst.press(page, "Add it", {"name": "!!!"}, status=422)
    assert "Select what you want to add" in page.text
    assert "Enter a name of letters or digits" in page.text


def test_what_a_file_held_can_be_taken_back(world: World) -> None:
    number = begin(world)
    save(world, number)
    analyst = world.browser("analyst")
    page = analyst.get(f"/studio/caf/drafts/{number}")
    page = analyst.follow(analyst.press(page, "Take it out", {"path": "step_up.bpmn"}))
    assert "Taken out" in page.text
    page = analyst.get(f"/studio/caf/drafts/{number}/history/step_up.bpmn")
    assert [button for button in page.all("//main//button") if "Take" in button.text_content()]
    analyst.press(page, "Take this one back save 2")
    assert queries.draft_files(world.runtime, number)["step_up.bpmn"] == BETTER


def test_a_whole_model_goes_out_and_comes_back(world: World) -> None:
    number = begin(world)
    analyst = world.browser("analyst")
    packed = analyst.flask.get("/studio/caf/versions/1/export")
    assert packed.headers["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(packed.data)) as parcel:
        assert {name.removeprefix("caf/") for name in parcel.namelist()} == files_of(CAF).keys()
    page = analyst.get(f"/studio/caf/drafts/{number}")
    page = import_file(analyst, page, "model.zip", packed.data)
    assert "Nothing is different" in page.text


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.bpmn", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "document type definition"),
        ("x.svg", b"<svg/>", "none that a model has"),
        ("", b"", "Choose a file"),
    ],
)
def test_a_hostile_file_is_refused_on_the_page(
    world: World, name: str, content: bytes, words: str
) -> None:
    number = begin(world)
    analyst = world.browser("analyst")
    page = import_file(analyst, analyst.get(f"/studio/caf/drafts/{number}"), name, content, 422)
    assert words in page.text
    assert not queries.draft(world.runtime, "caf", number).different


def test_a_hundred_megabytes_are_refused_before_they_are_read(world: World) -> None:
    number = begin(world)
    path = f"/studio/caf/drafts/{number}/import"
    answer = world.browser("analyst").flask.post(
        path, environ_overrides={"CONTENT_LENGTH": str(100 * 1024 * 1024)}
    )
    assert answer.status_code == 413
    assert "What you sent has 100 MB; at most 10 MB" in answer.get_data(as_text=True)


# What the editors ask for


def test_a_source_is_saved_at_the_revision_that_it_was_read_at(world: World) -> None:
    editor = Editor(world, "analyst", begin(world))
    source = editor.send("GET", "files/step_up.bpmn")
    assert (source.data, source.headers["ETag"]) == (STEP_UP, '"1"')
    saved = editor.put(BETTER, "1")
    assert (saved.status_code, saved.get_json()["revision"]) == (200, 2)
    assert editor.send("GET", "files/step_up.bpmn").data == BETTER
    assert editor.send("GET", "files/step_up.bpmn?revision=1").data == STEP_UP
    assert editor.put(BETTER, "x").status_code == 428
    assert editor.send("GET", "files/none.bpmn").status_code == 404
    assert editor.put(STEP_UP, "0", "new.bpmn").get_json()["revision"] == 1


def test_the_second_save_gets_what_the_first_one_saved(world: World) -> None:
    number = begin(world)
    editor = Editor(world, "analyst", number)
    save(world, number, OTHERWISE, "manager")
    late = editor.put(BETTER, "1")
    told = late.get_json()
    assert (late.status_code, told["revision"], told["source"]) == (409, 2, OTHERWISE.decode())
    assert told["author"] in world.browser("manager").get("/").header
    kept = [save.content for save in queries.saves(world.runtime, number, "step_up.bpmn")]
    assert BETTER in kept
    assert editor.put(BETTER, "2").status_code == 200


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (UNREADABLE, "not well-formed XML"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a BPMN 2.0 diagram"),
        (STEP_UP.replace(b'name="', b'name="&lt;script> ', 1), "a browser could run"),
        (b"x" * (LARGEST_FILE + 1), "at most 5 MB"),
    ],
)
def test_what_can_not_be_read_is_not_saved_and_the_reason_told(
    world: World, content: bytes, words: str
) -> None:
    number = begin(world)
    answer = Editor(world, "analyst", number).put(content, "1")
    assert (answer.status_code, words in answer.get_json()["message"]) == (422, True)
    assert queries.draft_files(world.runtime, number)["step_up.bpmn"] == STEP_UP


def test_while_approval_is_asked_a_save_is_refused_in_words(world: World) -> None:
    number = asked(world)
    answer = Editor(world, "analyst", number).put(OTHERWISE, "2")
    assert answer.status_code == 423
    assert "waits for approval" in answer.get_json()["message"]


def test_a_save_without_a_token_or_a_role_changes_nothing(world: World) -> None:
    number = begin(world)
    editor = Editor(world, "analyst", number)
    forged = editor.browser.flask.put(f"{editor.base}/files/step_up.bpmn", data=BETTER)
    assert (forged.status_code, forged.mimetype) == (400, "application/problem+json")
    refused = Editor(world, "manager", number).put(BETTER, "1")
    assert refused.status_code == 403
    assert "Process analyst" in refused.get_json()["message"]
    assert queries.draft_files(world.runtime, number)["step_up.bpmn"] == STEP_UP


def test_another_councils_manager_does_not_see_the_drafts(world: World) -> None:
    number = begin(world)
    cads = world.browser("cadsmanager")
    assert "CAF duty manager" in cads.get(f"/studio/caf/drafts/{number}", 403).text
    assert cads.get("/studio", 303).response.headers["Location"] == "/studio/cads"
    cads.get(f"/studio/cads/drafts/{number}", 404)


def test_findings_name_the_element_and_the_failing_path(world: World) -> None:
    editor = Editor(world, "analyst", begin(world))
    assert editor.findings(STEP_UP)["findings"] == []
    join = STEP_UP.index(b'<bpmn:exclusiveGateway id="discussion_has_result"')
    end = STEP_UP.index(b"</bpmn:exclusiveGateway>", join)
    part = STEP_UP[join : end + 24].replace(b"exclusiveGateway", b"parallelGateway")
    split = STEP_UP[:join] + part + STEP_UP[end + 24 :]
    found = editor.findings(split)
    stuck = [one for one in found["findings"] if one["path"]]
    assert found["complete"]
    assert stuck
    assert {one["file"] for one in stuck} == {"step_up.bpmn"}
    drawn = split.decode()
    for one in stuck:
        assert all(f'id="{item}"' in drawn for item in [one["element"], *one["path"]])
        assert one["severity"] == "error"
    told = editor.findings(UNREADABLE)
    assert (told["complete"], told["findings"][0]["code"]) == (True, "xml-malformed")


def test_findings_of_what_was_not_saved_leave_the_draft_alone(world: World) -> None:
    number = begin(world)
    Editor(world, "analyst", number).findings(BETTER)
    assert not queries.draft(world.runtime, "caf", number).different


def test_findings_for_the_largest_diagram_take_a_fraction_of_checking_the_model() -> None:
    """Within a second on any machine that checks the whole model in five."""
    files = files_of(CAF)
    largest = max((path for path in files if path.endswith(".bpmn")), key=lambda p: len(files[p]))
    survey(files, services, rules=False)
    took = []
    for turn in range(3):
        changed = files[largest].replace(b'name="', b'name="%d ' % turn, 1)
        began = time.process_time()
        found = survey({**files, largest: changed}, services, rules=False)
        took.append(time.process_time() - began)
        assert not found.complete
    began = time.process_time()
    survey({**files, largest: changed}, services)
    whole = time.process_time() - began
    assert min(took) < whole / 5
    assert min(took) < 0.7


def test_the_whole_answer_follows_when_the_same_is_asked_again(world: World) -> None:
    editor = Editor(world, "analyst", begin(world))
    late = STEP_UP.replace(b'name="', b'name="Late ', 1)
    assert [editor.findings(late)["complete"] for _ in range(3)] == [False, True, True]


def test_what_may_be_named_is_listed_with_words(world: World) -> None:
    listed = Editor(world, "analyst", begin(world)).send("GET", "choices").get_json()
    by_id = {
        kind: {one["id"]: one for one in entries}
        for kind, entries in listed.items()
        if kind not in ("variables", "properties")
    }
    assert by_id["roles"]["caf_duty_manager"]["words"] == "CAF duty manager"
    assert by_id["forms"]["consent"]["path"] == "forms/consent.form"
    assert by_id["decisions"]["tray_proposal"]["words"] == "Proposal of a work tray"
    assert by_id["timescales"]["1B"]["words"] == "5 working days"
    assert by_id["diagrams"]["step_up"]["path"] == "step_up.bpmn"
    assert "concern_raised" in by_id["messages"]
    notify = by_id["handlers"]["notify"]
    assert {one["name"]: one["required"] for one in notify["parameters"]}["to"]
    assert all(one["words"] for one in by_id["handlers"].values())
    assert "2K" in by_id["clauses"]
    assert {one["name"] for one in listed["properties"]} >= {"clause", "form", "due", "tray"}


def test_a_preview_is_the_page_that_a_caseworker_gets(world: World) -> None:
    editor = Editor(world, "analyst", begin(world))
    form = (CAF / "forms" / "consent.form").read_text(encoding="utf-8")
    answer = editor.send("POST", "preview", json={"form": form})
    assert "Does the family consent to a CAF?" in answer.get_data(as_text=True)
    bad = editor.send("POST", "preview", json={"form": "{"})
    assert (bad.status_code, bool(bad.get_json()["message"])) == (422, True)


def test_a_version_is_looked_at_file_by_file_and_compared(world: World) -> None:
    number = begin(world)
    table = files_of(CAF)["decisions/tray_proposal.dmn"]
    changed = table.replace(b'<text>"safer_families"</text>', b'<text>"social_work"</text>', 1)
    actor = world.actor("analyst")
    drafts.save(world.runtime, number, "decisions/tray_proposal.dmn", changed, 1, actor)
    manager = world.browser("manager")
    for path in ("step_up.bpmn", "decisions/tray_proposal.dmn", "forms/consent.form", "model.toml"):
        assert manager.get(f"/studio/caf/versions/1/view/{path}").heading == path
    source = manager.flask.get("/studio/caf/versions/1/files/step_up.bpmn")
    assert source.data == STEP_UP
    page = manager.get(f"/studio/caf/compare?from=1&to=draft:{number}")
    assert 'Proposed tray was “"safer_families"”, is now “"social_work"”' in page.text
    manager.get("/studio/caf/compare?from=1&to=9", 404)
    manager.get("/studio/caf/compare?from=x", 404)


def test_a_restart_of_the_demonstration_leaves_what_was_published(world: World) -> None:
    number = asked(world)
    digest = queries.draft(world.runtime, "caf", number).events[-1].digest or ""
    approvals.approve(world.runtime, number, digest, "", Actor("publisher"))
    demo.prepare(world.runtime)
    assert queries.model_row(world.runtime, "caf").live == 2
