from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from engine.errors import InvalidAnswers, NotAllowed, NotFound, ServiceError
from handlers.actions import add_action, amend_action, plan_problems, smart_gaps
from handlers.casefile import CaseClosed
from tests.handlers.desk import Desk, action


def test_a_smart_action_has_no_gaps() -> None:
    assert smart_gaps(action()) == ()


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("owner", "has no owner: say who will do it"),
        ("outcome", "has no outcome: say what will be better for the child"),
        ("measure", "has no measure: say how everyone will know that the outcome is reached"),
        ("due_on", "has no date: say by when it will be done"),
        ("action", "does not say what will be done"),
    ],
)
@pytest.mark.parametrize("nothing", [None, "", "  ", "TBC", "n/a", "tbc."])
def test_each_part_that_is_missing_is_named(missing: str, words: str, nothing: str | None) -> None:
    assert smart_gaps(action(**{missing: nothing})) == (words,)


def test_a_plans_problems_name_the_action() -> None:
    assert plan_problems([action(), action(owner="", due_on=None)]) == (
        "Action 2 (“Offer a place in the breakfast club”) has no owner: say who will do it.",
        "Action 2 (“Offer a place in the breakfast club”) has no date: "
        "say by when it will be done.",
    )
    assert plan_problems([]) == ("The plan has no actions: add at least one.",)


def test_the_episode_has_a_lead_professional_and_a_key_reason(desk: Desk) -> None:
    desk.open_episode()
    file = desk.file()
    assert (file.lead_professional, file.lead_professional_name) == ("leadpro", "Lee Leadpro")
    assert (file.key_reason, file.episode_opened_at) == ("parenting", desk.now)


def test_another_key_reason_is_kept_in_its_own_words(desk: Desk) -> None:
    desk.register()
    desk.consent()
    desk.submit(
        "progress_to_episode",
        "coordinator",
        key_reason="other",
        key_reason_other="Bereavement",
        lead_professional="leadpro",
    )
    assert desk.run("open_episode", form="progress_to_episode") == {"lead_professional": "leadpro"}
    assert desk.file().key_reason == "Bereavement"


def test_only_a_lead_professional_leads(desk: Desk) -> None:
    desk.register()
    desk.consent()
    desk.submit(
        "progress_to_episode", "coordinator", key_reason="parenting", lead_professional="mash"
    )
    with pytest.raises(ServiceError, match="Max Mash may not lead a CAF"):
        desk.run("open_episode", form="progress_to_episode")


def test_a_running_caf_is_handed_over_and_keeps_its_key_reason(desk: Desk) -> None:
    desk.open_episode()
    before = desk.file()
    desk.submit("reassign", "socialworker", lead_professional="leadpro2")
    assert desk.run("reassign_case", form="reassign") == {
        "lead_professional": "leadpro2",
        "handed_over": True,
    }
    after = desk.file()
    assert after.lead_professional == "leadpro2"
    assert (after.key_reason, after.episode_opened_at) == (
        before.key_reason,
        before.episode_opened_at,
    )


def test_a_caf_is_handed_over_to_a_lead_professional_only(desk: Desk) -> None:
    desk.open_episode()
    desk.submit("reassign", "socialworker", lead_professional="coordinator")
    with pytest.raises(ServiceError, match="Casey Co-ordinator may not lead a CAF"):
        desk.run("reassign_case", form="reassign")
    assert desk.file().lead_professional == "leadpro"


def test_an_assessment_keeps_views_needs_and_a_draft_plan(desk: Desk) -> None:
    desk.open_episode()
    assert desk.assess(action()) == {"plan_is_smart": True}
    file = desk.file()
    (assessment,) = file.assessments
    assert (assessment.child_views, assessment.author) == ("I like breakfast.", "Lee Leadpro")
    assert assessment.content == {
        "strengths": "A close family.",
        "needs": "A calm start to the day.",
    }
    assert assessment.review_date == date(2026, 6, 1)
    assert file.plan is not None
    assert (file.plan.status, file.plan.problems) == ("draft", ())
    assert [(item.owner, item.due_on, item.smart) for item in file.plan.actions] == [
        ("Example Primary School", date(2026, 5, 1), True)
    ]


def test_a_plan_that_is_not_smart_says_why(desk: Desk) -> None:
    desk.open_episode()
    assert desk.assess(action(measure="")) == {"plan_is_smart": False}
    file = desk.file()
    assert file.plan is not None
    assert file.plan.actions[0].gaps == (
        "has no measure: say how everyone will know that the outcome is reached",
    )
    assert file.assessments[0].plan_problems == file.plan.problems


def test_a_second_version_replaces_the_draft_actions_and_keeps_the_first_version(
    desk: Desk,
) -> None:
    desk.open_episode()
    desk.assess(action(measure=""))
    desk.assess(action(action="Visit the school together"))
    file = desk.file()
    assert [assessment.version for assessment in file.assessments] == [2, 1]
    assert file.plan is not None
    assert [item.action for item in file.plan.actions] == ["Visit the school together"]


def test_no_assessment_once_consent_is_withdrawn(desk: Desk) -> None:
    desk.open_episode()
    desk.consent("withdrawn")
    with pytest.raises(ServiceError, match="An assessment needs the family's consent"):
        desk.assess(action())


