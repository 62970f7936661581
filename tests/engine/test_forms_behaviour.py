"""Forms in use: conditions, rows, drafts, supplied options, reading back."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import EngineError, InvalidAnswers
from engine.forms import Form, Place, SummaryRow
from tests.engine.form_building import LEADS, REQUIRED, form, hidden_if, people, radio, text

TODAY = datetime.date(2026, 3, 1)
LEAD = {"type": "select", "key": "lead", "label": "Lead", "valuesKey": "lead_professionals"}
BORN = {"type": "datetime", "key": "born", "dateLabel": "Date of birth"}


def errors(of: Form, answers: Any, **options: Any) -> dict[str, str]:
    with pytest.raises(InvalidAnswers) as refusal:
        of.clean(answers, **options)
    return refusal.value.errors


@pytest.fixture
def consent() -> Form:
    return form(
        radio("consent", "Consent", "yes", "no", **REQUIRED),
        text("reason", "Reason", **hidden_if('consent != "no"'), **REQUIRED),
        text("detail", "Detail", **hidden_if("reason = null")),
        people(
            text("name", "Name", **REQUIRED),
            {"type": "checkbox", "key": "is_child", "label": "Is a child"},
            text("school", "School", **hidden_if('not(is_child) or consent = "no"'), **REQUIRED),
        ),
    )


def paths(places: tuple[Place, ...]) -> list[str]:
    found = []
    for place in places:
        found += [place.path] if place.path else []
        found += paths(place.places)
        for row in place.rows:
            found += paths(row.places)
    return found


def test_answers_of_hidden_fields_are_dropped_and_not_asked_for(consent: Form) -> None:
    answers = {"consent": "yes", "reason": "old", "detail": "older"}
    assert consent.clean(answers) == {"consent": "yes", "people": []}


def test_a_hidden_answer_counts_as_unanswered_for_other_conditions(consent: Form) -> None:
    kept = {"consent": "no", "reason": "r", "detail": "d", "people": []}
    assert consent.clean(kept) == kept
    assert paths(consent.visible({"consent": "yes", "reason": "r", "detail": "d"})) == [
        "consent",
        "people",
    ]


def test_a_condition_in_a_row_sees_the_row_first_and_then_the_answers_around_it(
    consent: Form,
) -> None:
    rows = [{"name": "A", "is_child": True}, {"name": "B", "is_child": False, "school": "x"}]
    assert errors(consent, {"consent": "yes", "people": rows}) == {
        "people[0].school": "Enter the school"
    }
    cleaned = consent.clean({"consent": "no", "reason": "r", "people": rows})
    assert cleaned["people"] == [
        {"name": "A", "is_child": True},
        {"name": "B", "is_child": False},
    ]
    shadowing = form(text("name", "Name"), people(text("name", "Name"), text("b", "B")))
    assert shadowing.clean({"name": "x", "people": [{"b": "y"}]})["people"] == [{"b": "y"}]


def test_conditions_see_dates_as_dates_and_lists_without_their_blank_rows() -> None:
    dated = form(
        BORN,
        text("school", "School", **hidden_if('born < date("2010-01-01")')),
        people(text("name", "Name")),
        text("carer", "Carer", **hidden_if("count(people) = 0")),
    )
    old = {"born": "2009-12-31", "people": [{"name": " "}], "carer": "x", "school": "x"}
    assert dated.clean(old) == {"born": "2009-12-31", "people": []}
    young = {"born": "2010-01-01", "people": [{"name": "A"}], "carer": "x", "school": "x"}
    assert dated.clean(young) == young
    assert dated.context(young)["born"].isoformat() == "2010-01-01"
    assert dated.variables == {"born", "people"}


def test_a_field_is_undecided_only_while_a_question_that_it_hangs_on_is_open(
    consent: Form,
) -> None:
    def undecided(answers: dict[str, Any]) -> list[str]:
        return paths(consent.visible(answers, undecided=True))

    assert undecided({}) == ["consent", "reason", "detail", "people"]
    assert undecided({"consent": "yes"}) == ["consent", "people"]
    assert undecided({"consent": "no"}) == ["consent", "reason", "detail", "people"]
    ticked = undecided({"consent": "yes", "people": [{}, {"is_child": False}]})
    assert [path for path in ticked if "school" in path] == ["people[0].school"]


def test_foreign_fields_are_named_wherever_they_stand(consent: Form) -> None:
    answers = {"consent": "yes", "admin": True, "people": [{"name": "A", "role": "x"}]}
    assert errors(consent, answers) == {
        "admin": "The form has no field “admin”.",
        "people[0].role": "The form has no field “people[0].role”.",
    }
    assert errors(consent, []) == {
        "": "The answers must be an object with one entry for each field"
    }
    assert len(errors(consent, {"x" * 10_000: 1, "consent": "yes"}).popitem()[1]) < 200


def test_rows_as_they_were_offered_are_dropped_but_errors_keep_their_row() -> None:
    access = radio("access", "Access", "read", "contribute", defaultValue="read")
    professionals = form(people(text("name", "Name", **REQUIRED), access, **REQUIRED))
    fresh = professionals.defaults()
    assert fresh == {"people": [{"access": "read"}]}
    assert errors(professionals, fresh) == {"people": "Add at least one person"}
    third = {"people": [{}, {"access": "read"}, {"access": "contribute"}]}
    assert errors(professionals, third) == {"people[2].name": "Enter the name"}
    named = {"people": [{}, {"name": "Alex Example", "access": "read"}]}
    assert professionals.clean(named) == {"people": [{"name": "Alex Example", "access": "read"}]}
    enough = form(people(access, text("note", "Note")))
    assert enough.clean(enough.defaults()) == {"people": [{"access": "read"}]}


def test_a_draft_keeps_what_was_typed_and_checks_only_types_sizes_and_names(
    consent: Form,
) -> None:
    half = {"reason": " half ", "people": [{"is_child": True}, {}]}
    assert consent.clean(half, partial=True) == {
        "reason": "half",
        "people": [{"is_child": True}, {}],
    }
    bad = {"reason": "x" * 201, "other": 1, "people": [{"is_child": "x"}]}
    assert set(errors(consent, bad, partial=True)) == {"reason", "other", "people[0].is_child"}
    dated = form({**BORN, **REQUIRED}, LEAD)
    started = {"born": {"day": "3", "month": "", "year": ""}}
    assert dated.clean(started, partial=True) == started


def test_options_known_only_at_use_are_checked_against_what_is_supplied() -> None:
    choosing = form({**LEAD, **REQUIRED})
    assert choosing.choices == {"lead_professionals"}
    assert choosing.clean({"lead": "sam"}, choices=LEADS) == {"lead": "sam"}
    assert "not among them" in errors(choosing, {"lead": "kim"}, choices=LEADS)["lead"]
    with pytest.raises(EngineError, match="needs the list of choices “lead_professionals”"):
        choosing.clean({"lead": "sam"})


def test_the_summary_reads_answers_back_in_words() -> None:
    full = form(
        {"type": "text", "text": "# The family"},
        BORN,
        {**radio("needs", "Needs:", "housing", "school"), "type": "checklist"},
        people(
            text("name", "Name"),
            {"type": "checkbox", "key": "is_child", "label": "Is a child"},
        ),
        {"type": "group", "label": "Money", "components": [
            {"type": "number", "key": "debt", "label": "Debt",
             "appearance": {"prefixAdorner": "£"}},
            LEAD,
        ]},
        text("secret", "Secret", **hidden_if("is_blank = null")),
        text("is_blank", "Note"),
    )  # fmt: skip
    answers = {
        "born": "2026-03-01",
        "needs": ["school", "housing"],
        "people": [{"name": "Alex Example", "is_child": True}],
        "debt": 1234567.1,
        "lead": "gone",
        "secret": "x",
    }
    assert full.summary(answers, LEADS) == [
        SummaryRow("The family", "Date of birth", "1 March 2026", "born"),
        SummaryRow("The family", "Needs", "School\nHousing", "needs"),
        SummaryRow("Person 1", "Name", "Alex Example", "people[0].name"),
        SummaryRow("Person 1", "Is a child", "Yes", "people[0].is_child"),
        SummaryRow("Money", "Debt", "£1,234,567.1", "debt"),
        SummaryRow("Money", "Lead", "gone", "lead"),
        SummaryRow("The family", "Note", "Not provided", "is_blank"),
    ]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "is_child", "school", "day", "month", "year", "other"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_keys = ["consent", "reason", "detail", "people", "born", "age", "needs", "home", "other"]


@settings(max_examples=150, deadline=None)
@given(
    answers=_json
    | st.dictionaries(st.sampled_from(_keys), _json | st.sampled_from(["yes", "no", "2026-03-01"])),
    partial=st.booleans(),
)
def test_any_json_is_either_cleaned_for_good_or_refused_with_messages(
    answers: Any, partial: bool
) -> None:
    try:
        cleaned = EVERYTHING.clean(answers, partial=partial, today=TODAY)
    except InvalidAnswers as refusal:
        assert refusal.errors
        assert all(message.strip() for message in refusal.errors.values())
    else:
        assert EVERYTHING.clean(cleaned, partial=partial, today=TODAY) == cleaned
        EVERYTHING.summary(cleaned)


EVERYTHING = form(
    radio("consent", "Consent", "yes", "no"),
    text("reason", "Reason", **hidden_if('consent != "no"')),
    text("detail", "Detail", **hidden_if("reason = null")),
    people(
        text("name", "Name"),
        {"type": "checkbox", "key": "is_child", "label": "Is a child"},
        text("school", "School", **hidden_if("is_child = false")),
    ),
    BORN,
    {"type": "number", "key": "age", "label": "Age"},
    {**radio("needs", "Needs", "yes", "no"), "type": "checklist"},
    {"type": "group", "path": "home", "label": "Home", "components": [text("name", "Name")]},
)
