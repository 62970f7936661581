"""What is drawn in the manner of other modelling tools, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Node:
    """An element of a process. `told` is a part of what an executable process is told of it."""

    kind: str
    key: str
    name: str = ""
    told: str = ""
    event: str = ""
    marker: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    inside: tuple[Node, ...] = ()
    flows: str = ""


@dataclass(frozen=True)
class Pool:
    """A participant; one without nodes is a black box. Lanes stand in lanes where named “a/b”."""

    name: str
    nodes: tuple[Node, ...] = ()
    flows: str = ""
    lanes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Content:
    """What is drawn: with more than one pool, or `messages` between them, as a collaboration."""

    pools: tuple[Pool, ...]
    messages: str = ""
    beside: tuple[str, ...] = ()


def _ends(*between: Node) -> tuple[Node, ...]:
    start, end = (
        Node("startEvent", "start", "Beginn"),
        Node("endEvent", "end", "Fertig\nund Schluß"),
    )
    return (start, *between, end)


_PLAIN = "say what kind of task it is"
_MARKER = "loop and multi-instance markers are not run"

CONTENTS = {
    "sequence": Content(
        (
            Pool(
                "Anfrage prüfen",
                _ends(
                    Node("userTask", "read", "Lesen & “verstehen” – 100 % <genau>"),
                    Node("task", "write", "", _PLAIN),
                    Node("dataObject", "paper"),
                    Node("dataObjectReference", "paper_ref", "Brief\n[offen]"),
                    Node("dataStoreReference", "files", "Akten 档案 ملف"),
                    Node("textAnnotation", "note", "Nur montags\n\tvor zwölf  Uhr"),
                    Node("group", "round"),
                ),
                "start > read > write > end",
            ),
        ),
        beside=("category", "dataStore", "itemDefinition"),
    ),
    "gateways": Content(
        (
            Pool(
                "Decide",
                _ends(
                    Node("exclusiveGateway", "which", "Approved?", attributes={"default": "no"}),
                    Node("parallelGateway", "both", attributes={"gatewayDirection": "Diverging"}),
                    Node("inclusiveGateway", "some", "Some"),
                    Node("userTask", "one", "One 🙂"),
                    Node("manualTask", "two", "Two", "so that what was done is recorded"),
                    Node("userTask", "three", "Three"),
                    Node("complexGateway", "odd", "Two of three", "draw it with exclusive"),
                ),
                "start > which; which > both | approved; which > end; both > one > odd; "
                "both > two > odd; odd > some; some > three | more; some > end | less; three > end",
            ),
        ),
    ),
    "sub-processes": Content(
        (
            Pool(
                "Nested",
                _ends(
                    Node(
                        "subProcess",
                        "outer",
                        "Outer",
                        _MARKER,
                        marker="standardLoopCharacteristics",
                        inside=(
                            Node("startEvent", "inner_start"),
                            Node(
                                "subProcess",
                                "inner",
                                "Inner (collapsed)",
                                _MARKER,
                                marker="multiInstanceLoopCharacteristics",
                                inside=(Node("userTask", "deep", "Deep down"),),
                            ),
                            Node("endEvent", "inner_end"),
                        ),
                        flows="inner_start > inner > inner_end",
                    ),
                    Node(
                        "subProcess",
                        "watch",
                        "On complaint",
                        "event sub-processes are not run",
                        attributes={"triggeredByEvent": "true"},
                        inside=(
                            Node(
                                "startEvent",
                                "complaint",
                                "Complaint",
                                "It has to be a plain one",
                                event="message",
                            ),
                            Node("endEvent", "complained"),
                        ),
                        flows="complaint > complained",
                    ),
                    Node("adHocSubProcess", "any", "Any order", "draw the order of its steps"),
                    Node("transaction", "pay", "Pay", "use a sub-process with boundary events"),
                ),
                "start > outer > any > pay > end",
            ),
        ),
    ),
    "events": Content(
        (
            Pool(
                "Waiting",
                _ends(
                    Node("userTask", "ask", "Ask"),
                    Node("boundaryEvent", "late", "Late", event="timer", attributes={"on": "ask"}),
                    Node(
                        "boundaryEvent",
                        "news",
                        "News",
                        event="message",
                        attributes={"on": "ask", "cancelActivity": "false"},
                    ),
                    Node(
                        "boundaryEvent",
                        "alarm",
                        "Alarm",
                        "“signal” is not run",
                        event="signal",
                        attributes={"on": "ask"},
                    ),
                    Node("eventBasedGateway", "first", attributes={"instantiate": "false"}),
                    Node("intermediateCatchEvent", "wait", "", event="timer"),
                    Node("intermediateCatchEvent", "reply", "Reply", event="message"),
                    Node(
                        "intermediateCatchEvent",
                        "when",
                        "When",
                        "“conditional” is not run",
                        event="conditional",
                    ),
                    Node("intermediateThrowEvent", "jump", "A", "“link” is not run", event="link"),
                    Node(
                        "endEvent",
                        "several",
                        "",
                        "with several triggers is not run",
                        event="error terminate",
                    ),
                    Node("endEvent", "stop", "Stop", event="terminate"),
                ),
                "start > ask > first; first > wait > end; first > reply > several; first > when; "
                "when > jump; late > stop; news > stop; alarm > stop",
            ),
        ),
        beside=("message", "signal", "error"),
    ),
    "collaboration": Content(
        (
            Pool("Bürger*in"),
            Pool(
                "Amt",
                _ends(
                    Node("receiveTask", "take", "Receive", "use an intermediate message catch"),
                    Node("userTask", "judge", "Judge"),
                    Node("sendTask", "tell", "Tell", "the handler “notify”"),
                ),
                "start > take > judge > tell > end",
                {"Haus A/Team 1": "start take", "Haus A/Team 2": "judge", "": "tell end"},
            ),
            Pool("Archive", (Node("userTask", "file", "File it"),), "", {"Keeper": "file"}),
        ),
        "Bürger*in > take; tell > Bürger*in; judge > file",
        beside=("message",),
    ),
    "calls": Content(
        (
            Pool(
                "Calls",
                _ends(
                    Node("callActivity", "call", "Call", attributes={"calledElement": "Else"}),
                    Node("serviceTask", "serve", "Serve", attributes={"implementation": "##Other"}),
                    Node("scriptTask", "run", "Run", "scripts in a diagram are never run"),
                    Node("businessRuleTask", "rule", "Rule"),
                    Node(
                        "userTask",
                        "again",
                        "Again and again",
                        _MARKER,
                        marker="standardLoopCharacteristics",
                        inside=(
                            Node("ioSpecification", "io", inside=(Node("dataInput", "in", "Sum"),)),
                            Node("potentialOwner", "owner", "Team"),
                        ),
                    ),
                    Node("property", "sum", "Sum", "“property” is not supported in a process"),
                    Node(
                        "serviceTask",
                        "undo",
                        "Undo",
                        "compensation is not run",
                        attributes={"isForCompensation": "true"},
                    ),
                ),
                "start > call > serve > run > rule > again > end",
            ),
        ),
        beside=("interface", "globalUserTask", "import"),
    ),
    "choreography": Content((), beside=("choreography", "conversation", "relationship")),
}
