"""What somebody sends to the studio: the harmful is refused in words, and nothing of it is kept."""

from __future__ import annotations

import base64
import io
import json
import stat
import time
import zipfile
from pathlib import Path

import pytest

from engine.definitions import files_of
from engine.errors import InvalidModel
from engine.exchange import check_content, check_path, pack, receive
from tests.engine.drawing import document, element, flows, process
from tests.engine.test_hostile_files import BILLION_LAUGHS, OUTSIDE

MODELS = Path(__file__).parents[2] / "bpmn"


def drawn(name: str = "Do it", inside: str = "") -> bytes:
    return document(
        process(
            "p",
            element("startEvent", "s")
            + element("userTask", "t", inside).replace('name="t"', f'name="{name}"')
            + element("endEvent", "e")
            + flows("s > t > e"),
        )
    )


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries:
            made.writestr(name, content)
    return buffer.getvalue()


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("secret.bpmn")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
ICON = "data:image/svg+xml;base64," + base64.b64encode(SVG).decode()
PLAIN_ICON = (
    "data:image/svg+xml;base64," + base64.b64encode(b"<svg><path d='M0 0'/></svg>").decode()
)


@pytest.mark.parametrize("model", ["caf", "cads"])
def test_a_whole_model_comes_back_from_its_own_zip(model: str) -> None:
    files = files_of(MODELS / model)
    packed = pack(model, files)
    parcel = receive("model.zip", packed)
    assert (parcel.files, parcel.whole, parcel.left_out) == (files, True, [])
    assert pack(model, parcel.files) == packed


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.bpmn", b"", "is empty"),
        ("a.bpmn", BILLION_LAUGHS, "document type definition"),
        ("a.bpmn", OUTSIDE, "document type definition"),
        ("a.bpmn", OUTSIDE.decode().encode("utf-16"), "document type definition"),
        ("a.dmn", OUTSIDE, "document type definition"),
        ("a.bpmn", b"<a>" * 300 + b"</a>" * 300, "more than 200 deep"),
        ("a.bpmn", b"x" * (100 * 1024 * 1024), "100.0 MB; at most 10 MB"),
        ("a.bpmn", b"<a>" + b"x" * (6 * 1024 * 1024), "6.0 MB; at most 5 MB"),
        ("a.bpmn", SVG, "outermost element is “svg”"),
        ("a.svg", SVG, "none that a model has"),
        ("a.exe", b"MZ", "none that a model has"),
        ("a.dmn", drawn(), "not a DMN decision"),
        ("a.form", b"[" * 100_000, "not JSON"),
        ("a.form", b"[]", "a JSON object"),
        ("policies.toml", b"\xff\xfe\x00", "not in UTF-8"),
        ("a.zip", b"PK\x03\x04 not a zip", "can't be opened"),
        ("a.zip", zipped(("hello.txt", b"hello")), "no diagram, decision table or form"),
        ("a.zip", zipped(("../../etc/x.bpmn", drawn())), "points outside"),
        ("a.zip", zipped(("/etc/x.bpmn", drawn())), "points outside"),
        ("a.zip", zipped(("C:/x.bpmn", drawn())), "points outside"),
        ("a.zip", zipped(("..\\x.bpmn", drawn())), "points outside"),
        ("a.zip", zipped((link(), b"/etc/passwd")), "is a link"),
        ("a.zip", zipped(*((f"{n}.bpmn", b"") for n in range(600))), "600 files; at most 500"),
        ("a.zip", zipped(("a b.bpmn", drawn()), ("a_b.bpmn", drawn())), "would become “a_b.bpmn”"),
        ("a.zip", zipped(("ok.bpmn", drawn()), ("x.bpmn", OUTSIDE)), "document type definition"),
        ("a.zip", zipped(("a.bpmn", b" " * (6 * 1024 * 1024))), "has more than 5 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_could_do_harm_is_refused_in_words(name: str, content: bytes, words: str) -> None:
    began = time.process_time()
    with pytest.raises(InvalidModel) as refused:
        receive(name, content)
    assert time.process_time() - began < 2
    assert words in refused.value.findings[0].message


def test_a_zip_that_unpacks_to_far_more_than_it_says_is_refused() -> None:
    bomb = zipped(*((f"a{n}.bpmn", b" " * (5 * 1024 * 1024)) for n in range(12)))
    assert len(bomb) < 100_000
    with pytest.raises(InvalidModel) as refused:
        receive("bomb.zip", bomb)
    assert refused.value.findings[0].message


def test_a_zip_with_a_password_is_refused() -> None:
    content = bytearray(zipped(("a.bpmn", drawn())))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    with pytest.raises(InvalidModel, match="has a password"):
        receive("a.zip", bytes(content))


@pytest.mark.parametrize(
    "name",
    [
        "&lt;script>alert(1)&lt;/script>",
        "&lt;img src=x onerror=alert(1)>",
        "&lt;svg onload='alert(1)'>",
        "javascript:alert(1)",
        "data:text/html,&lt;b>",
        ICON,
    ],
)
def test_scripts_in_labels_are_refused_with_their_place(name: str) -> None:
    quoted = name.replace('"', "&quot;").replace("<", "&lt;")
    with pytest.raises(InvalidModel, match="at “t”"):
        receive("a.bpmn", drawn(quoted))


@pytest.mark.parametrize(
    "inside",
    [
        '<x:div xmlns:x="http://www.w3.org/1999/xhtml"><x:script>alert(1)</x:script></x:div>',
        '<x:a xmlns:x="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        "<bpmn:documentation>&lt;iframe src='x'&gt;</bpmn:documentation>",
    ],
)
def test_scripts_inside_a_diagram_are_refused(inside: str) -> None:
    with pytest.raises(InvalidModel, match="what a browser could run or load"):
        receive("a.bpmn", drawn(inside=inside))


def test_scripts_in_forms_are_refused_with_the_field() -> None:
    form = {"id": "f", "components": [{"type": "text", "key": "k", "text": "<script>x</script>"}]}
    with pytest.raises(InvalidModel, match="at “k”"):
        receive("f.form", json.dumps(form).encode())


@pytest.mark.parametrize(
    "name",
    [
        "Is income &lt; 5 and only = 3?",
        "a &lt; b and online = true",
        "Write down what “script” she follows: on time = good",
        "&lt;b>bold&lt;/b> and café",
        PLAIN_ICON,
    ],
)
def test_ordinary_words_and_pictures_are_taken(name: str) -> None:
    assert receive("a.bpmn", drawn(name)).files


@pytest.mark.parametrize(
    "path",
    [
        "../a.bpmn",
        "/a.bpmn",
        "a/b.bpmn",
        "a.bpmn/../../x.bpmn",
        "decisions/a.bpmn",
        "forms/../a.form",
        ".bpmn",
        "a\x00.bpmn",
        "a.py",
        "other.toml",
        "x" * 300 + ".bpmn",
        "café.bpmn",
    ],
)
def test_a_file_stands_only_where_models_have_it(path: str) -> None:
    with pytest.raises(InvalidModel, match="no place for a file of a model"):
        check_path(path)


def test_a_diagram_with_mistakes_may_be_kept_to_be_mended() -> None:
    check_path("a.bpmn")
    check_content("a.bpmn", document())
    check_content("forms/a.form", b'{"components": [{"type": "unheard of"}]}')
