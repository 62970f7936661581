"""Why a task is there: what led to it, what can come next, and how its due date came about."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import commands, database, due, models, queries, versions
from engine.bpmn import read_diagram
from engine.definitions import lone_model
from engine.diagrams import Process
from engine.errors import NotFound
from engine.forms import Form
from engine.identity import Actor
from engine.model import Model
from engine.queries import Answer, Turn
from engine.runtime import Runtime
from engine.services import ServiceRegistry
from engine.spiff import Program, waiting_at
from tests.engine.conftest import MANAGER, WORKER, Clock, Office, write
from tests.engine.drawing import (
    Block,
    document,
    draw,
    element,
    flows,
    message,
    process,
    properties,
    timer,
)
from tests.engine.errand import FILES, form, radio, text
from tests.engine.test_commands import BIG, DONE, begin, do, task
from tests.engine.test_runs import blocks, conditions_of

MODEL = b"""
id = "visit"
name = "Visits"
start = "visit"
business_key = "V-{number:04}"
timescales = "timescales"

[roles]
worker = "Worker"

[trays]
todo = "To do"

[messages.worry_raised]
label = "Raise a worry"
form = "worry"
roles = ["worker"]
"""

CLAUSES = b"""id,map,step,responsible,what
1,Visits,Ask,Worker,The way is asked for.
2,Visits,Look,Worker,Someone looks at it.
"""


def ask(id: str, form: str = "note", **values: str) -> str:
    return element("userTask", id, properties(form=form, tray="todo", **values))


def named(drawing: str, **names: str) -> str:
    """The flows with these ids get these names."""
    for id, name in names.items():
        drawing = drawing.replace(f'id="{id}"', f'id="{id}" name="{name}"')
    return drawing


ERROR = '<bpmn:errorEventDefinition errorRef="broken"/>'

TASKS = (
    "choose",
    "left_one",
    "left_two",
    "both_done",
    "after_look",
    "try_it",
    "mend_it",
    "hear_worry",
    "chase",
    "after_scope",
)

VISIT = named(
    process(
        "visit",
        element("startEvent", "asked")
        + ask("choose", "way", clause="1")
        + element("exclusiveGateway", "which_way", default="which_way_to_scope")
        + element("parallelGateway", "split")
        + ask("left_one")
        + ask("left_two")
        + element("parallelGateway", "join")
        + ask("both_done", due="=duration(&quot;P1M&quot;)")
        + element("callActivity", "have_a_look", calledElement="look")
        + ask("after_look")
        + element(
            "subProcess",
            "scope",
            element("startEvent", "scope_begins")
            + ask("try_it", "verdict")
            + element("exclusiveGateway", "worked", default="worked_to_broke")
            + element("endEvent", "broke", ERROR)
            + element("endEvent", "fine")
            + flows(
                "scope_begins > try_it > worked; worked > broke;"
                'worked > fine | verdict = "fine"'
            ),
        )
        + element("boundaryEvent", "mishap", ERROR, attachedToRef="scope")
        + ask("mend_it")
        + element(
            "boundaryEvent",
            "worry",
            message("worry_raised"),
            attachedToRef="scope",
            cancelActivity="false",
        )
        + ask("hear_worry")
        + element("boundaryEvent", "late", timer("timeDuration", 'duration("P3D")'),
                  attachedToRef="left_one", cancelActivity="false")
        + ask("chase")
        + ask("after_scope", due="=on")
        + element("endEvent", "chased")
        + element("endEvent", "heard")
        + element("endEvent", "ended")
        + flows(
            'asked > choose > which_way; which_way > split | way = "left";'
            'which_way > have_a_look | way = "right"; which_way > scope;'
            "split > left_one > join; split > left_two > join; join > both_done > ended;"
            "have_a_look > after_look > ended; scope > after_scope > ended;"
            "mishap > mend_it > ended; worry > hear_worry > heard; late > chase > chased"
        ),
        dict.fromkeys(TASKS, "Worker"),
    ),
    which_way_to_split="Left",
    which_way_to_have_a_look="Right",
    which_way_to_scope="Round",
    worked_to_broke="No",
)  # fmt: skip

LOOK = process(
    "look",
    element("startEvent", "look_begins")
    + ask("look_at_it", "verdict", clause="2")
    + element("exclusiveGateway", "is_fine", default="is_fine_to_look_at_it")
    + element("endEvent", "looked")
    + flows(
        "look_begins > look_at_it > is_fine; is_fine > look_at_it;"
        'is_fine > looked | verdict = "fine"'
    ),
    {"look_at_it": "Worker"},
)

VISITS: dict[str, bytes] = {
    "model.toml": MODEL,
    "clauses.csv": CLAUSES,
    "visit.bpmn": document(
        VISIT,
        messages=("worry_raised",),
        declared='<bpmn:error id="broken" errorCode="broken"/>',
    ),
    "look.bpmn": document(LOOK),
    "decisions/timescales.dmn": FILES["decisions/timescales.dmn"],
    "forms/way.form": form(
        "way",
        radio("way", "left", "right", "round"),
        {"type": "datetime", "subtype": "date", "key": "on", "dateLabel": "When to meet?"},
        text("remark"),
    ),
    "forms/verdict.form": form("verdict", radio("verdict", "fine", "not fine")),
    "forms/note.form": form("note", {"type": "textfield", "key": "note", "label": "Note"}),
    "forms/worry.form": form("worry", text("worry")),
}


def visit(runtime: Runtime, folder: Path, way: str, **more: str) -> str:
    """A visit for which the way is chosen."""
    commands.deploy(runtime, write(folder / "visit", VISITS), MANAGER)
    key = commands.start(runtime, "visit", "visit", {}, WORKER).business_key
    do(runtime, key, "choose", {"way": way, "remark": "It rains.", **more})
    return key


def grounds(runtime: Runtime, key: str, name: str) -> queries.Grounds:
    return queries.grounds(runtime, task(runtime, key, name))


def told(grounds: queries.Grounds) -> list[tuple[str, str]]:
    return [(cause.kind, cause.name) for cause in grounds.causes]


@pytest.fixture(scope="module")
def lone_runtime(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Runtime, Clock]]:
    """A node on a database that all examples of a test share, and its clock."""
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("lone") / "lone.sqlite3")
    engine, clock = database.connect(f"sqlite:///{path}"), Clock()
    yield Runtime(engine, ServiceRegistry(), clock), clock
    engine.dispose()


def deploy_unchecked(runtime: Runtime, model: Model) -> None:
    """Make a model the newest version although nothing but its diagram is there."""
    with runtime.database.begin() as connection:
        before = connection.execute(sa.select(sa.func.count(models.deployment.c.id))).scalar_one()
        number = versions.record(connection, model, before + 1, MANAGER, runtime.clock())
    programs = {name: Program(each) for name, each in model.processes.items()}
    runtime.keep(number, replace(model, programs=programs))


def catching(runtime: Runtime, process: Process, key: str) -> list[str]:
    """The messages that a case waits for."""
    with runtime.database.begin() as connection:
        states = connection.execute(
            sa.select(models.instance.c.state).where(
                models.instance.c.business_key == key, models.instance.c.status == "active"
            )
        ).scalars()
        at = [process.elements[name] for state in states for name in waiting_at(state, armed=True)]
    return [each.event.value for each in at if each.event and each.event.kind == "message"]


@contextmanager
def counted(runtime: Runtime) -> Iterator[list[str]]:
    """The SQL statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    sa.event.listen(runtime.database, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(runtime.database, "before_cursor_execute", note)


# What led here


def test_the_first_task_is_there_because_the_case_began(runtime: Runtime) -> None:
    (cause,) = grounds(runtime, begin(runtime), "agree").causes
    assert (cause.kind, cause.name, cause.actor) == ("started", "asked", "wyn")
    assert cause.answers == ()


def test_a_decision_on_the_way_is_told_with_its_rules(runtime: Runtime, clock: Clock) -> None:
    key = begin(runtime)
    clock.move(hours=3)
    do(runtime, key, "agree", BIG)
    found = grounds(runtime, key, "do")
    (cause,) = found.causes
    assert (cause.kind, cause.name, cause.actor, cause.at) == (
        "task_completed",
        "agree",
        "wyn",
        clock.now,
    )
    (decision,) = cause.decisions
    assert decision.name == "choose_way"
    assert (
        decision.result["rules"] == [{"number": 1, "id": "route_r0", "description": "Row 1"}]
        or decision.result["rules"][0]["description"] == "Row 0"
    )
    assert [clause.what for clause in found.clauses] == ["The errand is done."]


def test_the_answer_that_sent_the_work_back_is_told_in_the_forms_words(runtime: Runtime) -> None:
    key = begin(runtime)
    do(runtime, key, "agree", BIG)
    do(runtime, key, "do", {"result": "again", "note": "nobody in"})
    (cause,) = grounds(runtime, key, "do").causes
    # The note decided nothing, so it is not repeated here.
    assert cause.answers == (Answer("The result", "again"),)
    assert [turn.question for turn in cause.turns] == ["is_done"]


def test_only_the_turns_that_hung_on_the_answer_are_told(runtime: Runtime) -> None:
    key = begin(runtime)
    do(runtime, key, "agree", BIG)
    do(runtime, key, "do", DONE)
    (cause,) = grounds(runtime, key, "look_at_it").causes
    assert cause.answers == (Answer("The result", "done"),)
    # Which way came next had been settled by the decision before.
    assert [turn.question for turn in cause.turns] == ["is_done"]


def test_a_gateway_passed_on_the_way_to_somewhere_else_is_no_cause(
    lone_runtime: tuple[Runtime, Clock],
) -> None:
    runtime, _ = lone_runtime
    drawing = process(
        "p",
        element("startEvent", "begin")
        + element("parallelGateway", "fork")
        + element("exclusiveGateway", "here", default="here_to_merge")
        + element("exclusiveGateway", "there", default="there_to_away")
        + element("exclusiveGateway", "merge")
        + element("userTask", "home")
        + element("userTask", "away")
        + element("endEvent", "ended")
        + flows(
            "begin > fork > here; fork > there; here > merge; there > merge | c;"
            "here > ended | c; there > away > ended; merge > home > ended"
        ),
    )
    processes, findings = read_diagram(document(drawing), "p.bpmn")
    model = lone_model({each.id: each for each in processes}, findings)
    deploy_unchecked(runtime, replace(model, forms={"": Form("", ())}))
    key = commands.start(runtime, model.id, "p", {}, WORKER).business_key
    for name, question in (("home", "here"), ("away", "there")):
        (cause,) = grounds(runtime, key, name).causes
        assert [turn.question for turn in cause.turns] == [question]


def test_a_called_process_names_the_answer_that_was_given_in_its_caller(
    runtime: Runtime, tmp_path: Path
) -> None:
    key = visit(runtime, tmp_path, "right")
    found = grounds(runtime, key, "look_at_it")
    (cause,) = found.causes
    assert (cause.name, cause.process_name) == ("choose", "visit")
    assert cause.answers == (Answer("The way", "right"),)
    assert cause.turns == (Turn("which_way", "Right"),)
    assert (found.process_name, found.caller) == ("look", "visit")


def test_a_caller_names_the_answer_that_was_given_in_what_it_called(
    runtime: Runtime, tmp_path: Path
) -> None:
    key = visit(runtime, tmp_path, "right")
    do(runtime, key, "look_at_it", {"verdict": "not fine"})
    (cause,) = grounds(runtime, key, "look_at_it").causes
    assert cause.answers == (Answer("The verdict", "not fine"),)
    do(runtime, key, "look_at_it", {"verdict": "fine"})
    (cause,) = grounds(runtime, key, "after_look").causes
    assert (cause.name, cause.process_name) == ("look_at_it", "look")
    assert cause.answers == (Answer("The verdict", "fine"),)


@pytest.mark.parametrize("order", [("left_one", "left_two"), ("left_two", "left_one")])
def test_after_a_join_the_last_to_arrive_and_the_choice_before_are_told(
    runtime: Runtime, tmp_path: Path, order: tuple[str, str]
) -> None:
    key = visit(runtime, tmp_path, "left")
    for name in order:
        do(runtime, key, name, {})
    found = grounds(runtime, key, "both_done")
    assert told(found) == [("task_completed", "choose"), ("task_completed", order[1])]
    assert found.causes[0].answers == (Answer("The way", "left"),)


def test_what_happens_beside_is_not_taken_for_the_cause(runtime: Runtime, tmp_path: Path) -> None:
    key = visit(runtime, tmp_path, "round")
    for words in ("one", "two"):
        commands.correlate(runtime, "worry_raised", key, {"worry": words}, WORKER)
    do(runtime, key, "hear_worry", {})
    (cause,) = grounds(runtime, key, "try_it").causes
    assert (cause.name, cause.answers) == ("choose", (Answer("The way", "round"),))


def test_a_timer_and_the_step_that_it_stands_at_are_told(
    runtime: Runtime, tmp_path: Path, clock: Clock
) -> None:
    key = visit(runtime, tmp_path, "left")
    clock.move(days=4)
    due.fire_due(runtime)
    (cause,) = grounds(runtime, key, "chase").causes
    assert (cause.kind, cause.name, cause.attached_to) == ("timer", "late", "left_one")
    assert cause.at == clock.now


def test_a_message_is_told_by_what_people_know_it_as(runtime: Runtime, tmp_path: Path) -> None:
    key = visit(runtime, tmp_path, "round")
    commands.correlate(runtime, "worry_raised", key, {"worry": "It is dark."}, WORKER)
    (cause,) = grounds(runtime, key, "hear_worry").causes
    assert (cause.kind, cause.name, cause.actor) == ("message", "Raise a worry", "wyn")
    assert cause.answers == ()


def test_an_error_is_followed_to_the_answer_by_which_it_was_thrown(
    runtime: Runtime, tmp_path: Path
) -> None:
    key = visit(runtime, tmp_path, "round")
    do(runtime, key, "try_it", {"verdict": "not fine"})
    (cause,) = grounds(runtime, key, "mend_it").causes
    assert (cause.name, cause.turns) == ("try_it", (Turn("worked", "No"),))
    assert cause.answers == (Answer("The verdict", "not fine"),)


def test_the_end_of_a_sub_process_is_followed_into_it(runtime: Runtime, tmp_path: Path) -> None:
    key = visit(runtime, tmp_path, "round")
    do(runtime, key, "try_it", {"verdict": "fine"})
    (cause,) = grounds(runtime, key, "after_scope").causes
    assert (cause.name, cause.answers) == ("try_it", (Answer("The verdict", "fine"),))


def test_a_step_that_was_tried_again_has_the_cause_it_had(runtime: Runtime, office: Office) -> None:
    key = begin(runtime)
    office.fail()
    do(runtime, key, "agree", BIG)
    (incident,) = queries.incidents(runtime)
    commands.retry_incident(runtime, incident.id, MANAGER)
    office.fault = None
    commands.retry_incident(runtime, incident.id, MANAGER)
    (cause,) = grounds(runtime, key, "do").causes
    assert (cause.name, cause.actor) == ("agree", "wyn")


def test_an_old_case_is_asked_no_more_than_a_young_one(runtime: Runtime) -> None:
    key = begin(runtime)
    do(runtime, key, "agree", BIG)
    sent = []
    for rounds in (30, 120):
        for _ in range(rounds):
            do(runtime, key, "do", {"result": "again", "note": "x"})
        with counted(runtime) as statements:
            (cause,) = grounds(runtime, key, "do").causes
        assert cause.name == "do"
        sent.append(len(statements))
    assert sent[0] == sent[1]


def test_a_walk_that_is_too_long_ends_without_an_answer(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = visit(runtime, tmp_path, "left")
    do(runtime, key, "left_one", {})
    do(runtime, key, "left_two", {})
    monkeypatch.setattr("engine.queries.trail.MOST_EVENTS", 8)
    assert told(grounds(runtime, key, "both_done")) == [("task_completed", "left_two")]


def test_a_history_that_does_not_say_who_called_ends_the_walk(
    runtime: Runtime, tmp_path: Path
) -> None:
    """So it is with cases that began under a version that did not write it."""
    key = visit(runtime, tmp_path, "right")
    looking = task(runtime, key, "look_at_it")
    forget(runtime, "caller")
    assert queries.grounds(runtime, looking).causes == ()
    do(runtime, key, "look_at_it", {"verdict": "fine"})
    forget(runtime, "instance")
    assert grounds(runtime, key, "after_look").causes == ()


def forget(runtime: Runtime, name: str) -> None:
    """Take a note out of every event of the history."""
    with runtime.database.begin() as connection:
        for row in connection.execute(sa.select(models.history)).all():
            event = orjson.loads(row.event)
            event.get("detail", {}).pop(name, None)
            connection.execute(
                models.history.update()
                .where(
                    models.history.c.instance_id == row.instance_id,
                    models.history.c.seq == row.seq,
                )
                .values(event=orjson.dumps(event))
            )


def test_there_are_no_grounds_for_a_task_that_is_not_there(runtime: Runtime) -> None:
    with pytest.raises(NotFound, match="no such task"):
        queries.grounds(runtime, 99)


@settings(max_examples=40, deadline=None)
@given(blocks, st.data())
def test_the_cause_is_always_what_happened_when_the_task_was_opened(
    lone_runtime: tuple[Runtime, Clock], block: Block, data: st.DataObject
) -> None:
    """Whatever is drawn and done: a task opens as its cause happens, not before or after."""
    runtime, clock = lone_runtime
    processes, findings = read_diagram(draw(block), "p.bpmn")
    model = lone_model({process.id: process for process in processes}, findings)
    everyone = Actor("wyn", frozenset({""}))
    deploy_unchecked(runtime, replace(model, forms={"": Form("", ())}))
    settled = {name: data.draw(st.booleans(), name) for name in conditions_of(block)}
    key = commands.start(runtime, model.id, "p", settled, everyone).business_key
    for _ in range(10):
        opened = queries.open_tasks(runtime, key)
        for each in opened:
            causes = queries.grounds(runtime, each.id).causes
            assert causes[-1].at == each.created_at, (each.element, causes)
        waiting = catching(runtime, processes[0], key)
        acts = [("do", str(each.id)) for each in opened] + [("send", name) for name in waiting]
        if not acts:
            return
        kind, what = data.draw(st.sampled_from(acts), "act")
        clock.move(minutes=1)
        if kind == "do":
            commands.complete_task(runtime, int(what), {}, everyone)
        else:
            commands.correlate(runtime, what, key, {}, everyone)


# What can come next


def test_the_ways_on_are_read_off_the_drawing(runtime: Runtime, tmp_path: Path) -> None:
    key = visit(runtime, tmp_path, "left")
    commands.start(runtime, "visit", "visit", {}, WORKER)
    ways = {way.name: way for way in grounds(runtime, "V-0002", "choose").ways}
    assert list(ways) == ["left_one", "left_two", "have_a_look", "try_it"]
    assert ways["left_one"].turns == (Turn("which_way", "Left"),)
    assert (ways["have_a_look"].kind, ways["have_a_look"].called) == ("callActivity", "look")
    # Into the sub-process, to what has to be done first.
    assert ways["try_it"].turns == (Turn("which_way", "Round"),)
    beside = {way.name: way for way in grounds(runtime, key, "left_one").ways}
    assert beside["both_done"].joins
    chase = beside["chase"]
    assert (chase.event, chase.event_kind, chase.beside, chase.joins) == (
        "late",
        "timer",
        True,
        False,
    )


def test_a_loop_leads_back_to_the_task_itself(runtime: Runtime, tmp_path: Path) -> None:
    key = visit(runtime, tmp_path, "right")
    ways = grounds(runtime, key, "look_at_it").ways
    assert [(way.kind, way.name) for way in ways] == [
        ("userTask", "look_at_it"),
        ("endEvent", "looked"),
    ]


# The due date


def reckoning(runtime: Runtime, key: str, name: str) -> queries.Reckoning:
    found = grounds(runtime, key, name).reckoning
    assert found is not None
    return found


def test_a_due_date_is_reckoned_by_the_timescales_table(runtime: Runtime) -> None:
    key = begin(runtime)
    do(runtime, key, "agree", BIG)
    found = reckoning(runtime, key, "do")
    assert (found.start, found.allowed, found.end) == (
        date(2026, 3, 2),
        "2 working days",
        date(2026, 3, 4),
    )
    assert (found.step, found.table, found.working_days, found.holidays) == (
        "2",
        "timescales",
        True,
        (),
    )


def test_bank_holidays_that_did_not_count_are_named(runtime: Runtime, clock: Clock) -> None:
    clock.now = datetime(2026, 12, 24, 10, tzinfo=UTC)
    key = begin(runtime)
    do(runtime, key, "agree", BIG)
    found = reckoning(runtime, key, "do")
    assert found.end == date(2026, 12, 30)
    # Boxing Day falls on a Saturday, which is no working day anyway.
    assert found.holidays == (date(2026, 12, 25), date(2026, 12, 28))


def test_a_duration_of_the_diagram_is_reckoned_too(runtime: Runtime, tmp_path: Path) -> None:
    key = visit(runtime, tmp_path, "left")
    do(runtime, key, "left_one", {})
    do(runtime, key, "left_two", {})
    found = reckoning(runtime, key, "both_done")
    assert (found.allowed, found.end, found.step) == ("1 month", date(2026, 4, 2), None)


def test_an_agreed_date_is_told_with_who_gave_it(runtime: Runtime, tmp_path: Path) -> None:
    key = visit(runtime, tmp_path, "round", on="2026-05-08")
    do(runtime, key, "try_it", {"verdict": "fine"})
    found = reckoning(runtime, key, "after_scope")
    assert (found.allowed, found.end) == ("", date(2026, 5, 8))
    assert found.agreed is not None
    answer, cause = found.agreed
    assert answer == Answer("When to meet?", "8 May 2026")
    assert (cause.name, cause.actor) == ("choose", "wyn")


def test_without_a_due_date_there_is_nothing_to_reckon(runtime: Runtime, tmp_path: Path) -> None:
    key = visit(runtime, tmp_path, "round")
    assert grounds(runtime, key, "try_it").reckoning is None


def test_a_date_that_no_longer_follows_is_not_explained(runtime: Runtime) -> None:
    key = begin(runtime)
    do(runtime, key, "agree", BIG)
    with runtime.database.begin() as connection:
        connection.execute(
            models.user_task.update().values(due_at=datetime(2026, 3, 9, tzinfo=UTC))
        )
    assert grounds(runtime, key, "do").reckoning is None


# Where a case is


def test_a_case_is_where_it_waits(runtime: Runtime, tmp_path: Path, clock: Clock) -> None:
    key = visit(runtime, tmp_path, "left")
    do(runtime, key, "left_two", {})
    places = {place.element: place for place in queries.whereabouts(runtime, key)}
    assert set(places) == {"left_one", "late", "join"}
    assert places["late"].due_at == datetime(2026, 3, 5, 10, tzinfo=UTC)
    assert places["late"].attached_to == "left_one"


def test_a_case_is_in_what_it_called_and_at_a_step_that_failed(
    runtime: Runtime, tmp_path: Path, office: Office
) -> None:
    key = visit(runtime, tmp_path, "right")
    places = queries.whereabouts(runtime, key)
    assert [(place.process_name, place.name, place.called) for place in places] == [
        ("visit", "have_a_look", "look"),
        ("look", "look_at_it", ""),
    ]
    assert [clause.id for clause in places[1].clauses] == ["2"]
    office.fail()
    errand = begin(runtime)
    do(runtime, errand, "agree", BIG)
    (place,) = queries.whereabouts(runtime, errand)
    assert (place.kind, place.name) == ("serviceTask", "keep_record")


def test_a_case_that_ended_is_nowhere(runtime: Runtime) -> None:
    key = begin(runtime)
    do(runtime, key, "agree", {**BIG, "size": "small"})
    do(runtime, key, "do", DONE)
    assert queries.whereabouts(runtime, key) == []


def test_tasks_in_lists_carry_their_clauses(runtime: Runtime) -> None:
    key = begin(runtime)
    (row,) = queries.tray(runtime, WORKER).rows
    assert [clause.step for clause in row.clauses] == ["Agree"]
    do(runtime, key, "agree", BIG)
    (closed,) = queries.closed_tasks(runtime, key)
    assert [clause.id for clause in closed.clauses] == ["1"]
