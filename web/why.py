"""Why a task is there and where a case is, in the words of the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from engine import queries
from web.timeline_words import actor_words, output_words, rule_words
from web.words import day_words

_SHOWN_IDS = 3
_AUTOMATIC = ("serviceTask", "businessRuleTask")
_ORDER = ("userTask", *_AUTOMATIC, "intermediateCatchEvent", "boundaryEvent", "callActivity")


@dataclass(frozen=True)
class Told:
    """Something that led here: a sentence, questions with their answers, and what followed."""

    sentence: str
    answers: tuple[queries.Answer, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Next:
    """Where it can go from here: `before` and `after` stand around the name, `when` says under
    which conditions, "" if under none."""

    before: str
    name: str
    after: str
    when: str


@dataclass(frozen=True)
class Why:
    """Why a task is there, in words; `due` is the arithmetic of the due date, "" without any."""

    paragraphs: tuple[str, ...]
    clauses: tuple[queries.Clause, ...]
    causes: tuple[Told, ...]
    next: tuple[Next, ...]
    due: str


@dataclass(frozen=True)
class Whereabouts:
    """A place at which a case is: its first clause with that step's name, what goes on there, and
    its other clauses; "" where it has none."""

    clause: str
    step: str
    text: str
    also: str


def people_in(grounds: queries.Grounds) -> list[str]:
    """The ids of those whom the grounds mention."""
    people = [cause.actor for cause in grounds.causes]
    if grounds.reckoning is not None and grounds.reckoning.agreed is not None:
        people.append(grounds.reckoning.agreed[1].actor)
    return people


def in_words(grounds: queries.Grounds, names: Mapping[str, str]) -> Why:
    """The grounds of a task in words; `names` are those of `people_in`."""
    return Why(
        tuple(part.strip() for part in grounds.documentation.split("\n\n") if part.strip()),
        grounds.clauses,
        tuple(_told(cause, grounds.process_name, names) for cause in grounds.causes),
        tuple(_next(way, grounds.caller) for way in grounds.ways),
        _due(grounds.reckoning, names),
    )


def whereabouts(places: Sequence[queries.Place]) -> list[Whereabouts]:
    """Where a case is in words: what people have to do first, called processes last."""
    ordered = sorted(
        places, key=lambda place: _ORDER.index(place.kind) if place.kind in _ORDER else len(_ORDER)
    )
    return [
        Whereabouts(
            clause_ids(place.clauses[:1]),
            place.clauses[0].step if place.clauses else place.process_name,
            _place(place),
            clause_ids(place.clauses[1:]),
        )
        for place in ordered
    ]


def clause_ids(clauses: Sequence[queries.Clause]) -> str:
    """The ids of clauses, of many only the first: "2K, R1.2"."""
    ids = [clause.id for clause in clauses]
    if len(ids) <= _SHOWN_IDS + 1:
        return ", ".join(ids)
    return f"{', '.join(ids[:_SHOWN_IDS])} and {len(ids) - _SHOWN_IDS} more"


def _place(place: queries.Place) -> str:
    match place.kind:
        case "userTask":
            return f"{place.name} ({place.role})" if place.role else place.name
        case "callActivity":
            return f"goes on in {place.called}"
        case "serviceTask" | "businessRuleTask":
            return f"the service could not go on at “{place.name}”"
        case "boundaryEvent":
            return (
                f"on {day_words(place.due_at)} the time for “{place.name}” comes, unless "
                f"“{place.attached_to}” is done before"
            )
        case "intermediateCatchEvent" if place.due_at:
            return f"waits until {day_words(place.due_at)}: {place.name}"
        case "intermediateCatchEvent":
            return f"waits for “{place.name}”"
    return f"waits at “{place.name}” until the steps beside it are done"


def _told(cause: queries.Cause, process_name: str, names: Mapping[str, str]) -> Told:
    who = actor_words(cause.actor, names)
    ids = clause_ids(cause.clauses)
    named = f"“{cause.name}”" + (f" ({ids})" if ids else "")
    if cause.process_name != process_name:
        named += f", in {cause.process_name}"
    on = f"On {day_words(cause.at)}"
    match cause.kind:
        case "task_completed" if cause.answers:
            sentence = f"{on} {who} answered at {named}:"
        case "task_completed":
            sentence = f"{on} {who} completed {named}."
        case "message":
            sentence = f"{on} this came from {who}: {named}" + (":" if cause.answers else ".")
        case "timer" if cause.attached_to:
            sentence = (
                f"{on} the time for {named} came. “{cause.attached_to}” was not done by then."
            )
        case "timer":
            sentence = f"{on} the time for {named} came."
        case _:
            sentence = f"{on} it began at {named}, by {who}."
    notes = []
    for decision in cause.decisions:
        said = rule_words(decision.result) or output_words(decision.result)
        notes.append(f"The service decided “{decision.name}”. {' '.join(said)}".rstrip())
    turns = [words for turn in cause.turns if (words := _turn(turn))]
    if turns:
        notes.append(f"So {_and(turns)}.")
    return Told(sentence, cause.answers, tuple(notes))


def _turn(turn: queries.Turn) -> str:
    if turn.question and turn.answer:
        return f"“{turn.question}” is “{turn.answer}”"
    return f"it is “{turn.answer}”" if turn.answer else ""


def _next(way: queries.Way, caller: str) -> Next:
    facts = [clause_ids(way.clauses), way.role if way.kind == "userTask" else ""]
    after = ", ".join(filter(None, facts))
    after = f"({after})" if after else ""
    before, name = "", way.name
    match way.kind:
        case "callActivity":
            before, name = "On to", way.called
        case "endEvent" if not way.beside:
            before = "The end of this part:"
            after += f", then back to {caller}" if caller else ""
        case "intermediateCatchEvent":
            before = "A wait for"
    if way.beside:
        before = f"Beside this task: {before[:1].lower()}{before[1:]}".rstrip()
    when = []
    if way.event_kind == "timer":
        when.append(f"the time for “{way.event}” comes")
    elif way.event:
        when.append(f"“{way.event}” happens")
    when += [words for turn in way.turns if (words := _turn(turn))]
    if way.joins:
        when.append("the steps beside it are done")
    return Next(before, name, after.lstrip(", "), _and(when))


def _due(reckoning: queries.Reckoning | None, names: Mapping[str, str]) -> str:
    if reckoning is None:
        return ""
    if reckoning.agreed is not None:
        answer, cause = reckoning.agreed
        who = actor_words(cause.actor, names)
        return f"{answer.answer} is what {who} answered at “{cause.name}” to “{answer.question}”."
    said = f"{day_words(reckoning.start)} + {reckoning.allowed} = {day_words(reckoning.end)}"
    if "month" in reckoning.allowed and reckoning.end.day < reckoning.start.day:
        said += ", the last day of that month"
    if reckoning.working_days:
        left_out = ["weekends"] if _weekend_between(reckoning.start, reckoning.end) else []
        if reckoning.holidays:
            left_out.append(f"the bank holidays {_days(reckoning.holidays)}")
        said += f", not counting {' or '.join(left_out)}" if left_out else ""
    if reckoning.step:
        said += f" ({reckoning.step} in the table “{reckoning.table}”)"
    return f"{said}."


def _weekend_between(start: date, end: date) -> bool:
    return any((start + timedelta(days=n)).weekday() > 4 for n in range(1, (end - start).days))


def _days(days: Sequence[date]) -> str:
    """Dates in one phrase: "25, 26 and 28 December", "26 December and 1 January"."""
    months = []
    for month, group in groupby(days, key=lambda day: f"{day:%B}"):
        months.append(f"{_and([str(day.day) for day in group])} {month}")
    return _and(months)


def _and(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
