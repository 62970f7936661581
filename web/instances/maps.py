"""A map as a whole: what waits at each of its steps, and how long the wait is there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from engine import queries
from web.instances import filters as filtering
from web.instances.filters import Filters
from web.instances.words import span_words
from web.people import now, runtime, signed_in
from web.words import count_words

blueprint = Blueprint("maps", __name__, url_prefix="/map/<model>/<process>")

PERIODS = {"28": "4 weeks", "91": "3 months", "365": "12 months"}
"""Days for which the page looks back, with their words."""
_USUAL = "91"


@blueprint.get("")
def show(model: str, process: str) -> ResponseReturnValue:
    """The map with how much waits where, overdue steps first, and the median wait of a period."""
    user = signed_in()
    known = filtering.choices(user)
    if f"{model}/{process}" not in known.maps:
        abort(404)
    asked = filtering.filters_from({**request.args, "map": f"{model}/{process}"}, known)
    filters = Filters(map=asked.map, cluster=asked.cluster, version=_version(asked, model))
    period = request.args.get("period", "")
    period = period if period in PERIODS else _USUAL
    since = now() - timedelta(days=int(period))
    load = queries.map_load(
        runtime(),
        model,
        process,
        since,
        filtering.among(user, filters.cluster),
        deployment_id=int(filters.version) if filters.version else None,
    )
    return render_template(
        "instances_map.html",
        load=load,
        filters=filters,
        known=known,
        versions={
            number: name
            for number, name in known.versions.items()
            if name.startswith(f"{known.models[model]}, ")
        },
        period=period,
        periods=PERIODS,
        since=since,
        until=now(),
        span_words=span_words,
        notes={each.element: _note(each, filters) for each in load.elements if each.waiting},
        tour=[each.element for each in load.elements if each.waiting],
        list_link=lambda element, **more: filters.link(at=element, **more),
    )


@blueprint.get("/drawing.bpmn")
def drawing(model: str, process: str) -> ResponseReturnValue:
    """The drawing of the map, of its newest version or of the one asked for."""
    known = filtering.choices(signed_in())
    if f"{model}/{process}" not in known.maps:
        abort(404)
    asked = filtering.filters_from(request.args, known)
    found = queries.map_drawing(
        runtime(), model, process, int(asked.version) if asked.version else None
    )
    return Response(found, mimetype="application/xml")


def _version(filters: Filters, model: str) -> str:
    """The version asked for, if it is one of this model."""
    mine = {str(each.id) for each in queries.deployments(runtime(), [model])}
    return filters.version if filters.version in mine else ""


def _note(load: queries.ElementLoad, filters: Filters) -> dict[str, Any]:
    """What is written at an element of the map."""
    lines = [f"{load.waiting:,} waiting"]
    if load.overdue:
        lines.append(f"{load.overdue:,} overdue")
    if load.failed:
        lines.append(count_words(load.failed, "incident"))
    if load.median is not None:
        lines.append(f"median {span_words(load.median)}")
    overdue = {"overdue": True} if load.overdue else {}
    return {
        "text": "\n".join(lines),
        "short": f"{load.waiting:,}",
        "late": bool(load.overdue or load.failed),
        "href": filters.link(at=load.element, **overdue),
    }
