"""The decision tables of the CAF model decide every contact, and as the operating model says."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from engine.decisions import Decision, parse_decisions
from tests.bpmn.conftest import MODELS

FOLDER = MODELS / "caf" / "decisions"
CONTACT = {
    "immediate_risk": False,
    "social_care_open": False,
    "consent_given": True,
    "domestic_abuse": False,
    "complexity": "single_need",
}
TRIAGED = {
    "rating": "green",
    "domestic_abuse": False,
    "complexity": "single_need",
    "agency_kind": "school",
    "cluster": "south",
}


def decide(name: str, **inputs: Any) -> dict[str, Any]:
    outputs = table(name).evaluate(inputs).outputs
    assert isinstance(outputs, dict)
    return outputs


def table(name: str) -> Decision:
    return parse_decisions((FOLDER / f"{name}.dmn").read_bytes(), f"{name}.dmn")[name]


def test_every_contact_gets_exactly_one_rating() -> None:
    rating = table("brag_rating")
    truths = (True, False, None)
    kinds = ("single_need", "several_needs", "complex", None)
    for risk, care, consent, abuse, kind in product(truths, truths, truths, truths, kinds):
        values = (risk, care, consent, abuse, kind)
        result = rating.evaluate(dict(zip(CONTACT, values, strict=True)))
        assert len(result.rules) == 1, values
        assert isinstance(result.outputs, dict)
        assert result.outputs["rating"] in ("blue", "red", "amber", "green"), values
        assert result.outputs["rating_reason"], values


@pytest.mark.parametrize(
    ("change", "rating"),
    [
        ({}, "green"),
        ({"domestic_abuse": True}, "green"),
        ({"complexity": "complex"}, "green"),
        ({"complexity": "complex", "domestic_abuse": True}, "amber"),
        ({"consent_given": False}, "blue"),
        ({"social_care_open": True}, "amber"),
        ({"social_care_open": True, "consent_given": False}, "amber"),
        ({"immediate_risk": True, "consent_given": False, "social_care_open": True}, "red"),
    ],
)
def test_ratings(change: dict[str, Any], rating: str) -> None:
    assert decide("brag_rating", **{**CONTACT, **change})["rating"] == rating


@pytest.mark.parametrize(
    ("change", "tray"),
    [
        ({}, "co_ordinators"),
        ({"cluster": None}, "co_ordinators"),
        ({"agency_kind": "health"}, "co_ordinators"),
        ({"domestic_abuse": True}, "safer_families"),
        ({"domestic_abuse": True, "complexity": "complex"}, "safer_families"),
        ({"complexity": "complex"}, "social_work"),
        ({"rating": "red", "domestic_abuse": True}, "social_care"),
        ({"rating": "amber"}, "social_care"),
        ({"rating": "blue", "complexity": "complex"}, "close"),
    ],
)
def test_proposed_trays(change: dict[str, Any], tray: str) -> None:
    assert decide("tray_proposal", **{**TRIAGED, **change})["proposed_tray"] == tray


def test_the_reason_names_the_co_ordinator_to_ask() -> None:
    assert (
        "health co-ordinator"
        in decide("tray_proposal", **{**TRIAGED, "agency_kind": "health"})["tray_reason"]
    )
    assert "South" in decide("tray_proposal", **TRIAGED)["tray_reason"]


def test_a_rule_that_is_not_in_the_source_says_so() -> None:
    fired = table("brag_rating").evaluate({**CONTACT, "immediate_risk": True}).rules
    assert fired[0].description.startswith("Our interpretation: ")


def test_meetings_are_3_monthly() -> None:
    assert decide("timescales", step="2Q") == {"amount": 3, "unit": "months"}


def test_an_unknown_step_has_no_timescale() -> None:
    assert decide("timescales", step="9Z") == {"amount": None, "unit": None}
