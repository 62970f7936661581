"""Mail as a real mail server gets it, and what is said when the server is down or refuses."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from pathlib import Path
from typing import Any

import pytest
import trustme

from engine.errors import ServiceError
from engine.outbox import Undeliverable
from handlers.mail import MailServer, parse_sender, smtp_sender
from tests import smtp

SENDER = parse_sender("CAF Pathways <caf@council.example>")
PAYLOAD = {
    "to": "alex@partner.example",
    "subject": "CAF-2026-00001: a message is waiting for you",
    "text": "There is a message for you – “CAF-2026-00001”.",
    "case": "CAF-2026-00001",
}


@pytest.fixture
def server() -> Iterator[smtp.MailServer]:
    with smtp.mail_server() as server:
        yield server


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    """A mail server's certificate for this machine."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority of that certificate is one that this machine trusts."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


def send(port: int, scheme: str = "smtp", sign_in: str = "", **changes: Any) -> None:
    url = f"{scheme}://{sign_in}127.0.0.1:{port}"
    smtp_sender(MailServer.parse(url), SENDER)("7-3-1", PAYLOAD | changes)


def test_a_mail_arrives_whole(server: smtp.MailServer) -> None:
    send(server.port)
    (mail,) = server.mails
    assert (mail.sender, mail.recipients) == ("caf@council.example", ["alex@partner.example"])
    message = mail.message
    assert message["From"] == "CAF Pathways <caf@council.example>"
    assert message["To"] == "alex@partner.example"
    assert message["Subject"] == PAYLOAD["subject"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert abs(message["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=1)
    assert message.get_content_type() == "text/plain"
    assert message.get_content().strip() == PAYLOAD["text"]
    assert mail.content.isascii(), "not every server takes eight bits"
    assert (mail.encrypted, mail.user) == (False, None)


def test_the_message_id_follows_from_the_key(server: smtp.MailServer) -> None:
    sender = smtp_sender(MailServer.parse(f"smtp://127.0.0.1:{server.port}"), SENDER)
    for key in ("7-3-1", "7-3-1", "7-3-2"):
        sender(key, PAYLOAD)
    first, again, other = (mail.message["Message-ID"] for mail in server.mails)
    assert first == again == "<pathways.7-3-1@council.example>"
    assert other != first


def test_with_starttls_mail_and_password_go_encrypted(
    certificate: ssl.SSLContext, trusted: None
) -> None:
    with smtp.mail_server(starttls=certificate) as server:
        send(server.port, "smtp+starttls", "caf:p%40ss%2Fword@")
        (mail,) = server.mails
        assert (mail.encrypted, mail.user) == (True, "caf")
        with pytest.raises(ServiceError, match=r"takes no mail .* \(530\)") as refused:
            send(server.port)
        assert not isinstance(refused.value, Undeliverable)
        assert len(server.mails) == 1


def test_with_smtps_all_is_encrypted_from_the_start(
    certificate: ssl.SSLContext, trusted: None
) -> None:
    with smtp.mail_server(tls=certificate) as server:
        send(server.port, "smtps", "caf:p%40ss%2Fword@")
        assert [(mail.encrypted, mail.user) for mail in server.mails] == [(True, "caf")]


def test_a_server_with_a_certificate_that_is_not_trusted_learns_no_password(
    certificate: ssl.SSLContext,
) -> None:
    with smtp.mail_server(starttls=certificate) as server:
        with pytest.raises(ServiceError, match="certificate that is not trusted"):
            send(server.port, "smtp+starttls", "caf:p%40ss%2Fword@")
        assert (server.logins, server.mails) == ([], [])


def test_where_starttls_is_asked_for_nothing_goes_without(server: smtp.MailServer) -> None:
    with pytest.raises(ServiceError, match="does not offer STARTTLS"):
        send(server.port, "smtp+starttls", "caf:p%40ss%2Fword@")
    assert (server.logins, server.mails) == ([], [])


def test_a_wrong_password_is_the_operators_matter(server: smtp.MailServer) -> None:
    with pytest.raises(ServiceError, match=r"user name or password \(535\)") as refused:
        send(server.port, sign_in="caf:wrong@")
    assert not isinstance(refused.value, Undeliverable)
    assert "wrong" not in refused.value.message
    assert server.mails == []


def test_a_server_that_is_down_may_be_up_again_later() -> None:
    port = smtp.free_port()
    with pytest.raises(ServiceError) as refused:
        send(port)
    assert not isinstance(refused.value, Undeliverable)
    assert refused.value.message == (
        f"The mail server 127.0.0.1:{port} cannot be reached: Connection refused."
    )


def test_a_server_that_says_nothing_is_not_waited_for_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = MailServer("127.0.0.1", silent.getsockname()[1], timeout=0.2)
        with pytest.raises(ServiceError, match=r"did not answer within 0\.2 seconds"):
            smtp_sender(server, SENDER)("7-3-1", PAYLOAD)


@pytest.mark.parametrize(
    ("command", "answer", "final", "words"),
    [
        ("RCPT", "550 5.1.1 {address}: no such user", True, "refused the recipient for good (550)"),
        ("RCPT", "450 4.2.0 {address}: greylisted", False, "refused the recipient for now (450)"),
        ("RCPT", "421 4.3.2 {address}: closing", False, "refused the recipient for now (421)"),
        ("DATA", "554 5.7.1 looks like spam", True, "refused the message for good (554)"),
        ("DATA", "451 4.3.0 try later", False, "refused the message for now (451)"),
        ("MAIL", "550 5.7.1 not from you", False, "takes no mail from the service's address (550)"),
    ],
)
def test_what_the_server_refuses_for_good_is_told_from_what_it_may_take_later(
    server: smtp.MailServer, command: str, answer: str, final: bool, words: str
) -> None:
    server.refusals[command] = answer
    with pytest.raises(ServiceError) as refused:
        send(server.port)
    assert words in refused.value.message
    assert isinstance(refused.value, Undeliverable) is final
    assert "alex" not in refused.value.message, "servers quote the address; the outbox must not"
    assert server.mails == []


def test_a_mail_that_was_taken_is_sent_whatever_the_server_says_afterwards(
    server: smtp.MailServer,
) -> None:
    server.refusals["QUIT"] = "421 no more time"
    send(server.port)
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "@partner.example",
        "nobody@",
        "a@partner.example, b@partner.example",
        "Alex <alex@partner.example>",
        "alex@partner.example\r\nBcc: other@partner.example",
    ],
)
def test_an_address_that_is_none_is_not_sent_to(server: smtp.MailServer, address: str) -> None:
    with pytest.raises(Undeliverable, match="no valid e-mail address"):
        send(server.port, to=address)
    assert server.mails == []


def test_an_address_in_other_letters_is_not_sent_to(server: smtp.MailServer) -> None:
    with pytest.raises(Undeliverable, match="other letters than A to Z") as refused:
        send(server.port, to="zoë@partner.example")
    assert "zoë" not in refused.value.message
    assert server.mails == []


def test_a_subject_of_two_lines_adds_no_header(server: smtp.MailServer) -> None:
    send(server.port, subject="First line\r\nBcc: other@partner.example")
    (mail,) = server.mails
    assert mail.message["Subject"] == "First line Bcc: other@partner.example"
    assert mail.message["Bcc"] is None
    assert mail.recipients == ["alex@partner.example"]


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.council.example", MailServer("mail.council.example", 25)),
        ("smtps://mail.council.example/", MailServer("mail.council.example", 465, "smtps")),
        (
            "smtp+starttls://caf:p%40ss%2Fword@mail.council.example",
            MailServer("mail.council.example", 587, "smtp+starttls", "caf", "p@ss/word"),
        ),
        ("smtp://[::1]:2525", MailServer("::1", 2525)),
    ],
)
def test_a_servers_address_is_read(url: str, server: MailServer) -> None:
    assert MailServer.parse(url) == server


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mail.council.example", "has to begin with smtp://"),
        ("https://mail.council.example", "has to begin with smtp://"),
        ("smtp://", "names no host"),
        ("smtp://caf:secret@", "names no host"),
        ("smtp://caf:secret@mail.council.example:many", "host or port"),
        ("smtp://caf:secret@[mail", "host or port"),
        ("smtp://caf:secret/more@mail.council.example", "host or port"),
        ("smtp://caf:1/secret@mail.council.example", "%2F"),
        ("smtp://caf:1#secret@mail.council.example", "%23"),
        ("smtp://caf@mail.council.example", "a user needs a password"),
        ("smtp://:secret@mail.council.example", "a password a user"),
        ("smtp://caf:£secret@mail.council.example", "ASCII"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(
    url: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        MailServer.parse(url)
    assert "secret" not in str(refused.value)


def test_the_password_is_not_shown_with_the_server() -> None:
    shown = repr(MailServer.parse("smtp://caf:secret@mail.council.example"))
    assert "mail.council.example" in shown
    assert "secret" not in shown


@pytest.mark.parametrize(
    "text",
    ["", "caf", "caf@", "@council.example", "a@b.example, c@d.example", "a@b.example\nBcc: c@d.e"],
)
def test_a_senders_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an address such as"):
        parse_sender(text)


def test_a_senders_address_may_have_a_name() -> None:
    assert parse_sender("caf@council.example") == Address(addr_spec="caf@council.example")
    assert (SENDER.display_name, SENDER.addr_spec) == ("CAF Pathways", "caf@council.example")


def test_the_peer_is_a_mail_server_like_any_other(server: smtp.MailServer) -> None:
    with smtplib.SMTP("127.0.0.1", server.port) as client:
        client.sendmail("a@council.example", ["b@partner.example"], "Subject: Hello\r\n\r\nHello")
    assert [mail.recipients for mail in server.mails] == [["b@partner.example"]]
