"""Drawing forms, reading the pages as a browser would, and forms of every shape with answers."""

from __future__ import annotations

import datetime
from typing import Any

from hypothesis import strategies as st
from lxml import html
from werkzeug.datastructures import MultiDict

from engine.forms import Form
from tests.engine.form_building import LEADS, hidden_if
from web.forms import render_fields

MARKUP = "\"><script>alert(1)</script>'</textarea>&amp;"
HOSTILE = MARKUP + "{{7*7}}"  # in labels templates are refused, in answers they are only text


def drawn(of: Form, answers: Any = None, **options: Any) -> html.HtmlElement:
    """The parsed page; every page of every test must have sound ids and labels."""
    fields = str(render_fields(of, answers, choices=LEADS, **options))
    document = html.fromstring(f"<html><body><form>{fields}</form></body></html>")
    ids = [element.get("id") for element in document.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for element in document.iter():
        for name in (element.get("aria-describedby") or "").split():
            assert name in ids, f"{name} describes an input but is not on the page"
    labelled = {label.get("for") for label in document.iter("label")}
    for control in document.iter("input", "select", "textarea"):
        if control.get("type") != "hidden":
            assert control.get("id") in labelled, f"{control.get('name')} has no label"
    return document


def posted(document: html.HtmlElement) -> MultiDict[str, str]:
    """What a browser would post (HTML, "constructing the entry list")."""
    sent: MultiDict[str, str] = MultiDict()
    for control in document.iter("input", "select", "textarea"):
        name = control.get("name")
        if control.tag == "textarea":
            written = control.text or ""
            written = written.removeprefix("\n")
            sent.add(name, written.replace("\r\n", "\n").replace("\n", "\r\n"))
        elif control.tag == "select":
            chosen = [option for option in control.iter("option") if "selected" in option.attrib]
            sent.add(name, (chosen or [next(control.iter("option"))])[0].get("value"))
        elif control.get("type") not in ("radio", "checkbox") or "checked" in control.attrib:
            sent.add(name, control.get("value", ""))
    return sent


def words(document: html.HtmlElement) -> str:
    return " ".join(document.text_content().split())


_label = st.sampled_from(["Key reason", "Was it given?", MARKUP, "Ünïcode’s “label”"])
_line = st.text(
    st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("<>&\"'\t{%"), max_size=30
)
_options = ["yes", "no", "it's <other>"]


@st.composite
def components(
    draw: st.DrawFn, depth: int = 0, around: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    kinds = ["textfield", "textarea", "number", "checkbox", "checklist", "radio", "select"]
    kinds += ["datetime", "text"] + ([] if depth == 2 else ["group", "dynamiclist"])
    asked = list(around)
    for number, kind in enumerate(draw(st.lists(st.sampled_from(kinds), max_size=6))):
        key = draw(st.sampled_from(["action", "shown", "day", "csrf_token", "f"])) + str(number)
        key = key.removesuffix("0")
        component: dict[str, Any] = {"type": kind, "label": draw(_label)}
        if kind in ("group", "dynamiclist"):
            component["components"] = draw(components(depth + 1, tuple(asked)))
            if kind == "dynamiclist" or draw(st.booleans()):
                component["path"] = key
            if kind == "dynamiclist" and not component["components"]:
                continue
        elif kind == "text":
            component = {"type": "text", "text": "# Heading\n\n- one\n- **two**"}
        else:
            component["key"] = key
        if kind in ("checklist", "radio", "select"):
            component["values"] = [{"value": each, "label": each} for each in _options]
        if asked and draw(st.booleans()):
            condition = draw(st.sampled_from(asked))
            component |= hidden_if(f'{condition} = "yes"')
        if kind == "radio":
            asked.append(key)
        found.append(component)
    # A group without a path shares the names around it.
    if len({each.get("key") or each.get("path") or id(each) for each in found}) < len(found):
        return []
    return found


def answers_to(fields: tuple[Any, ...]) -> st.SearchStrategy[dict[str, Any]]:
    entries: dict[str, st.SearchStrategy[Any]] = {}
    for field in fields:
        if field.kind == "group" and field.key is None:
            continue
        if field.key is not None:
            entries[field.key] = _answer(field)
    own = st.fixed_dictionaries(entries) | st.fixed_dictionaries({}, optional=entries)
    for field in fields:
        if field.kind == "group" and field.key is None:
            own = st.builds(lambda a, b: {**a, **b}, own, answers_to(field.fields))
    return own


def _answer(field: Any) -> st.SearchStrategy[Any]:
    numbers = st.integers(-(10**14), 10**14) | st.floats(-1e6, 1e6).map(lambda x: round(x, 4))
    by_kind: dict[str, st.SearchStrategy[Any]] = {
        "textfield": _line,
        "textarea": st.lists(_line, max_size=4).map("\n".join),
        "number": numbers,
        "checkbox": st.booleans(),
        "checklist": st.lists(st.sampled_from(_options), unique=True),
        "radio": st.sampled_from(_options),
        "select": st.sampled_from(_options),
        "datetime": st.dates(datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)).map(
            lambda date: date.isoformat()
        ),
    }
    if field.kind == "group":
        return answers_to(field.fields)
    if field.kind == "dynamiclist":
        return st.lists(answers_to(field.fields), max_size=3)
    return by_kind[field.kind]
