"""The safe small subset of Markdown that form texts may use.

Headings (# to ####), paragraphs, bullet and numbered lists, **bold** and [links](https://...).
The result is data, not HTML: whoever shows it escapes it like any other text.
"""

from __future__ import annotations

import re

from engine.forms.fields import Block, Span

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t]*#*$")
_BULLET = re.compile(r"[-*][ \t]+(.*)$")
_NUMBER = re.compile(r"\d{1,4}[.)][ \t]+(.*)$")
_INLINE = re.compile(r"\*\*([^*\n]+)\*\*|\[([^\[\]\n]*)\]\(([^()\s]*)\)")
_HTML = re.compile(r"<(?:/?[A-Za-z][^<>]*|!--)")
_SAFE_LINK = re.compile(r"(?:https?://|mailto:|tel:|/(?!/))", re.IGNORECASE)


class UnsupportedText(Exception):
    """The text uses something outside the subset; `str()` says what and how to mend it."""


def parse_text(source: str) -> tuple[Block, ...]:
    """Read `source`; raises UnsupportedText for HTML, pictures, templates and unsafe links."""
    if "{{" in source:
        raise UnsupportedText(
            "uses a template (“{{ … }}”), which is not filled in here. Write the text out, or show "
            "the part that differs as a text of its own with a condition"
        )
    if found := _HTML.search(source):
        raise UnsupportedText(
            f"has HTML (“{found.group()[:30]}”), which is not supported. Use Markdown: # for "
            "headings, - for lists, **bold**"
        )
    if "![" in source:
        raise UnsupportedText("has a picture, which is not supported. Remove it")
    blocks: list[Block] = []
    paragraph: list[str] = []
    listed: list[tuple[Span, ...]] = []
    list_kind = ""

    def close() -> None:
        nonlocal paragraph, listed
        if paragraph:
            blocks.append(Block("paragraph", (_spans(" ".join(paragraph)),)))
        if listed:
            blocks.append(Block(list_kind, tuple(listed)))
        paragraph, listed = [], []

    for line in source.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = line.strip()
        if not line:
            close()
        elif heading := _HEADING.match(line):
            close()
            level = min(len(heading.group(1)), 4)
            blocks.append(Block("heading", (_spans(heading.group(2)),), level))
        elif entry := _BULLET.match(line) or _NUMBER.match(line):
            kind = "bullets" if line[0] in "-*" else "numbers"
            if paragraph or kind != list_kind:
                close()
            list_kind = kind
            listed.append(_spans(entry.group(1)))
        elif listed:
            listed[-1] += (Span(" "), *_spans(line))
        else:
            paragraph.append(line)
    close()
    return tuple(blocks)


def _spans(text: str) -> tuple[Span, ...]:
    spans: list[Span] = []
    end = 0
    for found in _INLINE.finditer(text):
        if found.start() > end:
            spans.append(Span(text[end : found.start()]))
        bold, label, href = found.groups()
        if bold is not None:
            spans.append(Span(bold, bold=True))
        else:
            if not _SAFE_LINK.match(href):
                raise UnsupportedText(
                    f"links to “{href[:60]}”. Links must begin with https://, http://, mailto:, "
                    "tel: or /"
                )
            spans.append(Span(label or href, href=href))
        end = found.end()
    if end < len(text) or not spans:
        spans.append(Span(text[end:]))
    return tuple(spans)
