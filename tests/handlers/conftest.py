"""Case records on a database with the demonstration's people."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from engine import database
from handlers import directory
from tests.handlers.desk import Desk
from tests.handlers.office import Office


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """A database, once SQLite and once PostgreSQL, where the demonstration's people work."""
    found = database.connect(database_url)
    with found.begin() as connection:
        # Hashing fifteen passwords for each test would take longer than the tests.
        for person in directory.demo_users():
            directory.save_user(connection, person)
    yield found
    found.dispose()


@pytest.fixture
def desk(engine: sa.Engine) -> Desk:
    """A desk with one case that has not come in yet."""
    return Desk(engine)


@pytest.fixture
def office(engine: sa.Engine) -> Office:
    """An office with the shipped model and no case yet."""
    return Office(engine)
