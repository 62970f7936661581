"""Reading one component of a form-js file into a Field, or findings that say why not."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from engine import feel
from engine.errors import Finding, InvalidModel
from engine.forms import rules, values
from engine.forms.fields import ANSWERED, CONTAINERS, KINDS, Field
from engine.forms.markdown import UnsupportedText, parse_text
from engine.forms.rules import Refused

DEEPEST = 5

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_INSTEAD = {
    "button": "The page draws its own buttons: delete it",
    "taglist": "Use a checklist",
    "filepicker": "Files are not taken by forms: delete it",
    "html": "Use a text in Markdown",
    "image": "Delete it",
    "expression": "Work the value out in the diagram or a decision table",
    "table": "Use a dynamic list",
    "iframe": "Delete it, or use a text with a link",
    "documentPreview": "Delete it",
}
_SUPPORTED = ", ".join(sorted(KINDS))

Functions = Iterable[feel.Function]


class Report:
    """The findings of the file `path` so far."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.findings: list[Finding] = []

    def add(self, code: str, message: str, element: str | None = None) -> None:
        self.findings.append(Finding("error", code, message, self.path, element))

    def invalid(self) -> InvalidModel:
        return InvalidModel(self.findings)


class Scope:
    """The names that a condition at one place may read: its own, then those around it."""

    def __init__(self, names: frozenset[str], outer: Scope | None) -> None:
        self.names = names
        self.outer = outer
        self.taken: set[str] = set()
        self.depth: int = outer.depth + 1 if outer else 0

    @classmethod
    def of(cls, components: list[Any], outer: Scope | None) -> Scope:
        return cls(frozenset(_names(components)), outer)

    @property
    def visible(self) -> frozenset[str]:
        return self.names | (self.outer.visible if self.outer else frozenset())


def read_component(
    source: Any,
    scope: Scope,
    report: Report,
    functions: Functions,
    numbers: Callable[[], int],
    depth: int = 0,
) -> Field | None:
    """The Field of one component, or None when findings were reported instead."""
    if not isinstance(source, dict) or not isinstance(source.get("type"), str):
        report.add("form-component", "A component is not an object with a “type”. Delete it.")
        return None
    kind = source["type"]
    where = _where(source)
    element = _element(source)
    if kind not in KINDS:
        report.add(
            "form-unsupported",
            f"{where}: components of type “{kind[:40]}” are not supported. "
            f"{_INSTEAD.get(kind, 'Use one of: ' + _SUPPORTED)}.",
            element,
        )
        return None
    if depth >= DEEPEST:
        report.add(
            "form-too-deep",
            f"{where}: groups and lists are nested more than {DEEPEST} deep. Flatten the form.",
            element,
        )
        return None
    reader = _Reader(source, kind, where, element, scope, report, functions, numbers, depth)
    return reader.read()


def _names(components: list[Any]) -> Iterator[str]:
    for each in components:
        if isinstance(each, dict):
            key = each.get("path" if each.get("type") in CONTAINERS else "key")
            if isinstance(key, str) and key:
                yield key
            elif each.get("type") == "group" and isinstance(each.get("components"), list):
                yield from _names(each["components"])


def _element(source: dict[str, Any]) -> str | None:
    for name in ("key", "path", "id"):
        if isinstance(source.get(name), str) and source[name]:
            return str(source[name])[:100]
    return None


def _where(source: dict[str, Any]) -> str:
    label = source.get("label") or source.get("dateLabel") or _element(source)
    named = f" “{label[:60]}”" if isinstance(label, str) and label.strip() else ""
    return f"{source['type'][:40].capitalize()}{named}"


