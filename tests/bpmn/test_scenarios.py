"""Every way through the shipped models, found by the service and played on both databases."""

from __future__ import annotations

import pytest

from engine.scenarios import Found, find, play
from tests.bpmn.conftest import MODELS
from web import rehearsal

# Thousands of steps of the real service, each in its own transaction.
pytestmark = pytest.mark.timeout(600)


NAMES = sorted(path.parent.name for path in MODELS.glob("*/model.toml"))


@pytest.fixture(scope="module", params=NAMES)
def found(request: pytest.FixtureRequest) -> Found:
    """The scenarios of a shipped model."""
    return find(MODELS / request.param, rehearsal.site())


def test_scenarios_take_every_flow_of_every_diagram(found: Found) -> None:
    assert {one.process: one.missing for one in found.coverage if one.missing} == {}


def test_scenarios_show_most_pairs_of_branches(found: Found) -> None:
    for one in found.coverage:
        assert one.pairs_shown >= 0.8 * one.pairs, one.process


def test_every_scenario_passes(found: Found, database_url: str) -> None:
    url = database_url if database_url.startswith("postgresql") else None
    report = play(found, url)
    assert {one.name: one.message for one in report.scenarios if not one.passed} == {}
    assert report.good


def test_scenarios_end_and_have_names_of_their_own(found: Found) -> None:
    names = [scenario.name for scenario in found.scenarios]
    assert len(set(names)) == len(names)
    unfinished = [scenario.name for scenario in found.scenarios if not scenario.ended]
    assert len(unfinished) < len(names) / 10
