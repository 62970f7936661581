"""Statements of Core that are compiled once, and run on the driver's own connection.

Each time that SQLAlchemy executes a statement it builds it anew, looks for its compiled form by a
key made of all its parts, and wraps the driver's cursor several times over; for the few statements
of which every step of a case consists that costs more than what the database does. Here they are
written once, in Core, which stays the one definition of the SQL and of how values are bound and
read, and run in the transaction of the `sqlalchemy.Connection` at hand.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain
from operator import itemgetter
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

_Process = Callable[[Any], Any]


class Changes(Protocol):
    """What a statement did."""

    rowcount: int


def together(connection: sa.Connection) -> AbstractContextManager[None]:
    """Send what is run in this context in one go, where the driver can.

    PostgreSQL then answers once rather than to each statement. How many rows a statement changed
    is known only after the context; to read rows within it waits for all that was sent before.
    Nothing but statements of this module may run in it.
    """
    return _pipeline(connection) if connection.dialect.name == "postgresql" else _IN_TURN


_IN_TURN: AbstractContextManager[None] = nullcontext()


@contextmanager
def _pipeline(connection: sa.Connection) -> Iterator[None]:
    driver = _driver(connection)
    try:
        with driver.pipeline():
            yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise as_sqlalchemy(connection, error) from error


class Statement:
    """A statement whose values are given by the names of its bound parameters.

    Of an insert without values, `columns` names those that every row gives. Columns of a select
    have to have different names. What the driver raises comes as SQLAlchemy would raise it.
    """

    def __init__(self, core: sa.ClauseElement, columns: Sequence[str] = ()) -> None:
        self._core = core
        self._columns = columns
        self._forms: dict[str, _Form] = {}

    def one_or_none(self, connection: sa.Connection, values: Mapping[str, Any]) -> Any:
        """The first row, None where there is none; the rows of a select are named tuples."""
        form = self._form(connection)
        found = form.run(connection, values).fetchone()
        return None if found is None else form.row(found)

    def all(self, connection: sa.Connection, values: Mapping[str, Any]) -> list[Any]:
        """Every row."""
        form = self._form(connection)
        return [form.row(found) for found in form.run(connection, values).fetchall()]

    def scalar(self, connection: sa.Connection, values: Mapping[str, Any]) -> Any:
        """The first value of the first row, which there has to be."""
        return self.one_or_none(connection, values)[0]

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> Changes:
        """Run it. How many rows it changed is the `rowcount` of the answer."""
        done: Changes = self._form(connection).run(connection, values)
        return done

    def _form(self, connection: sa.Connection) -> _Form:
        dialect = connection.dialect
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _Form(self._core, dialect, self._columns)
        return form


class Rows:
    """Inserts rows into a table, all of them in one statement.

    `same` names the columns that have one value in all rows of a call, `columns` the others.
    """

    MOST = 100
    """How many rows go into one statement; more are inserted in turn."""

    def __init__(self, table: sa.Table, columns: Sequence[str], same: Sequence[str]) -> None:
        self._table = table
        self._columns = columns
        self._same = same
        self._of: dict[int, tuple[Statement, list[str]]] = {}

    def insert(
        self, connection: sa.Connection, same: Mapping[str, Any], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Insert `rows`, each with a value for every one of the columns, in their order."""
        for start in range(0, len(rows), self.MOST):
            part = rows[start : start + self.MOST]
            statement, names = self._of.get(len(part)) or self._for(len(part))
            values = dict(zip(names, chain.from_iterable(part), strict=True))
            statement.run(connection, {**same, **values})

    def _for(self, rows: int) -> tuple[Statement, list[str]]:
        columns = self._table.c
        same = {name: sa.bindparam(name, type_=columns[name].type) for name in self._same}
        each = [
            {
                name: sa.bindparam(f"{name}_{number}", type_=columns[name].type)
                for name in self._columns
            }
            for number in range(rows)
        ]
        made = Statement(self._table.insert().values([same | row for row in each]))
        self._of[rows] = made, [bind.key for row in each for bind in row.values()]
        return self._of[rows]


class _Form:
    """A statement as one dialect writes it."""

    def __init__(self, core: sa.ClauseElement, dialect: sa.Dialect, columns: Sequence[str]) -> None:
        compiled: Any = core.compile(dialect=dialect, column_keys=list(columns) or None)
        self._dialect = dialect
        self._text: str = compiled.string
        processes = {
            name: process
            for name, bind in compiled.binds.items()
            if (process := _binding(bind.type, dialect)) is not None
        }
        self._fixed = {
            name: processes.get(name, _as_it_is)(bind.value)
            for name, bind in compiled.binds.items()
            if not bind.required
        }
        self._bind = [each for each in processes.items() if each[0] not in self._fixed]
        self._arrange = _arrangement(compiled.positiontup) if compiled.positional else _as_it_is
        self._make, self._read = _reading(core, dialect)

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> Any:
        """The driver's cursor after executing the statement."""
        bound = {**self._fixed, **values}
        for name, process in self._bind:
            bound[name] = process(bound[name])
        driver = _driver(connection)
        try:
            return driver.execute(self._text, self._arrange(bound))
        except self._dialect.loaded_dbapi.Error as error:
            raise as_sqlalchemy(connection, error, self._text) from error

    def row(self, found: Sequence[Any]) -> Any:
        """What the cursor gave, by the names of the columns and as their types say."""
        if self._read:
            read = list(found)
            for place, process in self._read:
                read[place] = process(read[place])
            found = read
        return self._make(found)


def _driver(connection: sa.Connection) -> Any:
    """The driver's own connection, in a transaction."""
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.driver_connection


def as_sqlalchemy(connection: sa.Connection, error: Any, text: str | None = None) -> Exception:
    """What SQLAlchemy raises for an error of the driver, without values: they may be a family's."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.driver_connection, None)
    if lost:
        connection.invalidate(error)
    found: Exception = DBAPIError.instance(
        text, None, error, dialect.loaded_dbapi.Error, connection_invalidated=lost, dialect=dialect
    )
    return found


def _binding(kind: Any, dialect: sa.Dialect) -> _Process | None:
    if isinstance(kind, sa.LargeBinary):
        return None  # both drivers take bytes as they are
    process: _Process | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return process


def _arrangement(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Any]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda bound: [bound[name] for name in names]


def _as_it_is(value: Any) -> Any:
    return value


def _reading(
    core: Any, dialect: sa.Dialect
) -> tuple[Callable[[Iterable[Any]], Any], list[tuple[int, _Process]]]:
    """How a row is made of a cursor's values, and which values have to be read by their type."""
    columns = list(getattr(core, "exported_columns", ()))
    if not columns:
        return tuple, []
    made = namedtuple("Row", [column.key for column in columns])  # type: ignore[misc]
    read = [
        (place, process)
        for place, column in enumerate(columns)
        if (process := column.type.dialect_impl(dialect).result_processor(dialect, None))
    ]
    return made._make, read
