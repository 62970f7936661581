"""Made-up cases of the shipped models: months of two councils at work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import database, queries, versions
from engine.definitions import files_of, load_model
from engine.identity import SYSTEM
from engine.models import instance, outbox, submission
from engine.runtime import Runtime
from engine.simulation import NotEmpty, Outcome
from handlers import directory, services
from handlers.directory import User
from handlers.models import cases, contacts, notifications
from tests.furnished import service
from web import simulation

from .client import Client
from .conftest import SETTINGS, World

pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).parents[2]
CASES = 70
FIRST, UNTIL = date(2025, 5, 1), date(2026, 3, 1)
AFTER = datetime(2026, 3, 2, 9, tzinfo=UTC)
SEED = 1
NUMBERS_AND_ADDRESSES = re.compile(rb"[\w.]+@([\w.]+)|\b(0\d{3,4} ?\d{6})\b")


def furnished(path: Path) -> Runtime:
    """A runtime with the shipped models and the demonstration's people, unproved and unhashed."""
    runtime = Runtime(database.connect(f"sqlite:///{path}"), services, lambda: AFTER)
    for name in simulation.MODELS:
        model = load_model(files_of(ROOT / "bpmn" / name))
        with runtime.database.begin() as connection:
            number = versions.record(connection, model, 1, SYSTEM, AFTER)
        runtime.keep(number, model)
    with runtime.database.begin() as connection:
        for person in directory.demo_users():
            directory.save_user(connection, person)
    return runtime


@dataclass
class Year:
    """A simulated year and what was told of it."""

    runtime: Runtime
    made: Outcome

    def rows(self, query: sa.Select[Any]) -> list[Any]:
        with database.reading(self.runtime.database) as connection:
            return list(connection.execute(query).all())


