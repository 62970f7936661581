"""What a node runs with: the database, the handlers, the clock, and the models in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from engine.definitions import load_model
from engine.errors import NotFound
from engine.identity import SYSTEM, Actor
from engine.model import Model
from engine.models import activation, resource
from engine.services import ServiceRegistry
from engine.spiff import Passed
from engine.statements import Statement

__all__ = ["SYSTEM", "Actor", "Runtime", "files_of", "live_version"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


_LIVE = Statement(
    sa.select(activation.c.deployment_id)
    .where(activation.c.model == sa.bindparam("model"))
    .order_by(activation.c.id.desc())
    .limit(1)
)


def live_version(connection: sa.Connection, model_id: str) -> int | None:
    """The id of the deployment on which new instances start; None where none is deployed."""
    row = _LIVE.one_or_none(connection, {"model": model_id})
    return None if row is None else row.deployment_id


def files_of(connection: sa.Connection, deployment_id: int) -> dict[str, bytes]:
    """The files of a deployment by path."""
    rows = connection.execute(
        sa.select(resource.c.path, resource.c.content).where(
            resource.c.deployment_id == deployment_id
        )
    )
    return {row.path: row.content for row in rows}


@dataclass
class Runtime:
    """One node's means; shared by its threads.

    A deployed model never changes, so each is read once and kept. `watch` is told of every element
    that an instance passes, with the id of its process, in the order in which it happens.
    """

    database: sa.Engine
    services: ServiceRegistry
    clock: Callable[[], datetime] = _utc_now
    watch: Callable[[int, str, Passed], None] | None = None
    _models: dict[int, Model] = field(default_factory=dict)
    _lock: Any = field(default_factory=threading.Lock)

    def keep(self, deployment_id: int, model: Model) -> None:
        """Run a deployment with this model, without reading its files."""
        self._models[deployment_id] = model

    def model(self, connection: sa.Connection, deployment_id: int) -> Model:
        """The model of a deployment."""
        found = self._models.get(deployment_id)
        if found is None:
            with self._lock:
                found = self._models.get(deployment_id)
                if found is None:
                    found = load_model(files_of(connection, deployment_id))
                    self._models[deployment_id] = found
        return found

    def live(self, connection: sa.Connection, model_id: str) -> tuple[int, Model]:
        """The version of a model on which new instances start. Raises NotFound."""
        deployment_id = live_version(connection, model_id)
        if deployment_id is None:
            raise NotFound(f"No model “{model_id}” is deployed. Run “pathways deploy” first.")
        return deployment_id, self.model(connection, deployment_id)
