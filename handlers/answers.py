"""A form's answers read safely: every key may be absent, and dates may be dates or ISO text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from engine.errors import ServiceError
from engine.identity import Actor
from engine.models import submission
from engine.services import ServiceContext
from handlers.vocabulary import words


class Answers:
    """The answers of one submission, or of one row of a list in it."""

    def __init__(self, values: Mapping[str, Any], name: str) -> None:
        self.values = values
        self.name = name

    @classmethod
    def of(cls, context: ServiceContext, form: str) -> Answers:
        """The latest answers of the element `form` in this case; ServiceError if there are none."""
        submitted = context.submission(form)
        if submitted is None:
            raise ServiceError(
                f"Nothing was submitted at “{form}” in {context.business_key}: "
                "the diagram runs this step before that form was filled in."
            )
        return cls(submitted, form)

    def text(self, *keys: str) -> str:
        """The first of `keys` that holds words, stripped; empty if none does."""
        for key in keys:
            value = self.values.get(key)
            if value is not None and str(value).strip():
                return str(value).strip()
        return ""

    def needed(self, *keys: str) -> str:
        """As `text`, but ServiceError if nothing was answered."""
        found = self.text(*keys)
        if not found:
            raise ServiceError(f"“{words(keys[0])}” was not answered at “{self.name}”.")
        return found

    def yes(self, *keys: str) -> bool | None:
        """True or False for yes or no, however the form put the question; None if unanswered."""
        for key in keys:
            value = self.values.get(key)
            if isinstance(value, bool):
                return value
            if value in ("yes", "no"):
                return bool(value == "yes")
        return None

    def day(self, *keys: str) -> date | None:
        """The first of `keys` that holds a date; ServiceError for words that are no date."""
        for key in keys:
            value = self.values.get(key)
            if isinstance(value, datetime):
                return value.date()
            if isinstance(value, date):
                return value
            if value:
                try:
                    return date.fromisoformat(str(value))
                except ValueError:
                    raise ServiceError(
                        f"“{value}” at “{self.name}”, {words(key).lower()}, is not a date "
                        "such as 2026-05-03."
                    ) from None
        return None

    def rows(self, *keys: str) -> list[Answers]:
        """The rows of the first list among `keys`, without rows in which nothing is filled in."""
        for key in keys:
            value = self.values.get(key)
            if isinstance(value, Sequence) and not isinstance(value, str):
                return [
                    Answers(row, f"{self.name}, {words(key).lower()} {number}")
                    for number, row in enumerate(value, start=1)
                    if isinstance(row, Mapping) and any(_filled(cell) for cell in row.values())
                ]
        return []


def _filled(cell: Any) -> bool:
    return cell is not None and cell is not False and bool(str(cell).strip())


def submitted_by(context: ServiceContext, form: str) -> Actor:
    """Who gave the latest answers at `form` in this case, which may be long before this step.

    The person's roles are known only if the step is theirs: a retry, say, is someone else's. Raises
    ServiceError if nothing was submitted there.
    """
    author = author_of(context.connection, context.business_key, form)
    if author is None:
        raise ServiceError(f"Nobody submitted anything at “{form}” in {context.business_key}.")
    return context.actor if author == context.actor.id else Actor(author)


def author_of(connection: Connection, reference: str, form: str) -> str | None:
    """The id of who gave the latest answers at `form` in the case; None if nobody did."""
    return connection.execute(
        select(submission.c.actor)
        .where(submission.c.business_key == reference, submission.c.element == form)
        .order_by(submission.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: exact numbers and dates become text, nothing becomes a float."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [plain(item) for item in value]
    return str(value)
