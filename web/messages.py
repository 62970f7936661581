"""What a person may ask for while a case runs: raise a concern, have it closed or stepped up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine import commands, queries
from engine.errors import Conflict, InvalidAnswers, NotWaiting
from web import forms
from web.cases import case_page, messages_for
from web.people import runtime, signed_in

blueprint = Blueprint("messages", __name__, url_prefix="/cases/<reference>/messages/<name>")


@blueprint.get("")
def form(reference: str, name: str) -> ResponseReturnValue:
    """The form of what is asked for."""
    return _form_page(reference, _wanted(reference, name), None)


@blueprint.post("")
def send(reference: str, name: str) -> ResponseReturnValue:
    """Send what is asked for to the running case."""
    message = _wanted(reference, name)
    answers: dict[str, Any] = {}
    try:
        if message.form is not None:
            answers = forms.read_post(message.form, request.form)
            change = forms.change_rows(message.form, answers, request.form.get("action"))
            if change is not None:
                return _form_page(reference, message, change.answers)
            opened = forms.unseen(message.form, request.form, answers)
            if opened:
                return _form_page(reference, message, answers, opened=opened)
            answers = message.form.clean(answers, choices=message.choices)
        commands.correlate(runtime(), name, reference, answers, signed_in().actor)
    except InvalidAnswers as refusal:
        return _form_page(reference, message, answers, refusal.errors), 422
    except (NotWaiting, Conflict):
        return _late_page(reference, message, answers), 409
    flash(f"Sent: {message.label}.")
    return redirect(url_for("cases.summary", reference=reference), 303)


def _wanted(reference: str, name: str) -> queries.Message:
    """The message of this name, if the case waits for it and the person may send it."""
    wanted = next((each for each in messages_for(reference) if each.name == name), None)
    if wanted is None:
        abort(
            404,
            "You cannot ask for this now: the case is not at a point where it can be asked for, "
            "or it is not for your role to ask.",
        )
    return wanted


def _form_page(
    reference: str,
    message: queries.Message,
    answers: Mapping[str, Any] | None,
    errors: Mapping[str, str] | None = None,
    opened: Sequence[str] = (),
) -> str:
    fields = summary = ""
    if message.form is not None:
        fields = forms.render_fields(message.form, answers, errors=errors, choices=message.choices)
        summary = forms.render_error_summary(message.form, answers or {}, errors or {})
    return case_page(
        "case_message.html",
        reference,
        message=message,
        fields=fields,
        error_summary=summary,
        errors=errors,
        opened=opened,
    )


def _late_page(reference: str, message: queries.Message, answers: Mapping[str, Any]) -> str:
    summary = ""
    if message.form is not None:
        summary = forms.render_summary(message.form, answers, choices=message.choices)
    return case_page("case_message_late.html", reference, message=message, summary=summary)
