"""One task: why it exists, its form, checking the answers, and what if someone was faster."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, Forbidden

from engine import commands, queries
from engine.errors import Conflict, InvalidAnswers, NotAllowed, TaskClosed
from engine.forms import Form
from handlers import access, cases, directory, documents, separation, vocabulary
from web import forms, why, words
from web.people import can_do, reading, runtime, signed_in

blueprint = Blueprint("tasks", __name__, url_prefix="/tasks/<int(max=2147483647):task_id>")


@blueprint.before_request
def _separate() -> ResponseReturnValue | None:
    """Refuse a task that judges what the person did themselves, before any work goes into it."""
    task = g.task
    if task.status != "open" or request.endpoint == "tasks.release":
        return None
    user = signed_in()
    why = separation.refusal(runtime(), user, task) if can_do(user, task) else None
    return (_page("task_not_yours.html", task, reason=why), 403) if why else None


@blueprint.get("")
def show(task_id: int) -> ResponseReturnValue:
    """The task's page: its form for whoever has it, a button to claim it for whoever may."""
    task = g.task
    if task.status != "open":
        return _closed(task)
    _require_theirs(task)
    if task.assignee is None:
        return _page("task_claim.html", task, why=_why(task))
    return _form_page(task, task.draft if task.draft is not None else _returned_answers(task))


@blueprint.post("")
def answer(task_id: int) -> ResponseReturnValue:
    """Save the answers for later, add or remove a row, or go on to check them."""
    task = g.task
    answers = forms.read_post(task.form, request.form)
    if task.status != "open":
        return _lost(task, answers)
    if task.assignee != signed_in().id:
        return _lost(task, answers)
    change = forms.change_rows(task.form, answers, request.form.get("action"))
    if change is not None:
        return _form_page(task, change.answers, anchor=change.anchor)
    saving = request.form.get("action") == "save"
    try:
        if saving:
            commands.save_draft(runtime(), task_id, answers, signed_in().actor)
            flash("Your answers are saved. They stay with the task until it is confirmed.")
            return redirect(url_for("trays.start"), 303)
        opened = forms.unseen(task.form, request.form, answers)
        if opened:
            return _form_page(task, answers, opened=opened)
        clean = task.form.clean(answers, choices=task.choices)
    except InvalidAnswers as refusal:
        return _form_page(task, answers, refusal.errors), 422
    except (TaskClosed, Conflict, NotAllowed):
        return _lost(task, answers)
    try:
        commands.save_draft(runtime(), task_id, clean, signed_in().actor)
    except (TaskClosed, Conflict, NotAllowed):
        return _lost(task, clean)
    return redirect(url_for("tasks.check", task_id=task_id), 303)


@blueprint.get("/check")
def check(task_id: int) -> ResponseReturnValue:
    """The answers to be confirmed, each with a link to change it."""
    task = g.task
    if task.status != "open":
        return _closed(task)
    _require_theirs(task)
    back = redirect(url_for("tasks.show", task_id=task_id), 303)
    if task.draft is None or task.assignee is None:
        return back
    try:
        answers = task.form.clean(task.draft, choices=task.choices)
    except InvalidAnswers:
        return back  # saved for later, and never finished
    return _page(
        "task_check.html",
        task,
        summary=forms.render_summary(
            task.form,
            answers,
            choices=task.choices,
            change_url=url_for("tasks.show", task_id=task_id),
        ),
        answers=json.dumps(answers),
    )


@blueprint.post("/check")
def complete(task_id: int) -> ResponseReturnValue:
    """Complete the task with the confirmed answers."""
    task = g.task
    answers = _confirmed()
    try:
        done = commands.complete_task(runtime(), task_id, answers, signed_in().actor)
    except InvalidAnswers as refusal:
        return _form_page(task, answers, refusal.errors), 422
    except (TaskClosed, Conflict, NotAllowed):
        task = queries.task(runtime(), task_id)
        if _confirmed_before(task, answers):
            flash(f"You had confirmed this already: {task.name}.")
            return _onward(task.business_key)
        return _lost(task, answers)
    flash(f"Done: {task.name}.")
    return _onward(done.business_key)


@blueprint.post("/claim")
def claim(task_id: int) -> ResponseReturnValue:
    """Take a task out of its tray."""
    task = g.task
    try:
        commands.claim(runtime(), task_id, signed_in().actor)
    except (TaskClosed, Conflict, NotAllowed):
        task = queries.task(runtime(), task_id)
        if task.status != "open":
            return _closed(task, 409)
        _require_theirs(task)
    return redirect(url_for("tasks.show", task_id=task_id), 303)


@blueprint.post("/release")
def release(task_id: int) -> ResponseReturnValue:
    """Put a claimed task back into its tray."""
    task = g.task
    commands.release(runtime(), task_id, signed_in().actor)
    flash(f"{task.name} is back in the tray.")
    return redirect(url_for("trays.start"), 303)


def _onward(reference: str) -> ResponseReturnValue:
    """To the case, or to one's work if the step took the case out of sight."""
    with reading() as connection:
        seen = access.may_see(connection, signed_in(), reference)
    where = url_for("cases.summary", reference=reference) if seen else url_for("trays.start")
    return redirect(where, 303)


