"""A person at a browser, who signs in, finds a task, fills in its form and confirms it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from handlers.directory import DEMO_PASSWORD

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Person:
    """One of the demonstration's people in a browser of their own.

    To `examine`, every page that is passed is given to axe, which needs scripts; `faults` has what
    it found. `examined` are the kinds of pages that somebody of the same walk looked at already.
    """

    def __init__(
        self,
        browser: Browser,
        url: str,
        user: str,
        scripts: bool,
        examine: bool,
        examined: set[str],
    ) -> None:
        self.url = url
        self.user = user
        self.scripts = scripts
        self.examine = examine and scripts
        self.context: BrowserContext = browser.new_context(
            java_script_enabled=scripts, locale="en-GB", viewport={"width": 1280, "height": 900}
        )
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.examined = examined
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console",
            lambda said: (
                self.errors.append(f"{said.text} ({said.location['url']})")
                if said.type == "error"
                else None
            ),
        )

    def come_in(self, session: str) -> None:
        """Go on with the session of a sign-in: hashing passwords is slow on purpose."""
        self.context.add_cookies([{"name": "pathways", "value": session, "url": self.url}])

    def sign_in(self) -> None:
        """Sign in on the page for it."""
        self.go("/sign-in")
        self.page.get_by_label("User name").fill(self.user)
        self.page.get_by_label("Password", exact=True).fill(DEMO_PASSWORD)
        self._follow(self.page.get_by_role("button", name="Sign in"))
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Your work")
        self.look()

    def go(self, path: str) -> None:
        response = self.page.goto(self.url + path)
        assert response is not None and response.ok, f"{path}: {response and response.status}"
        self.look()

    def open_task(self, name: str, reference: str) -> None:
        """Open a task of a case from one's own list, and claim it if nobody has it."""
        self.go("/")
        row = self.page.get_by_role("row").filter(has_text=reference).filter(has_text=name)
        self._follow(row.get_by_role("link", name=name).first)
        claim = self.page.get_by_role("button", name="Claim this task")
        if claim.count():
            self.look()
            self._follow(claim)
        expect(self.page.get_by_role("heading", level=1)).to_have_text(name)
        self.look()

    def answer(self, answers: Mapping[str, Any]) -> None:
        """Fill in the form of a task, check the answers and confirm them."""
        missing = self.fill(answers)
        self.press("Continue")
        if self.heading != "Check your answers":
            # Answers opened further questions, which a page without scripts shows now.
            missing = self.fill(answers)
            self.press("Continue")
        assert not missing, f"no such questions: {missing}"
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Check your answers")
        self.look()
        self.press("Confirm")
        expect(self.page.get_by_role("heading", level=1)).not_to_have_text("Check your answers")
        self.look()

    def ask(self, message: str, answers: Mapping[str, Any], reference: str) -> None:
        """Ask for something from the page of a case, such as its closure."""
        self.go(f"/cases/{reference}")
        link, button = (self.page.get_by_role(role, name=message) for role in ("link", "button"))
        self._follow(link.or_(button).first)
        self.look()
        missing = self.fill(answers)
        self.press("Send")
        if missing:
            missing = self.fill(answers)
            self.press("Send")
        assert not missing, f"no such questions: {missing}"
        expect(self.page.get_by_text(f"Sent: {message}.")).to_be_visible()
        self.look()

    def start(self, path: str, answers: Mapping[str, Any]) -> str:
        """Start a case from the list of one's work; returns the address of its page."""
        self.go("/")
        self._follow(self.page.locator(f'a[href="{path}"]'))
        self.look()
        missing = self.fill(answers)
        self.press("Start the case")
        if missing:
            missing = self.fill(answers)
            self.press("Start the case")
        assert missing == [], "no such questions"
        expect(self.page.get_by_text("is open.").first).to_be_visible()
        return self.page.url

    @property
    def heading(self) -> str:
        return self.page.get_by_role("heading", level=1).first.inner_text()

    def press(self, button: str) -> None:
        self._follow(self.page.get_by_role("button", name=button, exact=True))
        self.look()

    def _follow(self, control: Locator) -> None:
        """Click, and wait for the page that comes: what is read next must not be the old one."""
        with self.page.expect_navigation():
            control.click()

    def fill(self, answers: Mapping[str, Any], before: str = "") -> list[str]:
        """Fill in what the page asks; returns the names of what it does not ask."""
        missing = []
        for key, value in answers.items():
            name = before + key
            if isinstance(value, list) and all(isinstance(each, str) for each in value):
                missing += [name for each in value if not self._tick(name, each)]
            elif isinstance(value, list):
                for number, row in enumerate(value):
                    self._row(name, number)
                    missing += self.fill(row, f"{name}[{number}].")
            elif isinstance(value, dict):
                missing += self.fill(value, f"{name}.")
            elif not self._control(name, value):
                missing.append(name)
        return missing

    def _row(self, name: str, number: int) -> None:
        row = self.page.locator(f'[name^="{name}[{number}]."]')
        if not row.count():
            self._follow(self.page.locator(f'button[name="action"][value="add:{name}"]'))
            self.look()

    def _tick(self, name: str, value: str) -> bool:
        box = self.page.locator(f'[name="{name}"][value="{value}"]')
        if box.count():
            box.check()
        return bool(box.count())

    def _control(self, name: str, value: Any) -> bool:
        if isinstance(value, str) and _DATE.fullmatch(value):
            year, month, day = value.split("-")
            parts = {"day": day, "month": month, "year": year}
            boxes = {part: self.page.locator(f'[name="{name}-{part}"]') for part in parts}
            if not boxes["day"].count():
                return False
            for part, text in parts.items():
                boxes[part].fill(text)
            return True
        control = self.page.locator(f'[name="{name}"]')
        if not control.count():
            return False
        kind = control.first.get_attribute("type")
        if kind == "radio":
            self.page.locator(f'[name="{name}"][value="{value}"]').check()
        elif kind == "checkbox":
            control.first.set_checked(bool(value))
        elif control.first.evaluate("element => element.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(str(value))
        return True

    def look(self) -> None:
        """Let axe examine the page, once for each kind of page and heading."""
        heading = self.page.get_by_role("heading", level=1).first.inner_text()
        place = re.sub(r"\d+", "0", self.page.url) + heading
        if not self.examine or place in self.examined:
            return
        self.examined.add(place)
        found = Axe().run(self.page)
        for violation in found.response["violations"]:
            nodes = "; ".join(str(node["target"]) for node in violation["nodes"][:3])
            self.faults.append(f"{place}: {violation['id']}: {violation['help']} ({nodes})")

    def picture(self, name: str, *, width: int = 1280, height: int = 900) -> None:
        """Keep a picture of the page for the documentation, where PATHWAYS_PICTURES says."""
        folder = os.environ.get("PATHWAYS_PICTURES")
        if folder and self.scripts:
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.screenshot(path=Path(folder) / f"{name}.png")
            self.page.set_viewport_size({"width": 1280, "height": 900})

    def close(self) -> None:
        self.context.close()
