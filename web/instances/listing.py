"""The caseload of a manager: every map that a case runs through, found by what it waits for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from engine import queries
from handlers import directory
from handlers.directory import User
from web import why
from web.instances import filters as filtering
from web.instances.filters import Filters
from web.instances.words import told, waiting_words
from web.people import family_names, now, reading, runtime, signed_in
from web.trays import page_number
from web.words import is_late, local

blueprint = Blueprint("instances", __name__, url_prefix="/instances")

PAGE_SIZE = 25
_HEADINGS = (
    "Case",
    "Map",
    "Version",
    "Status",
    "Started",
    "Ended",
    "Waits for",
    "Clauses",
    "Role",
    "Who has it",
    "Since",
    "Due",
    "Late",
    "Incident",
    "Other things that it waits for",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@blueprint.get("")
def index() -> ResponseReturnValue:
    """The instances that the filters in the address let through, the most urgent first."""
    user = signed_in()
    known = filtering.choices(user)
    filters = filtering.filters_from(request.args, known)
    steps = filtering.steps_meant(filters, known)
    found = queries.listing(
        runtime(),
        filtering.narrowing(user, filters, steps),
        order=_order(filters),
        page=page_number(),
        size=PAGE_SIZE,
    )
    people = _people(found.rows)
    return render_template(
        "instances_list.html",
        found=found,
        filters=filters,
        known=known,
        choices=filtering,
        unknown_step=steps == [],
        views=_views(user, filters, steps, (found.total, found.more)),
        chips=filtering.in_words(filters, known),
        families=family_names(row.business_key for row in found.rows),
        people=people,
        told=told,
        waiting_words=waiting_words,
        most=queries.MOST_AT_ONCE,
        page_link=lambda number: filters.link(page=number),
    )


@blueprint.get("/list.csv")
def file() -> ResponseReturnValue:
    """The same list as a file for a spreadsheet, without names of families."""
    user = signed_in()
    known = filtering.choices(user)
    filters = filtering.filters_from(request.args, known)
    narrowing = filtering.narrowing(user, filters, filtering.steps_meant(filters, known))
    rows = list(queries.whole_listing(runtime(), narrowing, order=_order(filters)))
    people = _people(rows)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADINGS)
    writer.writerows([_harmless(cell) for cell in line] for line in _lines(rows, people))
    name = f"caseload-{local(now()):%Y-%m-%d}.csv"
    return Response(
        # Without the mark at its beginning Excel takes the file to be of another alphabet.
        "\ufeff" + text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _order(filters: Filters) -> str:
    # What has ended waits for nothing, so nothing of it is urgent.
    return "newest" if filters.status == "ended" and filters.sort == "due" else filters.sort


def _views(
    user: User,
    filters: Filters,
    steps: list[queries.Step] | None,
    counted: tuple[int, bool],
) -> list[dict[str, Any]]:
    """The three ways to look at what runs, with how many there are in each under the filters;
    `counted` says that of the one that is shown."""
    if filters.status == "ended":
        return []
    views = []
    for text, overdue, incident in (
        ("All running", False, False),
        ("Overdue", True, False),
        ("With an incident", False, True),
    ):
        view = replace(filters, overdue=overdue, incident=incident)
        number, more = counted
        if view != filters:
            narrowing = filtering.narrowing(user, view, steps)
            number, more = queries.listing_count(runtime(), narrowing)
        views.append(
            {
                "text": text,
                "href": view.link(),
                "count": f"{number:,}+" if more else number,
                "current": view == filters,
            }
        )
    return views


def _people(rows: Iterable[queries.Listed]) -> dict[str, str]:
    """The names of those who have tasks."""
    ids = {each.task.assignee for row in rows for each in row.waiting if each.task}
    with reading() as connection:
        return directory.names(connection, ids)


def _lines(rows: Iterable[queries.Listed], people: dict[str, str]) -> Iterator[list[str]]:
    for row in rows:
        waiting = told(row.waiting)
        first = waiting[0] if waiting else None
        task = first.task if first else None
        yield [
            row.business_key,
            row.process_name,
            str(row.version),
            {"active": "Running", "completed": "Ended"}.get(row.status, "Stopped"),
            _moment(row.started_at),
            _moment(row.ended_at),
            waiting_words(first) if first else "",
            why.clause_ids(first.clauses) if first else "",
            first.role if first else "",
            people.get(task.assignee or "", "") if task else "",
            _moment(first.since) if first else "",
            _moment(first.due_at) if first else "",
            "yes" if task and is_late(task.due_at, now()) else "no",
            "yes" if any(each.incident for each in row.waiting) else "no",
            str(max(0, len(waiting) - 1)),
        ]


def _moment(value: datetime | None) -> str:
    return "" if value is None else f"{local(value):%Y-%m-%d %H:%M}"


def _harmless(cell: str) -> str:
    """The cell as a text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