def _confirmed() -> dict[str, Any]:
    try:
        answers = json.loads(request.form.get("answers", ""))
        # Half of a character can be written in JSON, but not on a page.
        json.dumps(answers, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        answers = None
    if not isinstance(answers, dict):
        raise BadRequest("The answers to confirm did not arrive whole. Go back and try again.")
    return answers


def _confirmed_before(task: queries.Task, answers: Mapping[str, Any]) -> bool:
    """Whether the person completed the task with these answers: they pressed the button twice."""
    user = signed_in()
    if task.status != "completed" or task.closed_by != user.id:
        return False
    sent = [
        submission.answers
        for submission in queries.submissions(runtime(), task.business_key, latest=True)
        if (submission.instance_id, submission.element, submission.actor)
        == (task.instance_id, task.element, user.id)
    ]
    return answers in sent


def _require_theirs(task: queries.Task) -> None:
    """Refuse, in words, a task that is someone else's."""
    user = signed_in()
    if can_do(user, task):
        return
    if task.assignee is not None:
        raise Forbidden(
            f"“{task.name}” is with {_name(task.assignee)}. Only they can work on it. If they "
            "cannot, ask a manager."
        )
    role = vocabulary.label("role", task.role)
    raise Forbidden(f"“{task.name}” is for a {role}. Your account does not have that role.")


def _returned_answers(task: queries.Task) -> Mapping[str, Any] | None:
    """What was sent last time, if it came back to be mended; None for a fresh form."""
    if not _returned(task):
        return None
    sent = [
        submission
        for submission in queries.submissions(runtime(), task.business_key, latest=True)
        if submission.element == task.element
    ]
    return max(sent, key=lambda submission: submission.id).answers if sent else None


def _returned(task: queries.Task) -> tuple[str, ...]:
    """Why this task's work came back, in paragraphs; empty if it did not."""
    with reading() as connection:
        case = cases.case(connection, task.business_key)
    review = next((each for each in case.reviews if each.subject == task.element), None)
    if review is None:
        return ()
    if not review.passed:
        when = words.day_words(review.reviewed_at)
        asks = f"{review.reviewer} looked at it on {when} and asks you to mend it:"
        return (asks, review.reasons)
    assessment = next((each for each in case.assessments if each.element == task.element), None)
    if assessment is None or not assessment.plan_problems:
        return ()
    return ("The plan is not SMART yet:", "\n".join(assessment.plan_problems))


def _closed(task: queries.Task, status: int = 200) -> ResponseReturnValue:
    return _page("task_closed.html", task, closer=_closer(task)), status


def _lost(task: queries.Task, answers: Mapping[str, Any]) -> ResponseReturnValue:
    """Someone else was faster: say so, and show what was typed so that it can be kept."""
    summary = forms.render_summary(task.form, answers, choices=task.choices)
    page = _page("task_lost.html", task, closer=_closer(task), summary=summary)
    return page, 409


def _closer(task: queries.Task) -> str | None:
    """Who completed the task, by name; None while it is open or if nobody did."""
    if task.status != "completed" or not task.closed_by:
        return None
    return "You" if task.closed_by == signed_in().id else _name(task.closed_by)


def _name(user_id: str) -> str:
    with reading() as connection:
        return directory.names(connection, [user_id])[user_id]


def _form_page(
    task: queries.Task,
    answers: Mapping[str, Any] | None,
    errors: Mapping[str, str] | None = None,
    *,
    opened: Sequence[str] = (),
    anchor: str | None = None,
) -> str:
    return _page(
        "task.html",
        task,
        fields=forms.render_fields(task.form, answers, errors=errors, choices=task.choices),
        error_summary=forms.render_error_summary(task.form, answers or {}, errors or {}),
        errors=errors,
        opened=opened,
        anchor=anchor,
        returned=_returned(task),
        why=_why(task),
    )


def _why(task: queries.Task) -> why.Why:
    grounds = queries.grounds(runtime(), task.id)
    with reading() as connection:
        names = directory.names(connection, why.people_in(grounds))
    return why.in_words(grounds, names)


def _page(template: str, task: queries.Task, **values: Any) -> str:
    user = signed_in()
    with reading() as connection:
        case = cases.case(connection, task.business_key)
    assignee = None
    if task.assignee is not None:
        assignee = "You" if task.assignee == user.id else _name(task.assignee)
    return render_template(
        template,
        task=task,
        case=case,
        assignee=assignee,
        mine=task.assignee == user.id,
        tray=vocabulary.label("tray", task.tray) if task.tray else None,
        earlier=_earlier(task),
        to_read=_to_read(task),
        **values,
    )


def _to_read(task: queries.Task) -> documents.Document | None:
    """The document that this task is about, if there is one."""
    with reading() as connection:
        found = documents.of_case(connection, task.business_key)
    return next((each for each in found if each.read_at_task == task.element), None)


def _earlier(task: queries.Task) -> list[dict[str, Any]]:
    """What people answered before in this case, latest first: the ground this task stands on.

    The contact came without a form; the case's summary shows it.
    """
    latest = {
        (submission.instance_id, submission.element): submission
        for submission in queries.submissions(runtime(), task.business_key, latest=True)
        if submission.form is not None
    }
    ordered = sorted(latest.values(), key=lambda submission: submission.id, reverse=True)
    found = []
    with reading() as connection:
        names = directory.names(connection, [submission.actor for submission in ordered])
        for submission in ordered:
            form = cast(Form, submission.form)
            choices = runtime().services.options(form, connection, task.business_key)
            html = forms.render_summary(form, submission.answers, choices=choices, heading_level=3)
            found.append(
                {
                    "name": submission.name,
                    "by": names[submission.actor],
                    "at": submission.at,
                    "html": html,
                }
            )
    return found
