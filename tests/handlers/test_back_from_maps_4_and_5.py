"""A CAF comes back from map 4 or 5 to the map that sent it there, before a plan was agreed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.handlers import safer_families, social_work, step_ups, stuck_cafs
from tests.handlers.desk import action
from tests.handlers.office import PASSED, Office, assessment


def _map_1(office: Office, next_step: str, *actions: dict[str, Any]) -> None:
    social_work.assess(office, *actions)
    social_work.pass_quality(office)
    office.do("decide_after_social_work_assessment", "socialworker", next_step=next_step)


def _map_2(office: Office, next_step: str, *actions: dict[str, Any]) -> None:
    office.do("complete_caf_assessment", "leadpro", **assessment(*actions))
    office.pass_quality(next_step)


def _map_3(office: Office, next_step: str, *actions: dict[str, Any]) -> None:
    by = safer_families.BY
    office.do("complete_safer_families_assessment", by, **assessment(*actions))
    office.do("quality_assure_safer_families_assessment", "manager", **PASSED)
    office.do("decide_after_safer_families_assessment", by, next_step=next_step)


def _open_on_map_1(office: Office) -> None:
    social_work.reach_tray(office)
    social_work.allocate(office)
    social_work.open_episode(office)


def _open_on_map_2(office: Office) -> None:
    office.receive()
    office.triage()
    office.open_episode()


MAPS = pytest.mark.parametrize(
    ("begin", "assess", "task", "agree"),
    [
        pytest.param(
            _open_on_map_1,
            _map_1,
            "complete_social_work_assessment",
            "agree_social_work_plan",
            id="map 1",
        ),
        pytest.param(_open_on_map_2, _map_2, "complete_caf_assessment", "agree_plan", id="map 2"),
        pytest.param(
            safer_families.open_episode,
            _map_3,
            "complete_safer_families_assessment",
            "agree_safer_families_plan",
            id="map 3",
        ),
    ],
)

Assess = Callable[..., None]


@MAPS
def test_a_plan_that_is_not_smart_goes_back_to_its_author(
    office: Office, begin: Callable[[Office], None], assess: Assess, task: str, agree: str
) -> None:
    begin(office)
    assess(office, "stuck")
    stuck_cafs.discuss(office, "continue")
    assert office.open_tasks() == [task]
    assess(office, "step_up")
    step_ups.go_on(office)
    assert office.open_tasks() == [task]
    assess(office, "agree_plan", action())
    assert office.open_tasks() == [agree]


@MAPS
def test_a_smart_plan_is_agreed_with_the_family(
    office: Office, begin: Callable[[Office], None], assess: Assess, task: str, agree: str
) -> None:
    begin(office)
    assess(office, "stuck", action())
    stuck_cafs.discuss(office, "continue")
    assert office.open_tasks() == [agree]


@MAPS
def test_a_caf_that_was_closed_there_ends_whatever_its_plan_is_like(
    office: Office, begin: Callable[[Office], None], assess: Assess, task: str, agree: str
) -> None:
    begin(office)
    assess(office, "step_up")
    step_ups.step_up(office)
    assert office.ended
