"""Reading decision logic of every kind: tables, expressions, and boxes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lxml import etree

from engine import feel
from engine.decisions import logic as kinds
from engine.decisions.columns import TableReader
from engine.decisions.findings import Findings, local_name, name_of, text_of
from engine.decisions.items import ItemTypes
from engine.decisions.logic import Box, LiteralExpression, Logic, Refused
from engine.decisions.types import ANY, ColumnType

_ABOUT = frozenset(("description", "extensionElements", "variable"))
_LANGUAGES = ("feel", "https://www.omg.org/spec/dmn/", "http://www.omg.org/spec/dmn/")
_LOOPS = {
    "for": ("in", "return"),
    "some": ("in", "satisfies"),
    "every": ("in", "satisfies"),
    "filter": ("in", "match"),
}


class LogicReader:
    """Reads the logic of one file; what it refuses is found and stands as `Refused`."""

    def __init__(
        self,
        findings: Findings,
        items: ItemTypes,
        names: Sequence[str],
        functions: Sequence[feel.Function],
        language: str | None,
        strict: bool,
    ) -> None:
        self.findings = findings
        self.items = items
        self.strict = strict
        self._types = items.types
        self._names = list(names)
        self._functions = tuple(functions)
        self._language = language

    # -- what cells and boxes have in common --------------------------------------------------

    def is_feel(self, element: etree._Element, title: str) -> bool:
        """Whether the expression language is FEEL; another one is a finding."""
        language = element.get("expressionLanguage") or self._language or "feel"
        if language.lower().startswith(_LANGUAGES):
            return True
        self.findings.add(
            element,
            "dmn-language",
            f"{title} is written in {language}. Choose FEEL as its expression language.",
        )
        return False

    def expression(self, element: etree._Element, place: str) -> feel.Expression | None:
        """The expression in an element's text, None if it was refused."""
        compiled: feel.Expression | None = self._compiled(feel.compile_expression, element, place)
        return compiled

    def tests(self, element: etree._Element, place: str) -> feel.UnaryTests | None:
        """The tests in an element's text, None if they were refused."""
        compiled: feel.UnaryTests | None = self._compiled(feel.compile_unary_tests, element, place)
        return compiled

    def _compiled(self, compiling: Callable[..., Any], element: etree._Element, place: str) -> Any:
        if not self.is_feel(element, place):
            return None
        try:
            compiled = compiling(
                text_of(element),
                names=self._names,
                functions=self._functions,
                types=self._types,
                strict=self.strict,
            )
        except feel.FeelError as error:
            self.findings.feel(element.find("{*}text"), place, error, element)
            return None
        for doubt in compiled.doubts:
            self.findings.feel(element.find("{*}text"), place, doubt, element)
        return compiled

    def type(self, name: str | None, element: etree._Element, place: str) -> ColumnType:
        kind = self.items.named(name)
        if kind is None:
            self.findings.unknown_type(element, place, str(name))
        return kind or ANY

    # -- kinds of logic ------------------------------------------------------------------------

    def only(
        self, element: etree._Element | None, title: str, output: str, kind: ColumnType = ANY
    ) -> Logic:
        """The logic of an element that holds one."""
        inner = [] if element is None else [part for part in element if _is_logic(part)]
        if len(inner) != 1:
            place = element if element is not None else etree.Element("missing")
            return self._refused(
                place,
                "dmn-logic",
                title,
                f"{title} has {'no logic' if not inner else 'several logics'}. "
                "Give it one decision table or one expression.",
            )
        return self.read(inner[0], title, output, kind)

    def read(
        self, element: etree._Element, title: str, output: str, kind: ColumnType = ANY
    ) -> Logic:
        """The logic that an element is; `output` names its result, `kind` says what that is."""
        name = local_name(element)
        reader = _READERS.get(name)
        if reader is None:
            return self._refused(
                element,
                "dmn-unsupported",
                title,
                f"{title}: Elements of kind {name} are not supported. "
                "Use a decision table or an expression.",
            )
        if kind is ANY and element.get("typeRef"):
            kind = self.type(element.get("typeRef"), element, title)
        if name in ("decisionTable", "literalExpression") and not self.is_feel(element, title):
            return Refused(title, f"{title} is not written in FEEL.")
        return reader(self, element, title, output, kind)

    def _refused(self, element: etree._Element, code: str, title: str, message: str) -> Refused:
        self.findings.add(element, code, message)
        return Refused(title, message)

    def _table(self, element: etree._Element, title: str, output: str, kind: ColumnType) -> Logic:
        table = TableReader(self, title).read(element, output)
        return table or Refused(title, f"{title} could not be read.")

    def _literal(self, element: etree._Element, title: str, output: str, kind: ColumnType) -> Logic:
        expression = self.expression(element, title)
        if expression is None:
            why = self.findings.all[-1].message
            return Refused(title, why)
        return LiteralExpression(title, output, kind, expression)

    def _context(self, element: etree._Element, title: str, output: str, kind: ColumnType) -> Logic:
        entries: list[tuple[str, ColumnType, Logic]] = []
        parts: list[tuple[Logic, frozenset[str]]] = []
        last = None
        with_names = len(self._names)
        for entry in element.iterfind("{*}contextEntry"):
            variable = entry.find("{*}variable")
            name = name_of(variable)
            place = f'{title}, entry "{name}"' if name else f"{title}, result"
            own = ANY if variable is None else self.type(variable.get("typeRef"), entry, place)
            known = frozenset(known for known, _, _ in entries)
            logic = self.only(entry, place, name or output, own)
            parts.append((logic, known))
            if name:
                entries.append((name, own, logic))
                self._names.append(name)
            else:
                last = logic
        del self._names[with_names:]
        return Box(title, output, kind, tuple(parts), kinds.context_of(entries, last))

    def _invocation(
        self, element: etree._Element, title: str, output: str, kind: ColumnType
    ) -> Logic:
        callee = self.only_of(element, title, output, _is_logic)
        bindings = []
        for binding in element.iterfind("{*}binding"):
            parameter = binding.find("{*}parameter")
            name = name_of(parameter)
            own = ANY if parameter is None else self.type(parameter.get("typeRef"), binding, title)
            bindings.append((name, self.only(binding, f'{title}, argument "{name}"', name, own)))
        parts = ((callee, frozenset[str]()), *((one, frozenset[str]()) for _, one in bindings))
        return Box(title, output, kind, parts, kinds.invocation_of(callee, bindings, title))

    def only_of(
        self, element: etree._Element, title: str, output: str, wanted: Callable[[Any], bool]
    ) -> Logic:
        for part in element:
            if wanted(part):
                return self.read(part, title, output)
        return self._refused(element, "dmn-logic", title, f"{title} calls nothing.")

    def _function(
        self, element: etree._Element, title: str, output: str, kind: ColumnType
    ) -> Logic:
        parameters, body = self.function(element, title, output)
        own = frozenset(name for name, _ in parameters)
        combine = kinds.function_of(parameters, body, title)
        return Box(title, output, kind, ((body, own),), combine)

    def function(
        self, element: etree._Element, title: str, output: str
    ) -> tuple[tuple[tuple[str, ColumnType], ...], Logic]:
        """The parameters and the body of a function definition."""
        parameters = tuple(
            (
                name_of(one),
                self.type(one.get("typeRef"), one, f'{title}, parameter "{one.get("name")}"'),
            )
            for one in element.iterfind("{*}formalParameter")
        )
        if element.get("kind", "FEEL") != "FEEL":
            return parameters, self._refused(
                element,
                "dmn-unsupported",
                title,
                f"{title} is a function of kind {element.get('kind')}, which is not supported. "
                "Write it in FEEL.",
            )
        before = len(self._names)
        self._names.extend(name for name, _ in parameters)
        body = self.only(element, title, output)
        del self._names[before:]
        return parameters, body

    def _list(self, element: etree._Element, title: str, output: str, kind: ColumnType) -> Logic:
        items = [
            self.read(part, f"{title}, item {number}", output)
            for number, part in enumerate((p for p in element if _is_logic(p)), 1)
        ]
        parts = tuple((item, frozenset[str]()) for item in items)
        return Box(title, output, kind, parts, kinds.list_of(items))

    def _relation(
        self, element: etree._Element, title: str, output: str, kind: ColumnType
    ) -> Logic:
        columns = [name_of(column) for column in element.iterfind("{*}column")]
        rows = []
        for number, row in enumerate(element.iterfind("{*}row"), 1):
            cells = [
                self.read(part, f"{title}, row {number}", output) for part in row if _is_logic(part)
            ]
            if len(cells) != len(columns):
                return self._refused(
                    row,
                    "dmn-relation",
                    title,
                    f"{title}, row {number} has {len(cells)} cells, but there are "
                    f"{len(columns)} columns. Fill in every cell.",
                )
            rows.append(cells)
        parts = tuple((cell, frozenset[str]()) for cells in rows for cell in cells)
        return Box(title, output, kind, parts, kinds.relation_of(columns, rows))

    def _conditional(
        self, element: etree._Element, title: str, output: str, kind: ColumnType
    ) -> Logic:
        inner = [
            self.only(element.find(f"{{*}}{name}"), f"{title}, {name}", output)
            for name in ("if", "then", "else")
        ]
        parts = tuple((one, frozenset[str]()) for one in inner)
        return Box(title, output, kind, parts, kinds.conditional_of(*inner))

    def _loop(self, element: etree._Element, title: str, output: str, kind: ColumnType) -> Logic:
        name = local_name(element)
        domain_name, body_name = _LOOPS[name]
        variable = "item"
        if name != "filter":
            variable = name_of(element, "iteratorVariable") or "item"
        domain = self.only(element.find(f"{{*}}{domain_name}"), f"{title}, {domain_name}", output)
        own = {variable, "partial"} if name == "for" else {variable}
        self._names.append(variable)
        body = self.only(element.find(f"{{*}}{body_name}"), f"{title}, {body_name}", output)
        self._names.pop()
        parts = ((domain, frozenset[str]()), (body, frozenset(own)))
        return Box(title, output, kind, parts, kinds.loop_of(name, variable, domain, body))


_LogicReader = Callable[[LogicReader, etree._Element, str, str, ColumnType], Logic]
_READERS: dict[str, _LogicReader] = {
    "decisionTable": LogicReader._table,
    "literalExpression": LogicReader._literal,
    "context": LogicReader._context,
    "invocation": LogicReader._invocation,
    "functionDefinition": LogicReader._function,
    "list": LogicReader._list,
    "relation": LogicReader._relation,
    "conditional": LogicReader._conditional,
    **dict.fromkeys(_LOOPS, LogicReader._loop),
}
LOGIC = frozenset(_READERS)
"""The names of the elements that are logic."""


def _is_logic(element: Any) -> bool:
    return isinstance(element.tag, str) and local_name(element) in LOGIC
