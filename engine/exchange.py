"""Files that come from other tools and go to them: one diagram, table or form, or a whole model.

What comes in is kept as it came, but for its encoding, which becomes UTF-8. Files that could harm
whoever opens them are refused in words.
"""

from __future__ import annotations

import io
import json
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from lxml import etree

from engine.bpmn import BPMN
from engine.errors import Finding, InvalidModel
from engine.harm import harm_in
from engine.xml import LARGEST_FILE, parse_xml

LARGEST_PARCEL = 10 * 1024 * 1024
"""What may be sent at once, packed."""
LARGEST_MODEL = 50 * 1024 * 1024
MOST_FILES = 500
LONGEST_PATH = 200

KINDS = {".bpmn": "diagram", ".dmn": "decision table", ".form": "form"}
"""The files that are drawn, each with what it is called."""
_FOLDERS = {".bpmn": "", ".dmn": "decisions/", ".form": "forms/"}
_ALONE = ("model.toml", "policies.toml", "clauses.csv")
_SUFFIXES = (".bpmn", ".dmn", ".form", ".xml", ".json", ".toml", ".csv")
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_PATHS = re.compile(rf"(?:{_NAME}\.bpmn|decisions/{_NAME}\.dmn|forms/{_NAME}\.form)")
_ENCODING = re.compile(r"""^(<\?xml[^>]*?encoding\s*=\s*)(["'])([A-Za-z0-9._-]+)\2""")
_ENCODINGS = ("utf-8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252", "utf-16")


@dataclass(frozen=True)
class Parcel:
    """Files that were taken in, by their paths in a model.

    With `whole` they are a whole model; `left_out` names what was sent beside them and is of no
    kind that a model has.
    """

    files: Mapping[str, bytes]
    whole: bool = False
    left_out: list[str] = field(default_factory=list)


def check_path(path: str) -> None:
    """Refuse a path that no file of a model has, with `InvalidModel`."""
    if path in _ALONE or (len(path) <= LONGEST_PATH and _PATHS.fullmatch(path)):
        return
    raise _refusal(
        path,
        "path",
        f"“{path}” is no place for a file of a model. Diagrams stand at the top and end in .bpmn, "
        "decision tables in decisions/ and end in .dmn, forms in forms/ and end in .form; names "
        "are of letters without accents, digits, full stops, hyphens and underscores.",
    )


def check_content(path: str, content: bytes) -> None:
    """Refuse with `InvalidModel` what is not at all the kind of file that `path` says, and what
    could harm whoever opens it. A file with mistakes that can be mended in an editor passes."""
    suffix = PurePosixPath(path).suffix
    if len(content) > LARGEST_FILE:
        raise _refusal(
            path,
            "too-large",
            f"The file has {len(content) / 1_048_576:.1f} MB; at most 5 MB are accepted.",
        )
    found: str | None = None
    if suffix in (".bpmn", ".dmn"):
        root = parse_xml(content, path)
        name = etree.QName(root)
        good = (name.namespace or "") == BPMN if suffix == ".bpmn" else _is_dmn(name)
        if not good or name.localname != "definitions":
            raise _refusal(path, "wrong-kind", _not_that_kind(suffix, name))
        found = harm_in(_texts(root))
    elif suffix == ".form":
        found = harm_in(_strings(_form(path, content)))
    else:
        _text(path, content)
    if found is not None:
        raise _refusal(
            path,
            "harmful",
            f"The file holds what a browser could run or load: {found}. Remove it and try again.",
        )


def receive(name: str, content: bytes) -> Parcel:
    """Take in one file or a zip of files that a person sent as `name`.

    Raises `InvalidModel` in words for whatever can't be taken in; nothing is then.
    """
    if not content:
        raise _refusal(name, "empty", "The file is empty. Choose another.")
    if len(content) > LARGEST_PARCEL:
        raise _refusal(
            name,
            "too-large",
            f"The file has {len(content) / 1_048_576:.1f} MB; at most "
            f"{LARGEST_PARCEL // 1_048_576} MB can be sent at once.",
        )
    if content[:4] == b"PK\x03\x04" or name.lower().endswith(".zip"):
        return _unpacked(name, content)
    path, kept = _placed(PurePosixPath(name.replace("\\", "/")).name, content)
    if path is None:
        raise _refusal(
            name,
            "unknown-file",
            "The file is none that a model has. Send a BPMN diagram, a DMN decision table, a form "
            "(form-js JSON), model.toml, policies.toml, clauses.csv, or a zip of them.",
        )
    check_content(path, kept)
    return Parcel({path: kept})


