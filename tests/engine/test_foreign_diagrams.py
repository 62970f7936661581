"""Diagrams as other tools write them: each is taken in whole, or refused with the reason."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

import pytest
from lxml import etree

from engine.definitions import survey
from engine.differences import differences
from engine.errors import InvalidModel
from engine.exchange import pack, receive
from engine.services import ServiceRegistry
from tests.engine.drawing import document, element, flows, process
from tests.engine.foreign_contents import CONTENTS
from tests.engine.foreign_diagrams import drawn, tools

DECLARATION = re.compile(r"^<\?xml.*?\?>")
TOOLS = {tool.name: tool for tool in tools()}


def meaning(xml: bytes) -> Iterator[tuple[object, ...]]:
    """Everything that a file says, without what encoding it says it in."""
    root = etree.fromstring(xml)
    around = (*root.itersiblings(preceding=True), root, *root.itersiblings())
    for node in (inner for outer in around for inner in outer.iter()):
        kind = node.tag if isinstance(node.tag, str) else type(node).__name__
        attributes = sorted((str(key), str(value)) for key, value in node.attrib.items())
        yield kind, attributes, node.text, node.tail, sorted(map(str, node.nsmap.items()))


def test_there_are_more_than_a_hundred() -> None:
    files = {drawn(tool, content).file for tool in TOOLS.values() for content in CONTENTS.values()}
    assert (len(files) >= 200, len(TOOLS) >= 30) == (True, True)


@pytest.mark.parametrize("name", TOOLS)
def test_what_another_tool_made_is_taken_in_whole_and_what_is_not_run_of_it_is_told(
    name: str,
) -> None:
    services = ServiceRegistry()
    for title, content in CONTENTS.items():
        made = drawn(TOOLS[name], content)
        parcel = receive(f"{name} {title}.bpmn", made.file)
        [(path, kept)] = parcel.files.items()
        assert path.endswith(".bpmn"), title
        text = made.file.decode(TOOLS[name].encoding)
        assert DECLARATION.sub("", kept.decode("utf-8")) == DECLARATION.sub("", text), title
        assert list(meaning(kept)) == list(meaning(made.file)), title
        again = receive("model.zip", pack("model", parcel.files))
        assert again.files == {path: kept}, title
        looked = survey({path: kept}, services, rules=False)
        for finding in looked.findings:
            assert finding.message.endswith((".", "?")), (title, finding)
            assert finding.path in (path, "model.toml"), (title, finding)
            # References hold, whether or not they have a prefix.
            assert finding.code != "event-without-name", (title, finding)
        assert len(looked.model.processes) == made.processes
        for each in looked.model.processes.values():
            assert each.boundary.keys() <= each.elements.keys(), title
        # What is not run is said of just those elements, each with what to do instead.
        told = {
            finding.element: finding.message
            for finding in looked.findings
            if finding.code in ("unsupported-element", "unsupported-event")
        }
        assert told.keys() == made.told.keys(), title
        assert {key for key, words in made.told.items() if words not in told[key]} == set(), title
        assert any(each.code == "no-process" for each in looked.findings) == (made.processes == 0)
        assert all(differences(path, None, kept)), title
        assert differences(path, kept, kept) == [], title


def _broken(old: str, new: str, tool: str = "Signavio") -> bytes:
    text = drawn(TOOLS[tool], CONTENTS["sequence"]).file.decode()
    assert old in text
    return text.replace(old, new, 1).encode()


MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        pytest.param(
            _broken("Schluß", "Schluß").replace("ß".encode(), b"\xdf"),
            "xml-malformed",
            "Invalid bytes in character encoding",
            id="Latin-1 that says it is UTF-8",
        ),
        pytest.param(
            _broken("?>", '?><?xml version="1.0"?>'),
            "xml-malformed",
            "XML declaration allowed only at the start",
            id="two declarations",
        ),
        pytest.param(
            _broken("</definitions>", ""),
            "xml-malformed",
            "Premature end of data in tag definitions",
            id="cut short",
        ),
        pytest.param(
            _broken("targetNamespace=", 'xmlns:tns="http://[a b" targetNamespace='),
            "xml-malformed",
            "'http://[a b' is not a valid URI",
            id="a namespace that is none",
        ),
        pytest.param(
            _broken("<userTask", '<userTask vendor:colour="red"'),
            "xml-malformed",
            "Namespace prefix vendor for colour on userTask is not defined",
            id="a prefix that nobody declared",
        ),
        pytest.param(
            _broken("<userTask", '<userTask name="twice"'),
            "xml-malformed",
            "Attribute name redefined",
            id="an attribute twice",
        ),
        pytest.param(
            _broken("montags", "&#1;"), "xml-malformed", "invalid xmlChar value 1", id="control"
        ),
        pytest.param(
            _broken("montags", "mon&nbsp;tags"),
            "xml-malformed",
            "Entity 'nbsp' not defined",
            id="an entity of HTML",
        ),
        pytest.param(
            _broken("<definitions", '<!DOCTYPE definitions SYSTEM "BPMN20.dtd">\n<definitions'),
            "xml-doctype",
            "Remove the DOCTYPE line",
            id="a document type",
        ),
        pytest.param(
            _broken('encoding="UTF-8"', 'encoding="Shift_JIS"'),
            "encoding",
            "“shift_jis”, which is not read here",
            id="an encoding that is not read",
        ),
        pytest.param(
            _broken(MODEL, "http://schema.omg.org/spec/BPMN/2.0"),
            "wrong-kind",
            "outermost element is “definitions” of “http://schema.omg.org/spec/BPMN/2.0”",
            id="a draft of BPMN 2.0",
        ),
        pytest.param(
            b'<Package xmlns="http://www.wfmc.org/2009/XPDL2.2" Id="p"><Pools/></Package>',
            "wrong-kind",
            "outermost element is “Package” of “http://www.wfmc.org/2009/XPDL2.2”",
            id="XPDL",
        ),
        pytest.param(
            b'<x:XMI xmlns:x="http://www.omg.org/spec/XMI/20110701">'
            b'<b:definitions xmlns:b="' + MODEL.encode() + b'"/></x:XMI>',
            "wrong-kind",
            "outermost element is “XMI”",
            id="wrapped in XMI",
        ),
        pytest.param(
            _broken("montags", "&lt;a href='#' onclick='x()'&gt;"),
            "harmful",
            "“<a href='#' onclick=” at “text”",
            id="rich text that would run",
        ),
        pytest.param(b"Export failed: licence expired", "xml-malformed", "Start tag", id="words"),
    ],
)
def test_what_is_no_diagram_is_refused_with_the_reason(
    content: bytes, code: str, told: str
) -> None:
    with pytest.raises(InvalidModel) as refused:
        receive("Export.bpmn", content)
    [finding] = refused.value.findings
    assert (finding.code, finding.path.endswith("Export.bpmn")) == (code, True)
    assert told in finding.message
    assert (finding.line is not None) == (code == "xml-malformed")


ORDINARY = document(
    process(
        "p",
        element("startEvent", "s")
        + element("userTask", "t").replace('name="t"', 'name="Prüfen – “außen”"')
        + element("endEvent", "e")
        + flows("s > t > e"),
    )
)


def encoded(text: str, encoding: str, declared: str | None = None) -> bytes:
    body = text.split("?>", 1)[-1] if text.startswith("<?xml") else text
    return f'<?xml version="1.0" encoding="{declared or encoding}"?>{body}'.encode(encoding)


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "UTF-16"),
        ("windows-1252", "windows-1252"),
    ],
)
def test_other_encodings_become_utf_8_and_say_so(encoding: str, declared: str) -> None:
    text = ORDINARY.decode()
    [(path, kept)] = receive("Prüfung (1).bpmn", encoded(text, encoding, declared)).files.items()
    assert path == "Prufung_1.bpmn"
    assert list(meaning(kept)) == list(meaning(text.encode()))
    assert "Prüfen – “außen”" in kept.decode("utf-8")
    assert b"UTF-8" in kept[:60] or b"utf-8" in kept[:60]


def test_an_encoding_that_is_not_read_or_not_kept_to_is_told() -> None:
    with pytest.raises(InvalidModel, match="“ebcdic-cp-us”, which is not read here"):
        receive("x.bpmn", encoded(ORDINARY.decode(), "utf-8", "ebcdic-cp-us"))
    with pytest.raises(InvalidModel, match="says that it is written in “us-ascii”, but is not"):
        receive("x.bpmn", encoded(ORDINARY.decode(), "utf-8", "us-ascii"))


def test_what_is_in_a_file_says_what_kind_it_is() -> None:
    assert list(receive("Export.bpmn20.xml", ORDINARY).files) == ["Export.bpmn"]
    dmn = b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d"/>'
    assert list(receive("table.xml", dmn).files) == ["decisions/table.dmn"]
    form = b'{"id": "ask_school", "components": []}'
    assert list(receive("Form 3.json", form).files) == ["forms/ask_school.form"]


def test_a_zip_is_put_where_its_files_belong() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("export/Main process.bpmn", ORDINARY)
        made.writestr("export/sub/ask.form", b'{"id": "ask", "components": []}')
        made.writestr("export/README.md", b"hello")
        made.writestr("__MACOSX/export/._Main process.bpmn", b"\x00\x05")
    parcel = receive("export.zip", buffer.getvalue())
    assert parcel.files.keys() == {"Main_process.bpmn", "forms/ask.form"}
    assert not parcel.whole
    assert sorted(parcel.left_out) == ["README.md", "__MACOSX/export/._Main process.bpmn"]
