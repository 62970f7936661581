from __future__ import annotations

import inspect
import re

import pytest

import web.settings
from web.settings import Settings, SettingsError, digest_of

SECRET = "0123456789abcdef0123456789abcdef"


def test_without_a_secret_key_only_the_demonstration_starts() -> None:
    with pytest.raises(SettingsError, match=r"PATHWAYS_SECRET_KEY must have 32 characters"):
        Settings.from_environment({})
    with pytest.raises(SettingsError, match="PATHWAYS_SECRET_KEY"):
        Settings.from_environment({"PATHWAYS_SECRET_KEY": "short", "PATHWAYS_DEMO": "1"})
    first = Settings.from_environment({"PATHWAYS_DEMO": "1"})
    assert first.secret_key != Settings.from_environment({"PATHWAYS_DEMO": "1"}).secret_key


def test_the_defaults_of_the_real_service_are_the_safe_ones() -> None:
    settings = Settings.from_environment({"PATHWAYS_SECRET_KEY": SECRET})
    assert settings.cookie_secure
    assert not settings.demo
    assert settings.api_keys == ()
    assert settings.trusted_proxies == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATHWAYS_DEMO", "maybe"),
        ("PATHWAYS_SESSION_MINUTES", "0"),
        ("PATHWAYS_SESSION_MINUTES", "an hour"),
        ("PATHWAYS_REQUEST_BYTES", "12"),
        ("PATHWAYS_TRUSTED_PROXIES", "-1"),
        ("PATHWAYS_LOG_LEVEL", "loud"),
        ("PATHWAYS_API_KEYS", "school"),
        ("PATHWAYS_API_KEYS", f"school:{digest_of('x').upper()}"),
        ("PATHWAYS_API_KEYS", f"school:{digest_of('x')}:letters"),
        ("PATHWAYS_SMTP_URL", "mail.council.example"),
        ("PATHWAYS_MAIL_FROM", "the council"),
    ],
)
def test_an_unusable_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({"PATHWAYS_SECRET_KEY": SECRET, name: value})


def test_a_key_put_where_its_digest_belongs_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment(
            {"PATHWAYS_SECRET_KEY": SECRET, "PATHWAYS_API_KEYS": "school:the-real-key"}
        )
    assert "the-real-key" not in str(refusal.value)


def test_api_keys_may_be_limited_to_a_source() -> None:
    settings = Settings.from_environment(
        {
            "PATHWAYS_SECRET_KEY": SECRET,
            "PATHWAYS_API_KEYS": f"mash:{digest_of('a')}, school:{digest_of('b')}:e_caf",
        }
    )
    assert [(key.name, key.source) for key in settings.api_keys] == [
        ("mash", None),
        ("school", "e_caf"),
    ]


def test_a_mail_server_needs_an_address_to_send_from() -> None:
    values = {
        "PATHWAYS_SECRET_KEY": SECRET,
        "PATHWAYS_SMTP_URL": "smtps://caf:secret@mail.council.example",
    }
    with pytest.raises(SettingsError, match="PATHWAYS_MAIL_FROM has to be set") as refusal:
        Settings.from_environment(values)
    assert "secret" not in str(refusal.value)
    settings = Settings.from_environment(values | {"PATHWAYS_MAIL_FROM": "caf@council.example"})
    assert settings.mail_server is not None and settings.mail_from is not None
    assert (settings.mail_server.host, settings.mail_server.port) == ("mail.council.example", 465)
    assert settings.mail_from.addr_spec == "caf@council.example"


def test_a_mail_servers_address_that_cannot_be_used_does_not_give_its_password_away() -> None:
    with pytest.raises(SettingsError, match="PATHWAYS_SMTP_URL") as refusal:
        Settings.from_environment(
            {"PATHWAYS_SECRET_KEY": SECRET, "PATHWAYS_SMTP_URL": "smtp://caf:1/secret@mail"}
        )
    assert "secret" not in str(refusal.value)


def test_every_variable_that_is_read_is_documented() -> None:
    source = inspect.getsource(web.settings)
    read = set(re.findall(r'"(PATHWAYS_[A-Z_]+)"', source))
    documented = set(re.findall(r"`(PATHWAYS_[A-Z_]+)`", web.settings.__doc__ or ""))
    assert read == documented
