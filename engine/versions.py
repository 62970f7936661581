"""Versions of operating models: each is kept for ever as it was deployed, and one is live.

New instances start on the live version; running ones stay on the version they started with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from engine.database import transact
from engine.definitions import files_of, read_model
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound
from engine.identity import Actor
from engine.model import Model
from engine.models import activation, deployment, resource
from engine.runtime import Runtime, live_version


@dataclass(frozen=True)
class Deployment:
    """A version of a model; `new` is False where exactly these files were deployed before, and
    `changed` where that version was the live one already."""

    id: int
    model: str
    version: int
    new: bool
    changed: bool


def deploy(runtime: Runtime, folder: Path, actor: Actor) -> Deployment:
    """Check the model in `folder` and make it the version that new instances start on.

    Files that were deployed before become live again as the version that they are. Raises
    `InvalidModel` with every finding if there is an error.
    """
    model, _ = read_model(files_of(folder), runtime.services)

    def work(connection: sa.Connection) -> Deployment:
        return put(connection, model, actor, runtime.clock())

    try:
        done = transact(runtime.database, work)
    except IntegrityError:
        raise Conflict(
            "Someone else deployed this model at the same moment. Look at their version and "
            "deploy again."
        ) from None
    runtime.keep(done.id, model)
    return done


def put(
    connection: sa.Connection, model: Model, actor: Actor, at: datetime, reason: str = ""
) -> Deployment:
    """Make a model that was checked the live version, in the caller's transaction."""
    known = connection.execute(
        sa.select(deployment.c.id, deployment.c.version)
        .where(deployment.c.model == model.id, deployment.c.digest == model.digest)
        .order_by(deployment.c.version.desc())
        .limit(1)
    ).one_or_none()
    if known is not None:
        changed = live_version(connection, model.id) != known.id
        if changed:
            _activate(connection, model.id, known.id, actor, at, reason)
        return Deployment(known.id, model.id, known.version, False, changed)
    version = connection.execute(
        sa.select(sa.func.coalesce(sa.func.max(deployment.c.version), 0) + 1).where(
            deployment.c.model == model.id
        )
    ).scalar_one()
    number = record(connection, model, version, actor, at, reason)
    connection.execute(
        resource.insert(),
        [
            {"deployment_id": number, "path": path, "content": content}
            for path, content in model.files.items()
        ],
    )
    return Deployment(number, model.id, version, True, True)


def record(
    connection: sa.Connection,
    model: Model,
    version: int,
    actor: Actor,
    at: datetime,
    reason: str = "",
) -> int:
    """Enter a version and make it live, without its files: for a node that has the model already.

    Returns the deployment's id.
    """
    number: int = connection.execute(
        deployment.insert()
        .values(
            model=model.id,
            version=version,
            digest=model.digest,
            deployed_at=at,
            deployed_by=actor.id,
        )
        .returning(deployment.c.id)
    ).scalar_one()
    _activate(connection, model.id, number, actor, at, reason)
    return number


def make_live(runtime: Runtime, model_id: str, version: int, reason: str, actor: Actor) -> None:
    """Let new instances start on a version that was deployed before; `reason` is kept.

    Raises `NotFound`, `InvalidAnswers` without a reason, `NotAllowed` where it is live already,
    and `InvalidModel` where this program can't run that version any more.
    """
    if not reason.strip():
        raise InvalidAnswers({"reason": "Enter why this version is made live again"})

    def work(connection: sa.Connection) -> None:
        number = deployment_of(connection, model_id, version)
        if live_version(connection, model_id) == number:
            raise NotAllowed(f"Version {version} is the live version already.")
        runtime.model(connection, number)
        _activate(connection, model_id, number, actor, runtime.clock(), reason.strip())

    transact(runtime.database, work)


def deployment_of(connection: sa.Connection, model_id: str, version: int) -> int:
    """The id of a version. Raises NotFound."""
    number = connection.execute(
        sa.select(deployment.c.id).where(
            deployment.c.model == model_id, deployment.c.version == version
        )
    ).scalar_one_or_none()
    if number is None:
        raise NotFound(f"The model “{model_id}” has no version {version}.")
    return int(number)


def _activate(
    connection: sa.Connection,
    model_id: str,
    deployment_id: int,
    actor: Actor,
    at: datetime,
    reason: str,
) -> None:
    connection.execute(
        activation.insert().values(
            model=model_id, deployment_id=deployment_id, at=at, by=actor.id, reason=reason
        )
    )
