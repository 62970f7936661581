"""The queries behind the managers' caseload, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from engine import commands, queries
from engine.models import incident, instance
from engine.queries import Narrowing
from handlers import access
from tests.handlers.desk import PEOPLE
from tests.handlers.office import MOVED, RETURNED, Office

EVERYTHING = sa.true()


def found(office: Office, **narrowing: object) -> list[tuple[str, str]]:
    """The instances of a list, as business key and process."""
    wanted = Narrowing(**{"among": EVERYTHING, **narrowing})  # type: ignore[arg-type]
    rows = queries.listing(office.runtime, wanted).rows
    assert queries.listing_count(office.runtime, wanted) == (len(rows), False)
    assert [row.id for row in queries.whole_listing(office.runtime, wanted)] == [
        row.id for row in rows
    ]
    return [(row.business_key, row.process) for row in rows]


def at(office: Office, text: str) -> list[tuple[str, str]]:
    return found(office, steps=queries.steps_named(office.runtime, ["caf"], text))


def test_instances_are_found_by_whatever_they_wait_for(office: Office) -> None:
    office.receive()
    first = office.reference
    office.triage()
    office.receive(reference="EC-2")
    second = office.reference
    task, call = (first, "caf_coordinator"), (first, "overview")
    assert at(office, "create_contact_record") == [task]
    assert at(office, "complete_basic_checks") == [(second, "overview")]
    # The call, not what was called; and a message that each overview listens to.
    (name,) = {
        waiting.element
        for waiting in queries.one_instance(office.runtime, _number(office, *call)).waiting
        if waiting.called_id
    }
    assert at(office, name) == [call]
    assert sorted(at(office, "close_requested")) == [call, (second, "overview")]
    # A sub-process and an event at the border of a task are no places to be at.
    assert queries.steps_named(office.runtime, ["caf"], "caf_episode") == []
    assert found(office, role="caf_co_ordinator") == [task]
    assert found(office, process="caf_coordinator") == [task]
    assert found(office, steps=[]) == []


def _number(office: Office, reference: str, process: str) -> int:
    rows = queries.instances(office.runtime, reference)
    return next(row.id for row in rows if row.process == process)


def test_what_is_done_is_not_overdue_any_more_and_the_most_urgent_comes_first(
    office: Office,
) -> None:
    office.receive()
    first = office.reference
    office.now += timedelta(days=3)
    office.receive(reference="EC-2")
    second = office.reference
    assert found(office) == [(first, "overview"), (second, "overview")]
    assert found(office, overdue=True) == [(first, "overview")]
    office.now += timedelta(days=30)
    assert found(office, overdue=True) == [(first, "overview"), (second, "overview")]
    assert found(office, before=office.now - timedelta(days=31)) == [(first, "overview")]
    office.reference = first
    office.triage()
    assert found(office, overdue=True) == [(second, "overview")]
    # What nothing is due for comes last.
    assert found(office)[-1] == (first, "overview")


def test_only_the_instances_of_cases_that_a_person_may_see_are_listed_and_counted(
    office: Office,
) -> None:
    office.receive()
    caf = (office.reference, "overview")

    def seen(user: str, cluster: str | None = None) -> list[tuple[str, str]]:
        return found(office, among=access.visible_instances(PEOPLE[user], cluster=cluster))

    assert seen("manager") == [caf]
    assert seen("mash") == [caf]  # before the tray is decided
    assert seen("leadpro") == seen("cadsmanager") == seen("admin") == []
    assert seen("manager", "west") == []
    with office.runtime.database.connect() as connection:
        assert access.may_see(connection, PEOPLE["manager"], office.reference)
    assert seen("manager", office.file().cluster) == [caf]
    # Where not even the file could be opened, the model's managers have to mend that.
    with office.runtime.database.begin() as connection:
        connection.execute(instance.update().values(business_key="CAF-0"))
    assert seen("manager") == [("CAF-0", "overview")]
    assert seen("mash") == seen("coordinator") == seen("cadsmanager") == []


def test_a_map_counts_what_waits_and_takes_the_median_of_the_period(office: Office) -> None:
    for number, days in enumerate((1, 2, 6)):
        office.receive(reference=f"EC-{number}")
        came = office.now
        office.now += timedelta(days=days)
        office.triage()
        office.now = came
    office.receive(reference="LATE")
    office.now += timedelta(days=30)

    def loads(since: timedelta) -> dict[str, queries.ElementLoad]:
        load = queries.map_load(office.runtime, "caf", "overview", office.now - since, EVERYTHING)
        assert (load.running, load.elsewhere) == (4, {})
        return {each.element: each for each in load.elements}

    checks = loads(timedelta(days=90))["complete_basic_checks"]
    assert (checks.waiting, checks.overdue, checks.failed, checks.done) == (1, 1, 0, 3)
    assert checks.median is not None
    assert abs(checks.median - timedelta(days=2)) < timedelta(seconds=1)
    # Only the last wait ended in these days.
    recent = loads(timedelta(days=25))["complete_basic_checks"]
    assert recent.done == 1
    assert recent.median is not None
    assert abs(recent.median - timedelta(days=6)) < timedelta(seconds=1)
    listens = loads(timedelta(days=90))["close_requested"]
    assert (listens.waiting, listens.done, listens.median) == (4, None, None)
    (call,) = (each for each in loads(timedelta(1)).values() if each.kind == "callActivity")
    assert (call.waiting, call.done, call.median) == (3, 0, None)
    first = next(iter(loads(timedelta(days=90)).values()))
    assert first.element == "complete_basic_checks"


def test_a_map_counts_failed_steps(office: Office) -> None:
    office.receive()
    office.triage()
    (row,) = [
        each
        for each in queries.listing(office.runtime, Narrowing(EVERYTHING)).rows
        if each.process == "caf_coordinator"
    ]
    with office.runtime.database.begin() as connection:
        connection.execute(
            incident.insert().values(
                instance_id=row.id, token=99, business_key=office.reference,
                element="receive_in_tray", name="Receive in tray", message="Out of paper.",
                opened_at=office.now, attempts=1,
            )
        )  # fmt: skip
    load = queries.map_load(office.runtime, "caf", "caf_coordinator", office.now, EVERYTHING)
    (failed,) = (each for each in load.elements if each.failed)
    assert (failed.element, failed.waiting, failed.failed) == ("receive_in_tray", 1, 1)
    assert found(office, incident=True) == [(office.reference, "caf_coordinator")]


def test_the_path_times_tasks_calls_and_events(office: Office) -> None:
    office.receive()
    office.triage()
    came = office.now
    office.now += timedelta(days=4)
    office.send("close_requested", "coordinator", **MOVED)
    (task,) = [
        each
        for each in queries.open_tasks(office.runtime, office.reference)
        if each.role == "caf_duty_manager"
    ]
    office.now += timedelta(days=1)
    commands.complete_task(office.runtime, task.id, RETURNED, PEOPLE["manager"].actor)
    office.now += timedelta(days=1)
    path = queries.path(office.runtime, _number(office, office.reference, "overview"))
    visits = {(visit.element, visit.outcome): visit for visit in path.visits}
    listened = visits["close_requested", "completed"]
    assert (listened.came, listened.left) == (came, came + timedelta(days=4))
    again = visits["close_requested", "open"]
    assert (again.came, again.left) == (came + timedelta(days=5), None)
    overseen = visits[task.element, "completed"]
    assert overseen.by == "manager"
    assert overseen.came is not None and overseen.left is not None
    assert overseen.left - overseen.came == timedelta(days=1)
    (call,) = [visit for visit in path.visits if visit.called_id]
    assert (call.outcome, call.came) == ("open", came)
    assert call.called_id == _number(office, office.reference, "caf_coordinator")
    assert path.whole
    assert list(path.visits) == sorted(path.visits, key=lambda one: one.came or came)


def test_what_has_ended_is_listed_on_its_own(office: Office) -> None:
    office.receive()
    running = found(office)
    office.triage("close")
    assert found(office) == []
    assert found(office, ended=True) == running
