"""A great many open cases in one database, each row as the engine writes it.

A few cases are really started; every further one is a copy of one of these at another time, with
a reference and a history of its own, whose seals are its own as well.
"""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from engine import commands, database
from engine.history import GENESIS, Chain
from engine.identity import Actor
from engine.models import history, instance, submission, user_task
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
        with self.runtime.database.begin() as connection:
            connection.exec_driver_sql("ANALYZE")

    def close(self) -> None:
        self.runtime.database.dispose()
        self.folder.cleanup()

    def _fill(self, examples: list[_Example], copies: int, over: timedelta, ago: timedelta) -> None:
        """Add copies of the examples in turn, begun in the course of `over`, which ended `ago`."""
        with self.runtime.database.connect() as connection:
            first = connection.execute(sa.select(sa.func.max(instance.c.id))).scalar_one() + 1
        made = (
            examples[number % len(examples)].copy(
                first + number, (number * 7919 % copies) / copies * over + ago
            )
            for number in range(copies)
        )
        while piece := list(islice(made, _PIECE)):
            with self.runtime.database.begin() as connection:
                for table in (instance, user_task, submission, history):
                    rows = [row for copied in piece for row in copied[table.name]]
                    if rows:
                        connection.execute(table.insert(), rows)
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
        self._tables: dict[str, list[dict[str, Any]]] = {}
        with runtime.database.connect() as connection:
            for table in (instance, user_task, submission, history):
                key = table.c.id if table is instance else table.c.instance_id
                rows = connection.execute(sa.select(table).where(key == number)).all()
                self._tables[table.name] = [dict(row._mapping) for row in rows]
        for row in (*self._tables["user_task"], *self._tables["submission"]):
            del row["id"]

    def copy(self, number: int, earlier: timedelta) -> dict[str, list[dict[str, Any]]]:
        """The rows of another case with this number, begun so much earlier."""
        (found,) = self._tables["instance"]
        at = found["started_at"] - earlier
        key = f"{at.year}-{number:07}"
        person = PEOPLE[number // len(KINDS) % len(PEOPLE)]
        chain = Chain(number, GENESIS, 0, at, WORKER.id)
        events = []
        for row in self._tables["history"]:
            event = orjson.loads(_moved(row["event"], earlier))
            chain.add(event["kind"], event.get("element"), event.get("name"), event.get("detail"))
            sealed = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
            changed = {"instance_id": number, "at": at, "event": sealed, "hash": chain.head}
            events.append({**row, **changed})
        case = {"instance_id": number, "business_key": key}
        return {
            "instance": [
                {
                    **_earlier(found, earlier),
                    "id": number,
                    "business_key": key,
                    "state": _moved(found["state"], earlier),
                    "variables": found["variables"].replace(PEOPLE[0].encode(), person.encode()),
                    "head": chain.head,
                }
            ],
            "user_task": [
                {**_earlier(row, earlier), **case, "assignee": row["assignee"] and person}
                for row in self._tables["user_task"]
            ],
            "submission": [
                {
                    **_earlier(row, earlier),
                    **case,
                    "answers": row["answers"].replace(PEOPLE[0].encode(), person.encode()),
                }
                for row in self._tables["submission"]
            ],
            "history": events,
        }


def _earlier(row: dict[str, Any], earlier: timedelta) -> dict[str, Any]:
    return {
        name: value - earlier if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _moved(content: bytes, earlier: timedelta) -> bytes:
    """JSON with every moment in it so much earlier."""

    def moment(found: re.Match[bytes]) -> bytes:
        return (datetime.fromisoformat(found[0].decode()) - earlier).isoformat().encode()

    return _ISO.sub(moment, content)
