"""What is different between two versions of a file, in words."""

from __future__ import annotations

import json

import pytest

from engine.differences import changed_files, differences
from tests.engine.errand import FILES, form, radio, text

DIAGRAM = FILES["errand.bpmn"]
TABLE = FILES["decisions/route.dmn"]


def test_files_are_added_removed_or_changed() -> None:
    before = {"a": b"1", "b": b"1", "c": b"1"}
    after = {"b": b"2", "c": b"1", "d": b"1"}
    assert changed_files(before, after) == {"a": "removed", "b": "changed", "d": "added"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            b'name="do"',
            b'name="Do it"',
            ["Changed: User task “Do it”: name was “do”, is now “Do it”."],
        ),
        (
            b'result = "done"',
            b'result = "well done"',
            ['condition was “result = "done"”, is now “result = "well done"”.'],
        ),
        (b'name="tray" value="todo"', b'name="tray" value="other"', ["tray was “todo”"]),
        (b">route<", b">other<", ["decision was “route”, is now “other”"]),
    ],
)
def test_a_diagram_is_compared_element_by_element(old: bytes, new: bytes, told: list[str]) -> None:
    assert old in DIAGRAM
    found = differences("errand.bpmn", DIAGRAM, DIAGRAM.replace(old, new, 1))
    assert len(found) == len(told), found
    assert all(words in sentence for words, sentence in zip(told, found, strict=True)), found


def test_the_layout_of_a_diagram_is_no_difference() -> None:
    moved = DIAGRAM.replace(b"><", b">\n  <")
    assert differences("errand.bpmn", DIAGRAM, moved) == []


def test_a_decision_table_is_compared_rule_by_rule() -> None:
    assert differences("d.dmn", TABLE, TABLE.replace(b'"check"', b'"none"', 1)) == [
        'Changed: rule 1 of “route” (Size "big"): way was “"check"”, is now “"none"”.'
    ]
    rule = TABLE[TABLE.index(b"<rule") : TABLE.index(b"</rule>") + 7]
    [told] = differences("d.dmn", TABLE, TABLE.replace(rule, b"", 1))
    assert told == 'Removed: rule 1 of “route” (Size "big").'


def test_a_form_is_compared_field_by_field() -> None:
    before = form("f", text("name"), radio("size", "big", "small"))
    after = form("f", radio("size", "big", "small", "tiny"), text("why"))
    found = differences("forms/f.form", before, after)
    assert "Removed: field “The name”." in found
    assert any(told.startswith("Added: field “The why”") for told in found)
    assert any("size”: values was “big (big), small (small)”" in told for told in found)
    swapped = json.loads(after)
    swapped["components"].reverse()
    [told] = differences("forms/f.form", after, json.dumps(swapped).encode())
    assert told.startswith("Changed: the order of the fields")


def test_what_can_not_be_read_and_what_is_plain_text_is_compared_by_line() -> None:
    assert differences("model.toml", b"a = 1\nb = 2", b"a = 1\nb = 3") == [
        "Line removed: b = 2",
        "Line added: b = 3",
    ]
    assert differences("x.bpmn", b"<broken", b"<mended/>") == [
        "Line removed: <broken",
        "Line added: <mended/>",
    ]


def test_of_very_many_differences_some_are_told_and_the_rest_counted() -> None:
    many = "\n".join(f"line {number}" for number in range(500)).encode()
    found = differences("policies.toml", b"", many)
    assert (len(found), found[-1]) == (201, "There are 300 more differences.")
