"""Item definitions: the types that a DMN file defines itself (DMN 1.5, 7.3.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from engine import feel
from engine.decisions.findings import Findings, local_name, name_of, text_of
from engine.decisions.types import ANY, ColumnType, basic_type

_DEEPEST = 12


class ItemTypes:
    """The types of one file by name, those of imported files with the import's name before."""

    def __init__(
        self,
        root: etree._Element,
        findings: Findings,
        imported: Mapping[str, ItemTypes],
        strict: bool,
    ) -> None:
        self._findings = findings
        self._strict = strict
        self._elements = {
            name_of(element): element for element in root.iterfind("{*}itemDefinition")
        }
        self._imported = imported
        self._known: dict[str, ColumnType] = {}
        self._open: set[str] = set()

    def named(self, name: str | None) -> ColumnType | None:
        """The type of a `typeRef`; any value if there is none, None if it is not known."""
        if not name:
            return ANY
        name = " ".join(name.split())
        if name in self._known:
            return self._known[name]
        element = self._elements.get(name)
        if element is None and ":" in name:
            element = self._elements.get(name.rpartition(":")[2])
        if element is not None:
            return self._defined(name, element)
        prefix, _, rest = name.partition(".")
        if prefix in self._imported:
            return self._imported[prefix].named(rest)
        return basic_type(name, not self._strict)

    @property
    def types(self) -> dict[str, feel.TypeName]:
        """The types as expressions may name them."""
        result = {}
        for name in self._elements:
            defined = self.named(name)
            if defined is not None:
                result[name] = defined.type
        for prefix, imported in self._imported.items():
            result.update({f"{prefix}.{name}": one for name, one in imported.types.items()})
        return result

    @property
    def entry_names(self) -> set[str]:
        """The names of all components, for they may be written after a dot."""
        names = {
            name_of(component)
            for element in self._elements.values()
            for component in element.iter("{*}itemComponent")
        }
        for imported in self._imported.values():
            names |= imported.entry_names
        return names - {""}

    def _defined(self, name: str, element: etree._Element) -> ColumnType:
        if name in self._open or len(self._open) > _DEEPEST:
            return ANY
        self._open.add(name)
        try:
            full = self._type(element, f'The type "{name}"')
        finally:
            self._open.discard(name)
        kind = "integer" if self._is_integer(element) else full.name
        known = ColumnType(kind, full, name, not self._strict)
        self._known[name] = known
        return known

    def _is_integer(self, element: etree._Element) -> bool:
        reference = element.findtext("{*}typeRef")
        inner = self.named(reference) if reference else None
        return inner is not None and inner.kind == "integer" and not _is_list(element)

    def _type(self, element: etree._Element, place: str) -> feel.TypeName:
        """The type that an item definition or component describes."""
        components = element.findall("{*}itemComponent")
        reference = element.findtext("{*}typeRef")
        function = element.find("{*}functionItem")
        inner = feel.ANY
        if components:
            inner = feel.TypeName(
                0,
                "context",
                tuple(
                    (
                        name_of(part),
                        self._type(part, f'{place}, "{part.get("name")}"'),
                    )
                    for part in components
                ),
            )
        elif function is not None:
            parts = [
                ("", self._reference(one.get("typeRef"), element, place))
                for one in function.iterfind("{*}parameters")
            ]
            result = self._reference(function.get("outputTypeRef"), element, place)
            inner = feel.TypeName(0, "function", (*parts, ("->", result)))
        elif reference:
            inner = self._reference(reference, element, place)
        inner = self._restricted(inner, element.find("{*}allowedValues"), place)
        if _is_list(element):
            inner = feel.TypeName(0, "list", (("", inner),))
        return self._restricted(inner, element.find("{*}typeConstraint"), place)

    def _reference(self, name: str | None, element: etree._Element, place: str) -> feel.TypeName:
        known = self.named(name)
        if known is None:
            self._findings.unknown_type(element, place, str(name))
        return (known or ANY).type

    def _restricted(
        self, inner: feel.TypeName, element: etree._Element | None, place: str
    ) -> feel.TypeName:
        if element is None or local_name(element) not in ("allowedValues", "typeConstraint"):
            return inner
        try:
            tests = feel.compile_unary_tests(text_of(element), strict=self._strict)
        except feel.FeelError as error:
            self._findings.feel(element.find("{*}text"), place, error, element)
            return inner
        if tests.matches_anything:
            return inner
        return feel.TypeName(0, inner.name, inner.parts, _both(inner.allowed, tests))


def _both(first: Callable[[Any], bool] | None, tests: feel.UnaryTests) -> Callable[[Any], bool]:
    def allowed(value: Any) -> bool:
        return (first is None or first(value)) and tests.matches(value, {})

    return allowed


def _is_list(element: etree._Element) -> bool:
    return element.get("isCollection") == "true"
