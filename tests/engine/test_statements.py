"""What a step asks of the database, and that compiled statements do as SQLAlchemy's own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from engine import database
from engine.models import activation, deployment
from engine.statements import Rows, Statement, together
from tests.benchmarks.review_loop import Durable

NOW = datetime(2026, 3, 2, 10, 0, 0, 7, tzinfo=UTC)
MADE = {"model": "m", "digest": "d", "deployed_at": NOW, "deployed_by": "wyn"}
INSERT = Statement(
    deployment.insert().returning(deployment.c.id),
    ("model", "version", "digest", "deployed_at", "deployed_by"),
)
FIND = Statement(
    sa.select(deployment.c.id, deployment.c.version, deployment.c.deployed_at).where(
        deployment.c.model == "m", deployment.c.version == sa.bindparam("version")
    )
)
RAISE = Statement(
    deployment.update()
    .where(deployment.c.version == sa.bindparam("before"))
    .values(version=sa.bindparam("version"))
)


class Traced(Durable):
    """A review loop on SQLite that tells every statement that it sends."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.runtime.database.dispose()
        sa.event.listen(self.runtime.database, "connect", self._trace)

    def _trace(self, connection: sqlite3.Connection, _: object) -> None:
        connection.set_trace_callback(self._note)

    def _note(self, text: str) -> None:
        # For each thing that a trigger does, the statement that set it off is told again.
        if self.sent[-1:] != [text]:
            self.sent.append(text)

    def step(self, key: str) -> list[str]:
        """What the transaction of one completion sends."""
        self.sent.clear()
        self.complete(key)
        sent = self.sent[self.sent.index("BEGIN IMMEDIATE") :]
        # What a trigger does is told as its statement once more.
        return [text for text, _ in groupby(sent)]


@pytest.fixture
def loop() -> Iterator[Traced]:
    loop = Traced()
    yield loop
    loop.close()


def test_a_completion_sends_six_statements_and_commits_once(loop: Traced) -> None:
    key = loop.start()
    first = loop.step(key)
    assert len(first) == len(["begin", "read", "close", "submit", "move", "open", "seal", "commit"])
    assert first[-1] == "COMMIT"
    assert sum(text.startswith(("COMMIT", "BEGIN")) for text in first) == 2
    for _ in range(20):
        assert len(loop.step(key)) == len(first), "no finished task adds a statement"


def test_a_completion_finds_all_that_it_reads_by_an_index(loop: Traced) -> None:
    key = loop.start()
    loop.complete(key)
    # The plan of an insert has a scan for foreign keys that were broken before, which none are.
    sent = [text for text in loop.step(key) if text.startswith(("SELECT", "UPDATE"))]
    with loop.runtime.database.connect() as connection:
        plans = [
            row.detail
            for text in sent
            # That of an insert has what a replacement would need, too.
            if not text.startswith("INSERT")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")
        ]
    assert any(plan.startswith("SEARCH user_task") for plan in plans)
    assert not [plan for plan in plans if not plan.startswith("SEARCH")]


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = database.connect(database_url)
    yield engine
    engine.dispose()


def kept(engine: sa.Engine) -> list[Any]:
    """The versions that are in the database, as SQLAlchemy itself reads them."""
    query = sa.select(deployment.c.version, deployment.c.deployed_at).order_by(deployment.c.version)
    with database.reading(engine) as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_statements_bind_and_read_as_core_does(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        with together(connection):
            first = INSERT.scalar(connection, {**MADE, "version": 1})
            INSERT.run(connection, {**MADE, "version": 2})
        assert FIND.one_or_none(connection, {"version": 1}) == (first, 1, NOW)
        assert FIND.one_or_none(connection, {"version": 3}) is None
        assert [row.version for row in FIND.all(connection, {"version": 2})] == [2]
        with together(connection):
            changed = RAISE.run(connection, {"before": 2, "version": 5})
            missed = RAISE.run(connection, {"before": 2, "version": 6})
        assert (changed.rowcount, missed.rowcount) == (1, 0)
    assert kept(engine) == [(1, NOW), (5, NOW)]


def test_rows_are_inserted_with_what_they_share_and_what_is_their_own(engine: sa.Engine) -> None:
    rows = Rows(activation, ("reason", "by"), same=("model", "deployment_id", "at"))
    with engine.begin() as connection:
        number = INSERT.scalar(connection, {**MADE, "version": 1})
        same = {"model": "m", "deployment_id": number, "at": NOW}
        rows.insert(connection, same, [])
        rows.insert(
            connection, same, [(f"reason {n}", f"wyn{n}") for n in range(2 * Rows.MOST + 1)]
        )
        found = connection.execute(sa.select(activation).order_by(activation.c.id)).all()
    assert [(row.reason, row.by) for row in found] == [
        (f"reason {n}", f"wyn{n}") for n in range(2 * Rows.MOST + 1)
    ]
    assert {(row.model, row.deployment_id, row.at) for row in found} == {("m", number, NOW)}


def test_what_the_driver_refuses_comes_as_from_sqlalchemy_and_tells_no_values(
    engine: sa.Engine,
) -> None:
    with engine.begin() as connection:
        INSERT.run(connection, {**MADE, "version": 1})
    for refused in (INSERT.scalar, INSERT.run):
        with pytest.raises(IntegrityError) as error, engine.begin() as connection:
            INSERT.run(connection, {**MADE, "version": 2})
            with together(connection):
                refused(connection, {**MADE, "version": 1, "deployed_by": "a secret"})
        assert "a secret" not in str(error.value)
    assert kept(engine) == [(1, NOW)], "and nothing of the transaction is kept"


def test_a_statement_outside_of_a_transaction_begins_one(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        INSERT.run(connection, {**MADE, "version": 1})
        assert connection.in_transaction()
    assert kept(engine) == []
