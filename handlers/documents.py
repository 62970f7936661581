"""The documents of a case: Word and PDF files on its file, kept as they are and never changed."""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select

from engine.errors import InvalidAnswers, NotFound
from handlers.access import require_contribution
from handlers.casefile import open_for_writing
from handlers.directory import User, names
from handlers.models import access_log, documents
from handlers.word import MEDIA_TYPE as WORD

PDF: Final = "application/pdf"
MOST_BYTES: Final = 5 * 1024 * 1024
"""The largest file that can be uploaded."""
_MOST_UNPACKED: Final = 100 * 1024 * 1024
_LONGEST_NAME: Final = 150
_MAIN_PART: Final = b"wordprocessingml.document.main+xml"
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_SPECIAL: Final = frozenset('/\\:*?"<>|')


@dataclass(frozen=True)
class Document:
    """A document without its content; `text` is what it says if the service wrote it."""

    id: int
    case_reference: str
    kind: str
    name: str
    media_type: str
    size: int
    sha256: str
    text: str
    clause: str
    tray: str | None
    read_at_task: str | None
    released_to: str | None
    added_by: str
    added_at: datetime


_COLUMNS: Final = [documents.c[name] for name in Document.__dataclass_fields__]


def of_case(connection: Connection, reference: str) -> list[Document]:
    """The documents of the case, newest first; who added them is given by name."""
    rows = connection.execute(
        select(*_COLUMNS)
        .where(documents.c.case_reference == reference)
        .order_by(documents.c.id.desc())
    ).all()
    return _views(connection, rows)


def released(connection: Connection, reader: User) -> list[Document]:
    """The documents that were given to a role of the reader's, apart from any case."""
    rows = connection.execute(
        select(*_COLUMNS)
        .where(documents.c.released_to.in_(sorted(reader.roles)))
        .order_by(documents.c.id.desc())
    ).all()
    return _views(connection, rows)


def content(connection: Connection, reference: str, document_id: int) -> tuple[str, str, bytes]:
    """Name, media type and bytes of a document of the case.

    Raises NotFound if the case has no such document. Whether the reader may see the case is
    `handlers.access`'s to say, and to log.
    """
    return _file(
        connection.execute(
            select(documents).where(
                documents.c.id == document_id, documents.c.case_reference == reference
            )
        ).one_or_none()
    )


def released_content(
    connection: Connection, reader: User, document_id: int, *, now: datetime
) -> tuple[str, str, bytes]:
    """Name, media type and bytes of a document that was given to the reader's role; it is logged.

    Raises NotFound if it was not, or was taken back.
    """
    row = connection.execute(
        select(documents).where(
            documents.c.id == document_id, documents.c.released_to.in_(sorted(reader.roles))
        )
    ).one_or_none()
    found = _file(row)
    if row is not None:
        connection.execute(
            insert(access_log).values(
                user_id=reader.id, case_reference=row.case_reference, reason="", at=now
            )
        )
    return found


def add(
    connection: Connection,
    reference: str,
    *,
    kind: str,
    name: str,
    media_type: str,
    content: bytes,
    by: str,
    now: datetime,
    text: str = "",
    clause: str = "",
    tray: str | None = None,
    read_at_task: str | None = None,
) -> int:
    """Put a file on a case known to be open; its id."""
    return int(
        connection.execute(
            insert(documents)
            .values(
                case_reference=reference,
                kind=kind,
                name=name,
                media_type=media_type,
                content=content,
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                text=text,
                clause=clause,
                tray=tray,
                read_at_task=read_at_task,
                added_by=by,
                added_at=now,
            )
            .returning(documents.c.id)
        ).scalar_one()
    )


