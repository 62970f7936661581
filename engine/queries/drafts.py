"""Models with their versions, and the drafts from which the next ones are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine.approvals import authors
from engine.database import reading
from engine.drafts import both_changed, current, row_of
from engine.errors import NotFound
from engine.models import activation, deployment, draft_event, draft_file, model_draft, resource
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
    """A file of a version and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True)
class DraftFile:
    """A file of a draft; `change` is added, changed or None, against the version it began from."""

    path: str
    revision: int
    author: str
    saved_at: datetime
    change: str | None


@dataclass(frozen=True)
class DraftEvent:
    """What happened to a draft; `kind` is begun, caught_up, asked, withdrawn, returned, approved or
    discarded."""

    at: datetime
    by: str
    kind: str
    words: str
    digest: str | None


@dataclass(frozen=True)
class Draft:
    """A draft with its files and what happened to it.

    `base` is the version that it began from. `removed` are that version's files that it has no
    more. `version` is what it was published as. With `behind`, another version became live since;
    `clashing` are the files that both changed.
    """

    id: int
    model: str
    title: str
    status: str
    base: int
    version: int | None
    authors: tuple[str, ...]
    files: tuple[DraftFile, ...]
    removed: tuple[str, ...]
    events: tuple[DraftEvent, ...]
    behind: bool
    clashing: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether anything is different from the version that it began from."""
        return bool(self.removed) or any(file.change for file in self.files)

    @property
    def saved_at(self) -> datetime:
        """When it was last written in."""
        return max([self.events[0].at, *(file.saved_at for file in self.files)])

    def latest(self, kind: str) -> DraftEvent | None:
        """The last event of a kind."""
        return next((event for event in reversed(self.events) if event.kind == kind), None)


@dataclass(frozen=True)
class Save:
    """One save of a draft's file; `content` is None where it was taken out. One that was laid
    `aside` came too late: somebody else's stands."""

    revision: int
    author: str
    saved_at: datetime
    content: bytes | None
    aside: bool


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
        _number(connection, number),
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
    with reading(runtime.database) as connection:
        number = deployment_of(connection, model_id, version)
        rows = connection.execute(
            sa.select(resource.c.path, sa.func.length(resource.c.content).label("size"))
            .where(resource.c.deployment_id == number)
            .order_by(resource.c.path)
        )
        return [VersionFile(row.path, row.size) for row in rows]


def was_deployed(runtime: Runtime, digest: str) -> bool:
    """Whether files with this digest were deployed before, as whatever version."""
    with reading(runtime.database) as connection:
        return (
            connection.execute(
                sa.select(deployment.c.id).where(deployment.c.digest == digest).limit(1)
            ).first()
            is not None
        )


def drafts(runtime: Runtime, model_id: str) -> list[Draft]:
    """The drafts of a model that are not done yet, the newest first."""
    with reading(runtime.database) as connection:
        numbers = connection.execute(
            sa.select(model_draft.c.id)
            .where(model_draft.c.model == model_id, model_draft.c.status.in_(("open", "asked")))
            .order_by(model_draft.c.id.desc())
        ).scalars()
        return [_draft(connection, number) for number in list(numbers)]


def draft(runtime: Runtime, model_id: str, draft_id: int) -> Draft:
    """A draft of a model. Raises NotFound."""
    with reading(runtime.database) as connection:
        found = _draft(connection, draft_id)
    if found.model != model_id:
        raise NotFound("There is no such draft.")
    return found


def draft_files(runtime: Runtime, draft_id: int) -> dict[str, bytes]:
    """What the files of a draft hold now, by path. Raises NotFound."""
    with reading(runtime.database) as connection:
        row_of(connection, draft_id)
        return {path: row.content for path, row in current(connection, draft_id).items()}


def saves(runtime: Runtime, draft_id: int, path: str) -> list[Save]:
    """Every save of a draft's file, the latest first. Raises NotFound where there is none."""
    with reading(runtime.database) as connection:
        rows = connection.execute(
            sa.select(draft_file)
            .where(draft_file.c.draft_id == draft_id, draft_file.c.path == path)
            .order_by(draft_file.c.revision.desc())
        ).all()
    if not rows:
        raise NotFound(f"The draft has no file “{path}”.")
    return [Save(row.revision, row.author, row.saved_at, row.content, row.aside) for row in rows]


def _draft(connection: sa.Connection, draft_id: int) -> Draft:
    row = row_of(connection, draft_id)
    base = files_of(connection, row.base_id)
    files = current(connection, draft_id)
    events = [
        DraftEvent(event.at, event.by, event.kind, event.words, event.digest)
        for event in connection.execute(
            sa.select(draft_event)
            .where(draft_event.c.draft_id == draft_id)
            .order_by(draft_event.c.seq)
        )
    ]
    live = live_version(connection, row.model)
    behind = row.status in ("open", "asked") and live is not None and live != row.base_id
    clashing: set[str] = set()
    if behind and live is not None:
        own = {path: file.content for path, file in files.items()}
        clashing = both_changed(base, files_of(connection, live), own)
    return Draft(
        row.id,
        row.model,
        row.title,
        row.status,
        _number(connection, row.base_id),
        None if row.deployment_id is None else _number(connection, row.deployment_id),
        tuple(authors(connection, draft_id)),
        tuple(_files(files, base)),
        tuple(sorted(base.keys() - files.keys())),
        tuple(events),
        behind,
        tuple(sorted(clashing)),
    )


def _files(files: Mapping[str, Any], base: Mapping[str, bytes]) -> Iterator[DraftFile]:
    for path, row in files.items():
        change = None if base.get(path) == row.content else "changed" if path in base else "added"
        yield DraftFile(path, row.revision, row.author, row.saved_at, change)


def _number(connection: sa.Connection, deployment_id: int) -> int:
    number: int = connection.execute(
        sa.select(deployment.c.version).where(deployment.c.id == deployment_id)
    ).scalar_one()
    return number
