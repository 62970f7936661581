"""What can go wrong with instances: circles, faults, races and odd input, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import commands, due, feel, models, queries
from engine.errors import (
    EngineError,
    InvalidAnswers,
    InvalidModel,
    NotAllowed,
    NotFound,
    ServiceError,
)
from engine.runtime import Runtime
from tests.engine.conftest import MANAGER, OTHER, WORKER, Clock, Office, write
from tests.engine.drawing import document, element, flows, message, process, properties, timer
from tests.engine.errand import FILES, TIMESCALES, form, radio, table
from tests.engine.test_commands import BIG, begin, do, names, race, rows, task

FINE = {"verdict": "fine"}
FORM = form("check", radio("verdict", "fine", "not fine"))


class Desk:
    """Deploys small models and starts their process `p`."""

    def __init__(self, runtime: Runtime, folder: Path) -> None:
        self.runtime = runtime
        self.folder = folder
        self.deployed = 0

    def deploy(self, *files: bytes, extra: str = "", key: str = "{number:04}") -> str:
        self.deployed += 1
        name = f"m{self.deployed}"
        settings = (
            f'id = "{name}"\nname = "M"\nstart = "p"\nbusiness_key = "{name}-{key}"\n'
            'timescales = "timescales"\n[roles]\nworker = "Worker"\n[trays]\ntodo = "To do"\n'
        )
        content = {f"{number}.bpmn": file for number, file in enumerate(files)}
        content |= {
            "model.toml": (settings + extra).encode(),
            "forms/check.form": FORM,
            "decisions/timescales.dmn": TIMESCALES,
        }
        commands.deploy(self.runtime, write(self.folder / name, content), MANAGER)
        return name

    def start(self, model: str, **answers: Any) -> str:
        return commands.start(self.runtime, model, "p", answers, WORKER).business_key

    def run(self, *files: bytes, **answers: Any) -> str:
        return self.start(self.deploy(*files), **answers)

    def statuses(self, key: str) -> dict[str, str]:
        return {i.process: i.status for i in queries.instances(self.runtime, key)}


@pytest.fixture
def desk(runtime: Runtime, tmp_path: Path) -> Desk:
    return Desk(runtime, tmp_path)


def user(id: str, **more: str) -> str:
    return element("userTask", id, properties(form="check", tray="todo", **more))


def service(id: str, handler: str) -> str:
    return element(
        "serviceTask",
        id,
        f"<bpmn:extensionElements><spiffworkflow:serviceTaskOperator id='{handler}'/>"
        "</bpmn:extensionElements>",
    )


def drawn(id: str, inner: str, lines: str, *workers: str) -> str:
    return process(id, inner + flows(lines), dict.fromkeys(workers, "Worker"))


def verified(runtime: Runtime, *keys: str) -> None:
    assert [fault for key in keys for fault in queries.verify_history(runtime, key)] == []


ONE_TASK = document(
    drawn(
        "p",
        element("startEvent", "s") + user("work") + element("endEvent", "e"),
        "s > work > e",
        "work",
    )
)


# --- faults


def test_a_step_that_failed_and_was_ended_beside_leaves_no_incident(
    desk: Desk, office: Office, clock: Clock, runtime: Runtime
) -> None:
    @office.services.handler("break")
    def break_down(context: Any) -> None:
        raise ServiceError("Not today.")

    key = desk.run(
        document(
            drawn(
                "p",
                element("startEvent", "s")
                + element("parallelGateway", "both")
                + service("broken", "break")
                + element("endEvent", "never")
                + element("endEvent", "stop", "<bpmn:terminateEventDefinition/>"),
                "s > both > broken > never; both > stop",
            )
        )
    )
    assert desk.statuses(key) == {"p": "completed"}
    assert queries.incidents(runtime, key) == []
    clock.move(days=1)
    assert due.fire_due(runtime) == 0
    verified(runtime, key)


def test_an_interrupting_event_takes_an_open_incident_with_it(
    desk: Desk, office: Office, clock: Clock, runtime: Runtime
) -> None:
    office.fail()

    @office.services.handler("break")
    def break_down(context: Any) -> None:
        raise ServiceError("Not today.")

    key = desk.run(
        document(
            drawn(
                "p",
                element("startEvent", "s")
                + service("broken", "break")
                + element("boundaryEvent", "recall", message("m"), attachedToRef="broken")
                + element(
                    "boundaryEvent",
                    "too_late",
                    timer("timeDuration", "duration(&quot;P1D&quot;)"),
                    attachedToRef="broken",
                )
                + user("mend")
                + element("exclusiveGateway", "merged")
                + element("endEvent", "e"),
                "s > broken > merged; recall > mend; too_late > mend; mend > merged > e",
                "mend",
            ),
            messages=("m",),
        )
    )
    (fault,) = queries.incidents(runtime, key)
    clock.move(hours=30)
    assert due.fire_due(runtime) == 1, "the timer goes first and takes the retry away"
    assert names(runtime, key) == ["mend"]
    assert queries.incidents(runtime, key) == []
    with pytest.raises(NotFound, match="already mended"):
        commands.retry_incident(runtime, fault.id, MANAGER)
    do(runtime, key, "mend", FINE)
    verified(runtime, key)


@pytest.mark.parametrize(
    "value", [{1, 2}, object(), float("nan"), Decimal("Infinity"), b"x", [object()], {1: 2}]
)
def test_a_handler_whose_result_cannot_be_kept_opens_an_incident(
    desk: Desk, office: Office, runtime: Runtime, value: object
) -> None:
    @office.services.handler("give", results=("gift",))
    def give(context: Any) -> dict[str, Any]:
        return {"gift": value}

    office.services.handler("take")(lambda context: None)
    key = desk.run(GIVING)
    (fault,) = queries.incidents(runtime, key)
    assert fault.element == "giving"
    assert "fault in the service" in fault.message
    verified(runtime, key)


GIVING = document(
    drawn(
        "p",
        element("startEvent", "s")
        + service("giving", "give")
        + user("work")
        + service("taking", "take")
        + element("exclusiveGateway", "is_one", default="is_one_to_no")
        + element("endEvent", "no")
        + element("endEvent", "yes"),
        "s > giving > work > taking > is_one; is_one > no; is_one > yes | gift = 1",
        "work",
    )
)


@pytest.mark.parametrize("kept", [True, False])
def test_a_fault_in_the_database_undoes_the_handler_and_nothing_else(
    desk: Desk, office: Office, runtime: Runtime, kept: bool
) -> None:
    @office.services.handler("break")
    def break_down(context: Any) -> None:
        context.send("mail", {"to": "nobody"})
        try:
            context.connection.execute(sa.text("select * from no_such_table"))
        except sa.exc.DBAPIError:
            if not kept:
                raise
        if kept:
            raise ValueError("after a statement that failed")

    key = desk.run(
        document(
            drawn(
                "p",
                element("startEvent", "s")
                + user("work")
                + service("broken", "break")
                + element("endEvent", "e"),
                "s > work > broken > e",
                "work",
            )
        )
    )
    do(runtime, key, "work", FINE)
    assert [fault.element for fault in queries.incidents(runtime, key)] == ["broken"]
    assert queries.submissions(runtime, key)[-1].answers == FINE
    assert rows(runtime, models.outbox) == []
    verified(runtime, key)


def test_every_kind_of_value_is_the_same_after_a_rest(
    desk: Desk, office: Office, runtime: Runtime
) -> None:
    given = {
        "number": Decimal("0.1"),
        "float": 0.25,
        "whole": 10**30,
        "yes": True,
        "nothing": None,
        "text": "Ünïcode \x00 “quoted”",
        "day": date(2026, 2, 28),
        "moment": datetime(2026, 2, 28, 1, 2, 3, tzinfo=UTC),
        "time": time(10, 30),
        "span": timedelta(days=1, seconds=5),
        "months": feel.YearsMonthsDuration(14),
        "list": [1, [Decimal("2.50"), {"@": "x"}]],
        "pair": (1, 2),
    }
    seen: list[Any] = []

    @office.services.handler("give", results=("gift",))
    def give(context: Any) -> dict[str, Any]:
        return {"gift": given}

    @office.services.handler("take")
    def take(context: Any) -> None:
        seen.append(context.variables["gift"])

    key = desk.run(GIVING)
    do(runtime, key, "work", FINE)
    (after,) = seen
    assert {**after, "pair": (1, 2)} == given
    assert [type(after[name]) for name in ("yes", "day", "moment", "float")] == [
        bool,
        date,
        datetime,
        Decimal,
    ]


# --- circles


def test_calls_that_end_at_once_in_a_circle_stop_at_an_incident(
    desk: Desk, runtime: Runtime
) -> None:
    key = desk.run(
        document(
            drawn(
                "p",
                element("startEvent", "s")
                + element("exclusiveGateway", "again")
                + element("callActivity", "call", properties(returns="ok"), calledElement="q")
                + element("exclusiveGateway", "enough", default="enough_to_again")
                + element("endEvent", "e"),
                "s > again > call > enough; enough > again; enough > e | ok",
            )
        ),
        document(drawn("q", element("startEvent", "qs") + element("endEvent", "qe"), "qs > qe")),
    )
    (fault,) = queries.incidents(runtime, key)
    assert (fault.element, "circle" in fault.message) == ("call", True)
    before = len(queries.instances(runtime, key))
    assert commands.retry_incident(runtime, fault.id, MANAGER) is True
    assert len(queries.instances(runtime, key)) > before, "the retry calls again"
    assert [fault.element for fault in queries.incidents(runtime, key)] == ["call"]
    verified(runtime, key)


MESSAGE_CIRCLE = document(
    drawn(
        "p",
        element("startEvent", "s")
        + user("work")
        + element(
            "boundaryEvent", "heard", message("m"), attachedToRef="work", cancelActivity="false"
        )
        + element("intermediateThrowEvent", "say", message("m"))
        + element("endEvent", "e")
        + element("endEvent", "said"),
        "s > work > e; heard > say > said",
        "work",
    ),
    messages=("m",),
)


def test_a_message_that_calls_for_itself_stops_at_an_incident(desk: Desk, runtime: Runtime) -> None:
    key = desk.run(MESSAGE_CIRCLE)
    commands.correlate(runtime, "m", key, {}, WORKER)
    (fault,) = queries.incidents(runtime, key)
    assert (fault.element, "circle" in fault.message) == ("heard", True)
    assert commands.retry_incident(runtime, fault.id, MANAGER) is True
    assert [fault.element for fault in queries.incidents(runtime, key)] == ["heard"]
    do(runtime, key, "work", FINE)
    assert desk.statuses(key) == {"p": "completed"}
    assert queries.incidents(runtime, key) == []
    verified(runtime, key)


# --- calls


def calling(inner: str, boundary: str = "", lines: str = "") -> bytes:
    return document(
        drawn(
            "p",
            element("startEvent", "s")
            + element("callActivity", "call", properties(returns="verdict"), calledElement="q")
            + inner
            + boundary
            + element("endEvent", "e"),
            f"s > call > after > e{lines}",
            "after",
            "caught",
        ),
        messages=("m",),
    )


def test_a_child_that_throws_as_it_ends_is_heard_where_its_parent_waits_next(
    desk: Desk, runtime: Runtime
) -> None:
    listening = user("after") + element(
        "boundaryEvent", "heard", message("m"), attachedToRef="after"
    )
    model = desk.deploy(
        calling(
            listening + user("caught") + element("endEvent", "e2"), lines="; heard > caught > e2"
        ),
        document(
            drawn(
                "q",
                element("startEvent", "qs") + element("endEvent", "qe", message("m")),
                "qs > qe",
            ),
            messages=("m",),
        ),
    )
    key = desk.start(model)
    assert names(runtime, key) == ["caught"]
    assert desk.statuses(key) == {"p": "active", "q": "completed"}
    do(runtime, key, "caught", FINE)
    assert desk.statuses(key)["p"] == "completed"
    verified(runtime, key)


def test_a_child_may_have_itself_interrupted_by_what_it_throws(
    desk: Desk, runtime: Runtime
) -> None:
    model = desk.deploy(
        calling(
            user("after"),
            element("boundaryEvent", "heard", message("m"), attachedToRef="call")
            + user("caught")
            + element("endEvent", "e2"),
            "; heard > caught > e2",
        ),
        document(
            drawn(
                "q",
                element("startEvent", "qs")
                + user("first")
                + element("intermediateThrowEvent", "say", message("m"))
                + user("never")
                + element("endEvent", "qe"),
                "qs > first > say > never > qe",
                "first",
                "never",
            ),
            messages=("m",),
        ),
    )
    key = desk.start(model)
    do(runtime, key, "first", FINE)
    assert names(runtime, key) == ["caught"]
    assert desk.statuses(key) == {"p": "active", "q": "cancelled"}
    verified(runtime, key)


def test_calls_within_calls_return_through_all_of_them(desk: Desk, runtime: Runtime) -> None:
    def passes_on(id: str, called: str) -> bytes:
        inner = (
            element("startEvent", f"{id}s")
            + element("callActivity", f"{id}c", properties(returns="verdict"), calledElement=called)
            + element("exclusiveGateway", f"{id}g", default=f"{id}g_to_{id}n")
            + element("endEvent", f"{id}n")
            + element("endEvent", f"{id}y")
        )
        lines = f'{id}s > {id}c > {id}g; {id}g > {id}n; {id}g > {id}y | verdict = "fine"'
        return document(drawn(id, inner, lines))

    last = drawn(
        "z", element("startEvent", "zs") + user("work") + element("endEvent", "ze"),
        "zs > work > ze", "work",
    )  # fmt: skip
    model = desk.deploy(
        passes_on("p", "x"), passes_on("x", "y"), passes_on("y", "z"), document(last)
    )
    key = desk.start(model)
    do(runtime, key, "work", FINE)
    assert set(desk.statuses(key).values()) == {"completed"}
    passed = [e.element for e in queries.history(runtime, key) if e.kind == "passed"]
    assert {"py", "xy", "yy"} <= set(passed)
    other = desk.start(model)
    number = next(i.id for i in queries.instances(runtime, other) if i.process == "p")
    commands.cancel(runtime, number, "a mistake", MANAGER)
    assert set(desk.statuses(other).values()) == {"cancelled"}
    assert names(runtime, other) == []
    verified(runtime, key, other)


def test_what_is_thrown_beside_a_finished_branch_is_caught(desk: Desk, runtime: Runtime) -> None:
    up = '<bpmn:escalationEventDefinition escalationRef="esc"/>'
    inner = (
        element("startEvent", "i1")
        + element("intermediateThrowEvent", "up", up)
        + element("endEvent", "i2")
        + flows("i1 > up > i2")
    )
    outer = (
        element("startEvent", "o1")
        + element("parallelGateway", "both")
        + element("endEvent", "oe")
        + element("intermediateThrowEvent", "then")
        + element("intermediateThrowEvent", "later")
        + element("subProcess", "inner", inner)
        + element("endEvent", "oe2")
        + flows("o1 > both > oe; both > then > later > inner > oe2")
    )
    key = desk.run(
        document(
            drawn(
                "p",
                element("startEvent", "s")
                + element("subProcess", "outer", outer)
                + element("boundaryEvent", "raised", up, attachedToRef="outer")
                + user("look")
                + element("endEvent", "e2"),
                "s > outer; raised > look > e2",
                "look",
            ),
            declared='<bpmn:escalation id="esc" name="x" escalationCode="up"/>',
        )
    )
    assert names(runtime, key) == ["look"]
    verified(runtime, key)


# --- timers


def catch(id: str, days: int) -> str:
    return element(
        "intermediateCatchEvent",
        id,
        timer("timeDuration", f"duration(&quot;P{days}D&quot;)"),
    )


def next_due(runtime: Runtime) -> list[datetime | None]:
    return [row.next_due_at for row in rows(runtime, models.instance)]


def test_of_two_timers_behind_an_event_based_gateway_the_first_wins(
    desk: Desk, clock: Clock, runtime: Runtime
) -> None:
    inner = (
        element("startEvent", "i1")
        + element("eventBasedGateway", "first")
        + catch("soon", 2)
        + catch("late", 3)
        + user("early")
        + user("tardy")
        + element("endEvent", "i2")
        + element("endEvent", "i3")
        + flows("i1 > first > soon > early > i2; first > late > tardy > i3")
    )
    key = desk.run(
        document(
            drawn(
                "p",
                element("startEvent", "s")
                + element("subProcess", "sub", inner)
                + element("endEvent", "e"),
                "s > sub > e",
                "early",
                "tardy",
            )
        )
    )
    assert next_due(runtime) == [clock.now + timedelta(days=2)]
    clock.move(days=10)
    assert due.fire_due(runtime) == 1
    assert names(runtime, key) == ["early"]
    assert next_due(runtime) == [None]
    do(runtime, key, "early", FINE)
    assert desk.statuses(key) == {"p": "completed"}
    verified(runtime, key)


def test_hundreds_of_timers_are_due_and_some_cases_cannot_be_moved(
    desk: Desk, clock: Clock, runtime: Runtime, office: Office
) -> None:
    waiting = document(
        drawn(
            "p",
            element("startEvent", "s") + catch("wait", 1) + user("work") + element("endEvent", "e"),
            "s > wait > work > e",
            "work",
        )
    )
    model = desk.deploy(waiting)
    office.fail()
    failing = begin(runtime)
    do(runtime, failing, "agree", BIG)
    keys = [desk.start(model) for _ in range(120)]
    broken = [keys[0], keys[60]]
    with runtime.database.begin() as connection:
        connection.execute(
            models.instance.update()
            .where(models.instance.c.business_key.in_(broken))
            .values(state=b'{"n":2,"t":[["gone",1,"w",{"due":"2026-03-03T00:00:00+00:00"}]]}')
        )
        connection.execute(models.incident.update().values(token=99))
    office.fault = None
    clock.move(days=2)
    assert due.fire_due(runtime) == 100
    assert due.fire_due(runtime) == 18
    assert due.fire_due(runtime) == 0
    assert sum(names(runtime, key) == ["work"] for key in keys if key not in broken) == 118


def test_a_clock_that_is_put_back_changes_no_order(
    desk: Desk, clock: Clock, runtime: Runtime
) -> None:
    key = begin(runtime)
    clock.move(days=-3)
    do(runtime, key, "agree", BIG)
    assert due.fire_due(runtime) == 0
    clock.move(hours=-3)
    do(runtime, key, "do", {"result": "again", "note": "x"})
    sequence = [event.seq for event in queries.history(runtime, key)]
    assert sequence == sorted(sequence)
    verified(runtime, key)


@pytest.mark.parametrize(
    "time",
    [
        'duration("P99999Y")',
        'duration("P9999999D")',
        'date and time("9999-12-31T23:59:59-10:00")',
        "1",
        "null",
    ],
)
def test_a_time_that_no_calendar_has_is_an_incident_and_stops_nothing_else(
    desk: Desk, runtime: Runtime, time: str
) -> None:
    quoted = time.replace('"', "&quot;")
    key = desk.run(
        document(
            drawn(
                "p",
                element("startEvent", "s")
                + user("work", due=f"={quoted}")
                + element(
                    "boundaryEvent",
                    "late",
                    timer("timeCycle", quoted),
                    attachedToRef="work",
                    cancelActivity="false",
                )
                + element("endEvent", "e")
                + element("endEvent", "e2"),
                "s > work > e; late > e2",
                "work",
            )
        )
    )
    assert [fault.element for fault in queries.incidents(runtime, key)] == ["late"]
    do(runtime, key, "work", FINE)
    assert desk.statuses(key) == {"p": "completed"}
    assert queries.incidents(runtime, key) == []


# --- races


BOTH = document(
    drawn(
        "p",
        element("startEvent", "s")
        + element("parallelGateway", "both")
        + user("a")
        + user("b")
        + user("c")
        + user("d")
        + element("endEvent", "e")
        + element("endEvent", "e2"),
        "s > both > a > c > e; both > b > d > e2",
        *"abcd",
    )
)


def test_two_people_who_do_different_tasks_of_a_case_at_once_both_succeed(
    desk: Desk, runtime: Runtime
) -> None:
    model = desk.deploy(BOTH)
    for _ in range(10):
        key = desk.start(model)
        numbers = [task(runtime, key, name) for name in "ab"]
        results = race(
            *(partial(commands.complete_task, runtime, number, FINE, WORKER) for number in numbers)
        )
        assert [r for r in results if not isinstance(r, commands.Completed)] == []
        assert sorted(names(runtime, key)) == ["c", "d"]
        verified(runtime, key)


def test_whatever_meets_at_one_task_leaves_the_case_whole(
    desk: Desk, clock: Clock, runtime: Runtime
) -> None:
    for _ in range(6):
        key = begin(runtime)
        do(runtime, key, "agree", BIG)
        number = task(runtime, key, "do")
        clock.move(days=30)
        first = queries.instances(runtime, key)[0].id
        done = {"result": "done", "note": "x"}
        works: list[Callable[[], Any]] = [
            partial(commands.complete_task, runtime, number, done, WORKER),
            partial(commands.save_draft, runtime, number, {"note": "draft"}, WORKER),
            partial(commands.save_draft, runtime, number, {"note": "again"}, WORKER),
            partial(commands.assign, runtime, number, "oli", MANAGER),
            partial(commands.claim, runtime, number, OTHER),
            partial(due.fire_due, runtime),
            partial(commands.cancel, runtime, first, "mistake", MANAGER),
        ]
        results = race(*works)
        assert all(
            r is None or isinstance(r, (EngineError, commands.Completed, int)) for r in results
        )
        open_now = [t.id for t in queries.open_tasks(runtime, key)]
        assert {row.user_task_id for row in rows(runtime, models.draft)} <= set(open_now)
        assert results[-1] is None, "cancelling always succeeds in the end"
        assert open_now == []
        assert set(desk.statuses(key).values()) == {"cancelled"}
        verified(runtime, key)


def test_a_draft_goes_with_its_task(runtime: Runtime) -> None:
    key = begin(runtime)
    commands.save_draft(runtime, task(runtime, key, "agree"), {"size": "big"}, WORKER)
    commands.cancel(runtime, queries.instances(runtime, key)[0].id, "mistake", MANAGER)
    assert rows(runtime, models.draft) == []


# --- odd input


ASKING = document(
    drawn(
        "p",
        element("startEvent", "s")
        + user("work")
        + element("exclusiveGateway", "is_one", default="is_one_to_no")
        + element("endEvent", "no")
        + element("endEvent", "yes"),
        "s > work > is_one; is_one > no; is_one > yes | gift = 1",
        "work",
    )
)


@pytest.mark.parametrize("value", [10**40, "\ud800", float("nan"), Decimal(1), {1, 2}])
def test_answers_that_are_no_json_are_refused_in_words(
    desk: Desk, runtime: Runtime, value: object
) -> None:
    model = desk.deploy(ASKING)
    before = len(rows(runtime, models.instance))
    with pytest.raises(InvalidAnswers, match="can't be kept"):
        desk.start(model, gift=value)
    assert len(rows(runtime, models.instance)) == before


def test_a_request_key_that_no_column_holds_is_refused(runtime: Runtime) -> None:
    commands.start(runtime, "errand", "errand", {}, WORKER, request_key="k" * 300)
    with pytest.raises(InvalidAnswers, match="request key"):
        commands.start(runtime, "errand", "errand", {}, WORKER, request_key="k" * 301)


def test_a_message_without_a_form_takes_no_answers(desk: Desk, runtime: Runtime) -> None:
    model = desk.deploy(
        MESSAGE_CIRCLE, extra='[messages.m]\nlabel = "Say it"\nroles = ["worker"]\n'
    )
    key = desk.start(model)
    with pytest.raises(InvalidAnswers, match="takes no answers"):
        commands.correlate(runtime, "m", key, {"extra": "x"}, WORKER)
    with pytest.raises(NotAllowed):
        commands.correlate(runtime, "m", key, {}, MANAGER)


def test_a_task_for_somebody_with_an_impossible_name_goes_to_the_role(
    desk: Desk, runtime: Runtime
) -> None:
    for name in ("x" * 300, "nobody\\u0000"):
        whom = f'"{name}"'.replace('"', "&quot;")
        key = desk.run(ONE_TASK.replace(b'name="tray"', f'name="assignee" value="{whom}"/>'
            '<spiffworkflow:property name="tray"'.encode()))  # fmt: skip
        (row,) = queries.open_tasks(runtime, key)
        assert row.assignee is None
        do(runtime, key, "work", FINE)


@pytest.mark.parametrize(("size", "fits"), [(300, True), (301, False)])
def test_a_name_is_shown_whole_or_refused(
    desk: Desk, runtime: Runtime, size: int, fits: bool
) -> None:
    named = ONE_TASK.replace(b'name="work"', b'name="' + b"w" * size + b'"')
    if fits:
        key = desk.run(named)
        assert queries.open_tasks(runtime, key)[0].name == "w" * size
    else:
        with pytest.raises(InvalidModel, match="more than 300 characters"):
            desk.deploy(named)


def test_an_id_that_no_column_holds_is_refused(desk: Desk) -> None:
    for old in (b'"work"', b'"p"'):
        long = b'"' + b"w" * 201 + b'"'
        drawing = ONE_TASK.replace(old, long).replace(b">work<", b">" + long.strip(b'"') + b"<")
        with pytest.raises(InvalidModel, match="more than 200 characters"):
            desk.deploy(drawing)


@pytest.mark.parametrize(
    "pattern",
    [
        "constant",
        "{nothing}",
        "{",
        "{}",
        "{number.__class__}-{number}",
        "{number:.2}",
        "{number:0300}",
        "{year}",
        "{year:%Y}-{number}",
    ],
)
def test_a_business_key_that_cannot_name_cases_is_refused(desk: Desk, pattern: str) -> None:
    with pytest.raises(InvalidModel, match="business_key"):
        desk.deploy(ONE_TASK, key=pattern)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('business_key = "E-{number:04}"', "business_key = 5", "business_key"),
        ('roles = ["manager"]', 'roles = "manager"', "list of roles"),
        ('roles = ["manager"]', 'roles = [["manager"]]', "list of roles"),
        ('form = "reason"', "form = 5", "messages.recalled.form"),
        ('label = "Call the errand off"', "label = 5", "messages.recalled.label"),
        ("[messages.recalled]", "[messages]\nrecalled = 5\n[nothing]", "messages.recalled"),
        ('worker = "Worker"', "worker = 5", "roles.worker"),
        ('worker = "Worker"', 'worker = "Manager"', "Two of"),
        ('todo = "To do"', "todo = []", "trays.todo"),
        ('timescales = "timescales"', 'timescales = "timescale"', "“timescale”"),
        ('timescales = "timescales"', "timescales = 3", "timescales"),
        ('id = "errand"', f'id = "{"e" * 101}"', "longer than 100"),
    ],
)
def test_settings_of_the_wrong_kind_are_refused_in_words(
    runtime: Runtime, folder: Path, old: str, new: str, words: str
) -> None:
    settings = FILES["model.toml"].decode()
    assert old in settings
    write(folder, {"model.toml": settings.replace(old, new).encode()})
    with pytest.raises(InvalidModel) as refused:
        commands.deploy(runtime, folder, MANAGER)
    assert any(words in f.message and f.path == "model.toml" for f in refused.value.findings)


def test_a_timescale_that_is_no_number_is_refused_in_words(runtime: Runtime, folder: Path) -> None:
    rows_ = ['"2" -> "two" | "days"']
    table_ = table("timescales", [("Step", "step")], ["amount", "unit"], rows_)
    write(folder, {"decisions/timescales.dmn": table_})
    with pytest.raises(InvalidModel, match="Write a whole number"):
        commands.deploy(runtime, folder, MANAGER)


def test_a_node_without_a_models_handlers_moves_the_other_models_cases(
    desk: Desk, office: Office, clock: Clock, runtime: Runtime
) -> None:
    waiting = (
        element("startEvent", "s")
        + catch("wait", 1)
        + service("act", "{}")
        + element("endEvent", "e")
    )

    def drawing(handler: str) -> bytes:
        return document(drawn("p", waiting.format(handler), "s > wait > act > e"))

    office.services.handler("lost")(lambda context: None)
    stuck, moved = desk.run(drawing("lost")), desk.run(drawing("alert"))
    del office.services.handlers["lost"]
    node = Runtime(runtime.database, office.services, clock)
    clock.move(days=2)
    assert due.fire_due(node) == 1
    assert desk.statuses(moved) == {"p": "completed"}
    assert desk.statuses(stuck) == {"p": "active"}
    office.services.handler("lost")(lambda context: None)
    assert due.fire_due(node) == 1
    assert desk.statuses(stuck) == {"p": "completed"}


def test_a_terminate_end_ends_what_runs_inside_and_what_was_called(
    desk: Desk, clock: Clock, runtime: Runtime
) -> None:
    inner = (
        element("startEvent", "i1")
        + element("parallelGateway", "all")
        + catch("wait", 1)
        + element("callActivity", "call", calledElement="q")
        + user("deep")
        + element("endEvent", "i2")
        + element("endEvent", "i3")
        + element("endEvent", "i4")
        + flows("i1 > all > wait > i2; all > call > i3; all > deep > i4")
    )
    model = desk.deploy(
        document(
            drawn(
                "p",
                element("startEvent", "s")
                + element("parallelGateway", "both")
                + user("stop")
                + element("endEvent", "stopped", "<bpmn:terminateEventDefinition/>")
                + element("subProcess", "sub", inner)
                + element("endEvent", "e"),
                "s > both > stop > stopped; both > sub > e",
                "stop",
                "deep",
            )
        ),
        document(
            drawn(
                "q",
                element("startEvent", "qs") + user("called") + element("endEvent", "qe"),
                "qs > called > qe",
                "called",
            )
        ),
    )
    key = desk.start(model)
    assert sorted(names(runtime, key)) == ["called", "deep", "stop"]
    do(runtime, key, "stop", FINE)
    assert desk.statuses(key) == {"p": "completed", "q": "cancelled"}
    assert names(runtime, key) == []
    assert set(next_due(runtime)) == {None}
    clock.move(days=3)
    assert due.fire_due(runtime) == 0
    verified(runtime, key)
