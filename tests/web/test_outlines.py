"""The diagram of a case in words: for who cannot see the picture, or has no mouse."""

from __future__ import annotations

from flask import render_template
from lxml import html

from engine import queries
from engine.outline import outline
from web.outlines import Mark

from .client import Page, words_of
from .conftest import World
from .test_cases import CHECKS


def step(page: Page, name: str) -> str:
    """What the list says of a step, without what stands inside it."""
    (found,) = [
        each for each in page.all("//li[starts-with(@id, 'step-')]") if words_of(each[0]) == name
    ]
    return " ".join(words_of(part) for part in found if part.tag not in ("ol", "ul"))


def test_the_steps_say_where_the_case_is_and_what_is_done(world: World) -> None:
    reference = world.contact()
    address = f"/cases/{reference}/diagram"
    page = world.browser("manager").get(address)
    assert "– Done on 4 March 2026" in step(page, "Register contact")
    assert "The case is here" in step(page, "Complete basic checks")
    assert "(MASH worker)" in page.text
    assert "The case is at step 5, Complete basic checks" in page.text
    assert "Done" not in step(page, "Decide tray")

    world.pass_time(days=1)
    world.complete("mash", reference, "complete_basic_checks", **CHECKS)
    page = world.browser("manager").get(address)
    assert "– Done on 5 March 2026" in step(page, "Complete basic checks")
    assert "The case is here" in step(page, "Decide tray")


def test_every_step_that_is_referred_to_can_be_jumped_to(world: World) -> None:
    page = world.browser("manager").get(f"/cases/{world.contact()}/diagram")
    numbers = [each.get("value") for each in page.all("//li[starts-with(@id, 'step-')]")]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    wanted = {link.get("href") for link in page.all("//a[starts-with(@href, '#step-')]")}
    assert len(wanted) > 10
    assert wanted <= {f"#step-{number}" for number in numbers}
    which = page.all("//li[@id='step-4']/ul/li")
    assert words_of(which[0]) == "E-CAF: go on at step 5, Complete basic checks"


def test_a_diagram_without_a_case_reads_as_well(world: World) -> None:
    model = queries.model_of(world.runtime, "cads")
    read = outline(model, model.processes["family_plan"])
    with world.app.test_request_context():
        plain = html.fromstring(render_template("diagram_in_words.html", outline=read, states={}))
        failed = Mark("failed", "The service could not go on here")
        marked = html.fromstring(
            render_template(
                "diagram_in_words.html", outline=read, states={"complete_family_assessment": failed}
            )
        )
    assert not plain.xpath("//*[contains(@class, 'govuk-tag')]")
    assert "The case is at" not in words_of(plain)
    assert len(plain.xpath("//li[@value]")) == len(read.all_steps())
    (tag,) = marked.xpath("//*[contains(@class, 'govuk-tag--red')]")
    assert words_of(tag) == failed.text
