"""Claiming, answering, checking and confirming a task; and what happens when someone is faster."""

from __future__ import annotations

from engine import commands, database, queries
from handlers import cases

from .conftest import World

CHECKS = {"checks_outcome": "No open case, one contact in 2024.", "recommendation": "caf"}


def test_a_task_is_claimed_answered_checked_and_confirmed(world: World) -> None:
    reference = world.contact()
    browser = world.browser("mash")
    start = browser.get("/")
    assert "Example" in start.text
    page = browser.follow(browser.press(start, "Claim"))
    assert page.heading == world.task(reference).name
    assert "Why this task exists" in page.text
    page = browser.follow(browser.press(page, "Continue", CHECKS))
    assert page.heading == "Check your answers"
    assert "No open case, one contact in 2024." in page.text
    page = browser.follow(browser.press(page, "Confirm"))
    assert "Done:" in page.text
    assert page.path == f"/cases/{reference}"
    with database.reading(world.runtime.database) as connection:
        check = cases.case(connection, reference).checks[0]
    assert check.outcome == "No open case, one contact in 2024."
    assert check.checked_by == "Max Mash"


def test_missing_answers_are_listed_above_and_said_beside(world: World) -> None:
    task = world.task(world.contact())
    world.claim("mash", task)
    browser = world.browser("mash")
    page = browser.press(
        browser.get(f"/tasks/{task.id}"), "Continue", {"checks_outcome": "Kept"}, status=422
    )
    assert page.title.startswith("Error: ")
    summary = page.all("//div[contains(@class, 'govuk-error-summary')]//a/@href")
    assert len(summary) == 1
    assert page.all(f"//*[@id='{summary[0][1:]}']")
    assert "Kept" in page.text


def test_answers_saved_for_later_are_there_again(world: World) -> None:
    task = world.task(world.contact())
    world.claim("mash", task)
    browser = world.browser("mash")
    page = browser.press(
        browser.get(f"/tasks/{task.id}"), "Save and come back later", {"checks_outcome": "Half"}
    )
    assert "Your answers are saved" in browser.follow(page).text
    assert "Half" in browser.get(f"/tasks/{task.id}").text
    # An unfinished draft cannot be checked, only finished.
    browser.get(f"/tasks/{task.id}/check", 303)


def test_an_answer_can_be_changed_before_it_is_confirmed(world: World) -> None:
    task = world.task(world.contact())
    world.claim("mash", task)
    browser = world.browser("mash")
    page = browser.follow(browser.press(browser.get(f"/tasks/{task.id}"), "Continue", CHECKS))
    change = next(
        href for words, href in page.links().items() if words.startswith("Change What did")
    )
    page = browser.get(change.partition("#")[0])
    assert page.all(f"//*[@id='{change.partition('#')[2]}']")
    page = browser.follow(browser.press(page, "Continue", {"checks_outcome": "Changed"}))
    assert "Changed" in page.text


def test_a_lost_race_says_who_was_first_and_keeps_what_was_typed(world: World) -> None:
    reference = world.contact()
    task = world.task(reference)
    world.claim("mash", task)
    browser = world.browser("mash")
    form = browser.get(f"/tasks/{task.id}")
    check = browser.follow(browser.press(form, "Continue", CHECKS))
    commands.assign(world.runtime, task.id, "mash2", world.actor("manager"))
    world.complete("mash2", reference, task.element, **CHECKS, social_care_open=False)
    typed = {**CHECKS, "checks_outcome": "Three lines that took long to write"}
    for button, page in (("Continue", form), ("Save and come back later", form)):
        lost = browser.press(page, button, typed, status=409)
        assert lost.heading == "Your answers were not saved"
        assert "Mia Mash completed" in lost.text
        assert "Three lines that took long to write" in lost.text
    lost = browser.press(check, "Confirm", status=409)
    assert "Mia Mash completed" in lost.text
    assert CHECKS["checks_outcome"] in lost.text
    with database.reading(world.runtime.database) as connection:
        assert len(cases.case(connection, reference).checks) == 1
    assert "Mia Mash completed" in browser.get(f"/tasks/{task.id}").text


def test_pressing_confirm_twice_does_the_task_once_and_frightens_nobody(world: World) -> None:
    reference = world.contact()
    task = world.task(reference)
    world.claim("mash", task)
    browser = world.browser("mash")
    form = browser.get(f"/tasks/{task.id}")
    check = browser.follow(browser.press(form, "Continue", CHECKS))
    browser.press(check, "Confirm")
    page = browser.follow(browser.press(check, "Confirm"))
    assert page.path == f"/cases/{reference}"
    assert "You had confirmed this already" in page.text
    with database.reading(world.runtime.database) as connection:
        assert len(cases.case(connection, reference).checks) == 1
    # Other answers than those that were confirmed are not taken for the same.
    lost = browser.press(
        check, "Confirm", {"answers": '{"checks_outcome": "Other", "recommendation": "caf"}'},
        status=409,
    )  # fmt: skip
    assert "You completed" in lost.text
    assert "Other" in lost.text


def test_a_task_given_to_someone_else_meanwhile_keeps_what_was_typed(world: World) -> None:
    task = world.task(world.contact())
    world.claim("mash", task)
    browser = world.browser("mash")
    form = browser.get(f"/tasks/{task.id}")
    commands.assign(world.runtime, task.id, "mash2", world.actor("manager"))
    lost = browser.press(form, "Continue", CHECKS, status=409)
    assert "is now with Mia Mash" in lost.text
    assert CHECKS["checks_outcome"] in lost.text


