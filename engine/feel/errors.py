"""Why an expression was refused: one small tree of errors, each with a place."""

from __future__ import annotations

MOST_FINDINGS = 20
"""How many things that are wrong with one expression are told, for each looks for a suggestion."""


class FeelError(Exception):
    """An expression cannot be read or evaluated.

    `message` says in words what is wrong and how to mend it; `source` is the expression as it was
    written, `position` the 0-based offset into it, and `line` and `column` (both from 1) the same
    place for people. An error about a value rather than an expression has an empty `source`.
    """

    def __init__(self, message: str, position: int | None = None, source: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self._position = position

    @property
    def position(self) -> int:
        return self._position or 0

    @property
    def line(self) -> int:
        return self.source.count("\n", 0, self.position) + 1

    @property
    def column(self) -> int:
        return self.position - (self.source.rfind("\n", 0, self.position) + 1) + 1

    def place(self, source: str, position: int | None = None) -> FeelError:
        """Fill in where this happened, as far as that is not known already."""
        if not self.source:
            self.source = source
        if self._position is None:
            self._position = position
        return self

    def __str__(self) -> str:
        if not self.source:
            return self.message
        return f"{self.message} (line {self.line}, column {self.column})"


class FeelSyntaxError(FeelError):
    """The text is not an expression of FEEL (DMN 1.5, 10.3.1)."""


class UnsupportedFeel(FeelError):
    """The text may be FEEL, but it uses something that is not covered here."""


class FeelEvaluationError(FeelError):
    """A value came up that no right answer can be given for, such as a year beyond 9999."""


class FeelBudgetExceeded(FeelError):
    """The expression takes more steps, depth or room than any sensible one needs."""