class _Reader:
    """One component under reading; every method reports what it finds and goes on."""

    def __init__(
        self,
        source: dict[str, Any],
        kind: str,
        where: str,
        element: str | None,
        scope: Scope,
        report: Report,
        functions: Functions,
        numbers: Callable[[], int],
        depth: int,
    ) -> None:
        self.source = source
        self.kind = kind
        self.where = where
        self.element = element
        self.scope = scope
        self.report = report
        self.functions = functions
        self.numbers = numbers
        self.depth = depth
        self.number = numbers()

    def fail(self, code: str, message: str) -> None:
        self.report.add(code, f"{self.where}: {message}.", self.element)

    def attempt(self, code: str, reader: Callable[..., Any], *args: Any) -> Any:
        """What `reader` gives, or None after reporting why it refused."""
        try:
            return reader(*args)
        except (Refused, UnsupportedText) as refused:
            self.fail(code, str(refused))
            return None

    def read(self) -> Field:
        source, kind = self.source, self.kind
        before = len(self.report.findings)
        key = self.key()
        settings: dict[str, Any] = {
            "number": self.number,
            "kind": kind,
            "key": key,
            "label": self.label(),
            "description": self.attempt("form-text", rules.text, source, "description", 1_000)
            or "",
            "hide": self.condition(),
            "properties": self.attempt("form-properties", rules.properties, source) or {},
        }
        if kind in CONTAINERS:
            settings["fields"] = self.children(key)
        if kind == "dynamiclist":
            settings |= self.attempt("form-setting", rules.list_settings, source) or {}
        elif kind == "text":
            written = source.get("text", "")
            if isinstance(written, str) and not written.startswith("="):
                settings["blocks"] = self.attempt("form-text", parse_text, written) or ()
            else:
                self.fail("form-text", "the text must be plain Markdown, not an expression")
        elif kind in ANSWERED:
            settings |= self.attempt("form-setting", rules.settings, source, kind) or {}
            settings |= self.attempt("form-options", rules.options, source, kind) or {}
        field = Field(**settings)
        if kind in ANSWERED and len(self.report.findings) == before:
            return self.with_default(field, settings)
        return field

    def key(self) -> str | None:
        if self.kind not in ANSWERED | CONTAINERS:
            return None
        name = "path" if self.kind in CONTAINERS else "key"
        key = self.source.get(name)
        if self.kind == "group" and key in (None, ""):
            return None
        if not isinstance(key, str) or not key:
            self.fail("form-key", f"it has no “{name}” to keep its answer under. Give it one")
            return None
        if not _KEY.fullmatch(key):
            self.fail(
                "form-key",
                f"its {name} “{key[:60]}” must be letters, digits and _, beginning with a letter, "
                "and at most 64 characters. To nest answers, use a group with a path",
            )
            return None
        if key in self.scope.taken:
            self.fail(
                "form-key",
                f"the {name} “{key}” is used more than once, so one answer would overwrite the "
                "other. Give each field its own",
            )
        self.scope.taken.add(key)
        return key

    def label(self) -> str:
        name = "label"
        if self.kind == "datetime" and self.source.get("dateLabel"):
            name = "dateLabel"
        label = self.attempt("form-label", rules.text, self.source, name, 300) or ""
        needed = self.kind in ANSWERED or self.kind == "dynamiclist"
        if needed and not label and not self.source.get(name):
            wanted = "“dateLabel”" if self.kind == "datetime" else "“label”"
            self.fail("form-label", f"it has no {wanted}, so nobody knows what to answer. Add one")
        return str(label)

    def condition(self) -> feel.Expression | None:
        conditional = self.source.get("conditional")
        if conditional is None or conditional == {}:
            return None
        hide = conditional.get("hide") if isinstance(conditional, dict) else conditional
        if hide in (None, ""):
            return None
        if not isinstance(hide, str):
            self.fail("form-condition", "the condition “hide” must be a FEEL expression in quotes")
            return None
        visible = self.scope.visible
        try:
            expression = feel.compile_expression(hide, names=visible, functions=self.functions)
        except feel.FeelError as error:
            self.fail(
                "form-condition",
                f"the condition “{hide[:200]}” is not valid FEEL: {error.message.rstrip('.')} "
                f"(at character {error.position + 1})",
            )
            return None
        unknown = sorted(expression.variables - visible)
        if unknown:
            names = ", ".join(f"“{name}”" for name in unknown)
            self.fail(
                "form-condition",
                f"the condition “{hide[:200]}” reads {names}, but the form has no such field here. "
                "Conditions may read fields of their own row or group and of those around it",
            )
        return expression

    def children(self, key: str | None) -> tuple[Field, ...]:
        components = self.source.get("components", [])
        if not isinstance(components, list):
            self.fail("form-component", "its “components” must be a list")
            return ()
        scope = self.scope if key is None else Scope.of(components, self.scope)
        if self.kind == "dynamiclist" and not components:
            self.fail("form-component", "the list has no fields in its rows. Add one, or delete it")
        return tuple(
            field
            for each in components
            if (
                field := read_component(
                    each, scope, self.report, self.functions, self.numbers, self.depth + 1
                )
            )
            is not None
        )

    def with_default(self, field: Field, settings: dict[str, Any]) -> Field:
        default = self.source.get("defaultValue")
        if default is None or default == "" or default == []:
            return field
        if field.choices is not None:
            self.fail("form-default", "a list of options known only at use cannot have a default")
            return field
        try:
            value = values.read(field, default)
            if values.unfinished(value):
                raise values.missing_parts(field, value)
            if value is not None:
                values.check(field, value, {}, datetime.date.max)
        except values.Wrong as wrong:
            self.fail("form-default", f"its default value does not fit: {wrong}")
            return field
        return Field(**(settings | {"default": value}))
