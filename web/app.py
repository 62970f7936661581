"""The Flask app: what every request passes through, and the views that answer it."""

from __future__ import annotations

import secrets
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, g, request, url_for
from flask_wtf.csrf import CSRFProtect
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader
from werkzeug.exceptions import NotFound
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from engine.runtime import Runtime
from handlers import notifications, vocabulary
from web import (
    access,
    api,
    cases,
    documents,
    errors,
    inbox,
    incidents,
    instances,
    logs,
    look_up,
    messages,
    operations,
    reassign,
    sign_in,
    starts,
    studio,
    tasks,
    trays,
    why,
    words,
)
from web.metrics import Metrics
from web.people import current_user, now, reading
from web.settings import Settings

log = structlog.get_logger("web")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def create_app(runtime: Runtime, settings: Settings) -> Flask:
    """Build the service around `runtime`; every request uses these settings and this database."""
    app = Flask("web", static_folder=str(Path(__file__).parent / "static"))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="pathways",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.cookie_secure,
        PERMANENT_SESSION_LIFETIME=timedelta(minutes=settings.session_minutes),
        MAX_CONTENT_LENGTH=settings.request_bytes,
        MAX_FORM_MEMORY_SIZE=settings.request_bytes,
        MAX_FORM_PARTS=2_000,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
        # A form may stay open as long as its session; a separate limit would only lose answers.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=settings.cookie_secure,
    )
    app.extensions["pathways"] = runtime
    app.extensions["pathways_settings"] = settings
    app.extensions["pathways_metrics"] = Metrics(runtime)
    app.extensions["pathways_throttle"] = sign_in.Throttle()
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    _templates(app, settings)
    app.before_request(_begin)
    app.after_request(_finish)
    csrf = CSRFProtect(app)
    access.enforce(app)
    errors.register(app)
    for views in (
        sign_in,
        trays,
        tasks,
        starts,
        cases,
        documents,
        messages,
        reassign,
        look_up,
        inbox,
        instances,
        incidents,
    ):
        app.register_blueprint(views.blueprint)
    for blueprint in studio.BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_blueprint(api.blueprint)
    csrf.exempt(api.blueprint)
    app.register_blueprint(operations.blueprint)
    return app


def _begin() -> None:
    g.request_id = secrets.token_hex(6)
    g.began = time.perf_counter()
    logs.begin(request_id=g.request_id)
    if "\0" in request.path:
        raise NotFound
    if request.endpoint == documents.UPLOAD:
        # Before anything reads the form: a file may be larger than answers are.
        request.max_content_length = documents.MOST_POSTED
    elif (request.endpoint or "").startswith("studio"):
        studio.accept_files()
    if request.endpoint != "static" and request.blueprint != "operations":
        current_user()  # also for pages that say what went wrong before any view ran


def _finish(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    request_id = g.get("request_id", "")
    response.headers["X-Request-Id"] = request_id
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        operations.metrics().answered(request.endpoint or "none", response.status_code, seconds)
        # Neither the address nor the answers: both may tell of a family.
        log.info(
            "request",
            method=request.method,
            endpoint=request.endpoint,
            status=response.status_code,
            milliseconds=round(seconds * 1000, 1),
        )
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _templates(app: Flask, settings: Settings) -> None:
    app.jinja_options = {
        "loader": ChoiceLoader(
            [
                PackageLoader("web"),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    environment = app.jinja_env
    environment.filters.update(
        day=words.day_words,
        moment=words.moment_words,
        due=lambda moment: words.due_words(moment, now()),
        late=lambda moment: words.is_late(moment, now()),
        age=lambda born: words.age_words(born, words.local(now()).date()),
        value=words.value_words,
        clause_ids=why.clause_ids,
    )
    environment.globals.update(
        count=words.count_words, label=vocabulary.label, static_url=_static_url, settings=settings
    )

    @app.context_processor
    def _everywhere() -> dict[str, Any]:
        return {"person": g.get("user"), "navigation": _navigation, "plain": False}


def _navigation() -> list[dict[str, Any]]:
    """The links of the header for the person signed in, with what waits in their inbox."""
    user = current_user()
    if user is None:
        return []
    with reading() as connection:
        unread = notifications.unread_count(connection, user)
    entries = [("trays.start", "Your work"), ("cases.index", "Cases")]
    if access.MAY_ASK.roles & user.roles:
        entries.append(("look_up.form", "Ask about a child"))
    if access.PANEL.roles & user.roles:
        entries.append(("documents.packs", "Panel packs"))
    entries.append(("inbox.index", f"Inbox ({unread} new)" if unread else "Inbox"))
    if access.MANAGERS.roles & user.roles:
        entries += [("instances.index", "Caseload"), ("incidents.index", "Incidents")]
    if access.STUDIO.roles & user.roles:
        entries.append(("studio.index", "Studio"))
    return [
        {"href": url_for(name), "text": text, "current": request.endpoint == name}
        for name, text in entries
    ]


def _static_url(filename: str) -> str:
    """The address of a static file, with its age in it so that browsers may keep it for long."""
    path = Path(__file__).parent / "static" / filename
    changed = int(path.stat().st_mtime) if path.is_file() else 0
    return url_for("static", filename=filename, v=f"{changed:x}")
