"""The forms of the CAF model ask what the maps require, and only what matters at that point."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from engine.errors import InvalidAnswers
from engine.forms import Choice, Form, parse_form
from tests.bpmn.conftest import MODELS

FORMS = sorted((MODELS / "caf" / "forms").glob("*.form"))
PEOPLE = [Choice("someone", "Alex Example")]
PASSED = {
    "child_voice_clear": "yes",
    "needs_identified": "yes",
    "plan_meets_needs": "yes",
    "review_date_recorded": "yes",
}
REVIEWED = {
    "child_voice_reflected": "yes",
    "family_and_professionals_consulted": "yes",
    "plan_reviewed": "yes",
    "review_comment": "Clear and complete.",
}
ACTION = {
    "need": "Getting to school",
    "action": "Walk with the breakfast club",
    "owner": "Sam Sample",
    "outcome": "In school every day",
    "measure": "Attendance above 95%",
    "due_on": "2026-07-01",
}


@cache
def form(name: str) -> Form:
    path = MODELS / "caf" / "forms" / f"{name}.form"
    return parse_form(path.read_bytes(), path.name)


def errors(name: str, **answers: Any) -> dict[str, str]:
    """What the form says is wrong with the answers; empty when they are accepted."""
    given = form(name)
    try:
        given.clean(answers, choices=dict.fromkeys(given.choices, PEOPLE))
    except InvalidAnswers as refused:
        return refused.errors
    return {}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_can_be_used_and_is_called_like_its_file(path: Any) -> None:
    assert parse_form(path.read_bytes(), path.name).id == path.stem


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_empty_form_is_refused_in_words(path: Any) -> None:
    told = errors(path.stem).values()
    assert told
    assert all(message.startswith(("Enter ", "Select ", "Add ", "Confirm ")) for message in told)


@pytest.mark.parametrize("criterion", PASSED)
def test_a_failed_criterion_needs_reasons_and_no_next_step(criterion: str) -> None:
    answers = {**PASSED, criterion: "no"}
    assert set(errors("quality_assurance", **answers)) == {"qa_reasons"}
    assert errors("quality_assurance", **answers, qa_reasons="Ask the child.") == {}


def test_a_passed_assessment_needs_a_next_step() -> None:
    assert set(errors("quality_assurance", **PASSED)) == {"next_step"}
    assert errors("quality_assurance", **PASSED, next_step="agree_plan") == {}


def test_no_further_action_needs_a_reason_for_the_duty_manager() -> None:
    found = errors("quality_assurance", **PASSED, next_step="no_further_action")
    assert set(found) == {"closure_reason", "closure_summary"}


def test_a_stuck_caf_may_be_urgent_and_another_not() -> None:
    stuck = form("quality_assurance").clean({**PASSED, "next_step": "stuck"}, choices={})
    assert stuck["urgent"] is False
    agreed = form("quality_assurance").clean({**PASSED, "next_step": "agree_plan"}, choices={})
    assert "urgent" not in agreed


@pytest.mark.parametrize("criterion", sorted(set(REVIEWED) - {"review_comment"}))
def test_a_review_that_misses_a_criterion_has_no_next_step(criterion: str) -> None:
    cleaned = form("tac_review").clean(
        {**REVIEWED, criterion: "no", "review_step": "close"}, choices={}
    )
    assert "review_step" not in cleaned


def test_consent_that_is_given_names_who_gives_it_and_how() -> None:
    told = {"consent_on": "2026-03-01", "statement": "Shared with school only."}
    assert set(errors("consent", consent="given", **told)) == {"consent_how", "given_by"}
    assert errors("consent", consent="declined", **told) == {}


@pytest.mark.parametrize("part", sorted(ACTION))
def test_a_plan_action_is_not_accepted_unless_smart(part: str) -> None:
    action = {key: value for key, value in ACTION.items() if key != part}
    found = errors("next_tac", next_tac_on="2026-06-01", extra_actions=[action])
    assert set(found) == {f"extra_actions[0].{part}"}


def test_a_plan_is_finalised_only_when_the_family_agrees() -> None:
    answers = {
        "plan_actions_smart": True,
        "agreed_by": "Alex Example",
        "first_tac_on": "2026-06-01",
    }
    assert set(errors("agree_plan", **answers)) == {"plan_agreed_with_family"}
    assert errors("agree_plan", **answers, plan_agreed_with_family=True) == {}


def test_advice_is_asked_for_when_a_contact_is_closed() -> None:
    decided = {"tray_decision_reason": "No needs that want a CAF."}
    assert set(errors("decide_tray", tray_decision="close", **decided)) == {"advice_given"}
    assert errors("decide_tray", tray_decision="co_ordinators", **decided) == {}


def test_people_are_chosen_from_the_directory() -> None:
    assert form("contact_record").choices == {"co_ordinators"}
    assert form("episode").choices == {"lead_professionals"}
    assert set(errors("contact_record", co_ordinator="a stranger")) == {"co_ordinator"}


def test_a_manager_who_passes_an_assessment_leaves_the_next_step_to_its_author() -> None:
    assert errors("assessment_quality", **PASSED) == {}
    assert set(errors("assessment_quality", **{**PASSED, "needs_identified": "no"})) == {
        "qa_reasons"
    }
    assert set(errors("after_assessment")) == {"next_step"}


@pytest.mark.parametrize(
    ("name", "key"), [("after_assessment", "next_step"), ("initial_tac", "tac_step")]
)
def test_no_further_action_is_asked_for_with_a_reason(name: str, key: str) -> None:
    found = set(errors(name, **{key: "no_further_action"}))
    assert {"closure_reason", "closure_summary"} <= found
    assert not {"closure_reason", "closure_summary"} & set(errors(name, **{key: "stuck"}))


def test_a_step_down_is_refused_with_reason_and_advice() -> None:
    talk = {"discussed_on": "2026-03-01", "discussed_with": "Alex", "discussion": "The needs."}
    refused = errors("step_down_threshold", **talk, caf_appropriate="no")
    assert set(refused) == {"synopsis", "advice_given", "contact_closure_reason"}
    accepted = errors("step_down_threshold", **talk, caf_appropriate="yes")
    assert set(accepted) == {"support_transfer", "meeting_on"}


def test_services_are_named_only_when_they_are_commissioned() -> None:
    assert errors("commissioning", commissioning_wanted="no") == {}
    assert set(errors("commissioning", commissioning_wanted="yes")) == {"services"}


def test_a_case_is_handed_to_people_of_the_directory() -> None:
    assert form("social_work_record").choices == {"social_workers"}
    for name in ("reassign", "reassign_with_support"):
        assert form(name).choices == {"lead_professionals", "co_ordinators"}
