"""Trays: what somebody may do, the most urgent first, by the page.

A page costs the same however many tasks are open. The numbers come from `engine.tallies`; the rows
stand at the head of an index, one head for each pile (role and tray) that the page is made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from engine import tallies
from engine.database import reading
from engine.identity import Actor
from engine.models import user_task
from engine.queries.work import TASKS, TaskRow, rows_of
from engine.runtime import Runtime
from engine.statements import Statement

MOST_LATE = 1_000
"""Up to here late tasks are counted, unless they are somebody's own, and have pages."""


@dataclass(frozen=True)
class Page:
    """One page of tasks; `page` counts from 1. With `more` there are more than `total`."""

    rows: list[TaskRow]
    total: int
    more: bool
    page: int
    pages: int


class _Shape(NamedTuple):
    """What a page is made of: how many piles with a tray and without; and of the actor's own tasks
    "all", those in one "tray", those "without" one, or none, of so many roles."""

    roles: int
    trays: int
    unclaimed: int
    own: str
    overdue: bool


def tray(
    runtime: Runtime,
    actor: Actor,
    *,
    tray: str | None = None,
    mine: bool = False,
    overdue: bool = False,
    page: int = 1,
    size: int = 25,
) -> Page:
    """The open tasks that the actor may do, the most urgent first.

    `tray` narrows to one tray, `mine` to tasks assigned to the actor, `overdue` to late ones.
    """
    with reading(runtime.database) as connection, connection.begin():
        piles = {} if mine else _piles(connection, actor, tray)
        own = {(True, True): "all", (True, False): "tray", (False, True): "without"}.get(
            (mine, tray is None), ""
        )
        shape, values = _shape(actor, piles, own, overdue)
        values |= {"tray": tray, "now": runtime.clock()}
        if overdue and not mine:
            total = _count(connection, shape, {**values, "most": MOST_LATE + 1})
        else:
            total = sum(piles.values())
            total += _count(connection, shape._replace(trays=0, unclaimed=0), values)
        more = overdue and not mine and total > MOST_LATE
        total = MOST_LATE if more else total
        pages = max(1, -(-total // size))
        page = min(max(1, page), pages)
        values["before"] = (page - 1) * size
        rows = _page(shape, size, _depth(page, size)).all(connection, values) if total else []
        return Page(rows_of(runtime, connection, rows), total, more, page, pages)


def tray_counts(runtime: Runtime, actor: Actor) -> dict[str, int]:
    """How many open tasks that the actor may do lie in each tray."""
    counts: dict[str, int] = {}
    with reading(runtime.database) as connection:
        for (_, name), number in _piles(connection, actor, None).items():
            if name != tallies.WITHOUT_TRAY:
                counts[name] = counts.get(name, 0) + number
    return dict(sorted(counts.items()))


def own_count(runtime: Runtime, actor: Actor) -> int:
    """How many open tasks that the actor may do are assigned to them."""
    shape, values = _shape(actor, {}, "all", False)
    with reading(runtime.database) as connection:
        return _count(connection, shape, values)


def _piles(connection: sa.Connection, actor: Actor, tray: str | None) -> dict[tuple[str, str], int]:
    """How many tasks lie in each pile of the actor's roles, in one tray or in all and in none."""
    return {
        (role, name): number
        for (role, name), number in tallies.piles(connection).items()
        if role in actor.roles and tray in (None, name)
    }


def _shape(
    actor: Actor, piles: dict[tuple[str, str], int], own: str, overdue: bool
) -> tuple[_Shape, dict[str, Any]]:
    """The shape of a page of these piles, and the values that its statement takes."""
    values: dict[str, Any] = {"me": actor.id}
    values |= {f"of_{number}": role for number, role in enumerate(sorted(actor.roles))}
    trays = unclaimed = 0
    for role, name in piles:
        if name == tallies.WITHOUT_TRAY:
            values[f"unclaimed_{unclaimed}"] = role
            unclaimed += 1
        else:
            values |= {f"role_{trays}": role, f"tray_{trays}": name}
            trays += 1
    return _Shape(len(actor.roles), trays, unclaimed, own, overdue), values


def _count(connection: sa.Connection, shape: _Shape, values: dict[str, Any]) -> int:
    """How many tasks a page's piles have; where `most` is given, no more than that."""
    if not _heads(shape):
        return 0
    found: int = _number(shape, "most" in values).scalar(connection, values)
    return found


def _depth(page: int, size: int) -> int:
    """How many tasks of each pile are looked at for a page: enough, and one of few numbers."""
    return size << (page - 1).bit_length()


@cache
def _number(shape: _Shape, limited: bool) -> Statement:
    found = sa.union_all(*_heads(shape)).subquery()
    some = sa.select(found.c.id)
    if limited:
        some = some.limit(sa.bindparam("most", type_=sa.Integer))
    return Statement(sa.select(sa.func.count().label("number")).select_from(some.subquery()))


@cache
def _page(shape: _Shape, size: int, depth: int) -> Statement:
    # Limits are written out rather than bound: PostgreSQL takes a bound one for a tenth of all rows
    # and then plans the statement anew each time, which takes longer than running it.
    heads = [
        sa.select(
            head.order_by(user_task.c.due_at.asc().nulls_last(), user_task.c.id)
            .limit(_written_out(depth))
            .subquery()
        )
        for head in _heads(shape)
    ]
    found = sa.union_all(*heads).subquery()
    first = (
        sa.select(found.c.id)
        .order_by(found.c.due_at.asc().nulls_last(), found.c.id)
        .limit(_written_out(size))
        .offset(sa.bindparam("before", type_=sa.Integer))
        .subquery()
    )
    return Statement(
        TASKS.join(first, first.c.id == user_task.c.id).order_by(
            user_task.c.due_at.asc().nulls_last(), user_task.c.id
        )
    )


def _written_out(limit: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(limit), sa.Integer)


@cache
def _heads(shape: _Shape) -> list[sa.Select[Any]]:
    """The tasks of each pile. The conditions are those of the indexes, in words that the planner
    recognises."""
    mine = (
        user_task.c.assignee == sa.bindparam("me"),
        user_task.c.role.in_([sa.bindparam(f"of_{number}") for number in range(shape.roles)]),
    )
    own: dict[str, list[tuple[sa.ColumnElement[bool], ...]]] = {
        "": [],
        "all": [mine],
        "tray": [(*mine, user_task.c.tray == sa.bindparam("tray"))],
        "without": [(*mine, user_task.c.tray.is_(None))],
    }
    piles = [
        *own[shape.own],
        *(
            (
                user_task.c.role == sa.bindparam(f"role_{n}"),
                user_task.c.tray == sa.bindparam(f"tray_{n}"),
            )
            for n in range(shape.trays)
        ),
        *(
            (
                user_task.c.role == sa.bindparam(f"unclaimed_{n}"),
                user_task.c.tray.is_(None),
                user_task.c.assignee.is_(None),
            )
            for n in range(shape.unclaimed)
        ),
    ]
    late = [user_task.c.due_at < sa.bindparam("now")] if shape.overdue else []
    return [
        sa.select(user_task.c.id, user_task.c.due_at).where(
            user_task.c.status == sa.literal_column("'open'"), *pile, *late
        )
        for pile in piles
    ]
