"""A desk to work cases at: people submit answers, service tasks run, each in its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from engine.identity import SYSTEM, Actor
from engine.models import deployment, instance, submission
from engine.services import DecisionMade, ServiceContext
from handlers import services
from handlers.cases import case
from handlers.directory import User, demo_users
from handlers.views import Case

PEOPLE = {person.id: person for person in demo_users()}
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def contact(**changes: Any) -> dict[str, Any]:
    """A contact about a plainly fictional family."""
    return {
        "reference": "EC-1",
        "source": "e_caf",
        "received_on": "2026-03-02",
        "referrer": {
            "name": "Terry Teacher",
            "agency": "Example Primary School",
            "agency_kind": "school",
            "email": "office@school.example",
            "phone": "",
        },
        "family": {
            "name": "Example",
            "address": "1 Sample Street",
            "postcode": "ZZ99 3WZ",
            "cluster": "south",
        },
        "people": [
            {
                "name": "Robin Example",
                "date_of_birth": "2017-05-04",
                "relationship": "Child",
                "is_child": True,
                "school": "Example Primary School",
            },
            {"name": "Ash Example", "relationship": "Mother", "is_child": False},
        ],
        "concerns": "Robin is often late and hungry.",
        "consent_given": True,
        "domestic_abuse": False,
        "complexity": "several_needs",
        "immediate_risk": False,
        "social_care_involvement": "none",
    } | changes


def action(**changes: Any) -> dict[str, Any]:
    """A plan action that is SMART."""
    return {
        "need": "Robin starts the day hungry",
        "action": "Offer a place in the breakfast club",
        "owner": "Example Primary School",
        "outcome": "Robin is ready to learn",
        "measure": "Robin attends four days a week",
        "due_on": "2026-05-01",
    } | changes


class Desk:
    """One case and those who work on it; the clock moves only when told."""

    def __init__(self, database: sa.Engine, reference: str = "CAF-2026-00001") -> None:
        self.database = database
        self.reference = reference
        self.now = MONDAY
        self.sent: list[tuple[str, Mapping[str, Any]]] = []
        self.decisions: dict[str, DecisionMade] = {}
        self.actor = SYSTEM
        with database.begin() as connection:
            self.instance_id = _instance(connection, reference, self.now)

    def submit(self, form: str, by: str, **answers: Any) -> None:
        """The person gives answers at `form`, and the next service tasks run in their step."""
        person = PEOPLE.get(by)
        self.actor = person.actor if person else Actor(by)
        with self.database.begin() as connection:
            connection.execute(
                submission.insert().values(
                    instance_id=self.instance_id,
                    business_key=self.reference,
                    element=form,
                    at=self.now,
                    actor=by,
                    answers=orjson.dumps(answers),
                )
            )

    def run(self, handler: str, **parameters: Any) -> Mapping[str, Any]:
        """Run a service task as the engine does, in the step of whoever submitted last."""
        with self.database.begin() as connection:
            return self._serve(connection, handler, parameters)

    def later(self, **time: float) -> None:
        """Let time pass; what happens next is nobody's step."""
        self.now += timedelta(**time)
        self.actor = SYSTEM

    def file(self) -> Case:
        """The case as its page shows it."""
        with self.database.connect() as connection:
            return case(connection, self.reference)

    def person(self, user_id: str) -> User:
        """One of the demonstration's people."""
        return PEOPLE[user_id]

    def register(self, **changes: Any) -> None:
        """The contact comes in."""
        self.submit("contact_received", "mash", **contact(**changes))
        self.run("register_contact")

    def consent(self, status: str = "given", **answers: Any) -> None:
        """The co-ordinator records the family's consent."""
        given = {
            "consent": status,
            "consent_how": "verbal",
            "consent_on": "2026-03-02",
            "given_by": [{"name": "Ash Example", "relationship": "Mother", "is_child": False}],
            "statement": "Ash agrees that the school and the health visitor work together.",
        }
        self.submit("confirm_consent", "coordinator", **given | answers)
        self.run("record_consent", form="confirm_consent")

    def open_episode(self) -> None:
        """From contact to an episode led by Lee Leadpro, co-ordinated by Casey Co-ordinator."""
        self.register()
        self.submit("create_contact_record", "coordinator", co_ordinator="coordinator")
        self.run("record_allocation", form="create_contact_record")
        self.consent()
        self.submit(
            "progress_to_episode",
            "coordinator",
            key_reason="parenting",
            lead_professional="leadpro",
        )
        self.run("open_episode", form="progress_to_episode")

    def assess(self, *actions: Mapping[str, Any]) -> Mapping[str, Any]:
        """The lead professional hands in an assessment with these plan actions."""
        self.submit(
            "complete_caf_assessment",
            "leadpro",
            child_views="I like breakfast.",
            family_views="Mornings are hard.",
            professional_views="Late on three days a week.",
            strengths="A close family.",
            needs="A calm start to the day.",
            plan_actions=list(actions),
            review_date="2026-06-01",
        )
        return self.run("record_assessment", form="complete_caf_assessment")

    def agree_plan(self, first_tac_on: str = "2026-06-01") -> None:
        """The co-ordinator agrees the plan with the family, and the first TAC's date."""
        self.submit(
            "agree_plan",
            "coordinator",
            plan_agreed_with_family=True,
            plan_actions_smart=True,
            agreed_by="Ash Example",
            first_tac_on=first_tac_on,
        )
        self.run("finalise_plan", form="agree_plan")
        self.run("schedule_tac", form="agree_plan")

    def _serve(
        self, connection: sa.Connection, handler: str, parameters: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        entry = services.handlers[handler]
        context = ServiceContext(
            connection=connection,
            instance_id=self.instance_id,
            business_key=self.reference,
            element=f"do_{handler}",
            variables={},
            actor=self.actor,
            now=self.now,
            _submission=lambda form: _answers(connection, self.reference, form),
            _decision=self.decisions.get,
            _send=lambda kind, payload: self.sent.append((kind, payload)),
        )
        with connection.begin_nested():
            results = entry.function(context, **parameters) or {}
        assert set(results) <= set(entry.results)
        return results


def _answers(connection: sa.Connection, reference: str, form: str) -> dict[str, Any] | None:
    found = connection.execute(
        sa.select(submission.c.answers)
        .where(submission.c.business_key == reference, submission.c.element == form)
        .order_by(submission.c.id.desc())
    ).first()
    return None if found is None else dict(orjson.loads(found.answers))


def _instance(connection: sa.Connection, reference: str, now: datetime) -> int:
    deployed = connection.execute(
        sa.select(deployment.c.id).where(deployment.c.model == "caf")
    ).scalar_one_or_none()
    if deployed is None:
        deployed = connection.execute(
            deployment.insert()
            .values(model="caf", version=1, digest="0", deployed_at=now, deployed_by="publisher")
            .returning(deployment.c.id)
        ).scalar_one()
    return int(
        connection.execute(
            instance.insert()
            .values(
                deployment_id=deployed,
                model="caf",
                process="overview",
                business_key=reference,
                status="active",
                revision=1,
                state=b"",
                variables=b"{}",
                head=b"",
                events=0,
                started_at=now,
            )
            .returning(instance.c.id)
        ).scalar_one()
    )
