"""The caseload of 100,000 instances opens in under 200 ms, on SQLite and on PostgreSQL."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from tests.furnished import service
from tests.handlers.office import Office

from .client import Client
from .conftest import SETTINGS
from .crowd import fill, receive_some

INSTANCES = 100_000
ALLOWED = 0.2
TRIES = 7


@pytest.fixture
def crowded(engine: sa.Engine) -> Client:
    """A manager's browser at a service with so many instances, at different steps."""
    office = Office(engine)
    receive_some(office)
    office.now = office.now.replace(month=4)
    office.receive(reference="LATER")
    fill(engine, INSTANCES)
    browser = Client(service(office.runtime, SETTINGS))
    with browser.flask.session_transaction() as session:
        session["user"] = "manager"
    return browser


def test_the_caseload_of_a_hundred_thousand_instances_opens_at_once(crowded: Client) -> None:
    for address in ("/instances", "/instances?overdue=yes"):
        page = crowded.get(address)  # also compiles the templates and the statements
        assert "More than 2,000 maps of cases, page 1 of 80" in page.text
        assert len(page.all("//tbody/tr")) == 25
        took = min(_opening(crowded, address) for _ in range(TRIES))
        assert took < ALLOWED, f"{address} took {took * 1000:.0f} ms"


def _opening(browser: Client, address: str) -> float:
    """Seconds that the server takes for the page, as if the machine had nothing else to do."""
    before = _held_up()
    began = time.perf_counter()
    browser.flask.get(address)
    took = time.perf_counter() - began
    return took / min(before, _held_up())


def _held_up() -> float:
    """How many times as long as by itself the machine takes now, other programs' work included."""
    wall, own = time.perf_counter(), time.thread_time()
    while time.thread_time() - own < 0.01:
        pass
    return max(1.0, (time.perf_counter() - wall) / (time.thread_time() - own))
