"""The versions of a model: looked at, compared, and made live again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import commands, queries
from engine.differences import changed_files, differences
from engine.errors import EngineError, NotFound
from web.people import runtime, signed_in
from web.studio import shelf, tables
from web.studio.editing import form_page, raw

blueprint = Blueprint("studio_versions", __name__, url_prefix="/studio/<model>")

VERSION = "/versions/<int(max=2147483647):version>"


@blueprint.get("/versions")
def index(model: str) -> ResponseReturnValue:
    """Every version with who, when and why."""
    return _index(model)


@blueprint.get(VERSION)
def show(model: str, version: int) -> ResponseReturnValue:
    """The files of a version."""
    known = {one.number: one for one in queries.versions(runtime(), model)}
    if version not in known:
        raise NotFound(f"The model has no version {version}.")
    return shelf.page(
        "studio_version.html",
        shelf.model_row(model),
        version=known[version],
        groups=shelf.by_kind(queries.version_listing(runtime(), model, version)),
        others=[number for number in known if number != version],
        names=shelf.names([known[version].deployed_by, *known[version].authors]),
    )


@blueprint.get(VERSION + "/view/<path:path>")
def view(model: str, version: int, path: str) -> ResponseReturnValue:
    """One file of a version, to be read."""
    files = queries.version_files(runtime(), model, version)
    if path not in files:
        raise NotFound(f"Version {version} has no file “{path}”.")
    return shelf.page(
        "studio_view.html",
        shelf.model_row(model),
        version=version,
        path=path,
        text=files[path].decode("utf-8", "replace"),
        tables=tables.tables(files[path]) if path.endswith(".dmn") else [],
        fields=form_page(path, files[path]) if path.endswith(".form") else None,
    )


@blueprint.get(VERSION + "/files/<path:path>")
def source(model: str, version: int, path: str) -> ResponseReturnValue:
    """The source of one file of a version."""
    files = queries.version_files(runtime(), model, version)
    if path not in files:
        raise NotFound(f"Version {version} has no file “{path}”.")
    return raw(path, files[path])


@blueprint.post(VERSION + "/live")
def make_live(model: str, version: int) -> ResponseReturnValue:
    """Let new cases start on this version again."""
    reason = request.form.get("reason", "")
    try:
        commands.make_live(runtime(), model, version, reason, signed_in().actor)
    except EngineError as refusal:
        errors = {
            f"{key}-{version}" if key else key: words
            for key, words in shelf.errors_of(refusal).items()
        }
        return _index(model, errors, {version: reason}), 422
    flash(
        f"Version {version} is live again. New cases start on it; running ones stay on the "
        "version they started with."
    )
    return redirect(url_for("studio_versions.index", model=model), 303)


@blueprint.get("/compare")
def compare(model: str) -> ResponseReturnValue:
    """Two versions, or a version and a draft, beside each other."""
    row = shelf.model_row(model)
    before_words, before, _ = _side(model, request.args.get("from", ""))
    after_words, after, back = _side(model, request.args.get("to", ""))
    only = request.args.get("path")
    files = [
        {
            "path": path,
            "kind": shelf.kind_of(path),
            "change": change,
            "before": _text(before.get(path)),
            "after": _text(after.get(path)),
            "differences": differences(path, before.get(path), after.get(path)),
        }
        for path, change in changed_files(before, after).items()
        if only in (None, path)
    ]
    return render_template(
        "studio_compare.html",
        model=row,
        before=before_words,
        after=after_words,
        back=back,
        files=files,
    )


def _side(model: str, named: str) -> tuple[str, Mapping[str, bytes], str]:
    """What one side of a comparison is called, its files, and the page that it belongs to."""
    kind, _, number = named.rpartition(":")
    if number.isdecimal() and len(number) < 10:
        if kind == "":
            files = queries.version_files(runtime(), model, int(number))
            return f"version {number}", files, url_for("studio_versions.index", model=model)
        if kind == "draft":
            found = queries.draft(runtime(), model, int(number))
            there = url_for("studio.draft", model=model, draft_id=found.id)
            return f"the draft “{found.title}”", queries.draft_files(runtime(), found.id), there
    raise NotFound("Say which versions to compare: choose them in the list of versions.")


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode("utf-8", "replace")


def _index(
    model: str, errors: Mapping[str, str] | None = None, given: Mapping[int, str] | None = None
) -> str:
    listed = queries.versions(runtime(), model)
    people: list[Any] = [name for one in listed for name in (one.deployed_by, *one.authors)]
    people += [each.by for one in listed for each in one.activations]
    return shelf.page(
        "studio_versions.html",
        shelf.model_row(model),
        versions=listed,
        names=shelf.names(people),
        errors=dict(errors) if errors else None,
        given=given or {},
    )
