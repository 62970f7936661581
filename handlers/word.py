"""Word documents: a title, sections with paragraphs and tables, and nothing that tells of more."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from docx import Document
from docx.document import Document as OpenDocument
from docx.oxml.ns import qn

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_NOT_IN_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Section:
    """A heading with paragraphs, and rows of two columns; empty ones are left out."""

    heading: str
    paragraphs: Sequence[str] = ()
    rows: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Paper:
    """What a document says, before it is a file."""

    title: str
    lead: str
    sections: Sequence[Section]

    def said(self) -> Iterator[Section]:
        """The sections in which something stands."""
        for section in self.sections:
            rows = tuple((name, value) for name, value in section.rows if value.strip())
            paragraphs = tuple(text for text in section.paragraphs if text.strip())
            if rows or paragraphs:
                yield Section(section.heading, paragraphs, rows)

    def text(self) -> str:
        """The same as plain text, to be read on a page."""
        parts = [self.title, self.lead]
        for section in self.said():
            parts.append(section.heading.upper())
            parts += section.paragraphs
            parts += [f"{name}: {value}" for name, value in section.rows]
        return "\n\n".join(part.strip() for part in parts if part.strip())


def write(paper: Paper, now: datetime) -> bytes:
    """The paper as a .docx file; its properties name no person and no family."""
    document = Document()
    properties = document.core_properties
    properties.author = properties.last_modified_by = "CAF Team"
    properties.title = _clean(paper.title)
    properties.comments = properties.keywords = properties.subject = ""
    properties.created = properties.modified = now.astimezone(UTC)
    properties.language = "en-GB"
    _in_english_of_britain(document)
    document.add_heading(_clean(paper.title), level=0)
    document.add_paragraph(_clean(paper.lead))
    for section in paper.said():
        document.add_heading(_clean(section.heading), level=1)
        for text in section.paragraphs:
            document.add_paragraph(_clean(text))
        if section.rows:
            table = document.add_table(rows=0, cols=2, style="Table Grid")
            for name, value in section.rows:
                left, right = table.add_row().cells
                left.paragraphs[0].add_run(_clean(name)).bold = True
                right.paragraphs[0].add_run(_clean(value))
    file = io.BytesIO()
    document.save(file)
    return _dated(file, now)


def _dated(file: io.BytesIO, now: datetime) -> bytes:
    """The same parts, all of them of that moment and not of the machine's clock, so that what is
    written twice at one moment is the same twice."""
    written = io.BytesIO()
    with zipfile.ZipFile(file) as parts, zipfile.ZipFile(written, "w") as dated:
        for name in parts.namelist():
            part = zipfile.ZipInfo(name, now.astimezone(UTC).timetuple()[:6])
            part.compress_type = zipfile.ZIP_DEFLATED
            dated.writestr(part, parts.read(name))
    return written.getvalue()


def _in_english_of_britain(document: OpenDocument) -> None:
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), "en-GB")


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("", text)
