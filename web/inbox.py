"""Notifications: what the service has to tell the person signed in."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from handlers import notifications
from web.people import now, reading, signed_in, writing

blueprint = Blueprint("inbox", __name__)


@blueprint.get("/inbox")
def index() -> ResponseReturnValue:
    """The latest notifications, or only those not read yet."""
    unread = request.args.get("show") == "unread"
    with reading() as connection:
        found = notifications.inbox(connection, signed_in(), unread=unread)
        waiting = notifications.unread_count(connection, signed_in())
    return render_template("inbox.html", notifications=found, unread=unread, waiting=waiting)


@blueprint.post("/inbox/<int(max=2147483647):notification_id>/read")
def mark_read(notification_id: int) -> ResponseReturnValue:
    """Note that the person has read one notification."""
    reader, at = signed_in(), now()
    writing(lambda connection: notifications.mark_read(connection, reader, notification_id, now=at))
    flash("Marked as read.")
    return redirect(url_for("inbox.index"), 303)
