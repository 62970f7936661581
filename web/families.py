"""Contacts about families who were never alive, for a simulated council."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

_FAMILIES = [
    "Example",
    "Sample",
    "Specimen",
    "Fiction",
    "Pretend",
    "Madeup",
    "Invented",
    "Imaginary",
    "Storybook",
    "Template",
    "Pattern",
    "Placeholder",
    "Prototype",
    "Replica",
    "Mockup",
    "Testcase",
    "Dummy",
    "Demo",
    "Illustration",
    "Fable",
    "Legend",
    "Allegory",
]
_GIVEN = [
    "Robin",
    "Ash",
    "Alex",
    "Kit",
    "Jo",
    "Sam",
    "Charlie",
    "Frankie",
    "Riley",
    "Sky",
    "Rowan",
    "Jamie",
    "Ellis",
    "Blake",
    "Quinn",
    "Noor",
    "Ari",
    "Remy",
    "Toni",
    "Max",
    "Billie",
    "Dani",
    "Lou",
    "Sacha",
    "Indy",
    "Ocean",
    "River",
    "Pip",
]
_REFERRERS = (
    ("Terry Teacher", "Example Primary School", "school"),
    ("Hayden Head", "Sample Academy", "school"),
    ("Val Visitor", "Example Health Visiting", "health"),
    ("Gale Generalpractice", "Sample Surgery", "health"),
    ("Nic Nursery", "Pretend Nursery", "early_years"),
    ("Chris Constable", "Example Police", "police"),
    ("Harper Housing", "Example Homes", "housing"),
    ("Vic Volunteer", "Made-up Family Charity", "voluntary"),
    ("Wynn Welfare", "Example Council, school attendance", "council"),
)
_SCHOOLS = ("Example Primary School", "Sample Academy", "Pretend Infants", "Storybook School")
_STREETS = ("Sample Street", "Example Road", "Invention Lane", "Pattern Square", "Fable Court")
_CONCERNS = (
    "{child} arrives late and hungry on three days a week. {adult} asks for help with mornings.",
    "{child} has missed a day a week since the holidays and says that nobody wakes them.",
    "{adult} is in debt and fears for the flat. {child} worries about it in lessons.",
    "{child} falls asleep in class and has begun to shout at others. {adult} feels judged.",
    "{adult} looks after two children alone since the winter and says that nights are the worst.",
    "The baby does not gain weight as hoped, and {adult} has missed two appointments.",
    "{child} cares for {adult}, who is ill, and has no time for homework or friends.",
    "{child} is bullied on the way to school and wants to stay at home.",
)
_ABUSE = (
    "Police came to the home at night after shouting. {child} was awake and frightened. {adult} "
    "wants support.",
    "{adult} told the clinic of threats by a former partner. {child} has seen some of it.",
)
_SOURCES = {"caf": (("e_caf", 0.5), ("e_mash", 0.35), ("step_down", 0.15)), "cads": (("cads", 1),)}


def contact(
    model: str, number: int, day: date, dice: Random
) -> tuple[dict[str, Any], dict[str, str]]:
    """A contact that starts a case of one of the shipped models on that day, and the words with
    which people speak of its family."""
    surname = dice.choice(_FAMILIES)
    given = dice.sample(_GIVEN, 4)
    source = _one(dice, _SOURCES[model])
    abuse = dice.random() < (0.45 if source == "e_mash" else 0.08)
    who, agency, kind = dice.choice(_REFERRERS)
    if source in ("cads", "step_down"):
        who, agency, kind = "Sage Socialcare", "Example Council, children's social care", "council"
    school = dice.choice(_SCHOOLS)
    words = {
        "child": given[0],
        "adult": f"{given[1]} {surname}",
        "family": surname,
        "school": school,
        "agency": agency,
        "referrer": who,
    }
    people = [
        _child(given[0], surname, school, day, dice),
        {
            "name": f"{given[1]} {surname}",
            "date_of_birth": _born(day, dice, 20, 45),
            "relationship": dice.choice(("Mother", "Father", "Grandmother")),
            "is_child": False,
        },
    ]
    if dice.random() < 0.45:
        people.append(_child(given[2], surname, school, day, dice))
    if dice.random() < 0.3:
        people.append(
            {
                "name": f"{given[3]} {surname}",
                "date_of_birth": _born(day, dice, 20, 50),
                "relationship": "Parent's partner",
                "is_child": False,
            }
        )
    sent: dict[str, Any] = {
        "reference": f"SIM-{number:04}",
        "source": source,
        "received_on": day.isoformat(),
        "referrer": {
            "name": who,
            "agency": agency,
            "agency_kind": kind,
            "email": "office@partner.example",
            "phone": "01632 960001",
        },
        "family": {
            "name": surname,
            "address": f"{dice.randint(1, 90)} {dice.choice(_STREETS)}, Exampletown",
            "postcode": f"ZZ99 {dice.randint(1, 9)}{dice.choice('ABDEFGHJ')}Z",
        },
        "people": people,
        "concerns": dice.choice(_ABUSE if abuse else _CONCERNS).format_map(words),
        "consent_given": dice.random() < 0.9,
        "domestic_abuse": abuse,
        "complexity": _one(
            dice, (("several_needs", 0.55), ("single_need", 0.25), ("complex", 0.2))
        ),
        "immediate_risk": False,
        "social_care_involvement": _one(dice, (("none", 0.7), ("closed", 0.25), ("open", 0.05))),
    }
    if model == "cads":
        assessed = day - timedelta(days=dice.randint(0, 3))
        sent |= {
            "assessed_on": assessed.isoformat(),
            "level_4_met": False,
            "advice_only": dice.random() < 0.1,
        }
    else:
        sent["family"]["cluster"] = dice.choice(("east_central", "south", "west"))
        sent["immediate_risk"] = source != "step_down" and dice.random() < 0.04
    return sent, words


def _child(given: str, surname: str, school: str, day: date, dice: Random) -> dict[str, Any]:
    return {
        "name": f"{given} {surname}",
        "date_of_birth": _born(day, dice, 4, 16),
        "relationship": "Child",
        "is_child": True,
        "school": school,
    }


def _born(day: date, dice: Random, youngest: int, oldest: int) -> str:
    return (day - timedelta(days=dice.randint(youngest * 366, oldest * 365))).isoformat()


def _one(dice: Random, weighted: Any) -> str:
    names, weights = zip(*weighted, strict=True)
    (found,) = dice.choices(names, weights)
    return str(found)
