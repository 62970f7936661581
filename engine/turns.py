"""Writers of one SQLite file take turns, and those who wait are served together.

SQLite lets one transaction write at a time, and one that is refused only looks again after a while.
Within a process threads need not do that: whoever comes first writes, and before committing also
does the work of those who came meanwhile, in the order in which they came. One commit, and one sync
to disk, serves all of them; nobody is answered before it. Each piece of work stands behind a
savepoint, so that what fails leaves nothing behind and takes nothing else along.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, Final, TypeVar

import sqlalchemy as sa

MOST: Final = 32
LONGEST: Final = 0.05
"""So many pieces of work are committed together, and no further one after so many seconds."""

_T = TypeVar("_T")


class _Turn:
    """One piece of work, of a thread that waits at the gate until it is done or has to lead."""

    def __init__(self, work: Callable[[sa.Connection], Any], alone: bool) -> None:
        self.work = work
        self.alone = alone
        self.context = copy_context()
        self.gate = threading.Lock()
        self.gate.acquire()
        self.leads = False
        self.value: Any = None
        self.error: Exception | None = None
        self.done = False


class Turns:
    """The queue of a process's threads that write to one database.

    It does not hold on to the database, which ends with whoever uses it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Turn] = deque()
        self._busy = False
        self._leader: int | None = None

    def take(self, database: sa.Engine, work: Callable[[sa.Connection], _T]) -> _T:
        """Run `work` in a transaction of the database, perhaps together with other work, and
        return what it returns once that is committed. Raises what `work` raises, or why nothing
        was committed.

        The work may be done by another thread; it sees the context variables of this one. It is
        done again, by itself, where what it was done together with could not be committed.
        """
        if self._leader == threading.get_ident():
            raise RuntimeError("A transaction was begun inside another one.")
        turn = self._wait(database, _Turn(work, alone=False))
        if not turn.done:
            turn = self._wait(database, _Turn(work, alone=True))
        if turn.error is not None:
            error, turn.error = turn.error, None
            try:
                raise error
            finally:
                # Its trail leads here: it would keep itself alive, and all that it came from.
                del error
        value: _T = turn.value
        return value

    def _wait(self, database: sa.Engine, turn: _Turn) -> _Turn:
        with self._lock:
            if self._busy:
                self._waiting.append(turn)
            else:
                self._busy = turn.leads = True
        if not turn.leads:
            turn.gate.acquire()
        if turn.leads:
            self._lead(database, turn)
        return turn

    def _lead(self, database: sa.Engine, first: _Turn) -> None:
        self._leader = threading.get_ident()
        others: list[_Turn] = []
        try:
            with database.connect() as connection, connection.begin():
                first.value = first.work(connection)
                until = time.monotonic() + LONGEST
                while not first.alone and len(others) < MOST and time.monotonic() < until:
                    turn = self._next()
                    if turn is None:
                        break
                    others.append(turn)
                    _serve(connection, turn)
            for turn in (first, *others):
                turn.done = True
        except Exception as error:
            # Whose fault it is nobody knows where there are several: each tries again alone.
            if not others:
                first.error = error
                first.done = True
        finally:
            self._leader = None
            self._hand_over(others)

    def _next(self) -> _Turn | None:
        with self._lock:
            if self._waiting and not self._waiting[0].alone:
                return self._waiting.popleft()
            return None

    def _hand_over(self, served: list[_Turn]) -> None:
        for turn in served:
            turn.gate.release()
        with self._lock:
            if self._waiting:
                following = self._waiting.popleft()
                following.leads = True
                following.gate.release()
            else:
                self._busy = False


def _serve(connection: sa.Connection, turn: _Turn) -> None:
    """Do a piece of work behind a savepoint. Raises what ends the whole transaction."""
    driver: Any = connection.connection.driver_connection
    driver.execute("SAVEPOINT turn")
    try:
        turn.value = turn.context.run(turn.work, connection)
    except Exception as error:
        if connection.invalidated or not driver.in_transaction:
            raise
        turn.error = error
        driver.execute("ROLLBACK TO turn")
    driver.execute("RELEASE turn")
