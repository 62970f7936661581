"""Why a task is there: what led to it, when it is due and why then, and what can come next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import orjson
import sqlalchemy as sa

from engine import feel
from engine.database import reading
from engine.diagrams import Element, Flow, Process
from engine.errors import EngineError, NotFound
from engine.forms import Form, in_scope
from engine.forms.fields import WITH_OPTIONS
from engine.forms.summary import NOT_PROVIDED
from engine.model import Clause, Model
from engine.models import instance, submission, user_task
from engine.queries.onward import Turn, Way, turn, ways
from engine.queries.trail import Move, Trail
from engine.runtime import Runtime
from engine.timescales import LONDON, Timescale, bank_holidays, due_at

MOST_MOVES = 12
MOST_ANSWERS = 8
_CALLER = instance.alias("caller")
_CLOSED_QUESTIONS = WITH_OPTIONS | {"checkbox"}


@dataclass(frozen=True)
class Answer:
    """A question of a form with the answer that was given, both in the form's words."""

    question: str
    answer: str


@dataclass(frozen=True)
class DecisionTaken:
    """A decision that the service took, with its outputs and the rules that fired (number and
    description)."""

    name: str
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Cause:
    """Something that led to a task: `kind` is task_completed, message, timer or started.

    `answers` are those by which a way was chosen, `turns` the ways that gateways chose by them,
    `attached_to` the name of the step at whose border an event stands.
    """

    kind: str
    name: str
    process_name: str
    clauses: tuple[Clause, ...]
    at: datetime
    actor: str
    attached_to: str
    answers: tuple[Answer, ...]
    turns: tuple[Turn, ...]
    decisions: tuple[DecisionTaken, ...]


@dataclass(frozen=True)
class Reckoning:
    """How a due date came about: `start` and `allowed` make `end`.

    `step` is the row of the timescales `table`, None where the diagram itself gives the time.
    Of `working_days` the `holidays` did not count, which would have been days of work otherwise.
    Where a date was agreed instead, `allowed` is "" and `agreed` says how: the answer, and the step
    at which it was given.
    """

    start: date
    end: date
    allowed: str
    step: str | None
    table: str
    working_days: bool
    holidays: tuple[date, ...]
    agreed: tuple[Answer, Cause] | None


@dataclass(frozen=True)
class Grounds:
    """Why a task of the process `process_name` is there.

    `clauses` and `documentation` are those of its element; `causes` are what led to it, the oldest
    first, back to the last that decided something; `caller` is the name of the process that
    called the one in which it stands, or "".
    """

    process_name: str
    clauses: tuple[Clause, ...]
    documentation: str
    causes: tuple[Cause, ...]
    ways: tuple[Way, ...]
    caller: str
    reckoning: Reckoning | None


def grounds(runtime: Runtime, task_id: int) -> Grounds:
    """Why a task is there. Raises NotFound.

    Reads a bounded part of the history, so an old case answers as fast as a new one.
    """
    with reading(runtime.database) as connection:
        row = connection.execute(
            sa.select(
                user_task,
                instance.c.deployment_id,
                instance.c.variables,
                _CALLER.c.process.label("caller"),
            )
            .join(instance, instance.c.id == user_task.c.instance_id)
            .outerjoin(_CALLER, _CALLER.c.id == instance.c.parent_id)
            .where(user_task.c.id == task_id)
        ).one_or_none()
        if row is None:
            raise NotFound("There is no such task.")
        model = runtime.model(connection, row.deployment_id)
        process = model.processes[row.process]
        element = process.elements[row.element]
        inquiry = _Inquiry(runtime, connection, model, row)
        return Grounds(
            process.name,
            _clauses(model, element),
            element.documentation,
            inquiry.causes(),
            ways(model, process, element),
            model.processes[row.caller].name if row.caller else "",
            inquiry.reckoning(element),
        )


