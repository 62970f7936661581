"""What an operator sets, read from the environment in one place.

| variable | meaning | if unset |
|---|---|---|
| `PATHWAYS_DATABASE_URL` | SQLAlchemy URL of the database (`sqlite:///...` or `postgresql://...`) | `sqlite:///var/pathways.sqlite3` |
| `PATHWAYS_SECRET_KEY` | signs session cookies; the same on every web node; 32 characters or more | a random key in demonstration mode, otherwise the service does not start |
| `PATHWAYS_DEMO` | `1` shows the demonstration banner and the demonstration users on the sign-in page | `0` |
| `PATHWAYS_COOKIE_SECURE` | `1` sends session cookies over HTTPS only and asks browsers to stay on HTTPS | `1`, in demonstration mode `0` |
| `PATHWAYS_TRUSTED_PROXIES` | how many reverse proxies in front set `X-Forwarded-For` and `-Proto` | `0` |
| `PATHWAYS_SESSION_MINUTES` | minutes without a request after which a person must sign in again | `120` |
| `PATHWAYS_REQUEST_BYTES` | the largest request body accepted | `1048576` |
| `PATHWAYS_API_KEYS` | keys for `/api/v1`, separated by commas; each `NAME:SHA256` or `NAME:SHA256:SOURCE`, where SHA256 is the key's digest in hex and SOURCE (`e_mash`, `e_caf` or `step_down`) limits what it may send; with `metrics` it reads `/metrics` and sends nothing | no key is accepted, in demonstration mode only `pathways-demo-key` |
| `PATHWAYS_COUNCIL` | the council's name, at the foot of every page | `CAF Pathways` |
| `PATHWAYS_LOG_LEVEL` | `debug`, `info`, `warning` or `error` | `info` |
| `PATHWAYS_SMTP_URL` | the mail server: `smtp://`, `smtps://` or `smtp+starttls://`, then `USER:PASSWORD@HOST:PORT` | messages by e-mail stay in the outbox |
| `PATHWAYS_MAIL_FROM` | the address from which mail is sent, with or without a name | needed if a mail server is set |
"""  # noqa: E501

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address

from handlers.contact_form import SOURCES
from handlers.mail import MailServer, parse_sender