def upload(
    connection: Connection,
    author: User,
    reference: str,
    name: str,
    content: bytes,
    *,
    now: datetime,
) -> int:
    """Put a Word or PDF file that a person sends on the case's file; its id (4F).

    Raises InvalidAnswers for a file that cannot be kept, with how to mend it; NotFound if the case
    is not the author's to see, NotAllowed if consent lets them read only, CaseClosed if the file
    is locked.
    """
    require_contribution(connection, author, reference)
    media_type = check(name, content)
    # Not remembered as work on the case, just as a case note is not.
    open_for_writing(connection, reference)
    return add(
        connection,
        reference,
        kind="upload",
        name=unicodedata.normalize("NFC", name.strip()),
        media_type=media_type,
        content=content,
        by=author.id,
        now=now,
    )


def check(name: str, content: bytes) -> str:
    """The media type of a file that may be kept; InvalidAnswers for `file` if it may not."""
    name = unicodedata.normalize("NFC", name.strip())
    if not name and not content:
        raise _refused("Select a file to upload.")
    problem = _name_problem(name)
    if problem:
        raise _refused(problem)
    if not content:
        raise _refused("The file is empty. Check it on your computer and select it again.")
    if len(content) > MOST_BYTES:
        megabytes = MOST_BYTES // 1024 // 1024
        raise _refused(f"The file must be {megabytes} MB or smaller. Make it smaller or split it.")
    ending = name.rpartition(".")[2].lower()
    if ending == "pdf":
        if not content[:1024].lstrip().startswith(b"%PDF-"):
            raise _refused("The file is named .pdf but is no PDF. Save it as PDF again.")
        return PDF
    if ending == "docx":
        _check_word(content)
        return WORD
    if ending in ("doc", "docm", "dotx", "dotm", "rtf", "odt"):
        raise _refused("Save the file as a Word document (.docx) or as PDF, then upload that.")
    raise _refused("The file must be a Word document (.docx) or a PDF.")


def _name_problem(name: str) -> str:
    if not name or name.startswith(".") or "." not in name:
        return "The file needs a name that ends in .docx or .pdf. Rename it and try again."
    if len(name) > _LONGEST_NAME:
        return f"The file's name must be {_LONGEST_NAME} characters or less. Rename it."
    if _SPECIAL.intersection(name) or ".." in name or _RESERVED.match(name):
        return (
            "The file's name has characters or words that not every computer can keep, such as "
            "/ \\ : * ? or two full stops. Rename it with letters, digits, spaces and hyphens."
        )
    if any(unicodedata.category(letter)[0] == "C" for letter in name):
        return "The file's name has characters that cannot be seen. Rename it and try again."
    return ""


def _check_word(content: bytes) -> None:
    """Raise InvalidAnswers unless it is a whole Word document, of a sane size, without macros."""
    broken = "The file is named .docx but is no Word document. Save it in Word again."
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            if sum(part.file_size for part in parts) > _MOST_UNPACKED or len(parts) > 5_000:
                raise _refused("The Word document is too large once unpacked. Make it smaller.")
            known = {part.filename for part in parts}
            if not {"[Content_Types].xml", "_rels/.rels", "word/document.xml"} <= known:
                raise _refused(broken)
            if any(name.lower().endswith("vbaproject.bin") for name in known):
                raise _refused("The Word document has macros. Save it without them as .docx.")
            if _MAIN_PART not in packed.read("[Content_Types].xml"):
                raise _refused(broken)
            if packed.testzip() is not None:
                raise _refused(broken)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        raise _refused(broken) from None


def _refused(message: str) -> InvalidAnswers:
    return InvalidAnswers({"file": message})


def _file(row: Row[Any] | None) -> tuple[str, str, bytes]:
    if row is None:
        raise NotFound("There is no such document, or it was taken back.")
    return str(row.name), str(row.media_type), bytes(row.content)


def _views(connection: Connection, rows: Sequence[Row[Any]]) -> list[Document]:
    listed = [dict(row._mapping) for row in rows]
    known = names(connection, [row["added_by"] for row in listed])
    return [Document(**row | {"added_by": known[row["added_by"]]}) for row in listed]
