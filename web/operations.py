"""What whoever operates the service asks a node: whether it lives, whether it can work, and how
much there is to do."""

from __future__ import annotations

from typing import cast

import structlog
from flask import Blueprint, Flask, Response, current_app, jsonify
from flask.typing import ResponseReturnValue

from engine import database
from engine.faults import describe
from engine.runtime import Runtime
from handlers import MIGRATIONS
from web.api import shown_key, unknown_key
from web.errors import problem
from web.metrics import CONTENT_TYPE, Metrics
from web.people import runtime
from web.settings import METRICS, Settings

log = structlog.get_logger("operations")

blueprint = Blueprint("operations", __name__)


def create_operations_app(runtime: Runtime, settings: Settings) -> Flask:
    """These pages alone, for a node that answers no browsers."""
    app = Flask("web.operations", static_folder=None, template_folder=None)
    app.extensions["pathways"] = runtime
    app.extensions["pathways_settings"] = settings
    app.extensions["pathways_metrics"] = Metrics(runtime)
    app.register_blueprint(blueprint)
    return app


def metrics() -> Metrics:
    """The figures of the node that answers."""
    return cast(Metrics, current_app.extensions["pathways_metrics"])


@blueprint.get("/healthz")
def health() -> ResponseReturnValue:
    """Whether the process lives: it does if this is answered, with or without its database."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
def readiness() -> ResponseReturnValue:
    """Whether this node can work: its database answers, and has the tables that it writes."""
    try:
        current = database.is_current(runtime().database, MIGRATIONS)
    except Exception as error:
        log.error("database_unavailable", trail=describe(error))
        return _not_ready("The database does not answer.")
    if not current:
        return _not_ready(
            "The tables of the database are not of this program's version. Run: "
            "pathways migrate-database"
        )
    return jsonify({"status": "ready"})


def _not_ready(words: str) -> Response:
    answer = problem(503, "This node is not ready", words)
    answer.headers["Retry-After"] = "10"
    return answer


@blueprint.get("/metrics")
def figures() -> ResponseReturnValue:
    """The figures of this node and its database for Prometheus; they tell of no case."""
    key = shown_key()
    if key is None:
        return unknown_key()
    if key.source not in (None, METRICS):
        return problem(403, "This key may not do that", "This key sends contacts only.")
    return Response(metrics().text(), content_type=CONTENT_TYPE)
