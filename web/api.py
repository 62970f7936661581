"""The public interface under `/api/v1`: contacts from other systems, and what it looks like."""

from __future__ import annotations

import hmac
from typing import Any

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from engine import queries
from engine.errors import InvalidAnswers
from engine.runtime import Actor
from handlers import intake
from web import logs
from web.errors import problem
from web.people import runtime, settings
from web.settings import ApiKey, digest_of

blueprint = Blueprint("api", __name__)

LARGEST_CONTACT = 256 * 1024


@blueprint.get("/api/v1/openapi.json")
def description() -> ResponseReturnValue:
    """The interface, described as OpenAPI 3.1."""
    return jsonify(openapi())


@blueprint.post("/api/v1/contacts")
def create_contact() -> ResponseReturnValue:
    """Take in a contact and start its case; the same reference again starts nothing new."""
    key = shown_key()
    if key is None:
        return unknown_key()
    if request.mimetype != "application/json":
        return problem(
            415,
            "This kind of content is not accepted",
            "Send the contact as JSON, with the header Content-Type: application/json.",
        )
    if (request.content_length or 0) > LARGEST_CONTACT:
        return _too_large()
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        return _too_large()
    if len(body) > LARGEST_CONTACT:
        return _too_large()
    try:
        contact = intake.parse_contact(body)
    except InvalidAnswers as refusal:
        return problem(400, "The JSON could not be read", refusal.message)
    if key.source is not None and contact.get("source") != key.source:
        return problem(
            403,
            "This key may not send that",
            f'This key sends only contacts whose source is "{key.source}".',
        )
    try:
        received = intake.receive_contact(runtime(), contact, _actor(key))
    except InvalidAnswers as refusal:
        return problem(
            422,
            "The contact is not complete",
            "Nothing was saved. Mend the fields listed in errors and send the contact again.",
            errors=[
                {"field": field, "message": message} for field, message in refusal.errors.items()
            ],
        )
    logs.about(case=received.reference)
    if received.duplicate and not _sent_by(key, received.reference):
        return problem(
            409,
            "Another system has used this reference",
            "Nothing was saved. A contact with this source and reference came from another "
            "system: send yours with a reference that nobody else uses.",
        )
    there = url_for("api.contact", reference=received.reference)
    answer = jsonify(
        {"reference": received.reference, "duplicate": received.duplicate, "url": there}
    )
    return answer, 200 if received.duplicate else 201, {"Location": there}


@blueprint.get("/api/v1/contacts/<reference>")
def contact(reference: str) -> ResponseReturnValue:
    """Whether the case of a contact is open, for the sender of the contact alone."""
    key = shown_key()
    if key is None:
        return unknown_key()
    if not _sent_by(key, reference):
        return problem(
            404, "No such contact", "No contact that was sent with this key has this reference."
        )
    first = queries.instances(runtime(), reference)[0]
    return jsonify(
        {
            "reference": reference,
            "status": "open" if first.ended_at is None else "closed",
            "received_at": first.started_at.isoformat(),
        }
    )


