"""What can be proved about a drawing before it runs: no case can stick, go round for ever, do a
step twice by mistake, or never come to a step.

A sub-process is proved by itself and then taken as one step, unless it throws something to what is
around it. Gateways may choose any way, events may happen at any time or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.diagrams import GATEWAYS, Element, EventDefinition, Process
from engine.errors import Finding
from engine.nets import build, item_of
from engine.reduction import reduce
from engine.shape import check_shape
from engine.state_space import Effort, Space, State, doubled, explore
from engine.tokens import Marking, Node, Scope, Token

MOST_ELEMENTS = 1000
"""Up to which size a process is proved."""

LONGEST_PATH = 12
"""How many steps of a way are told in words, counted from its end."""


def check_soundness(process: Process) -> list[Finding]:
    """What is wrong with the shape of a drawing, or else with what it can do."""
    findings = check_shape(process)
    if findings:
        return findings
    scopes = [process.id, *(e.id for e in process.elements.values() if e.kind == "subProcess")]
    if len(process.elements) > MOST_ELEMENTS:
        return [_Proof(process, process.id, Effort()).gave_up("has so many elements")]
    effort = Effort()
    return [finding for scope in scopes for finding in _Proof(process, scope, effort).findings()]


def in_words(items: Sequence[str], processes: Mapping[str, Process]) -> str:
    """A way as the names of its steps and events, and of flows that have one."""
    words: list[str] = []
    for item in items:
        process_id, _, name = item.rpartition("/")
        process = processes[process_id]
        if name in process.flows:
            flow = process.flows[name]
            if flow.name and process.elements[flow.source].kind in GATEWAYS:
                words.append(f"“{' '.join(flow.name.split())}”")
        elif process.elements[name].kind not in GATEWAYS or process.elements[name].name:
            words.append(f"“{process.elements[name].label}”")
    left_out = len(words) - LONGEST_PATH
    return ("… → " if left_out > 0 else "") + " → ".join(words[-LONGEST_PATH:])


def ids(items: Sequence[str]) -> tuple[str, ...]:
    """A way as the ids of its elements and flows."""
    return tuple(item.rpartition("/")[2] for item in items)


class _Proof:
    """What one process or sub-process can do."""

    def __init__(self, process: Process, scope: str, effort: Effort) -> None:
        self.process = process
        self.scope = scope
        self.effort = effort

    def findings(self) -> Iterator[Finding]:
        net = build(self.process, self.scope, self._inside)
        reduce(net)
        space = explore(net, self.effort, ends_at=self._ends_at())
        wrong = list(self._wrong(net, space))
        yield from wrong
        if not space.complete:
            yield self.gave_up("can be in so many states")
        elif not wrong:
            yield from self._dead(space)

    def gave_up(self, why: str) -> Finding:
        return self._finding(
            None,
            "too-many-states",
            f"{self._where()} {why} that it could not be proved that no case sticks. Draw parts of "
            "it as sub-processes, or as processes of their own that it calls.",
            severity="warning",
        )

    def _inside(self, process: Process, element: Element) -> tuple[Process, str] | None:
        """Sub-processes that throw something have to be looked at together with what catches it."""
        if element.kind == "subProcess" and _thrown(process, element.id):
            return process, element.id
        return None

    def _ends_at(self) -> frozenset[EventDefinition]:
        """What is thrown in this scope and interrupts it or a scope around it."""
        ending: set[EventDefinition] = set()
        for event in _thrown(self.process, self.scope):
            around: str | None = self.scope
            while around in self.process.elements:
                caught = [
                    e for e in self.process.boundary.get(around or "", ()) if e.event == event
                ]
                if caught:
                    if caught[0].interrupting:
                        ending.add(event)
                    break
                around = self.process.elements[around or ""].scope
        return frozenset(ending)

    def _wrong(self, net: Scope, space: Space) -> Iterator[Finding]:
        told: set[str] = set()
        stuck: set[State] = set()
        for state, following in space.followers.items():
            token = doubled(net, state[0])
            if token is not None:
                stuck.add(state)
                if token.node not in told:
                    told.add(token.node)
                    yield self._doubled(_node(net, token), token, space.path(state))
            elif state[0] and not following:
                stuck.add(state)
                for node, arrived in _waiting(net, state[0]):
                    if node.id not in told:
                        told.add(node.id)
                        yield self._stuck(node, arrived, space.path(state))
        if not space.complete or told:
            return
        ending = space.ending()
        for state in space.came_from:
            if state not in ending:
                at = _node(net, state[0][0])
                path = space.path(state)
                yield self._finding(
                    at.id,
                    "no-way-out",
                    f"From “{self._label(at.id)}” a case goes round for ever: no choice leads to "
                    f"an end. Draw a way out.{self._path(path)}",
                    path,
                )
                return

    def _doubled(self, node: Node, token: Token, path: tuple[str, ...]) -> Finding:
        who = f"“{self._label(node.id)}”"
        if node.joins:
            message = (
                f"A second token can come to {who} by the same flow before the first has gone on, "
                "so one of them is left over. Join what goes on side by side before it leads "
                "there."
            )
        else:
            message = (
                f"Two tokens can come to {who}, so that it and what follows happens twice. Join "
                "what goes on side by side with a gateway of the kind that split it."
            )
        return self._finding(node.id, "token-doubled", message + self._path(path), path)

    def _stuck(self, node: Node, arrived: set[int], path: tuple[str, ...]) -> Finding:
        missing = [
            f"“{self._label(name)}”"
            for arc in node.incoming
            if arc.number not in arrived
            for name in [self._last_element(arc.via, arc.source)]
        ]
        return self._finding(
            node.id,
            "deadlock",
            f"A case can stick at “{self._label(node.id)}”: it waits for what comes from "
            f"{' and '.join(missing)}, and nothing comes any more. Join the ways with a gateway "
            f"of the kind that split them.{self._path(path)}",
            path,
        )

    def _last_element(self, via: Sequence[str], source: str) -> str:
        names = [name for name in ids(via) if name in self.process.elements]
        return names[-1] if names else source

    def _dead(self, space: Space) -> Iterator[Finding]:
        for element in self.process.within(self.scope):
            if item_of(self.process, element.id) in space.covered:
                continue
            why = "no run of the process comes to it"
            if element.kind == "boundaryEvent" and element.event is not None:
                why = f"nothing inside throws the {element.event.kind} “{element.event.value}”"
            yield self._finding(
                element.id,
                "dead-element",
                f"“{element.label}” can never happen: {why}. Connect it otherwise, or remove it.",
            )

    # --- words

    def _path(self, items: Sequence[str]) -> str:
        words = in_words(items, {self.process.id: self.process})
        return f" It comes to this by: {words}." if words else ""

    def _label(self, id: str) -> str:
        return self.process.elements[id].label

    def _where(self) -> str:
        if self.scope in self.process.elements:
            return f"The sub-process “{self._label(self.scope)}”"
        return f"The process “{self.process.name}”"

    def _finding(
        self,
        id: str | None,
        code: str,
        message: str,
        steps: Sequence[str] = (),
        severity: str = "error",
    ) -> Finding:
        element = self.process.elements.get(id or self.scope)
        return Finding(
            severity,
            code,
            message,
            self.process.path,
            id or self.scope,
            element.line if element else None,
            steps=ids(steps),
        )


def _thrown(process: Process, scope: str) -> set[EventDefinition]:
    """The errors and escalations that are thrown in a scope or in one inside it."""
    found: set[EventDefinition] = set()
    for element in process.within(scope):
        if element.kind == "subProcess":
            found |= _thrown(process, element.id)
        elif (
            element.event is not None
            and element.kind != "boundaryEvent"
            and element.event.kind in ("error", "escalation")
        ):
            found.add(element.event)
    return found


def _node(net: Scope, token: Token) -> Node:
    """The node of a token that may stand in a scope inside."""
    for node in net.nodes.values():
        if node.id == token.node:
            return node
        if node.scope is not None:
            try:
                return _node(node.scope, token)
            except KeyError:
                continue
    raise KeyError(token.node)


def _waiting(net: Scope, marking: Marking) -> Iterator[tuple[Node, set[int]]]:
    """The joins at which tokens wait, with the arcs by which they came."""
    for token in marking:
        node = net.nodes[token.node]
        if node.joins:
            yield node, {t.arrival for t in marking if t.node == node.id}
        elif node.scope is not None:
            yield from _waiting(node.scope, token.inner)
