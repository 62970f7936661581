"""The CADS model keeps to the conventions of the diagrams, draws G1 to G16, and asks and decides as
the guidance says.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest

from engine.definitions import files_of, read_model
from engine.diagrams import Element, Process
from engine.errors import InvalidAnswers, InvalidModel
from engine.forms import Choice
from engine.tracing import trace
from handlers import services, vocabulary
from handlers.practices import PRACTICES
from tests.bpmn.conftest import MODELS
from tests.furnished import shipped

FILES = files_of(MODELS / "cads")
MODEL = shipped("cads")
ELEMENTS = [(p, e) for p in MODEL.processes.values() for e in p.elements.values()]
PEOPLE = [Choice("someone", "Alex Example")]


def is_join(process: Process, element: Element) -> bool:
    return element.kind == "exclusiveGateway" and len(process.outgoing.get(element.id, ())) == 1


def errors(name: str, **answers: Any) -> set[str]:
    """The questions whose answers the form refuses."""
    given = MODEL.forms[name]
    try:
        given.clean(answers, choices=dict.fromkeys(given.choices, PEOPLE))
    except InvalidAnswers as refused:
        return set(refused.errors)
    return set()


def test_every_step_of_the_guidance_is_drawn() -> None:
    traced = trace(MODEL)
    assert {clause.id for clause, _ in traced.clauses} == {
        *(f"G{number}" for number in range(1, 17)),
        "G.R1",
    }
    assert (list(traced.missing), list(traced.unclaimed)) == ([], [])


def test_ids_are_unique_in_the_whole_model() -> None:
    counted = Counter(element.id for _, element in ELEMENTS)
    assert [key for key, times in counted.items() if times > 1] == []


def test_everything_that_happens_is_named_and_explained() -> None:
    told = [(p, e) for p, e in ELEMENTS if not is_join(p, e)]
    assert [e.id for _, e in told if not e.documentation or not e.name] == []


def test_every_human_step_has_a_timescale() -> None:
    assert [e.id for _, e in ELEMENTS if e.kind == "userTask" and not e.due] == []


def test_every_closure_can_be_returned() -> None:
    oversight = [(p, e) for p, e in ELEMENTS if e.form == "closure_oversight"]
    assert len(oversight) == 6
    for process, element in oversight:
        [onward] = process.outgoing[element.id]
        gateway = process.elements[onward.target]
        conditions = {flow.condition for flow in process.outgoing[gateway.id]}
        assert conditions == {'closure_decision = "agree"', None}, element.id
        [back] = [f for f in process.outgoing[gateway.id] if f.condition is None]
        assert gateway.default == back.id
        assert is_join(process, process.elements[back.target]), element.id


def test_at_any_point_a_case_can_be_disputed_referred_back_or_closed() -> None:
    process = MODEL.processes["cads_to_caf"]
    waiting = {
        (e.event.value, e.attached_to, e.interrupting)
        for e in process.elements.values()
        if e.kind == "boundaryEvent" and e.event
    }
    assert waiting == {
        ("disagreement_raised", "pathway", False),
        ("step_up_requested", "pathway", False),
        ("close_requested", "pathway", False),
    }


def test_the_source_gives_four_timescales_and_says_so() -> None:
    assert MODEL.timescales is not None
    given = {
        step: (str(MODEL.timescale(step)))
        for step in ("G12", "G14 due", "G14", "G16")
        if MODEL.timescales.evaluate({"step": step}).rules[0].description.startswith("From ")
    }
    assert given == {
        "G12": "4 weeks",
        "G14 due": "6 weeks",
        "G14": "8 weeks",
        "G16": "12 months",
    }


@pytest.mark.parametrize(
    ("stepped_down_on", "counts"),
    [
        (date(2026, 3, 1), "step_down"),
        (date(2026, 3, 2), "recommendation"),
        (date(2026, 3, 3), "recommendation"),
        (None, "recommendation"),
    ],
)
def test_the_earlier_date_counts(stepped_down_on: date | None, counts: str) -> None:
    dates = {"stepped_down_on": stepped_down_on, "recommended_on": date(2026, 3, 2)}
    outputs = MODEL.decisions["first_meeting"].evaluate(dates).outputs
    assert isinstance(outputs, dict)
    assert outputs["counts_from"] == counts
    assert outputs["first_meeting_from"] == min(day for day in dates.values() if day)


@pytest.mark.parametrize("name", sorted(MODEL.forms))
def test_an_empty_form_is_refused_in_words(name: str) -> None:
    given = MODEL.forms[name]
    with pytest.raises(InvalidAnswers) as refused:
        given.clean({}, choices=dict.fromkeys(given.choices, PEOPLE))
    told = refused.value.errors.values()
    assert all(message.startswith(("Enter ", "Select ", "Add ", "Confirm ")) for message in told)


def test_a_recommendation_that_fails_needs_reasons() -> None:
    criteria = ("threshold_reasons_clear", "offer_is_right", "views_considered")
    passed = dict.fromkeys(criteria, "yes")
    assert errors("recommendation_oversight", **passed) == {"qa_comment"}
    for criterion in criteria:
        assert errors("recommendation_oversight", **passed | {criterion: "no"}) == {"qa_reasons"}


def test_consent_is_asked_for_unless_the_family_could_not_be_asked() -> None:
    assert errors("consent_of_social_worker", family_asked="no") == {"why_not_asked"}
    assert "consent" in errors("consent_of_social_worker", family_asked="yes")


def test_a_reassessment_has_everyones_contribution() -> None:
    found = errors("reassessment", caf_still_required="yes")
    assert {"contributions", "all_contributed", "plan_actions", "referral_back"} <= found
    assert errors("reassessment", caf_still_required="no") == {"why_not_required"}


def test_the_councils_share_no_role() -> None:
    caf = shipped("caf")
    assert MODEL.roles.keys() & caf.roles.keys() == set()
    for model in (MODEL, caf):
        assert PRACTICES[model.id].roles <= model.roles.keys()
        for kind, labels in (("role", model.roles), ("tray", model.trays)):
            said = {name: vocabulary.label(kind, name) for name in labels}
            assert said == dict(labels)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('form = "cads_assessment"', 'form = "cads_asessment"', "Did you mean “cads_assessment”?"),
        ('form = "cads_assessment"\n', "", "[entry] names no form"),
        (
            'roles = ["social_worker"]',
            'roles = ["social_wroker"]',
            "[entry] names the role “social_wroker”",
        ),
        ('[entry]\nlabel = "Start', 'entry = 1\n[nothing]\nlabel = "Start', "“entry” has to be"),
    ],
)
def test_an_entry_that_cannot_work_is_refused_in_words(old: str, new: str, words: str) -> None:
    text = FILES["model.toml"].decode()
    assert text.count(old) == 1
    changed = text.replace(old, new)
    if new.startswith("entry"):
        changed = "entry = 1\n" + changed.replace("entry = 1\n", "")
    with pytest.raises(InvalidModel) as refused:
        read_model({**FILES, "model.toml": changed.encode()}, services)
    assert words in "\n".join(finding.message for finding in refused.value.findings)
