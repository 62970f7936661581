"""A great many open cases in one database, each row as the engine writes it.

A few cases are really started; every further one is a copy of one of these at another time, with
a reference and a history of its own, whose seals are its own as well.
"""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from engine import commands, database
from engine.history import GENESIS, Chain
from engine.identity import Actor
from engine.models import history, instance, metadata, submission, user_task
from engine.runtime import Runtime
from engine.services import ServiceRegistry
from tests.engine.drawing import document, element, flows, process, properties, timer
from tests.engine.errand import form

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
ROLES = ("north", "south", "east", "west")
TRAYS = ("visits", "calls", "papers")
PEOPLE = tuple(f"person{number}" for number in range(1000))
KINDS = tuple(f"{role}_{tray}" for role in ROLES for tray in (*TRAYS, "named"))
WORKER = Actor("person7", frozenset(ROLES[:2]))
ANSWERS = {"note": "Contact recorded; advised of next steps and follow-up."}
_PIECE = 10_000
_MOMENTS = 250
_TABLES = (instance, user_task, submission, history)
_ISO = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d")

_MODEL = f"""
id = "crowd"
name = "A great many cases"
start = "work"
business_key = "{{year}}-{{number:07}}"
[roles]
{"".join(f'{role} = "{role}"' + chr(10) for role in ROLES)}
[trays]
{"".join(f'{tray} = "{tray}"' + chr(10) for tray in TRAYS)}
""".encode()


def _task(kind: str) -> str:
    tray = kind.partition("_")[2]
    where = {"tray": tray} if tray in TRAYS else {"assignee": "person"}
    return element(
        "userTask", kind, properties(form="note", due="=duration(&quot;P20D&quot;)", **where)
    )


_WORK = document(
    process(
        "work",
        element("startEvent", "begun")
        + element("exclusiveGateway", "again", default=f"again_to_{KINDS[0]}")
        + "".join(map(_task, KINDS))
        + element("exclusiveGateway", "is_over", default="is_over_to_again")
        + element("endEvent", "over")
        + flows(
            f"begun > again > {KINDS[0]} > is_over > again; is_over > over | over = true;"
            + ";".join(f'again > {kind} | kind = "{kind}"' for kind in KINDS[1:])
            + "".join(f";{kind} > is_over" for kind in KINDS[1:])
        ),
        {kind: kind.partition("_")[0] for kind in KINDS},
    )
)
_WAIT = document(
    process(
        "wait",
        element("startEvent", "asked")
        + element("intermediateCatchEvent", "rest", timer("timeDuration", 'duration("P30D")'))
        + element("userTask", "look", properties(form="note", tray=TRAYS[0]))
        + element("endEvent", "looked")
        + flows("asked > rest > look > looked"),
        {"look": ROLES[0]},
    )
)
_FORM = form("note", {"type": "textfield", "key": "note", "label": "Note"})
_FILES = {
    "model.toml": _MODEL,
    "work.bpmn": _WORK,
    "wait.bpmn": _WAIT,
    "forms/note.form": _FORM,
}


class Caseload:
    """A database of its own with `cases` at work, one open task each, and with `waiting` cases
    whose timers have been due for a while."""

    def __init__(self, cases: int, waiting: int = 0, url: str = "") -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="pathways-bench-")
        self.now = NOW
        self.url = url or f"sqlite:///{self.folder.name}/bench.sqlite3"
        self.runtime = Runtime(database.connect(self.url), ServiceRegistry(), lambda: self.now)
        database.migrate(self.runtime.database)
        model = Path(self.folder.name) / "model"
        for path, content in _FILES.items():
            (model / path).parent.mkdir(parents=True, exist_ok=True)
            (model / path).write_bytes(content)
        commands.deploy(self.runtime, model, WORKER)
        started = [_Example(self.runtime, "work", kind) for kind in KINDS]
        asleep = [_Example(self.runtime, "wait", "")]
        self._fill(started, max(0, cases - len(started)), timedelta(days=29), timedelta())
        self._fill(asleep, waiting, timedelta(days=9), timedelta(days=31))
        self._settle()

    def _settle(self) -> None:
        """Leave the tables as PostgreSQL's autovacuum leaves them within a minute, and nothing of
        the filling still to be written."""
        database = self.runtime.database
        if database.dialect.name == "postgresql":
            with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
                connection.exec_driver_sql("CHECKPOINT")
        else:
            with database.begin() as connection:
                connection.exec_driver_sql("ANALYZE")

    def __enter__(self) -> Caseload:
        return self

    def __exit__(self, *_: object) -> None:
        self.runtime.database.dispose()
        self.folder.cleanup()

    def _fill(self, examples: list[_Example], copies: int, over: timedelta, ago: timedelta) -> None:
        """Add copies of the examples in turn, begun in the course of `over`, which ended `ago`."""
        with self.runtime.database.connect() as connection:
            first = connection.execute(sa.select(sa.func.max(instance.c.id))).scalar_one() + 1
        made = (
            examples[number % len(examples)].copy(
                first + number, over * (number * 7919 % _MOMENTS) / _MOMENTS + ago
            )
            for number in range(copies)
        )
        while piece := list(islice(made, _PIECE)):
            with self.runtime.database.begin() as connection:
                for table in _TABLES:
                    _insert(connection, table, [row for rows in piece for row in rows[table.name]])
        if self.runtime.database.dialect.name == "postgresql":
            with self.runtime.database.begin() as connection:
                connection.exec_driver_sql(
                    "SELECT setval(pg_get_serial_sequence('instance', 'id'), max(id)) FROM instance"
                )