def pack(model_id: str, files: Mapping[str, bytes]) -> bytes:
    """The files as a zip, in a folder with the model's id; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as parcel:
        for path in sorted(files):
            parcel.writestr(
                zipfile.ZipInfo(f"{model_id}/{path}"), files[path], zipfile.ZIP_DEFLATED
            )
    return buffer.getvalue()


# --- zips


def _unpacked(name: str, content: bytes) -> Parcel:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parcel:
            return _taken(name, parcel)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, zlib.error, OSError) as error:
        raise _refusal(
            name, "zip", f"The zip can't be opened ({error}). Pack it again and try again."
        ) from None


def _taken(name: str, parcel: zipfile.ZipFile) -> Parcel:
    entries = [entry for entry in parcel.infolist() if not entry.is_dir()]
    if len(entries) > MOST_FILES:
        raise _refusal(
            name, "zip", f"The zip has {len(entries)} files; at most {MOST_FILES} are accepted."
        )
    seen: set[str] = set()
    for entry in entries:
        _require_harmless(name, entry)
        if entry.filename in seen:
            raise _refusal(name, "zip", f"The zip has “{entry.filename}” twice. Remove one.")
        seen.add(entry.filename)
    top = _common_folder(seen)
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    room = LARGEST_MODEL
    for entry in entries:
        own = entry.filename.removeprefix(top)
        if PurePosixPath(own).suffix.lower() not in _SUFFIXES or own.startswith("__MACOSX/"):
            left_out.append(own)
            continue
        # What the zip says of its files' sizes may be a lie, so no more than may be is unpacked.
        with parcel.open(entry) as packed:
            unpacked = packed.read(LARGEST_FILE + 1)
        room -= len(unpacked)
        if len(unpacked) > LARGEST_FILE or room < 0:
            raise _refusal(
                name,
                "too-large",
                f"Unpacked, “{own}” has more than 5 MB, or the whole zip more than "
                f"{LARGEST_MODEL // 1_048_576} MB. Nothing of it was taken in.",
            )
        path, kept = (own, unpacked) if _fits(own) else _placed(PurePosixPath(own).name, unpacked)
        if path is None:
            left_out.append(own)
            continue
        kept = in_utf8(path, kept)
        if path in files:
            raise _refusal(name, "zip", f"Two files of the zip would become “{path}”. Rename one.")
        check_content(path, kept)
        files[path] = kept
    if not files:
        raise _refusal(name, "zip", "The zip has no diagram, decision table or form.")
    return Parcel(files, "model.toml" in files, left_out)


def _require_harmless(name: str, entry: zipfile.ZipInfo) -> None:
    path = entry.filename
    parts = path.split("/")
    if (
        path.startswith("/")
        or "\\" in entry.orig_filename
        or ".." in parts
        or re.match(r"[A-Za-z]:", path)
        or any(ord(char) < 32 for char in entry.orig_filename)
    ):
        raise _refusal(
            name,
            "zip-path",
            f"The zip has a file named “{path}”, which points outside of it. Nothing of it was "
            "taken in.",
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _refusal(
            name, "zip-link", f"“{path}” in the zip is a link and not a file. Pack the file itself."
        )
    if entry.flag_bits & 1:
        raise _refusal(name, "zip-locked", "The zip has a password. Pack it again without one.")


def _common_folder(names: set[str]) -> str:
    """The folder in which everything stands, with its slash, or nothing."""
    tops = {name.split("/")[0] for name in names if not name.startswith("__MACOSX/")}
    if len(tops) != 1 or any("/" not in name for name in names):
        return ""
    top = tops.pop() + "/"
    return "" if top in _FOLDERS.values() else top


# --- where a file belongs


def _fits(path: str) -> bool:
    try:
        check_path(path)
    except InvalidModel:
        return False
    return True


def _placed(name: str, content: bytes) -> tuple[str | None, bytes]:
    """The path in a model for a file of that name, by what is in it; and its content in UTF-8."""
    if name in _ALONE:
        return name, content
    kept = in_utf8(name, content)
    kind = PurePosixPath(name).suffix.lower()
    stem = re.sub(r"(\.bpmn20|\.bpmn|\.dmn)?\.(xml|bpmn|dmn|form|json)$", "", name, flags=re.I)
    if kind == ".xml":
        root = etree.QName(parse_xml(kept, name))
        kind = ".bpmn" if root.namespace == BPMN else ".dmn" if _is_dmn(root) else ""
    elif kind in (".form", ".json"):
        source = _form(name, kept)
        kind = ".form" if kind == ".form" or "components" in source else ""
        own = source.get("id")
        stem = own if isinstance(own, str) and re.fullmatch(_NAME, own) else stem
    if kind not in _FOLDERS:
        return None, kept
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", _without_accents(stem)).strip("_-") or "unnamed"
    return f"{_FOLDERS[kind]}{plain[:100]}{kind}", kept


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def in_utf8(name: str, content: bytes) -> bytes:
    """The same text in UTF-8, so that every editor reads it alike; other bytes stay as they are."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif content.startswith(b"\xef\xbb\xbf"):
        return content[3:]
    else:
        declared = _ENCODING.match(content[:200].decode("latin-1"))
        encoding = declared.group(3).lower() if declared else "utf-8"
    if encoding in ("utf-8", "utf8") or not content.strip():
        return content
    if encoding not in _ENCODINGS:
        raise _refusal(
            name,
            "encoding",
            f"The file is written in “{encoding}”, which is not read here. Save it as UTF-8.",
        )
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise _refusal(
            name,
            "encoding",
            f"The file says that it is written in “{encoding}”, but is not. Save it as UTF-8.",
        ) from None
    return _ENCODING.sub(r"\1\2UTF-8\2", text.removeprefix("\ufeff"), count=1).encode()


