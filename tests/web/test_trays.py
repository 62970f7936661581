from __future__ import annotations

from .conftest import World
from .crowd import multiply


def test_a_tray_says_what_to_do_for_whom_and_by_when(world: World) -> None:
    reference = world.contact(family={**world_family(), "name": "Longer-Example Family"})
    page = world.browser("mash").get("/")
    assert "Longer-Example Family" in page.text
    assert reference in page.text
    assert world.task(reference).name in page.text
    assert "MASH Early Help (1)" in page.text
    assert "Nobody yet" in page.text
    assert "due" in page.text


def world_family() -> dict[str, str]:
    return {"name": "Example", "address": "1 Example Street", "postcode": "N1 1AA",
            "cluster": "south"}  # fmt: skip


def test_late_tasks_come_first_and_say_how_late(world: World) -> None:
    old = world.contact(reference="OLD")
    world.pass_time(days=40)
    new = world.contact(reference="NEW")
    page = world.browser("mash").get("/")
    assert page.text.index(old) < page.text.index(new)
    assert "days late" in page.text
    late = world.browser("mash").get("/?overdue=yes")
    assert old in late.text
    assert new not in late.text


def test_of_very_many_late_tasks_the_first_thousand_are_counted(world: World) -> None:
    world.contact()
    world.pass_time(days=40)
    multiply(world.runtime.database, 1_100)
    browser = world.browser("mash")
    assert "MASH Early Help (1,101)" in browser.get("/").text
    assert "1,101 tasks, page 1 of 45, overdue ones first." in browser.get("/?tray=mash").text
    late = browser.get("/?tray=mash&overdue=yes")
    assert "More than 1,000 tasks, page 1 of 40." in late.text
    last = browser.get("/?tray=mash&overdue=yes&page=99")
    assert "page 40 of 40" in last.text
    assert len(last.all("//tbody/tr")) == 25


def test_filters_stay_in_the_address(world: World) -> None:
    world.contact()
    browser = world.browser("mash")
    page = browser.press(browser.get("/?tray=mash"), "Apply filter", {"overdue": "yes"}, status=200)
    assert page.all("//input[@name='overdue']/@checked")
    assert "Nothing is overdue here." in page.text
    assert page.links()["Clear filter"] == "/?tray=mash"


def test_your_tasks_are_those_that_you_have(world: World) -> None:
    first = world.contact()
    second = world.contact()
    world.claim("mash", world.task(first))
    world.claim("mash2", world.task(second))
    page = world.browser("mash").get("/?mine=yes")
    assert first in page.text
    assert second not in page.text
    # In the tray both are there, with who has them.
    page = world.browser("mash").get("/?tray=mash")
    assert "Mia Mash" in page.text
    assert "You" in page.text


def test_empty_trays_say_so(world: World) -> None:
    assert "nothing for you to do" in world.browser("leadpro").get("/").text
    assert "You have no tasks" in world.browser("leadpro").get("/?mine=yes").text


def test_many_tasks_are_split_into_pages(world: World) -> None:
    references = [world.contact() for _ in range(27)]
    browser = world.browser("mash")
    first, second = browser.get("/?tray=mash"), browser.get("/?tray=mash&page=2")
    shown = [each for each in references if each in first.text]
    rest = [each for each in references if each in second.text]
    assert len(shown) == 25
    assert sorted(shown + rest) == sorted(references)
    assert first.links()["Next page"] == "/?tray=mash&page=2"
    for nonsense in ("0", "-1", "x", "99999999999999999999", "٣"):
        browser.get(f"/?page={nonsense}")


def test_a_person_sees_no_tasks_of_other_roles(world: World) -> None:
    reference = world.contact()
    assert reference not in world.browser("coordinator").get("/").text
    assert reference not in world.browser("coordinator").get("/?tray=mash").text