class _Example:
    """A case that was really started, to be copied."""

    def __init__(self, runtime: Runtime, process: str, kind: str) -> None:
        answers = {"kind": kind, "person": PEOPLE[0]}
        number = commands.start(runtime, "crowd", process, answers, WORKER).instance_id
        self._dialect = runtime.database.dialect
        self._tables: dict[str, list[dict[str, Any]]] = {}
        with runtime.database.connect() as connection:
            for table in _TABLES:
                key = table.c.id if table is instance else table.c.instance_id
                rows = connection.execute(sa.select(table).where(key == number)).all()
                self._tables[table.name] = [dict(row._mapping) for row in rows]
        for row in (*self._tables["user_task"], *self._tables["submission"]):
            del row["id"]
        self._at = cache(self._at_another_time)

    def copy(self, number: int, earlier: timedelta) -> dict[str, list[dict[str, Any]]]:
        """The rows of another case with this number, begun so much earlier, as the driver takes
        them."""
        at, key, events, tables = self._at(earlier)
        key += f"{number:07}"
        person = PEOPLE[number // len(KINDS) % len(PEOPLE)]
        chain = Chain(number, GENESIS, 0, at, WORKER.id)
        sealed = []
        for event, row in zip(events, tables["history"], strict=True):
            chain.add(event["kind"], event.get("element"), event.get("name"), event.get("detail"))
            sealed.append({**row, "instance_id": number, "hash": chain.head})
        case = {"instance_id": number, "business_key": key}
        (found,) = tables["instance"]
        found = {**found, "id": number, "business_key": key, "head": chain.head}
        found["variables"] = found["variables"].replace(PEOPLE[0].encode(), person.encode())
        return {
            "instance": [found],
            "user_task": [
                {**row, **case, "assignee": row["assignee"] and person}
                for row in tables["user_task"]
            ],
            "submission": [
                {
                    **row,
                    **case,
                    "answers": row["answers"].replace(PEOPLE[0].encode(), person.encode()),
                }
                for row in tables["submission"]
            ],
            "history": sealed,
        }

    def _at_another_time(
        self, earlier: timedelta
    ) -> tuple[datetime, str, list[dict[str, Any]], dict[str, list[dict[str, Any]]]]:
        at = self._tables["instance"][0]["started_at"] - earlier
        tables = {
            name: [
                {column: self._value(name, column, value, earlier) for column, value in row.items()}
                for row in rows
            ]
            for name, rows in self._tables.items()
        }
        events = [orjson.loads(row["event"]) for row in tables["history"]]
        return at, f"{at.year}-", events, tables

    def _value(self, table: str, column: str, value: Any, earlier: timedelta) -> Any:
        if isinstance(value, datetime):
            value -= earlier
        elif column in ("state", "event"):
            value = _moved(value, earlier)
        bind = metadata.tables[table].c[column].type.dialect_impl(self._dialect)
        process = bind.bind_processor(self._dialect)
        # Bytes are bound as they are; the driver's own wrapper of them can't be changed any more.
        return value if process is None or isinstance(value, bytes) else process(value)


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    driver: Any = connection.connection.driver_connection
    columns = list(rows[0])
    if connection.dialect.name == "postgresql":
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(list(row.values()))
    else:
        marks = ", ".join(f":{column}" for column in columns)
        driver.executemany(
            f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})", rows
        )


def _moved(content: bytes, earlier: timedelta) -> bytes:
    """JSON with every moment in it so much earlier."""

    def moment(found: re.Match[bytes]) -> bytes:
        return (datetime.fromisoformat(found[0].decode()) - earlier).isoformat().encode()

    return _ISO.sub(moment, content)
