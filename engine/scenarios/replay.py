"""Scenarios as tests: each is played from its start in a fresh case, and held to what was found."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from engine import commands, database, queries
from engine.errors import EngineError
from engine.identity import SYSTEM
from engine.scenarios.bench import Act, Bench, Case, Outcome
from engine.scenarios.scenario import Scenario, Stage


@contextmanager
def throw_away(url: str | None) -> Iterator[str]:
    """The address of an empty database that is gone afterwards: a SQLite file, or a schema of its
    own in the PostgreSQL database at `url`, whose other tables are never touched."""
    if url is None:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/scenarios.sqlite"
        return
    own = f"scenarios_{secrets.token_hex(8)}"
    server = database.connect(url)
    try:
        if server.dialect.name != "postgresql":
            raise EngineError(
                "Scenarios run in a SQLite database of their own unless you name a PostgreSQL one: "
                "write postgresql://USER@HOST/NAME, or leave it out."
            )
        with server.begin() as connection:
            connection.execute(sa.schema.CreateSchema(own))
        try:
            inside = sa.engine.make_url(url).update_query_dict({"options": f"-csearch_path={own}"})
            yield inside.render_as_string(hide_password=False)
        finally:
            with server.begin() as connection:
                connection.execute(sa.schema.DropSchema(own, cascade=True))
    finally:
        server.dispose()


def replay(bench: Bench, scenario: Scenario, number: int) -> str:
    """Play a scenario in a fresh case, the given number on this bench. Returns what is wrong in
    words, "" if it passes."""
    case = Case("", bench.now, {})
    try:
        for place, stage in enumerate(scenario.stages, 1):
            act, by = stage.doing.act, stage.doing.by or None
            try:
                if act.kind == "start":
                    process = bench.model.processes[act.element]
                    answers = bench.site.starts(process, number)[int(act.key)]
                    outcome = bench.start(process.id, answers)
                else:
                    _, outcome = bench.do(case, act, by)
            except EngineError as error:
                return f"Step {place}, {in_words(bench, act)}: {error.message}"
            case = outcome.case
            fault = outcome.faults[0] if outcome.faults else _difference(stage, outcome)
            if fault:
                return f"Step {place}, {in_words(bench, act)}: {fault}"
        return _at_the_end(bench, scenario, case)
    finally:
        _leave(bench, case)


def in_words(bench: Bench, act: Act) -> str:
    """What an act is, for people."""
    process, _, name = act.element.partition("/")
    drawn = bench.model.processes[process]
    label = drawn.elements[name].label if name else drawn.name or process
    return {
        "start": f"“{label}” begins",
        "task": f"“{label}” is done",
        "message": f"“{label}” is asked for",
        "wait": f"“{label}” falls due",
    }[act.kind]


def _difference(stage: Stage, outcome: Outcome) -> str:
    found = outcome.flows
    if found == stage.flows:
        return ""
    wanted = [flow for flow in stage.flows if flow not in found]
    other = [flow for flow in found if flow not in stage.flows]
    return (
        "The case went another way than before"
        + (f", not by {', '.join(wanted)}" if wanted else "")
        + (f", but by {', '.join(other)}" if other else "")
        + "."
    )


def _at_the_end(bench: Bench, scenario: Scenario, case: Case) -> str:
    waiting = tuple(f"{process}/{place}" for _, process, places in case.waiting for place in places)
    if waiting != scenario.waiting:
        where = ", ".join(waiting) or "nothing"
        return f"In the end the case waits for {where} instead of {', '.join(scenario.waiting)}."
    faults = queries.verify_history(bench.runtime, case.reference)
    return f"The history of the case is not whole: {faults[0]}" if faults else ""


def _leave(bench: Bench, case: Case) -> None:
    """End what still runs, so that no timer of this case falls due in the next one."""
    if not case.reference:
        return
    for row in queries.instances(bench.runtime, case.reference):
        if row.parent_id is None and row.status == "active":
            commands.cancel(bench.runtime, row.id, "The scenario is over.", SYSTEM)
