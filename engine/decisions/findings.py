"""What is wrong with a DMN file, collected while it is read."""

from __future__ import annotations

from lxml import etree

from engine.errors import Finding
from engine.feel import FeelError


class Findings:
    """Findings about one file; every message names its place in words."""

    def __init__(self, path: str) -> None:
        self.all: list[Finding] = []
        self._path = path

    def add(self, element: etree._Element, code: str, message: str) -> None:
        self.all.append(
            Finding("error", code, message, self._path, _id_of(element), _line_of(element))
        )

    def feel(
        self,
        text: etree._Element | None,
        place: str,
        error: FeelError,
        element: etree._Element,
    ) -> None:
        """A cell that FEEL refuses; the line is that of the file."""
        line = _line_of(element if text is None else text)
        if line is not None:
            line += error.line - 1
        message = f"{place}: {error.message}"
        if error.position:
            message += f" (at character {error.column})"
        self.all.append(Finding("error", "feel", message, self._path, _id_of(element), line))

    def unknown_type(self, element: etree._Element, place: str, name: str) -> None:
        self.add(
            element,
            "dmn-type",
            f"{place} has the type {name}, which is not known here. Use string, boolean, number, "
            "integer, date, time, dateTime, dayTimeDuration, yearMonthDuration, Any or the name of "
            "an item definition.",
        )


def local_name(element: etree._Element) -> str:
    return etree.QName(element).localname


def text_of(element: etree._Element | None) -> str:
    """What stands in an element's `text`, or nothing."""
    if element is None:
        return ""
    return (element.findtext("{*}text") or "").strip()


def name_of(element: etree._Element | None, attribute: str = "name") -> str:
    """A name as FEEL has it, with single spaces; empty if there is none."""
    return "" if element is None else " ".join((element.get(attribute) or "").split())


def _id_of(element: etree._Element) -> str | None:
    """The id of an element or of the nearest one around it that has one."""
    current: etree._Element | None = element
    while current is not None:
        identifier = current.get("id")
        if identifier:
            return identifier
        current = current.getparent()
    return None


def _line_of(element: etree._Element) -> int | None:
    line: int | None = getattr(element, "sourceline", None)
    return line
