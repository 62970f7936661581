"""The drafts of models, from which their next versions are made."""

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
from engine.models import draft_event, draft_file, model_draft
from engine.queries.versions import number_of
from engine.runtime import Runtime, files_of, live_version


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
    def different(self) -> frozenset[str]:
        """The files that are not as in the version that it began from."""
        return frozenset(self.removed) | {file.path for file in self.files if file.change}

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
        number_of(connection, row.base_id),
        None if row.deployment_id is None else number_of(connection, row.deployment_id),
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
