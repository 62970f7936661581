"""The engine's revisions: they make the tables that the code knows, and keep what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from engine import database
from engine.models import metadata
from engine.runtime import live_version


@pytest.fixture
def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(database.MIGRATIONS))
    made.set_main_option("path_separator", "newline")
    made.set_main_option("version_locations", str(database.MIGRATIONS / "versions"))
    return made


def test_the_revisions_make_the_tables_that_the_code_knows(database_url: str) -> None:
    def ours(item: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
        return kind != "table" or name in metadata.tables

    engine = database.connect(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_newest_version_of_each_model_stays_live(config: Config, tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path}/old.sqlite3")
    deployed = "INSERT INTO deployment (id, model, version, digest, deployed_at, deployed_by) "
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "engine0001")
        for number, (model, version) in enumerate([("a", 2), ("b", 1), ("a", 1)], 1):
            connection.execute(
                sa.text(deployed + "VALUES (:id, :model, :version, 'x', '2026-03-02', 'max')"),
                {"id": number, "model": model, "version": version},
            )
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")
    with engine.connect() as connection:
        assert [live_version(connection, model) for model in ("a", "b", "c")] == [1, 2, None]
    engine.dispose()
