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
