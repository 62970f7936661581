"""Documents of a case in the browser: listed, saved, added, refused in words, and the panel's."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

import pytest
from docx import Document

from handlers import access, documents
from handlers.documents import MOST_BYTES, PDF, WORD
from handlers.word import Paper, Section, write
from tests.web.test_cases import triaged

from .client import Page
from .conftest import World

NOW = datetime(2026, 3, 4, tzinfo=UTC)
LETTER = write(Paper("Letter", "Dear all", [Section("News", ["All is well."])]), NOW)
A_PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def add(world: World, reference: str, name: str, content: bytes, *, status: int = 303) -> Page:
    """Somebody uploads a file on the case's page."""
    browser = world.browser("coordinator")
    token = browser.get(f"/cases/{reference}/documents").form("Add document").data["csrf_token"]
    sent = {"csrf_token": token[0], "file": (io.BytesIO(content), name)}
    return browser.post(
        f"/cases/{reference}/documents", sent, status, content_type="multipart/form-data"
    )


def packed(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(LETTER)) as letter, zipfile.ZipFile(file, "w") as copy:
        for name in letter.namelist():
            if name not in parts:
                copy.writestr(name, letter.read(name))
        for name, content in parts.items():
            copy.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [("Letter to school.docx", LETTER, WORD), ("Bericht über Ana.PDF", A_PDF, PDF)],
)
def test_a_document_that_was_added_is_listed_and_can_be_saved(
    world: World, name: str, content: bytes, media_type: str
) -> None:
    reference = triaged(world)
    add(world, reference, name, content)
    browser = world.browser("manager")
    page = browser.get(f"/cases/{reference}/documents")
    assert name in page.text and "Casey Co-ordinator" in page.text
    response = browser.flask.get(page.links()[name])
    assert response.status_code == 200 and response.data == content
    assert response.mimetype == media_type
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"


def test_a_large_document_may_be_larger_than_answers_are(world: World) -> None:
    reference = triaged(world)
    add(world, reference, "Plan.pdf", A_PDF + b"0" * (MOST_BYTES - len(A_PDF)))
    page = add(world, reference, "Plan.pdf", A_PDF + b"0" * MOST_BYTES, status=422)
    assert "The file must be 5 MB or smaller" in page.text
    add(world, reference, "Plan.pdf", A_PDF + b"0" * (2 * MOST_BYTES), status=413)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("", b"", "Select a file to upload."),
        ("a.docx", b"", "The file is empty."),
        ("a.docx", b"PK no zip", "is no Word document"),
        ("a.pdf", LETTER, "is no PDF"),
        ("a.docx", A_PDF, "is no Word document"),
        ("a.docx", LETTER[:-200], "is no Word document"),
        ("a.docx", packed(**{"word/vbaProject.bin": b"x"}), "has macros"),
        ("a.docx", packed(**{"[Content_Types].xml": b"<Types/>"}), "is no Word document"),
        ("a.exe", b"MZ", "must be a Word document (.docx) or a PDF"),
        ("a.docm", LETTER, "Save the file as a Word document"),
        ("c:\\a.pdf", A_PDF, "characters or words"),
        ("con.pdf", A_PDF, "characters or words"),
        ("a\u202efdp.pdf", A_PDF, "cannot be seen"),
        (".pdf", A_PDF, "needs a name"),
        ("a" * 160 + ".pdf", A_PDF, "150 characters or less"),
    ],
)
def test_a_file_that_cannot_be_kept_is_refused_in_words(
    world: World, name: str, content: bytes, words: str
) -> None:
    reference = triaged(world)
    with pytest.raises(documents.InvalidAnswers) as refused:
        documents.check(name, content)
    assert words in refused.value.message
    if name and "\\" not in name:
        assert words in add(world, reference, name, content, status=422).text


def test_nothing_is_added_to_a_case_that_is_not_ones_own(world: World) -> None:
    reference = triaged(world)
    add(world, reference, "Plan.pdf", A_PDF)
    world.browser("leadpro").get(f"/cases/{reference}/documents", 404)
    world.browser("leadpro").get(f"/cases/{reference}/documents/1", 404)
    other = triaged(world)
    world.browser("manager").get(f"/cases/{other}/documents/1", 404)


def stuck_at_the_panel(world: World) -> str:
    """A case whose pack waits to be read through."""
    reference = triaged(world)
    for user, element, answers in (
        ("coordinator", "create_contact_record", {"co_ordinator": "coordinator"}),
        (
            "coordinator",
            "make_enquiries",
            {"enquiries": "Spoke to Pat.", "enquiry_outcome": "caf_required"},
        ),
        (
            "coordinator",
            "confirm_consent",
            {
                "consent": "given",
                "consent_how": "verbal",
                "consent_on": "2026-03-04",
                "given_by": [{"name": "Pat Example", "relationship": "Mother", "is_child": False}],
                "statement": "Pat agrees.",
            },
        ),
        (
            "coordinator",
            "progress_to_episode",
            {"key_reason": "parenting", "lead_professional": "leadpro"},
        ),
    ):
        world.complete(user, reference, element, **answers)
    world.send("leadpro", reference, "concern_raised", concern="Alex is tired.", urgent=False)
    world.complete(
        "coordinator",
        reference,
        "discuss_stuck_caf",
        discussed_on="2026-03-04",
        discussion="Nothing moves.",
        outcome="panel",
    )
    world.complete(
        "coordinator",
        reference,
        "prepare_panel_case",
        panel_consent="declined",
        panel_issues="Alex Example sleeps too little.",
        panel_question="Who can help?",
    )
    return reference


def test_the_pack_is_read_through_on_the_task_before_the_panel_gets_it(world: World) -> None:
    reference = stuck_at_the_panel(world)
    panel = world.browser("panel")
    assert "There is no pack to read" in panel.get("/panel-packs").text
    task = world.task(reference, "review_panel_pack")
    page = world.browser("coordinator").get(f"/tasks/{task.id}")
    assert "Child A sleeps too little." in page.text
    world.work_in_browser("coordinator", task, {"pack_fit": "yes"})
    page = panel.get("/panel-packs")
    assert "Child A sleeps too little." in page.text
    assert reference not in page.whole and "Example" not in page.text
    (address,) = [link for link in page.links().values() if link.startswith("/panel-packs/")]
    response = panel.flask.get(address)
    assert "Example" not in "".join(
        each.text for each in Document(io.BytesIO(response.data)).paragraphs
    )
    with world.runtime.database.connect() as connection:
        assert "Pat Panel" in [one.name for one in access.openings(connection, reference)]
    panel.get(f"/cases/{reference}", 404)
    panel.get("/panel-packs/999", 404)
    world.browser("manager").get("/panel-packs", 403)
