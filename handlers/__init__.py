"""What the council's service tasks do: case records, consent, plans, triage, oversight, closure.

`services` holds every handler that a diagram may name and every choice list that a form may name;
`MIGRATIONS` is the folder of Alembic revisions that make the case record's tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from handlers import (
    closure,
    concerns,
    consent,
    directory,
    early_help,
    meetings,
    notifications,
    packs,
    plans,
    quality,
    recommendations,
    referrals,
    registration,
    triage,
)
from handlers.registry import services

MIGRATIONS: Final = Path(__file__).parent / "migrations" / "versions"

__all__ = [
    "MIGRATIONS",
    "closure",
    "concerns",
    "consent",
    "directory",
    "early_help",
    "meetings",
    "notifications",
    "packs",
    "plans",
    "quality",
    "recommendations",
    "referrals",
    "registration",
    "services",
    "triage",
]
