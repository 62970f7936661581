"""The council at work on the real engine: people do their tasks in the shipped model."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine import commands, queries
from engine.identity import SYSTEM, Actor
from engine.runtime import Runtime
from handlers import intake, services
from handlers.cases import case
from handlers.notifications import inbox
from handlers.views import Case
from tests.handlers.desk import PEOPLE, action, contact

ROOT = Path(__file__).parents[2]
SENDER = Actor("sender")


class Office:
    """The council at work: a deployed model, a clock, and people who do their tasks."""

    model = "caf"

    def __init__(self, engine: sa.Engine) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self.runtime = Runtime(engine, services, lambda: self.now)
        self.deploy(self.model)
        self.reference = ""

    def deploy(self, model: str) -> None:
        """Deploy one of the models that ship."""
        commands.deploy(self.runtime, ROOT / "bpmn" / model, SYSTEM)

    def receive(self, **changes: Any) -> None:
        """A contact comes in; from here on it is the case in hand."""
        sent = intake.receive_contact(self.runtime, contact(**changes), SENDER)
        self.reference = sent.reference

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
        self.do(
            "confirm_consent",
            "coordinator",
            consent="given",
            consent_how="verbal",
            consent_on="2026-03-02",
            given_by=[{"name": "Ash Example", "relationship": "Mother", "is_child": False}],
            professionals=[],
            statement="Ash agrees.",
        )
        self.do(
            "progress_to_episode",
            "coordinator",
            key_reason="parenting",
            lead_professional="leadpro",
        )

    def agree_plan(self) -> None:
        """Assessment, quality assurance, and the plan agreed with the first TAC's date."""
        self.do(
            "complete_caf_assessment",
            "leadpro",
            child_views="I like breakfast.",
            family_views="Mornings are hard.",
            professional_views="Late on three days.",
            strengths="A close family.",
            needs="A calm start.",
            plan_actions=[action()],
            review_date="2026-06-01",
        )
        self.do(
            "quality_assure_assessment",
            "coordinator",
            child_voice_clear="yes",
            needs_identified="yes",
            plan_meets_needs="yes",
            review_date_recorded="yes",
            next_step="agree_plan",
        )
        self.do(
            "agree_plan",
            "coordinator",
            plan_agreed_with_family=True,
            plan_actions_smart=True,
            agreed_by="Ash Example",
            first_tac_on="2026-05-25",
        )
