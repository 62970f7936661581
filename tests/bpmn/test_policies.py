"""The rules of the CAF model hold; each is broken in a copy of its diagrams, and that is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.definitions import files_of, read_model
from engine.errors import Finding, InvalidModel
from engine.policies import check_policies
from handlers import services

FILES = files_of(Path(__file__).parents[2] / "bpmn" / "caf")
MODEL = read_model(FILES, services)[0]

OVERSIGHT = "No case is closed without oversight by a CAF duty manager"
AGREED = "No case is closed unless the oversight agreed to it"
TRIAGE = "No contact is closed at triage except by a CAF duty manager's decision"
RECORDED = "No assessment before consent is recorded"
GIVEN = "No assessment unless consent was given"
RETURNED = "An assessment that is returned comes back to its author"
PASSED = "No plan is agreed from an assessment that did not pass quality assurance"
URGENT = "An urgent concern is referred to the MASH, or stepped up by the CAF Team"


def findings(files: dict[str, bytes]) -> list[Finding]:
    try:
        return read_model(files, services)[1]
    except InvalidModel as error:
        return list(error.findings)


def change(file: str, *changes: tuple[str, str]) -> dict[str, bytes]:
    """The model with a diagram in which each pattern was replaced, once."""
    text = FILES[file].decode()
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text, flags=re.S)
        assert count == 1, pattern
    return {**FILES, file: text.encode()}


def redirect(flow: str, target: str) -> tuple[str, str]:
    return rf'(<bpmn:sequenceFlow id="{flow}"[^>]*targetRef=)"\w+"', rf'\1"{target}"'


def into_lane(element: str, of: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Put an element into the lane in which the element `of` stands."""
    ref = "<bpmn:flowNodeRef>{}</bpmn:flowNodeRef>"
    return (
        (ref.format(element), ""),
        (ref.format(of), ref.format(of) + ref.format(element)),
    )


def handler(task: str, name: str) -> tuple[str, str]:
    return rf'(id="{task}".*?<spiffworkflow:serviceTaskOperator id=)"\w+"', rf'\1"{name}"'


def test_every_rule_holds_and_is_proved() -> None:
    assert check_policies(MODEL) == []


def test_every_rule_is_broken_below() -> None:
    said = set(re.findall(r'^name = "(.*)"$', FILES["policies.toml"].decode(), re.M))
    assert said == {OVERSIGHT, AGREED, TRIAGE, RECORDED, GIVEN, RETURNED, PASSED, URGENT}
    assert said == {rule for rules, *_ in BROKEN for rule in rules}


COORDINATOR = "caf_coordinator.bpmn"
BROKEN: list[tuple[set[str], dict[str, bytes], str, tuple[str, ...]]] = [
    (
        {OVERSIGHT},
        change(COORDINATOR, *into_lane("oversee_requested_closure", "make_enquiries")),
        "close_as_requested",
        ("close_requested", "oversee_requested_closure", "close_as_requested"),
    ),
    (
        {AGREED},
        change(
            COORDINATOR,
            (
                r'(id="from_is_requested_closure_agreed_to_close_as_requested".*?)'
                'closure_decision = "agree"',
                r'\1closure_decision = "decline"',
            ),
        ),
        "close_as_requested",
        ("close_requested", "oversee_requested_closure", "close_as_requested"),
    ),
    (
        {TRIAGE},
        change(COORDINATOR, *into_lane("receive_contact", "check_request")),
        "close_at_oversight",
        ("receive_contact", "close_at_oversight"),
    ),
    (
        {RECORDED},
        change(COORDINATOR, handler("note_consent", "record_outcome")),
        "complete_caf_assessment",
        ("note_consent", "is_consent_given", "complete_caf_assessment"),
    ),
    (
        {RECORDED, GIVEN},
        change(
            COORDINATOR,
            redirect("from_is_contact_closure_agreed_to_enquiries_begin", "progress_to_episode"),
        ),
        "complete_caf_assessment",
        ("oversee_contact_closure", "progress_to_episode", "complete_caf_assessment"),
    ),
    (
        {RETURNED},
        change(
            COORDINATOR,
            redirect("from_are_all_criteria_met_to_assessment_is_wanted", "assessment_is_sent"),
        ),
        "from_are_all_criteria_met_to_assessment_is_wanted",
        ("complete_caf_assessment", "quality_assure_assessment", "are_all_criteria_met"),
    ),
    (
        {PASSED},
        change(
            COORDINATOR,
            redirect("from_are_all_criteria_met_to_assessment_is_wanted", "plan_can_be_agreed"),
        ),
        "agree_plan",
        ("are_all_criteria_met", "plan_can_be_agreed", "agree_plan"),
    ),
    (
        {URGENT},
        change(
            "stuck_caf.bpmn",
            redirect("from_is_concern_urgent_to_refer_to_mash", "take_to_panel"),
            redirect("from_is_stuck_closure_agreed_to_stuck_discussion_is_due", "refer_to_mash"),
        ),
        "from_is_concern_urgent_to_refer_to_mash",
        ("is_concern_urgent", "take_to_panel"),
    ),
]


