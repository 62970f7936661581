"""Asking that a draft be published, and deciding it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine import approvals, queries
from engine.definitions import survey
from engine.differences import changed_files, differences
from engine.errors import EngineError, InvalidModel
from web.people import runtime, signed_in
from web.studio import shelf
from web.studio.workspace import DRAFT, draft_page

blueprint = Blueprint("studio_approving", __name__, url_prefix="/studio")


@blueprint.post(DRAFT + "/ask")
def ask(model: str, draft_id: int) -> ResponseReturnValue:
    """Ask that the draft be published."""
    queries.draft(runtime(), model, draft_id)
    words = request.form.get("words", "")
    try:
        approvals.ask(runtime(), draft_id, words, signed_in().actor)
    except InvalidModel:
        # The page of findings shows every one of them, with its place.
        flash("The draft has errors, which bar publishing it. Mend them and ask again.")
        return redirect(url_for("studio_approving.findings", model=model, draft_id=draft_id), 303)
    except EngineError as refusal:
        errors = shelf.errors_of(refusal)
        return draft_page(model, draft_id, errors, {"words": words}), 422
    flash("You asked for approval. Someone who did not work on the draft decides.")
    return redirect(url_for("studio.draft", model=model, draft_id=draft_id), 303)


@blueprint.get(DRAFT + "/findings")
def findings(model: str, draft_id: int) -> ResponseReturnValue:
    """Everything that is wrong with the draft, the model's own rules included."""
    found = queries.draft(runtime(), model, draft_id)
    looked = survey(queries.draft_files(runtime(), draft_id), runtime().services)
    return shelf.page(
        "studio_findings.html", shelf.model_row(model), draft=found, findings=looked.findings
    )


@blueprint.post(DRAFT + "/withdraw")
def withdraw(model: str, draft_id: int) -> ResponseReturnValue:
    """Take the request back, to go on writing."""
    queries.draft(runtime(), model, draft_id)
    try:
        approvals.withdraw(runtime(), draft_id, signed_in().actor)
    except EngineError as refusal:
        return draft_page(model, draft_id, shelf.errors_of(refusal)), 409
    flash("The request was taken back. The draft can be changed again.")
    return redirect(url_for("studio.draft", model=model, draft_id=draft_id), 303)


@blueprint.get(DRAFT + "/review")
def review(model: str, draft_id: int) -> ResponseReturnValue:
    """What would change if the draft were published, for whoever decides."""
    return _review(model, draft_id)


@blueprint.post(DRAFT + "/approve")
def approve(model: str, draft_id: int) -> ResponseReturnValue:
    """Publish the draft as the live version."""
    queries.draft(runtime(), model, draft_id)
    digest, words = request.form.get("digest", ""), request.form.get("words", "")
    if not request.form.get("looked"):
        errors = {"looked": "Confirm that you looked at what changes"}
        return _review(model, draft_id, errors, words), 422
    try:
        done = approvals.approve(runtime(), draft_id, digest, words, signed_in().actor)
    except EngineError as refusal:
        return _review(model, draft_id, shelf.errors_of(refusal), words), 422
    flash(
        f"Version {done.version} is live. New cases start on it; running ones stay on the version "
        "they started with."
    )
    return redirect(url_for("studio_versions.index", model=model), 303)


@blueprint.post(DRAFT + "/return")
def give_back(model: str, draft_id: int) -> ResponseReturnValue:
    """Give the draft back to those who wrote it."""
    queries.draft(runtime(), model, draft_id)
    words = request.form.get("words", "")
    try:
        approvals.give_back(runtime(), draft_id, words, signed_in().actor)
    except EngineError as refusal:
        return _review(model, draft_id, shelf.errors_of(refusal), words), 422
    flash("The draft was given back with what you wrote.")
    return redirect(url_for("studio.workspace", model=model), 303)


def _review(
    model: str, draft_id: int, errors: Mapping[str, str] | None = None, words: str = ""
) -> str:
    row = shelf.model_row(model)
    found = queries.draft(runtime(), model, draft_id)
    before = queries.version_files(runtime(), model, found.base)
    after = queries.draft_files(runtime(), draft_id)
    looked = survey(after, runtime().services)
    asked = found.latest("asked")
    return shelf.page(
        "studio_review.html",
        row,
        draft=found,
        asked=asked,
        changes=[
            (path, change, differences(path, before.get(path), after.get(path)))
            for path, change in changed_files(before, after).items()
        ],
        findings=looked.findings,
        sound=looked.sound,
        mine=signed_in().id in found.authors,
        names=shelf.names([*found.authors, *(event.by for event in found.events)]),
        errors=dict(errors) if errors else None,
        words=words,
    )
