"""Which components of a form show for given answers, and where each one stands.

`conditional.hide` is FEEL over the answers. A condition sees the fields of its own scope first (a
row of a dynamic list, a group with a path), then the scopes around it; a field that is hidden
counts as unanswered, so that conditions may build on each other. Conditions that depend on
themselves are refused when the form is read, hence the outcome does not depend on any order.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from engine.feel import Expression, FeelError
from engine.forms import values
from engine.forms.fields import ANSWERED, MOST_ROWS, Field, defaults, in_scope


class Row(NamedTuple):
    """One row of a dynamic list; `blank` if nobody has put anything into it yet."""

    path: str
    blank: bool
    places: tuple[Place, ...]


class Place(NamedTuple):
    """A component that shows, with the `path` of its answer ("people[0].name") and that answer.

    `settled` is False while its condition, or that of what it stands in, reads a question that
    has no answer yet: it may still come to be hidden or called for.
    """

    field: Field
    path: str
    value: Any
    settled: bool
    places: tuple[Place, ...] = ()
    rows: tuple[Row, ...] = ()


def places(
    fields: tuple[Field, ...], answers: Mapping[str, Any], *, undecided: bool, hidden: bool = False
) -> tuple[Place, ...]:
    """The tree of places. `undecided` adds those that open questions hide; `hidden` adds all."""
    layout = _Layout(fields, answers)
    return layout.places(layout.nodes, undecided, hidden)


def context(fields: tuple[Field, ...], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers as FEEL values by key; see `Form.context`."""
    layout = _Layout(fields, answers)
    return layout.context(layout.scope, {})


def blank_row(field: Field, raw: Any) -> bool:
    """Whether a row of the dynamic list `field` is as empty as when it was offered.

    A row that holds only defaults is empty too, unless it is a whole answer by itself.
    """
    if not isinstance(raw, dict):
        return raw is None
    row = _plain(field.fields, raw)
    if not any(_answered(value) for value in row.values()):
        return True
    incomplete = any(
        each.required and each.default is None for each in in_scope(field.fields).values()
    )
    return incomplete and row == _plain(field.fields, defaults(field.fields))


def _plain(fields: tuple[Field, ...], raw: Mapping[str, Any]) -> dict[str, Any]:
    known = in_scope(fields)
    return {str(key): value for key, value in raw.items()} | {
        key: _value(each, raw.get(key)) for key, each in known.items()
    }


def _value(field: Field, raw: Any) -> Any:
    """What a condition sees of one answer; None where it is missing or not of its type."""
    if field.kind == "dynamiclist":
        rows = raw[:MOST_ROWS] if isinstance(raw, list) else []
        return [_plain(field.fields, row) for row in rows if not blank_row(field, row)]
    if field.kind == "group":
        return _plain(field.fields, raw if isinstance(raw, dict) else {})
    try:
        value = values.read(field, raw)
    except values.Wrong:
        return None
    if field.kind == "datetime":
        return datetime.date.fromisoformat(value) if isinstance(value, str) else None
    return value


def _answered(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_answered(part) for part in value.values())
    return value not in (None, "", [], False)


class _Scope:
    def __init__(self, outer: _Scope | None) -> None:
        self.outer = outer
        self.named: dict[str, _Node] = {}

    def find(self, name: str) -> _Node | None:
        if name in self.named:
            return self.named[name]
        return self.outer.find(name) if self.outer is not None else None


class _Node:
    """A component at its place, whether it shows or not."""

    __slots__ = ("field", "hidden", "nodes", "parent", "path", "raw", "rows", "scope")

    def __init__(
        self, field: Field, path: str, raw: Any, scope: _Scope, parent: _Node | None
    ) -> None:
        self.field = field
        self.path = path
        self.raw = raw
        self.scope = scope
        self.parent = parent
        self.nodes: list[_Node] = []
        self.rows: list[tuple[str, bool, _Scope, list[_Node]]] = []
        self.hidden = False  # by its own condition, whatever its containers say

    @property
    def concealed(self) -> bool:
        return self.hidden or (self.parent is not None and self.parent.concealed)


