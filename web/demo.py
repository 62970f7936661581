"""The demonstration: its operating models, its invented users, and what each of them can do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine import commands, queries
from engine.definitions import files_of
from engine.errors import InvalidAnswers
from engine.model import digest_of
from engine.runtime import SYSTEM, Runtime
from handlers import directory, intake, vocabulary
from handlers.directory import DEMO_PASSWORD
from handlers.practices import PRACTICES

_ROOT = Path(__file__).resolve().parent.parent
MODELS = tuple(_ROOT / "bpmn" / model for model in PRACTICES)
EXAMPLES = tuple(_ROOT / "examples" / folder for folder in ("contacts", "cads"))

_CAN = {
    "mash_worker": "Does the basic checks on new contacts in the MASH Early Help tray.",
    "caf_duty_manager": "Decides the tray of each contact, oversees closures, mends incidents.",
    "caf_co_ordinator": (
        "Makes enquiries, confirms consent, assures the quality of assessments and reviews."
    ),
    "lead_professional": "Writes the assessment with the family and holds the TAC meetings.",
    "caf_social_worker": "Works contacts and supports stuck cases from the social work tray.",
    "safer_families_practitioner": "Works contacts in the Safer Families tray.",
    "allocated_social_worker": "Brings cases that step down from social care to the CAF Team.",
    "caf_team_member": "Discusses step ups with the duty assessment team.",
    "duty_assessment_team": "Receives cases that step up to social care.",
    "service_manager": "Resolves disagreements about a step up.",
    "caf_support_panel": "Reads the packs of stuck cases.",
    "social_worker": "Starts cases from CADS assessments, recommends an offer, seeks consent.",
    "team_manager": "Oversees each offer before anybody is told, resolves disputes.",
    "caf_link_worker": "Helps to find lead professionals and checks that first meetings happen.",
    "early_help_team_leader": "Allocates family support workers.",
    "early_help_support_manager": "Takes families to the panel, oversees the closure of CAFs.",
    "family_support_worker": "Supports families and initiates a CAF where one is required.",
    "cads_lead_professional": "Holds the family planning meetings and closes the CAF.",
    "analyst": "Draws operating models.",
    "publisher": "Approves and publishes operating models.",
    "administrator": "Looks after accounts.",
}


@dataclass(frozen=True)
class Guest:
    """One user of the demonstration as the sign-in page lists them."""

    id: str
    name: str
    password: str
    role: str
    can: str


def guests() -> tuple[Guest, ...]:
    """Everyone who can sign in to the demonstration, with the password and what they can do."""
    found = []
    for user in directory.demo_users():
        roles = sorted(user.roles)
        found.append(
            Guest(
                user.id,
                user.name,
                DEMO_PASSWORD,
                ", ".join(vocabulary.label("role", role) for role in roles),
                " ".join(_CAN[role] for role in roles if role in _CAN),
            )
        )
    return tuple(found)


def prepare(runtime: Runtime) -> tuple[Guest, ...]:
    """Deploy the demonstration's models and create its users; the database is migrated already.

    May be called at every start: what exists stays as it is, so that a model that shipped does not
    take the place of one that was published since. Returns the users, to be printed.
    """
    for model in MODELS:
        if not queries.was_deployed(runtime, digest_of(files_of(model))):
            commands.deploy(runtime, model, SYSTEM)
    with runtime.database.begin() as connection:
        directory.seed_demo(connection)
    return guests()


def receive_examples(runtime: Runtime) -> int:
    """Receive the example contacts, so that the first person to sign in finds work.

    May be called at every start: a contact that was received before is recognised. Returns how
    many cases are new; the unreadable example is passed over.
    """
    new = 0
    for path in [path for folder in EXAMPLES for path in sorted(folder.glob("*.json"))]:
        try:
            received = intake.receive_contact(
                runtime, intake.parse_contact(path.read_bytes()), SYSTEM
            )
        except InvalidAnswers:
            continue
        new += not received.duplicate
    return new
