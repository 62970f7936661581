"""When it is the database that fails, and not what was asked of it.

Whoever catches errors in the middle of a transaction has to let these through: SQLite, for one,
ends the whole transaction when the disk is full, and what is written after that would stay.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
# Connections, resources, an operator's intervention, the system (PostgreSQL's appendix A); then
# lock_not_available, a server that only reads, and a transaction that idled for too long.
_POSTGRESQL = ("08", "53", "57P", "58", "55P03", "25006", "25P03")


def is_outage(error: BaseException | None) -> bool:
    """Whether the database could not be reached, was held by another for too long, or had no room
    to write: what was asked may well succeed later, as it is."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, NoConnectionFree):
            return True
        if isinstance(error, DBAPIError) and _by_the_driver(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _by_the_driver(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        # The lower byte is the kind, what is above it says more of the same.
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError | InterfaceError)
    return str(state).startswith(_POSTGRESQL)
