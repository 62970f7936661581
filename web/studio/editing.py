"""What the editors in the browser ask for: sources, saves, findings, names, previews.

Answers are JSON or sources, and refusals are JSON with a `message` for people. The `ETag` of a
source is its revision, and a save says in `If-Match` which revision it was made from, 0 for a new
file; one that comes too late is kept aside, and answered with 409 and what somebody else saved.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from engine import drafts, exchange, queries
from engine.definitions import Survey, survey
from engine.errors import Finding, InvalidModel, NotAllowed, NotFound, Overtaken
from engine.forms import Choice, parse_form
from engine.model import digest_of
from web import forms, words
from web.people import reading, runtime, signed_in
from web.studio import shelf
from web.studio.workspace import DRAFT

blueprint = Blueprint("studio_files", __name__, url_prefix="/studio")

EDITOR_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "frame-src 'self'",
        "worker-src 'self' blob:",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""The editors write styles into what they draw; of scripts only our own run there as well."""

_TYPES = {"form": "application/json", "toml": "text/plain", "csv": "text/plain"}


@blueprint.get(DRAFT + "/edit/<path:path>")
def edit(model: str, draft_id: int, path: str) -> ResponseReturnValue:
    """The page of an editor."""
    found = queries.draft(runtime(), model, draft_id)
    kind = shelf.kind_of(path)
    if kind not in shelf.DRAWN or all(file.path != path for file in found.files):
        raise NotFound(f"The draft has no diagram, decision table or form “{path}”.")
    page = render_template(
        "studio_edit.html",
        model=shelf.model_row(model),
        draft=found,
        path=path,
        kind=kind,
        writable=found.status == "open" and shelf.may_draw(),
    )
    response = make_response(page)
    response.headers["Content-Security-Policy"] = EDITOR_POLICY
    return response


@blueprint.get(DRAFT + "/files/<path:path>")
def source(model: str, draft_id: int, path: str) -> ResponseReturnValue:
    """The source of a draft's file as it is now; with `revision`, an earlier save of it."""
    queries.draft(runtime(), model, draft_id)
    wanted = request.args.get("revision")
    for save in queries.saves(runtime(), draft_id, path):
        if wanted is None and save.aside:
            continue
        if wanted in (None, str(save.revision)):
            if save.content is None:
                break
            response = raw(path, save.content)
            response.headers["ETag"] = f'"{save.revision}"'
            return response
    raise NotFound(f"The draft has no file “{path}”.")


@blueprint.put(DRAFT + "/files/<path:path>")
def save(model: str, draft_id: int, path: str) -> ResponseReturnValue:
    """Save a file of a draft."""
    queries.draft(runtime(), model, draft_id)
    revision = _revision()
    if revision is None:
        return _message(428, "Say in If-Match which revision of the file this was made from.")
    try:
        done = drafts.save(
            runtime(), draft_id, path, request.get_data(), revision, signed_in().actor
        )
    except Overtaken as late:
        author = shelf.names([late.author])[late.author]
        return (
            jsonify(
                message=f"{author} saved this file while you had it open.",
                revision=late.revision,
                source=None if late.content is None else late.content.decode("utf-8", "replace"),
                author=author,
                saved_at=late.saved_at.isoformat(),
                saved_words=words.moment_words(late.saved_at),
            ),
            409,
        )
    except InvalidModel as refusal:
        return _message(422, " ".join(finding.message for finding in refusal.findings))
    except NotAllowed as refusal:
        return _message(423, refusal.message)
    response = jsonify(
        revision=done.revision,
        saved_at=done.saved_at.isoformat(),
        saved_words=words.moment_words(done.saved_at),
    )
    response.headers["ETag"] = f'"{done.revision}"'
    return response


@blueprint.post(DRAFT + "/findings")
def findings(model: str, draft_id: int) -> ResponseReturnValue:
    """What is wrong with the draft if one of its files were as it is posted.

    The model's own rules take seconds, so the first answer leaves them out and says that it is not
    `complete`; whoever asks the same again gets them, unless they are being proved for somebody
    else just then.
    """
    queries.draft(runtime(), model, draft_id)
    asked = request.get_json(silent=True)
    path, text = (asked.get("path"), asked.get("source")) if isinstance(asked, dict) else ("", "")
    if not isinstance(path, str) or not isinstance(text, str):
        return _message(422, "Send the file's path and its source.")
    content = text.encode("utf-8", "surrogatepass")
    files = queries.draft_files(runtime(), draft_id)
    try:
        exchange.check_path(path)
        exchange.check_content(path, content)
    except InvalidModel as refusal:
        return jsonify(findings=[_finding(one) for one in refusal.findings], complete=True)
    files[path] = content
    found = _look(files)
    ordered = sorted(
        found.findings, key=lambda one: (one.path != path, one.severity != "error", one.path)
    )
    return jsonify(findings=[_finding(one) for one in ordered], complete=found.complete)


