"""A node that freezes in the middle of a step, with all its locks."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from engine import commands, database
from engine.outages import is_outage
from engine.runtime import Runtime
from tests.durability.node import PEOPLE, services

FROZEN = 42
"""How the process ends if what it did could not be committed any more."""


def freeze(url: str, task: int, told: Path) -> None:
    """Complete the task `agree`, and stop in its handler as if the machine stood still."""
    runtime = Runtime(database.connect(url, patience=0.5), services())
    del runtime.services.handlers["register"]

    @runtime.services.handler("register", results=("registered",))
    def register(context: Any, form: str) -> dict[str, Any]:
        told.touch()
        os.kill(os.getpid(), signal.SIGSTOP)
        return {"registered": True}

    try:
        commands.complete_task(runtime, task, {"size": "big", "helper": "wyn"}, PEOPLE["worker"])
    except DBAPIError as error:
        sys.exit(FROZEN if is_outage(error) else 1)