# --- what is in a file


def _is_dmn(name: etree.QName) -> bool:
    return "omg.org/spec/DMN" in (name.namespace or "")


def _not_that_kind(suffix: str, name: etree.QName) -> str:
    if suffix == ".bpmn":
        return (
            f"This is not a BPMN 2.0 diagram: its outermost element is “{name.localname}”"
            + (f" of “{name.namespace}”" if name.namespace else "")
            + ". Export it as BPMN 2.0 XML."
        )
    return (
        f"This is not a DMN decision: its outermost element is “{name.localname}”. Export it as "
        "DMN 1.3 XML."
    )


def _texts(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Every text of an XML file, with where it stands."""
    for node in root.iter(etree.Element):
        name = etree.QName(node)
        where = node.get("id") or name.localname
        if name.namespace in ("http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"):
            yield where, f"<{name.localname} "
        for key, value in node.attrib.items():
            local = etree.QName(key).localname
            yield where, str(value)
            if name.namespace in ("http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg"):
                yield where, f"<x {local}=''"
        for text in (node.text, node.tail):
            if text and not text.isspace():
                yield where, text


def _strings(value: Any, where: str = "the form") -> Iterator[tuple[str, str]]:
    """Every text of a form, with the key of the field in which it stands."""
    todo = [(value, where)]
    while todo:
        item, place = todo.pop()
        if isinstance(item, str):
            yield place, item
        elif isinstance(item, dict):
            own = item.get("key") or item.get("id")
            inner = own if isinstance(own, str) else place
            todo += [(each, inner) for each in item.values()]
        elif isinstance(item, list):
            todo += [(each, place) for each in item]


def _form(path: str, content: bytes) -> dict[str, Any]:
    try:
        source = json.loads(content)
    except (ValueError, RecursionError) as error:
        told = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise _refusal(
            path, "form-malformed", f"The file is not JSON: {told}. Save the form again."
        ) from None
    if not isinstance(source, dict):
        raise _refusal(
            path, "form-malformed", "The file is not a form, which is a JSON object. Save it again."
        )
    return source


def _text(path: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refusal(path, "encoding", "The file is not in UTF-8. Save it as UTF-8.") from None


def _refusal(path: str, code: str, message: str) -> InvalidModel:
    return InvalidModel([Finding("error", code, message, path)])
