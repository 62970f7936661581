"""Concerns raised about a running CAF, and what came of them (maps 4 and 5)."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import Connection

from engine.services import ServiceContext
from handlers.answers import Answers, submitted_by
from handlers.casefile import begin_step, write_note
from handlers.directory import names, user
from handlers.notifications import deliver, person_or_role
from handlers.registry import services
from handlers.vocabulary import words

CODE: Final = re.compile(r"[a-z]+(_[a-z]+)+")
"""An option's value, such as hold_tac, which is kept in words."""

PRACTITIONERS: Final = frozenset({"caf_social_worker", "safer_families_practitioner"})
"""The roles of the CAF Team who lead a CAF until it is handed over (1M, 3E)."""


@services.handler("record_concern")
def record_concern(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep a concern about the case as a case note (4A, 4B, 5A), marked if it is urgent."""
    begin_step(context)
    answers = Answers.of(context, form)
    write_note(
        context.connection,
        context.business_key,
        answers.needed("concern", "reasons", "discussion"),
        submitted_by(context, form).id,
        context.now,
        kind="concern",
        urgent=bool(answers.yes("urgent")),
    )
    return {}


@services.handler("find_team", results=("lead_professional", "co_ordinator", "practitioner"))
def find_team(context: ServiceContext) -> dict[str, Any]:
    """Look up who leads the case, who co-ordinates it, and who of the CAF Team leads it themself
    (5B), for diagrams that were not there when they were named. Null where it is nobody.
    """
    case = begin_step(context)
    leader = user(context.connection, case.lead_professional) if case.lead_professional else None
    own = leader is not None and not leader.roles.isdisjoint(PRACTITIONERS)
    return {
        "lead_professional": case.lead_professional,
        "co_ordinator": case.co_ordinator,
        "practitioner": case.lead_professional if own else None,
    }


@services.handler("record_outcome")
def record_outcome(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep what was answered at `form` as a case note, as a reflection of the discussion (4C,
    4G, 4I, 5B, 5E, G7, G11, G13).
    """
    begin_step(context)
    answers = Answers.of(context, form)
    write_note(
        context.connection,
        context.business_key,
        told(context.connection, answers),
        submitted_by(context, form).id,
        context.now,
        kind="outcome",
    )
    return {}


@services.handler("record_support", results={"heard_by_panel": "boolean"})
def record_support(context: ServiceContext, form: str) -> dict[str, Any]:
    """Keep what was agreed after a CAF social worker's support as a case note (4I).

    Returns `heard_by_panel` as false: what follows was not the panel's advice.
    """
    record_outcome(context, form)
    return {"heard_by_panel": False}


@services.handler("resume_oversight")
def resume_oversight(context: ServiceContext) -> dict[str, Any]:
    """Tell the co-ordinator and whoever leads the CAF that it is back under the co-ordinator's
    oversight (4M, 5H); without a co-ordinator, all of them.
    """
    case = begin_step(context)
    addressees = [person_or_role(context.connection, case.co_ordinator, "caf_co_ordinator")]
    if case.lead_professional is not None:
        addressees.append(
            person_or_role(context.connection, case.lead_professional, "caf_duty_manager")
        )
    for addressee in dict.fromkeys(addressees):
        deliver(
            context,
            addressee,
            "The CAF continues",
            "What was discussed about this CAF is settled and it continues. "
            "The CAF co-ordinator resumes oversight.",
        )
    return {}


def told(connection: Connection, answers: Answers) -> str:
    """What was answered, a line for each question, with people by name."""
    leader = answers.text("lead_professional")
    values = dict(answers.values)
    if leader:
        values["lead_professional"] = names(connection, [leader])[leader]
    return "\n".join(
        f"{words(key)}: {_said(value)}"
        for key, value in values.items()
        if value is not None and value != "" and value != []
    )


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(_said(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{words(key).lower()} {_said(item)}" for key, item in value.items())
    if isinstance(value, str) and CODE.fullmatch(value):
        return words(value)
    return str(value)
