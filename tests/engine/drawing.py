"""Small diagrams for tests: as XML, and, for block-structured ones, with a reference semantics.

`bpmn(...)` draws a file from terse lines. The block classes say what BPMN 2.0 clause 13 means for
nested blocks by walking the blocks themselves, without tokens or joins, so that the engine can be
held against something that was not made from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, pairwise

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" targetNamespace="t">'
)


def properties(**values: str) -> str:
    inner = "".join(
        f'<spiffworkflow:property name="{name}" value="{value}"/>' for name, value in values.items()
    )
    return (
        "<bpmn:extensionElements><spiffworkflow:properties>"
        f"{inner}</spiffworkflow:properties></bpmn:extensionElements>"
    )


def element(kind: str, id: str, inner: str = "", **attributes: str) -> str:
    text = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<bpmn:{kind} id="{id}" name="{id}"{text}>{inner}</bpmn:{kind}>'


def flows(lines: str) -> str:
    """`a > b > c | condition` for each line: a flow a-b, a flow b-c with that condition."""
    out = []
    for line in lines.split(";"):
        path, _, condition = line.partition("|")
        names = [name.strip() for name in path.split(">") if name.strip()]
        for source, target in pairwise(names):
            inner = ""
            if condition.strip():
                inner = (
                    '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">'
                    f"{condition.strip()}</bpmn:conditionExpression>"
                )
            out.append(
                f'<bpmn:sequenceFlow id="{source}_to_{target}" sourceRef="{source}" '
                f'targetRef="{target}">{inner}</bpmn:sequenceFlow>'
            )
    return "".join(out)


def message(name: str) -> str:
    return f'<bpmn:messageEventDefinition messageRef="message_{name}"/>'


def timer(kind: str, expression: str) -> str:
    return (
        "<bpmn:timerEventDefinition>"
        f'<bpmn:{kind} xsi:type="bpmn:tFormalExpression">{expression}</bpmn:{kind}>'
        "</bpmn:timerEventDefinition>"
    )


def document(*processes: str, messages: tuple[str, ...] = (), declared: str = "") -> bytes:
    named = "".join(f'<bpmn:message id="message_{name}" name="{name}"/>' for name in messages)
    return f"{HEAD}{named}{declared}{''.join(processes)}</bpmn:definitions>".encode()


def process(id: str, inner: str, roles: Mapping[str, str] | None = None) -> str:
    lanes = ""
    if roles:
        sets: dict[str, list[str]] = {}
        for name, role in roles.items():
            sets.setdefault(role, []).append(f"<bpmn:flowNodeRef>{name}</bpmn:flowNodeRef>")
        lanes = "<bpmn:laneSet id='lanes'>" + "".join(
            f'<bpmn:lane id="lane_{number}" name="{role}">{"".join(refs)}</bpmn:lane>'
            for number, (role, refs) in enumerate(sets.items())
        )
        lanes += "</bpmn:laneSet>"
    return f'<bpmn:process id="{id}" name="{id}" isExecutable="true">{lanes}{inner}</bpmn:process>'


# --- blocks ------------------------------------------------------------------------------------


@dataclass
class Block:
    """A piece of a process with one way in and one way out."""


@dataclass
class Do(Block):
    """A user task."""

    name: str = ""


@dataclass
class Then(Block):
    """One after the other."""

    parts: list[Block]


@dataclass
class Both(Block):
    """Parallel gateway, split and join."""

    parts: list[Block]


@dataclass
class Either(Block):
    """Exclusive gateway: the first part whose condition holds, else the last."""

    parts: list[Block]
    conditions: list[str] = field(default_factory=list)


@dataclass
class Some(Block):
    """Inclusive gateway: every part whose condition holds, the last if none does."""

    parts: list[Block]
    conditions: list[str] = field(default_factory=list)


@dataclass
class Until(Block):
    """Again and again until the condition holds."""

    part: Block
    condition: str = ""


@dataclass
class Within(Block):
    """A sub-process; a message interrupts it, another starts a task beside it."""

    part: Block
    interrupt: Do | None = None
    beside: Do | None = None
    name: str = ""


def named(block: Block) -> Block:
    """Give every task, condition and sub-process of a generated tree its own name."""
    numbers = count(1)

    def name(item: Block) -> None:
        match item:
            case Do():
                item.name = f"task{next(numbers)}"
            case Then() | Both():
                for part in item.parts:
                    name(part)
            case Either() | Some():
                for part in item.parts:
                    name(part)
                item.conditions = [f"c{next(numbers)}" for _ in item.parts[1:]]
            case Until():
                name(item.part)
                item.condition = f"c{next(numbers)}"
            case Within():
                item.name = f"sub{next(numbers)}"
                name(item.part)
                for extra in (item.interrupt, item.beside):
                    if extra is not None:
                        name(extra)

    name(block)
    return block


def parts_of(block: Block) -> Iterator[Block]:
    yield block
    inner: list[Block] = []
    match block:
        case Then() | Both() | Either() | Some():
            inner = block.parts
        case Until():
            inner = [block.part]
        case Within():
            inner = [block.part, *(x for x in (block.interrupt, block.beside) if x)]
    for part in inner:
        yield from parts_of(part)


def draw(block: Block) -> bytes:
    """The diagram of a block as one process `p`."""
    pen = _Pen()
    inner = pen.scope(block)
    return document(process("p", inner), messages=tuple(pen.messages))


class _Pen:
    def __init__(self) -> None:
        self.numbers = count(1)
        self.messages: list[str] = []

    def scope(self, block: Block) -> str:
        number = next(self.numbers)
        out: list[str] = []
        first, last = self.block(block, out)
        start, end = f"start{number}", f"end{number}"
        out += [element("startEvent", start), element("endEvent", end)]
        out.append(flows(f"{start} > {first}; {last} > {end}"))
        return "".join(out)

    def block(self, block: Block, out: list[str]) -> tuple[str, str]:
        match block:
            case Do():
                out.append(element("userTask", block.name))
                return block.name, block.name
            case Then():
                ends = [self.block(part, out) for part in block.parts]
                for (_, last), (first, _) in pairwise(ends):
                    out.append(flows(f"{last} > {first}"))
                return ends[0][0], ends[-1][1]
            case Both():
                return self.gateway("parallelGateway", block.parts, [], out)
            case Either():
                return self.gateway("exclusiveGateway", block.parts, block.conditions, out)
            case Some():
                return self.gateway("inclusiveGateway", block.parts, block.conditions, out)
            case Until():
                enter, leave = f"enter{next(self.numbers)}", f"leave{next(self.numbers)}"
                after = f"after{next(self.numbers)}"
                first, last = self.block(block.part, out)
                out.append(element("exclusiveGateway", enter))
                out.append(element("exclusiveGateway", leave, default=f"{leave}_to_{enter}"))
                out.append(element("exclusiveGateway", after))
                out.append(flows(f"{enter} > {first}; {last} > {leave}; {leave} > {enter}"))
                out.append(flows(f"{leave} > {after} | {block.condition}"))
                return enter, after
        assert isinstance(block, Within)
        out.append(element("subProcess", block.name, self.scope(block.part)))
        after = f"after{next(self.numbers)}"
        out.append(element("exclusiveGateway", after))
        out.append(flows(f"{block.name} > {after}"))
        for task, cancels in ((block.interrupt, "true"), (block.beside, "false")):
            if task is None:
                continue
            name = f"on_{task.name}"
            self.messages.append(task.name)
            self.block(task, out)
            out.append(
                element(
                    "boundaryEvent",
                    name,
                    message(task.name),
                    attachedToRef=block.name,
                    cancelActivity=cancels,
                )
            )
            if cancels == "true":
                out.append(flows(f"{name} > {task.name} > {after}"))
            else:
                out.append(element("endEvent", f"done_{task.name}"))
                out.append(flows(f"{name} > {task.name} > done_{task.name}"))
        return block.name, after

    def gateway(
        self, kind: str, parts: list[Block], conditions: list[str], out: list[str]
    ) -> tuple[str, str]:
        split, join = f"split{next(self.numbers)}", f"join{next(self.numbers)}"
        ends = [self.block(part, out) for part in parts]
        default = {"default": f"{split}_to_{ends[-1][0]}"} if conditions else {}
        out.append(element(kind, split, **default))
        out.append(element(kind, join))
        for number, (first, last) in enumerate(ends):
            condition = f"| {conditions[number]}" if number < len(conditions) else ""
            out.append(flows(f"{split} > {first} {condition}"))
            out.append(flows(f"{last} > {join}"))
        return split, join


# --- the reference -----------------------------------------------------------------------------


class Reference:
    """What has to be open in a block after each action, by walking the blocks."""

    def __init__(self, block: Block, variables: dict[str, bool]) -> None:
        self.variables = variables
        self.top = _Scope(self, block)

    def open(self) -> list[str]:
        return sorted(self.top.open())

    @property
    def finished(self) -> bool:
        return self.top.done

    def messages(self) -> list[str]:
        return sorted(self.top.messages())

    def complete(self, name: str) -> None:
        """Complete the one that was opened first of the tasks with this name."""
        assert self.top.complete(name)

    def send(self, name: str) -> None:
        assert self.top.send(name)


class _Live:
    def __init__(self, reference: Reference, block: Block, scope: _Scope | None) -> None:
        self.reference = reference
        self.block = block
        self.scope = scope
        self.done = False
        self.inner: list[_Live] = []
        self.begin()

    def make(self, block: Block) -> _Live:
        if isinstance(block, Within):
            return _Activity(self.reference, block, self.scope)
        return _Live(self.reference, block, self.scope)

    def begin(self) -> None:
        block, value = self.block, self.reference.variables
        match block:
            case Then():
                self.inner = [self.make(block.parts[0])]
                self.position = 0
            case Both():
                self.inner = [self.make(part) for part in block.parts]
            case Either():
                hit = (n for n, c in enumerate(block.conditions) if value.get(c))
                self.inner = [self.make(block.parts[next(hit, len(block.parts) - 1)])]
            case Some():
                hits = [n for n, c in enumerate(block.conditions) if value.get(c)]
                chosen = hits or [len(block.parts) - 1]
                self.inner = [self.make(block.parts[number]) for number in chosen]
            case Until():
                self.inner = [self.make(block.part)]
        self.look()

    def look(self) -> None:
        """Move on as far as what is inside is done."""
        block = self.block
        if isinstance(block, Do):
            return
        while all(part.done for part in self.inner):
            if isinstance(block, Then) and self.position + 1 < len(block.parts):
                self.position += 1
                self.inner = [self.make(block.parts[self.position])]
            elif isinstance(block, Until) and not self.reference.variables.get(block.condition):
                self.inner = [self.make(block.part)]
            else:
                self.done = True
                return

    def open(self) -> Iterator[str]:
        if self.done:
            return
        if isinstance(self.block, Do):
            yield self.block.name
        for part in self.inner:
            yield from part.open()

    def messages(self) -> Iterator[str]:
        if not self.done:
            for part in self.inner:
                yield from part.messages()

    def complete(self, name: str) -> bool:
        if self.done:
            return False
        if isinstance(self.block, Do):
            if self.block.name == name:
                self.done = True
            return self.done
        return self.within(any(part.complete(name) for part in self.inner))

    def send(self, name: str) -> bool:
        if self.done:
            return False
        return self.within(any(part.send(name) for part in self.inner))

    def within(self, moved: bool) -> bool:
        if moved:
            self.look()
        return moved


class _Scope(_Live):
    """A process or the inside of a sub-process: over when nothing beside it is open either."""

    def __init__(self, reference: Reference, block: Block) -> None:
        self.beside: list[_Live] = []
        super().__init__(reference, block, None)

    def begin(self) -> None:
        self.scope = self
        self.inner = [self.make(self.block)]
        self.look()

    def look(self) -> None:
        self.done = all(part.done for part in (*self.inner, *self.beside))

    def open(self) -> Iterator[str]:
        for part in (*self.inner, *self.beside):
            yield from part.open()

    def complete(self, name: str) -> bool:
        parts = (*self.inner, *self.beside)
        return self.within(any(part.complete(name) for part in parts))


class _Activity(_Live):
    """A sub-process with its boundary events."""

    block: Within

    def begin(self) -> None:
        self.inner = [_Scope(self.reference, self.block.part)]
        self.look()

    def look(self) -> None:
        self.done = self.inner[0].done

    def messages(self) -> Iterator[str]:
        if self.done:
            return
        yield from super().messages()
        if isinstance(self.inner[0], _Scope):
            for task in (self.block.interrupt, self.block.beside):
                if task is not None:
                    yield task.name

    def complete(self, name: str) -> bool:
        return not self.done and self.within(self.inner[0].complete(name))

    def send(self, name: str) -> bool:
        if self.done:
            return False
        if isinstance(self.inner[0], _Scope):
            if self.block.interrupt is not None and self.block.interrupt.name == name:
                self.inner = [_Live(self.reference, self.block.interrupt, self.scope)]
                return True
            if self.block.beside is not None and self.block.beside.name == name:
                assert self.scope is not None
                self.scope.beside.append(_Live(self.reference, self.block.beside, self.scope))
                return True
        return self.within(self.inner[0].send(name))