@blueprint.get(DRAFT + "/choices")
def choices(model: str, draft_id: int) -> ResponseReturnValue:
    """What the elements of the draft's diagrams may name."""
    queries.draft(runtime(), model, draft_id)
    found = queries.palette(runtime(), queries.draft_files(runtime(), draft_id))
    listed: dict[str, Any] = {
        name: [
            {"id": one.name, "name": one.name, "words": one.words, "path": one.path}
            for one in getattr(found, name)
        ]
        for name in (
            "roles",
            "trays",
            "forms",
            "decisions",
            "clauses",
            "messages",
            "diagrams",
            "timescales",
        )
    }
    listed["handlers"] = [
        {
            "id": one.name,
            "name": one.name,
            "words": one.words,
            "results": one.results,
            "parameters": [
                {
                    "name": name,
                    "words": name.replace("_", " ").capitalize(),
                    "required": required,
                    "kind": "feel",
                }
                for name, required in one.parameters.items()
            ],
        }
        for one in found.handlers
    ]
    listed["variables"] = found.variables
    listed["properties"] = [
        {"name": one.name, "words": one.words, "on": one.on} for one in found.properties
    ]
    return jsonify(listed)


@blueprint.post(DRAFT + "/preview")
def preview(model: str, draft_id: int) -> ResponseReturnValue:
    """The page that a caseworker gets for a form."""
    asked = request.get_json(silent=True)
    text = asked.get("form") if isinstance(asked, dict) else None
    if not isinstance(text, str):
        return _message(422, "Send the form’s source.")
    try:
        fields = form_page("the form", text.encode("utf-8", "surrogatepass"))
    except InvalidModel as refusal:
        return _message(422, " ".join(finding.message for finding in refusal.findings))
    return render_template("studio_preview.html", fields=fields)


def form_page(path: str, content: bytes) -> Markup:
    """The fields of a form as a caseworker gets them; of a list that is not known, none to choose.

    Raises `InvalidModel` for a form that can't be shown.
    """
    form = parse_form(content, path)
    services = runtime().services
    known = form.choices & services.choice_lists.keys()
    with reading() as connection:
        options = {name: list(services.choice_lists[name](connection, "")) for name in known}
    nothing = {name: list[Choice]() for name in form.choices - known}
    return forms.render_fields(form, None, choices={**options, **nothing})


def raw(path: str, content: bytes) -> Response:
    """A source as it is kept; never shown as a page, whatever it is."""
    response = make_response(content)
    response.mimetype = _TYPES.get(shelf.kind_of(path), "application/xml")
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


_FEW = 100
_asked_before: OrderedDict[str, None] = OrderedDict()
_proving = threading.Lock()


def _look(files: dict[str, bytes]) -> Survey:
    found = survey(files, runtime().services, rules=False)
    if found.complete:
        return found
    digest = digest_of(files)
    if digest not in _asked_before:
        _asked_before[digest] = None
        while len(_asked_before) > _FEW:
            _asked_before.popitem(last=False)
        return found
    # One proof at a time: whoever goes on drawing meanwhile must not wait for it.
    if not _proving.acquire(blocking=False):
        return found
    try:
        return survey(files, runtime().services)
    finally:
        _proving.release()


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "code": finding.code,
        "file": finding.path,
        "element": finding.element,
        "words": finding.message,
        "path": list(finding.steps),
    }


def _revision() -> int | None:
    if request.headers.get("If-None-Match", "").strip() == "*":
        return 0
    given = re.fullmatch(r'(?:W/)?"?(\d{1,9})"?', request.headers.get("If-Match", "").strip())
    return int(given.group(1)) if given else None


def _message(status: int, message: str) -> tuple[Response, int]:
    return jsonify(message=message), status
