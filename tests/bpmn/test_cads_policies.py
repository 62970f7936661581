"""The rules of the CADS model hold; each is broken in a copy of its diagrams, and that is found."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from engine.definitions import files_of
from tests.bpmn import breaking
from tests.bpmn.breaking import findings, handler, into_lane, only, redirect

FILES = files_of(Path(__file__).parents[2] / "bpmn" / "cads")

OVERSEEN = "Nobody is told of the outcome before the team manager's oversight"
AGREED = "Nobody is told of an outcome that the team manager did not agree"
BACK = "A recommendation that is returned comes back to the social worker"
RECORDED = "No CAF and no assessment before consent is documented"
GIVEN = "No CAF and no assessment unless consent was given"
OVERSIGHT = "No case is closed without oversight by a manager"
DECIDED = "No case is closed unless the oversight agreed to it"
PANEL = "No step down to universal services before the panel has looked for a lead professional"
ASKED = "The panel comes after the team around the family was asked"
TOLD = "A case steps down to universal services only when the social worker is told"
RESOLVED = "A disagreement is resolved by the team manager"
FINAL = "A CAF is closed with its final meeting"

CADS = "cads_to_caf.bpmn"


change = partial(breaking.change, FILES)


def condition(flow: str, old: str, new: str) -> tuple[str, str]:
    return rf'(id="{flow}".*?){re.escape(old)}', rf"\1{new}"


BROKEN: list[tuple[str, dict[str, bytes], str, tuple[str, ...]]] = [
    (
        OVERSEEN,
        change(CADS, *into_lane("oversee_recommendation_of_offer", "recommend_offer")),
        "tell_of_early_help_offer",
        ("recommend_offer", "which_offer", "tell_of_early_help_offer"),
    ),
    (
        AGREED,
        change(
            CADS,
            condition(
                "from_is_recommendation_agreed_to_agree_the_recommendation",
                "qa_passed = true",
                "qa_passed = false",
            ),
        ),
        "tell_of_early_help_offer",
        ("oversee_recommendation_of_offer", "is_recommendation_agreed", "which_offer"),
    ),
    (
        BACK,
        change(CADS, *into_lane("recommend_offer", "oversee_recommendation_of_offer")),
        "from_is_recommendation_agreed_to_recommendation_is_wanted",
        ("oversee_recommendation_of_offer", "is_recommendation_agreed"),
    ),
    (
        RECORDED,
        change(CADS, handler("note_consent", "record_outcome")),
        "open_caf_episode",
        ("seek_consent", "note_consent", "is_consent_given", "open_caf_episode"),
    ),
    (
        GIVEN,
        change(
            CADS,
            condition(
                "from_is_consent_given_to_is_lead_professional_known",
                'consent = "given"',
                'consent != "given"',
            ),
        ),
        "open_caf_episode",
        ("note_consent", "is_consent_given", "is_lead_professional_known", "open_caf_episode"),
    ),
    (
        OVERSIGHT,
        change(CADS, *into_lane("oversee_closure_without_consent", "seek_consent")),
        "close_without_consent",
        ("ask_to_close_without_consent", "oversee_closure_without_consent"),
    ),
    (
        DECIDED,
        change(
            "family_plan.bpmn",
            condition(
                "from_is_caf_closure_agreed_to_close_the_caf",
                'closure_decision = "agree"',
                'closure_decision = "return"',
            ),
        ),
        "close_the_caf",
        ("submit_caf_closure", "oversee_caf_closure", "is_caf_closure_agreed", "close_the_caf"),
    ),
    (
        PANEL,
        change(CADS, *into_lane("take_to_transforming_lives_panel", "note_search")),
        "step_down_to_universal_services",
        ("find_lead_professional_with_family", "take_to_transforming_lives_panel"),
    ),
    (
        ASKED,
        change(CADS, *into_lane("find_lead_professional_with_family", "note_panel")),
        "take_to_transforming_lives_panel",
        ("find_lead_professional_with_family", "is_lead_professional_found"),
    ),
    (
        TOLD,
        change(
            CADS,
            redirect(
                "from_is_universal_step_down_decided_to_tell_social_worker_of_step_down",
                "close_to_universal_services",
            ),
            redirect(
                "from_tell_social_worker_of_step_down_to_close_to_universal_services",
                "stepped_down_to_universal_services",
            ),
            redirect(
                "from_close_to_universal_services_to_stepped_down_to_universal_services",
                "tell_social_worker_of_step_down",
            ),
        ),
        "close_to_universal_services",
        ("is_universal_step_down_decided", "close_to_universal_services"),
    ),
    (
        RESOLVED,
        change(
            "threshold_disagreement.bpmn",
            redirect("from_disagreement_is_raised_to_resolve_disagreement", "does_decision_stand"),
            redirect("from_does_decision_stand_to_disagreement_is_settled", "resolve_disagreement"),
            redirect(
                "from_tell_social_worker_of_resolution_to_does_decision_stand",
                "disagreement_is_settled",
            ),
        ),
        "disagreement_is_raised",
        ("disagreement_is_raised", "does_decision_stand", "disagreement_is_settled"),
    ),
    (
        FINAL,
        change(
            "family_plan.bpmn",
            redirect("from_does_caf_continue_to_submit_caf_closure", "oversee_caf_closure"),
            redirect("from_submit_caf_closure_to_oversee_caf_closure", "review_is_wanted"),
            redirect("from_is_caf_closure_agreed_to_review_is_wanted", "submit_caf_closure"),
        ),
        "close_the_caf",
        ("does_caf_continue", "oversee_caf_closure", "close_the_caf"),
    ),
]


def test_every_rule_holds() -> None:
    assert findings(FILES) == []


def test_every_rule_is_broken_below() -> None:
    said = re.findall(r'^name = "(.*)"$', FILES["policies.toml"].decode(), re.M)
    assert [rule for rule, *_ in BROKEN] == said


@pytest.mark.parametrize(("rule", "files", "element", "way"), BROKEN, ids=[b[0] for b in BROKEN])
def test_a_broken_rule_is_found_with_the_way_to_it(
    rule: str, files: dict[str, bytes], element: str, way: tuple[str, ...]
) -> None:
    found = findings(only([rule], files))
    assert {f.code for f in found} == {"policy"}, [str(f) for f in found]
    told = next(f for f in found if f"“{rule}”" in f.message)
    assert told.severity == "error" and told.line
    assert told.element == element
    steps = [step for step in told.steps if step in way]
    assert list(dict.fromkeys(steps)) == list(way)
    assert "It comes to this by: " in told.message
