"""Reading XML that a stranger may have written."""

from __future__ import annotations

import re
from io import BytesIO

from lxml import etree

from engine.errors import Finding, InvalidModel

LARGEST_FILE = 5 * 1024 * 1024
DEEPEST_NESTING = 200

_DOCTYPE = re.compile(rb"<!\s*DOCTYPE", re.IGNORECASE)


def parse_xml(content: bytes, path: str) -> etree._Element:
    """Parse `content` and return its root element.

    Refused with `InvalidModel`: files over 5 MB, document type definitions (and with them every
    entity), elements nested more than 200 deep, and whatever is not well-formed XML in UTF-8.
    Nothing is ever fetched from outside the file.
    """
    if len(content) > LARGEST_FILE:
        raise _refusal(
            path,
            "xml-too-large",
            f"The file has {len(content) / 1_048_576:.1f} MB; at most 5 MB are accepted. "
            "Split the diagram into several files that call each other.",
        )
    head = content[:2]
    if head in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in content[:64]:
        raise _refusal(
            path, "xml-encoding", "The file is not in UTF-8. Save it as UTF-8 and try again."
        )
    if _DOCTYPE.search(content):
        raise _refusal(
            path,
            "xml-doctype",
            "The file has a document type definition (DOCTYPE), which could make the reader "
            "fetch or expand other content. Remove the DOCTYPE line and any entities.",
        )
    depth = 0
    root: etree._Element | None = None
    events = etree.iterparse(
        BytesIO(content),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for event, element in events:
            depth += 1 if event == "start" else -1
            if root is None:
                root = element
            if depth > DEEPEST_NESTING:
                raise _refusal(
                    path,
                    "xml-too-deep",
                    f"Elements are nested more than {DEEPEST_NESTING} deep; no diagram needs that. "
                    "Check where the file comes from.",
                    element.sourceline,
                )
    except etree.XMLSyntaxError as error:
        line, column = error.position
        told = error.msg or ""
        # An entity that nobody declared is named in the log alone.
        last = None if line else events.error_log.last_error
        if last is not None:
            line, column = last.line, last.column
            told = f"{last.message}, line {line}, column {column}"
        if "depth" in told.lower():
            raise _refusal(
                path,
                "xml-too-deep",
                f"Elements are nested more than {DEEPEST_NESTING} deep; no diagram needs that. "
                "Check where the file comes from.",
                line,
            ) from None
        raise _refusal(
            path,
            "xml-malformed",
            f"The file is not well-formed XML: {told}. Open it in an editor and mend that "
            "place, or export it again.",
            line,
            column,
        ) from None
    if root is None:
        raise _refusal(path, "xml-malformed", "The file is empty.")
    return root


def _refusal(
    path: str, code: str, message: str, line: int | None = None, column: int | None = None
) -> InvalidModel:
    return InvalidModel([Finding("error", code, message, path, None, line, column)])
