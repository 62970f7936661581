"""Small forms for tests, as form-js would save them."""

from __future__ import annotations

import json
from typing import Any

from engine.forms import Choice, Form, parse_form

LEADS = {"lead_professionals": [Choice("sam", "Sam Sample"), Choice("alex", "Alex Example")]}


def text(key: str, label: str, **more: Any) -> dict[str, Any]:
    return {"type": "textfield", "key": key, "label": label, **more}


def radio(key: str, label: str, *options: str, **more: Any) -> dict[str, Any]:
    values = [{"value": option, "label": option.capitalize()} for option in options]
    return {"type": "radio", "key": key, "label": label, "values": values, **more}


def people(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    row = {"row": "Person"}
    return {
        "type": "dynamiclist",
        "path": "people",
        "label": "People in the family",
        "properties": row,
        "components": list(components),
        **more,
    }


def hidden_if(condition: str) -> dict[str, Any]:
    return {"conditional": {"hide": f"={condition}"}}


REQUIRED = {"validate": {"required": True}}


def form(*components: dict[str, Any]) -> Form:
    source = {"type": "default", "id": "tried", "schemaVersion": 19, "components": components}
    return parse_form(json.dumps(source).encode(), "forms/tried.form")