class _Inquiry:
    """The grounds of one task as they are gathered."""

    def __init__(self, runtime: Runtime, connection: sa.Connection, model: Model, row: Any) -> None:
        self.runtime = runtime
        self.connection = connection
        self.model = model
        self.row = row
        trail = Trail(connection, model)
        opened = trail.opening(row.instance_id, row.element, row.created_at)
        self._ahead: Iterator[Move] = iter(())
        if opened is not None:
            self._ahead = islice(trail.moves(row.instance_id, row.element, opened), MOST_MOVES)
        self._known: list[Move] = []
        self._answered: dict[tuple[int, int], tuple[Form, dict[str, Any]] | None] = {}

    def moves(self) -> Iterator[Move]:
        """The moves that led here, the latest first; each is looked for once."""
        yield from self._known
        for move in self._ahead:
            self._known.append(move)
            yield move

    def causes(self) -> tuple[Cause, ...]:
        """The last move, and the last one that decided something: by an answer that a way was
        chosen by, by a decision, or by happening at all, as a message does. Often both are one.
        The oldest first.
        """
        found: list[Cause] = []
        sought: frozenset[str] = frozenset()
        for move in self.moves():
            read = {name for each in move.flows for name in self._read_by(*each)}
            sought |= read
            cause = self._cause(move, sought)
            decided = cause.answers or cause.decisions or cause.kind != "task_completed"
            if decided or not found:
                found.append(cause)
            if decided:
                break
        return tuple(reversed(found))

    def _cause(self, move: Move, sought: frozenset[str]) -> Cause:
        """The move in words, with the answers that give the variables `sought`."""
        element = move.element
        attached = move.process.elements[element.attached_to] if element.attached_to else None
        name = element.label
        if move.event.kind == "message" and element.event is not None:
            message = self.model.messages.get(element.event.value)
            name = message.label if message else name
        answers, given = self._answers(move, sought)
        flows = [
            (process, flow)
            for process, flow in move.flows
            # Of a person's step only what hung on it: the other ways were settled before.
            if move.event.kind != "task_completed"
            or not given.isdisjoint(self._read_by(process, flow))
        ]
        return Cause(
            move.event.kind,
            name,
            move.process.name,
            _clauses(self.model, element),
            move.event.at,
            move.event.actor,
            attached.label if attached else "",
            answers,
            tuple(turn(process, flow) for process, flow in flows),
            tuple(
                DecisionTaken(event.name or "", event.detail.get("result", {}))
                for event in move.decisions
            ),
        )

    def _read_by(self, process: Process, taken: Flow) -> Iterable[str]:
        """The variables by which a gateway chose this flow: those of its condition, and for the
        default flow those of all the conditions that were not met."""
        flows = process.outgoing[taken.source] if taken.condition is None else (taken,)
        for flow in flows:
            if flow.condition:
                yield from self.model.expressions[flow.condition].variables

    def _answers(
        self, move: Move, sought: frozenset[str]
    ) -> tuple[tuple[Answer, ...], frozenset[str]]:
        """The answers of a move that give some of the variables `sought`, and which they give.

        They give them by themselves, or through a service task that read them; in the latter case
        all answers to questions with given options are taken to have told.
        """
        submitted = self._submitted(move) if sought else None
        if submitted is None:
            return (), frozenset()
        form, answers = submitted
        given = sought & form.keys
        keys = set(given)
        for served in move.served:
            handler = self.runtime.services.handlers.get(served.handler or "")
            read = f'"{move.element.id}"' in served.parameters.values()
            told = (sought - form.keys).intersection(handler.results) if handler and read else None
            if told:
                given |= told
                keys |= {
                    key
                    for key, field in in_scope(form.fields).items()
                    if field.kind in _CLOSED_QUESTIONS
                }
        if not keys:
            return (), given
        options = self.runtime.services.options(form, self.connection, self.row.business_key)
        found = [
            Answer(row.label, row.value)
            for row in form.summary(answers, options)
            if row.path.partition(".")[0].partition("[")[0] in keys and row.value != NOT_PROVIDED
        ]
        return tuple(found[:MOST_ANSWERS]), given

    def _submitted(self, move: Move) -> tuple[Form, dict[str, Any]] | None:
        """The form and the answers with which a move began, None where there are none."""
        key = (move.event.instance_id, move.event.seq)
        if key not in self._answered:
            self._answered[key] = self._read_submission(move)
        return self._answered[key]

    def _read_submission(self, move: Move) -> tuple[Form, dict[str, Any]] | None:
        element = move.element
        form_id = element.form
        if element.event is not None and element.event.value in self.model.messages:
            form_id = self.model.messages[element.event.value].form
        if form_id is None:
            return None
        query = sa.select(submission.c.answers)
        if "submission" in move.event.detail:
            query = query.where(submission.c.id == move.event.detail["submission"])
        else:
            query = query.where(
                submission.c.business_key == self.row.business_key,
                submission.c.element == element.id,
                submission.c.instance_id == move.event.instance_id,
                submission.c.at == move.event.at,
            ).order_by(submission.c.id.desc())
        answers = self.connection.execute(query.limit(1)).scalar_one_or_none()
        return None if answers is None else (self.model.forms[form_id], orjson.loads(answers))

    def reckoning(self, element: Element) -> Reckoning | None:
        """How the task's due date came about; None without one, or where it can't be told."""
        if self.row.due_at is None or element.due is None:
            return None
        try:
            if element.due_expression:
                variables = feel.load_json(self.row.variables)
                value = self.model.expressions[element.due_expression].evaluate(variables)
            else:
                value = self.model.timescale(element.due)
            if due_at(value, self.row.created_at) != self.row.due_at:
                return None  # What the date followed from has changed since.
        except (feel.FeelError, EngineError, ValueError):
            return None
        start = self.row.created_at.astimezone(LONDON).date()
        end = self.row.due_at.astimezone(LONDON).date()
        allowed = _allowed(value)
        step = value.step if isinstance(value, Timescale) else None
        working = isinstance(value, Timescale) and value.unit == "working days"
        holidays = [day for day in bank_holidays(start, end) if working and day.weekday() < 5]
        agreed = self._agreed(end) if type(value) is date else None
        if not allowed and agreed is None:
            return None
        table = self.model.timescales.name if step and self.model.timescales else ""
        return Reckoning(start, end, allowed, step, table, working, tuple(holidays), agreed)

    def _agreed(self, day: date) -> tuple[Answer, Cause] | None:
        """The latest answer on the way here that is this date."""
        for move in self.moves():
            submitted = self._submitted(move)
            if submitted is None:
                continue
            form, answers = submitted
            for key, field in in_scope(form.fields).items():
                if field.kind == "datetime" and answers.get(key) == day.isoformat():
                    said, _ = self._answers(move, frozenset({key}))
                    if said:
                        return said[0], self._cause(move, frozenset())
        return None


def _clauses(model: Model, element: Element) -> tuple[Clause, ...]:
    return tuple(model.clauses[clause] for clause in element.clauses)


def _allowed(value: Any) -> str:
    """An amount of calendar time in words; "" for anything else."""
    match value:
        case Timescale():
            return str(value)
        case feel.YearsMonthsDuration(months=months) if months > 0:
            return str(Timescale(months, "months"))
        case timedelta() if value.days > 0 and value == timedelta(days=value.days):
            return str(Timescale(value.days, "days"))
    return ""
