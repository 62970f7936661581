"""Models with their versions: which one is live, and since when each file is as it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.approvals import authors
from engine.database import reading
from engine.errors import NotFound
from engine.models import activation, deployment, draft_file, model_draft, resource
from engine.runtime import Runtime, files_of, live_version
from engine.versions import deployment_of


@dataclass(frozen=True)
class ModelRow:
    """A model with its live version, how many versions it has, and its drafts that are not done."""

    id: str
    name: str
    live: int
    versions: int
    drafts: int
    asked: int


@dataclass(frozen=True)
class Activation:
    """When a version became the live one, by whom and why."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True)
class Version:
    """A version of a model; `draft_id`, `authors`, `asked_by` and `approved_by` where it came from
    a draft."""

    number: int
    deployed_at: datetime
    deployed_by: str
    live: bool
    activations: tuple[Activation, ...]
    draft_id: int | None
    title: str
    authors: tuple[str, ...]


@dataclass(frozen=True)
class VersionFile:
    """A file of a version: since which version it is as it is, and who saved it so and when."""

    path: str
    since: int
    author: str
    saved_at: datetime


def models(runtime: Runtime) -> list[ModelRow]:
    """Every deployed model, by name."""
    with reading(runtime.database) as connection:
        ids = connection.execute(sa.select(deployment.c.model).distinct()).scalars()
        rows = [_model_row(runtime, connection, model_id) for model_id in list(ids)]
        return sorted(rows, key=lambda one: one.name)


def model_row(runtime: Runtime, model_id: str) -> ModelRow:
    """A deployed model. Raises NotFound."""
    with reading(runtime.database) as connection:
        return _model_row(runtime, connection, model_id)


def _model_row(runtime: Runtime, connection: sa.Connection, model_id: str) -> ModelRow:
    if live_version(connection, model_id) is None:
        raise NotFound("There is no such model.")
    number, model = runtime.live(connection, model_id)
    versions = connection.execute(
        sa.select(sa.func.count()).where(deployment.c.model == model_id)
    ).scalar_one()
    states = {
        row.status: row.number
        for row in connection.execute(
            sa.select(model_draft.c.status, sa.func.count().label("number"))
            .where(model_draft.c.model == model_id)
            .group_by(model_draft.c.status)
        )
    }
    return ModelRow(
        model_id,
        model.name,
        number_of(connection, number),
        versions,
        states.get("open", 0),
        states.get("asked", 0),
    )


def versions(runtime: Runtime, model_id: str) -> list[Version]:
    """The versions of a model, the newest first. Raises NotFound where it has none."""
    with reading(runtime.database) as connection:
        live = live_version(connection, model_id)
        if live is None:
            raise NotFound(f"There is no model “{model_id}”.")
        activations: dict[int, list[Activation]] = {}
        for row in connection.execute(
            sa.select(activation).where(activation.c.model == model_id).order_by(activation.c.id)
        ):
            activations.setdefault(row.deployment_id, []).append(
                Activation(row.at, row.by, row.reason)
            )
        drafts: dict[int, Any] = {}
        for row in connection.execute(
            sa.select(model_draft)
            .where(model_draft.c.model == model_id, model_draft.c.deployment_id.is_not(None))
            .order_by(model_draft.c.id.desc())
        ):
            drafts[row.deployment_id] = row
        return [
            Version(
                row.version,
                row.deployed_at,
                row.deployed_by,
                row.id == live,
                tuple(activations.get(row.id, ())),
                made.id if (made := drafts.get(row.id)) else None,
                made.title if made else "",
                tuple(authors(connection, made.id)) if made else (),
            )
            for row in connection.execute(
                sa.select(deployment)
                .where(deployment.c.model == model_id)
                .order_by(deployment.c.version.desc())
            )
        ]


def version_files(runtime: Runtime, model_id: str, version: int) -> dict[str, bytes]:
    """The files of a version by path. Raises NotFound."""
    with reading(runtime.database) as connection:
        return files_of(connection, deployment_of(connection, model_id, version))


def version_listing(runtime: Runtime, model_id: str, version: int) -> list[VersionFile]:
    """The files of a version, without what they hold. Raises NotFound."""
    then = resource.alias()
    with reading(runtime.database) as connection:
        number = deployment_of(connection, model_id, version)
        same = connection.execute(
            sa.select(resource.c.path, deployment.c.version)
            .join(then, (then.c.path == resource.c.path) & (then.c.content == resource.c.content))
            .join(deployment, deployment.c.id == then.c.deployment_id)
            .where(
                resource.c.deployment_id == number,
                deployment.c.model == model_id,
                deployment.c.version <= version,
            )
        ).all()
        found: dict[str, set[int]] = {}
        for row in same:
            found.setdefault(row.path, set()).add(row.version)
        runs = {path: _first_of_run(numbers) for path, numbers in found.items()}
        made = {since: _maker(connection, model_id, since) for since in set(runs.values())}
        listed = []
        for path, since in sorted(runs.items()):
            author, saved_at, draft_id = made[since]
            if draft_id is not None:
                author, saved_at = _saved(connection, draft_id, path) or (author, saved_at)
            listed.append(VersionFile(path, since, author, saved_at))
        return listed


def _first_of_run(numbers: set[int]) -> int:
    """The first of the versions without a gap before the last one."""
    since = max(numbers)
    while since - 1 in numbers:
        since -= 1
    return since


def _maker(
    connection: sa.Connection, model_id: str, version: int
) -> tuple[str, datetime, int | None]:
    """Who made a version and when, and of which draft, if any."""
    row = connection.execute(
        sa.select(deployment.c.deployed_by, deployment.c.deployed_at, model_draft.c.id)
        .join(model_draft, model_draft.c.deployment_id == deployment.c.id, isouter=True)
        .where(deployment.c.model == model_id, deployment.c.version == version)
        .order_by(model_draft.c.id)
        .limit(1)
    ).one()
    return row.deployed_by, row.deployed_at, row.id


def _saved(connection: sa.Connection, draft_id: int, path: str) -> tuple[str, datetime] | None:
    row = connection.execute(
        sa.select(draft_file.c.author, draft_file.c.saved_at)
        .where(draft_file.c.draft_id == draft_id, draft_file.c.path == path, ~draft_file.c.aside)
        .order_by(draft_file.c.revision.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.author, row.saved_at)


def was_deployed(runtime: Runtime, digest: str) -> bool:
    """Whether files with this digest were deployed before, as whatever version."""
    with reading(runtime.database) as connection:
        return (
            connection.execute(
                sa.select(deployment.c.id).where(deployment.c.digest == digest).limit(1)
            ).first()
            is not None
        )


def number_of(connection: sa.Connection, deployment_id: int) -> int:
    """The number of the version that a deployment is."""
    number: int = connection.execute(
        sa.select(deployment.c.version).where(deployment.c.id == deployment_id)
    ).scalar_one()
    return number
