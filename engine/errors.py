"""Every way in which the engine refuses: one tree, each error with a message in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a model, with its place and how to mend it in `message`.

    `steps` are the ids of the elements and flows on the way to it, where it takes a way to see it.
    """

    severity: str
    code: str
    message: str
    path: str
    element: str | None = None
    line: int | None = None
    column: int | None = None
    steps: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = self.path
        if self.line is not None:
            place += f":{self.line}" + (f":{self.column}" if self.column is not None else "")
        if self.element is not None:
            place += f" ({self.element})"
        return f"{place}: {self.severity}: {self.message}"


class EngineError(Exception):
    """Something was asked of the engine that it refuses; `message` is fit to show to a person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidModel(EngineError):
    """A diagram, decision table, form or model folder has errors; `findings` lists them."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


class NotFound(EngineError):
    """There is no such task, instance, incident, process or model."""


class NotAllowed(EngineError):
    """The actor may not do this: the role, or the assignment to someone else, forbids it."""


class TaskClosed(EngineError):
    """The user task was completed or withdrawn before this request reached it."""


class Conflict(EngineError):
    """Another change to the same instance came first; nothing of this one was saved."""


class Overrun(Conflict):
    """A service task took longer than it may; `step` is its element. Nothing was saved."""

    def __init__(self, message: str, step: str) -> None:
        super().__init__(message)
        self.step = step


class Overtaken(EngineError):
    """Somebody else saved the file since it was opened; here is theirs.

    `content` is None where they took the file out.
    """

    def __init__(
        self, message: str, revision: int, content: bytes | None, author: str, saved_at: datetime
    ) -> None:
        super().__init__(message)
        self.revision = revision
        self.content = content
        self.author = author
        self.saved_at = saved_at


class NotWaiting(EngineError):
    """No running instance with this business key waits for the message."""


class AlreadyStarted(EngineError):
    """The request key was used before; `instance_id` is the instance that it started."""

    def __init__(self, message: str, instance_id: int, business_key: str) -> None:
        super().__init__(message)
        self.instance_id = instance_id
        self.business_key = business_key


class InvalidAnswers(EngineError):
    """Answers do not fit the form; `errors` gives a message for each field's path."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(self.errors.values()))


class ServiceError(EngineError):
    """A service task failed in a foreseen way: the step is kept and an incident opened."""


class UnusableBackup(EngineError):
    """A backup cannot be made, read, or put into this database."""
