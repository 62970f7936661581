"""Waits and stays in the words of the managers' pages."""

from __future__ import annotations

from datetime import timedelta

from engine import queries
from web.words import count_words, day_words

_OUTCOMES = {"completed": "Done", "withdrawn": "No longer needed", "open": "Still there"}


def waiting_words(waiting: queries.Waiting) -> str:
    """What an instance waits for: "Decide tray", "Goes on in CAF co-ordinator"."""
    if waiting.incident is not None:
        return f"The service could not go on: {waiting.name}"
    match waiting.kind:
        case "userTask":
            return waiting.name
        case "callActivity":
            return f"Goes on in {waiting.called}"
        case "intermediateCatchEvent" if waiting.due_at:
            return f"Waits until {day_words(waiting.due_at)}: {waiting.name}"
        case "intermediateCatchEvent":
            return f"Ready for: {waiting.name}"
    return f"Waits at “{waiting.name}” until the steps beside it are done"


def told(waiting: tuple[queries.Waiting, ...]) -> list[queries.Waiting]:
    """The waits that a list tells of: messages that may come at any time are left out, as long as
    there is anything else."""
    real = [each for each in waiting if each.kind != "intermediateCatchEvent" or each.due_at]
    return real or list(waiting)


def outcome_words(visit: queries.Visit) -> str:
    """What became of a stay at an element."""
    return _OUTCOMES[visit.outcome]


def span_words(span: timedelta) -> str:
    """A length of time, as exact as a manager needs it: "less than an hour", "12 days"."""
    hours = int(span.total_seconds() // 3600)
    if hours < 1:
        return "less than an hour"
    if hours < 48:
        return count_words(hours, "hour")
    return count_words(hours // 24, "day")
