"""Why a task is there and where a case is: on the pages, and in words for every kind of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from engine import commands
from engine.queries import (
    Answer,
    Cause,
    Clause,
    DecisionTaken,
    Grounds,
    Place,
    Reckoning,
    Turn,
    Way,
)
from web import why

from .conftest import World
from .test_cases import SECTIONS
from .test_episodes import PASSED, RETURNED, assessed

AGREED = {
    "plan_agreed_with_family": True,
    "plan_actions_smart": True,
    "agreed_by": "Pat Example",
    "first_tac_on": "2026-04-20",
}


def with_a_concern(world: World) -> str:
    """A case with a first meeting agreed and a concern that is discussed beside it."""
    reference = assessed(world, PASSED)
    world.complete("coordinator", reference, "agree_plan", **AGREED)
    commands.correlate(
        world.runtime,
        "concern_raised",
        reference,
        {"concern": "No one opens the door.", "urgent": False},
        world.actor("leadpro"),
    )
    return reference


# On the pages


def test_a_task_says_which_answer_led_to_it_what_can_follow_and_why_it_is_due(
    world: World,
) -> None:
    reference = assessed(world, RETURNED)
    page = world.browser("leadpro").get(f"/tasks/{world.task(reference).id}")
    for words in (
        "Why this task exists",
        "2J, CAF assessment. Completed by the community lead professional",
        "On 4 March 2026 Casey Co-ordinator answered at “Quality assure assessment” (2K, R1.2):",
        "Is the voice of the child clear? No",
        "So “All four criteria met?” is “No: back to the author”.",
        "Quality assure assessment (2K, R1.2, CAF co-ordinator)",
        "4 March 2026 + 25 working days = 10 April 2026, not counting weekends or the bank "
        "holidays 3 and 6 April (2J in the table “Timescales of the steps”).",
    ):
        assert words in page.text, words


def test_a_task_in_a_tray_says_by_which_rules_it_came_there(world: World) -> None:
    reference = world.contact()
    world.complete(
        "mash", reference, "complete_basic_checks", checks_outcome="None.", recommendation="caf"
    )
    page = world.browser("manager").get(f"/tasks/{world.task(reference).id}")
    assert "On 4 March 2026 Max Mash completed “Complete basic checks” (1F, 2A, 2B)." in page.text
    assert "The service decided “Rate contact”. Rule 7: R1.3" in page.text
    assert "On to CAF co-ordinator process (map 2) (2F) if “Which tray?” is “Co-ordinators”" in (
        page.text
    )


def test_the_first_task_of_a_case_says_how_it_began(world: World) -> None:
    reference = world.contact()
    page = world.browser("mash").get(f"/tasks/{world.task(reference).id}")
    assert "it began at “Contact received”" in page.text
    assert "by another system (sender)" in page.text
    assert "“Which form is it?” is “E-CAF”" in page.text


@pytest.mark.parametrize("section", SECTIONS)
def test_every_page_of_a_case_says_at_which_clauses_it_is(world: World, section: str) -> None:
    reference = with_a_concern(world)
    page = world.browser("coordinator").get(f"/cases/{reference}{section}")
    shown = " ".join(
        " ".join(item.text_content().split())
        for item in page.all("//ul[@aria-labelledby='whereabouts']/li")
    )
    for words in (
        "2N CAF continues: Hold TAC meeting (Lead professional)",
        "4C Initial discussion with the CAF co-ordinator: Discuss issues (CAF co-ordinator)",
        "on 20 April 2026 the time for “TAC overdue” comes, unless “Hold TAC meeting” is done",
        "2F Tray transfer: goes on in CAF co-ordinator process (map 2)",
        "goes on in Stuck CAF (map 4)",
    ):
        assert words in shown, words


def test_a_closed_case_is_at_no_clause(world: World) -> None:
    reference = world.contact()
    world.complete(
        "mash", reference, "complete_basic_checks", checks_outcome="None.", recommendation="caf"
    )
    world.complete(
        "manager",
        reference,
        "decide_tray",
        tray_decision="close",
        tray_decision_reason="Advice is enough.",
        advice_given="Breakfast club.",
    )
    page = world.browser("manager").get(f"/cases/{reference}")
    assert "Where this case is now" not in page.text


def test_the_tasks_of_a_case_say_why_they_are_there_to_whoever_may_see_it(world: World) -> None:
    reference = with_a_concern(world)
    page = world.browser("leadpro").get(f"/cases/{reference}/tasks")
    concern, meeting = (
        " ".join(
            page.all(f"//details[@id='why-{world.task(reference, name).id}']")[0]
            .text_content()
            .split()
        )
        for name in ("discuss_stuck_caf", "hold_tac")
    )
    # The task stands in a called map, its cause in the map that called it.
    assert (
        "this came from Lee Leadpro: “Raise a concern about this CAF” (4A, 4B, R2.1), in CAF "
        "co-ordinator process (map 2): A child may be at immediate or urgent risk: No" in concern
    )
    assert "Resolved (4E), then back to CAF co-ordinator process (map 2)" in concern
    # What decided nothing is not repeated.
    assert "No one opens the door." not in concern
    assert (
        "20 April 2026 is what Casey Co-ordinator answered at “Agree plan with family” to “When "
        "will the first Team Around the Child be?”." in meeting
    )
    assert "Beside this task: Alert sent (2Q, R2.3) if the time for “TAC overdue” comes" in meeting
    links = world.browser("leadpro").get(f"/cases/{reference}").links()
    assert links["Why it is there : Hold TAC meeting"].startswith(f"/cases/{reference}/tasks#why-")


def test_a_tray_shows_the_clauses_of_its_tasks(world: World) -> None:
    world.contact()
    assert "1F, 2A, 2B" in world.browser("mash").get("/").text


# In words

CLAUSE = Clause("2K", "Map 2", "Oversight", "Co-ordinator", "It is looked at.")
MORNING = datetime(2026, 3, 4, 9, tzinfo=UTC)
CAUSE = Cause("task_completed", "Look", "Here", (), MORNING, "casey", "", (), (), ())
WAY = Way("userTask", "Look", "Worker", (CLAUSE,), (), False, "", "", "", False)
RECKONING = Reckoning(date(2026, 3, 4), date(2026, 3, 6), "2 days", None, "", False, (), None)
GROUNDS = Grounds("Here", (CLAUSE,), "", (CAUSE,), (WAY,), "", RECKONING)
NAMES = {"casey": "Casey Co-ordinator"}


def sentence(**changes: object) -> str:
    told = why.in_words(replace(GROUNDS, causes=(replace(CAUSE, **changes),)), NAMES).causes[0]
    return " ".join([told.sentence, *told.notes])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "On 4 March 2026 Casey Co-ordinator completed “Look”."),
        ({"clauses": (CLAUSE,)}, "On 4 March 2026 Casey Co-ordinator completed “Look” (2K)."),
        (
            {"answers": (Answer("Well?", "Yes"),), "process_name": "There"},
            "On 4 March 2026 Casey Co-ordinator answered at “Look”, in There:",
        ),
        (
            {"kind": "message"},
            "On 4 March 2026 this came from Casey Co-ordinator: “Look”.",
        ),
        ({"kind": "timer"}, "On 4 March 2026 the time for “Look” came."),
        (
            {"kind": "timer", "attached_to": "Wait"},
            "On 4 March 2026 the time for “Look” came. “Wait” was not done by then.",
        ),
        (
            {"kind": "started", "actor": "system"},
            "On 4 March 2026 it began at “Look”, by the service.",
        ),
        (
            {"turns": (Turn("Ready?", "Yes"), Turn("", "On"), Turn("Why?", ""))},
            "On 4 March 2026 Casey Co-ordinator completed “Look”. So “Ready?” is “Yes” and it is "
            "“On”.",
        ),
        (
            {"decisions": (DecisionTaken("Rate", {"outputs": {"rating": "green"}, "rules": []}),)},
            "On 4 March 2026 Casey Co-ordinator completed “Look”. The service decided “Rate”. "
            "Rating: Green",
        ),
    ],
)
def test_what_led_here_is_a_sentence(changes: dict[str, object], said: str) -> None:
    assert sentence(**changes) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Look (2K, Worker)"),
        ({"clauses": (), "role": ""}, "Look"),
        (
            {"turns": (Turn("Ready?", "Yes"),), "joins": True},
            "Look (2K, Worker) if “Ready?” is “Yes” and the steps beside it are done",
        ),
        ({"kind": "callActivity", "called": "Map 4"}, "On to Map 4 (2K)"),
        ({"kind": "endEvent"}, "The end of this part: Look (2K), then back to Caller"),
        ({"kind": "endEvent", "clauses": ()}, "The end of this part: Look then back to Caller"),
        ({"kind": "intermediateCatchEvent"}, "A wait for Look (2K)"),
        (
            {"event": "Late", "event_kind": "timer"},
            "Look (2K, Worker) if the time for “Late” comes",
        ),
        (
            {"event": "Stop", "event_kind": "message", "beside": True, "kind": "callActivity",
             "called": "Map 4"},
            "Beside this task: on to Map 4 (2K) if “Stop” happens",
        ),
    ],
)  # fmt: skip
def test_what_can_come_next_is_said_with_its_conditions(
    changes: dict[str, object], said: str
) -> None:
    grounds = replace(GROUNDS, ways=(replace(WAY, **changes),), caller="Caller")
    (way,) = why.in_words(grounds, NAMES).next
    words = [way.before, way.name, way.after, way.when and f"if {way.when}"]
    assert " ".join(filter(None, words)) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "4 March 2026 + 2 days = 6 March 2026."),
        (
            {"start": date(2026, 11, 30), "end": date(2027, 2, 28), "allowed": "3 months",
             "step": "2Q", "table": "Times"},
            "30 November 2026 + 3 months = 28 February 2027, the last day of that month (2Q in "
            "the table “Times”).",
        ),
        (
            {"working_days": True, "allowed": "2 working days"},
            "4 March 2026 + 2 working days = 6 March 2026.",
        ),
        (
            {"working_days": True, "allowed": "5 working days", "start": date(2026, 12, 23),
             "end": date(2027, 1, 4),
             "holidays": (date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1))},
            "23 December 2026 + 5 working days = 4 January 2027, not counting weekends or the "
            "bank holidays 25 and 28 December and 1 January.",
        ),
    ],
)  # fmt: skip
def test_the_arithmetic_of_a_due_date_is_written_out(changes: dict[str, object], said: str) -> None:
    grounds = replace(GROUNDS, reckoning=replace(RECKONING, **changes))
    assert why.in_words(grounds, NAMES).due == said


def test_without_a_due_date_nothing_is_said_of_it() -> None:
    assert why.in_words(replace(GROUNDS, reckoning=None), NAMES).due == ""


PLACE = Place(1, "Map 2", "userTask", "look", "Look", "Worker", (CLAUSE,), None, "", "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Look (Worker)"),
        ({"role": ""}, "Look"),
        ({"kind": "serviceTask"}, "the service could not go on at “Look”"),
        (
            {"kind": "intermediateCatchEvent", "due_at": MORNING},
            "waits until 4 March 2026: Look",
        ),
        ({"kind": "intermediateCatchEvent"}, "waits for “Look”"),
        ({"kind": "parallelGateway"}, "waits at “Look” until the steps beside it are done"),
    ],
)
def test_a_place_is_said_in_words(changes: dict[str, object], said: str) -> None:
    (place,) = why.whereabouts([replace(PLACE, **changes)])
    assert (place.clause, place.step, place.text) == ("2K", "Oversight", said)


def test_a_place_without_a_clause_is_named_by_its_process() -> None:
    (place,) = why.whereabouts([replace(PLACE, clauses=())])
    assert (place.clause, place.step, place.also) == ("", "Map 2", "")


def test_of_many_clauses_only_the_first_are_listed() -> None:
    clauses = [replace(CLAUSE, id=f"2{letter}") for letter in "ABCDEF"]
    assert why.clause_ids(clauses[:4]) == "2A, 2B, 2C, 2D"
    assert why.clause_ids(clauses) == "2A, 2B, 2C and 3 more"
