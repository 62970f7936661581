"""A duty manager gives a task to someone else: for leave, illness or balance."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import commands, queries
from engine.errors import TaskClosed
from handlers import access, cases, directory, separation
from handlers.directory import User
from web.people import reading, runtime, signed_in
from web.sign_in import safe_address

blueprint = Blueprint("reassign", __name__, url_prefix="/tasks/<int(max=2147483647):task_id>/give")


@blueprint.get("")
def form(task_id: int) -> ResponseReturnValue:
    """Choose among the people who hold the task's role and may see the case."""
    return _page(g.task)


@blueprint.post("")
def give(task_id: int) -> ResponseReturnValue:
    """Give the task to the person chosen."""
    task: queries.Task = g.task
    if task.status != "open":
        raise TaskClosed("This task is finished. There is nothing left to give to anyone.")
    chosen = next((user for user in _people(task) if user.id == request.form.get("to")), None)
    if chosen is None:
        return _page(task, {"to": "Select who should have this task"}), 422
    commands.assign(runtime(), task_id, chosen.id, signed_in().actor)
    flash(f"{task.name} is now with {chosen.name}.")
    return redirect(_back(task, request.form), 303)


def _back(task: queries.Task, given: Mapping[str, str]) -> str:
    """The page from which the manager came, else the case's tasks."""
    return safe_address(given.get("next"), url_for("cases.tasks", reference=task.business_key))


def _people(task: queries.Task) -> list[User]:
    """Those with the task's role who may see the case, but for the one who has the task
    and those who did what it judges."""
    with reading() as connection:
        able = [
            user
            for user in directory.list_users(connection, role=task.role)
            if user.id != task.assignee and access.may_see(connection, user, task.business_key)
        ]
    return [user for user in able if separation.refusal(runtime(), user, task) is None]


def _page(task: queries.Task, errors: dict[str, str] | None = None) -> str:
    with reading() as connection:
        case = cases.case(connection, task.business_key)
        names = directory.names(connection, [task.assignee])
    return render_template(
        "reassign.html",
        task=task,
        case=case,
        holder=names.get(task.assignee or ""),
        people=_people(task),
        back=_back(task, request.values),
        errors=errors or {},
    )
