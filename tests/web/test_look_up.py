"""R14.2: a practitioner who asks is told whether there is an open CAF and whom to contact."""

from __future__ import annotations

import pytest

from .conftest import World

ASKED = {"name": "alex example", "born-day": "1", "born-month": "5", "born-year": "2018",
         "reason": "Dr Sample, Example Surgery, wants to refer."}  # fmt: skip


def test_nothing_is_told_of_a_contact_without_an_episode(world: World) -> None:
    world.contact()
    browser = world.browser("coordinator")
    page = browser.press(browser.get("/ask-about-a-child"), "Look it up", ASKED, status=200)
    assert "Open CAF No" in page.text
    assert "tired and hungry" not in page.text
    assert "CAF-2026" not in page.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "Enter the child’s full name"),
        ({"reason": ""}, "Enter who asks and why"),
        ({"born-day": "", "born-month": "", "born-year": ""}, "Enter the child’s date of birth"),
        ({"born-day": "31", "born-month": "2"}, "must be a real date"),
        ({"born-year": "99999999999"}, "must be a real date"),
        ({"born-year": "18"}, "must be a real date"),
        ({"name": "Alex\0"}, "cannot be shown"),
        ({"reason": "Dr\x07"}, "cannot be shown"),
        ({"born-year": "2999"}, "must be in the past"),
        ({"reason": "x" * 2_000}, "1,000 characters or less"),
    ],
)
def test_a_question_that_is_not_complete(
    world: World, change: dict[str, str], message: str
) -> None:
    browser = world.browser("coordinator")
    page = browser.get("/ask-about-a-child")
    page = browser.press(page, "Look it up", {**ASKED, **change}, status=422)
    assert message in page.text
    assert any(message in words for words in page.links())


def test_partners_cannot_ask(world: World) -> None:
    world.browser("leadpro").get("/ask-about-a-child", 403)
