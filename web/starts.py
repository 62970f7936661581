"""Starting a case on a page: the form that an operating model gives to those who may start one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import queries
from engine.errors import InvalidAnswers
from handlers import intake
from handlers.practices import PRACTICES
from web import forms
from web.people import runtime, signed_in

blueprint = Blueprint("starts", __name__, url_prefix="/start/<model>")


@blueprint.get("")
def form(model: str) -> ResponseReturnValue:
    """The form with which a case starts."""
    return _page(_wanted(model), None)


@blueprint.post("")
def begin(model: str) -> ResponseReturnValue:
    """Start the case, or find the one that the same reference started before."""
    entry = _wanted(model)
    answers = forms.read_post(entry.form, request.form)
    change = forms.change_rows(entry.form, answers, request.form.get("action"))
    if change is not None:
        return _page(entry, change.answers)
    try:
        opened = forms.unseen(entry.form, request.form, answers)
        if opened:
            return _page(entry, answers, opened=opened)
        answers = entry.form.clean(answers, choices=entry.choices)
        started = intake.receive_answers(runtime(), model, answers, signed_in().actor)
    except InvalidAnswers as refusal:
        return _page(entry, answers, refusal.errors), 422
    if started.duplicate:
        flash(f"This reference was recorded before, as {started.reference}. Nothing new was saved.")
    else:
        flash(f"The case {started.reference} is open.")
    return redirect(url_for("cases.summary", reference=started.reference), 303)


def entries_for_reader() -> list[queries.Entry]:
    """The entries that the person signed in may use."""
    user = signed_in()
    return [
        entry
        for entry in queries.entries(runtime())
        if entry.model in PRACTICES and user.has(*entry.roles)
    ]


def _wanted(model: str) -> queries.Entry:
    wanted = next((entry for entry in entries_for_reader() if entry.model == model), None)
    if wanted is None:
        abort(404, "There is no case that you can start here, or it is not for your role to start.")
    return wanted


def _page(
    entry: queries.Entry,
    answers: Mapping[str, Any] | None,
    errors: Mapping[str, str] | None = None,
    opened: Sequence[str] = (),
) -> str:
    return render_template(
        "start.html",
        entry=entry,
        fields=forms.render_fields(entry.form, answers, errors=errors, choices=entry.choices),
        error_summary=forms.render_error_summary(entry.form, answers or {}, errors or {}),
        errors=errors,
        opened=opened,
    )
