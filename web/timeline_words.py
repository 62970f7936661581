"""What the engine's history says, as sentences for a case's timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine import queries
from engine.runtime import SYSTEM
from handlers import vocabulary
from web.words import day_words, value_words

THE_SERVICE = "the service"

_TITLES = {
    "started": "Started: {process}",
    "ended": "Ended: {process}",
    "cancelled": "Stopped: {process}",
    "called": "Went on to: {name}",
    "task_opened": "New task: {name}",
    "task_completed": "Done: {name}",
    "task_withdrawn": "No longer needed: {name}",
    "claimed": "Claimed: {name}",
    "released": "Put back in the tray: {name}",
    "assigned": "Given to {to}: {name}",
    "decided": "Decision table: {name}",
    "served": "{name}",
    "timer": "The time came for: {name}",
    "message": "{name}",
    "incident": "The service could not go on at: {name}",
    "incident_closed": "The service went on at: {name}",
    "retried": "Tried again: {name}",
}
"""Titles by kind of event. The other kinds (`passed`, `returned`) only say how tokens moved, which
the diagram shows better than words."""

_ROUTINE = {"task_opened", "served", "called", "ended", "incident_closed"}
"""Kinds that follow from what someone did, and are shown only to who asks for every step."""


@dataclass(frozen=True)
class Entry:
    """One entry of the timeline: what happened, who did it, and where it belongs."""

    title: str
    by: str
    at: datetime
    process: str
    clauses: tuple[str, ...]
    details: tuple[str, ...]


def entry(event: queries.Event, process: str, names: Mapping[str, str]) -> Entry | None:
    """The event in words; None for one that tells a caseworker nothing."""
    title = _TITLES.get(event.kind)
    if title is None:
        return None
    to = str(event.detail.get("to", ""))
    words = {"process": process, "name": event.name or process, "to": names.get(to, to)}
    automatic = event.kind in ("called", "task_opened", "task_withdrawn", "served", "decided")
    return Entry(
        title.format(**words),
        THE_SERVICE if automatic else actor_words(event.actor, names),
        event.at,
        process,
        event.clauses,
        tuple(_details(event)),
    )


def matters(event: queries.Event) -> bool:
    """Whether the event belongs in the short timeline: someone did or decided something."""
    return event.kind not in _ROUTINE


def actor_words(actor: str, names: Mapping[str, str]) -> str:
    """Who acted: a person's name, the service itself, or the system that sent a contact."""
    if actor == SYSTEM.id:
        return THE_SERVICE
    if actor.startswith("api:"):
        return f"another system ({actor.removeprefix('api:')})"
    return names.get(actor, actor)


def _details(event: queries.Event) -> list[str]:
    detail = event.detail
    if event.kind == "task_opened" and "due" in detail:
        return [f"Due {day_words(datetime.fromisoformat(detail['due']))}."]
    if event.kind == "cancelled" and detail.get("reason"):
        return [f"Reason: {detail['reason']}"]
    if event.kind == "incident":
        return [str(detail.get("message", ""))]
    if event.kind == "decided":
        result = detail.get("result", {})
        return rule_words(result) + output_words(result)
    return []


def rule_words(result: Mapping[str, Any]) -> list[str]:
    """The rules of a decision that fired, as far as their author described them."""
    return [
        f"Rule {rule.get('number')}: {rule['description']}"
        for rule in result.get("rules") or []
        if rule.get("description")
    ]


def output_words(result: Mapping[str, Any]) -> list[str]:
    """What a decision came to."""
    outputs = result.get("outputs")
    if not isinstance(outputs, dict):
        return []
    return [
        f"{vocabulary.words(name)}: {_output(name, value)}"
        for name, value in outputs.items()
        if isinstance(value, str | bool) and value != ""
    ]


def _output(name: str, value: str | bool) -> str:
    if isinstance(value, bool):
        return value_words(value)
    return vocabulary.label("tray" if name.endswith("tray") else name, value)
