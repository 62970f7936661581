"""DMN files, as dmn-js and other editors save them, to decisions.

Decisions with logic of every kind, inputs, business knowledge models, decision services, item
definitions and imports are read. Each cell is compiled here, so what was read holds no wrong cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lxml import etree

from engine import feel
from engine.decisions.elements import FileReader
from engine.decisions.findings import Findings, local_name, name_of
from engine.decisions.library import Library
from engine.decisions.model import Decision
from engine.errors import InvalidModel
from engine.xml import parse_xml

NAMESPACES = {
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
_DEEPEST_IMPORT = 8


def parse_decisions(
    xml: bytes, path: str, *, functions: Iterable[feel.Function] = feel.NO_FUNCTIONS
) -> dict[str, Decision]:
    """All decisions of a DMN file (1.2 to 1.5) by id.

    `path` is only used in messages. Raises `InvalidModel` whose findings name the decision, the
    rule by its number and the column by its label, with FEEL's own message for a wrong cell.
    """
    return dict(parse_library(xml, path, functions=functions).decisions)


def parse_library(
    xml: bytes,
    path: str,
    *,
    functions: Iterable[feel.Function] = feel.NO_FUNCTIONS,
    others: Mapping[str, bytes] | None = None,
    strict: bool = True,
) -> Library:
    """All that a DMN file defines; `others` are the files that it may import, by name.

    Raises `InvalidModel` as `parse_decisions`. If it is not to be `strict`, only what is no DMN at
    all is refused: everything else is among the library's findings, values of a wrong type are
    null as the standard has it, and a decision with a wrong cell raises when it is evaluated.
    """
    return _Source(dict(others or {}), tuple(functions), strict).library(xml, path)


class _Source:
    """Reads a file and those that it imports, each once."""

    def __init__(
        self, others: dict[str, bytes], functions: tuple[feel.Function, ...], strict: bool
    ) -> None:
        self._others = others
        self._functions = functions
        self._strict = strict
        self._read: dict[str, FileReader] = {}
        self._depth = 0

    def library(self, xml: bytes, path: str) -> Library:
        reader = self._reader(xml, path)
        findings = reader.findings.all
        if findings and self._strict:
            raise InvalidModel(findings)
        return Library(reader.decisions, reader.knowledge, reader.services, tuple(findings))

    def _reader(self, xml: bytes, path: str) -> FileReader:
        root = parse_xml(xml, path)
        findings = Findings(path)
        namespace = etree.QName(root).namespace or ""
        if local_name(root) != "definitions" or namespace not in NAMESPACES:
            findings.add(
                root,
                "dmn-namespace",
                "This is no DMN file of version 1.2 to 1.5. Save it again with a current editor.",
            )
            raise InvalidModel(findings.all)
        imported: dict[str, FileReader] = {}
        self._depth += 1
        for element in root.iterfind("{*}import"):
            found = self._import(element)
            if found is None:
                findings.add(
                    element,
                    "dmn-import",
                    f'The file imports "{element.get("name")}" ({element.get("namespace")}), '
                    "which is not beside it. Put the file there, or remove the import.",
                )
            else:
                imported[name_of(element)] = found
        self._depth -= 1
        reader = FileReader(root, findings, self._functions, imported, self._strict)
        reader.read()
        return reader

    def _import(self, element: etree._Element) -> FileReader | None:
        namespace = element.get("namespace") or ""
        if namespace in self._read:
            return self._read[namespace]
        for name, content in self._others.items():
            if self._depth <= _DEEPEST_IMPORT and namespace.encode() in content:
                root = parse_xml(content, name)
                if root.get("namespace") == namespace:
                    self._read[namespace] = self._reader(content, name)
                    return self._read[namespace]
        return None