def test_a_plan_that_is_not_smart_is_not_finalised_until_it_is_mended(desk: Desk) -> None:
    desk.open_episode()
    desk.assess(action(owner="TBC"))
    desk.submit("agree_plan", "coordinator", plan_agreed_with_family=True, agreed_by="Ash Example")
    with pytest.raises(ServiceError, match=r"is not SMART yet. Action 1 .* has no owner"):
        desk.run("finalise_plan", form="agree_plan")
    amend(desk, owner="Terry Teacher")
    desk.run("finalise_plan", form="agree_plan")
    plan = desk.file().plan
    assert plan is not None
    assert (plan.status, plan.agreed_by, plan.finalised_by) == (
        "agreed",
        "Ash Example",
        "Casey Co-ordinator",
    )


def test_a_plan_the_family_refuses_is_not_finalised(desk: Desk) -> None:
    desk.open_episode()
    desk.assess(action())
    desk.submit("agree_plan", "coordinator", plan_agreed_with_family=False)
    with pytest.raises(ServiceError, match="not agreed with the family"):
        desk.run("finalise_plan", form="agree_plan")


def test_a_new_assessment_erases_nothing_of_an_agreed_plan(desk: Desk) -> None:
    desk.open_episode()
    desk.assess(action(), action(action="Join the parents' group"))
    desk.agree_plan()
    amend(desk, status="done")
    desk.assess(action(action="Move to the new school"))
    plan = desk.file().plan
    assert plan is not None
    assert [(item.action, item.status) for item in plan.actions] == [
        ("Offer a place in the breakfast club", "done"),
        ("Move to the new school", "open"),
    ]


def amend(desk: Desk, user: str = "leadpro", **changes: Any) -> None:
    plan = desk.file().plan
    assert plan is not None
    with desk.database.begin() as connection:
        amend_action(
            connection,
            desk.person(user),
            desk.reference,
            plan.actions[0].id,
            changes,
            now=desk.now,
        )


def test_progress_of_an_action_is_kept_and_noted(desk: Desk) -> None:
    desk.open_episode()
    desk.assess(action())
    desk.agree_plan()
    amend(desk, progress="Started on Monday", status="done", due_on="2026-05-02")
    file = desk.file()
    assert file.plan is not None
    item = file.plan.actions[0]
    assert (item.progress, item.status, item.due_on) == (
        "Started on Monday",
        "done",
        date(2026, 5, 2),
    )
    assert [(note.text, note.author) for note in file.notes] == [
        (
            "Plan action changed (“Offer a place in the breakfast club”): date, progress, status.",
            "Lee Leadpro",
        )
    ]
    amend(desk, progress="Started on Monday")
    assert len(desk.file().notes) == 1


def test_an_action_is_added_to_an_empty_plan_if_it_is_smart(desk: Desk) -> None:
    desk.open_episode()
    assert desk.assess() == {"plan_is_smart": False}
    with desk.database.begin() as connection:
        leader = desk.person("leadpro")
        with pytest.raises(InvalidAnswers) as caught:
            add_action(connection, leader, desk.reference, action(owner="TBC"), now=desk.now)
        assert caught.value.errors == {"owner": "The action has no owner: say who will do it."}
        added = add_action(connection, leader, desk.reference, action(), now=desk.now)
    plan = desk.file().plan
    assert plan is not None
    assert [(item.id, item.smart) for item in plan.actions] == [(added, True)]
    desk.agree_plan()


def test_a_late_action_is_open_past_its_date(desk: Desk) -> None:
    desk.open_episode()
    desk.assess(action())
    plan = desk.file().plan
    assert plan is not None
    assert not plan.actions[0].late(date(2026, 5, 1))
    assert plan.actions[0].late(date(2026, 5, 2))


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"action": " "}, {"action": "Enter what will be done."}),
        ({"status": "lost"}, {"status": "Choose open, done or dropped."}),
        (
            {"due_on": "soon"},
            {"due_on": "The date must be a real date such as 2026-05-03."},
        ),
        ({"colour": "red"}, {"colour": "A plan action has no “colour”."}),
        ({"progress": "x" * 4001}, {"progress": "The progress must be 4,000 characters or less."}),
    ],
)
def test_a_bad_change_is_refused_in_words(
    desk: Desk, changes: dict[str, Any], errors: dict[str, str]
) -> None:
    desk.open_episode()
    desk.assess(action())
    with pytest.raises(InvalidAnswers) as caught:
        amend(desk, **changes)
    assert caught.value.errors == errors


def test_an_action_of_another_case_is_not_found(desk: Desk) -> None:
    desk.open_episode()
    with desk.database.begin() as connection, pytest.raises(NotFound, match="has no action 99"):
        amend_action(
            connection, desk.person("leadpro"), desk.reference, 99, {"owner": "x"}, now=desk.now
        )


def test_a_stranger_to_the_case_changes_nothing(desk: Desk) -> None:
    desk.open_episode()
    desk.assess(action())
    with pytest.raises(NotFound, match="not one of yours"):
        amend(desk, user="leadpro2", status="done")
    desk.consent(professionals=[{"name": "Lou", "email": "leadpro2@partner.example"}])
    with pytest.raises(NotAllowed, match="lets you read the file"):
        amend(desk, user="leadpro2", status="done")


def test_the_plan_of_a_closed_case_is_locked(desk: Desk) -> None:
    desk.open_episode()
    desk.assess(action())
    desk.submit("request", "coordinator", closure_reason="actions_complete")
    desk.submit("oversight", "manager", closure_decision="agree")
    desk.run("close_case", kind="episode", request="request", oversight="oversight")
    with pytest.raises(CaseClosed, match="its file is locked"):
        amend(desk, status="done")