DEMO_API_KEY = "pathways-demo-key"
DEFAULT_DATABASE_URL = "sqlite:///var/pathways.sqlite3"
SHORTEST_SECRET = 32
METRICS = "metrics"
"""What the source of a key is that may read `/metrics` and send nothing."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """A setting is missing or unusable; the message names the variable and how to mend it."""


@dataclass(frozen=True)
class ApiKey:
    """A key that another system shows; only its SHA-256 digest is known to the service.

    `source` limits the key to contacts of one source, or to reading metrics; None lets it do all.
    """

    name: str
    digest: str
    source: str | None = None


@dataclass(frozen=True)
class Settings:
    """Everything an operator can set; the module's table says what each variable means."""

    secret_key: str
    database_url: str = DEFAULT_DATABASE_URL
    demo: bool = False
    cookie_secure: bool = True
    trusted_proxies: int = 0
    session_minutes: int = 120
    request_bytes: int = 1_048_576
    api_keys: tuple[ApiKey, ...] = ()
    council: str = "CAF Pathways"
    log_level: str = "info"
    mail_server: MailServer | None = None
    mail_from: Address | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; raises `SettingsError` for the first one that cannot be used."""
        values = os.environ if environ is None else environ
        demo = _switch(values, "PATHWAYS_DEMO", False)
        return cls(
            secret_key=_secret(values, demo),
            database_url=values.get("PATHWAYS_DATABASE_URL") or DEFAULT_DATABASE_URL,
            demo=demo,
            cookie_secure=_switch(values, "PATHWAYS_COOKIE_SECURE", not demo),
            trusted_proxies=_number(values, "PATHWAYS_TRUSTED_PROXIES", 0, 0, 10),
            session_minutes=_number(values, "PATHWAYS_SESSION_MINUTES", 120, 5, 1440),
            request_bytes=_number(values, "PATHWAYS_REQUEST_BYTES", 1_048_576, 65_536, 104_857_600),
            api_keys=_api_keys(values, demo),
            council=values.get("PATHWAYS_COUNCIL") or "CAF Pathways",
            log_level=_choice(values, "PATHWAYS_LOG_LEVEL", "info", _LOG_LEVELS),
            mail_server=_mail_server(values),
            mail_from=_mail_from(values),
        )


def digest_of(key: str) -> str:
    """The form in which `PATHWAYS_API_KEYS` holds a key: its SHA-256 digest in hex."""
    return hashlib.sha256(key.encode()).hexdigest()


def _switch(values: Mapping[str, str], name: str, default: bool) -> bool:
    text = values.get(name, "").strip().lower()
    if text in ("", "0", "1", "true", "false", "yes", "no"):
        return default if text == "" else text in ("1", "true", "yes")
    raise SettingsError(f"{name} is {text!r}: set it to 1 or 0.")


def _number(values: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = values.get(name, "").strip()
    if text == "":
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingsError(f"{name} is {text!r}: set it to a whole number from {least} to {most}.")
    return int(text)


def _choice(values: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    text = values.get(name, "").strip().lower() or default
    if text not in choices:
        raise SettingsError(f"{name} is {text!r}: set it to one of {', '.join(choices)}.")
    return text


def _secret(values: Mapping[str, str], demo: bool) -> str:
    text = values.get("PATHWAYS_SECRET_KEY", "")
    if len(text) >= SHORTEST_SECRET:
        return text
    if text == "" and demo:
        return secrets.token_urlsafe(48)
    raise SettingsError(
        f"PATHWAYS_SECRET_KEY must have {SHORTEST_SECRET} characters or more. Make one with: "
        "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
    )


def _mail_server(values: Mapping[str, str]) -> MailServer | None:
    text = values.get("PATHWAYS_SMTP_URL", "").strip()
    if text == "":
        return None
    try:
        return MailServer.parse(text)
    except ValueError as error:
        raise SettingsError(
            f"PATHWAYS_SMTP_URL cannot be used: {error}. Write for example "
            "smtp+starttls://USER:PASSWORD@mail.council.example:587."
        ) from None


def _mail_from(values: Mapping[str, str]) -> Address | None:
    text = values.get("PATHWAYS_MAIL_FROM", "").strip()
    if text == "":
        if values.get("PATHWAYS_SMTP_URL", "").strip():
            raise SettingsError(
                "PATHWAYS_MAIL_FROM has to be set beside PATHWAYS_SMTP_URL: the address from which "
                "mail is sent, such as caf@council.example."
            )
        return None
    try:
        return parse_sender(text)
    except ValueError as error:
        raise SettingsError(f"PATHWAYS_MAIL_FROM is {text!r}: {error}.") from None


def _api_keys(values: Mapping[str, str], demo: bool) -> tuple[ApiKey, ...]:
    text = values.get("PATHWAYS_API_KEYS", "").strip()
    if text == "":
        return (ApiKey("demonstration", digest_of(DEMO_API_KEY)),) if demo else ()
    keys: list[ApiKey] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, rest = entry.partition(":")
        digest, _, source = rest.partition(":")
        if not name or not _DIGEST.fullmatch(digest) or source not in ("", *SOURCES, METRICS):
            # The entry itself is not shown: someone may have put the key where its digest belongs.
            raise SettingsError(
                f"PATHWAYS_API_KEYS: entry {len(keys) + 1} is not NAME:SHA256 or "
                "NAME:SHA256:SOURCE, with the digest as 64 hex digits in lower case."
            )
        keys.append(ApiKey(name, digest, source or None))
    return tuple(keys)