@pytest.mark.parametrize(("rules", "files", "element", "way"), BROKEN)
def test_a_broken_rule_is_found_with_the_way_to_it(
    rules: set[str], files: dict[str, bytes], element: str, way: tuple[str, ...]
) -> None:
    found = findings(files)
    assert {f.code for f in found} == {"policy"}, [str(f) for f in found]
    told = {rule: f for f in found for rule in rules if f"“{rule}”" in f.message}
    assert told.keys() == rules
    for finding in told.values():
        assert finding.severity == "error" and finding.line
        assert finding.element == element
        steps = [step for step in finding.steps if step in way]
        assert list(dict.fromkeys(steps)) == list(way)
        assert "It comes to this by: " in finding.message


def with_rules(text: str) -> list[Finding]:
    return findings({**FILES, "policies.toml": text.encode()})


def test_a_rule_whose_condition_is_drawn_nowhere_says_so() -> None:
    rule = '[[policy]]\nname = "X"\nwhat = [{ form = "agree_plan" }]\n'
    (found,) = with_rules(rule + 'only_after = [{ condition = "moon = true" }]')
    assert "Nothing in the diagrams is what `only_after` names" in found.message


def test_what_must_never_happen() -> None:
    rule = '[[policy]]\nname = "No panel"\nnever = [{ clause = "R15.4" }]'
    (found,) = with_rules(rule)
    assert (found.code, found.element, found.path) == ("policy", "take_to_panel", "stuck_caf.bpmn")
    assert found.steps[-1] == "take_to_panel"
    assert with_rules(rule.replace("never = [{", 'from = ["step_up"]\nnever = [{')) == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("[[policy]", "can't be read"),
        ("policies = 1", "list of [[policy]] tables"),
        ('[[policy]]\nnever = [{ id = "agree_plan" }]', "Rule 1 has no name"),
        ('[[policy]]\nname = "X"', "needs exactly one of: only_after, then_always, never"),
        ('[[policy]]\nname = "X"\nonly_after = [{ id = "agree_plan" }]', "does not say `what`"),
        ('[[policy]]\nname = "X"\nnever = "agree_plan"', "has to be a list such as"),
        ('[[policy]]\nname = "X"\nnever = [{ colour = "red" }]', "names elements by clause"),
        ('[[policy]]\nname = "X"\nnever = [{ id = "agree_plam" }]', "would hold without meaning"),
        ('[[policy]]\nname = "X"\nnever = [{ id = "agree_plan" }]\nfrom = ["y"]', "list processes"),
        (
            '[[policy]]\nname = "X"\nthen_allways = []\nnever = [{ id = "agree_plan" }]',
            "“then_allways” means nothing here",
        ),
    ],
)
def test_a_rule_that_cannot_be_understood_is_refused_in_words(rule: str, words: str) -> None:
    found = with_rules(rule)
    assert words in found[0].message
    assert {(f.code, f.path) for f in found} == {("policy-malformed", "policies.toml")}
