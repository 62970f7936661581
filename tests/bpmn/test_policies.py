"""The rules of the CAF model hold; each is broken in a copy of its diagrams, and that is found."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from engine.definitions import files_of
from engine.errors import Finding
from engine.policies import check_policies
from handlers import services
from tests.bpmn import breaking
from tests.bpmn.breaking import findings, handler, into_lane, only, redirect
from tests.furnished import shipped

FILES = files_of(Path(__file__).parents[2] / "bpmn" / "caf")
MODEL = shipped("caf")

OVERSIGHT = "No case is closed without oversight by a CAF duty manager"
AGREED = "No case is closed unless the oversight agreed to it"
TRIAGE = "No contact is closed at triage except by a CAF duty manager's decision"
RECORDED = "No episode is opened and no assessment made before consent is recorded"
GIVEN = "No episode is opened and no assessment made unless consent was given"
RETURNED = "An assessment that is returned comes back to its author, unless the case is closed"
ANEW = "An assessment that is returned goes nowhere before its author has done it again"
PASSED = "No plan is agreed from an assessment that did not pass quality assurance"
SMART = "No plan is agreed unless its actions are SMART"
URGENT = "An urgent concern is referred to the MASH"
AT_ONCE = "The MASH is told of an urgent concern before anything else"
DECIDED = "The MASH decides about every urgent referral"
OPENLY = "The panel hears a case openly only if the family agrees"
READ = "Nothing goes to the panel that nobody has read through"
RESOLVED = "A disagreement about a step up is resolved by a service manager"
CARRIED = "A case that steps up carries its most recent CAF and TAC outcomes"


change = partial(breaking.change, FILES)


def test_every_rule_holds_and_is_proved() -> None:
    assert check_policies(MODEL, services) == []


def test_every_rule_is_broken_below() -> None:
    said = set(re.findall(r'^name = "(.*)"$', FILES["policies.toml"].decode(), re.M))
    before = {OVERSIGHT, AGREED, TRIAGE, RECORDED, GIVEN, RETURNED, ANEW, PASSED, SMART}
    assert said == before | {URGENT, AT_ONCE, DECIDED, OPENLY, READ, RESOLVED, CARRIED}
    assert said == {rule for rules, *_ in BROKEN for rule in rules}


COORDINATOR = "caf_coordinator.bpmn"
OVERVIEW = "overview.bpmn"
STUCK = "stuck_caf.bpmn"
STEP_UP = "step_up.bpmn"
BROKEN: list[tuple[set[str], dict[str, bytes], str, tuple[str, ...]]] = [
    (
        {OVERSIGHT},
        change(OVERVIEW, *into_lane("oversee_requested_closure", "complete_basic_checks")),
        "close_as_requested",
        ("close_requested", "oversee_requested_closure", "close_as_requested"),
    ),
    (
        {OVERSIGHT, AGREED},
        change(
            COORDINATOR,
            redirect(
                "from_request_episode_closure_to_complete_episode_closure", "close_the_episode"
            ),
            redirect("from_close_the_episode_to_episode_closed", "complete_episode_closure"),
            redirect("from_is_episode_closure_agreed_to_close_the_episode", "episode_closed"),
        ),
        "close_the_episode",
        ("request_episode_closure", "close_the_episode"),
    ),
    (
        {AGREED},
        change(
            OVERVIEW,
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
        "start_the_episode",
        ("note_consent", "is_consent_given", "start_the_episode"),
    ),
    (
        {RECORDED, GIVEN},
        change(
            COORDINATOR,
            redirect("from_is_contact_closure_agreed_to_enquiries_begin", "progress_to_episode"),
        ),
        "start_the_episode",
        ("oversee_contact_closure", "progress_to_episode", "start_the_episode"),
    ),
    (
        {RECORDED, GIVEN},
        change(
            COORDINATOR,
            (
                r'(id="from_is_caf_under_way_to_caf_goes_on".*?)plan_agreed_with_family = true',
                r'\1cluster = "south"',
            ),
        ),
        "complete_caf_assessment",
        ("is_caf_under_way", "caf_goes_on", "complete_caf_assessment"),
    ),
    (
        {GIVEN},
        change(
            "safer_families.bpmn",
            redirect(
                "from_is_safer_families_consent_given_to_safer_families_contact_should_close",
                "open_safer_families_episode",
            ),
            redirect(
                "from_is_safer_families_consent_given_to_open_safer_families_episode",
                "safer_families_contact_should_close",
            ),
        ),
        "open_safer_families_episode",
        ("is_safer_families_consent_given", "open_safer_families_episode"),
    ),
    (
        {ANEW},
        change(
            COORDINATOR,
            redirect("from_are_all_criteria_met_to_assessment_is_wanted", "assessment_is_sent"),
        ),
        "quality_assure_assessment",
        ("complete_caf_assessment", "quality_assure_assessment", "are_all_criteria_met"),
    ),
    (
        {RETURNED},
        change(
            "caf_social_worker.bpmn",
            (
                r'(id="from_does_social_work_caf_go_on_after_concern_to_social_work_caf_ended_by_'
                r'concern".*?)case_closed = true',
                r'\1outcome = "continue"',
            ),
        ),
        "from_does_social_work_assessment_pass_to_social_work_assessment_is_wanted",
        ("does_social_work_assessment_pass", "social_work_caf_ended_by_concern"),
    ),
    (
        {RETURNED},
        change(
            COORDINATOR,
            redirect("from_are_all_criteria_met_to_assessment_is_wanted", "overdue_tac_alerted"),
        ),
        "from_are_all_criteria_met_to_assessment_is_wanted",
        ("complete_caf_assessment", "are_all_criteria_met", "episode_has_ended"),
    ),
    (
        {ANEW, PASSED, SMART},
        change(
            COORDINATOR,
            redirect("from_are_all_criteria_met_to_assessment_is_wanted", "plan_can_be_agreed"),
        ),
        "agree_plan",
        ("are_all_criteria_met", "plan_can_be_agreed", "agree_plan"),
    ),
    (
        {SMART},
        change(
            "caf_social_worker.bpmn",
            ("case_closed != true and plan_is_smart = true", "case_closed != true"),
        ),
        "agree_social_work_plan",
        ("does_social_work_caf_go_on_after_assessment", "agree_social_work_plan"),
    ),
    (
        {URGENT},
        change(
            STUCK,
            (
                r'(id="refer_own_caf_to_mash".*?name="form" value=)"urgent_referral"',
                r'\1"request_step_up"',
            ),
        ),
        "from_is_concern_urgent_to_tell_mash_at_once",
        ("is_concern_urgent", "tell_mash_at_once", "refer_own_caf_to_mash"),
    ),
    (
        {AT_ONCE},
        change(
            STUCK,
            redirect("from_is_concern_urgent_to_tell_mash_at_once", "who_leads_the_stuck_caf"),
            redirect("from_refer_to_mash_to_mash_has_referral", "tell_mash_at_once"),
            redirect("from_tell_mash_at_once_to_who_leads_the_stuck_caf", "mash_has_referral"),
        ),
        "refer_to_mash",
        ("is_concern_urgent", "who_leads_the_stuck_caf", "refer_to_mash"),
    ),
    (
        {DECIDED},
        change(STUCK, *into_lane("receive_urgent_referral", "refer_to_mash")),
        "refer_to_mash",
        ("refer_to_mash", "receive_urgent_referral"),
    ),
    (
        {OPENLY},
        change(STUCK, redirect("from_prepare_panel_case_to_pack_is_wanted", "write_open_pack")),
        "write_open_pack",
        ("prepare_panel_case", "write_open_pack"),
    ),
    (
        {READ},
        change(STUCK, ('pack_fit = "yes"', 'pack_fit != "no"')),
        "send_pack_to_panel",
        ("review_panel_pack", "is_pack_fit", "send_pack_to_panel"),
    ),
    (
        {RESOLVED},
        change(STEP_UP, *into_lane("resolve_disagreement", "discuss_with_dats")),
        "from_do_both_agree_to_resolve_disagreement",
        ("do_both_agree", "resolve_disagreement"),
    ),
    (
        {CARRIED},
        change(
            STEP_UP,
            redirect("from_step_up_is_agreed_to_transfer_to_social_care", "save_transfer"),
            redirect("from_save_transfer_to_receive_transfer", "transfer_to_social_care"),
            redirect("from_transfer_to_social_care_to_save_transfer", "receive_transfer"),
        ),
        "receive_transfer",
        ("save_transfer", "transfer_to_social_care", "receive_transfer"),
    ),
]


@pytest.mark.parametrize(("rules", "files", "element", "way"), BROKEN)
def test_a_broken_rule_is_found_with_the_way_to_it(
    rules: set[str], files: dict[str, bytes], element: str, way: tuple[str, ...]
) -> None:
    # A condition that is broken may also be one that its form can never meet, and that is told too.
    found = [f for f in findings(only(rules, files)) if f.code != "feel-type"]
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
    assert (found.code, found.element, found.path) == ("policy", "prepare_panel_case", STUCK)
    assert found.steps[-1] == "prepare_panel_case"
    assert with_rules(rule.replace("never = [{", 'from = ["step_up"]\nnever = [{')) == []


def test_what_waits_beside_the_work_does_not_hide_it() -> None:
    """Requests wait on the overview from the start; the proof still comes to the last step."""
    (found,) = with_rules('[[policy]]\nname = "X"\nnever = [{ id = "close_the_episode" }]')
    assert (found.code, found.element) == ("policy", "close_the_episode")


def test_a_variable_that_is_followed_closes_ways_until_it_is_given() -> None:
    rule = '[[policy]]\nname = "X"\nnever = [{ id = "from_is_caf_under_way_to_caf_goes_on" }]\n'
    from_map_2 = rule + 'from = ["caf_coordinator"]\n'
    follows = 'follows = ["plan_agreed_with_family"]'
    assert [found.code for found in with_rules(from_map_2)] == ["policy"]
    assert with_rules(from_map_2 + follows) == []
    (found,) = with_rules(rule + follows)
    assert {"agree_social_work_plan", "agree_safer_families_plan"} & set(found.steps)


def test_a_rule_for_each_process_does_not_count_what_its_callers_did() -> None:
    rule = (
        '[[policy]]\nname = "X"\nwhat = [{ id = "discuss_with_dats" }]\n'
        'only_after = [{ handler = "register_contact" }]\n'
    )
    assert with_rules(rule) == []
    (found,) = with_rules(rule + 'from = "each process"')
    assert found.steps[0] == "step_up_wanted"


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
        (
            '[[policy]]\nname = "X"\nnever = [{ id = "agree_plan" }]\nfrom = ["y"]',
            "or list processes",
        ),
        (
            '[[policy]]\nname = "X"\nnever = [{ id = "agree_plan" }]\nfollows = ["moon"]',
            "`follows` has to list variables",
        ),
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
