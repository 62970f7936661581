"""Forms: what is refused on reading, how answers are checked, which fields show, how they read."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from engine.errors import InvalidAnswers, InvalidModel
from engine.forms import Form, parse_form
from tests.engine.form_building import REQUIRED, form, hidden_if, people, radio, text

TODAY = datetime.date(2026, 3, 1)


def errors(of: Form, answers: Any, **options: Any) -> dict[str, str]:
    with pytest.raises(InvalidAnswers) as refusal:
        of.clean(answers, today=TODAY, **options)
    return refusal.value.errors


def findings(content: bytes) -> str:
    with pytest.raises(InvalidModel) as refusal:
        parse_form(content, "forms/tried.form")
    assert all(each.path == "forms/tried.form" for each in refusal.value.findings)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"components": [', "forms/tried.form:1:17: error: The file is not well-formed JSON"),
        (b'{"id": "a", "id": "b", "components": []}', "has “id” twice"),
        (b'\xff\xfe{"id": 1}', "not in UTF-8"),
        (b'{"id": "a", "components": [{"type": "text", "text": "\\ud800"}]}', "not in UTF-8"),
        (b"[]", "must be a JSON object with a list “components”"),
        (b'{"id": "a", "components": {}}', "must be a JSON object with a list “components”"),
        (b"[" * 100_000, "too deep"),
        (b'{"id": NaN, "components": []}', "NaN is not a JSON number"),
        (b'{"id": 1' + b"0" * 5000 + b', "components": []}', "a number that cannot be read"),
        (b'{"components": []}', "no usable “id”"),
        (b'{"id": "a b", "components": []}', "no usable “id”"),
        (b" " * 5 * 1024 * 1024, "at most 1 MB is accepted"),
        (
            json.dumps({"id": "a", "components": [{"type": "spacer"}] * 501}).encode(),
            "more than 500 components",
        ),
    ],
)
def test_a_file_that_is_no_form_is_refused_with_the_reason(content: bytes, said: str) -> None:
    assert said in findings(content)


@pytest.mark.parametrize(
    ("component", "said"),
    [
        ({"type": "button", "label": "Send"}, "Button “Send”: components of type “button” are not"),
        ({"type": "html", "content": "<b>"}, "“html” are not supported. Use a text in Markdown"),
        ({"key": "a"}, "not an object with a “type”"),
        ({"type": "textfield", "label": "Name"}, "Textfield “Name”: it has no “key”"),
        (text("name", ""), "Textfield “name”: it has no “label”"),
        ({"type": "datetime", "key": "on"}, "it has no “dateLabel”"),
        (text("a.b", "Name"), "its key “a.b” must be letters"),
        (text("name", "=first"), "its label is an expression"),
        (text("name", "Name", **hidden_if('(other = "x"')), "Textfield “Name”: the condition"),
        (text("name", "Name", **hidden_if("other = 1")), "reads “other”, but the form has no such"),
        (text("name", "Name", **hidden_if("name = 1")), "depends on itself: “name” → “name”"),
        (text("name", "Name", readonly=True), "it is marked “readonly”"),
        (text("name", "Name", validate={"pattern": "(?=x)"}), "is not a regular expression"),
        (text("name", "Name", validate={"minLength": 3, "maxLength": 2}), "no text can be both"),
        (text("name", "Name", validate={"maxLength": "=size"}), "“validate.maxLength” is an expr"),
        (text("name", "Name", validate={"required": "yes"}), "must be true or false"),
        (text("name", "Name", properties={"row": 1}), "custom properties must be"),
        (text("name", "Name", defaultValue=3), "default value does not fit: Name must be text"),
        (radio("pick", "Pick"), "Radio “Pick”: it has no options"),
        (radio("pick", "Pick", "a", "a"), "the option “a” is listed twice"),
        (radio("pick", "Pick", "a", defaultValue="b"), "“b” is not among them"),
        (radio("pick", "Pick", "a", valuesExpression="=list"), "options from an expression"),
        ({"type": "datetime", "key": "at", "label": "At", "subtype": "time"}, "only dates"),
        ({"type": "number", "key": "n", "label": "N", "validate": {"min": 2, "max": 1}}, "no numb"),
        ({"type": "number", "key": "n", "label": "N", "decimalDigits": -1}, "from 0 to 10"),
        ({"type": "text", "text": "<script>alert(1)</script>"}, "has HTML (“<script”)"),
        ({"type": "text", "text": "Dear {{name}}"}, "uses a template"),
        ({"type": "text", "text": "[x](javascript:alert)"}, "links to “javascript:alert”"),
        (people(), "the list has no fields in its rows"),
        (people(text("name", "Name"), path="", key="people"), "it has no “path”"),
        (people(text("name", "Name"), allowAddRemove=False), "rows cannot be added or removed"),
    ],
)
def test_a_component_that_cannot_be_shown_or_checked_is_named(
    component: dict[str, Any], said: str
) -> None:
    source = {"type": "default", "id": "tried", "components": [component]}
    assert said in findings(json.dumps(source).encode())


def test_every_fault_of_a_form_is_reported_at_once_with_its_component() -> None:
    with pytest.raises(InvalidModel) as refusal:
        form(text("name", "Name"), text("name", "Again"), text("", "None"), {"type": "image"})
    found = [(each.code, each.element) for each in refusal.value.findings]
    assert found == [("form-key", "name"), ("form-key", None), ("form-unsupported", None)]


def test_the_same_key_may_stand_in_different_rows_and_groups() -> None:
    referrer = {"type": "group", "path": "referrer", "components": [text("name", "Name")]}
    several = form(text("name", "Name"), people(text("name", "Name")), referrer)
    answers = {"name": "A", "people": [{"name": "B"}], "referrer": {"name": "C"}}
    assert several.clean(answers) == answers
    assert several.keys == {"name", "people", "referrer"}


def test_conditions_that_depend_on_each_other_in_a_circle_are_refused() -> None:
    with pytest.raises(InvalidModel, match="“a” → “b” → “a”"):
        form(text("a", "A", **hidden_if("b = null")), text("b", "B", **hidden_if("a = null")))
    with pytest.raises(InvalidModel, match="depends on itself"):
        form(people(text("name", "Name", **hidden_if("count(people) > 1"))))


@pytest.mark.parametrize(
    ("component", "said"),
    [
        (text("x", "Key reason"), "Enter the key reason"),
        (text("x", "The child's views:"), "Enter the child's views"),
        (text("x", "TAC date"), "Enter the TAC date"),
        (text("x", "What the child says"), "Enter what the child says"),
        (text("x", "Describe the concern"), "Describe the concern"),
        (text("x", "What did the child say?"), "Enter an answer to “What did the child say?”"),
        (radio("x", "Outcome", "close", "go_on"), "Select the outcome"),
        (radio("x", "Consent was given", "yes", "no"), "Select yes if consent was given"),
        (
            radio("x", "Was it given?", "yes", properties={"error": "Select whether it was given"}),
            "Select whether it was given",
        ),
        ({"type": "datetime", "key": "x", "dateLabel": "Date of birth"}, "Enter the date of birth"),
        ({"type": "checkbox", "key": "x", "label": "I agree"}, "Select “I agree” to continue"),
        (people(text("name", "Name"), path="x"), "Add at least one person"),
    ],
)
def test_a_missing_answer_is_asked_for_in_words(component: dict[str, Any], said: str) -> None:
    asked = form({**component, **REQUIRED})
    assert errors(asked, {}) == {"x": said}
    assert form(component).clean({}) in ({}, {"x": False}, {"x": []})


@pytest.mark.parametrize(
    ("component", "answer", "kept"),
    [
        (text("x", "X"), "  two\r\nlines ", "two lines"),
        ({"type": "textarea", "key": "x", "label": "X"}, " a\r\nb\rc ", "a\nb\nc"),
        ({"type": "number", "key": "x", "label": "X"}, "1,200.50", 1200.5),
        ({"type": "number", "key": "x", "label": "X"}, "-3", -3),
        ({"type": "number", "key": "x", "label": "X"}, 0.1, 0.1),
        ({"type": "datetime", "key": "x", "label": "X"}, "2026-03-01", "2026-03-01"),
        (
            {"type": "datetime", "key": "x", "label": "X"},
            {"day": "1", "month": "Mar", "year": "2026"},
            "2026-03-01",
        ),
        (
            {**radio("x", "X", "a", "b", "c"), "type": "checklist"},
            ["c", "a", "c"],
            ["a", "c"],
        ),
        (text("x", "X", validate={"validationType": "email"}), "a@example.org", "a@example.org"),
        (text("x", "X", validate={"pattern": "^[A-Z]{2}$"}), "AB", "AB"),
    ],
)
def test_answers_are_kept_in_one_form(component: dict[str, Any], answer: Any, kept: Any) -> None:
    cleaned = form(component).clean({"x": answer})
    assert cleaned == {"x": kept}
    assert type(cleaned["x"]) is type(kept)


@pytest.mark.parametrize(
    ("component", "answer", "said"),
    [
        (text("x", "Name"), "a" * 201, "Name must be 200 characters or less"),
        (text("x", "Name"), ["a"], "Name must be text"),
        (text("x", "Name"), "a\x00b", "Name has characters that cannot be shown"),
        (text("x", "Name"), "\ud800", "Name has characters that cannot be shown"),
        (
            text("x", "Name", validate={"maxLength": 5}),
            "abcdef",
            "Name must be 5 characters or les",
        ),
        (text("x", "Name", validate={"minLength": 5}), "abc", "Name must be 5 characters or more"),
        (text("x", "Code", validate={"pattern": "^A"}), "b", "Code must be in the correct format"),
        (text("x", "Email", validate={"validationType": "email"}), "a@b", "like name@example.com"),
        (text("x", "Phone", validate={"validationType": "phone"}), "call", "be a phone number"),
        (
            {"type": "textarea", "key": "x", "label": "Notes"},
            "a" * 5001,
            "5,000 characters or less",
        ),
        ({"type": "number", "key": "x", "label": "Age"}, "ten", "Age must be a number"),
        ({"type": "number", "key": "x", "label": "Age"}, True, "Age must be a number"),
        ({"type": "number", "key": "x", "label": "Age"}, float("nan"), "Age must be a number"),
        ({"type": "number", "key": "x", "label": "Age"}, 10**15, "must have 15 digits or fewer"),
        ({"type": "number", "key": "x", "label": "Age", "decimalDigits": 0}, 1.5, "a whole number"),
        (
            {"type": "number", "key": "x", "label": "P", "decimalDigits": 1},
            1.25,
            "1 decimal place ",
        ),
        ({"type": "number", "key": "x", "label": "P", "validate": {"min": 1}}, 0, "be 1 or more"),
        ({"type": "number", "key": "x", "label": "P", "validate": {"max": 9}}, 10, "be 9 or less"),
        (
            {"type": "datetime", "key": "x", "label": "Born"},
            "2026-02-30",
            "Born must be a real date",
        ),
        ({"type": "datetime", "key": "x", "label": "Born"}, "1 March", "written like 2026-03-27"),
        ({"type": "datetime", "key": "x", "label": "Born"}, "0026-02-01", "between 1900 and 2199"),
        (
            {"type": "datetime", "key": "x", "label": "Born"},
            {"day": "1", "month": "", "year": ""},
            "Born must include a month and year",
        ),
        (
            {"type": "datetime", "key": "x", "label": "Born"},
            {"day": "1", "month": "2", "year": "26"},
            "Born must have a year with 4 numbers",
        ),
        (
            {"type": "datetime", "key": "x", "label": "Next TAC", "disallowPassedDates": True},
            "2026-02-28",
            "Next TAC must be today or in the future",
        ),
        (radio("x", "Outcome", "a"), "b", "Outcome must be one of the options given: “b” is not"),
        ({**radio("x", "Needs", "a"), "type": "checklist"}, "a", "Needs must be a list of options"),
        (
            {"type": "checkbox", "key": "x", "label": "Urgent"},
            "yes",
            "Urgent must be either ticked",
        ),
        (people(text("n", "N"), path="x"), {}, "People in the family must be a list"),
        (people(text("n", "N"), path="x"), [{}] * 51, "must have 50 entries or fewer"),
        ({"type": "group", "path": "x", "label": "Home", "components": []}, [], "be an object"),
    ],
)
def test_a_wrong_answer_is_refused_in_words(
    component: dict[str, Any], answer: Any, said: str
) -> None:
    refused = errors(form(component), {"x": answer})
    assert list(refused) == ["x"]
    assert said in refused["x"]
