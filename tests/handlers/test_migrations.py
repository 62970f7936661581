from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

from handlers.models import cases, metadata, users
from tests.handlers.desk import Desk


def test_the_revisions_make_the_tables_that_the_code_knows(engine: sa.Engine) -> None:
    def ours(item: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
        return kind != "table" or name in metadata.tables

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        assert compare_metadata(context, metadata) == []


def test_every_constraint_has_the_name_that_the_code_knows(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        found = sa.inspect(connection)
        for table in metadata.tables.values():
            known = {str(one.name) for one in table.constraints}
            kept = {found.get_pk_constraint(table.name)["name"]}
            for read in (
                found.get_check_constraints,
                found.get_unique_constraints,
                found.get_foreign_keys,
            ):
                kept |= {one["name"] for one in read(table.name)}
            assert kept == known, table.name


@pytest.mark.parametrize(
    ("status", "constraint"),
    [("asleep", "ck_case_file"), ("closed", "ck_case_file_closed_with_reason")],
)
def test_the_database_itself_refuses_a_closure_without_reason(
    desk: Desk, status: str, constraint: str
) -> None:
    desk.register()
    with desk.database.begin() as connection, pytest.raises(IntegrityError, match=constraint):
        connection.execute(sa.update(cases).values(status=status))


def test_the_database_keeps_email_addresses_in_small_letters(engine: sa.Engine) -> None:
    with engine.begin() as connection, pytest.raises(IntegrityError, match="email_lower_case"):
        connection.execute(sa.insert(users).values(id="x", name="X", email="X@Example.org"))
