"""Rules that a model sets itself in `policies.toml`, proved over every way through its diagrams.

A rule says that something happens only after something else, that something always follows, or
that something never happens. Processes that are called are followed into. Gateways may choose any
way and events may happen at any time, as for soundness; but what the service does by itself is done
before anything else happens, as in a run without incidents, and what a dashed event starts is not
followed twice at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from engine.diagrams import FLOW_NODES, Element, Process
from engine.errors import Finding
from engine.model import Model
from engine.nets import build, item_of
from engine.reduction import reduce
from engine.shape import closure
from engine.soundness import ids, in_words
from engine.state_space import Broken, Effort, Watch, explore
from engine.tokens import Move

FILE = "policies.toml"

_AUTOMATIC = frozenset(
    {
        "startEvent",
        "endEvent",
        "intermediateThrowEvent",
        "serviceTask",
        "businessRuleTask",
        "exclusiveGateway",
        "inclusiveGateway",
        "parallelGateway",
    }
)

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
    after `what`; `lifted` is what makes it needed anew, or no longer needed."""

    name: str
    form: str
    what: frozenset[str]
    wanted: frozenset[str]
    lifted: frozenset[str]
    starts: tuple[str, ...]

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
            if item in self.wanted or item in self.lifted:
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


def check_policies(model: Model) -> list[Finding]:
    """What is wrong with the rules of a model, and each rule that some way through it breaks."""
    content = model.files.get(FILE)
    if content is None:
        return []
    reader = _Reader(model)
    policies = reader.read(content)
    if reader.findings:
        return reader.findings
    return [finding for policy in policies for finding in _prove(model, policy)]


def _prove(model: Model, policy: Policy) -> Iterator[Finding]:
    kept = policy.what | policy.wanted | policy.lifted
    touched = _touched(model, kept)
    automatic = frozenset(
        item_of(process, element.id)
        for process in model.processes.values()
        for element in process.elements.values()
        if element.kind in _AUTOMATIC
    )

    def inside(process: Process, element: Element) -> tuple[Process, str] | None:
        if element.kind == "subProcess":
            return process, element.id
        if element.kind == "callActivity" and element.called in touched:
            return model.processes[element.called], element.called
        return None

    effort = Effort()
    for start in policy.starts:
        net = build(model.processes[start], start, inside, beside=1)
        reduce(net, kept)
        space = explore(net, effort, watch=policy.watch, at_once=automatic)
        if space.broken is not None:
            yield _broken(model, policy, space.broken)
            return
        if not space.complete:
            yield Finding(
                "warning",
                "policy-not-proved",
                f"“{policy.name}” could not be proved: from the process “{start}” there are too "
                "many ways. Let the rule begin (from) at a process that is called.",
                FILE,
            )
            return


def _touched(model: Model, items: Set[str]) -> set[str]:
    """The processes in which, or in what they call, some of the items stand."""
    callers: dict[str, set[str]] = {}
    for process in model.processes.values():
        for element in process.elements.values():
            if element.called:
                callers.setdefault(element.called, set()).add(process.id)
    return closure({item.rpartition("/")[0] for item in items}, callers)


def _broken(model: Model, policy: Policy, path: Sequence[str]) -> Finding:
    culprit = path[-1]
    if policy.form == "then_always":
        culprit = next(item for item in reversed(path) if item in policy.what)
    process_id, _, name = culprit.rpartition("/")
    process = model.processes[process_id]
    item = process.elements.get(name) or process.flows[name]
    label = " ".join(item.name.split()) or name
    what = {
        "only_after": f"“{label}” can happen without what has to come before it",
        "then_always": f"after “{label}” the case can end without what has to follow",
        "never": f"“{label}” can happen",
    }[policy.form]
    drawn = (
        ""
        if policy.wanted or policy.form == "never"
        else f" Nothing in the diagrams is what `{policy.form}` names."
    )
    return Finding(
        "error",
        "policy",
        f"The rule “{policy.name}” does not hold: {what}. It comes to this by: "
        f"{in_words(path, model.processes)}.{drawn}",
        process.path,
        name,
        item.line,
        steps=ids(path),
    )


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
        if not isinstance(starts, list) or not all(s in self.model.processes for s in starts):
            self.complain(
                f"“{name}”: `from` has to list processes of this model: "
                f"{', '.join(self.model.processes)}."
            )
            return
        keys = {form, *_FORMS[form], *(() if form == "never" else ("what",))}
        for key in entry.keys() - keys:
            close = get_close_matches(key, [*keys, "from"], n=1)
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
            yield Policy(name, form, what, wanted, lifted, tuple(starts))

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
