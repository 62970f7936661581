"""What people do on map 4 when a CAF is stuck, step by step."""

from __future__ import annotations

from typing import Any

from tests.handlers.desk import action
from tests.handlers.office import Office


def raise_concern(office: Office, by: str = "leadpro", *, urgent: bool = False) -> None:
    office.send("concern_raised", by, concern="Robin has a bruise.", urgent=urgent)


def discuss(office: Office, outcome: str) -> None:
    office.do(
        "discuss_stuck_caf",
        "coordinator",
        discussed_on="2026-03-02",
        discussion="Robin is late again.",
        outcome=outcome,
    )


def refer(office: Office) -> None:
    office.do(
        "write_social_work_referral",
        "coordinator",
        referral_synopsis="Robin and Ash have had a CAF since March.",
        issues="Robin came with a bruise that nobody can explain.",
    )


def support(office: Office, *, step_up_possible: str = "no") -> None:
    office.do(
        "assign_social_worker",
        "manager",
        support_worker="socialworker",
        support_wanted="A home visit.",
    )
    office.do(
        "offer_support",
        "socialworker",
        support_kinds=["home_visit", "advice"],
        support_given="Visited on Monday.",
        step_up_possible=step_up_possible,
    )


def agree(office: Office, outcome: str, **answers: Any) -> None:
    office.do(
        "agree_way_forward",
        "socialworker",
        way_forward="Breakfast club goes on.",
        outcome=outcome,
        **answers,
    )


def amend(office: Office, element: str, by: str) -> None:
    office.do(
        element,
        by,
        plan_changes="A quieter start.",
        new_actions=[action(action="Meet Robin at the gate")],
        agreed_by="Ash Example",
        plan_agreed=True,
    )


def prepare_panel(office: Office, consent: str) -> None:
    by = {"panel_consent_by": "Ash, on 2 March"} if consent == "given" else {}
    office.do(
        "prepare_panel_case",
        "coordinator",
        panel_consent=consent,
        panel_issues="Robin Example is late. Ash's neighbour Joyce knows. Call 020 7946 0000.",
        panel_question="Who can help Robin's family?",
        **by,
    )


def hear_panel(office: Office, outcome: str, **answers: Any) -> None:
    """The pack is read through, and the panel sits."""
    office.do("review_panel_pack", "coordinator", pack_fit="yes")
    take_to_panel(office, outcome, **answers)


def take_to_panel(office: Office, outcome: str, **answers: Any) -> None:
    office.do(
        "take_to_panel",
        "coordinator",
        panel_on="2026-04-13",
        presented_by="lead_professional",
        panel_advice="Ask the youth service.",
        unmet_needs="Morning transport.",
        outcome=outcome,
        **answers,
    )


def wait_for_panel(office: Office) -> None:
    """The pack is with the CAF Support Panel, which is still to sit."""
    discuss(office, "panel")
    prepare_panel(office, "given")
    office.do("review_panel_pack", "coordinator", pack_fit="yes")
