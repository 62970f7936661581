"""Every way through the shipped models, found by the service and played on both databases."""

from __future__ import annotations

import pytest

from engine.scenarios import find, play
from tests.bpmn.conftest import MODELS
from web import rehearsal

NAMES = sorted(path.parent.name for path in MODELS.glob("*/model.toml"))


# Thousands of steps of the real service, each in its own transaction. What they are found with is
# the same for both databases, so that one test is half the work of two.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", NAMES)
def test_scenarios_show_all_that_can_be_and_pass_on_both_databases(
    name: str, postgresql_url: str
) -> None:
    found = find(MODELS / name, rehearsal.site())
    assert {one.process: one.missing for one in found.coverage if one.missing} == {}
    assert [pair.words for one in found.coverage for pair in one.not_found] == []
    assert [one.name for one in found.scenarios if not one.ended] == []
    names = [scenario.name for scenario in found.scenarios]
    assert len(set(names)) == len(names)
    for url in (None, postgresql_url):
        report = play(found, url)
        assert {one.name: one.message for one in report.scenarios if not one.passed} == {}
        assert report.good
