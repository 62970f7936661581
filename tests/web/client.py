"""A browser without JavaScript that accepts only pages that are put together properly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask
from lxml import etree, html
from werkzeug.test import TestResponse

_NOT_FIELDS = {"hidden", "submit", "button", "image", "reset"}
# libxml2 knows HTML 4 only, and takes the elements that came later for mistakes.
_HARMLESS = re.compile(r"^Tag \w+ invalid$")


class Page:
    """An answer: its status, and for HTML its tree, which has been inspected already."""

    def __init__(self, response: TestResponse, path: str) -> None:
        self.response = response
        self.path = path
        self.status = response.status_code
        self.root: html.HtmlElement | None = None
        # Flask's own redirects have a page that no browser shows.
        if response.mimetype == "text/html" and not 300 <= self.status < 400:
            self.root = inspect(response.get_data(as_text=True), f"{path} ({self.status})")

    @property
    def text(self) -> str:
        """The words of the page's main part, with single spaces."""
        assert self.root is not None, f"{self.path} is not a page"
        return words_of(self.root.find(".//main"))

    @property
    def heading(self) -> str:
        assert self.root is not None
        return words_of(self.root.find(".//h1"))

    @property
    def title(self) -> str:
        assert self.root is not None
        return words_of(self.root.find(".//title"))

    @property
    def header(self) -> str:
        assert self.root is not None
        return words_of(self.root.find(".//header"))

    @property
    def whole(self) -> str:
        """All words of the page, header and footer too."""
        assert self.root is not None
        return words_of(self.root.find(".//body"))

    def all(self, path: str) -> list[Any]:
        assert self.root is not None
        found = self.root.xpath(path)
        assert isinstance(found, list)
        return found

    def links(self) -> dict[str, str]:
        """Every link of the main part: its words and its address."""
        return {words_of(link): link.get("href") for link in self.all("//main//a[@href]")}

    def form(self, button: str) -> Form:
        """The form that has a button with these words."""
        for form in self.all("//form"):
            for candidate in form.iter("button"):
                if words_of(candidate).startswith(button):
                    return Form(form, candidate)
        raise AssertionError(
            f"{self.path} has no button “{button}”, only "
            f"{[words_of(each) for each in self.all('//button')]}"
        )


class Form:
    """A form of a page, as it would be sent by one of its buttons."""

    def __init__(self, form: html.HtmlElement, button: html.HtmlElement) -> None:
        self.action = button.get("formaction") or form.get("action") or ""
        self.method = (form.get("method") or "get").lower()
        self.data: dict[str, list[str]] = {}
        for name, value in form.form_values():
            self.data.setdefault(name, []).append(value)
        if button.get("name"):
            self.data.setdefault(button.get("name") or "", []).append(button.get("value") or "")


class Client:
    """A person's browser; `get` and `post` fail unless the status is the one expected."""

    def __init__(self, app: Flask) -> None:
        self.flask = app.test_client()

    def get(self, path: str, status: int = 200, **options: Any) -> Page:
        return self._take(self.flask.get(path, **options), path, status)

    def post(self, path: str, data: Any = None, status: int = 303, **options: Any) -> Page:
        return self._take(self.flask.post(path, data=data, **options), path, status)

    def press(
        self,
        page: Page,
        button: str,
        answers: Mapping[str, str | list[str]] | None = None,
        *,
        status: int = 303,
    ) -> Page:
        """Fill in the form of that button and press it."""
        form = page.form(button)
        filled = {**form.data}
        for name, value in (answers or {}).items():
            filled[name] = value if isinstance(value, list) else [value]
        if form.method == "get":
            return self._take(self.flask.get(form.action, query_string=filled), form.action, status)
        return self.post(form.action or page.path, filled, status)

    def follow(self, page: Page, status: int = 200) -> Page:
        """The page that an answer sends the browser to."""
        assert page.status == 303, f"{page.path} answered {page.status}"
        return self.get(page.response.headers["Location"], status)

    def sign_in(self, user: str, password: str) -> Client:
        page = self.get("/sign-in")
        self.press(page, "Sign in", {"user": user, "password": password})
        return self

    def _take(self, response: TestResponse, path: str, status: int) -> Page:
        page = Page(response, path)
        told = "" if page.root is None else f": {page.text[:400]}"
        assert page.status == status, f"{path} answered {page.status}, not {status}{told}"
        return page


def words_of(element: html.HtmlElement | None) -> str:
    return "" if element is None else " ".join(" ".join(element.itertext()).split())


def inspect(source: str, path: str) -> html.HtmlElement:
    """Parse a page and fail with everything that is wrong with how it is put together."""
    parser = html.HTMLParser(encoding="utf-8")
    root = html.fromstring(source.encode(), parser=parser)
    wrong = [
        f"line {entry.line}: {entry.message}"
        for entry in parser.error_log
        if not _HARMLESS.match(entry.message)
    ]
    wrong += _findings(root)
    assert not wrong, f"{path}:\n" + "\n".join(wrong)
    return root


def _findings(root: html.HtmlElement) -> Iterator[str]:
    if root.get("lang") != "en":
        yield "the page has no language"
    for name, number in (("h1", 1), ("main", 1), ("title", 1)):
        found = list(root.iter(name))
        if len(found) != number:
            yield f"{len(found)} <{name}> instead of {number}"
        if any(not words_of(each) for each in found):
            yield f"an empty <{name}>"
    ids = Counter(element.get("id") for element in root.iter(etree.Element) if element.get("id"))
    yield from (
        f"the id {key} is there {number} times" for key, number in ids.items() if number > 1
    )
    for element in root.iter(etree.Element):
        for attribute in ("aria-describedby", "aria-labelledby", "aria-controls", "for"):
            for target in (element.get(attribute) or "").split():
                if target not in ids:
                    yield f"{attribute}={target} of <{element.tag}> leads nowhere"
        href = element.get("href") or ""
        if element.tag == "a" and href.startswith("#") and href[1:] not in ids:
            yield f"the link {href} leads nowhere"
        if element.get("style") or any(name.startswith("on") for name in element.keys()):
            yield f"<{element.tag}> has style or script in an attribute"
        if element.tag == "style" or (element.tag == "script" and not element.get("src")):
            yield f"an inline <{element.tag}>"
    labelled = {label.get("for") for label in root.iter("label")}
    for field in root.iter("input", "select", "textarea"):
        if field.get("type") in _NOT_FIELDS:
            continue
        if field.get("id") not in labelled and not field.get("aria-label"):
            yield f"the field {field.get('name')} has no label"
    for element in root.iter("a", "button", "legend", "label", "th", "caption", "h2", "h3", "h4"):
        # A form's first, invisible button only says what the Enter key does.
        if not words_of(element) and element.get("aria-hidden") != "true":
            yield f"an empty <{element.tag}>"
    for form in root.iter("form"):
        posts = (form.get("method") or "get").lower() == "post"
        if posts != bool(form.xpath(".//input[@name='csrf_token']")):
            yield f"the form to {form.get('action')} and its token do not go together"
    level = 1
    for heading in root.xpath("//main//*[self::h1 or self::h2 or self::h3 or self::h4]"):
        depth = int(heading.tag[1])
        if depth > level + 1:
            yield f"the heading “{words_of(heading)}” skips a level"
        level = depth
    for image in root.iter("img"):
        if image.get("alt") is None:
            yield f"the image {image.get('src')} has no text"
