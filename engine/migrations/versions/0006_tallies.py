"""How many open tasks lie in each tray, kept by the database itself, and indexes by which a page
of a tray is found without looking at the rest."""

import sqlalchemy as sa
from alembic import op

revision = "engine0006"
down_revision = "engine0005"
branch_labels = None
depends_on = None

COUNTED = "{0}.status = 'open' AND ({0}.tray IS NOT NULL OR {0}.assignee IS NULL)"
OLD, NEW = COUNTED.format("OLD"), COUNTED.format("NEW")
STAYS = f"({OLD} AND {NEW} AND OLD.role = NEW.role AND {{same}})"

# They hold the status, though it is always the same: SQLite reads it again, and would have to look
# at the row for it.
INDEXES = {
    "ix_user_task_open_tray": (["role", "tray", "due_at", "id", "status"], "status = 'open'"),
    "ix_user_task_open_assignee": (
        ["assignee", "due_at", "id", "role", "status"],
        "status = 'open' AND assignee IS NOT NULL",
    ),
    "ix_user_task_open_unclaimed": (
        ["role", "due_at", "id"],
        "status = 'open' AND tray IS NULL AND assignee IS NULL",
    ),
}
FORMER = {
    "ix_user_task_open_role": (["role", "due_at", "id"], "status = 'open'"),
    "ix_user_task_open_assignee": (["assignee", "due_at", "id"], "status = 'open'"),
}
COUNT = (
    "INSERT INTO tray_tally (role, tray, number) "  # noqa: S608 - nothing comes from outside
    "SELECT role, coalesce(tray, ''), count(*) FROM {0} "
    f"WHERE {COUNTED} GROUP BY role, coalesce(tray, '')"
)


def upgrade() -> None:
    for name in FORMER:
        op.drop_index(name, "user_task")
    _create(INDEXES)
    if op.get_bind().dialect.name == "postgresql":
        _on_postgresql()
    else:
        _on_sqlite()
    op.execute(COUNT.format("user_task"))


def _on_sqlite() -> None:
    """One writer at a time: a row for each pile of tasks, changed in place."""
    op.execute(
        "CREATE TABLE tray_tally (role VARCHAR(100) NOT NULL, tray VARCHAR(100) NOT NULL, "
        "number INTEGER NOT NULL, PRIMARY KEY (role, tray)) WITHOUT ROWID"
    )
    stays = STAYS.format(same="OLD.tray IS NEW.tray")
    moved = "UPDATE OF status, role, tray, assignee"
    for name, event, row, when, by in (
        ("opened", "INSERT", "NEW", NEW, 1),
        ("taken", moved, "OLD", f"{OLD} AND NOT {stays}", -1),
        ("put", moved, "NEW", f"{NEW} AND NOT {stays}", 1),
        ("removed", "DELETE", "OLD", OLD, -1),
    ):
        op.execute(
            f"CREATE TRIGGER tray_tally_{name} AFTER {event} ON user_task WHEN {when} BEGIN "  # noqa: S608
            f"INSERT INTO tray_tally VALUES ({row}.role, coalesce({row}.tray, ''), {by}) "
            f"ON CONFLICT (role, tray) DO UPDATE SET number = number + ({by}); END"
        )


def _on_postgresql() -> None:
    """Many writers at once: a row for each change, which nobody else has to wait for."""
    op.execute(
        "CREATE TABLE tray_tally (role VARCHAR(100) NOT NULL, tray VARCHAR(100) NOT NULL, "
        "number BIGINT NOT NULL)"
    )
    stays = STAYS.format(same="OLD.tray IS NOT DISTINCT FROM NEW.tray")
    taken = "INSERT INTO tray_tally VALUES (OLD.role, coalesce(OLD.tray, ''), -1);"
    put = "INSERT INTO tray_tally VALUES (NEW.role, coalesce(NEW.tray, ''), 1);"
    bodies = {
        "opened": f"{COUNT.format('opened')};",
        "moved": f"IF {OLD} THEN {taken} END IF; IF {NEW} THEN {put} END IF;",
        "removed": taken,
    }
    for name, body in bodies.items():
        op.execute(
            f"CREATE FUNCTION tray_tally_{name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$BEGIN {body} RETURN NULL; END$$"
        )
    op.execute(
        "CREATE TRIGGER tray_tally_opened AFTER INSERT ON user_task "
        "REFERENCING NEW TABLE AS opened FOR EACH STATEMENT EXECUTE FUNCTION tray_tally_opened()"
    )
    op.execute(
        "CREATE TRIGGER tray_tally_moved AFTER UPDATE OF status, role, tray, assignee ON user_task "
        f"FOR EACH ROW WHEN ((({OLD}) OR ({NEW})) AND NOT {stays}) "
        "EXECUTE FUNCTION tray_tally_moved()"
    )
    op.execute(
        "CREATE TRIGGER tray_tally_removed AFTER DELETE ON user_task "
        f"FOR EACH ROW WHEN ({OLD}) EXECUTE FUNCTION tray_tally_removed()"
    )


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    names = ("opened", "moved", "removed") if postgresql else ("opened", "taken", "put", "removed")
    for name in names:
        op.execute(f"DROP TRIGGER tray_tally_{name}{' ON user_task' if postgresql else ''}")
        if postgresql:
            op.execute(f"DROP FUNCTION tray_tally_{name}()")
    op.execute("DROP TABLE tray_tally")
    for name in INDEXES:
        op.drop_index(name, "user_task")
    _create(FORMER)


def _create(indexes: dict[str, tuple[list[str], str]]) -> None:
    for name, (columns, condition) in indexes.items():
        where = sa.text(condition)
        op.create_index(
            name, "user_task", columns, unique=False, postgresql_where=where, sqlite_where=where
        )
