"""What people do on maps 4 and 5, to each way out that tests of the other maps need."""

from __future__ import annotations

from tests.handlers.office import AGREED, Office


def raise_concern(office: Office, by: str = "leadpro", *, urgent: bool = False) -> None:
    office.send("concern_raised", by, concern="Meetings are missed.", urgent=urgent)


def discuss(office: Office, outcome: str = "continue", **more: str) -> None:
    """Map 4: the co-ordinator talks it through with the lead professional."""
    office.do(
        "discuss_stuck_caf",
        "coordinator",
        discussed_on="2026-03-02",
        discussion="Try another day.",
        outcome=outcome,
        **more,
    )


def take_to_panel(office: Office) -> None:
    """Map 4: the case waits for the CAF Support Panel."""
    discuss(office, "panel")


def discuss_step_up(office: Office, outcome: str, by: str = "coordinator") -> None:
    """Map 5: the discussion with the duty assessment team."""
    office.do(
        "discuss_with_dats",
        by,
        discussed_on="2026-03-02",
        discussed_with="Duty manager of the assessment team",
        discussion="What social care says.",
        threshold_met="yes" if outcome == "stepped_up" else "no",
        outcome=outcome,
    )


def step_up(office: Office, by: str = "coordinator") -> None:
    """Map 5: agreed at the discussion, transferred, and closed with oversight."""
    discuss_step_up(office, "stepped_up", by)
    office.do(
        "transfer_to_social_care",
        by,
        transferred_on="2026-03-02",
        received_by="The duty assessment team",
        latest_outcomes_included=True,
        closure_reason="stepped_up",
        closure_summary="Everything was handed over.",
    )
    office.do("oversee_step_up_closure", "manager", **AGREED)
