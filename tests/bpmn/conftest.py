"""The operating models that ship, and their diagrams."""

from __future__ import annotations

from pathlib import Path

import pytest

MODELS = Path(__file__).parents[2] / "bpmn"
DIAGRAMS = sorted(MODELS.glob("*/*.bpmn"))


@pytest.fixture(params=DIAGRAMS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def diagram(request: pytest.FixtureRequest) -> Path:
    """Each diagram of each model."""
    path: Path = request.param
    return path
