"""Threads that write to one SQLite file: served together, each as if it had been alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from engine import database

NOTES = sa.table("note", sa.column("text"), sa.column("of"))
SPEAKER: ContextVar[str] = ContextVar("speaker", default="nobody")


class Board:
    """A table to which threads write, with a way to let several of them wait for one."""

    def __init__(self, url: str) -> None:
        self.engine = database.connect(url)
        self.commits = 0
        with self.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE page (id INTEGER PRIMARY KEY)")
            connection.exec_driver_sql(
                "CREATE TABLE note (text TEXT, of INTEGER REFERENCES page (id))"
            )
        sa.event.listen(self.engine, "commit", self._count)

    def _count(self, connection: sa.Connection) -> None:
        self.commits += 1

    def notes(self) -> list[str]:
        with database.reading(self.engine) as connection:
            return [row.text for row in connection.execute(sa.select(NOTES.c.text))]

    def together(self, *works: Callable[[sa.Connection], Any]) -> list[Any]:
        """What came of each work, its value or its error; all but the first one wait for that."""
        begun, go_on = threading.Event(), threading.Event()
        came: list[Any] = [None] * len(works)

        def first(connection: sa.Connection) -> Any:
            begun.set()
            assert go_on.wait(20)
            return works[0](connection)

        def run(number: int, work: Callable[[sa.Connection], Any]) -> None:
            try:
                came[number] = database.transact(self.engine, work)
            except BaseException as error:
                came[number] = error

        threads = [threading.Thread(target=run, args=(0, first))]
        threads[0].start()
        assert begun.wait(20)
        for number, work in enumerate(works[1:], 1):
            threads.append(threading.Thread(target=run, args=(number, work)))
            threads[-1].start()
            # They queue up in this order.
            threads[-1].join(0.02)
        go_on.set()
        for thread in threads:
            thread.join(20)
        return came


@pytest.fixture
def board(sqlite_url: str) -> Iterator[Board]:
    board = Board(sqlite_url)
    yield board
    board.engine.dispose()


def write(text: str, of: int | None = None) -> Callable[[sa.Connection], str]:
    def work(connection: sa.Connection) -> str:
        connection.execute(NOTES.insert().values(text=text, of=of))
        return text

    return work


def fail(text: str) -> Callable[[sa.Connection], str]:
    def work(connection: sa.Connection) -> str:
        write(text)(connection)
        raise ValueError(text)

    return work


def test_those_who_wait_are_committed_together_in_their_order(board: Board) -> None:
    names = [f"n{number}" for number in range(8)]
    assert board.together(*map(write, names)) == names
    assert board.notes() == names
    assert board.commits == 1


@pytest.mark.parametrize("failing", [0, 1, 3])
def test_what_fails_leaves_nothing_and_takes_nothing_along(board: Board, failing: int) -> None:
    works = [fail(f"n{n}") if n == failing else write(f"n{n}") for n in range(4)]
    came = board.together(*works)
    assert isinstance(came[failing], ValueError)
    kept = [f"n{n}" for n in range(4) if n != failing]
    assert [each for each in came if isinstance(each, str)] == kept
    assert board.notes() == kept


def test_what_cannot_be_committed_fails_by_itself(board: Board) -> None:
    def refer_to_nothing(connection: sa.Connection) -> str:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        return write("lost", of=99)(connection)

    came = board.together(write("a"), write("b"), refer_to_nothing, write("c"))
    assert isinstance(came.pop(2), IntegrityError)
    assert came == ["a", "b", "c"]
    assert sorted(board.notes()) == ["a", "b", "c"]


def test_a_thread_that_is_stopped_stops_no_other(board: Board) -> None:
    def stop(connection: sa.Connection) -> str:
        write("lost")(connection)
        raise SystemExit

    came = board.together(stop, write("a"), write("b"))
    assert isinstance(came.pop(0), SystemExit)
    assert came == ["a", "b"]
    assert sorted(board.notes()) == ["a", "b"]


def test_work_sees_what_its_own_thread_sees(board: Board) -> None:
    came: list[str] = []

    def run(name: str) -> None:
        SPEAKER.set(name)
        came.append(f"{name} {database.transact(board.engine, lambda connection: SPEAKER.get())}")

    threads = [threading.Thread(target=run, args=(f"s{n}",)) for n in range(4)]

    def hold(connection: sa.Connection) -> None:
        for thread in threads:
            thread.start()
            thread.join(0.02)

    database.transact(board.engine, hold)
    for thread in threads:
        thread.join(20)
    assert sorted(came) == [f"s{n} s{n}" for n in range(4)]


def test_a_transaction_inside_another_one_is_refused_at_once(board: Board) -> None:
    def nested(connection: sa.Connection) -> None:
        database.transact(board.engine, write("inner"))

    with pytest.raises(RuntimeError, match="inside another"):
        database.transact(board.engine, nested)
    database.transact(board.engine, write("later"))
    assert board.notes() == ["later"]
