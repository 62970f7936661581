"""The workspace of a model: its files, its drafts, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import drafts, queries
from engine.definitions import survey
from engine.errors import EngineError, NotAllowed
from engine.model import digest_of
from handlers import practices
from web.people import runtime, signed_in
from web.studio import blanks, shelf

blueprint = Blueprint("studio", __name__, url_prefix="/studio")

DRAFT = "/<model>/drafts/<int(max=2147483647):draft_id>"


@blueprint.get("")
def index() -> ResponseReturnValue:
    """The models that the person may look at."""
    user = signed_in()
    listed = [
        row for row in queries.models(runtime()) if user.has(*practices.studio_readers(row.id))
    ]
    if len(listed) == 1:
        return redirect(url_for("studio.workspace", model=listed[0].id), 303)
    return render_template("studio.html", models=listed)


@blueprint.get("/<model>")
def workspace(model: str) -> ResponseReturnValue:
    """The drafts of a model, and the files of its live version."""
    return _workspace(model)


@blueprint.post("/<model>/drafts")
def begin(model: str) -> ResponseReturnValue:
    """Begin a draft from the live version."""
    title = request.form.get("title", "")
    try:
        number = drafts.begin(runtime(), model, title, signed_in().actor)
    except EngineError as refusal:
        return _workspace(model, title, shelf.errors_of(refusal)), 422
    flash("The draft was begun. Nothing that you change in it is live until it is approved.")
    return redirect(url_for("studio.draft", model=model, draft_id=number), 303)


@blueprint.get(DRAFT)
def draft(model: str, draft_id: int) -> ResponseReturnValue:
    """A draft: its files, what is wrong with them, and what can be done with it."""
    return draft_page(model, draft_id)


@blueprint.post(DRAFT + "/files")
def add(model: str, draft_id: int) -> ResponseReturnValue:
    """Add a blank diagram, decision table or form, and go on to draw it."""
    queries.draft(runtime(), model, draft_id)
    kind, name = request.form.get("kind", ""), request.form.get("name", "")
    try:
        path, content = blanks.blank(kind, name)
        drafts.save(runtime(), draft_id, path, content, 0, signed_in().actor)
    except EngineError as refusal:
        given = {"kind": kind, "name": name}
        return draft_page(model, draft_id, shelf.errors_of(refusal, "name"), given), 422
    return redirect(url_for("studio_files.edit", model=model, draft_id=draft_id, path=path), 303)


@blueprint.post(DRAFT + "/remove")
def remove(model: str, draft_id: int) -> ResponseReturnValue:
    """Take a file out of the draft."""
    queries.draft(runtime(), model, draft_id)
    path = request.form.get("path", "")
    if not path:
        return draft_page(model, draft_id, {"path": "Choose a file"}), 422
    try:
        drafts.remove(runtime(), draft_id, path, signed_in().actor)
    except EngineError as refusal:
        return draft_page(model, draft_id, shelf.errors_of(refusal)), 409
    flash(f"{path} was taken out of the draft. What it held is kept in the draft’s history.")
    return redirect(url_for("studio.draft", model=model, draft_id=draft_id), 303)


@blueprint.post(DRAFT + "/discard")
def discard(model: str, draft_id: int) -> ResponseReturnValue:
    """Lay the draft aside for good."""
    queries.draft(runtime(), model, draft_id)
    try:
        drafts.discard(runtime(), draft_id, signed_in().actor)
    except NotAllowed as refusal:
        return draft_page(model, draft_id, shelf.errors_of(refusal)), 409
    flash("The draft was laid aside. Nothing of it became live.")
    return redirect(url_for("studio.workspace", model=model), 303)


@blueprint.post(DRAFT + "/catch-up")
def catch_up(model: str, draft_id: int) -> ResponseReturnValue:
    """Bring the live version into a draft that was begun before it."""
    found = queries.draft(runtime(), model, draft_id)
    keep = {
        path: request.form[f"keep-{number}"] == "draft"
        for number, path in enumerate(found.clashing)
        if request.form.get(f"keep-{number}") in ("draft", "live")
    }
    try:
        changed = drafts.catch_up(runtime(), draft_id, keep, signed_in().actor)
    except EngineError as refusal:
        radios = {path: f"keep-{number}" for number, path in enumerate(found.clashing)}
        errors = {radios.get(key, ""): words for key, words in shelf.errors_of(refusal).items()}
        return draft_page(model, draft_id, errors), 422
    files = f"{len(changed)} file{'s' if len(changed) != 1 else ''} changed"
    flash(f"The live version was brought into the draft: {files}.")
    return redirect(url_for("studio.draft", model=model, draft_id=draft_id), 303)


@blueprint.get(DRAFT + "/history/<path:path>")
def history(model: str, draft_id: int, path: str) -> ResponseReturnValue:
    """Every save of one of the draft's files."""
    found = queries.draft(runtime(), model, draft_id)
    saves = queries.saves(runtime(), draft_id, path)
    return shelf.page(
        "studio_history.html",
        shelf.model_row(model),
        draft=found,
        path=path,
        saves=saves,
        names=shelf.names(save.author for save in saves),
    )


@blueprint.post(DRAFT + "/history/<path:path>")
def take_back(model: str, draft_id: int, path: str) -> ResponseReturnValue:
    """Make an earlier save of a file the draft's again."""
    queries.draft(runtime(), model, draft_id)
    wanted = request.form.get("revision", "")
    save = next(
        (
            one
            for one in queries.saves(runtime(), draft_id, path)
            if str(one.revision) == wanted and one.content is not None
        ),
        None,
    )
    there = url_for("studio.history", model=model, draft_id=draft_id, path=path)
    if save is None or save.content is None:
        flash("There is no such save.")
        return redirect(there, 303)
    drafts.take_in(runtime(), draft_id, {path: save.content}, False, signed_in().actor)
    flash("That save is the draft’s again. The one before it is kept in this list.")
    return redirect(there, 303)


def draft_page(
    model: str,
    draft_id: int,
    errors: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
) -> str:
    """The page of a draft, with what was wrong with the last thing that was asked of it."""
    row = shelf.model_row(model)
    found = queries.draft(runtime(), model, draft_id)
    files = queries.draft_files(runtime(), draft_id)
    looked = survey(files, runtime().services, rules=False)
    with_names = [*found.authors, *(event.by for event in found.events)]
    return shelf.page(
        "studio_draft.html",
        row,
        draft=found,
        groups=shelf.by_kind(found.files),
        counted=shelf.counted(looked.findings),
        complete=looked.complete,
        names=shelf.names([*with_names, *(file.author for file in found.files)]),
        events=shelf.EVENTS,
        mine=signed_in().id in found.authors,
        digest=digest_of(files),
        errors=dict(errors) if errors else None,
        given=given or {},
    )


def _workspace(model: str, title: str = "", errors: Mapping[str, str] | None = None) -> str:
    row = shelf.model_row(model)
    waiting = queries.drafts(runtime(), model)
    live = next(one for one in queries.versions(runtime(), model) if one.live)
    files = queries.version_listing(runtime(), model, live.number)
    looked = survey(
        queries.version_files(runtime(), model, live.number), runtime().services, rules=False
    )
    people = [live.deployed_by, *live.authors, *(file.author for file in files)]
    return shelf.page(
        "studio_model.html",
        row,
        drafts=waiting,
        live=live,
        groups=shelf.by_kind(files),
        counted=shelf.counted(looked.findings),
        drafted={
            file.path: [one for one in waiting if file.path in one.different] for file in files
        },
        names=shelf.names([*people, *(name for one in waiting for name in one.authors)]),
        title=title,
        errors=errors,
    )
