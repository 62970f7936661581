"""A great many cases at once: copies of a few real ones, made inside the database."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from engine.models import incident, instance, user_task
from handlers.models import cases
from tests.handlers.office import CONSENT, Office

_APART = 1_000
"""Further apart than the ids of the cases that are copied."""


def receive_some(office: Office) -> None:
    """A few cases at different steps, to be copied."""
    for number in range(5):
        office.receive(reference=f"NEW-{number}")
    for number in range(2):
        office.receive(reference=f"DECIDED-{number}")
        office.triage()
    office.do("create_contact_record", "coordinator2", co_ordinator="coordinator", notes="")
    office.do("make_enquiries", "coordinator", enquiries="x", enquiry_outcome="caf_required")
    office.do("confirm_consent", "coordinator", **CONSENT)


def fill(database: sa.Engine, instances: int) -> None:
    """Copy the cases that are there until there are about so many instances."""
    with database.connect() as connection:
        few = connection.execute(sa.select(sa.func.count()).select_from(instance)).scalar_one()
    multiply(database, instances // few)


def multiply(database: sa.Engine, times: int) -> None:
    """Add so many copies of every case with its instances, open tasks and incidents; a copy's
    reference ends with its number."""
    number = sa.select(sa.literal(1).label("k")).cte("number", recursive=True)
    number = number.union_all(sa.select(number.c.k + 1).where(number.c.k < times))

    def reference(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
        return column + "-" + sa.cast(number.c.k, sa.String)

    def moved(column: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
        return column + number.c.k * _APART

    changes: dict[sa.Table, dict[str, Any]] = {
        cases: {"reference": reference},
        instance: {
            "id": moved,
            "parent_id": moved,
            "business_key": reference,
            "request_key": lambda column: sa.null(),
        },
        user_task: {"id": moved, "instance_id": moved, "business_key": reference},
        incident: {"id": moved, "instance_id": moved, "business_key": reference},
    }
    with database.begin() as connection:
        for table, changed in changes.items():
            values = [
                changed[column.name](column) if column.name in changed else column
                for column in table.c
            ]
            copies = sa.select(*values).select_from(table).join(number, sa.true())
            if table is user_task:
                copies = copies.where(user_task.c.status == "open")
            connection.execute(table.insert().from_select([c.name for c in table.c], copies))
        connection.exec_driver_sql("ANALYZE")
