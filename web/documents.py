"""The documents of a case in the browser, and those that were given to a role apart from a case."""

from __future__ import annotations

import io
from collections.abc import Mapping

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from engine.errors import InvalidAnswers, NotAllowed
from handlers import access as case_access
from handlers import documents
from handlers.casefile import CaseClosed
from web.cases import case_page
from web.errors import status_of
from web.people import now, reading, signed_in, writing

blueprint = Blueprint("documents", __name__)

UPLOAD = "documents.upload"
MOST_POSTED = documents.MOST_BYTES + 64 * 1024
"""What a browser may send with a file of the largest size that is kept."""


@blueprint.get("/cases/<reference>/documents")
def index(reference: str) -> ResponseReturnValue:
    """The documents of the case, and a form for another."""
    return _page(reference)


@blueprint.post("/cases/<reference>/documents")
def upload(reference: str) -> ResponseReturnValue:
    """Put a file that the person sends on the case's file."""
    sent = request.files.get("file")
    name = (sent.filename or "") if sent is not None else ""
    content = sent.read() if sent is not None else b""
    author, at = signed_in(), now()
    try:
        writing(
            lambda connection: documents.upload(
                connection, author, reference, name, content, now=at
            )
        )
    except InvalidAnswers as refusal:
        return _page(reference, refusal.errors), 422
    except (CaseClosed, NotAllowed) as refusal:
        return _page(reference, {"file": refusal.message}), status_of(refusal)
    flash("The document was added.")
    return redirect(url_for("documents.index", reference=reference), 303)


@blueprint.get("/cases/<reference>/documents/<int(max=2147483647):document_id>")
def download(reference: str, document_id: int) -> ResponseReturnValue:
    """A document of the case, to be saved."""
    with reading() as connection:
        return _file(*documents.content(connection, reference, document_id))


@blueprint.get("/panel-packs")
def packs() -> ResponseReturnValue:
    """The packs that the panel's members may read."""
    with reading() as connection:
        found = documents.released(connection, signed_in())
    return render_template("packs.html", packs=found)


@blueprint.get("/panel-packs/<int(max=2147483647):document_id>")
def pack(document_id: int) -> ResponseReturnValue:
    """A pack, to be saved; who took it is logged with its case."""
    reader, at = signed_in(), now()
    return _file(
        *writing(
            lambda connection: documents.released_content(connection, reader, document_id, now=at)
        )
    )


def _page(reference: str, errors: Mapping[str, str] | None = None) -> str:
    with reading() as connection:
        found = documents.of_case(connection, reference)
        may = case_access.may_contribute(connection, signed_in(), reference)
    return case_page(
        "case_documents.html",
        reference,
        documents=found,
        errors=errors,
        may_contribute=may,
        megabytes=documents.MOST_BYTES // 1024 // 1024,
    )


def _file(name: str, media_type: str, content: bytes) -> Response:
    """Always saved and never shown: a browser must not run what somebody uploaded."""
    response = send_file(
        io.BytesIO(content), mimetype=media_type, as_attachment=True, download_name=name
    )
    response.headers["Cache-Control"] = "no-store"
    return response
