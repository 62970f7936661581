"""A case with an episode: its pages, work sent back, a concern, and an incident that is mended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine import database, queries
from handlers import directory

from .conftest import World

ACTION = {
    "need": "Alex starts the day hungry",
    "action": "Offer a place in the breakfast club",
    "owner": "Example Primary School",
    "outcome": "Alex is ready to learn",
    "measure": "Alex comes four days a week",
    "due_on": "2026-05-01",
}


CONSENT = {
    "consent": "given",
    "consent_how": "verbal",
    "consent_on": "2026-03-04",
    "given_by": [{"name": "Pat Example", "relationship": "Mother", "is_child": False}],
    "statement": "School and health visitor may share what helps.",
}
ASSESSMENT = {
    "child_views": "I am tired.",
    "family_views": "Mornings are hard.",
    "professional_views": "Late three days a week.",
    "strengths": "Warm relationship.",
    "needs": "Routine.",
    "plan_actions": [ACTION],
    "review_date": "2026-06-04",
}
PASSED = {
    "child_voice_clear": "yes",
    "needs_identified": "yes",
    "plan_meets_needs": "yes",
    "review_date_recorded": "yes",
    "next_step": "agree_plan",
}
RETURNED = {
    **{name: "yes" for name in PASSED if name != "next_step"},
    "child_voice_clear": "no",
    "qa_reasons": "Alex’s own words about home are missing.",
}
TO_THE_ASSESSMENT: list[tuple[str, str, dict[str, Any]]] = [
    ("mash", "complete_basic_checks", {"checks_outcome": "None.", "recommendation": "caf"}),
    (
        "manager",
        "decide_tray",
        {"tray_decision": "co_ordinators", "tray_decision_reason": "Several needs."},
    ),
    ("coordinator", "create_contact_record", {"co_ordinator": "coordinator"}),
    (
        "coordinator",
        "make_enquiries",
        {"enquiries": "Spoke to the school.", "enquiry_outcome": "caf_required"},
    ),
    ("coordinator", "confirm_consent", CONSENT),
    (
        "coordinator",
        "progress_to_episode",
        {"key_reason": "parenting", "lead_professional": "leadpro"},
    ),
    ("leadpro", "complete_caf_assessment", ASSESSMENT),
]


def assessed(world: World, verdict: dict[str, Any]) -> str:
    """A case with a CAF assessment that the co-ordinator has judged."""
    reference = world.contact()
    for user, element, answers in TO_THE_ASSESSMENT:
        world.complete(user, reference, element, **answers)
    world.complete("coordinator", reference, "quality_assure_assessment", **verdict)
    return reference


def set_active(world: World, user_id: str, active: bool) -> None:
    def change(connection):  # type: ignore[no-untyped-def]
        user = directory.user(connection, user_id)
        assert user is not None
        directory.save_user(connection, replace(user, active=active))

    database.transact(world.runtime.database, change)


def with_an_incident(world: World) -> str:
    """A case whose lead professional left just when they are to be told of the first TAC."""
    reference = assessed(world, PASSED)
    set_active(world, "leadpro", False)
    world.complete(
        "coordinator",
        reference,
        "agree_plan",
        plan_agreed_with_family=True,
        plan_actions_smart=True,
        agreed_by="Pat Example",
        first_tac_on="2026-04-20",
    )
    assert queries.incidents(world.runtime)
    return reference


def test_without_incidents_the_page_says_so(world: World) -> None:
    assert "There are no incidents." in world.browser("manager").get("/incidents").text


def test_an_incident_is_seen_mended_and_tried_again(world: World) -> None:
    reference = with_an_incident(world)
    browser = world.browser("manager")
    page = browser.get("/incidents")
    assert reference in page.text
    assert "Lee Leadpro is no longer active" in page.text
    case = world.browser("coordinator").get(f"/cases/{reference}")
    assert "The service could not go on at" in case.text
    assert "Nobody has anything to do until that is mended." in case.text
    assert "Tried" in page.text
    assert "1 time" in page.text
    again = browser.follow(browser.press(page, "Try again"))
    assert "tried again and failed again" in again.text
    assert "2 times" in again.text
    assert "could not go on at" in browser.get(f"/cases/{reference}/diagram").text
    set_active(world, "leadpro", True)
    done = browser.follow(browser.press(again, "Try again"))
    assert "It was tried again and went through." in done.text
    assert "There are no incidents." in done.text
    assert world.task(reference).element == "hold_tac"
    # Someone else had the old page open.
    browser.press(again, "Try again", status=404)


def test_a_case_with_an_episode_reads_well_for_its_lead_professional(world: World) -> None:
    reference = with_an_incident(world)
    set_active(world, "leadpro", True)
    browser = world.browser("manager")
    browser.press(browser.get("/incidents"), "Try again")
    lead = world.browser("leadpro")
    summary = lead.get(f"/cases/{reference}")
    assert "Lee Leadpro" in summary.text
    assert "School and health visitor may share what helps." in summary.text
    plan = lead.get(f"/cases/{reference}/plan")
    assert "Offer a place in the breakfast club" in plan.text
    assert "Agreed with the family" in plan.text
    assert "Agreed for the family by Pat Example" in plan.text
    assert "Recorded by Casey Co-ordinator, 4 March 2026" in plan.text
    assert "20 April 2026" in lead.get(f"/cases/{reference}/meetings").text
    for section in ("tasks", "timeline", "timeline?show=all", "diagram", "notes"):
        lead.get(f"/cases/{reference}/{section}")
    # Another school's lead professional does not see it, nor can be given a task of it.
    held = world.task(reference, "hold_tac")
    assert "Nobody else could do this task" in browser.get(f"/tasks/{held.id}/give").text
    world.browser("leadpro3").get(f"/cases/{reference}", 404)
    # A concern may be raised at any point, and starts the discussion with the co-ordinator.
    page = lead.get(summary.links()["Raise a concern about this CAF"])
    empty = lead.press(page, "Send", status=422)
    assert empty.title.startswith("Error")
    sent = lead.follow(lead.press(page, "Send", {"concern": "Alex was out late alone."}))
    assert "Sent: Raise a concern about this CAF." in sent.text
    assert "Alex was out late alone." in lead.get(f"/cases/{reference}/notes").text
    assert len(queries.open_tasks(world.runtime, reference)) == 2
    # What a look-up tells: that there is a CAF and with whom, and nothing more.
    mash = world.browser("mash")
    asked = {"name": "Alex Example", "born-day": "1", "born-month": "5", "born-year": "2018",
             "reason": "The school asks."}  # fmt: skip
    told = mash.press(mash.get("/ask-about-a-child"), "Look it up", asked, status=200)
    assert "Open CAF Yes" in told.text
    assert "Lee Leadpro" in told.text
    assert "breakfast" not in told.text


def test_returned_work_comes_back_with_reasons_and_with_what_was_sent(world: World) -> None:
    reference = assessed(world, RETURNED)
    task = world.task(reference, "complete_caf_assessment")
    browser = world.browser("leadpro")
    page = browser.get(f"/tasks/{task.id}")
    assert "This came back to you" in page.text
    assert "Alex’s own words about home are missing." in page.text
    assert "I am tired." in page.text
    # A row more, without JavaScript, keeps everything that was typed.
    page = browser.press(page, "Add another action", {"child_views": "At home too."}, status=200)
    assert page.all("//*[@id='plan_actions-1-action' or @name='plan_actions[1].action']")
    assert "At home too." in page.text
    assert "Error" not in page.title


def test_a_plan_that_is_not_smart_comes_back_with_its_gaps_and_with_what_was_sent(
    world: World,
) -> None:
    reference = world.contact()
    for user, element, answers in TO_THE_ASSESSMENT[:-1]:
        world.complete(user, reference, element, **answers)
    vague = {**ASSESSMENT, "plan_actions": [{**ACTION, "owner": "TBC"}]}
    world.complete("leadpro", reference, "complete_caf_assessment", **vague)
    world.complete("coordinator", reference, "quality_assure_assessment", **PASSED)
    task = world.task(reference, "complete_caf_assessment")
    page = world.browser("leadpro").get(f"/tasks/{task.id}")
    assert "This came back to you" in page.text
    assert "has no owner: say who will do it" in page.text
    assert "Mornings are hard." in page.form("Continue").data["family_views"][0]


def give_roles(world: World, user_id: str, *roles: str) -> None:
    def change(connection):  # type: ignore[no-untyped-def]
        user = directory.user(connection, user_id)
        assert user is not None
        directory.save_user(connection, replace(user, roles=user.roles | set(roles)))

    database.transact(world.runtime.database, change)


def test_nobody_oversees_the_closure_that_they_asked_for(world: World) -> None:
    give_roles(world, "coordinator", "caf_duty_manager")
    reference = assessed(
        world,
        {
            **PASSED,
            "next_step": "no_further_action",
            "closure_reason": "no_identified_needs",
            "closure_summary": "The school helps already.",
        },
    )
    task = world.task(reference, "oversee_no_further_action")
    browser = world.browser("coordinator")
    page = browser.get(f"/tasks/{task.id}", 403)
    assert page.heading == "Someone else has to do this task"
    assert "You asked for this closure yourself" in page.text
    token = page.form("Sign out").data["csrf_token"]
    browser.post(f"/tasks/{task.id}/claim", {"csrf_token": token}, 403)
    agreed = '{"closure_decision": "agree", "oversight_comment": "Fine."}'
    sent = {"csrf_token": token, "answers": agreed}
    browser.post(f"/tasks/{task.id}/check", sent, 403)
    assert queries.task(world.runtime, task.id).status == "open"
    # Nor can it be given to them; who has it already can only put it back.
    given = world.browser("manager").get(f"/tasks/{task.id}/give")
    assert "Maddie Manager" in given.text
    assert "Casey Co-ordinator" not in given.text
    world.claim("coordinator", task)
    page = browser.get(f"/tasks/{task.id}", 403)
    browser.press(page, "Put it back in the tray")
    world.complete("manager", reference, task.element,
                   closure_decision="agree", oversight_comment="Fine.")  # fmt: skip
    assert queries.incidents(world.runtime) == []
    assert "oversaw the closure" in browser.get(f"/cases/{reference}").text


def test_nobody_quality_assures_what_they_wrote(world: World) -> None:
    give_roles(world, "coordinator", "lead_professional")
    reference = world.contact()
    for user, element, answers in TO_THE_ASSESSMENT:
        writes = element in ("progress_to_episode", "complete_caf_assessment")
        chosen = {"lead_professional": "coordinator"} if "lead_professional" in answers else {}
        world.complete("coordinator" if writes else user, reference, element, **answers | chosen)
    task = world.task(reference, "quality_assure_assessment")
    assert task.assignee == "coordinator"
    browser = world.browser("coordinator")
    page = browser.get(f"/tasks/{task.id}", 403)
    assert "You wrote what is judged here yourself" in page.text
    browser.press(page, "Put it back in the tray")
    other = world.browser("coordinator2")
    other.press(other.get(f"/tasks/{task.id}"), "Claim")
    assert other.get(f"/tasks/{task.id}").form("Continue")
