"""Reading `policies.toml`: the rules that a model sets itself.

A rule says that something happens only after something else, that something always follows, or
that something never happens; `engine.policies` proves it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from engine.diagrams import FLOW_NODES, Element
from engine.errors import Finding
from engine.model import Model
from engine.nets import item_of
from engine.state_space import Broken, Watch
from engine.tokens import Move

FILE = "policies.toml"

EACH_PROCESS = "each process"
"""Written as `from`: the rule holds in each process in which its `what` stands, by itself."""

_Selector = Mapping[str, str]

KINDS = {"".join(f" {c.lower()}" if c.isupper() else c for c in kind): kind for kind in FLOW_NODES}

SELECTORS: Mapping[str, Callable[[Element, str, Model], bool]] = {
    "id": lambda element, value, model: element.id == value,
    "clause": lambda element, value, model: value in element.clauses,
    "handler": lambda element, value, model: element.handler == value,
    "form": lambda element, value, model: element.form == value,
    "decision": lambda element, value, model: element.decision == value,
    "role": lambda element, value, model: model.role_of(element.lane) == value,
    "kind": lambda element, value, model: KINDS.get(value) == element.kind,
    "message": lambda element, value, model: (
        element.event is not None
        and element.event.kind == "message"
        and element.event.value == value
    ),
}
"""By what a rule may name elements. `condition` names flows, `process` narrows both."""

_FORMS = {
    "only_after": frozenset({"anew_after"}),
    "then_always": frozenset({"unless"}),
    "never": frozenset[str](),
}


@dataclass(frozen=True)
class Policy:
    """A rule: `form` is only_after, then_always or never; `wanted` is what has to come before or
    after `what`; `lifted` is what makes it needed anew, or never again; `follows` are the
    variables of which is known on each way whether anyone has given them. With `alone` each of
    the `starts` is proved by itself, with what it calls taken as one step."""

    name: str
    form: str
    what: frozenset[str]
    wanted: frozenset[str]
    lifted: frozenset[str]
    starts: tuple[str, ...]
    follows: tuple[str, ...] = ()
    alone: bool = False

    @property
    def watch(self) -> Watch:
        return {"only_after": self._before, "then_always": self._after, "never": self._never}[
            self.form
        ]

    def _before(self, memory: int, move: Move) -> int | None:
        for place, item in enumerate(move.items):
            if item in self.what and not memory:
                raise Broken(place)
            if item in self.lifted:
                memory = 0
            if item in self.wanted:
                memory = 1
        return None if memory and not self.lifted else memory

    def _after(self, memory: int, move: Move) -> int | None:
        for item in move.items:
            if item in self.lifted:
                return None
            if item in self.wanted:
                memory = 0
            if item in self.what:
                memory = 1
        if memory and not move.after:
            raise Broken(len(move.items) - 1)
        return memory

    def _never(self, memory: int, move: Move) -> int | None:
        for place, item in enumerate(move.items):
            if item in self.what:
                raise Broken(place)
        return memory


def read_policies(model: Model) -> tuple[list[Policy], list[Finding]]:
    """The rules of a model, and what of its file cannot be understood."""
    content = model.files.get(FILE)
    if content is None:
        return [], []
    reader = _Reader(model)
    return reader.read(content), reader.findings


class _Reader:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.findings: list[Finding] = []

    def complain(self, message: str) -> None:
        self.findings.append(Finding("error", "policy-malformed", message, FILE))

    def read(self, content: bytes) -> list[Policy]:
        try:
            whole = tomllib.loads(content.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.complain(f"{FILE} can't be read: {error}.")
            return []
        entries = whole.pop("policy", [])
        if whole or not _is_tables(entries):
            self.complain(f"{FILE} has to be a list of [[policy]] tables and nothing else.")
            return []
        return [
            policy
            for number, entry in enumerate(entries, 1)
            for policy in self._policy(entry, number)
        ]

    def _policy(self, entry: dict[str, Any], number: int) -> Iterator[Policy]:
        entry = dict(entry)
        name = entry.pop("name", None)
        if not isinstance(name, str) or not name:
            self.complain(f"Rule {number} has no name. Say in `name` what it demands.")
            return
        forms = [form for form in _FORMS if form in entry]
        if len(forms) != 1:
            self.complain(f"“{name}” needs exactly one of: {', '.join(_FORMS)}.")
            return
        form = forms[0]
        starts = entry.pop("from", [self.model.start])
        alone = starts == EACH_PROCESS
        if alone:
            starts = []
        if not isinstance(starts, list) or not all(s in self.model.processes for s in starts):
            self.complain(
                f"“{name}”: `from` has to be “{EACH_PROCESS}”, or list processes of this model: "
                f"{', '.join(self.model.processes)}."
            )
            return
        follows = entry.pop("follows", [])
        if not isinstance(follows, list) or not self.model.variables.issuperset(follows):
            self.complain(
                f"“{name}”: `follows` has to list variables that some condition of the diagrams "
                "reads."
            )
            return
        keys = {form, *_FORMS[form], *(() if form == "never" else ("what",))}
        for key in entry.keys() - keys:
            close = get_close_matches(key, [*keys, "from", "follows"], n=1)
            self.complain(
                f"“{name}”: “{key}” means nothing here."
                + (f" Did you mean “{close[0]}”?" if close else "")
            )
        before = len(self.findings)
        found = {
            key: self._items(name, key, entry[key]) if key in entry else frozenset[str]()
            for key in keys
        }
        if form != "never" and "what" not in entry:
            self.complain(f"“{name}” does not say `what` it is about.")
        if len(self.findings) == before:
            what = found["never" if form == "never" else "what"]
            wanted = frozenset[str]() if form == "never" else found[form]
            lifted = frozenset[str]().union(*(found[key] for key in _FORMS[form]))
            if alone:
                starts = sorted({item.rpartition("/")[0] for item in what})
            yield Policy(name, form, what, wanted, lifted, tuple(starts), tuple(follows), alone)

    def _items(self, name: str, key: str, selectors: Any) -> frozenset[str]:
        if not _is_tables(selectors) or not selectors:
            self.complain(
                f'“{name}”: `{key}` has to be a list such as [{{ handler = "close_case" }}].'
            )
            return frozenset()
        found: set[str] = set()
        for selector in selectors:
            known = {*SELECTORS, "condition", "process"}
            unknown = selector.keys() - known
            if unknown or not all(isinstance(value, str) for value in selector.values()):
                self.complain(
                    f"“{name}”: `{key}` names elements by {', '.join(sorted(known))}, each a text."
                )
                continue
            matches = set(self._matches(selector))
            # What has to come before or after may be missing: then every way breaks the rule.
            if not matches and key not in ("only_after", "then_always"):
                self.complain(
                    f"“{name}”: nothing in the diagrams is what `{key}` names: "
                    + ", ".join(f"{word} = “{value}”" for word, value in selector.items())
                    + ". A rule about nothing would hold without meaning anything."
                )
            found |= matches
        return frozenset(found)

    def _matches(self, selector: _Selector) -> Iterator[str]:
        tests = {key: value for key, value in selector.items() if key != "process"}
        for process in self.model.processes.values():
            if selector.get("process", process.id) != process.id:
                continue
            for element in process.elements.values():
                if tests and all(
                    key in SELECTORS and SELECTORS[key](element, value, self.model)
                    for key, value in tests.items()
                ):
                    yield item_of(process, element.id)
            for flow in process.flows.values():
                of_flow = {"id": flow.id, "condition": " ".join((flow.condition or "").split())}
                if tests and all(of_flow.get(key) == value for key, value in tests.items()):
                    yield item_of(process, flow.id)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)
