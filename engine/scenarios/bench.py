"""A case on the bench: the real engine on a database of its own, moved one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import commands, database, due, feel, queries, versions
from engine.diagrams import Process
from engine.errors import EngineError
from engine.identity import SYSTEM, Actor
from engine.model import Model
from engine.models import incident, instance
from engine.runtime import Runtime
from engine.scenarios.branches import Trail, qualified
from engine.services import ServiceRegistry
from engine.spiff import Passed, timers_of, waiting_at

BEGINNING = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""When every scenario starts: the same Monday each time, so that nothing depends on today."""
IN_MEMORY = "sqlite://"
"""Where a bench can keep what it has and go back to it."""
_BETWEEN = timedelta(minutes=1)
_PAGE = 1024

Kept = tuple[bytes, ...]
"""A database as it was, page by page."""
Refusal = Callable[[Runtime, Actor, queries.TaskRow], "str | None"]


def _nobody_is_refused(runtime: Runtime, actor: Actor, task: queries.TaskRow) -> None:
    return None


@dataclass(frozen=True)
class Site:
    """What a council has around its diagrams.

    `people` do the tasks, those who are named first rather than others; `prepare` fills an empty
    database with what handlers look up; `starts` gives for a process the answers with which it may
    begin, as the given number of a case, so that no two cases say the same; `refusal` says why a
    task is not for a person who holds its role. Roles without anybody get two invented people.
    """

    services: ServiceRegistry
    migrations: Sequence[Path] = ()
    people: Sequence[Actor] = ()
    prepare: Callable[[sa.Connection], object] = lambda connection: None
    starts: Callable[[Process, int], Sequence[Mapping[str, Any]]] = lambda process, number: [{}]
    refusal: Refusal = _nobody_is_refused


@dataclass(frozen=True)
class Act:
    """Something that can be done to a case.

    `kind` is start, task, message or wait; `element` is "process/element" (the process itself for
    a start); `key` tells ways of doing it apart. For a wait it is the timers that are armed.
    """

    kind: str
    element: str
    key: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    unlikely: float = 0.0


@dataclass(frozen=True)
class Doing:
    """An act with who did it; "" where nobody has to."""

    act: Act
    by: str = ""


@dataclass(frozen=True)
class Open:
    """A place where a case can be moved: by the task, message or timer of an instance."""

    kind: str
    process: str
    element: str
    instance: int
    message: str = ""
    task: queries.TaskRow | None = None


