"""Instances in the database: every command, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import commands, due, models, queries
from engine.errors import (
    AlreadyStarted,
    Conflict,
    EngineError,
    InvalidAnswers,
    InvalidModel,
    NotAllowed,
    NotFound,
    NotWaiting,
    TaskClosed,
)
from engine.runtime import Runtime
from tests.engine.conftest import MANAGER, OTHER, STRANGER, WORKER, Clock, Office, write
from tests.engine.errand import FILES

BIG = {"size": "big", "helper": "wyn"}
DONE = {"result": "done", "note": "all well"}


def begin(runtime: Runtime) -> str:
    return commands.start(runtime, "errand", "errand", {"who": "Sam Sample"}, WORKER).business_key


def task(runtime: Runtime, key: str, name: str) -> int:
    return next(t.id for t in queries.open_tasks(runtime, key) if t.element == name)


def do(runtime: Runtime, key: str, name: str, answers: dict[str, Any], actor: Any = WORKER) -> None:
    commands.complete_task(runtime, task(runtime, key, name), answers, actor)


def names(runtime: Runtime, key: str) -> list[str]:
    return [t.element for t in queries.open_tasks(runtime, key)]


def rows(runtime: Runtime, table: sa.Table) -> list[Any]:
    with runtime.database.begin() as connection:
        return list(connection.execute(sa.select(table)).all())


def test_a_case_goes_from_start_to_end_and_its_history_verifies(
    runtime: Runtime, office: Office
) -> None:
    key = begin(runtime)
    assert key == "E-0001"
    assert names(runtime, key) == ["agree"]
    do(runtime, key, "agree", BIG)
    assert office.calls == ["register {'size': 'big', 'helper': 'wyn'}"]
    do(runtime, key, "do", {"result": "again", "note": "not yet"})
    assert names(runtime, key) == ["do"]
    do(runtime, key, "do", DONE)
    assert names(runtime, key) == ["look_at_it"]
    do(runtime, key, "look_at_it", {"verdict": "not fine"}, MANAGER)
    do(runtime, key, "look_at_it", {"verdict": "fine"}, MANAGER)
    assert names(runtime, key) == []
    assert [(i.process, i.status) for i in queries.instances(runtime, key)] == [
        ("errand", "completed"),
        ("check", "completed"),
    ]
    assert queries.verify_history(runtime, key) == []
    kinds = [event.kind for event in queries.history(runtime, key)]
    assert kinds.count("task_completed") == 5
    assert {"started", "served", "decided", "called", "returned", "ended"} <= set(kinds)
    completed = next(e for e in queries.history(runtime, key) if e.kind == "task_completed")
    assert (completed.clauses, completed.actor) == (("1",), "wyn")
    assert [s.answers for s in queries.submissions(runtime, key)][:2] == [
        {"who": "Sam Sample"},
        BIG,
    ]


def test_history_that_was_tampered_with_is_found(runtime: Runtime) -> None:
    key = begin(runtime)
    with runtime.database.begin() as connection:
        connection.execute(
            models.history.update().where(models.history.c.seq == 2).values(actor="mallory")
        )
    assert queries.verify_history(runtime, key) == [
        "entry 2 of instance 1 was changed after it was written"
    ]
    with runtime.database.begin() as connection:
        last = connection.execute(sa.select(sa.func.max(models.history.c.seq))).scalar_one()
        connection.execute(models.history.update().values(actor="wyn"))
        connection.execute(models.history.delete().where(models.history.c.seq == last))
    assert queries.verify_history(runtime, key) == [
        f"instance 1 has lost its last entries: {last} were written"
    ]


def test_variables_hold_only_what_expressions_read(runtime: Runtime) -> None:
    key = begin(runtime)
    do(runtime, key, "agree", BIG)
    do(runtime, key, "do", DONE)
    kept = rows(runtime, models.instance)[0].variables
    assert b"all well" not in kept and b"Sam Sample" not in kept
    assert b"wyn" in kept


def test_a_request_key_starts_one_instance(runtime: Runtime) -> None:
    first = commands.start(runtime, "errand", "errand", {}, WORKER, request_key="a:1")
    with pytest.raises(AlreadyStarted) as refused:
        commands.start(runtime, "errand", "errand", {}, WORKER, request_key="a:1")
    assert (refused.value.instance_id, refused.value.business_key) == (
        first.instance_id,
        first.business_key,
    )
    assert len(rows(runtime, models.instance)) == 1


def test_what_does_not_exist_is_not_started(runtime: Runtime) -> None:
    with pytest.raises(NotFound, match="no process “errant”"):
        commands.start(runtime, "errand", "errant", {}, WORKER)
    with pytest.raises(NotFound, match="No model “nothing” is deployed"):
        commands.start(runtime, "nothing", "errand", {}, WORKER)


def test_tasks_are_claimed_released_and_given_on(runtime: Runtime) -> None:
    key = begin(runtime)
    number = task(runtime, key, "agree")
    with pytest.raises(NotAllowed, match="another role"):
        commands.claim(runtime, number, STRANGER)
    commands.claim(runtime, number, WORKER)
    commands.claim(runtime, number, WORKER)
    with pytest.raises(NotAllowed, match="already taken"):
        commands.claim(runtime, number, OTHER)
    with pytest.raises(NotAllowed, match="Someone else has this task"):
        commands.complete_task(runtime, number, BIG, OTHER)
    with pytest.raises(NotAllowed, match="Only the person who has this task"):
        commands.release(runtime, number, OTHER)
    commands.release(runtime, number, WORKER)
    commands.assign(runtime, number, "oli", MANAGER)
    commands.complete_task(runtime, number, BIG, OTHER)
    kinds = [e.kind for e in queries.history(runtime, key)]
    assert [k for k in kinds if k in ("claimed", "released", "assigned")] == [
        "claimed",
        "released",
        "assigned",
    ]
    assert queries.verify_history(runtime, key) == []


def test_a_task_goes_to_whom_its_diagram_names(runtime: Runtime) -> None:
    key = begin(runtime)
    do(runtime, key, "agree", {"size": "small", "helper": "oli"})
    with pytest.raises(NotAllowed):
        do(runtime, key, "do", DONE, WORKER)
    do(runtime, key, "do", DONE, OTHER)
    assert queries.instances(runtime, key)[0].status == "completed"


def test_answers_that_do_not_fit_change_nothing(runtime: Runtime) -> None:
    key = begin(runtime)
    number = task(runtime, key, "agree")
    before = rows(runtime, models.instance), rows(runtime, models.history)
    for answers, where in (
        ({"helper": "wyn"}, "size"),
        ({"size": "huge", "helper": "wyn"}, "size"),
        ({"size": "big", "helper": "eve"}, "helper"),
        ({**BIG, "extra": "x"}, "extra"),
    ):
        with pytest.raises(InvalidAnswers) as refused:
            commands.complete_task(runtime, number, answers, WORKER)
        assert list(refused.value.errors) == [where]
    assert (rows(runtime, models.instance), rows(runtime, models.history)) == before
    assert len(rows(runtime, models.submission)) == 1


def test_a_draft_is_kept_until_the_task_is_done(runtime: Runtime) -> None:
    key = begin(runtime)
    number = task(runtime, key, "agree")
    commands.save_draft(runtime, number, {"size": "big"}, WORKER)
    assert queries.task(runtime, number).draft == {"size": "big"}
    with pytest.raises(InvalidAnswers):
        commands.save_draft(runtime, number, {"foreign": "x"}, WORKER)
    commands.complete_task(runtime, number, BIG, WORKER)
    assert rows(runtime, models.draft) == []


def test_a_task_is_done_once(runtime: Runtime) -> None:
    key = begin(runtime)
    number = task(runtime, key, "agree")
    commands.complete_task(runtime, number, BIG, WORKER)
    with pytest.raises(TaskClosed, match="already been completed"):
        commands.complete_task(runtime, number, BIG, WORKER)
    with pytest.raises(NotFound, match="no such task"):
        commands.complete_task(runtime, 999, BIG, WORKER)


def race(*works: Callable[[], Any]) -> list[Any]:
    """Run all at once; each one's result or error."""
    results: list[Any] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def run(number: int) -> None:
        gate.wait()
        try:
            results[number] = works[number]()
        except EngineError as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_people_who_complete_one_task_at_once(runtime: Runtime) -> None:
    for _ in range(5):
        key = begin(runtime)
        number = task(runtime, key, "agree")
        results = race(
            *(
                lambda actor=actor, number=number: commands.complete_task(
                    runtime, number, BIG, actor
                )
                for actor in (WORKER, OTHER, WORKER)
            )
        )
        assert sum(isinstance(r, commands.Completed) for r in results) == 1
        assert sum(isinstance(r, TaskClosed) for r in results) == 2
        assert names(runtime, key) == ["do"]
        assert queries.verify_history(runtime, key) == []


