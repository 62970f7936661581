"""A practitioner asks about a child and is told only what may be told (R14.2)."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from engine.errors import InvalidAnswers
from handlers import access
from web import words
from web.people import now, signed_in, writing

blueprint = Blueprint("look_up", __name__)

_LIMITS = {"name": 200, "reason": 1_000}
_PARTS = ("day", "month", "year")


@blueprint.get("/ask-about-a-child")
def form() -> ResponseReturnValue:
    """The form that asks who the child is and why the question is asked."""
    return _page({}, {})


@blueprint.post("/ask-about-a-child")
def answer() -> ResponseReturnValue:
    """Whether there is an open CAF and whom to contact; the question is logged."""
    given = {name: request.form.get(name, "").strip() for name in ("name", "reason")}
    given |= {part: request.form.get(f"born-{part}", "").strip() for part in _PARTS}
    errors: dict[str, str] = {}
    if not given["name"]:
        errors["name"] = "Enter the child’s full name"
    born = _born(given, errors)
    if not given["reason"]:
        errors["reason"] = "Enter who asks and why"
    for name, limit in _LIMITS.items():
        if len(given[name]) > limit:
            errors[name] = f"This must be {limit:,} characters or less"
    if errors or born is None:
        return _page(given, errors), 422
    reader, at, day = signed_in(), now(), born
    try:
        found = writing(
            lambda connection: access.look_up(
                connection, reader, given["name"], day, reason=given["reason"], now=at
            )
        )
    except InvalidAnswers as refusal:
        return _page(given, dict(refusal.errors)), 422
    return render_template("look_up_answer.html", found=found, name=given["name"], born=born)


def _born(given: dict[str, str], errors: dict[str, str]) -> date | None:
    parts = [given[part] for part in ("year", "month", "day")]
    if not any(parts):
        errors["born"] = "Enter the child’s date of birth"
        return None
    try:
        if len(parts[0]) != 4 or not all(part.isascii() and part.isdecimal() for part in parts):
            raise ValueError
        born = date(*map(int, parts))
    except (ValueError, OverflowError):
        errors["born"] = "Date of birth must be a real date, such as 27 3 2015"
        return None
    if born > words.local(now()).date():
        errors["born"] = "Date of birth must be in the past"
        return None
    return born


def _page(given: dict[str, str], errors: dict[str, str]) -> str:
    targets = {"born": "born-day"}
    return render_template(
        "look_up.html",
        given=given,
        errors=errors,
        error_list=[
            {"text": text, "href": f"#{targets.get(name, name)}"} for name, text in errors.items()
        ],
    )
