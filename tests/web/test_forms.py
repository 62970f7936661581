"""Forms as pages: what they show, that posting them gives the answers back, and that they are
safe and usable without scripts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from playwright.sync_api import Page
from werkzeug.datastructures import MultiDict

from engine.errors import InvalidAnswers, InvalidModel
from engine.forms import Choice, parse_form
from tests.engine.form_building import LEADS, REQUIRED, form, hidden_if, people, radio, text
from tests.web.form_pages import HOSTILE, MARKUP, answers_to, components, drawn, posted, words
from web.forms import (
    change_rows,
    read_post,
    render_error_summary,
    render_fields,
    render_summary,
    unseen,
)

BORN = {"type": "datetime", "key": "born", "dateLabel": "Date of birth"}
LEAD = {"type": "select", "key": "lead", "label": "Lead", "valuesKey": "lead_professionals"}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_posting_a_page_gives_the_answers_that_it_was_filled_with(
    data: st.DataObject,
) -> None:
    source = {"type": "default", "id": "any", "components": data.draw(components())}
    try:
        of = parse_form(json.dumps(source).encode(), "any.form")
    except InvalidModel as refusal:  # keys were drawn twice, or one hides that of a condition
        assert {each.code for each in refusal.findings} <= {"form-key", "form-condition-cycle"}
        return
    kept = of.clean(data.draw(answers_to(of.fields)))
    assert of.clean(read_post(of, posted(drawn(of, kept)))) == kept


def test_text_of_forms_and_answers_is_never_markup() -> None:
    values = [{"value": HOSTILE, "label": MARKUP}]
    of = form(
        text("a", MARKUP, description=MARKUP, appearance={"prefixAdorner": "<b>"}),
        {"type": "textarea", "key": "b", "label": MARKUP},
        {"type": "radio", "key": "c", "label": MARKUP, "values": values},
        {"type": "select", "key": "d", "label": MARKUP, "values": values},
        {"type": "checklist", "key": "e", "label": MARKUP, "values": values},
        BORN | {"dateLabel": MARKUP, "description": MARKUP},
        {"type": "checkbox", "key": "g", "label": MARKUP},
        people(text("name", MARKUP), label=MARKUP, properties={"row": MARKUP}),
        {"type": "text", "text": '**a & b** ["quoted"](https://x.org/"onclick=alert) 1 < 2'},
    )
    answers = {
        **dict.fromkeys("abcd", HOSTILE),
        "e": [HOSTILE],
        "born": {"day": HOSTILE, "month": HOSTILE, "year": HOSTILE},
        "people": [{"name": HOSTILE}],
    }
    failed = dict.fromkeys([*"abcdeg", "born", "people", "people[0].name", HOSTILE], HOSTILE)
    document = drawn(of, answers, errors=failed)
    summary = html.fromstring(f"<div>{render_error_summary(of, answers, failed)}</div>")
    read_back = html.fromstring(f"<div>{render_summary(of, answers, change_url='/x')}</div>")
    for part in (document, summary, read_back):
        assert not list(part.iter("script", "b"))
        assert not [el for el in part.iter() if any(name.startswith("on") for name in el.attrib)]
        assert "49" not in words(part)
    assert "<script>alert(1)</script>" in words(document)
    sent = posted(document)
    assert [sent[name] for name in "abcd"] == [HOSTILE] * 4


def test_a_fresh_form_shows_defaults_and_a_draft_shows_only_itself() -> None:
    of = form(text("name", "Name", defaultValue="Sam"), people(text("name", "Name")))
    assert posted(drawn(of))["name"] == "Sam"
    assert "people[0].name" in posted(drawn(of))
    assert posted(drawn(of, {}))["name"] == ""
    assert "people[0].name" not in posted(drawn(of, {"people": []}))


def test_labels_say_what_may_be_left_out() -> None:
    of = form(
        text("a", "First", **REQUIRED),
        text("b", "Second"),
        radio("c", "Third", "yes", "no", **REQUIRED),
        text("d", "Fourth", **hidden_if('c = "no"'), **REQUIRED),
    )
    assert "First Second (optional) Third" in words(drawn(of))
    assert "Fourth (if it applies)" in words(drawn(of))
    assert "Fourth (" not in words(drawn(of, {"c": "yes"}))
    assert "Fourth" not in words(drawn(of, {"c": "no"}))


def test_fields_that_answers_open_on_a_page_without_scripts_are_noticed() -> None:
    of = form(
        radio("urgent", "Urgent", "yes", "no"),
        text("why", "Why", **hidden_if('urgent != "yes"')),
        people(
            {"type": "checkbox", "key": "is_child", "label": "Is a child"},
            text("school", "School", **hidden_if("not(is_child)")),
        ),
    )
    untouched = read_post(of, posted(drawn(of)))
    assert untouched == {"why": "", "people": [{"is_child": False, "school": ""}]}
    before = posted(drawn(of, {"urgent": "no", "people": [{"is_child": False}]}))
    before["urgent"] = "yes"
    before["people[0].is_child"] = "true"
    changed = read_post(of, before)
    assert unseen(of, before, changed) == ("Why", "School")
    after = posted(drawn(of, changed))
    assert unseen(of, after, read_post(of, after)) == ()


def test_names_that_the_form_does_not_have_are_kept_to_be_refused() -> None:
    of = form(text("name", "Name"), people(text("name", "Name")), BORN)
    sent = MultiDict(
        {
            "csrf_token": "t",
            "action": "go",
            "shown": "x",
            "admin": "1",
            "name-day": "1",
            "people[0].role": "x",
            "people[x].name": "y",
            "born": "2026",
        }
    )
    with pytest.raises(InvalidAnswers) as refusal:
        of.clean(read_post(of, sent))
    assert set(refusal.value.errors) == {
        "admin",
        "name-day",
        "people[0].role",
        "people[x].name",
        "born",
    }


def test_rows_are_added_and_removed_by_buttons_that_say_which() -> None:
    of = form(
        people(
            text("name", "Name"),
            {**people(text("n", "Number")), "path": "phones", "properties": {"row": "Phone"}},
        )
    )
    first = read_post(of, posted(drawn(of)))
    assert first == {"people": [{"name": "", "phones": [{"n": ""}]}]}
    buttons = [words(each) for each in drawn(of).iter("button")]
    assert buttons == [
        "Continue", "Remove phone 1", "Add another phone", "Remove person 1", "Add another person",
    ]  # fmt: skip
    added = change_rows(of, first, "add:people")
    assert added is not None
    assert added.answers["people"] == [first["people"][0], {"phones": [{}]}]
    assert drawn(of, added.answers).get_element_by_id(added.anchor) is not None
    inner = change_rows(of, added.answers, "add:people[1].phones")
    assert inner is not None
    assert inner.answers["people"][1] == {"phones": [{}, {}]}
    removed = change_rows(of, inner.answers, "remove:people[0]")
    assert removed is not None
    assert removed.answers == {"people": [{"phones": [{}, {}]}]}
    assert change_rows(of, first, "complete") is None
    for nonsense in (
        "add:name",
        "remove:people[7]",
        "add:people[0]",
        "remove:people",
        "add:x[0].y",
    ):
        unchanged = change_rows(of, first, nonsense)
        assert unchanged is not None
        assert unchanged.answers == first
    full = change_rows(of, {"people": [{}] * 50}, "add:people")
    assert full is not None
    assert len(full.answers["people"]) == 50
    assert "You cannot add more than 50." in words(drawn(of, full.answers))


def test_each_error_stands_at_its_input_and_links_to_it_from_the_summary() -> None:
    of = form(
        BORN | REQUIRED,
        radio("outcome", "Outcome", "close", **REQUIRED),
        people(text("name", "Name", **REQUIRED), text("age", "Age")),
        people(text("n", "N"), path="others", properties={"row": "Other"}, **REQUIRED),
    )
    answers = {
        "born": {"day": "1", "month": "", "year": "2026"},
        "people": [{"name": "A"}, {"age": "3"}],
        "others": [],
        "x": 1,
    }
    with pytest.raises(InvalidAnswers) as refusal:
        of.clean(answers)
    failed = refusal.value.errors
    document = drawn(of, answers, errors=failed)
    summary = html.fromstring(str(render_error_summary(of, answers, failed)))
    links = [(link.get("href"), words(link)) for link in summary.iter("a")]
    assert links == [
        ("#born-month", "Date of birth must include a month"),
        ("#outcome", "Select the outcome"),
        ("#people-1-name", "Person 2: Enter the name"),
        ("#others-0-n", "Add at least one other"),
    ]
    for href, _ in links:
        assert document.get_element_by_id(href[1:]).tag == "input"
    assert "The form has no field “x”." in words(summary)
    for message in [each for path, each in failed.items() if path != "x"]:
        assert f"Error: {message}" in words(document)
    wrong = [each.get("name") for each in document.find_class("govuk-input--error")]
    assert wrong == ["born-month", "people[1].name"]
    assert render_error_summary(of, answers, {}) == ""


def test_the_summary_links_each_answer_to_its_input() -> None:
    of = form({"type": "text", "text": "## Family"}, BORN, people(text("name", "Name")), LEAD)
    answers = {"born": "2026-03-01", "people": [{"name": "A\nB"}], "lead": "sam"}
    shown = html.fromstring(
        f"<div>{render_summary(of, answers, choices=LEADS, change_url='/tasks/1')}</div>"
    )
    assert [words(each) for each in shown.iter("h2")] == ["Family", "Person 1", "Family"]
    assert [words(each) for each in shown.iter("dd")][::2] == ["1 March 2026", "A B", "Sam Sample"]
    document = drawn(of, answers)
    for link in shown.iter("a"):
        address, _, anchor = link.get("href").partition("#")
        assert address == "/tasks/1"
        assert document.get_element_by_id(anchor) is not None
    assert not list(html.fromstring(f"<div>{render_summary(of, answers)}</div>").iter("a"))


def test_options_must_be_supplied_to_be_shown() -> None:
    with pytest.raises(ValueError, match="lead_professionals"):
        render_fields(form(LEAD))
    shown = render_fields(form(LEAD), choices={"lead_professionals": [Choice("a", "Alex")]})
    assert "Alex" in shown


def test_a_real_browser_posts_the_same_and_enter_removes_no_row(page: Page) -> None:
    of = form(
        {"type": "textarea", "key": "notes", "label": "Notes"},
        text("name", "Name"),
        BORN,
        people(text("name", "Name"), {"type": "checkbox", "key": "is_child", "label": "Child"}),
    )
    typed = {"notes": "\n two\n\tlines <&>", "name": HOSTILE, "born": "2026-03-01"}
    answers = {**typed, "people": [{"name": "A", "is_child": True}]}
    fields = render_fields(of, answers)
    page.set_content(f'<form id="f" method="post" novalidate>{fields}</form>')
    page.evaluate(
        """() => { const form = document.getElementById('f');
        form.addEventListener('submit', event => { event.preventDefault();
            window.sent = [...new FormData(form, event.submitter)]; }); }"""
    )
    page.get_by_label("Name (optional)").first.press("Enter")
    sent: MultiDict[str, str] = MultiDict(map(tuple, page.evaluate("window.sent")))
    assert "action" not in sent
    assert read_post(of, sent) == answers
    page.get_by_role("button", name="Remove person 1").click()
    sent = MultiDict(map(tuple, page.evaluate("window.sent")))
    assert sent["action"] == "remove:people[0]"
