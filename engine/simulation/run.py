"""The simulated months: what happens next, again and again, until they are over."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from random import Random

import sqlalchemy as sa

from engine import commands, database, due, queries
from engine.errors import EngineError, InvalidAnswers
from engine.identity import Actor
from engine.models import incident, instance, user_task
from engine.runtime import Runtime
from engine.simulation.council import Arrival, Council, Outcome, ProcessCount
from engine.simulation.pen import Pen
from engine.simulation.worktime import done_at, working_moment
from engine.timescales import LONDON

_HELD_FOR = timedelta(days=90)
_HELD_ALONE = timedelta(days=130)
_MOST_HELD = 0.2
"""Towards the end the last case to come to a place waits there until another one comes, so that in
the end there are cases everywhere, and not only where many come or stay long. It waits no longer
than these days, longer if it is the only one in its process; beyond one in each process no greater
part of the cases waits so."""
_LOOK_AGAIN = timedelta(days=5)
_BY_THE_SAME = 0.85
_CLAIMED = 0.5


class NotEmpty(EngineError):
    """There are cases already; among them made-up ones have no place."""


_OPENED = (
    sa.select(
        user_task.c.id,
        user_task.c.business_key,
        user_task.c.process,
        user_task.c.element,
        user_task.c.due_at,
    )
    .where(user_task.c.id > sa.bindparam("latest"), user_task.c.status == "open")
    .order_by(user_task.c.id)
)
_NEXT_DUE = sa.select(
    sa.select(sa.func.min(instance.c.next_due_at))
    .where(instance.c.status == "active")
    .scalar_subquery(),
    sa.select(sa.func.min(incident.c.next_retry_at))
    .where(incident.c.closed_at.is_(None))
    .scalar_subquery(),
)
"""When the next timer falls due, and when a step that failed is tried again."""


def simulate(
    runtime: Runtime, council: Council, cases: int, seed: int, start: datetime, end: datetime
) -> Outcome:
    """Let `cases` cases come in between two moments and be worked on until the second one.

    The models have to be deployed. What comes out depends on the arguments and the models only.
    Raises NotEmpty where a process was started before.
    """
    if not is_empty(runtime):
        raise NotEmpty(
            "This database has cases already, and made-up ones must not mix with them. Give the "
            "address of a new database."
        )
    return _Months(runtime, council, cases, seed, start, end).go_by()


def is_empty(runtime: Runtime) -> bool:
    """Whether no process was ever started in this database."""
    with database.reading(runtime.database) as connection:
        return connection.execute(sa.select(instance.c.id).limit(1)).first() is None


class _Months:
    def __init__(
        self,
        runtime: Runtime,
        council: Council,
        cases: int,
        seed: int,
        start: datetime,
        end: datetime,
    ) -> None:
        self.now = self.start = start
        self.runtime = replace(runtime, clock=lambda: self.now)
        self.council = council
        self.seed = seed
        self.end = end
        self.pen = Pen(council.manner)
        self.people = {person.id: person for person in council.people}
        self.arrived: dict[str, Arrival] = {}
        self.dice: dict[str, Random] = {}
        self.known: dict[str, dict[str, str]] = {}
        self.involved: dict[str, set[str]] = {}
        self.done = self.sent = self.fired = 0
        self.left: dict[int, str] = {}
        self._held: dict[str, int] = {}
        self._staying: dict[str, str] = {}
        self._came: Counter[str] = Counter()
        self._most_held = _MOST_HELD * cases
        self._latest = 0
        self._falls_due: datetime | None = None
        self._turns = count()
        self._plans: list[tuple[datetime, int, Callable[[], None]]] = []
        dice = Random(f"{seed}")  # noqa: S311 - made-up cases need no secrets
        whole = (end - start).total_seconds()
        moments = sorted(
            working_moment(dice, start + timedelta(seconds=int(whole * dice.random())))
            for _ in range(cases)
        )
        for number, moment in enumerate(moments, 1):
            self._plan(min(moment, end), self._arrival(number))

    def go_by(self) -> Outcome:
        """Do what is next until the end."""
        while True:
            planned = self._plans[0][0] if self._plans else self.end
            if self._falls_due is not None and self._falls_due <= min(planned, self.end):
                self.now = max(self.now, self._falls_due)
                moved = due.fire_due(self.runtime)
                self.fired += moved
                self._look_around()
                if moved:
                    continue
                # What can't be moved at all stands in the way of nothing else.
            if not self._plans or planned > self.end:
                break
            self.now, _, do = heapq.heappop(self._plans)
            do()
            self._look_around()
        self.now = self.end
        return self._outcome()

    # --- what happens

    def _arrival(self, number: int) -> Callable[[], None]:
        def arrive() -> None:
            dice = Random(f"{self.seed}/{number}")  # noqa: S311
            arrival = self.council.arrive(self.runtime, number, dice)
            self.arrived[arrival.business_key] = arrival
            self.dice[arrival.business_key] = dice
            self.known[arrival.business_key] = {}
            self.involved[arrival.business_key] = set()

        return arrive

    def _claim(self, task_id: int) -> None:
        task = queries.task(self.runtime, task_id)
        if task.status == "open" and task.assignee is None:
            person = self._who_does(task)
            if person is not None:
                commands.claim(self.runtime, task_id, person)

    def _do(self, task_id: int) -> None:
        task = queries.task(self.runtime, task_id)
        if task.status != "open":
            return
        if task.business_key in self._staying.values():
            # Other work could end the case, and with it what is to stay.
            again = working_moment(self.dice[task.business_key], self.now + _LOOK_AGAIN)
            self._plan(again, self._later(self._do, task_id))
            return
        person = self._who_does(task)
        if person is None:
            self.left[task_id] = f"“{task.name}” in {task.business_key}: nobody may do it."
            return
        dice = self.dice[task.business_key]
        try:
            answers = self.pen.write(
                task.form,
                task.choices,
                self.now.astimezone(LONDON).date(),
                f"{task.process}/{task.element}",
                self.arrived[task.business_key].words,
                dice,
            )
            if task.assignee not in (None, person.id):
                commands.assign(self.runtime, task_id, person.id, person)
            commands.complete_task(self.runtime, task_id, answers, person)
        except InvalidAnswers as refusal:
            why = "; ".join(refusal.errors.values())
            self.left[task_id] = f"“{task.name}” in {task.business_key}: {why}"
            return
        self.done += 1
        self.known[task.business_key][task.role] = person.id
        self.involved[task.business_key].add(person.id)
        if dice.random() < self.council.often:
            moment = self.now + timedelta(days=dice.uniform(0.5, 20))
            self._plan(working_moment(dice, moment), lambda: self._ask(task.business_key))

    def _ask(self, business_key: str) -> None:
        """Somebody who worked on the case sends one of the messages that it waits for, unless it
        is to stay where it is."""
        if business_key in self._staying.values():
            return
        dice = self.dice[business_key]
        waiting = {
            message.name: message
            for message in queries.waiting_messages(self.runtime, business_key)
            if self.council.asks.get(message.name, 1.0)
        }
        weights = {name: self.council.asks.get(name, 1.0) for name in sorted(waiting)}
        if not weights:
            return
        question = (", ".join(weights), "message")
        message = waiting[self.pen.choose(question, weights, dice)]
        able = [
            self.people[who]
            for who in sorted(self.involved[business_key])
            if self.people[who].roles & set(message.roles)
        ]
        if not able:
            return
        answers = {}
        if message.form is not None:
            answers = self.pen.write(
                message.form,
                message.choices,
                self.now.astimezone(LONDON).date(),
                message.name,
                self.arrived[business_key].words,
                dice,
            )
        commands.correlate(self.runtime, message.name, business_key, answers, dice.choice(able))
        self.sent += 1

    def _who_does(self, task: queries.TaskRow) -> Actor | None:
        """Whoever has the task or did such tasks of the case before, if they may, or another."""
        dice = self.dice[task.business_key]
        able = [person for person in self.people.values() if task.role in person.roles]
        dice.shuffle(able)
        known = self.known[task.business_key].get(task.role)
        same = dice.random() < _BY_THE_SAME
        able.sort(key=lambda one: (one.id != task.assignee, not (same and one.id == known)))
        return next(
            (one for one in able if self.council.refusal(self.runtime, one, task) is None), None
        )

    # --- planning

    def _plan(self, moment: datetime, do: Callable[[], None]) -> None:
        heapq.heappush(self._plans, (moment, next(self._turns), do))

    def _look_around(self) -> None:
        """See when the next timer falls due, and plan the tasks that were opened since the last
        look."""
        with database.reading(self.runtime.database) as connection:
            moments = connection.execute(_NEXT_DUE).one()
            rows = connection.execute(_OPENED, {"latest": self._latest}).all()
        self._falls_due = min((moment for moment in moments if moment is not None), default=None)
        for row in rows:
            self._latest = row.id
            dice = self.dice[row.business_key]
            place = f"{row.process}/{row.element}"
            moment = done_at(dice, self.now, row.due_at)
            if dice.random() < _CLAIMED:
                early = self.now + (moment - self.now) * dice.random()
                self._plan(working_moment(dice, early), self._later(self._claim, row.id))
            if self._stays(place):
                before = self._held.get(place)
                self._held[place] = row.id
                self._staying[place] = row.business_key
                if before is not None:
                    self._plan(done_at(dice, self.now, None), self._later(self._do, before))
            else:
                self._plan(moment, self._later(self._do, row.id))

    def _stays(self, place: str) -> bool:
        """Whether what comes there now is to wait for the next: towards the end, as soon as it may
        well be the last one."""
        self._came[place] += 1
        usual = (self.now - self.start) / self._came[place]
        left = self.end - self.now
        if left > _HELD_ALONE:
            return False
        self._forget_withdrawn()
        process, _, _ = place.partition("/")
        if not any(held.startswith(f"{process}/") for held in self._held):
            return True
        few = place in self._held or len(self._held) < self._most_held
        return few and left < min(3 * usual, _HELD_FOR)

    def _forget_withdrawn(self) -> None:
        """What the case has moved on without holds no place any more."""
        query = sa.select(user_task.c.id).where(
            user_task.c.id.in_(self._held.values()), user_task.c.status == "open"
        )
        with database.reading(self.runtime.database) as connection:
            still_open = set(connection.execute(query).scalars())
        for place in [place for place, task in self._held.items() if task not in still_open]:
            del self._held[place], self._staying[place]

    @staticmethod
    def _later(do: Callable[[int], None], task_id: int) -> Callable[[], None]:
        return lambda: do(task_id)

    # --- what came of it

    def _outcome(self) -> Outcome:
        with database.reading(self.runtime.database) as connection:
            counted = connection.execute(
                sa.select(
                    instance.c.process,
                    sa.func.count().filter(instance.c.status == "active"),
                    sa.func.count().filter(instance.c.status != "active"),
                )
                .group_by(instance.c.process)
                .order_by(instance.c.process)
            ).all()
            open_cases = connection.execute(
                sa.select(sa.func.count())
                .select_from(instance)
                .where(instance.c.parent_id.is_(None), instance.c.status == "active")
            ).scalar_one()
            is_open = user_task.c.status == "open"
            open_tasks, overdue = connection.execute(
                sa.select(
                    sa.func.count(), sa.func.count().filter(user_task.c.due_at < self.end)
                ).where(is_open)
            ).one()
        return Outcome(
            len(self.arrived),
            open_cases,
            self.done,
            open_tasks,
            overdue,
            self.sent,
            self.fired,
            len(queries.incidents(self.runtime)),
            tuple(ProcessCount(*row) for row in counted),
            tuple(self.left.values()),
        )
