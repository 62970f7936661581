"""Who acts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """A person, or a system, with the ids of the roles that it holds."""

    id: str
    roles: frozenset[str] = frozenset()


SYSTEM = Actor("system")
"""The service itself: timers, retries and automatic steps."""
