"""Where the service could not go on by itself, for the duty manager to try again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from engine import commands, queries
from web.people import runtime, signed_in

blueprint = Blueprint("incidents", __name__)


@blueprint.get("/incidents")
def index() -> ResponseReturnValue:
    """Every automatic step that failed and waits to be tried again."""
    return render_template("incidents.html", incidents=queries.incidents(runtime()))


@blueprint.post("/incidents/<int(max=2147483647):incident_id>/retry")
def retry(incident_id: int) -> ResponseReturnValue:
    """Try a failed step again at once."""
    if commands.retry_incident(runtime(), incident_id, signed_in().actor):
        flash("It was tried again and went through. The case goes on.")
    else:
        flash("It was tried again and failed again. The message below says why.")
    return redirect(url_for("incidents.index"), 303)
