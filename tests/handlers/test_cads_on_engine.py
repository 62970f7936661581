"""From CADS to a CAF on the real engine: each outcome, who asks for consent, the search for a lead
professional, meetings and reassessment, and what may come up at any point.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engine import commands, due, queries
from engine.errors import InvalidAnswers, NotAllowed
from handlers import access, intake
from handlers.models import tacs
from tests.furnished import deploy
from tests.handlers import cads
from tests.handlers.desk import PEOPLE, action
from tests.handlers.office import AGREED, CONSENT, RETURNED, SENDER, Office


class Duty(Office):
    """The council that works with CADS."""

    model = "cads"

    def pass_time(self, until: str) -> None:
        """The clock moves on, and what falls due happens, a day at a time."""
        while self.now.date() < date.fromisoformat(until):
            self.now += timedelta(days=1)
            due.fire_due(self.runtime)
        assert queries.incidents(self.runtime, self.reference) == []

    def due_on(self, element: str) -> str:
        (task,) = [
            task
            for task in queries.open_tasks(self.runtime, self.reference)
            if task.element == element
        ]
        assert task.due_at is not None
        return task.due_at.date().isoformat()

    def notes(self, kind: str) -> list[str]:
        return [note.text for note in self.file().notes if note.kind == kind]

    def all_ended(self) -> bool:
        found = queries.instances(self.runtime, self.reference)
        assert queries.verify_history(self.runtime, self.reference) == []
        return self.open_tasks() == [] and all(one.status != "active" for one in found)


@pytest.fixture
def duty(engine: sa.Engine) -> Duty:
    return Duty(engine)


def test_from_the_recommendation_to_a_closed_caf(duty: Duty) -> None:
    cads.begin_caf(duty)
    assert duty.reference.startswith("CADS-2026-")
    file = duty.file()
    (made,) = file.recommendations
    assert (made.offer, made.recommended_by, made.agreed_by) == (
        "caf",
        "Sam Cadsworker",
        "Toni Teammanager",
    )
    assert (file.lead_professional, file.key_reason) == ("cadsleadpro", "parenting")
    assert file.consents[0].recorded_by == "Sam Cadsworker"
    assert sorted(duty.open_tasks()) == ["check_first_meeting", "complete_family_assessment"]
    cads.assess(duty)
    cads.meet_first(duty)
    plan = duty.file().plan
    assert plan is not None and plan.status == "agreed"
    cads.check_first(duty)
    cads.review(duty, "2026-05-10")
    cads.review(duty, "2026-06-20", "close", "yes")
    for decision in (RETURNED, AGREED):
        if duty.open_tasks() == ["hold_review_meeting"]:
            cads.review(duty, "2026-06-27", "close", "yes")
        cads.close(duty, **decision)
    file = duty.file()
    assert (file.closure_kind, file.closure_reason) == ("episode", "actions_complete")
    assert file.closed_by == "Sunny Supportmanager"
    assert duty.told("cadsleadpro")[0] == "A case is closed"
    assert duty.told("ehmanager") == []
    assert duty.all_ended()


def test_nobody_is_told_before_the_team_manager_agrees(duty: Duty) -> None:
    cads.start(duty)
    assert duty.open_tasks() == ["recommend_offer"]
    cads.recommend(duty)
    assert duty.open_tasks() == ["oversee_recommendation_of_offer"]
    cads.oversee(duty, threshold_reasons_clear="no", qa_reasons="Say what keeps Robin safe.")
    assert duty.open_tasks() == ["recommend_offer"]
    assert duty.told("linkworker") == [] and duty.notes("alert") == []
    cads.recommend(duty)
    cads.oversee(duty)
    assert duty.open_tasks() == ["tell_of_recommended_caf"]
    versions = [(one.version, one.agreed_by) for one in duty.file().recommendations]
    assert versions == [(2, "Toni Teammanager"), (1, None)]


def test_a_social_worker_does_not_oversee_their_own_recommendation(duty: Duty) -> None:
    cads.start(duty)
    cads.recommend(duty)
    (task,) = queries.open_tasks(duty.runtime, duty.reference)
    with pytest.raises(NotAllowed):
        commands.complete_task(
            duty.runtime, task.id, cads.STRONG | {"qa_comment": "Fine."}, PEOPLE["cadsworker"].actor
        )


def test_link_workers_are_alerted_by_note_and_in_their_inbox(duty: Duty) -> None:
    cads.start(duty)
    cads.recommend(duty)
    cads.oversee(duty)
    cads.tell_of_caf(duty)
    assert duty.told("linkworker") == ["CLW EHM: a CAF is recommended"]
    (alert,) = duty.notes("alert")
    assert alert.startswith("CLW EHM: a CAF is recommended\n")
    assert "Told Ash by telephone." in duty.notes("outcome")[0]


def test_a_caf_in_place_goes_on_with_a_stronger_plan(duty: Duty) -> None:
    cads.start(duty)
    cads.recommend(duty, "existing_caf")
    cads.oversee(duty)
    duty.do(
        "tell_of_caf_in_place",
        "cadsworker",
        **cads.TOLD,
        lead_professional="cadsleadpro",
        lead_professional_told="Telephoned.",
        caf_since="2025-06-01",
        additional_support="Help with mornings.",
    )
    assert duty.notes("alert") == []
    duty.do("seek_consent", "cadsworker", family_asked="yes", **CONSENT)
    assert duty.open_tasks() == ["strengthen_family_plan"]
    duty.do(
        "strengthen_family_plan",
        "cadsleadpro",
        held_on="2026-02-10",
        extra_actions=[action()],
        roles=cads.ROLES,
        referral_back="Robin is left alone.",
        next_tac_on="2026-03-31",
    )
    plan = duty.file().plan
    assert plan is not None and len(plan.actions) == 1
    assert duty.due_on("hold_review_meeting") == "2026-04-07"
    duty.pass_time("2026-06-03")
    assert "reassess_after_12_months" in duty.open_tasks()


def test_early_help_is_given_and_ends_without_a_caf(duty: Duty) -> None:
    begin_family_support(duty)
    support(duty, "no")
    for decision in (RETURNED, AGREED):
        if duty.open_tasks() == ["seek_consent_for_family_support"]:
            duty.do("seek_consent_for_family_support", "familysupport", **CONSENT)
            support(duty, "no")
        ask_to_close(duty, "ask_to_close_family_support", "familysupport", "support_given")
        duty.do("oversee_family_support_closure", "teamleader", **decision)
    file = duty.file()
    assert (file.closure_kind, file.closure_reason) == ("offer", "support_given")
    assert duty.all_ended()


def test_early_help_initiates_a_caf_where_one_is_required(duty: Duty) -> None:
    begin_family_support(duty)
    support(duty, "yes", lead_professional="familysupport")
    assert duty.file().lead_professional == "familysupport"
    assert sorted(duty.open_tasks()) == ["check_first_meeting", "complete_family_assessment"]
    assert duty.file().consents[0].recorded_by == "Fern Familysupport"


def begin_family_support(duty: Duty) -> None:
    cads.start(duty)
    cads.recommend(duty, "early_help")
    cads.oversee(duty)
    duty.do(
        "tell_of_early_help_offer",
        "cadsworker",
        **cads.TOLD,
        family_agrees=True,
        support_wanted="Mornings.",
    )
    duty.do("allocate_family_support_worker", "teamleader", family_support_worker="familysupport")
    duty.do("seek_consent_for_family_support", "familysupport", **CONSENT)


def support(duty: Duty, required: str, **more: Any) -> None:
    given = {"support_given": "Three visits in the mornings.", "caf_required": required}
    duty.do("give_family_support", "familysupport", **given, **more)


def ask_to_close(duty: Duty, element: str, by: str, reason: str) -> None:
    duty.do(
        element,
        by,
        closure_reason=reason,
        synopsis="Robin is safe.",
        advice_given="Children's Centre timetable.",
    )


def test_without_consent_the_team_manager_oversees_the_closure(duty: Duty) -> None:
    declined = {"consent": "declined", "consent_on": "2026-03-02", "statement": "Not now."}
    cads.start(duty)
    cads.recommend(duty)
    cads.oversee(duty)
    cads.tell_of_caf(duty)
    for decision in (RETURNED, AGREED):
        duty.do("seek_consent", "cadsworker", family_asked="yes", **declined)
        ask_to_close(duty, "ask_to_close_without_consent", "cadsworker", "no_consent")
        duty.do("oversee_closure_without_consent", "cadsmanager", **decision)
    file = duty.file()
    assert (file.closure_reason, file.episode_opened_at) == ("no_consent", None)
    assert duty.all_ended()


def test_the_lead_professional_asks_where_the_social_worker_could_not(duty: Duty) -> None:
    cads.start(duty)
    cads.recommend(duty)
    cads.oversee(duty)
    cads.tell_of_caf(duty)
    duty.do("seek_consent", "cadsworker", family_asked="no", why_not_asked="Nobody answered.")
    assert duty.file().consents == ()
    declined = {"consent": "declined", "consent_on": "2026-03-02", "statement": "Not now."}
    duty.do("seek_consent_before_caf", "cadsleadpro", **declined)
    ask_to_close(duty, "ask_to_close_before_caf", "cadsleadpro", "no_consent")
    duty.do("oversee_closure_before_caf", "ehmanager", **RETURNED)
    duty.do("seek_consent_before_caf", "cadsleadpro", **CONSENT)
    assert duty.file().consents[0].recorded_by == "Laurie Leadpro"
    assert "complete_family_assessment" in duty.open_tasks()


def test_advice_only_leaves_consent_to_the_referring_professional(duty: Duty) -> None:
    cads.start(duty, advice_only="yes")
    cads.recommend(duty)
    cads.oversee(duty)
    cads.tell_of_caf(duty)
    assert duty.open_tasks() == ["seek_consent_before_caf"]


def test_link_worker_and_panel_look_for_a_lead_professional(duty: Duty) -> None:
    search(duty)
    panel(duty, "cadsleadpro2")
    duty.do("seek_consent_before_caf", "cadsleadpro2", **CONSENT)
    assert duty.file().lead_professional_name == "Lindy Leadpro"
    assert "Lead professional: Lindy Leadpro" in duty.notes("outcome")[0]


def test_the_link_worker_finds_a_lead_professional(duty: Duty) -> None:
    search(duty, "cadsleadpro2")
    assert duty.open_tasks() == ["seek_consent_before_caf"]


def test_a_child_steps_down_to_universal_services_and_everybody_is_told(duty: Duty) -> None:
    search(duty)
    panel(duty)
    back = {"closure_decision": "return", "oversight_comment": "Ask the health visitor."}
    duty.do("step_down_to_universal_services", "ehmanager", **back)
    look_for_lead(duty)
    panel(duty)
    duty.do(
        "step_down_to_universal_services",
        "ehmanager",
        closure_decision="agree",
        oversight_comment="No agency agrees to lead.",
        informed=[{"name": "Ash Example", "how": "By telephone", "on": "2026-03-02"}],
        all_informed=True,
    )
    file = duty.file()
    assert (file.closure_kind, file.closure_reason) == ("offer", "no_lead_professional")
    assert "No agency agrees to lead." in duty.notes("outcome")[0]
    assert duty.told("cadsworker") == ["A child steps down to universal services"]
    assert duty.all_ended()


def search(duty: Duty, found: str | None = None) -> None:
    cads.start(duty)
    cads.recommend(duty)
    cads.oversee(duty)
    cads.tell_of_caf(duty, None)
    duty.do("seek_consent", "cadsworker", family_asked="yes", **CONSENT)
    look_for_lead(duty, found)


def look_for_lead(duty: Duty, found: str | None = None) -> None:
    led = {"lead_found": "yes", "lead_professional": found} if found else {"lead_found": "no"}
    duty.do(
        "find_lead_professional_with_family",
        "linkworker",
        contacted=[{"name": "Terry Teacher", "organisation": "School", "said": "No time."}],
        summary="Ash would choose the health visitor.",
        **led,
    )


def panel(duty: Duty, found: str | None = None) -> None:
    led = {"lead_found": "yes", "lead_professional": found} if found else {"lead_found": "no"}
    duty.do(
        "take_to_transforming_lives_panel",
        "ehmanager",
        panel_on="2026-03-02",
        agencies_considered="School and health.",
        **led,
    )


@pytest.mark.parametrize(
    ("stepped_down_on", "counts_from", "by"),
    [("2026-03-04", "recommendation", "2026-03-30"), ("2026-02-27", "step_down", "2026-03-27")],
)
def test_the_earlier_of_both_dates_counts_for_the_first_meeting(
    duty: Duty, stepped_down_on: str, counts_from: str, by: str
) -> None:
    cads.start(duty)
    cads.recommend(duty)
    cads.oversee(duty)
    changed = cads.TOLD | {"stepped_down_on": stepped_down_on}
    leader = {"lead_agreed": "yes", "lead_professional": "cadsleadpro"}
    duty.do("tell_of_recommended_caf", "cadsworker", **changed, **leader)
    duty.do("seek_consent", "cadsworker", family_asked="yes", **CONSENT)
    made = duty.file().recommendations[0]
    assert made.stepped_down_on == date.fromisoformat(stepped_down_on)
    assert made.agreed_on == date(2026, 3, 2)
    assert (made.counts_from, made.first_meeting_by) == (counts_from, date.fromisoformat(by))
    assert duty.due_on("check_first_meeting") == by
    cads.assess(duty)
    assert duty.due_on("hold_first_family_planning_meeting") == by


def test_a_plan_that_is_not_smart_comes_back(duty: Duty) -> None:
    cads.begin_caf(duty)
    cads.assess(duty, action(measure="TBC"))
    assert "complete_family_assessment" in duty.open_tasks()


def test_a_late_first_meeting_is_alerted_and_checked_again(duty: Duty) -> None:
    cads.begin_caf(duty)
    cads.assess(duty)
    duty.pass_time("2026-03-30")
    assert "A family planning meeting is overdue" not in duty.told("cadsleadpro")
    duty.pass_time("2026-04-01")
    assert duty.told("cadsleadpro")[0] == "A family planning meeting is overdue"
    assert duty.told("linkworker")[0] == "A family planning meeting is overdue"
    cads.check_first(duty, "no")
    assert duty.due_on("check_first_meeting") == "2026-04-08"
    duty.pass_time("2026-04-10")
    assert len(duty.told("cadsleadpro")) == 2


def test_a_review_is_due_after_6_weeks_and_overdue_after_8(duty: Duty) -> None:
    cads.begin_caf(duty)
    cads.assess(duty)
    duty.now += timedelta(days=23)  # 25 March
    cads.meet_first(duty)
    cads.check_first(duty)
    assert duty.due_on("hold_review_meeting") == "2026-05-20"
    duty.pass_time("2026-05-06")
    assert duty.told("cadsleadpro") == []
    duty.pass_time("2026-05-08")
    assert duty.told("cadsleadpro") == ["A review meeting is due"]
    duty.pass_time("2026-05-20")
    assert len(duty.told("cadsleadpro")) == 1
    duty.pass_time("2026-05-22")
    assert duty.told("cadsleadpro")[0] == "A family planning meeting is overdue"
    duty.pass_time("2026-05-29")
    assert duty.told("ehmanager") == ["A family planning meeting is overdue"]
    cads.review(duty, "2026-05-29")
    assert duty.due_on("hold_review_meeting") == "2026-07-24"


def test_after_12_months_the_caf_is_reassessed_if_it_is_still_required(duty: Duty) -> None:
    reviewed(duty)
    duty.pass_time("2027-03-04")
    assert "reassess_after_12_months" in duty.open_tasks()
    duty.do(
        "reassess_after_12_months",
        "cadsleadpro",
        caf_still_required="yes",
        contributions=[{"name": "Robin Example", "role": "Child", "said": "School is good."}],
        all_contributed=True,
        **cads.views(),
    )
    assert [one.version for one in duty.file().assessments] == [2, 1]
    assert duty.open_tasks() == ["hold_review_meeting"]
    cads.review(duty, "2027-03-10")
    duty.pass_time("2028-03-08")
    assert "reassess_after_12_months" in duty.open_tasks()


def test_a_caf_that_is_no_longer_required_is_not_reassessed(duty: Duty) -> None:
    reviewed(duty)
    duty.pass_time("2027-03-04")
    duty.do(
        "reassess_after_12_months",
        "cadsleadpro",
        caf_still_required="no",
        why_not_required="The family manages well.",
    )
    assert "Hold the final family planning meeting" in duty.told("cadsleadpro")
    assert duty.open_tasks() == ["hold_review_meeting"]


def test_no_reassessment_where_all_actions_are_met(duty: Duty) -> None:
    reviewed(duty, complete="yes")
    duty.pass_time("2027-03-04")
    assert duty.open_tasks() == ["hold_review_meeting"]


def reviewed(duty: Duty, complete: str = "no") -> None:
    cads.begin_caf(duty)
    cads.assess(duty)
    cads.meet_first(duty)
    cads.check_first(duty)
    cads.review(duty, "2026-05-10", complete=complete)


DISAGREEMENT = {"agency": "Sample Primary School", "disagreement": "Robin is not safe."}


def test_a_disagreement_is_documented_and_resolved_while_work_goes_on(duty: Duty) -> None:
    cads.start(duty)
    duty.send("disagreement_raised", "cadsworker", **DISAGREEMENT)
    assert sorted(duty.open_tasks()) == ["recommend_offer", "resolve_disagreement"]
    assert "Robin is not safe." in duty.notes("disagreement")[0]
    resolution = {"resolution": "Met the school.", "threshold_decision": "stands"}
    duty.do("resolve_disagreement", "cadsmanager", **resolution)
    assert duty.told("cadsworker") == [] or "A disagreement is resolved" in duty.told("cadsworker")
    assert duty.open_tasks() == ["recommend_offer"]
    assert "Met the school." in duty.notes("outcome")[0]


def test_a_decision_that_does_not_stand_goes_back_to_social_care(duty: Duty) -> None:
    cads.begin_caf(duty)
    for _ in range(2):
        duty.send("disagreement_raised", "cadsleadpro", **DISAGREEMENT)
    tasks = [
        task
        for task in queries.open_tasks(duty.runtime, duty.reference)
        if task.element == "resolve_disagreement"
    ]
    assert len(tasks) == 2
    again = {"resolution": "They are right.", "threshold_decision": "level_4"}
    commands.complete_task(duty.runtime, tasks[0].id, again, PEOPLE["cadsmanager"].actor)
    assert duty.told("cadsworker")[0] == "A disagreement is resolved"
    discuss(duty, "yes")
    duty.do("oversee_return_to_social_care", "cadsmanager", **RETURNED)
    discuss(duty, "yes")
    duty.do("oversee_return_to_social_care", "cadsmanager", **AGREED)
    file = duty.file()
    assert (file.closure_kind, file.closure_reason) == ("episode", "stepped_up")
    assert duty.all_ended()


def discuss(duty: Duty, met_now: str) -> None:
    more = {"summary": "Robin was left alone."} if met_now == "yes" else {}
    duty.do("discuss_level_4", "cadsworker", discussion="With Ash.", level_4_now=met_now, **more)


@pytest.mark.parametrize("by", ["cadsleadpro", "linkworker"])
def test_a_referral_back_that_is_not_agreed_changes_nothing(duty: Duty, by: str) -> None:
    cads.begin_caf(duty)
    duty.send("step_up_requested", by, reasons="Robin was left alone.")
    assert duty.told("cadsmanager")[0] == "A referral back into social care"
    discuss(duty, "no")
    assert sorted(duty.open_tasks()) == ["check_first_meeting", "complete_family_assessment"]
    assert duty.file().status == "open"


def test_a_closure_that_is_asked_for_is_overseen_while_work_goes_on(duty: Duty) -> None:
    asked = {"closure_reason": "moved_away", "closure_summary": "Moved to another town."}
    cads.begin_caf(duty)
    for decision in (RETURNED, AGREED):
        duty.send("close_requested", "linkworker", **asked)
        assert "complete_family_assessment" in duty.open_tasks()
        duty.do("oversee_requested_closure", "ehmanager", **decision)
    file = duty.file()
    assert (file.closure_kind, file.closure_reason) == ("episode", "moved_away")
    assert duty.all_ended()


def test_a_case_that_closes_takes_open_requests_with_it(duty: Duty) -> None:
    cads.start(duty)
    asked = {"closure_reason": "no_further_action", "closure_summary": "Sent twice."}
    duty.send("disagreement_raised", "cadsworker", **DISAGREEMENT)
    duty.send("step_up_requested", "cadsworker", reasons="Robin was left alone.")
    duty.send("close_requested", "cadsworker", **asked)
    duty.do("oversee_requested_closure", "ehmanager", **AGREED)
    assert duty.file().closure_kind == "offer"
    assert duty.all_ended()


@pytest.mark.parametrize(
    ("change", "field"),
    [({"level_4_met": "yes"}, "level_4_met"), ({"immediate_risk": "yes"}, "immediate_risk")],
)
def test_a_child_who_needs_social_care_does_not_start_here(
    duty: Duty, change: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidAnswers) as refused:
        cads.start(duty, **change)
    assert "stays with social care" in refused.value.errors[field]


def test_another_system_starts_a_case_once(duty: Duty) -> None:
    sent = cads.referral() | {"source": "cads"}
    for key in ("level_4_met", "immediate_risk", "advice_only", "domestic_abuse"):
        sent[key] = False
    sent["consent_given"] = True
    first = intake.receive_contact(duty.runtime, sent, SENDER)
    again = intake.receive_contact(duty.runtime, sent, SENDER)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.reference == again.reference
    duty.reference = first.reference
    (task,) = queries.open_tasks(duty.runtime, duty.reference)
    assert (task.element, task.tray, task.assignee) == ("recommend_offer", "cads", None)
    cads.recommend(duty)
    assert duty.file().recommendations[0].recommended_by == "Sam Cadsworker"


def test_each_council_sees_its_own_cases_only(duty: Duty) -> None:
    cads.begin_caf(duty)
    theirs = duty.reference
    deploy(duty.runtime, "caf")
    duty.receive()
    ours = duty.reference
    seen = {
        "cadsworker": {theirs},
        "cadsworker2": set(),
        "cadsmanager": {theirs},
        "linkworker": {theirs},
        "teamleader": {theirs},
        "ehmanager": {theirs},
        "familysupport": set(),
        "cadsleadpro": {theirs},
        "cadsleadpro2": set(),
        "manager": {ours},
        "coordinator": {ours},
        "mash": {ours},
        "dats": set(),
        "servicemanager": set(),
        "panel": set(),
        "socialworker": {ours},
        "socialcare": set(),
        "leadpro": set(),
        "analyst": set(),
    }
    with duty.runtime.database.connect() as connection:
        for person, cases in seen.items():
            visible = {
                one for one in (theirs, ours) if access.may_see(connection, PEOPLE[person], one)
            }
            assert (person, visible) == (person, cases)


def test_whoever_may_read_only_may_still_disagree_and_refer_back(duty: Duty) -> None:
    cads.start(duty)
    cads.recommend(duty)
    cads.oversee(duty)
    cads.tell_of_caf(duty)
    reader = {"name": "Lindy Leadpro", "organisation": "Health", "access": "read"}
    named = CONSENT | {"professionals": [reader | {"email": PEOPLE["cadsleadpro2"].email}]}
    duty.do("seek_consent", "cadsworker", family_asked="yes", **named)
    with duty.runtime.database.connect() as connection:
        may = {
            message: access.may_ask(connection, PEOPLE["cadsleadpro2"], duty.reference, message)
            for message in ("disagreement_raised", "step_up_requested", "close_requested")
        }
        stranger = access.may_ask(
            connection, PEOPLE["familysupport"], duty.reference, "disagreement_raised"
        )
    assert list(may.values()) == [True, True, False]
    assert not stranger


def test_each_council_names_its_own_lead_professionals(duty: Duty) -> None:
    cads.begin_caf(duty)
    with duty.runtime.database.connect() as connection:
        offered = duty.runtime.services.choice_lists["lead_professionals"](
            connection, duty.reference
        )
    assert {one.value for one in offered} == {"cadsleadpro", "cadsleadpro2", "familysupport"}


def test_each_council_is_told_of_its_own_children_only(duty: Duty) -> None:
    cads.begin_caf(duty)
    with duty.runtime.database.begin() as connection:
        answers = [
            access.look_up(
                connection,
                PEOPLE[person],
                "Robin Example",
                date(2017, 5, 4),
                reason="A nurse asks.",
                now=duty.now,
            )
            for person in ("linkworker", "coordinator")
        ]
    assert [one.open_episode for one in answers] == [True, False]
    assert answers[0].contacts == ("Laurie Leadpro",)


def test_meetings_are_kept_in_order(duty: Duty) -> None:
    reviewed(duty)
    with duty.runtime.database.connect() as connection:
        rows = connection.execute(
            sa.select(tacs.c.number, tacs.c.held_on)
            .where(tacs.c.case_reference == duty.reference)
            .order_by(tacs.c.number)
        ).all()
    assert [(row.number, row.held_on) for row in rows] == [
        (1, date(2026, 3, 25)),
        (2, date(2026, 5, 10)),
        (3, None),
    ]
