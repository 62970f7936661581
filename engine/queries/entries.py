"""The pages on which a person starts a case, as the deployed models declare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from engine.database import reading
from engine.forms import Choice, Form
from engine.models import deployment
from engine.runtime import Runtime


@dataclass(frozen=True)
class Entry:
    """How a person starts a case of a model: what for, with which form, and whose it is."""

    model: str
    label: str
    form: Form
    choices: Mapping[str, Sequence[Choice]]
    roles: tuple[str, ...]


def entries(runtime: Runtime) -> list[Entry]:
    """The entries of the live version of every deployed model, by the models' ids."""
    found = []
    with reading(runtime.database) as connection:
        models = connection.execute(sa.select(deployment.c.model).distinct()).scalars()
        for name in sorted(models):
            _, model = runtime.live(connection, name)
            if model.entry is None or model.entry.form is None:
                continue
            form = model.forms[model.entry.form]
            choices = runtime.services.options(form, connection, "")
            found.append(Entry(name, model.entry.label, form, choices, model.entry.roles))
    return found
