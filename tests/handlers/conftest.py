"""Case records on a database with the demonstration's people."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.handlers.desk import Desk
from tests.handlers.office import Office


@pytest.fixture
def desk(engine: sa.Engine) -> Desk:
    """A desk with one case that has not come in yet."""
    return Desk(engine)


@pytest.fixture
def office(engine: sa.Engine) -> Office:
    """An office with the shipped model and no case yet."""
    return Office(engine)
