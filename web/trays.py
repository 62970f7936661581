"""The start page: what there is to do, in the trays of the person signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import queries
from handlers import directory, vocabulary
from web.people import family_names, reading, runtime, signed_in
from web.starts import entries_for_reader

blueprint = Blueprint("trays", __name__)

PAGE_SIZE = 25


@dataclass(frozen=True)
class Filters:
    """What the address of the start page asks to see."""

    tray: str | None
    mine: bool
    overdue: bool

    def link(self, **changes: Any) -> str:
        """The start page's address with these filters, some of them changed."""
        values = {"tray": self.tray, "mine": self.mine, "overdue": self.overdue, **changes}
        arguments: dict[str, Any] = {
            key: "yes" if value is True else value for key, value in values.items() if value
        }
        return url_for("trays.start", **arguments)


@blueprint.get("/")
def start() -> ResponseReturnValue:
    """The tasks of the person's trays and their own, overdue ones first."""
    user = signed_in()
    counts = queries.tray_counts(runtime(), user.actor)
    asked = request.args.get("tray", "")
    filters = Filters(
        tray=asked if asked in counts else None,
        mine=request.args.get("mine") == "yes",
        overdue=request.args.get("overdue") == "yes",
    )
    page = queries.tray(
        runtime(),
        user.actor,
        tray=filters.tray,
        mine=filters.mine,
        overdue=filters.overdue,
        page=page_number(),
        size=PAGE_SIZE,
    )
    mine = queries.own_count(runtime(), user.actor)
    with reading() as connection:
        people = directory.names(connection, [task.assignee for task in page.rows])
    views = [
        {
            "text": "All your work",
            "href": _bare(),
            "current": not filters.tray and not filters.mine,
        },
        {
            "text": "Your tasks",
            "href": _bare(mine=True),
            "count": f"{mine:,}",
            "current": filters.mine,
        },
    ]
    views += [
        {
            "text": vocabulary.label("tray", tray),
            "href": _bare(tray=tray),
            "count": f"{number:,}",
            "current": filters.tray == tray and not filters.mine,
        }
        for tray, number in counts.items()
    ]
    return render_template(
        "trays.html",
        views=views,
        filters=filters,
        tasks=page,
        entries=entries_for_reader(),
        families=family_names(task.business_key for task in page.rows),
        people=people,
        tray_name=lambda tray: vocabulary.label("tray", tray),
        page_link=lambda number: filters.link(page=number if number > 1 else None),
    )


def page_number() -> int:
    """The page that the address asks for; the first one if it asks for nonsense."""
    text = request.args.get("page", "")
    return int(text) if text.isdecimal() and 0 < len(text) <= 6 and int(text) else 1


def _bare(**arguments: Any) -> str:
    return Filters(arguments.get("tray"), arguments.get("mine", False), False).link()
