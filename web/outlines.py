"""A diagram in words on a page: the outline of its steps, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine import queries
from engine.outline import outline
from web.people import reading, runtime
from web.words import day_words


@dataclass(frozen=True)
class Mark:
    """What a case has to do with an element: `kind` is here, failed or done, `text` says it."""

    kind: str
    text: str


def in_words(instance: queries.InstanceRow, drawn: queries.Diagram) -> dict[str, Any]:
    """What `diagram_in_words.html` shows of an instance: the `outline` of its process, and as
    `states` a Mark for each element that the case came to, by the element's id."""
    with reading() as connection:
        model = runtime().model(connection, instance.deployment_id)
    passed = queries.passed_at(runtime(), instance.id)
    states = {}
    for element in drawn.done:
        when = passed.get(element)
        states[element] = Mark("done", f"Done on {day_words(when)}" if when else "Done")
    states |= {element: Mark("here", "The case is here") for element in drawn.active}
    failed = "The service could not go on here"
    states |= {element: Mark("failed", failed) for element in drawn.incidents}
    return {"outline": outline(model, model.processes[instance.process]), "states": states}