def test_two_who_claim_at_once(world: World) -> None:
    task = world.task(world.contact())
    browser = world.browser("mash2")
    page = browser.get("/")
    world.claim("mash", task)
    refused = browser.press(page, "Claim", status=403)
    assert "is with Max Mash" in refused.text


def test_someone_elses_task_and_another_roles_task_are_refused_in_words(world: World) -> None:
    task = world.task(world.contact())
    assert "is for a MASH worker" in world.browser("manager").get(f"/tasks/{task.id}", 403).text
    world.claim("mash", task)
    assert "is with Max Mash" in world.browser("mash2").get(f"/tasks/{task.id}", 403).text
    browser = world.browser("manager")
    token = browser.get("/").form("Sign out").data["csrf_token"]
    data = {"csrf_token": token, "answers": '{"checks_outcome": "Mine", "recommendation": "caf"}'}
    browser.post(f"/tasks/{task.id}/check", data, 409)
    assert queries.task(world.runtime, task.id).status == "open"


def test_a_claimed_task_can_go_back_to_its_tray(world: World) -> None:
    reference = world.contact()
    task = world.task(reference)
    world.claim("mash", task)
    browser = world.browser("mash")
    page = browser.press(browser.get(f"/tasks/{task.id}"), "Put it back in the tray")
    assert "back in the tray" in browser.follow(page).text
    assert world.task(reference).assignee is None


def test_fields_that_the_form_does_not_have_are_refused(world: World) -> None:
    task = world.task(world.contact())
    world.claim("mash", task)
    browser = world.browser("mash")
    page = browser.get(f"/tasks/{task.id}")
    refused = browser.press(page, "Continue", {**CHECKS, "rating": "green"}, status=422)
    assert "rating" in refused.text
    assert queries.task(world.runtime, task.id).draft is None


def test_answers_beyond_their_limit_are_refused_and_kept_on_the_page(world: World) -> None:
    task = world.task(world.contact())
    world.claim("mash", task)
    browser = world.browser("mash")
    page = browser.get(f"/tasks/{task.id}")
    refused = browser.press(
        page, "Continue", {**CHECKS, "checks_outcome": "x" * 50_000}, status=422
    )
    assert "characters or less" in refused.text


def test_answers_to_confirm_that_were_tampered_with(world: World) -> None:
    task = world.task(world.contact())
    world.claim("mash", task)
    browser = world.browser("mash")
    check = browser.follow(browser.press(browser.get(f"/tasks/{task.id}"), "Continue", CHECKS))
    half = '{"checks_outcome": "\\ud800", "recommendation": "caf"}'
    for sent in ("", "[]", "{", "null", "[" * 100_000, half):
        browser.press(check, "Confirm", {"answers": sent}, status=400)
    page = browser.press(check, "Confirm", {"answers": '{"recommendation": "moon"}'}, status=422)
    assert page.all("//div[contains(@class, 'govuk-error-summary')]")
    assert queries.task(world.runtime, task.id).status == "open"


def test_a_question_that_an_answer_opens_is_asked_before_checking(world: World) -> None:
    """Without JavaScript the page cannot grow by itself: it is shown again, with the question."""
    reference = world.contact()
    world.complete(
        "mash", reference, world.task(reference).element, **CHECKS, social_care_open=False
    )
    task = world.task(reference, "decide_tray")
    world.claim("manager", task)
    browser = world.browser("manager")
    # The draft says another tray, so the question is not on the page.
    commands.save_draft(
        world.runtime, task.id, {"tray_decision": "co_ordinators"}, world.actor("manager")
    )
    page = browser.get(f"/tasks/{task.id}")
    assert not page.all("//*[@name='advice_given']")
    closing = {"tray_decision": "close", "tray_decision_reason": "Advice is enough."}
    page = browser.press(page, "Continue", closing, status=200)
    assert "now also asks for" in page.text
    assert "There is a problem" not in page.text
    assert page.all("//*[@name='advice_given']")
    page = browser.press(page, "Continue", {**closing, "advice_given": "Breakfast club."})
    assert "Breakfast club." in browser.follow(page).text


def test_what_was_recorded_before_is_there_to_decide_on(world: World) -> None:
    reference = world.contact()
    world.complete(
        "mash", reference, world.task(reference).element, **CHECKS, social_care_open=False
    )
    task = world.task(reference, "decide_tray")
    page = world.browser("manager").get(f"/tasks/{task.id}")
    assert CHECKS["checks_outcome"] in page.text
    assert "Max Mash" in page.text


def test_a_duty_manager_gives_a_task_to_someone_else(world: World) -> None:
    reference = world.contact()
    task = world.task(reference)
    world.claim("mash", task)
    browser = world.browser("manager")
    page = browser.get(f"/cases/{reference}/tasks")
    assert f"/tasks/{task.id}/give" in page.links().values()
    page = browser.get(f"/tasks/{task.id}/give")
    assert "Max Mash has it now" in page.text
    refused = browser.press(page, "Give the task", status=422)
    assert "Select who should have this task" in refused.text
    # Only those with the task's role are offered or accepted.
    browser.press(page, "Give the task", {"to": "leadpro"}, status=422)
    page = browser.follow(browser.press(page, "Give the task", {"to": "mash2"}))
    assert "is now with Mia Mash" in page.text
    assert world.task(reference).assignee == "mash2"
    page = browser.get(f"/cases/{reference}/timeline")
    assert f"Given to Mia Mash: {task.name}" in page.text
    world.complete("mash2", reference, task.element, **CHECKS, social_care_open=False)
    assert "This task is finished" in browser.get(f"/tasks/{task.id}/give").text