def openapi() -> dict[str, Any]:
    """The interface as an OpenAPI 3.1 document."""
    schemas = dict(_SCHEMAS)
    for kind in (intake.Contact, intake.CadsContact):
        schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= {**schema.pop("$defs", {}), kind.__name__: schema}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "CAF Pathways",
            "version": "1",
            "description": (
                "Sends contacts (e-MASH and E-CAF forms, steps down from social care, and CADS "
                "assessments) to the council's early help service."
            ),
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": {
            "/api/v1/contacts": {
                "post": {
                    "operationId": "create_contact",
                    "summary": "Send a contact",
                    "description": (
                        "Starts a case. Sending the same source and reference again starts "
                        "nothing and answers with the case that is there."
                    ),
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {
                                "schema": {"oneOf": [_ref("Contact"), _ref("CadsContact")]}
                            }
                        },
                    },
                    "responses": {
                        "201": {**_json("Received", "The case was started"), "headers": _LOCATION},
                        "200": {
                            **_json("Received", "This contact was received before"),
                            "headers": _LOCATION,
                        },
                        **_problems(400, 401, 403, 409, 413, 415, 422, 500),
                    },
                }
            },
            "/api/v1/contacts/{reference}": {
                "get": {
                    "operationId": "contact",
                    "summary": "See whether the case of a contact is open",
                    "parameters": [
                        {
                            "name": "reference",
                            "in": "path",
                            "required": True,
                            "description": "The case reference that sending the contact answered.",
                            "schema": {"type": "string"},
                        }
                    ],
                    "responses": {
                        "200": _json("Status", "The case of the contact"),
                        **_problems(401, 404, 500),
                    },
                }
            },
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The API key that the council gave to the sending system.",
                }
            },
        },
    }


_SCHEMAS: dict[str, Any] = {
    "Received": {
        "type": "object",
        "required": ["reference", "duplicate", "url"],
        "properties": {
            "reference": {"type": "string", "description": "The case reference"},
            "duplicate": {
                "type": "boolean",
                "description": "True if the contact was received before; nothing was started",
            },
            "url": {"type": "string", "description": "Where to ask for the contact's status"},
        },
    },
    "Status": {
        "type": "object",
        "required": ["reference", "status", "received_at"],
        "properties": {
            "reference": {"type": "string"},
            "status": {"type": "string", "enum": ["open", "closed"]},
            "received_at": {"type": "string", "format": "date-time"},
        },
    },
    "Problem": {
        "type": "object",
        "description": "What was wrong, as RFC 9457 problem details",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "request_id": {"type": ["string", "null"]},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {
                        "field": {"type": "string", "description": "For example family.name"},
                        "message": {"type": "string"},
                    },
                },
            },
        },
    },
}
_LOCATION = {
    "Location": {
        "description": "Where to ask for the contact's status",
        "schema": {"type": "string"},
    }
}
_WHY = {
    400: "The body is not JSON",
    401: "There is no key, or an unknown one",
    403: "The key may not send contacts of this source",
    404: "There is no such contact, or another key sent it",
    409: "Another key has sent a contact with this source and reference",
    413: "The contact is too large",
    415: "The body is not declared as JSON",
    422: "Fields are missing or wrong",
    500: "The service failed",
}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: str, text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": _ref(schema)}}}


def _problems(*statuses: int) -> dict[str, Any]:
    return {
        str(status): {
            "description": _WHY[status],
            "content": {"application/problem+json": {"schema": _ref("Problem")}},
        }
        for status in statuses
    }


def shown_key() -> ApiKey | None:
    """The configured key that the request shows, or None."""
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not shown:
        return None
    digest = digest_of(shown.strip())
    found = None
    for key in settings().api_keys:
        # Every key is compared, so that the time taken tells nothing about which one was near.
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found


def _sent_by(key: ApiKey, reference: str) -> bool:
    """Whether the case began with a contact that was sent with this key."""
    began = queries.history(runtime(), reference, limit=1)
    return bool(began) and began[0].actor == _actor(key).id


def _actor(key: ApiKey) -> Actor:
    return Actor(f"api:{key.name}", frozenset())


def unknown_key() -> ResponseReturnValue:
    """The answer to whoever shows no key, or one that is not known."""
    text = (
        "This API key is not known. Ask the council for a new one."
        if request.headers.get("Authorization")
        else "Send your API key in the header Authorization: Bearer KEY."
    )
    answer = problem(401, "An API key is needed", text)
    answer.headers["WWW-Authenticate"] = 'Bearer realm="CAF Pathways"'
    return answer


def _too_large() -> ResponseReturnValue:
    return problem(
        413,
        "The contact is too large",
        f"A contact may have up to {LARGEST_CONTACT // 1024} KB. Shorten its longest texts.",
    )