def test_two_requests_with_one_key_at_once_start_one_instance(runtime: Runtime) -> None:
    results = race(
        *(
            lambda: commands.start(runtime, "errand", "errand", {}, WORKER, request_key="k")
            for _ in range(4)
        )
    )
    assert sum(isinstance(r, commands.Started) for r in results) == 1
    assert sum(isinstance(r, AlreadyStarted) for r in results) == 3
    assert len(rows(runtime, models.instance)) == 1


def test_a_failing_handler_keeps_the_persons_work_and_opens_an_incident(
    runtime: Runtime, office: Office, clock: Clock
) -> None:
    office.fail()
    key = begin(runtime)
    do(runtime, key, "agree", BIG)
    (fault,) = queries.incidents(runtime, key)
    assert (fault.element, fault.message, fault.attempts) == (
        "keep_record",
        "The register is closed.",
        1,
    )
    assert rows(runtime, models.outbox) == [], "what the handler did before it failed is undone"
    assert queries.submissions(runtime, key)[-1].answers == BIG
    assert names(runtime, key) == []
    assert due.fire_due(runtime) == 0
    clock.move(minutes=1)
    assert due.fire_due(runtime) == 1
    assert queries.incidents(runtime, key)[0].attempts == 2
    assert commands.retry_incident(runtime, fault.id, MANAGER) is False
    office.fault = None
    assert commands.retry_incident(runtime, fault.id, MANAGER) is True
    assert queries.incidents(runtime, key) == []
    assert names(runtime, key) == ["do"]
    assert len(rows(runtime, models.outbox)) == 1
    with pytest.raises(NotFound, match="already mended"):
        commands.retry_incident(runtime, fault.id, MANAGER)
    assert queries.verify_history(runtime, key) == []


