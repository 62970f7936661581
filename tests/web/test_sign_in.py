from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from engine import database
from handlers import directory
from handlers.directory import DEMO_PASSWORD
from web.sign_in import Throttle

from .conftest import SETTINGS, World


def test_the_right_password_leads_to_the_persons_work(world: World) -> None:
    browser = world.browser()
    page = browser.press(
        browser.get("/sign-in"), "Sign in", {"user": "mash", "password": DEMO_PASSWORD}
    )
    page = browser.follow(page)
    assert page.heading == "Your work"
    assert "Max Mash" in page.header


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"user": "mash", "password": "wrong"}, "The user name or password is not right"),
        ({"user": "nobody", "password": "wrong"}, "The user name or password is not right"),
        ({"user": "", "password": "x"}, "Enter your user name"),
        ({"user": "mash", "password": ""}, "Enter your password"),
        ({"user": "mash\0", "password": "x"}, "The user name or password is not right"),
        ({"user": "m" * 300, "password": "x"}, "User name must be 254 characters or less"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_above(
    world: World, answers: dict[str, str], message: str
) -> None:
    browser = world.browser()
    page = browser.press(browser.get("/sign-in"), "Sign in", answers, status=422)
    assert page.title.startswith("Error: Sign in")
    assert message in page.links()
    assert page.text.count(message) == 2
    assert page.all("//input[@name='password']/@value") in ([], [""])
    browser.get("/", 303)


def test_a_link_that_needs_signing_in_is_returned_to(world: World) -> None:
    browser = world.browser()
    page = browser.follow(browser.get("/cases?status=all&mine=yes", 303))
    page = browser.press(page, "Sign in", {"user": "manager", "password": DEMO_PASSWORD})
    assert page.response.headers["Location"] == "/cases?status=all&mine=yes"


@pytest.mark.parametrize(
    "there",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example",
        "\\\\elsewhere.example",
        "javascript:alert(1)",
        "/\t/elsewhere.example",
        "http:elsewhere.example",
        "//[",
        "/\r\nLocation: https://elsewhere.example",
    ],
)
def test_no_link_leads_out_of_the_service(world: World, there: str) -> None:
    browser = world.browser()
    page = browser.get("/sign-in", query_string={"next": there})
    form = page.form("Sign in")
    form.data |= {"user": ["mash"], "password": [DEMO_PASSWORD], "next": [there]}
    assert browser.post(form.action, form.data).response.headers["Location"] == "/"


def test_after_five_failures_even_the_right_password_has_to_wait(world: World) -> None:
    browser = world.browser()
    page = browser.get("/sign-in")
    for _ in range(5):
        browser.press(page, "Sign in", {"user": "mash", "password": "wrong"}, status=422)
    right = {"user": "MASH", "password": DEMO_PASSWORD}
    refused = browser.press(page, "Sign in", right, status=429)
    assert "Wait 15 minutes" in refused.text
    # Somebody else at the same desk is not held up, and time heals.
    browser.press(page, "Sign in", {"user": "mash2", "password": DEMO_PASSWORD})
    world.pass_time(minutes=16)
    other = world.browser()
    other.press(other.get("/sign-in"), "Sign in", right)


def test_failures_from_everywhere_slow_the_account_itself() -> None:
    throttle = Throttle()
    for number in range(20):
        assert not throttle.refuses("mash", f"10.0.0.{number}", 0)
        throttle.failed("mash", f"10.0.0.{number}", 0)
    assert throttle.refuses("mash", "10.0.1.1", 1)
    assert not throttle.refuses("mash", "10.0.1.1", 16 * 60)


def test_the_throttle_does_not_grow_without_end() -> None:
    throttle = Throttle(room=30)
    for number in range(1_000):
        throttle.failed(f"user{number}", "10.0.0.1", 0)
    assert len(throttle._failures) <= 30


def test_a_deactivated_account_is_out_at_once(world: World) -> None:
    browser = world.browser("mash")
    browser.get("/")
    database.transact(
        world.runtime.database, lambda connection: directory.deactivate(connection, "mash")
    )
    browser.get("/", 303)


def test_signing_out_ends_the_session(world: World) -> None:
    browser = world.browser("mash2")
    page = browser.press(browser.get("/"), "Sign out")
    assert "You have signed out." in browser.follow(page).text
    browser.get("/", 303)


def test_signing_in_starts_a_new_session(world: World) -> None:
    browser = world.browser("manager")
    with browser.flask.session_transaction() as session:
        session["open_cases"] = {"CAF-1": 1}
    browser.press(browser.get("/"), "Sign out")
    browser.sign_in("mash", DEMO_PASSWORD)
    with browser.flask.session_transaction() as session:
        assert "open_cases" not in session


def test_cookies_are_kept_from_scripts_and_other_sites(
    make_world: Callable[..., World],
) -> None:
    world = make_world(replace(SETTINGS, cookie_secure=True))
    response = world.browser().flask.get("/sign-in", base_url="https://caf.example")
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "Secure" in cookie
    assert "SameSite=Lax" in cookie
    assert "max-age" in response.headers["Strict-Transport-Security"]


def test_the_demonstration_says_so_and_names_its_users(make_world: Callable[..., World]) -> None:
    real = make_world()
    assert "Demonstration" not in real.browser().get("/sign-in").whole
    demo = make_world(replace(SETTINGS, demo=True))
    page = demo.browser().get("/sign-in")
    for user in directory.demo_users():
        assert user.id in page.text
    assert DEMO_PASSWORD in page.text
    for path in ("/", "/cases", "/inbox"):
        assert "Demonstration: fictional data" in demo.browser("manager").get(path).whole
