"""What went wrong, as a page in plain words or as problem details, never as a stack trace."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from engine.errors import (
    Conflict,
    EngineError,
    InvalidAnswers,
    NotAllowed,
    NotFound,
    NotWaiting,
    TaskClosed,
)
from engine.faults import describe
from engine.outages import is_outage
from handlers.casefile import CaseClosed
from web.access import machine

log = structlog.get_logger("web")

PAGES: dict[int, tuple[str, str]] = {
    400: (
        "There is a problem with what was sent",
        "The page could not be read. Go back, reload it and try again.",
    ),
    401: ("You need to sign in", "Sign in and try again."),
    403: ("You cannot open this page", "Your account is not allowed to do this."),
    404: (
        "Page not found",
        "If you typed the address, check that it is right. If you followed a link, what it led "
        "to may have been finished or withdrawn.",
    ),
    405: (
        "This address cannot be used that way",
        "Go back and use the buttons and links on the page.",
    ),
    409: (
        "The case has moved on",
        "Nothing of yours was saved. Open the case to see what changed, then try again.",
    ),
    413: (
        "What you sent is too large",
        "Shorten the longest answers and try again.",
    ),
    415: ("This kind of content is not accepted", "Send the content as JSON."),
    422: ("There is a problem with your answers", "Check your answers and try again."),
    429: ("Too many attempts", "Wait some minutes, then try again."),
    500: (
        "Sorry, there is a problem with the service",
        "Nothing of yours was lost that had been saved. Try again later. If it goes on, tell your "
        "manager the request number below.",
    ),
    503: ("Sorry, the service is not available", "Try again in a minute."),
}

OUTAGE = (
    "The service cannot use its database at the moment. Everything that was saved before is safe. "
    "It comes back by itself, mostly within minutes. If it does not, tell your manager the request "
    "number below."
)

_STATUS: tuple[tuple[type[EngineError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (TaskClosed, 409),
    (Conflict, 409),
    (NotWaiting, 409),
    (CaseClosed, 409),
    (InvalidAnswers, 422),
)


def status_of(error: EngineError) -> int:
    """The HTTP status that fits a refusal of the engine; 500 for one that no view expects."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def register(app: Flask) -> None:
    """Give `app` its pages for every error."""
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(EngineError, _engine)
    app.register_error_handler(Exception, _unforeseen)


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """An answer to another system: problem details as RFC 9457 has them."""
    response = jsonify(
        {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
            "request_id": g.get("request_id"),
            **more,
        }
    )
    response.mimetype = "application/problem+json"
    response.status_code = status
    return response


def error_page(status: int, message: str | None = None, **more: Any) -> Response:
    """The page for `status`, with `message` in place of its usual advice; `more` is for its
    template."""
    title, advice = PAGES.get(status, PAGES[500 if status >= 500 else 400])
    if request.path.startswith("/api/"):
        return problem(status, title, message or advice)
    if machine():
        return problem(status, title, message or advice, message=message or advice)
    page = render_template(
        "error.html",
        status=status,
        title=title,
        message=message or advice,
        plain=status >= 500,
        **more,
    )
    return make_response(page, status)


def outage_page() -> Response:
    """Says that the database is out, and keeps what was posted, to be sent again from there."""
    answer = error_page(503, OUTAGE, again=_again(), here=_here())
    answer.headers["Retry-After"] = "60"
    return answer


def _here() -> str:
    # Never the address of another site: “//there” would be one.
    return "/" + request.full_path.lstrip("/").rstrip("?")


def _again() -> list[tuple[str, str]] | None:
    """The fields that were posted; None where there were none, or where they are not to be seen."""
    if request.method != "POST" or request.blueprint == "sign_in":
        return None
    try:
        if request.files:
            return None  # a page can't give a file back
        return list(request.form.items(multi=True))
    except HTTPException:
        return None


def _csrf(error: CSRFError) -> ResponseReturnValue:
    return error_page(
        400,
        "The page was open for too long, or was opened before you signed in. Go back, reload it "
        "and try again. Nothing was saved.",
    )


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response()
    # Werkzeug's own descriptions are for programmers; a view's own message is for people.
    own = error.description if error.description != type(error).description else None
    answer = error_page(error.code, own)
    if isinstance(error, MethodNotAllowed):
        answer.headers["Allow"] = ", ".join(error.valid_methods or ())
    return answer


def _engine(error: EngineError) -> ResponseReturnValue:
    status = status_of(error)
    if status == 500:
        log.error("request_refused", kind=type(error).__name__)
        return error_page(500)
    return error_page(status, error.message)


def _unforeseen(error: Exception) -> ResponseReturnValue:
    if is_outage(error):
        log.error("database_unavailable", trail=describe(error))
        return outage_page()
    log.error("request_failed", kind=type(error).__name__, trail=describe(error))
    return error_page(500)