@dataclass
class Case:
    """A case as a step left it: where its instances stand, by which branches they came, and where
    it can be moved.

    `timers` are due time, instance, process and element, the next one first.
    """

    reference: str
    now: datetime
    trails: dict[int, Trail]
    waiting: tuple[tuple[int, str, tuple[str, ...]], ...] = ()
    timers: tuple[tuple[datetime, int, str, str], ...] = ()
    callers: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    openings: tuple[Open, ...] = ()
    variables: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    ended: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a step did: the case after it, all that was covered, the branches in order, and what
    failed, in words."""

    case: Case
    flows: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    faults: tuple[str, ...] = ()


class NotPossible(EngineError):
    """An act cannot be done in this case; the message says why."""


class Bench:
    """The engine with one model on a database of its own."""

    def __init__(self, url: str, model: Model, site: Site) -> None:
        self.model = model
        self.site = site
        self.now = BEGINNING
        self.people = {person.id: person for person in _people(model, site)}
        self._pages: dict[bytes, bytes] = {}
        self._passed: list[tuple[int, str, Passed]] = []
        self.runtime = Runtime(
            database.connect(url),
            site.services,
            lambda: self.now,
            lambda number, process, passed: self._passed.append((number, process, passed)),
        )
        if url == IN_MEMORY:
            # Most of what is kept is the same from one time to the next, page by page.
            self._raw().execute(f"PRAGMA page_size={_PAGE}")
        database.migrate(self.runtime.database, *site.migrations)
        with self.runtime.database.begin() as connection:
            site.prepare(connection)
            number = versions.record(connection, model, 1, SYSTEM, self.now)
        self.runtime.keep(number, model)

    def close(self) -> None:
        """Let go of the database."""
        self.runtime.database.dispose()

    # --- keeping and going back: in memory only

    def keep(self) -> Kept:
        """The whole database as it is."""
        whole = self._raw().serialize()
        pages = (whole[at : at + _PAGE] for at in range(0, len(whole), _PAGE))
        return tuple(self._pages.setdefault(page, page) for page in pages)

    def go_back(self, kept: Kept, case: Case) -> None:
        """Make the database what it was when `kept` was kept, at the time of `case`."""
        self._raw().deserialize(b"".join(kept))
        self.now = case.now

    def _raw(self) -> Any:
        return self.runtime.database.raw_connection().dbapi_connection

    # --- moving a case

    def start(self, process: str, answers: Mapping[str, Any]) -> Outcome:
        """Begin a case."""
        self.now = BEGINNING
        self._passed.clear()
        started = commands.start(self.runtime, self.model.id, process, answers, SYSTEM)
        return self._outcome(Case(started.business_key, self.now, {}))

    def do(self, case: Case, act: Act, by: str | None = None) -> tuple[Doing, Outcome]:
        """Do something to a case: by the person named, or by one who may.

        Raises NotPossible, and what the engine itself refuses.
        """
        self._passed.clear()
        self.now = case.now + _BETWEEN
        place = next(
            (
                place
                for place in case.openings
                if (place.kind, f"{place.process}/{place.element}") == (act.kind, act.element)
            ),
            None,
        )
        if place is None:
            raise NotPossible(f"“{act.element}” is not open here.")
        who = ""
        if act.kind == "wait":
            self.now = max(self.now, case.timers[0][0])
            due.fire_due(self.runtime)
        elif place.task is not None:
            person = self.people[by] if by else self._who_may(place.task)
            who = person.id
            if place.task.assignee not in (None, who):
                commands.assign(self.runtime, place.task.id, who, SYSTEM)
            commands.complete_task(self.runtime, place.task.id, act.answers, person)
        else:
            person = self.people[by] if by else self._who_sends(place.message)
            who = person.id
            commands.correlate(self.runtime, place.message, case.reference, act.answers, person)
        return Doing(act, who), self._outcome(case)

    def _openings(self, case: Case) -> tuple[Open, ...]:
        """Where the case can be moved, as the database has it now."""
        found: list[Open] = []
        for task in sorted(
            queries.open_tasks(self.runtime, case.reference), key=lambda task: task.id
        ):
            found.append(Open("task", task.process, task.element, task.instance_id, task=task))
        sent: set[str] = set()
        for number, name, places in case.waiting:
            process = self.model.processes[name]
            for place in places:
                element = process.elements[place]
                event = element.event
                if event is None or element.kind not in ("boundaryEvent", "intermediateCatchEvent"):
                    continue
                if event.kind == "message" and event.value in self.model.messages:
                    if event.value not in sent:
                        found.append(Open("message", name, place, number, event.value))
                    sent.add(event.value)
        found += [Open("wait", name, place, number) for _, number, name, place in case.timers[:1]]
        return tuple(found)

    def _who_may(self, task: queries.TaskRow) -> Actor:
        """Whoever has the task, or else the first of its role to whom it is not refused."""
        able = [person for person in self.people.values() if task.role in person.roles]
        able.sort(key=lambda person: person.id != task.assignee)
        why = ""
        for person in able:
            refused = self.site.refusal(self.runtime, person, task)
            if refused is None:
                return person
            why = why or f" {refused}"
        raise NotPossible(f"Nobody may do “{task.name}”.{why}")

    def _who_sends(self, message: str) -> Actor:
        known = self.model.messages[message]
        for role in known.roles:
            for person in self.people.values():
                if role in person.roles:
                    return person
        raise NotPossible(f"Nobody may do this: “{known.label}”.")

    # --- looking at it

    def _outcome(self, before: Case) -> Outcome:
        with database.reading(self.runtime.database) as connection:
            rows = connection.execute(
                sa.select(
                    instance.c.id,
                    instance.c.process,
                    instance.c.parent_id,
                    instance.c.parent_element,
                    instance.c.state,
                    instance.c.variables,
                )
                .where(instance.c.business_key == before.reference, instance.c.status == "active")
                .order_by(instance.c.id)
            ).all()
            faults = connection.execute(
                sa.select(incident.c.name, incident.c.message)
                .where(incident.c.business_key == before.reference, incident.c.closed_at.is_(None))
                .order_by(incident.c.id)
            ).all()
        trails = {number: trail.copy() for number, trail in before.trails.items()}
        flows: list[str] = []
        pairs: list[tuple[str, str]] = []
        for number, name, passed in self._passed:
            process = self.model.processes[name]
            trail = trails.setdefault(number, Trail(process))
            taken = trail.pass_by(passed)
            flows += [f"{name}/{flow}" for flow in taken.flows]
            pairs += qualified(process, taken.pairs)
        live = {row.id for row in rows}
        case = replace(
            before,
            now=self.now,
            trails={number: trail for number, trail in trails.items() if number in live},
            waiting=tuple(
                (row.id, row.process, tuple(waiting_at(row.state, armed=True))) for row in rows
            ),
            timers=tuple(
                sorted(
                    (due_at, row.id, row.process, element)
                    for row in rows
                    for due_at, element in timers_of(row.state)
                )
            ),
            callers={row.id: (row.parent_id, row.parent_element) for row in rows if row.parent_id},
            variables={row.id: feel.load_json(row.variables) for row in rows},
            ended=not rows,
        )
        case.openings = self._openings(case)
        said = tuple(f"“{fault.name}”: {fault.message}" for fault in faults)
        return Outcome(case, tuple(flows), tuple(pairs), said)


def _people(model: Model, site: Site) -> list[Actor]:
    found = list(site.people)
    for role in model.roles:
        if not any(role in person.roles for person in found):
            found += [Actor(f"{role} {number}", frozenset({role})) for number in (1, 2)]
    return found
