"""Texts that a browser could run or load if a page showed them without care.

Every page shows texts as texts; this keeps such texts out all the same, because files go on to
other tools, which may not.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from urllib.parse import unquote

_RUN = re.compile(
    r"<\s*/?\s*(script|iframe|object|embed|foreignobject|link|meta|base|form)\b"
    r"|javascript\s*:|vbscript\s*:|data\s*:\s*text/html"
    r"|<\s*[a-z][^<>]{0,500}\son(load|error|click|dblclick|mouse\w+|focus\w*|blur|key\w+|begin|end"
    r"|repeat|toggle|start|animation\w+|transition\w+|pointer\w+|wheel|scroll\w*|input|change"
    r"|submit|drag\w*|drop|copy|cut|paste|touch\w+)\s*=",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"data:image/svg\+xml([^,]{0,100}),([^\s\"')]{0,200000})", re.IGNORECASE)


def harm_in(texts: Iterable[tuple[str, str]]) -> str | None:
    """What is harmful in the first of these texts that is, in words; each comes with its place."""
    for where, text in texts:
        for part in (text, *_pictures(text)):
            found = _RUN.search(part)
            if found:
                shown = " ".join(found.group()[:40].split())
                return f"“{shown}” at “{where}”"
    return None


def _pictures(text: str) -> Iterable[str]:
    """The SVG pictures that are written into a text, unpacked."""
    for options, data in _PICTURE.findall(text):
        plain = unquote(data)
        if "base64" in options.lower():
            try:
                plain = base64.b64decode(plain, validate=False).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                continue
        yield plain
