"""Messages by e-mail: the outbox's messages handed to the council's mail server by SMTP.

What is said about a failure names neither the recipient nor what the server answered, because
servers like to quote the address; its reply code (RFC 5321, section 4.2) says enough.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, Final, NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

from engine.errors import ServiceError
from engine.outbox import Sender, Undeliverable, Unreachable

_PORTS: Final = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in.

    `security` is the scheme of its address: `smtp` has none, `smtps` speaks TLS from the start,
    `smtp+starttls` before anything else is said. `timeout` is how many seconds one answer may
    take: so few that all of them together take less than `engine.outbox.LEASE`.
    """

    host: str
    port: int
    security: str = "smtp"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 30

    @classmethod
    def parse(cls, url: str) -> MailServer:
        """Read `smtp://`, `smtps://` or `smtp+starttls://`, then `USER:PASSWORD@HOST:PORT`.

        User with password, and port, may be left out. Raises ValueError with what is wrong, in
        words that do not repeat the address: it may hold a password.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ValueError("its host or port cannot be read") from None
        if parts.scheme not in _PORTS:
            raise ValueError("it has to begin with smtp://, smtps:// or smtp+starttls://")
        if not host:
            raise ValueError("it names no host")
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError(
                "nothing may follow the host and port; write / ? # and @ in a password as "
                "%2F %3F %23 and %40"
            )
        user, password = _credentials(parts)
        return cls(host, port or _PORTS[parts.scheme], parts.scheme, user, password)


def parse_sender(text: str) -> Address:
    """Read `name@host` or `Name <name@host>`. Raises ValueError with what is wrong, in words."""
    try:
        header: Any = HeaderRegistry()("From", text)
        (found,) = header.addresses
        if header.defects or not (found.username and found.domain and found.addr_spec.isascii()):
            raise ValueError
    except (HeaderParseError, ValueError, IndexError):
        raise ValueError("it is not an address such as caf@council.example") from None
    return Address(found.display_name, addr_spec=found.addr_spec)


def smtp_sender(server: MailServer, sent_from: Address) -> Sender:
    """A sender for the outbox's messages of the kind `mail`: to, subject and text.

    The Message-ID follows from the idempotency key, so mail systems know a repeated message.
    It raises Unreachable where there is no session with the server, ServiceError where trying again
    may help, Undeliverable where the server refuses the recipient or the message for good (a reply
    code from 500 on).
    """

    def send(key: str, payload: Mapping[str, Any]) -> None:
        message = _compose(key, payload, sent_from)
        connection = _connect(server)
        try:
            _hand_over(connection, message, sent_from.addr_spec, payload["to"])
            # The server has taken the message: whatever happens now must not send it again.
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
        finally:
            connection.close()

    return send


def _credentials(parts: SplitResult) -> tuple[str, str]:
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("a user needs a password and a password a user: USER:PASSWORD@HOST")
    if not (user + password).isascii():
        raise ValueError("user and password may hold plain letters, digits and signs only (ASCII)")
    return user, password


def _compose(key: str, payload: Mapping[str, Any], sent_from: Address) -> EmailMessage:
    # Not every server takes eight bits.
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    if not payload["to"].isascii():
        raise Undeliverable("The recipient's e-mail address has other letters than A to Z.")
    try:
        recipient = Address(addr_spec=payload["to"])
        if not recipient.username or not recipient.domain:
            raise ValueError
        message["To"] = recipient
    except (HeaderParseError, ValueError, IndexError):
        raise Undeliverable("The recipient has no valid e-mail address.") from None
    message["From"] = sent_from
    message["Subject"] = " ".join(payload["subject"].split())
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = f"<pathways.{key}@{sent_from.domain}>"
    # So that no holiday reply comes back (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(payload["text"])
    return message


def _connect(server: MailServer) -> smtplib.SMTP:
    """A session with the server, encrypted and signed in as its address says."""
    connection: smtplib.SMTP | None = None
    try:
        # The certificate has to be valid for the host: the password is about to be sent there.
        context = ssl.create_default_context()
        if server.security == "smtps":
            connection = smtplib.SMTP_SSL(
                server.host, server.port, timeout=server.timeout, context=context
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
        if server.security == "smtp+starttls":
            connection.starttls(context=context)
        if server.user:
            connection.login(server.user, server.password)
        connection.ehlo_or_helo_if_needed()
    except (smtplib.SMTPException, OSError) as error:
        if connection is not None:
            connection.close()
        raise Unreachable(_why_no_session(server, error)) from error
    return connection


def _why_no_session(server: MailServer, error: smtplib.SMTPException | OSError) -> str:
    place = f"The mail server {server.host}:{server.port}"
    match error:
        case ssl.SSLCertVerificationError():
            return f"{place} has a certificate that is not trusted: {error.verify_message}."
        case smtplib.SMTPAuthenticationError():
            return f"{place} refused the service's user name or password ({error.smtp_code})."
        case smtplib.SMTPNotSupportedError() if server.security == "smtp+starttls":
            return f"{place} does not offer STARTTLS, or no sign-in after it."
        case smtplib.SMTPNotSupportedError():
            return f"{place} offers no sign-in; leave user and password out of its address."
        case smtplib.SMTPResponseException():
            return f"{place} did not accept the service ({error.smtp_code})."
        case TimeoutError() | smtplib.SMTPServerDisconnected(__context__=TimeoutError()):
            return f"{place} did not answer within {server.timeout:g} seconds."
        case smtplib.SMTPException():
            return f"{place} broke the connection off."
        case _:
            return f"{place} cannot be reached: {error.strerror or type(error).__name__}."


def _hand_over(connection: smtplib.SMTP, message: EmailMessage, sender: str, to: str) -> None:
    try:
        connection.send_message(message, sender, [to])
    except smtplib.SMTPRecipientsRefused as error:
        _refuse("the recipient", error.recipients[to][0], error)
    except smtplib.SMTPDataError as error:
        _refuse("the message", error.smtp_code, error)
    except smtplib.SMTPSenderRefused as error:
        # The operator can mend that: PATHWAYS_MAIL_FROM is not an address that may send here.
        raise ServiceError(
            f"The mail server takes no mail from the service's address ({error.smtp_code})."
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise ServiceError("The mail server broke off while it was given the message.") from error


def _refuse(what: str, code: int, cause: Exception) -> NoReturn:
    if code >= 500:
        raise Undeliverable(f"The mail server refused {what} for good ({code}).") from cause
    raise ServiceError(f"The mail server refused {what} for now ({code}).") from cause
