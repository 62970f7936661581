"""The engine's revisions: they make the tables that the code knows, and keep what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from engine import database, tallies
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


def test_tasks_that_were_open_before_are_counted(config: Config, tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path}/old.sqlite3")

    def go(to: str) -> None:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            (command.downgrade if to == "engine0005" else command.upgrade)(config, to)

    def counted() -> dict[tuple[str, str], int]:
        with engine.connect() as connection:
            return tallies.piles(connection)

    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "engine0005")
        connection.exec_driver_sql(
            "INSERT INTO deployment VALUES (1, 'm', 1, 'x', '2026-03-02', 'max')"
        )
        connection.exec_driver_sql(
            "INSERT INTO instance (id, deployment_id, model, process, business_key, status, "
            "revision, state, variables, head, events, started_at) "
            "VALUES (1, 1, 'm', 'p', 'k', 'active', 1, x'', x'', x'', 1, '2026-03-02')"
        )
        for token, (tray, assignee, status) in enumerate(
            [
                ("todo", None, "open"),
                ("todo", "wyn", "open"),
                ("todo", None, "completed"),
                (None, None, "open"),
                (None, "wyn", "open"),
            ]
        ):
            connection.exec_driver_sql(
                "INSERT INTO user_task (instance_id, token, business_key, model, process, element, "
                "name, role, tray, assignee, status, created_at) VALUES "
                "(1, ?, 'k', 'm', 'p', 'e', 'E', 'worker', ?, ?, ?, '2026-03-02')",
                (token, tray, assignee, status),
            )
    go("heads")
    found = {("worker", "todo"): 2, ("worker", tallies.WITHOUT_TRAY): 1}
    assert counted() == found
    go("engine0005")
    go("heads")
    assert counted() == found
    engine.dispose()
