"""Whatever is done to cases in whatever order, they are where the reference says, and every row
that is kept of them agrees.

`PATHWAYS_EXAMPLES=2000` is the number of runs in the long form.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from engine import commands, database, due, models, queries
from engine.errors import NotAllowed, NotFound, NotWaiting, ServiceError, TaskClosed
from engine.execution import Execution
from engine.identity import SYSTEM
from engine.runtime import Runtime
from engine.services import ServiceRegistry
from tests.durability.reference import Episode, files
from tests.durability.whole import assert_whole
from tests.engine.conftest import MANAGER, OTHER, WORKER, Clock, write

EXAMPLES = int(os.environ.get("PATHWAYS_EXAMPLES", "0"))
CASES = 3
ACTIONS = ["work"] * 9 + ["wait"] * 5 + ["retry"] * 2
ACTIONS += ["claim", "again", "stop", "cancel", "restart", "upgrade"]


class Service(RuleBasedStateMachine):
    """Cases in a database, beside what the reference says of each."""

    def __init__(self, url: str, folder: Path) -> None:
        super().__init__()
        self.url = url
        self.folder = folder
        self.clock = Clock()
        self.works = True
        self.cases: dict[str, Episode] = {}
        self.closed: list[int] = []
        self.runtime = self.node()
        self.live = 2
        for version in (1, self.live):
            folder = write(self.folder / f"version{version}", files(version))
            commands.deploy(self.runtime, folder, MANAGER)
        with database.reading(self.runtime.database) as connection:
            newest = sa.select(sa.func.coalesce(sa.func.max(models.instance.c.id), 0))
            self.since: int = connection.execute(newest).scalar_one()

    def node(self) -> Runtime:
        services = ServiceRegistry()

        @services.handler("flaky")
        def flaky(context: object) -> None:
            if not self.works:
                raise ServiceError("Not this time.")

        return Runtime(database.connect(self.url), services, self.clock)

    def teardown(self) -> None:
        for key, episode in self.cases.items():
            if episode.status == "active":
                self.call_off(key)
        self.runtime.database.dispose()

    def some(self, data: st.DataObject, chosen: Callable[[Episode], object]) -> str | None:
        """One of the cases for which that is so, in the order in which they began: their numbers
        go on from run to run, and a run that is repeated has to choose the same ones."""
        found = [key for key, episode in self.cases.items() if chosen(episode)]
        return data.draw(st.sampled_from(found)) if found else None

    def task(self, key: str, element: str) -> queries.TaskRow:
        return next(t for t in queries.open_tasks(self.runtime, key) if t.element == element)

    # --- what people and other systems do

    @initialize()
    def start_some(self) -> None:
        for _ in range(CASES):
            self.start()

    @rule(data=st.data(), action=st.sampled_from(ACTIONS))
    def act(self, data: st.DataObject, action: str) -> None:
        """One rule for all: Hypothesis would leave most rules out of most runs, but a case has to
        be worked on again and again to come anywhere."""
        self.works = data.draw(st.sampled_from([True, True, False]))
        match action:
            case "work":
                if (key := self.some(data, lambda it: it.tasks)) is not None:
                    self.complete(data, key)
            case "wait":
                self.wait(data.draw(st.sampled_from([320, 1500, 7, 40, 20000, -90])))
            case "retry":
                if (key := self.some(data, lambda it: it.faults)) is not None:
                    self.retry(data.draw(st.sampled_from(queries.incidents(self.runtime, key))))
            case "claim":
                if (key := self.some(data, lambda it: it.tasks)) is not None:
                    self.claim(key, data.draw(st.sampled_from(sorted(self.cases[key].tasks))))
            case "again":
                if self.closed:
                    self.complete_again(data.draw(st.sampled_from(self.closed)))
            case "stop":
                self.stop(data.draw(st.sampled_from(list(self.cases))))
            case "cancel":
                self.cancel(data.draw(st.sampled_from(list(self.cases))))
            case "restart":
                self.runtime.database.dispose()
                self.runtime = self.node()
            case "upgrade":
                self.live = 3 - self.live
                commands.make_live(self.runtime, "episode", self.live, "As it goes.", MANAGER)
        if sum(episode.status == "active" for episode in self.cases.values()) < CASES:
            self.start()

    # --- what people and other systems do

    def start(self) -> None:
        made = commands.start(self.runtime, "episode", "p", {}, WORKER)
        self.cases[made.business_key] = Episode(self.live, self.clock.now)

    def complete(self, data: st.DataObject, key: str) -> None:
        element = data.draw(st.sampled_from(sorted(self.cases[key].tasks)))
        verdict = data.draw(st.sampled_from(["not fine", "fine"]))
        task = self.task(key, element)
        # Whoever took it has to do it.
        actor = OTHER if task.assignee == OTHER.id else WORKER
        commands.complete_task(self.runtime, task.id, {"verdict": verdict}, actor)
        self.cases[key].complete(element, verdict, self.works, self.clock.now)
        self.closed.append(task.id)

    def claim(self, key: str, element: str) -> None:
        """Take a task, which nobody else can do then."""
        task = self.task(key, element)
        if task.assignee is None:
            commands.claim(self.runtime, task.id, OTHER)
        with pytest.raises(NotAllowed):
            commands.claim(self.runtime, task.id, WORKER)
        with pytest.raises(NotAllowed):
            commands.complete_task(self.runtime, task.id, {"verdict": "fine"}, WORKER)

    def complete_again(self, number: int) -> None:
        with pytest.raises(TaskClosed):
            commands.complete_task(self.runtime, number, {"verdict": "fine"}, WORKER)

    def stop(self, key: str) -> None:
        if self.cases[key].stop():
            commands.correlate(self.runtime, "stop", key, {}, SYSTEM)
        else:
            with pytest.raises(NotWaiting):
                commands.correlate(self.runtime, "stop", key, {}, SYSTEM)

    def cancel(self, key: str) -> None:
        if self.cases[key].status == "active":
            self.call_off(key)
            self.cases[key].cancel()
        else:
            with pytest.raises(NotFound):
                self.call_off(key)

    def call_off(self, key: str) -> None:
        first = min(row.id for row in queries.instances(self.runtime, key))
        commands.cancel(self.runtime, first, "a mistake", MANAGER)

    def retry(self, row: queries.Incident) -> None:
        episode = self.cases[row.business_key]
        fault = next(
            each
            for each in episode.faults
            if (each.step, each.attempts, each.again)
            == (row.element, row.attempts, row.next_retry_at)
        )
        assert commands.retry_incident(self.runtime, row.id, MANAGER) == self.works
        episode.retry(fault, self.works, self.clock.now)

    # --- what happens without them

    def wait(self, minutes: int) -> None:
        """Let time pass, or the clock be set back, and do what is due."""
        self.clock.move(minutes=minutes)
        now, moved = self.clock.now, 0
        for episode in self.cases.values():
            moved += episode.fire(self.works, now)
        for episode in self.cases.values():
            for fault in list(episode.faults):
                if fault.again is not None and fault.again <= now:
                    episode.retry(fault, self.works, now)
                    moved += 1
        assert due.fire_due(self.runtime) == moved

    # --- what has to be so at every moment

    @invariant()
    def every_row_agrees(self) -> None:
        assert_whole(self.runtime, since=self.since)

    @invariant()
    def every_case_is_where_the_reference_says(self) -> None:
        with database.reading(self.runtime.database) as connection:
            rows = connection.execute(
                sa.select(models.instance).where(
                    models.instance.c.business_key.in_(self.cases),
                    models.instance.c.parent_id.is_(None),
                )
            ).all()
            assert len(rows) == len(self.cases)
            for row in rows:
                episode = self.cases[row.business_key]
                assert row.status == episode.status
                if row.status == "active":
                    run = Execution(self.runtime, connection, row, SYSTEM, self.clock()).run
                    assert len(list(run.tokens())) == episode.tokens
                assert row.next_due_at == episode.due
            tasks, faults = self.elements(connection)
        assert tasks == {key: Counter(it.tasks) for key, it in self.cases.items() if it.tasks}
        assert faults == {key: it.failed for key, it in self.cases.items() if it.faults}

    def elements(self, connection: sa.Connection) -> list[dict[str, Counter[str]]]:
        """At which elements there are open tasks, and incidents, by case."""
        task, fault = models.user_task.c, models.incident.c
        found: list[dict[str, Counter[str]]] = []
        for columns, is_open in ((task, task.status == "open"), (fault, fault.closed_at.is_(None))):
            by_case: dict[str, Counter[str]] = {}
            query = sa.select(columns.business_key, columns.element).where(
                columns.instance_id > self.since, is_open
            )
            for row in connection.execute(query):
                by_case.setdefault(row.business_key, Counter())[row.element] += 1
            found.append(by_case)
        return found


@pytest.mark.timeout(7200 if EXAMPLES else 100)
def test_cases_are_always_where_the_reference_says(database_url: str, tmp_path: Path) -> None:
    few = 5 if database_url.startswith("sqlite") else 3
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Service(database_url, tmp_path),
        settings=settings(
            max_examples=EXAMPLES or few,
            stateful_step_count=50 if EXAMPLES else 30,
            deadline=None,
            derandomize=not EXAMPLES,
            database=None,
            phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
