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
    invariant,
    precondition,
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
        self.live = 0
        self.upgrade()
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
        """One of the cases for which that is so."""
        found = [key for key, episode in self.cases.items() if chosen(episode)]
        return data.draw(st.sampled_from(found)) if found else None

    def task(self, key: str, element: str) -> queries.TaskRow:
        return next(t for t in queries.open_tasks(self.runtime, key) if t.element == element)

    # --- what people and other systems do

    @precondition(lambda self: len(self.cases) < CASES)
    @rule()
    def start(self) -> None:
        made = commands.start(self.runtime, "episode", "p", {}, WORKER)
        self.cases[made.business_key] = Episode(self.live)

    @rule(data=st.data(), verdict=st.sampled_from(["fine", "not fine"]))
    def complete(self, data: st.DataObject, verdict: str) -> None:
        key = self.some(data, lambda it: it.tasks)
        if key is None:
            return
        element = data.draw(st.sampled_from(sorted(self.cases[key].tasks)))
        task = self.task(key, element)
        actor = OTHER if task.assignee == OTHER.id else WORKER
        commands.complete_task(self.runtime, task.id, {"verdict": verdict}, actor)
        self.cases[key].complete(element, verdict, self.works, self.clock.now)
        self.closed.append(task.id)

    @rule(data=st.data())
    def claim_and_be_the_only_one(self, data: st.DataObject) -> None:
        key = self.some(data, lambda it: it.tasks)
        if key is None:
            return
        task = self.task(key, data.draw(st.sampled_from(sorted(self.cases[key].tasks))))
        if task.assignee is None:
            commands.claim(self.runtime, task.id, OTHER)
        with pytest.raises(NotAllowed):
            commands.claim(self.runtime, task.id, WORKER)
        with pytest.raises(NotAllowed):
            commands.complete_task(self.runtime, task.id, {"verdict": "fine"}, WORKER)

    @precondition(lambda self: self.closed)
    @rule(data=st.data())
    def complete_a_second_time(self, data: st.DataObject) -> None:
        with pytest.raises(TaskClosed):
            commands.complete_task(
                self.runtime, data.draw(st.sampled_from(self.closed)), {"verdict": "fine"}, WORKER
            )

    @precondition(lambda self: self.cases)
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.cases)))
        if self.cases[key].stop():
            commands.correlate(self.runtime, "stop", key, {}, SYSTEM)
        else:
            with pytest.raises(NotWaiting):
                commands.correlate(self.runtime, "stop", key, {}, SYSTEM)

    @precondition(lambda self: len(self.cases) == CASES)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.cases)))
        if self.cases[key].status == "active":
            self.call_off(key)
            self.cases[key].cancel()
        else:
            with pytest.raises(NotFound):
                self.call_off(key)

    def call_off(self, key: str) -> None:
        first = min(row.id for row in queries.instances(self.runtime, key))
        commands.cancel(self.runtime, first, "a mistake", MANAGER)

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        key = self.some(data, lambda it: it.faults)
        if key is None:
            return
        row = data.draw(st.sampled_from(queries.incidents(self.runtime, key)))
        fault = next(
            each
            for each in self.cases[key].faults
            if (each.step, each.attempts, each.again)
            == (row.element, row.attempts, row.next_retry_at)
        )
        assert commands.retry_incident(self.runtime, row.id, MANAGER) == self.works
        self.cases[key].retry(fault, self.works, self.clock.now)

    # --- what happens without them

    @rule(minutes=st.sampled_from([1, 6, 40, 300, 1500, 1500, 3000, 20000, -90]))
    def time_passes(self, minutes: int) -> None:
        self.clock.move(minutes=minutes)

    @rule()
    def what_is_due_is_done(self) -> None:
        now, moved = self.clock.now, 0
        for episode in self.cases.values():
            moved += episode.fire(self.works, now)
        for episode in self.cases.values():
            for fault in list(episode.faults):
                if fault.again is not None and fault.again <= now:
                    episode.retry(fault, self.works, now)
                    moved += 1
        assert due.fire_due(self.runtime) == moved

    @rule()
    def handlers_fail_or_work_again(self) -> None:
        self.works = not self.works

    @rule()
    def restart(self) -> None:
        self.runtime.database.dispose()
        self.runtime = self.node()

    @rule()
    def upgrade(self) -> None:
        self.live = 2 if self.live == 1 else 1
        folder = write(self.folder / f"version{self.live}", files(self.live))
        commands.deploy(self.runtime, folder, MANAGER)

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
        for key, episode in self.cases.items():
            found = Counter(task.element for task in queries.open_tasks(self.runtime, key))
            assert found == Counter(episode.tasks)
            faults = Counter(fault.element for fault in queries.incidents(self.runtime, key))
            assert faults == episode.failed


@pytest.mark.timeout(7200 if EXAMPLES else 100)
def test_cases_are_always_where_the_reference_says(database_url: str, tmp_path: Path) -> None:
    few = 12 if database_url.startswith("sqlite") else 6
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Service(database_url, tmp_path),
        settings=settings(
            max_examples=EXAMPLES or few,
            stateful_step_count=50 if EXAMPLES else 30,
            deadline=None,
            derandomize=not EXAMPLES,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
