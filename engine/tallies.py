"""How many open tasks lie in each tray, known without counting them.

The database keeps the numbers itself, by triggers on `user_task` (revision engine0006), so that
they change in the transaction in which a task is opened, closed or handed on, whoever writes it.
On PostgreSQL a change is a row of its own, because people who work in one tray must not wait for
one row; `fold` adds these rows up. All of it follows from `user_task`: a copy of the database's
rows leaves it out, and `recount` makes it anew.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from engine.database import transact
from engine.models import user_task
from engine.statements import Statement

tally = sa.table(
    "tray_tally",
    sa.column("role", sa.String),
    sa.column("tray", sa.String),
    sa.column("number", sa.Integer),
)
WITHOUT_TRAY: Final = ""
"""In place of a tray: tasks of a role that have none and that nobody has yet. Those that are
somebody's by name are not counted here; they are few and found by the person."""
MOST_CHANGES: Final = 500
"""So many rows may lie beside each other before they are added up."""

_PILES = Statement(
    sa.select(
        tally.c.role, tally.c.tray, sa.cast(sa.func.sum(tally.c.number), sa.BigInteger).label("n")
    ).group_by(tally.c.role, tally.c.tray)
)
_rows = sa.select(sa.func.count()).select_from(tally)
_counted = sa.select(
    user_task.c.role, sa.func.coalesce(user_task.c.tray, WITHOUT_TRAY), sa.func.count()
).where(
    user_task.c.status == sa.literal_column("'open'"),
    sa.or_(user_task.c.tray.is_not(None), user_task.c.assignee.is_(None)),
)  # fmt: skip
_counted = _counted.group_by(user_task.c.role, user_task.c.tray)
_empty = tally.delete()
_fold = sa.text(
    "WITH gone AS (DELETE FROM tray_tally RETURNING role, tray, number) "
    "INSERT INTO tray_tally SELECT role, tray, sum(number) FROM gone GROUP BY role, tray "
    "HAVING sum(number) <> 0"
)


def piles(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """The number of open tasks by role and tray, `WITHOUT_TRAY` included; empty ones are left
    out."""
    return {(pile.role, pile.tray): pile.n for pile in _PILES.all(connection, {}) if pile.n}


def fold(database: sa.Engine, most: int = MOST_CHANGES) -> None:
    """Add up what has changed since the last time, where that is more than `most` rows."""
    if database.dialect.name != "postgresql":
        return

    def work(connection: sa.Connection) -> None:
        if connection.execute(_rows).scalar_one() > most:
            connection.execute(_fold)

    transact(database, work)


def recount(database: sa.Engine) -> None:
    """Make the numbers anew from the tasks, whatever they were; people may work meanwhile."""

    def work(connection: sa.Connection) -> None:
        connection.execute(_empty)
        connection.execute(tally.insert().from_select(["role", "tray", "number"], _counted))

    transact(database, work)
