"""What one person may not do alone: oversee a closure they asked for, or judge their own work.

The handlers `close_case` and `record_quality_assurance` refuse it, but by then the task is done and
an incident is left that nobody can mend. Here it is known before: the diagram's service tasks say
which task judges what was submitted at which other one.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select

from engine import database, feel, queries
from engine.models import instance
from engine.runtime import Runtime
from engine.statements import Statement
from handlers.answers import author_of
from handlers.directory import User

_JUDGES: Final = {
    "close_case": (
        "oversight",
        "request",
        "You asked for this closure yourself, so you cannot oversee it: someone else has to.",
    ),
    "record_quality_assurance": (
        "form",
        "subject",
        "You wrote what is judged here yourself, so someone else has to quality assure it.",
    ),
}
"""By handler: the parameter that names the judging task, the one that names what it judges, and
what is said to a person who would do both."""


_INSTANCE = Statement(
    select(instance.c.deployment_id, instance.c.variables).where(
        instance.c.id == bindparam("number")
    )
)


def refusal(runtime: Runtime, user: User, task: queries.TaskRow) -> str | None:
    """Why this task is not for this person, who did what it judges; None if it is no such task."""
    with database.reading(runtime.database) as connection:
        row = _INSTANCE.one_or_none(connection, {"number": task.instance_id})
        model = runtime.model(connection, row.deployment_id)
        variables = feel.load_json(row.variables)
        for element in model.processes[task.process].elements.values():
            if element.handler not in _JUDGES:
                continue
            judging, judged, words = _JUDGES[element.handler]
            named = {
                name: model.expressions[element.parameters[name]].evaluate(variables)
                for name in (judging, judged)
            }
            if named[judging] == task.element and (
                author_of(connection, task.business_key, str(named[judged])) == user.id
            ):
                return words
    return None
