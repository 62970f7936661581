"""Rules that a model sets itself in `policies.toml`, proved over every way through its diagrams.

Processes that are called are followed into. Gateways may choose any way and events may happen at
any time, as for soundness; but what the service does by itself is done before anything else
happens, as in a run without incidents, and what a dashed event starts is not followed twice at
once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from engine.diagrams import Element, Process
from engine.errors import Finding
from engine.given import Given
from engine.model import Model
from engine.nets import build, item_of
from engine.reduction import reduce
from engine.rules import FILE, Policy, read_policies
from engine.services import ServiceRegistry
from engine.shape import closure
from engine.soundness import ids, in_words
from engine.state_space import AUTOMATIC, Effort, Watch, explore
from engine.tokens import Move


def check_policies(model: Model, services: ServiceRegistry) -> list[Finding]:
    """What is wrong with the rules of a model, and each rule that some way through it breaks."""
    policies, findings = read_policies(model)
    if findings:
        return findings
    return [finding for policy in policies for finding in _prove(model, services, policy)]


def _prove(model: Model, services: ServiceRegistry, policy: Policy) -> Iterator[Finding]:
    given = Given(model, services, policy.follows, alone=policy.alone)
    kept = policy.what | policy.wanted | policy.lifted | given.items
    touched = set[str]() if policy.alone else _touched(model, kept)
    automatic = frozenset(
        item_of(process, item)
        for process in model.processes.values()
        for item in (*process.flows, *process.elements)
        if item in process.flows
        or process.elements[item].kind in AUTOMATIC
        or process.elements[item].called in touched
    )

    def inside(process: Process, element: Element) -> tuple[Process, str] | None:
        if element.kind == "subProcess":
            return process, element.id
        if element.kind == "callActivity" and element.called in touched:
            return model.processes[element.called], element.called
        return None

    waits = (
        frozenset(
            item_of(process, item)
            for process in model.processes.values()
            for item in process.elements
        )
        - automatic
    )
    effort = Effort()
    for start in policy.starts:
        net = build(model.processes[start], start, inside, beside=1)
        reduce(net, kept, waits)
        space = explore(net, effort, watch=_watch(policy, given), at_once=automatic)
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


def _watch(policy: Policy, given: Given) -> Watch:
    """What the rule remembers (its lowest bit) and what was given (the others)."""

    def watch(memory: int, move: Move) -> int | None:
        now = given.after(memory >> 1, move.items)
        if now is None:
            return None
        remembered = policy.watch(memory & 1, move)
        return None if remembered is None else now << 1 | remembered

    return watch


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
