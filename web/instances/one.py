"""One instance: where it stands on its map, why, how it came there, and what a manager can do."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import queries
from handlers import cases as records
from handlers import directory
from web import timeline_words, why
from web.instances import filters as filtering
from web.instances.words import outcome_words, span_words, waiting_words
from web.outlines import in_words
from web.people import can_do, now, reading, runtime, signed_in
from web.trays import page_number

blueprint = Blueprint("one", __name__)

EVENTS_ON_A_PAGE = 50


@blueprint.get("/<reference>/<int(max=2147483647):instance_id>")
def show(reference: str, instance_id: int) -> ResponseReturnValue:
    """The instance, with what it waits for and why at the top."""
    found = queries.one_instance(runtime(), instance_id)
    if found.business_key != reference:
        abort(404)
    maps = queries.instances(runtime(), reference)
    user = signed_in()
    reasons = {
        each.task.id: queries.grounds(runtime(), each.task.id)
        for each in found.waiting
        if each.task
    }
    drawn = queries.diagram(runtime(), instance_id)
    path = queries.path(runtime(), instance_id)
    page = page_number()
    events = queries.history(
        runtime(),
        reference,
        limit=EVENTS_ON_A_PAGE + 1,
        offset=(page - 1) * EVENTS_ON_A_PAGE,
        latest_first=True,
        instance_id=instance_id,
    )
    older = len(events) > EVENTS_ON_A_PAGE
    events = events[:EVENTS_ON_A_PAGE]
    people = [event.actor for event in events]
    people += [event.detail["to"] for event in events if event.kind == "assigned"]
    people += [each.task.assignee for each in found.waiting if each.task and each.task.assignee]
    people += [visit.by for visit in path.visits if visit.by]
    people += [who for grounds in reasons.values() for who in why.people_in(grounds)]
    with reading() as connection:
        case = records.case(connection, reference)
        names = directory.names(connection, people)
    entries = (timeline_words.entry(event, found.process_name, names) for event in events)
    came_from = filtering.filters_from(request.args, filtering.choices(user))

    def here(number: int, page: int | None = None) -> str:
        more: dict[str, Any] = came_from.query()
        return url_for(
            "instances.one.show", reference=reference, instance_id=number, page=page, **more
        )

    return render_template(
        "instances_one.html",
        case=case,
        found=found,
        maps=maps,
        caller=next((each for each in maps if each.id == found.called_by), None),
        reasons_of={number: why.in_words(each, names) for number, each in reasons.items()},
        waiting_words=waiting_words,
        names=names,
        can_do=lambda task: can_do(user, task),
        path=path,
        since={visit.element: visit.came for visit in path.visits if visit.outcome == "open"},
        stays=_stays(path),
        outcome_words=outcome_words,
        span_words=span_words,
        marks={
            "active": [each for each in drawn.active if each not in drawn.incidents],
            "done": [*(set(drawn.done) - {*drawn.active, *drawn.incidents}), *path.flows],
            "incidents": list(drawn.incidents),
        },
        notes=_notes(reference, path),
        entries=[entry for entry in entries if entry],
        newer=page - 1,
        older=page + 1 if older else None,
        here=here,
        back=came_from.link(),
        now=now(),
        **in_words(next(each for each in maps if each.id == instance_id), drawn),
    )


def _stays(path: queries.Path) -> list[tuple[queries.Visit, str]]:
    """The visits, the latest first, each with how long it took or has taken so far."""
    return [
        (visit, span_words((visit.left or now()) - visit.came) if visit.came else "")
        for visit in reversed(path.visits)
    ]


def _notes(reference: str, path: queries.Path) -> dict[str, dict[str, str]]:
    """What is written at each element on the map: how often it came there, and for how long."""
    notes: dict[str, dict[str, str]] = {}
    counts = Counter(visit.element for visit in path.visits)
    for visit in path.visits:
        if visit.came is None:
            continue
        span = span_words((visit.left or now()) - visit.came)
        times = f"{counts[visit.element]} times, last\n" if counts[visit.element] > 1 else ""
        notes[visit.element] = {"text": f"{times}{span}"}
        if visit.called_id is not None:
            notes[visit.element]["href"] = url_for(
                "instances.one.show", reference=reference, instance_id=visit.called_id
            )
    return notes
