"""Where the service could not go on by itself, for a manager to try again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import commands, queries
from engine.errors import NotFound
from handlers import access
from web.people import family_names, reading, runtime, signed_in
from web.sign_in import safe_address

blueprint = Blueprint("incidents", __name__)


@blueprint.get("/incidents")
def index() -> ResponseReturnValue:
    """Every automatic step of the person's cases that failed and waits to be tried again."""
    found = _theirs()
    families = family_names(incident.business_key for incident in found)
    return render_template("incidents.html", incidents=found, families=families)


@blueprint.post("/incidents/<int(max=2147483647):incident_id>/retry")
def retry(incident_id: int) -> ResponseReturnValue:
    """Try a failed step again at once, and go back to the page where that was asked."""
    if all(incident.id != incident_id for incident in _theirs()):
        raise NotFound("This fault is already mended, or its case is not one of yours.")
    if commands.retry_incident(runtime(), incident_id, signed_in().actor):
        flash("It was tried again and went through. The case goes on.")
    else:
        flash("It was tried again and failed again. The message below says why.")
    return redirect(safe_address(request.form.get("next"), url_for("incidents.index")), 303)


def _theirs() -> list[queries.Incident]:
    """The open incidents of cases that the person signed in may see.

    One at the very first step has no case yet: every manager sees it.
    """
    found = queries.incidents(runtime())
    with reading() as connection:
        hidden = access.hidden(connection, signed_in(), {one.business_key for one in found})
    return [one for one in found if one.business_key not in hidden]
