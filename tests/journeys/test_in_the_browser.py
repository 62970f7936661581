"""Every map walked in real browsers by the people whose steps they are, to a closed case."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.handlers import cads, safer_families, social_work, step_ups, stuck_cafs
from tests.handlers.desk import action
from tests.handlers.office import AGREED, PASSED, PLAN_AGREED, assessment, tac
from tests.journeys.conftest import Service
from tests.journeys.walk import Walk

pytestmark = pytest.mark.timeout(400)


def test_map_2(postgresql_service: Service, browser: Browser) -> None:
    map_2(Walk(postgresql_service, browser, examine=True))


def test_map_2_without_scripts(sqlite_service: Service, browser: Browser) -> None:
    map_2(Walk(sqlite_service, browser, scripts=False, examine=True))


def map_2(walk: Walk) -> None:
    """Four people, an assessment that is returned, two rounds of review, an overseen closure."""
    walk.receive()
    walk.person("manager").picture("trays", height=720)
    walk.triage()
    walk.open_episode()
    walk.do("complete_caf_assessment", "leadpro", **assessment(action()))
    walk.do(
        "quality_assure_assessment",
        "coordinator",
        **PASSED | {"child_voice_clear": "no"},
        qa_reasons="Please say in Robin's own words what mornings are like.",
    )
    lead = walk.person("leadpro")
    lead.open_task(walk.label("complete_caf_assessment"), walk.reference)
    expect(lead.page.get_by_text("Please say in Robin's own words").first).to_be_visible()
    lead.picture("task", height=1500)
    lead.picture("task-phone", width=390, height=844)
    lead.answer(assessment(action()) | {"child_views": "I like breakfast, but I am so tired."})
    walk.look("coordinator")
    walk.pass_quality()
    walk.do("agree_plan", "coordinator", **PLAN_AGREED)
    walk.do(
        "hold_tac",
        "leadpro",
        **tac(actions_complete="no", recommendation="continue", next_tac_on="2026-08-24"),
    )
    walk.look("coordinator", keep=True)
    walk.review_tac("next_tac")
    walk.do("agree_next_tac", "coordinator", next_tac_on="2026-08-24")
    walk.hold_tac_and_close()
    walk.look("manager")
    expect(walk.person("manager").page.locator("body")).to_contain_text("Closed")
    assert walk.processes() == ["overview", "caf_coordinator"]
    walk.finish()


def test_map_1(sqlite_service: Service, browser: Browser) -> None:
    """A case steps down from social care; the social worker hands over, map 2 closes."""
    walk = Walk(sqlite_service, browser)
    social_work.step_down(walk)
    social_work.agree_step_down(walk)
    social_work.allocate(walk)
    social_work.open_episode(walk)
    social_work.assess(walk, action())
    social_work.pass_quality(walk)
    social_work.agree_plan(walk)
    social_work.hand_over(walk)
    with walk.unseen():
        walk.hold_tac_and_close()
    assert walk.processes() == ["overview", "caf_social_worker", "caf_coordinator"]
    walk.finish()


def test_map_3(postgresql_service: Service, browser: Browser) -> None:
    """Safer Families lead, commission a service and hold the first TAC by telephone."""
    walk = Walk(postgresql_service, browser)
    safer_families.open_episode(walk)
    safer_families.agree_plan(walk)
    safer_families.hold_tac(walk, "hand_over")
    walk.do(
        "reassign_safer_families_caf",
        "saferfamilies",
        lead_professional="leadpro",
        co_ordinator="coordinator",
        next_tac_on="2026-05-20",
        notes="Ash prefers calls after four.",
    )
    with walk.unseen():
        walk.hold_tac_and_close()
    assert walk.processes() == ["overview", "safer_families", "caf_coordinator"]
    walk.finish()


def test_map_4(sqlite_service: Service, browser: Browser) -> None:
    """A stuck CAF: to the panel without the family's name, then to a social worker, then closed."""
    walk = Walk(sqlite_service, browser)
    with walk.unseen():
        reach_first_tac(walk)
    stuck_cafs.raise_concern(walk)
    stuck_cafs.discuss(walk, "panel")
    stuck_cafs.prepare_panel(walk, "declined")
    reader = walk.person("coordinator")
    reader.open_task(walk.label("review_panel_pack"), walk.reference)
    expect(reader.page.get_by_text("Child A").first).to_be_visible()
    reader.picture("panel-pack", height=1500)
    reader.answer({"pack_fit": "yes"})
    panel = walk.person("panel")
    panel.go("/panel-packs")
    expect(panel.page.locator("body")).not_to_contain_text("Robin")
    stuck_cafs.take_to_panel(walk, "continue")
    stuck_cafs.amend(walk, "agree_plan_after_panel", "coordinator")
    assert walk.open_tasks() == ["hold_tac"]
    stuck_cafs.raise_concern(walk, "coordinator")
    stuck_cafs.discuss(walk, "social_worker")
    stuck_cafs.refer(walk)
    stuck_cafs.support(walk)
    stuck_cafs.agree(
        walk,
        "close",
        closure_reason="actions_complete",
        closure_summary="Robin is on time.",
    )
    walk.person("socialworker").go(f"/cases/{walk.reference}/documents")
    walk.person("socialworker").picture("case-documents", height=900)
    walk.do("oversee_stuck_closure", "manager", **AGREED)
    assert walk.processes() == ["overview", "caf_coordinator", "stuck_caf", "stuck_caf"]
    walk.finish()


def test_map_5(postgresql_service: Service, browser: Browser) -> None:
    """The lead professional asks for a step up; a service manager settles a disagreement."""
    walk = Walk(postgresql_service, browser)
    with walk.unseen():
        reach_first_tac(walk)
    walk.send("step_up_requested", "leadpro", reasons="The risks have grown.")
    step_ups.discuss(walk, "", disagreement=True, both_views="We say yes, they say no.")
    step_ups.resolve(walk, "hold_tac")
    step_ups.hold_tac(walk, "stepped_up")
    step_ups.transfer(walk)
    step_ups.receive(walk)
    walk.do("oversee_step_up_closure", "manager", **AGREED)
    assert walk.file().closure_reason == "stepped_up"
    assert walk.processes() == ["overview", "caf_coordinator", "step_up"]
    walk.finish()


def test_cads(sqlite_service: Service, browser: Browser) -> None:
    """The other council: a CADS assessment on a page, a CAF that its manager closes."""
    walk = Walk(sqlite_service, browser)
    cads.begin_caf(walk)
    assert walk.reference.startswith("CADS-")
    cads.assess(walk)
    cads.meet_first(walk)
    cads.check_first(walk)
    walk.look("linkworker")
    cads.review(walk, "2026-05-10")
    cads.review(walk, "2026-06-20", "close", "yes")
    cads.close(walk)
    assert walk.file().closed_by == "Sunny Supportmanager"
    assert walk.processes() == ["cads_to_caf", "family_plan"]
    walk.finish()


def reach_first_tac(walk: Walk) -> None:
    """A CAF with an agreed plan."""
    walk.receive()
    walk.triage()
    walk.open_episode()
    walk.agree_plan()
