"""Signing in with a local account, and out again."""

from __future__ import annotations

from collections import OrderedDict, deque
from threading import Lock
from typing import ClassVar

import structlog
from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from handlers import directory, vocabulary
from web import demo, people
from web.people import reading, settings

log = structlog.get_logger("web.sign_in")

blueprint = Blueprint("sign_in", __name__)

WINDOW_SECONDS = 15 * 60
LONGEST_NAME = 254
LONGEST_PASSWORD = 1_000


class Throttle:
    """Counts failed attempts to sign in, by account and address, and says when to stop trying.

    One count of each node: behind several nodes an attacker has as many times the attempts. An
    account is not locked for everyone by failures at one address, only slowed for that address;
    failures from all over the place slow the account itself. Old failures are forgotten, and at
    most `room` counts are kept.
    """

    LIMITS: ClassVar = {"account and address": 5, "account": 20, "address": 100}

    def __init__(self, room: int = 10_000) -> None:
        self._room = room
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._lock = Lock()

    def refuses(self, account: str, address: str, at: float) -> bool:
        """Whether an attempt at this time must not be tried at all."""
        with self._lock:
            return any(
                len(self._recent(key, at)) >= self.LIMITS[key[0]]
                for key in self._keys(account, address)
            )

    def failed(self, account: str, address: str, at: float) -> None:
        """Count one more failure."""
        with self._lock:
            for key in self._keys(account, address):
                self._failures.setdefault(key, deque(maxlen=200)).append(at)
                self._failures.move_to_end(key)
            while len(self._failures) > self._room:
                self._failures.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        """Forget the failures of this account at this address."""
        with self._lock:
            self._failures.pop(self._keys(account, address)[0], None)

    @staticmethod
    def _keys(account: str, address: str) -> tuple[tuple[str, str], ...]:
        account = account.casefold()
        return (
            ("account and address", f"{account}\n{address}"),
            ("account", account),
            ("address", address),
        )

    def _recent(self, key: tuple[str, str], at: float) -> deque[float]:
        failures = self._failures.get(key)
        if failures is None:
            return deque()
        while failures and at - failures[0] > WINDOW_SECONDS:
            failures.popleft()
        return failures


@blueprint.get("/sign-in")
def form() -> ResponseReturnValue:
    """The page that asks for user name and password."""
    if people.current_user() is not None:
        return redirect(safe_address(request.args.get("next"), url_for("trays.start")), 303)
    return _page(request.args.get("next", ""))


@blueprint.post("/sign-in")
def submit() -> ResponseReturnValue:
    """Check the password and start a session."""
    name = request.form.get("user", "").strip()
    password = request.form.get("password", "")
    there = request.form.get("next", "")
    errors = {}
    if not name:
        errors["user"] = "Enter your user name"
    elif len(name) > LONGEST_NAME:
        errors["user"] = f"User name must be {LONGEST_NAME} characters or less"
    if not password:
        errors["password"] = "Enter your password"  # noqa: S105 - a message, not a password
    elif len(password) > LONGEST_PASSWORD:
        errors["password"] = f"Password must be {LONGEST_PASSWORD:,} characters or less"
    if errors:
        return _page(there, name, errors), 422
    throttle: Throttle = current_app.extensions["pathways_throttle"]
    address = request.remote_addr or ""
    at = people.now().timestamp()
    if throttle.refuses(name, address, at):
        log.warning("sign_in_throttled")
        abort(
            429,
            "There were too many failed attempts to sign in. Wait 15 minutes, then try again. If "
            "you have forgotten your password, ask your team manager to have it set again.",
        )
    user = None
    if not vocabulary.unshowable(name):
        with reading() as connection:
            user = directory.authenticate(connection, name, password)
    if user is None:
        throttle.failed(name, address, at)
        log.info("sign_in_failed")
        wrong = "The user name or password is not right"
        return _page(there, name, {"user": wrong}), 422
    throttle.succeeded(name, address)
    people.sign_in(user)
    return redirect(safe_address(there, url_for("trays.start")), 303)


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session."""
    session.clear()
    flash("You have signed out.")
    return redirect(url_for("sign_in.form"), 303)


def safe_address(there: str | None, otherwise: str) -> str:
    """`there` if it is a page of this service, else `otherwise`: no link leads out to others."""
    there = there or ""
    inside = there.startswith("/") and not there.startswith("//")
    # Browsers read a backslash as a slash, and leave out line breaks and tabs.
    return there if inside and there.isprintable() and "\\" not in there else otherwise


def _page(there: str, name: str = "", errors: dict[str, str] | None = None) -> str:
    return render_template(
        "sign_in.html",
        next=safe_address(there, ""),
        user=name[:LONGEST_NAME],
        errors=errors or {},
        error_list=[{"text": text, "href": f"#{key}"} for key, text in (errors or {}).items()],
        demo_users=demo.guests() if settings().demo else (),
    )
