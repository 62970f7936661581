"""Sending contacts to a running service, as the systems of other agencies do."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = "/api/v1/contacts"
_SECONDS = 60


class LoadError(Exception):
    """A contact was not taken in; the message says what the service or the file has against it."""


@dataclass(frozen=True)
class Received:
    """What the service answered: the case's reference, and whether it was there before."""

    reference: str
    duplicate: bool


def contacts_in(path: Path) -> Iterator[Any]:
    """The contacts in a JSON file that holds one of them or a list. Raises `LoadError`."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise LoadError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise LoadError(f"{path} is not JSON: {error}.") from None
    yield from content if isinstance(content, list) else [content]


def send(contact: Any, url: str, key: str) -> Received:
    """Post one contact to the service at `url`. Raises `LoadError` if it is not taken in."""
    if not url.startswith(("http://", "https://")):
        raise LoadError(f"{url} is not the address of a service: it starts with http or https.")
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        url.rstrip("/") + PATH,
        data=json.dumps(contact).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            body = json.load(answer)
            return Received(str(body["reference"]), bool(body["duplicate"]))
    except urllib.error.HTTPError as error:
        raise LoadError(_refusal(error)) from None
    except urllib.error.URLError as error:
        raise LoadError(f"No service answers at {url}: {error.reason}.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LoadError(f"What {url} answered cannot be understood ({error}).") from None


def _refusal(error: urllib.error.HTTPError) -> str:
    """The service's own words: RFC 9457 problem details, with the message of each field."""
    try:
        problem = json.load(error)
        lines = [f"{problem['title']}. {problem['detail']}"]
        lines += [f"  {each['field']}: {each['message']}" for each in problem.get("errors", ())]
    except (ValueError, KeyError, TypeError):
        return f"The service answered with the error {error.code}."
    return "\n".join(lines)