class _Layout:
    def __init__(self, fields: tuple[Field, ...], answers: Mapping[str, Any]) -> None:
        self.scope = _Scope(None)
        self.conditional: list[tuple[_Node, Expression]] = []
        self.nodes = self._build(fields, answers, "", self.scope, None)
        # Each round settles at least one more link of every chain of conditions.
        for _ in self.conditional:
            contexts: dict[_Scope, dict[str, Any]] = {}
            outcome = [self._hides(node, hide, contexts) for node, hide in self.conditional]
            if outcome == [node.hidden for node, _ in self.conditional]:
                break
            for (node, _), hidden in zip(self.conditional, outcome, strict=True):
                node.hidden = hidden

    def _build(
        self,
        fields: tuple[Field, ...],
        answers: Mapping[str, Any],
        prefix: str,
        scope: _Scope,
        parent: _Node | None,
    ) -> list[_Node]:
        nodes = []
        for field in fields:
            path = prefix + (field.key or "")
            raw = answers.get(field.key) if field.key is not None else None
            node = _Node(field, path if field.key else "", raw, scope, parent)
            nodes.append(node)
            if field.hide is not None:
                self.conditional.append((node, field.hide))
            if field.key is not None:
                scope.named[field.key] = node
            if field.kind == "group" and field.key is None:
                node.nodes = self._build(field.fields, answers, prefix, scope, node)
            elif field.kind == "group":
                inside = raw if isinstance(raw, dict) else {}
                node.nodes = self._build(field.fields, inside, path + ".", _Scope(scope), node)
            elif field.kind == "dynamiclist" and isinstance(raw, list):
                for index, row in enumerate(raw[:MOST_ROWS]):
                    own = _Scope(scope)
                    inside = row if isinstance(row, dict) else {}
                    row_path = f"{path}[{index}]"
                    children = self._build(field.fields, inside, row_path + ".", own, node)
                    node.rows.append((row_path, blank_row(field, row), own, children))
        return nodes

    def _all(self, nodes: list[_Node]) -> Iterator[_Node]:
        for node in nodes:
            yield node
            yield from self._all(node.nodes)
            for _, _, _, children in node.rows:
                yield from self._all(children)

    def _hides(self, node: _Node, hide: Expression, contexts: dict[_Scope, dict[str, Any]]) -> bool:
        try:
            return hide.evaluate(self.context(node.scope, contexts)) is True
        except FeelError:
            return False  # a question too many is better than one that nobody could see

    def context(self, scope: _Scope, known: dict[_Scope, dict[str, Any]]) -> dict[str, Any]:
        if scope not in known:
            outer = self.context(scope.outer, known) if scope.outer is not None else {}
            known[scope] = outer | {name: self._seen(node) for name, node in scope.named.items()}
        return known[scope]

    def _seen(self, node: _Node) -> Any:
        if node.concealed:
            return None
        if node.field.kind == "dynamiclist":
            return [
                {name: self._seen(child) for name, child in own.named.items()}
                for _, blank, own, _ in node.rows
                if not blank
            ]
        if node.field.kind == "group":
            inside = node.nodes[0].scope if node.nodes else _Scope(None)
            return {name: self._seen(child) for name, child in inside.named.items()}
        value = _value(node.field, node.raw)
        # As `clean` keeps them, so that cleaned answers show the same fields again.
        return {"checkbox": False, "checklist": []}.get(node.field.kind) if value is None else value

    def _open(self, node: _Node) -> bool:
        """Whether the node's condition reads a question that shows and has no answer yet."""
        for name in node.field.hide.variables if node.field.hide is not None else ():
            asked = node.scope.find(name)
            if asked is not None and self._shows(asked) and self._unanswered(asked):
                return True
        return False

    def _unanswered(self, node: _Node) -> bool:
        if node.field.kind == "dynamiclist":
            return not any(not blank for _, blank, _, _ in node.rows)
        if node.field.kind == "group":
            inside = [child for child in self._all(node.nodes) if child.field.kind in ANSWERED]
            return any(self._unanswered(child) for child in inside)
        return _value(node.field, node.raw) is None

    def _settled(self, node: _Node) -> bool:
        return not self._open(node) and (node.parent is None or self._settled(node.parent))

    def _shows(self, node: _Node) -> bool:
        if node.parent is not None and not self._shows(node.parent):
            return False
        return not node.hidden or self._open(node)

    def places(self, nodes: list[_Node], undecided: bool, hidden: bool) -> tuple[Place, ...]:
        found = []
        for node in nodes:
            if not (hidden or not node.concealed or (undecided and self._shows(node))):
                continue
            inside = self.places(node.nodes, undecided, hidden)
            rows = tuple(
                Row(path, blank, self.places(children, undecided, hidden))
                for path, blank, _, children in node.rows
            )
            found.append(Place(node.field, node.path, node.raw, self._settled(node), inside, rows))
        return tuple(found)
