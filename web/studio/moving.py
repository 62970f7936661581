"""Files that come into a draft from other tools, and go out to them."""

from __future__ import annotations

import io

from flask import Blueprint, Response, flash, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue

from engine import drafts, exchange, queries
from engine.errors import EngineError
from web.people import runtime, signed_in
from web.studio import shelf
from web.studio.workspace import DRAFT, draft_page

blueprint = Blueprint("studio_moving", __name__, url_prefix="/studio")


@blueprint.post(DRAFT + "/import")
def take_in(model: str, draft_id: int) -> ResponseReturnValue:
    """Take in one file, or a zip of files."""
    queries.draft(runtime(), model, draft_id)
    sent = request.files.get("file")
    name = (sent.filename or "") if sent is not None else ""
    if sent is None or not name:
        return draft_page(model, draft_id, {"file": "Choose a file"}), 422
    try:
        parcel = exchange.receive(name, sent.read())
        changed = drafts.take_in(runtime(), draft_id, parcel.files, parcel.whole, signed_in().actor)
    except EngineError as refusal:
        return draft_page(model, draft_id, shelf.errors_of(refusal, "file")), 422
    told = "Nothing is different from what the draft had."
    if changed:
        told = f"Taken in: {', '.join(changed)}."
    if parcel.left_out:
        told += f" Left out, because a model has no such files: {', '.join(parcel.left_out)}."
    flash(told)
    return redirect(url_for("studio.draft", model=model, draft_id=draft_id), 303)


@blueprint.get(DRAFT + "/export")
def export_draft(model: str, draft_id: int) -> ResponseReturnValue:
    """The files of a draft as a zip."""
    queries.draft(runtime(), model, draft_id)
    files = queries.draft_files(runtime(), draft_id)
    return _zip(exchange.pack(model, files), f"{model}-draft-{draft_id}.zip")


@blueprint.get("/<model>/versions/<int(max=2147483647):version>/export")
def export_version(model: str, version: int) -> ResponseReturnValue:
    """The files of a version as a zip."""
    files = queries.version_files(runtime(), model, version)
    return _zip(exchange.pack(model, files), f"{model}-version-{version}.zip")


def _zip(content: bytes, name: str) -> Response:
    return send_file(
        io.BytesIO(content), mimetype="application/zip", as_attachment=True, download_name=name
    )