def test_an_unforeseen_fault_is_told_without_its_details(
    runtime: Runtime, office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.fault = RuntimeError("secret detail of a child")
    key = begin(runtime)
    do(runtime, key, "agree", BIG)
    (fault,) = queries.incidents(runtime, key)
    assert "secret" not in fault.message
    assert "RuntimeError" in fault.message
    assert "secret" not in str([event.detail for event in queries.history(runtime, key)])
    assert "secret" not in caplog.text
    assert "RuntimeError at" in caplog.text and "conftest.py" in caplog.text


def test_a_repeating_timer_fires_once_however_late_and_then_on_time(
    runtime: Runtime, office: Office, clock: Clock
) -> None:
    key = begin(runtime)
    do(runtime, key, "agree", BIG)
    assert due.fire_due(runtime) == 0
    clock.move(days=30)
    assert due.fire_due(runtime) == 1
    assert len(office.alerts) == 1, "four weeks late is one alert, not four"
    assert due.fire_due(runtime) == 0
    clock.move(days=8)
    due.fire_due(runtime)
    assert len(office.alerts) == 2
    do(runtime, key, "do", DONE)
    clock.move(days=90)
    assert due.fire_due(runtime) == 0
    assert len(office.alerts) == 2


def test_due_dates_count_working_days(runtime: Runtime, clock: Clock) -> None:
    clock.now = clock.now.replace(month=4, day=2)  # Thursday before Easter 2026
    key = begin(runtime)
    do(runtime, key, "agree", BIG)
    (row,) = queries.open_tasks(runtime, key)
    assert row.due_at is not None and row.due_at.date().isoformat() == "2026-04-08"


def test_a_message_interrupts_the_call_and_what_was_called(runtime: Runtime) -> None:
    key = begin(runtime)
    with pytest.raises(NotWaiting, match="Call the errand off"):
        commands.correlate(runtime, "recalled", key, {"reason": "too early"}, MANAGER)
    do(runtime, key, "agree", BIG)
    do(runtime, key, "do", DONE)
    (waiting,) = queries.waiting_messages(runtime, key)
    assert (waiting.name, waiting.roles) == ("recalled", ("manager",))
    with pytest.raises(NotAllowed, match="role"):
        commands.correlate(runtime, "recalled", key, {"reason": "x"}, WORKER)
    with pytest.raises(InvalidAnswers):
        commands.correlate(runtime, "recalled", key, {}, MANAGER)
    number = task(runtime, key, "look_at_it")
    commands.correlate(runtime, "recalled", key, {"reason": "not needed"}, MANAGER)
    assert {i.process: i.status for i in queries.instances(runtime, key)} == {
        "errand": "completed",
        "check": "cancelled",
    }
    with pytest.raises(TaskClosed, match="no longer needed"):
        commands.complete_task(runtime, number, {"verdict": "fine"}, MANAGER)
    assert queries.submissions(runtime, key)[-1].answers == {"reason": "not needed"}
    assert queries.verify_history(runtime, key) == []


def test_cancelling_ends_an_instance_with_all_that_it_called(runtime: Runtime) -> None:
    key = begin(runtime)
    do(runtime, key, "agree", BIG)
    do(runtime, key, "do", DONE)
    parent, child = queries.instances(runtime, key)
    with pytest.raises(NotAllowed, match="called by another"):
        commands.cancel(runtime, child.id, "mistake", MANAGER)
    with pytest.raises(InvalidAnswers):
        commands.cancel(runtime, parent.id, " ", MANAGER)
    commands.cancel(runtime, parent.id, "mistake", MANAGER)
    assert [i.status for i in queries.instances(runtime, key)] == ["cancelled", "cancelled"]
    assert names(runtime, key) == []
    with pytest.raises(NotFound):
        commands.cancel(runtime, parent.id, "again", MANAGER)
    assert queries.verify_history(runtime, key) == []


def test_trays_show_what_one_may_do_the_most_urgent_first(runtime: Runtime, clock: Clock) -> None:
    keys = [begin(runtime) for _ in range(4)]
    do(runtime, keys[2], "agree", BIG)
    page = queries.tray(runtime, WORKER, size=3)
    assert (page.total, page.pages) == (4, 2)
    assert page.rows[0].business_key == keys[2], "the only one with a due date"
    assert [r.id for r in queries.tray(runtime, WORKER, size=3, page=2).rows]
    assert queries.tray(runtime, STRANGER).total == 0
    assert queries.tray(runtime, WORKER, mine=True).total == 1
    assert queries.tray_counts(runtime, WORKER) == {"todo": 4}
    assert queries.tray(runtime, WORKER, overdue=True).total == 0
    clock.move(days=20)
    assert queries.tray(runtime, WORKER, overdue=True).total == 1


def test_the_diagram_shows_where_a_case_is_and_was(runtime: Runtime) -> None:
    key = begin(runtime)
    do(runtime, key, "agree", BIG)
    shown = queries.diagram(runtime, 1)
    assert shown.active == ["do"]
    assert {"agree", "keep_record", "choose_way"} <= set(shown.done)
    assert b"have_it_checked" in shown.xml


def test_running_instances_stay_on_their_version(runtime: Runtime, folder: Path) -> None:
    old = begin(runtime)
    again = commands.deploy(runtime, folder, MANAGER)
    assert (again.version, again.new) == (1, False)
    changed = FILES["errand.bpmn"].replace(b'name="do"', b'name="Do it well"')
    newer = commands.deploy(runtime, write(folder, {"errand.bpmn": changed}), MANAGER)
    assert (newer.version, newer.new) == (2, True)
    new = begin(runtime)
    for key in (old, new):
        do(runtime, key, "agree", BIG)
    assert queries.open_tasks(runtime, old)[0].name == "do"
    assert queries.open_tasks(runtime, new)[0].name == "Do it well"


@pytest.mark.parametrize(
    ("path", "old", "new", "code", "words"),
    [
        ("errand.bpmn", b"id='register'", b"id='regster'", "unknown-handler", "register"),
        ("errand.bpmn", b'value="agree"', b'value="agre"', "unknown-form", "agree"),
        ("errand.bpmn", b">route<", b">rute<", "unknown-decision", "route"),
        ("errand.bpmn", b'name="Worker"', b'name="Werker"', "unknown-role", "Worker"),
        ("errand.bpmn", b'value="todo"', b'value="tada"', "unknown-tray", "tada"),
        (
            "errand.bpmn",
            b'calledElement="check"',
            b'calledElement="chek"',
            "unknown-process",
            "chek",
        ),
        ("errand.bpmn", b'result = "done"', b'result = = "done"', "feel", "result"),
        ("errand.bpmn", b'value="2"', b'value="99"', "unknown-clause", "99"),
        ("errand.bpmn", b'name="due" value="2"', b'name="due" value="7"', "unknown-timescale", "7"),
        ("errand.bpmn", b"id='form' type", b"id='from' type", "unknown-parameter", "form"),
        ("errand.bpmn", b' default="is_done_to_again"', b"", "no-default", "default flow"),
        ("model.toml", b'start = "errand"', b'start = "arrand"', "model", "errand"),
        ("model.toml", b"[roles]", b"[roles", "model-malformed", "model.toml"),
    ],
)
def test_a_model_that_would_not_run_is_refused_with_its_place(
    runtime: Runtime, folder: Path, path: str, old: bytes, new: bytes, code: str, words: str
) -> None:
    assert old in FILES[path]
    write(folder, {path: FILES[path].replace(old, new)})
    with pytest.raises(InvalidModel) as refused:
        commands.deploy(runtime, folder, MANAGER)
    finding = next(f for f in refused.value.findings if f.code == code)
    assert words in finding.message
    assert finding.path == path
    if path.endswith(".bpmn"):
        assert finding.element and finding.line
    assert len(rows(runtime, models.deployment)) == 1


def test_conflicts_are_tried_again_and_then_told(runtime: Runtime) -> None:
    from engine.database import transact

    attempts = []

    def always(connection: sa.Connection) -> None:
        attempts.append(1)
        raise Conflict("x")

    with pytest.raises(Conflict, match="try again"):
        transact(runtime.database, always)
    assert len(attempts) > 3
