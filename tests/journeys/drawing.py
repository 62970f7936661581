"""An analyst at the studio's editors: with the mouse, reading findings, being saved."""

from __future__ import annotations

import re

from playwright.sync_api import FrameLocator, Locator, Page, expect

# A large diagram is read, drawn and checked on whatever machine the tests run.
expect.set_options(timeout=20_000)

SAVED = re.compile(r"Saved at \d\d:\d\d")


class Drawing:
    """The page of a diagram's editor."""

    def __init__(self, page: Page) -> None:
        self.page = page
        expect(page.locator("[data-studio-state=ready]")).to_be_visible()

    def find(self, name: str) -> None:
        """Search for an element by name, which selects it and brings it to the middle."""
        self.page.get_by_role("button", name="Find a step").click()
        search = self.page.locator(".djs-search-input input")
        expect(search).to_be_focused()
        search.press_sequentially(name)
        expect(self.page.locator(".djs-search-result").first).to_contain_text(name)
        search.press("Enter")
        expect(self.panel.get_by_label("Name")).to_have_value(name)

    def choose(self, element: str) -> None:
        """Click on an element that is in sight."""
        self.shape(element).locator(".djs-hit").first.click()

    def shape(self, element: str) -> Locator:
        return self.page.locator(f'.djs-element[data-element-id="{element}"]')

    def drop_user_task(self, flow: str, name: str, *, right_of: str) -> None:
        """Take a user task from the palette, drop it on a flow, and type its name."""
        beside = self.shape(right_of).bounding_box()
        way = self.shape(flow).locator("path").first.bounding_box()
        assert beside is not None and way is not None
        self.page.locator('.djs-palette [data-action="create.user-task"]').click()
        x, y = beside["x"] - 150, beside["y"] + beside["height"] / 2
        self.page.mouse.move(x - 20, y - 20)
        self.page.mouse.move(x, y, steps=5)
        self.page.mouse.click(x, y)
        writing = self.page.locator(".djs-direct-editing-content")
        expect(writing).to_be_focused()
        writing.press_sequentially(name)
        writing.press("Enter")
        expect(self.panel.get_by_label("Name")).to_have_value(name)

    def make(self, kind: str) -> None:
        """Change the kind of the chosen element."""
        self.page.locator('.djs-context-pad [data-action="replace"]').click()
        self.page.locator(f'.djs-popup [data-id="replace-with-{kind}"]').click()

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("region", name="Properties")

    @property
    def findings(self) -> Locator:
        return self.page.get_by_role("region", name="Findings")

    def is_saved(self) -> None:
        expect(self.page.locator("[data-studio-part=state]")).to_have_text(SAVED)


class FormEditing:
    """The page of a form's editor."""

    def __init__(self, page: Page) -> None:
        self.page = page
        expect(page.locator("[data-studio-state=ready]")).to_be_visible()

    def name_field(self, field: str, label: str) -> None:
        """Click on a field and give it another label."""
        self.page.locator(f'.fjs-element[data-id="{field}"]').click()
        general = self.page.locator("[data-group-id=group-general]")
        general.get_by_text("General").click()
        general.get_by_label("Field label").fill(label)

    def preview(self) -> FrameLocator:
        """The page that a caseworker gets."""
        self.page.get_by_role("button", name="Show the caseworker’s page").click()
        return self.page.frame_locator("[data-studio-part=preview]")

    def is_saved(self) -> None:
        expect(self.page.locator("[data-studio-part=state]")).to_have_text(SAVED)