@pytest.fixture(scope="module")
def year(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    path = tmp_path_factory.mktemp("year") / "year.sqlite3"
    runtime = furnished(Path(shutil.copy(sqlite_template, path)))
    yield Year(runtime, simulation.simulate(runtime, simulation.MODELS, CASES, SEED, FIRST, UNTIL))
    runtime.database.dispose()


def test_every_diagram_has_cases_that_are_open_and_cases_that_have_ended(year: Year) -> None:
    with database.reading(year.runtime.database) as connection:
        models = [year.runtime.live(connection, name)[1] for name in simulation.MODELS]
    counted = {each.process: each for each in year.made.processes}
    assert counted.keys() == {process for model in models for process in model.processes}
    assert [each for each in counted.values() if not (each.open and each.ended)] == []


def test_nothing_goes_wrong_and_some_work_is_late(year: Year) -> None:
    assert (year.made.cases, year.made.incidents, year.made.left) == (CASES, 0, ())
    assert queries.incidents(year.runtime) == []
    assert 0 < year.made.overdue_tasks < year.made.open_tasks
    assert year.made.messages > 0 and year.made.timers > 0
    closed = year.rows(sa.select(cases.c.closed_by).where(cases.c.status == "closed"))
    assert len(closed) > 10


def test_the_history_of_every_case_is_whole(year: Year) -> None:
    keys = [row.business_key for row in year.rows(sa.select(instance.c.business_key).distinct())]
    assert len(keys) == CASES
    assert [key for key in keys if queries.verify_history(year.runtime, key)] == []


def test_families_and_addresses_cannot_be_anybodys(year: Year) -> None:
    homes = year.rows(sa.select(cases.c.postcode, cases.c.family_name))
    assert {home.postcode[:4] for home in homes} == {"ZZ99"}
    texts = [row.answers for row in year.rows(sa.select(submission.c.answers))]
    texts += [row.payload for row in year.rows(sa.select(outbox.c.payload))]
    found = [match for text in texts for match in NUMBERS_AND_ADDRESSES.finditer(text)]
    assert found
    for match in found:
        domain, telephone = match.groups()
        # Reserved by RFC 2606, and by Ofcom for use in drama.
        assert (domain or b".example").endswith((b".example", b"example.org"))
        assert (telephone or b"01632 960001").startswith(b"01632 960")


def test_every_contact_is_sent_once_by_the_sources_of_its_model(year: Year) -> None:
    sent = year.rows(
        sa.select(contacts.c.source, cases.c.model).join(
            cases, cases.c.reference == contacts.c.case_reference
        )
    )
    assert len(sent) == CASES
    assert {(row.source, row.model) for row in sent} == {
        ("e_caf", "caf"),
        ("e_mash", "caf"),
        ("step_down", "caf"),
        ("cads", "cads"),
    }


def test_only_what_came_lately_is_unread(year: Year) -> None:
    told = year.rows(sa.select(notifications.c.created_at, notifications.c.read_at))
    lately = [one for one in told if one.read_at is None]
    assert 0 < len(lately) < len(told) / 2
    assert min(one.created_at for one in lately) >= datetime(2026, 2, 15, tzinfo=UTC)


def test_the_pages_of_made_up_cases_read_well(year: Year) -> None:
    app = service(year.runtime, SETTINGS)
    app.testing = True
    for user, model in (("manager", "caf"), ("ehmanager", "cads")):
        browser = Client(app)
        with browser.flask.session_transaction() as session:
            session["user"] = user
        query = sa.select(cases.c.reference, cases.c.status).where(cases.c.model == model)
        by_status = {row.status: row.reference for row in year.rows(query)}
        assert by_status.keys() == {"open", "closed"}
        for reference in by_status.values():
            for section in ("", "/plan", "/meetings", "/tasks", "/timeline", "/diagram"):
                assert browser.get(f"/cases/{reference}{section}").status in (200, 303)
        assert browser.get("/").status == 200


SCRIPT = """
import hashlib, sys
from datetime import date
from pathlib import Path
import sqlalchemy as sa
from engine import database
from handlers.models import metadata as record
from engine.models import metadata
from tests.web.test_simulation import furnished
from tests.furnished import service
from web import simulation

runtime = furnished(Path(sys.argv[1]))
simulation.simulate(runtime, simulation.MODELS, 10, 5, date(2025, 9, 1), date(2026, 3, 1))
with database.reading(runtime.database) as connection:
    for table in (*metadata.sorted_tables, *record.sorted_tables):
        rows = sorted(map(repr, connection.execute(sa.select(table)).all()))
        print(table.name, len(rows), hashlib.sha256("".join(rows).encode()).hexdigest())
"""


def test_the_same_seed_and_days_give_the_same_tables_in_any_process(
    sqlite_template: Path, tmp_path: Path
) -> None:
    told = []
    for number in ("1", "2"):
        path = shutil.copy(sqlite_template, tmp_path / f"{number}.sqlite3")
        ran = subprocess.run(
            [sys.executable, "-P", "-c", SCRIPT, str(path)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": number},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        told.append(ran.stdout)
    assert "case_file 10 " in told[0]
    assert told[0] == told[1]


def test_a_database_with_cases_or_with_real_people_is_left_as_it_is(
    world: World, sqlite_url: str
) -> None:
    world.contact()
    with pytest.raises(NotEmpty, match="has cases already"):
        simulation.fill(world.runtime, simulation.MODELS, 1, SEED, FIRST, UNTIL)
    assert len(queries.incidents(world.runtime)) == 0

    runtime = Runtime(database.connect(sqlite_url), services)
    with runtime.database.begin() as connection:
        directory.save_user(connection, User("jo", "Jo Real", "jo@council.example"))
    with pytest.raises(simulation.RealPeople, match="accounts of real people"):
        simulation.fill(runtime, simulation.MODELS, 1, SEED, FIRST, UNTIL)
    with runtime.database.connect() as connection:
        assert [user.id for user in directory.list_users(connection)] == ["jo"]
    runtime.database.dispose()
