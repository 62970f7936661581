"""What a practitioner would stumble over in a picture: the geometry of a BPMN diagram.

`faults(xml)` reads shapes, edges and labels (BPMN 2.0, clause 12: BPMN DI) and returns what is
wrong with them, each with the ids of the elements involved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DD = "{http://www.omg.org/spec/DD/20100524/DI}"

CHARACTER, SPACE = 5.1, 3.1
"""Mean widths in an 11 px label, in pixels."""
LINE = 13
FORWARD_SHARE = 0.75
TALLEST = 960
"""Pixels: at its natural size the whole height is on the screen, and only the width is scrolled."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Fault:
    """`kind` says which rule is broken, `ids` by which elements."""

    kind: str
    ids: tuple[str, ...]
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {', '.join(self.ids)} {self.detail}".rstrip()


@dataclass(frozen=True)
class Box:
    """A rectangle of the drawing."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def centre(self) -> Point:
        return self.left + self.width / 2, self.top + self.height / 2

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, other: Box) -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def crossed_by(self, start: Point, end: Point, margin: float = 1) -> bool:
        """Whether a horizontal or vertical line enters the inside."""
        (x1, y1), (x2, y2) = sorted((start, end))
        return (
            x2 > self.left + margin
            and x1 < self.right - margin
            and max(y1, y2) > self.top + margin
            and min(y1, y2) < self.bottom - margin
        )

    def distance(self, other: Box) -> float:
        across = max(self.left - other.right, other.left - self.right, 0)
        down = max(self.top - other.bottom, other.top - self.bottom, 0)
        return across + down


@dataclass
class Shape:
    """A flow node; `scope` is the sub-process it stands in, or the process."""

    id: str
    kind: str
    name: str
    scope: str
    box: Box
    label: Box | None
    host: str | None = None

    def touches(self, point: Point) -> bool:
        """Whether `point` lies on the border that is drawn: circle, diamond or rectangle."""
        x, y = point
        centre_x, centre_y = self.box.centre
        across, down = abs(x - centre_x), abs(y - centre_y)
        half_width, half_height = self.box.width / 2, self.box.height / 2
        if self.kind.endswith("Event"):
            return abs((across**2 + down**2) ** 0.5 - half_width) <= 1.5
        if self.kind.endswith("Gateway"):
            return abs(across / half_width + down / half_height - 1) <= 0.05
        on_side = abs(across - half_width) <= 1 and down <= half_height + 1
        on_top = abs(down - half_height) <= 1 and across <= half_width + 1
        return on_side or on_top


@dataclass
class Edge:
    """A sequence flow with its waypoints."""

    id: str
    name: str
    source: str
    target: str
    points: list[Point]
    label: Box | None

    @property
    def segments(self) -> list[tuple[Point, Point]]:
        return list(pairwise(self.points))


@dataclass
class Drawing:
    """All that is drawn of one process."""

    pool: Box
    lanes: dict[str, Box] = field(default_factory=dict)
    lane_of: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def around(self, shape: Shape) -> Iterator[Shape]:
        """The sub-processes that a shape stands in, inmost first."""
        while shape.scope in self.shapes:
            shape = self.shapes[shape.scope]
            yield shape

    def within(self, inner: Shape, outer: Shape) -> bool:
        return any(shape is outer for shape in self.around(inner))


def read(xml: bytes) -> Drawing:
    """The drawing in a BPMN file with one pool."""
    root = etree.fromstring(xml)
    planned = {
        entry.get("bpmnElement"): entry
        for tag in ("BPMNShape", "BPMNEdge")
        for entry in root.iter(f"{DI}{tag}")
    }
    drawing = Drawing(_bounds(planned[root.find(f".//{BPMN}participant").get("id")]))
    for lane in root.iter(f"{BPMN}lane"):
        drawing.lanes[lane.get("id")] = _bounds(planned[lane.get("id")])
        for reference in lane.iter(f"{BPMN}flowNodeRef"):
            drawing.lane_of[reference.text] = lane.get("id")
    for node in root.iter(f"{BPMN}*"):
        kind = etree.QName(node).localname
        if not kind.endswith(("Event", "Task", "Gateway")) and kind not in (
            "callActivity",
            "subProcess",
            "sequenceFlow",
        ):
            continue
        entry, key, name = planned.get(node.get("id")), node.get("id"), node.get("name") or ""
        if entry is None:
            drawing.missing.append(key)
        elif kind == "sequenceFlow":
            points = [(float(p.get("x")), float(p.get("y"))) for p in entry.iter(f"{DD}waypoint")]
            drawing.edges.append(
                Edge(key, name, node.get("sourceRef"), node.get("targetRef"), points, _label(entry))
            )
        else:
            drawing.shapes[key] = Shape(
                key,
                kind,
                name,
                node.getparent().get("id"),
                _bounds(entry),
                _label(entry),
                node.get("attachedToRef"),
            )
    return drawing


def faults(xml: bytes) -> list[Fault]:
    """Everything that makes the diagram hard to read, or that no BPMN editor would have drawn."""
    drawing = read(xml)
    if drawing.missing:
        return [Fault("not drawn", (key,)) for key in drawing.missing]
    return [
        *_height(drawing),
        *_overlapping_shapes(drawing),
        *_out_of_place(drawing),
        *_edges_apart(drawing),
        *_edges_through_shapes(drawing),
        *_crossing_edges(drawing),
        *_labels(drawing),
        *_direction(drawing),
    ]


def _bounds(entry: etree._Element) -> Box:
    bounds = entry.find(f"{DC}Bounds")
    return Box(*(float(bounds.get(name)) for name in ("x", "y", "width", "height")))


def _label(entry: etree._Element) -> Box | None:
    label = entry.find(f"{DI}BPMNLabel")
    return None if label is None or label.find(f"{DC}Bounds") is None else _bounds(label)


def _height(drawing: Drawing) -> Iterator[Fault]:
    if drawing.pool.height > TALLEST:
        yield Fault("too high", ("pool",), f"{drawing.pool.height:g} pixels, {TALLEST} at most")


def _overlapping_shapes(drawing: Drawing) -> Iterator[Fault]:
    for one, other in combinations(drawing.shapes.values(), 2):
        attached = one.host == other.id or other.host == one.id
        nested = drawing.within(one, other) or drawing.within(other, one)
        if not attached and not nested and one.box.overlaps(other.box):
            yield Fault("overlap", (one.id, other.id))


def _out_of_place(drawing: Drawing) -> Iterator[Fault]:
    for lane, box in drawing.lanes.items():
        if not drawing.pool.holds(box):
            yield Fault("outside its pool", (lane,))
    for (one, box), (other, its_box) in combinations(drawing.lanes.items(), 2):
        if box.overlaps(its_box):
            yield Fault("overlap", (one, other))
    for shape in drawing.shapes.values():
        inmost = next(drawing.around(shape), None)
        if shape.host is not None:
            host = drawing.shapes[shape.host]
            border = Shape(host.id, "task", "", "", host.box, None)
            if not border.touches(shape.box.centre):
                yield Fault("not on its border", (shape.id, shape.host))
        if not (inmost.box if inmost else drawing.pool).holds(shape.box):
            yield Fault("outside its parent", (shape.id, inmost.id if inmost else "pool"))
        lane = drawing.lane_of.get(shape.id)
        if lane is not None and not drawing.lanes[lane].holds(shape.box):
            yield Fault("outside its lane", (shape.id, lane))
        if lane is None and drawing.lanes and shape.kind != "subProcess":
            yield Fault("in no lane", (shape.id,))


def _edges_apart(drawing: Drawing) -> Iterator[Fault]:
    for edge in drawing.edges:
        for end, point in ((edge.source, edge.points[0]), (edge.target, edge.points[-1])):
            if not drawing.shapes[end].touches(point):
                yield Fault("not docked", (edge.id, end), f"at {point}")
        for (x1, y1), (x2, y2) in edge.segments:
            if x1 != x2 and y1 != y2:
                yield Fault("oblique", (edge.id,), f"from {(x1, y1)} to {(x2, y2)}")


def _edges_through_shapes(drawing: Drawing) -> Iterator[Fault]:
    for edge in drawing.edges:
        source, target = drawing.shapes[edge.source], drawing.shapes[edge.target]
        around = [*drawing.around(source), *drawing.around(target)]
        for shape in drawing.shapes.values():
            if shape not in around and any(shape.box.crossed_by(*part) for part in edge.segments):
                yield Fault("edge through shape", (edge.id, shape.id))


def _crossing_edges(drawing: Drawing) -> Iterator[Fault]:
    for one, other in combinations(drawing.edges, 2):
        # Flows out of one gateway, or into one, may share the way like branches of a tree.
        if one.source == other.source or one.target == other.target:
            continue
        if any(_meet(a, b) for a in one.segments for b in other.segments):
            yield Fault("crossing edges", (one.id, other.id))


def _meet(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    (ax, ay), (bx, by) = sorted(one)
    (cx, cy), (dx, dy) = sorted(other)
    return (
        min(bx, dx) >= max(ax, cx)
        and min(max(ay, by), max(cy, dy)) >= max(min(ay, by), min(cy, dy))
        and not (one[1] == other[0] or one[0] == other[1])
    )


def _labels(drawing: Drawing) -> Iterator[Fault]:
    labelled: list[tuple[str, str, Box, list[Box]]] = []
    for shape in drawing.shapes.values():
        if shape.name and shape.kind.endswith(("Event", "Gateway")):
            if shape.label is None:
                yield Fault("name without label", (shape.id,))
            else:
                labelled.append((shape.id, shape.name, shape.label, [shape.box]))
    for edge in drawing.edges:
        if edge.name and edge.label is None:
            yield Fault("name without label", (edge.id,))
        elif edge.name and edge.label is not None:
            parts = [_span(*part) for part in edge.segments]
            labelled.append((edge.id, edge.name, edge.label, parts))
    borders = [
        *((lane, part) for lane, box in drawing.lanes.items() for part in _outline(box)),
        *(
            (shape.id, part)
            for shape in drawing.shapes.values()
            if shape.kind == "subProcess"
            for part in _outline(shape.box)
        ),
    ]
    for key, name, box, owner in labelled:
        if min(box.distance(part) for part in owner) > 20:
            yield Fault("label far away", (key,))
        if _lines(name, box.width) * LINE > box.height + 2:
            yield Fault("label too small", (key,), name)
        for shape in drawing.shapes.values():
            if shape.kind != "subProcess" and shape.box.overlaps(box):
                yield Fault("label on shape", (key, shape.id))
        for edge in drawing.edges:
            if any(box.crossed_by(*part) for part in edge.segments):
                yield Fault("label on edge", (key, edge.id))
        for border, part in borders:
            if box.crossed_by(*part):
                yield Fault("label on border", (key, border))
    for (one, _, box, _), (other, _, its_box, _) in combinations(labelled, 2):
        if box.overlaps(its_box):
            yield Fault("label on label", (one, other))


def _span(start: Point, end: Point) -> Box:
    (x1, y1), (x2, y2) = start, end
    return Box(min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1))


def _outline(box: Box) -> list[tuple[Point, Point]]:
    corners = [
        (box.left, box.top),
        (box.right, box.top),
        (box.right, box.bottom),
        (box.left, box.bottom),
        (box.left, box.top),
    ]
    return list(pairwise(corners))


def _lines(text: str, width: float) -> int:
    lines, used = 1, 0.0
    for word in text.split():
        room = len(word) * CHARACTER
        if used and used + SPACE + room > width:
            lines, used = lines + 1, room
        else:
            used += room + (SPACE if used else 0)
    return lines


def _direction(drawing: Drawing) -> Iterator[Fault]:
    """Reading goes from left to right; only flows back to a gateway, which is a loop, may not."""
    backward = [
        edge
        for edge in drawing.edges
        if drawing.shapes[edge.target].box.centre[0] < drawing.shapes[edge.source].box.centre[0]
    ]
    for edge in backward:
        if not drawing.shapes[edge.target].kind.endswith("Gateway"):
            yield Fault("right to left", (edge.id,))
    if drawing.edges and 1 - len(backward) / len(drawing.edges) < FORWARD_SHARE:
        yield Fault("mostly right to left", tuple(edge.id for edge in backward))
