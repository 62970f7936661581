"""Publishing a draft: asked by those who wrote it, decided by somebody who did not."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from engine.database import reading
from engine.definitions import read_model
from engine.drafts import LONGEST_WORDS, current, in_words, note, once, open_row, row_of, set_status
from engine.errors import Finding, InvalidModel, NotAllowed
from engine.identity import Actor
from engine.model import Model, digest_of
from engine.models import draft_event, draft_file, model_draft
from engine.runtime import Runtime, files_of, live_version
from engine.versions import Deployment, put


def ask(runtime: Runtime, draft_id: int, words: str, actor: Actor) -> None:
    """Ask that the draft be published; until that is decided nothing of it changes.

    `words` say why. Raises `InvalidModel` with every finding if there is an error, and `NotAllowed`
    where nothing was changed, or where another version became live since the draft began.
    """
    why = in_words(words, "words", "Enter what changes and why", LONGEST_WORDS)
    model = _checked(runtime, draft_id)

    def work(connection: sa.Connection) -> None:
        row = open_row(connection, draft_id)
        _require_up_to_date(connection, row)
        if digest_of(files_of(connection, row.base_id)) == model.digest:
            raise NotAllowed(
                "Nothing is different from the live version, so there is nothing to publish."
            )
        _require_same(connection, draft_id, model)
        set_status(connection, draft_id, "asked")
        note(connection, draft_id, runtime.clock(), actor, "asked", why, model.digest)

    once(runtime, work)


def withdraw(runtime: Runtime, draft_id: int, actor: Actor) -> None:
    """Take a request for approval back, to go on writing."""

    def work(connection: sa.Connection) -> None:
        _asked(connection, draft_id)
        set_status(connection, draft_id, "open")
        note(connection, draft_id, runtime.clock(), actor, "withdrawn")

    once(runtime, work)


def give_back(runtime: Runtime, draft_id: int, words: str, actor: Actor) -> None:
    """Decline to publish for now: the draft is open again, with what has to change in `words`.

    Raises `NotAllowed` for whoever wrote in the draft.
    """
    why = in_words(words, "words", "Enter what has to change", LONGEST_WORDS)

    def work(connection: sa.Connection) -> None:
        _asked(connection, draft_id)
        _require_no_author(connection, draft_id, actor)
        set_status(connection, draft_id, "open")
        note(connection, draft_id, runtime.clock(), actor, "returned", why)

    once(runtime, work)


def approve(runtime: Runtime, draft_id: int, digest: str, words: str, actor: Actor) -> Deployment:
    """Publish the draft: it becomes a version like any that is deployed, and the live one.

    `digest` is that of the contents that were looked at. Raises `NotAllowed` for whoever wrote in
    the draft or asked for this, and `InvalidModel` where the model has errors by now.
    """
    model = _checked(runtime, draft_id)

    def work(connection: sa.Connection) -> Deployment:
        row = _asked(connection, draft_id)
        _require_no_author(connection, draft_id, actor)
        _require_up_to_date(connection, row)
        asked = connection.execute(
            sa.select(draft_event)
            .where(draft_event.c.draft_id == draft_id, draft_event.c.kind == "asked")
            .order_by(draft_event.c.seq.desc())
            .limit(1)
        ).one()
        if asked.digest != digest:
            raise NotAllowed("The draft was changed since you looked at it. Look at it again.")
        _require_same(connection, draft_id, model)
        at = runtime.clock()
        done = put(connection, model, actor, at, f"{row.title}: {asked.words}")
        connection.execute(
            model_draft.update()
            .where(model_draft.c.id == draft_id)
            .values(status="published", deployment_id=done.id)
        )
        note(connection, draft_id, at, actor, "approved", words.strip()[:LONGEST_WORDS], digest)
        return done

    done = once(runtime, work)
    runtime.keep(done.id, model)
    return done


def authors(connection: sa.Connection, draft_id: int) -> list[str]:
    """Who began, wrote in or asked for a draft."""
    wrote = sa.select(draft_file.c.author).where(
        draft_file.c.draft_id == draft_id, ~draft_file.c.aside
    )
    asked = sa.select(draft_event.c.by).where(
        draft_event.c.draft_id == draft_id,
        draft_event.c.kind.in_(("begun", "asked", "caught_up")),
    )
    return sorted(connection.execute(wrote.union(asked)).scalars())


# --- what must hold


def _asked(connection: sa.Connection, draft_id: int) -> Any:
    row = row_of(connection, draft_id, locked=True)
    if row.status != "asked":
        raise NotAllowed("Nobody asks for approval of this draft any more. Look at it again.")
    return row


def _require_no_author(connection: sa.Connection, draft_id: int, actor: Actor) -> None:
    if actor.id in authors(connection, draft_id):
        raise NotAllowed(
            "You worked on this draft yourself. Someone who did not has to look at it and decide."
        )


def _require_up_to_date(connection: sa.Connection, row: Any) -> None:
    if live_version(connection, row.model) != row.base_id:
        raise NotAllowed(
            "Another version became live since this draft was begun; publishing it would undo "
            "that. Bring the live version into the draft first."
        )


def _require_same(connection: sa.Connection, draft_id: int, model: Model) -> None:
    files = {path: row.content for path, row in current(connection, draft_id).items()}
    if digest_of(files) != model.digest:
        raise NotAllowed("Someone changed the draft at the same moment. Look at it again.")


def _checked(runtime: Runtime, draft_id: int) -> Model:
    """The model that the draft is. Checking takes seconds, so it is done before any lock."""
    with reading(runtime.database) as connection:
        row = row_of(connection, draft_id)
        files = {path: file.content for path, file in current(connection, draft_id).items()}
    model, _ = read_model(files, runtime.services)
    if model.id != row.model:
        raise InvalidModel(
            [
                Finding(
                    "error",
                    "model",
                    f"model.toml says that this is the model “{model.id}”, but it is a draft of "
                    f'“{row.model}”. Write id = "{row.model}".',
                    "model.toml",
                )
            ]
        )
    return model
