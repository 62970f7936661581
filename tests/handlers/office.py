"""The council at work on the real engine: people do their tasks in the shipped model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from engine import commands, queries
from engine.identity import Actor
from engine.runtime import Runtime
from handlers import intake, services
from handlers.cases import case
from handlers.notifications import inbox
from handlers.views import Case
from tests.furnished import deploy
from tests.handlers.desk import PEOPLE, action, contact

SENDER = Actor("sender")

PASSED = dict.fromkeys(
    ("child_voice_clear", "needs_identified", "plan_meets_needs", "review_date_recorded"), "yes"
)
AGREED = {"closure_decision": "agree", "oversight_comment": "Agreed."}
RETURNED = {"closure_decision": "return", "oversight_comment": "Please speak to the family again."}
MOVED = {"closure_reason": "moved_away", "closure_summary": "Moved to another town."}
CONSENT = {
    "consent": "given",
    "consent_how": "verbal",
    "consent_on": "2026-03-02",
    "given_by": [{"name": "Ash Example", "relationship": "Mother", "is_child": False}],
    "professionals": [],
    "statement": "Ash agrees.",
}
PLAN_AGREED = {
    "plan_agreed_with_family": True,
    "plan_actions_smart": True,
    "agreed_by": "Ash Example",
    "first_tac_on": "2026-05-25",
}


def assessment(*actions: dict[str, Any]) -> dict[str, Any]:
    """The answers of an assessment with these plan actions."""
    return {
        "child_views": "I like breakfast.",
        "family_views": "Mornings are hard.",
        "professional_views": "Late on three days.",
        "strengths": "A close family.",
        "needs": "A calm start.",
        "plan_actions": list(actions),
        "review_date": "2026-06-01",
    }


def tac(**changes: Any) -> dict[str, Any]:
    """The outcomes of a meeting of the Team Around the Child."""
    return {
        "held_on": "2026-03-02",
        "attended": [{"name": "Terry Teacher", "role": "Teacher"}],
        "child_voice": "Breakfast club is fun.",
        "progress": "Robin is on time.",
        "actions_complete": "yes",
        "new_actions": [],
        "recommendation": "close",
    } | changes


class Office:
    """The council at work: a deployed model, a clock, and people who do their tasks."""

    model = "caf"

    def __init__(self, engine: sa.Engine) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self.runtime = Runtime(engine, services, lambda: self.now)
        self.reference = ""
        deploy(self.runtime, self.model)

    def receive(self, **changes: Any) -> None:
        """A contact comes in; from here on it is the case in hand."""
        sent = intake.receive_contact(self.runtime, contact(**changes), SENDER)
        self.reference = sent.reference

    def start(self, model: str, by: str, **answers: Any) -> None:
        """The person starts a case of that model on its page; it becomes the case in hand."""
        started = intake.receive_answers(self.runtime, model, answers, PEOPLE[by].actor)
        self.reference = started.reference

    def do(self, element: str, by: str, **answers: Any) -> None:
        """The person completes the open task of that element; no step may leave a fault."""
        (task,) = [
            task
            for task in queries.open_tasks(self.runtime, self.reference)
            if task.element == element
        ]
        commands.complete_task(self.runtime, task.id, answers, PEOPLE[by].actor)
        assert queries.incidents(self.runtime, self.reference) == []

    def open_tasks(self) -> list[str]:
        """The elements that wait for someone."""
        return [task.element for task in queries.open_tasks(self.runtime, self.reference)]

    def file(self) -> Case:
        """The case as its page shows it."""
        with self.runtime.database.connect() as connection:
            return case(connection, self.reference)

    def send(self, message: str, by: str, **answers: Any) -> None:
        """The person sends a message to the case in hand."""
        commands.correlate(self.runtime, message, self.reference, answers, PEOPLE[by].actor)
        assert queries.incidents(self.runtime, self.reference) == []

    def told(self, user_id: str) -> list[str]:
        """The subjects of what the person was told, newest first."""
        with self.runtime.database.connect() as connection:
            return [item.subject for item in inbox(connection, PEOPLE[user_id])]

    def triage(self, tray: str = "co_ordinators") -> None:
        """Checks in the MASH, then the duty manager's decision."""
        self.do(
            "complete_basic_checks",
            "mash",
            social_care_open=False,
            checks_outcome="Nothing known.",
            recommendation="caf",
        )
        self.do(
            "decide_tray",
            "manager",
            tray_decision=tray,
            tray_decision_reason="Several needs.",
            **({"advice_given": "Children's Centre."} if tray == "close" else {}),
        )

    def open_episode(self) -> None:
        """Allocation, enquiries, consent and the lead professional."""
        self.do("create_contact_record", "coordinator2", co_ordinator="coordinator", notes="")
        self.do(
            "make_enquiries",
            "coordinator",
            enquiries="Spoke to Ash.",
            enquiry_outcome="caf_required",
        )
        self.do("confirm_consent", "coordinator", **CONSENT)
        self.do(
            "progress_to_episode",
            "coordinator",
            key_reason="parenting",
            lead_professional="leadpro",
        )

    def agree_plan(self) -> None:
        """Assessment, quality assurance, and the plan agreed with the first TAC's date."""
        self.do("complete_caf_assessment", "leadpro", **assessment(action()))
        self.pass_quality()
        self.do("agree_plan", "coordinator", **PLAN_AGREED)

    def pass_quality(self, next_step: str = "agree_plan", **more: Any) -> None:
        """The co-ordinator is content with the assessment."""
        self.do("quality_assure_assessment", "coordinator", **PASSED, next_step=next_step, **more)

    def review_tac(self, step: str, **more: Any) -> None:
        """The co-ordinator is content with the outcomes of a meeting."""
        self.do(
            "review_tac_outcomes",
            "coordinator",
            child_voice_reflected="yes",
            family_and_professionals_consulted="yes",
            plan_reviewed="yes",
            review_step=step,
            review_comment="Well done.",
            **more,
        )

    def ask_for_episode_closure(self) -> None:
        """After a meeting, the co-ordinator asks for the closure of the episode."""
        self.review_tac("close")
        self.do(
            "request_episode_closure",
            "coordinator",
            closure_reason="actions_complete",
            closure_summary="Robin is on time.",
        )

    def hold_tac_and_close(self, held_on: str = "2026-03-02") -> None:
        """Map 2's review loop, once round, to the end of the CAF."""
        self.do("hold_tac", "leadpro", **tac(held_on=held_on))
        self.ask_for_episode_closure()
        self.do("complete_episode_closure", "manager", **AGREED)

    def waiting(self) -> list[str]:
        """The messages that the case in hand waits for."""
        found = queries.waiting_messages(self.runtime, self.reference)
        return sorted(message.name for message in found)

    @property
    def ended(self) -> bool:
        """Whether the case in hand leaves nothing open: no task, no process, no fault."""
        active = [
            one for one in queries.instances(self.runtime, self.reference) if one.status == "active"
        ]
        faults = queries.incidents(self.runtime, self.reference)
        return not (self.open_tasks() or active or faults)
