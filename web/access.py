"""Every route and who may use it: one table, enforced before any view runs.

A route that the table does not name is refused to everyone, so a forgotten row shows at once. What
a person may see of a case, or do with a task, depends on the case as well; rows marked `case` or
`task` have that checked here too. A task's own rules (whose it is) are left in `flask.g.task` for
the view to explain.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from flask import Flask, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden

from engine import queries
from handlers import access as case_access
from handlers import practices, vocabulary
from handlers.access import ReasonNeeded
from handlers.directory import User
from web import logs
from web.people import (
    current_user,
    has_task,
    is_open,
    note_opening,
    now,
    reading,
    runtime,
    writing,
)


class Who(Enum):
    """Whom a route is for, before any role is looked at."""

    ANYONE = "anyone"
    PERSON = "a person who is signed in"
    SYSTEM = "another system, with an API key"


@dataclass(frozen=True)
class Access:
    """Who may use one route.

    `roles` narrows a person's route to those who hold one of them. With `case`, the person must
    also be allowed to open the case named in the address; with `task`, the case of the task. Of a
    model that is named in the address, `roles` are those for that model.
    """

    who: Who
    roles: frozenset[str] = frozenset()
    case: bool = False
    task: bool = False


ANYONE = Access(Who.ANYONE)
SIGNED_IN = Access(Who.PERSON)
ON_THE_CASE = Access(Who.PERSON, case=True)
FOR_THE_TASK = Access(Who.PERSON, task=True)
MAY_ASK = Access(Who.PERSON, roles=practices.may_ask())
MANAGERS = Access(Who.PERSON, roles=practices.managers())
MANAGERS_CASES = Access(Who.PERSON, roles=MANAGERS.roles, case=True)
MANAGERS_TASKS = Access(Who.PERSON, roles=MANAGERS.roles, task=True)
PANEL = Access(Who.PERSON, roles=frozenset({"caf_support_panel"}))
DRAWERS = Access(Who.PERSON, roles=practices.DRAWERS)
PUBLISHERS = Access(Who.PERSON, roles=practices.all_publishers())
STUDIO = Access(Who.PERSON, roles=DRAWERS.roles | PUBLISHERS.roles)
API_KEY = Access(Who.SYSTEM)

ROUTES: dict[str, Access] = {
    "static": ANYONE,
    "operations.health": ANYONE,
    "operations.readiness": ANYONE,
    "operations.figures": API_KEY,
    "api.description": ANYONE,
    "api.create_contact": API_KEY,
    "api.contact": API_KEY,
    "sign_in.form": ANYONE,
    "sign_in.submit": ANYONE,
    "sign_in.sign_out": ANYONE,
    "trays.start": SIGNED_IN,
    "tasks.show": FOR_THE_TASK,
    "tasks.answer": FOR_THE_TASK,
    "tasks.check": FOR_THE_TASK,
    "tasks.complete": FOR_THE_TASK,
    "tasks.claim": FOR_THE_TASK,
    "tasks.release": FOR_THE_TASK,
    "reassign.form": MANAGERS_TASKS,
    "reassign.give": MANAGERS_TASKS,
    "starts.form": SIGNED_IN,
    "starts.begin": SIGNED_IN,
    "cases.index": SIGNED_IN,
    "cases.search": SIGNED_IN,
    "cases.opening": SIGNED_IN,
    "cases.summary": ON_THE_CASE,
    "cases.plan": ON_THE_CASE,
    "cases.meetings": ON_THE_CASE,
    "cases.tasks": ON_THE_CASE,
    "cases.timeline": ON_THE_CASE,
    "cases.diagram": ON_THE_CASE,
    "cases.diagram_file": ON_THE_CASE,
    "cases.notes": ON_THE_CASE,
    "cases.add_note": ON_THE_CASE,
    "documents.index": ON_THE_CASE,
    "documents.upload": ON_THE_CASE,
    "documents.download": ON_THE_CASE,
    "documents.packs": PANEL,
    "documents.pack": PANEL,
    "messages.form": ON_THE_CASE,
    "messages.send": ON_THE_CASE,
    "look_up.form": MAY_ASK,
    "look_up.answer": MAY_ASK,
    "inbox.index": SIGNED_IN,
    "inbox.mark_read": SIGNED_IN,
    "instances.index": MANAGERS,
    "instances.file": MANAGERS,
    "instances.one.show": MANAGERS_CASES,
    "instances.maps.show": MANAGERS,
    "instances.maps.drawing": MANAGERS,
    "incidents.index": MANAGERS,
    "incidents.retry": MANAGERS,
    "studio.index": STUDIO,
    "studio.workspace": STUDIO,
    "studio.begin": DRAWERS,
    "studio.draft": STUDIO,
    "studio.add": DRAWERS,
    "studio.remove": DRAWERS,
    "studio.discard": DRAWERS,
    "studio.catch_up": DRAWERS,
    "studio.history": STUDIO,
    "studio.take_back": DRAWERS,
    "studio_moving.take_in": DRAWERS,
    "studio_moving.export_draft": STUDIO,
    "studio_moving.export_version": STUDIO,
    "studio_approving.ask": DRAWERS,
    "studio_approving.findings": STUDIO,
    "studio_approving.withdraw": DRAWERS,
    "studio_approving.review": STUDIO,
    "studio_approving.approve": PUBLISHERS,
    "studio_approving.give_back": PUBLISHERS,
    "studio_versions.index": STUDIO,
    "studio_versions.show": STUDIO,
    "studio_versions.view": STUDIO,
    "studio_versions.source": STUDIO,
    "studio_versions.make_live": PUBLISHERS,
    "studio_versions.compare": STUDIO,
    "studio_files.edit": STUDIO,
    "studio_files.source": STUDIO,
    "studio_files.save": DRAWERS,
    "studio_files.findings": STUDIO,
    "studio_files.choices": STUDIO,
    "studio_files.preview": STUDIO,
}


def enforce(app: Flask) -> None:
    """Make `app` ask the table before every view."""
    app.before_request(_check)


def _check() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None  # no such page: Flask answers 404 or 405 by itself
    access = ROUTES.get(request.endpoint)
    if access is None:
        raise Forbidden("This page is not open to anyone.")
    if access.who is not Who.PERSON:
        return None  # keys are checked by the API, which answers in its own format
    user = current_user()
    if user is None and machine():
        abort(401, "Your session has ended. Sign in again in another tab, then go on here.")
    if user is None:
        # Only a page that was asked for by GET can be shown again after signing in.
        there = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return redirect(url_for("sign_in.form", next=there if there != "/" else None), 303)
    roles = access.roles
    if "model" in (request.view_args or {}) and access.roles:
        roles &= practices.studio_readers((request.view_args or {})["model"])
    if access.roles and not roles & user.roles:
        wanted = ", ".join(sorted(vocabulary.label("role", role) for role in roles))
        raise Forbidden(f"This page is for: {wanted}. Your account does not have such a role.")
    arguments = request.view_args or {}
    if access.task:
        g.task = queries.task(runtime(), arguments["task_id"])
        return open_case(user, g.task.business_key)
    if access.case:
        return open_case(user, arguments["reference"])
    return None


def machine() -> bool:
    """Whether a script in the browser asks, which has no use for a page."""
    return request.blueprint == "studio_files" and request.endpoint != "studio_files.edit"


def open_case(user: User, reference: str, reason: str = "") -> ResponseReturnValue | None:
    """Log that `user` opens the case, unless they did so a short while ago.

    The log is written before anything of the case is shown, so that nothing is seen unlogged.
    Returns a page that asks for the safeguarding reason where one is needed; raises `NotFound` for
    a case that the person may not see, in the same words as for one that does not exist.
    """
    with reading() as connection:
        case_access.require(connection, user, reference)
    # Only now: what was asked for before may be any words that somebody put into an address.
    logs.about(case=reference)
    # What was opened may be sent back however long it took to fill in: no work is lost to a clock.
    if is_open(reference, or_was=request.method == "POST") and not reason:
        return None
    try:
        works_on_it = has_task(user, reference)
        writing(
            lambda connection: case_access.open_case(
                connection, user, reference, now=now(), reason=reason, has_task=works_on_it
            )
        )
    except ReasonNeeded:
        # Only a page that was asked for by GET can be shown once there is a reason.
        there = request.full_path.rstrip("?") if request.method == "GET" else ""
        page = render_template("case_reason.html", reference=reference, next=there, errors={})
        return page, 403
    note_opening(reference)
    return None
