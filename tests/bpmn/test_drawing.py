"""Every diagram is drawn so that it can be read; and each rule of `drawing` can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bpmn.drawing import faults

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI">'
)
MODEL = """
<bpmn:collaboration id="c"><bpmn:participant id="pool" processRef="p"/></bpmn:collaboration>
<bpmn:process id="p">
  <bpmn:laneSet id="lanes">
    <bpmn:lane id="upper">
      <bpmn:flowNodeRef>begin</bpmn:flowNodeRef><bpmn:flowNodeRef>late</bpmn:flowNodeRef>
      <bpmn:flowNodeRef>inner_begin</bpmn:flowNodeRef><bpmn:flowNodeRef>work</bpmn:flowNodeRef>
      <bpmn:flowNodeRef>fine</bpmn:flowNodeRef>
    </bpmn:lane>
    <bpmn:lane id="lower">
      <bpmn:flowNodeRef>mend</bpmn:flowNodeRef><bpmn:flowNodeRef>done</bpmn:flowNodeRef>
    </bpmn:lane>
  </bpmn:laneSet>
  <bpmn:startEvent id="begin" name="Begin"/>
  <bpmn:subProcess id="inner">
    <bpmn:startEvent id="inner_begin"/>
    <bpmn:userTask id="work" name="Work"/>
    <bpmn:sequenceFlow id="begin_work" sourceRef="inner_begin" targetRef="work"/>
  </bpmn:subProcess>
  <bpmn:boundaryEvent id="late" name="Late" attachedToRef="inner"/>
  <bpmn:exclusiveGateway id="fine" name="Fine?"/>
  <bpmn:userTask id="mend" name="Mend"/>
  <bpmn:endEvent id="done" name="Done"/>
  <bpmn:sequenceFlow id="begin_inner" sourceRef="begin" targetRef="inner"/>
  <bpmn:sequenceFlow id="inner_fine" sourceRef="inner" targetRef="fine"/>
  <bpmn:sequenceFlow id="fine_done" name="Yes" sourceRef="fine" targetRef="done"/>
  <bpmn:sequenceFlow id="late_mend" sourceRef="late" targetRef="mend"/>
  <bpmn:sequenceFlow id="mend_done" sourceRef="mend" targetRef="done"/>
</bpmn:process>
"""
SHAPES = {
    "pool": (0, 0, 700, 400),
    "upper": (30, 0, 670, 200),
    "lower": (30, 200, 670, 200),
    "begin": (62, 82, 36, 36),
    "inner": (150, 30, 250, 140),
    "inner_begin": (172, 82, 36, 36),
    "work": (250, 60, 100, 80),
    "late": (232, 152, 36, 36),
    "fine": (455, 75, 50, 50),
    "mend": (300, 260, 100, 80),
    "done": (602, 282, 36, 36),
}
EDGES = {
    "begin_work": [(208, 100), (250, 100)],
    "begin_inner": [(98, 100), (150, 100)],
    "inner_fine": [(400, 100), (455, 100)],
    "fine_done": [(505, 100), (620, 100), (620, 282)],
    "late_mend": [(250, 188), (250, 300), (300, 300)],
    "mend_done": [(400, 300), (602, 300)],
}
LABELS = {
    "begin": (64, 122, 32, 14),
    "late": (272, 176, 30, 14),
    "fine": (462, 56, 36, 14),
    "done": (604, 322, 32, 14),
    "fine_done": (510, 82, 24, 14),
}


def draw(
    shapes: dict[str, tuple[float, ...]] | None = None,
    edges: dict[str, list[tuple[float, float]]] | None = None,
    labels: dict[str, tuple[float, ...] | None] | None = None,
    model: str = MODEL,
) -> bytes:
    """A small, well drawn diagram with the given parts moved."""

    def box(bounds: tuple[float, ...]) -> str:
        x, y, width, height = bounds
        return f'<dc:Bounds x="{x}" y="{y}" width="{width}" height="{height}"/>'

    all_labels = {**LABELS, **(labels or {})}

    def label(key: str) -> str:
        bounds = all_labels.get(key)
        return f"<bpmndi:BPMNLabel>{box(bounds)}</bpmndi:BPMNLabel>" if bounds else ""

    parts = [
        f'<bpmndi:BPMNShape bpmnElement="{key}">{box(bounds)}{label(key)}</bpmndi:BPMNShape>'
        for key, bounds in {**SHAPES, **(shapes or {})}.items()
        if bounds
    ]
    for key, points in {**EDGES, **(edges or {})}.items():
        way = "".join(f'<di:waypoint x="{x}" y="{y}"/>' for x, y in points)
        parts.append(f'<bpmndi:BPMNEdge bpmnElement="{key}">{way}{label(key)}</bpmndi:BPMNEdge>')
    plane = f'<bpmndi:BPMNPlane bpmnElement="c">{"".join(parts)}</bpmndi:BPMNPlane>'
    return (
        f"{HEAD}{model}<bpmndi:BPMNDiagram>{plane}</bpmndi:BPMNDiagram></bpmn:definitions>"
    ).encode()


def test_each_diagram_can_be_read(diagram: Path) -> None:
    assert [str(fault) for fault in faults(diagram.read_bytes())] == []


def test_a_well_drawn_diagram_has_no_faults() -> None:
    assert [str(fault) for fault in faults(draw())] == []


@pytest.mark.parametrize(
    ("changes", "kind", "ids"),
    [
        ({"shapes": {"pool": (0, 0, 700, 961)}}, "too high", {"pool"}),
        ({"shapes": {"mend": (540, 260, 100, 80)}}, "overlap", {"mend", "done"}),
        ({"shapes": {"begin": (132, 82, 36, 36)}}, "overlap", {"begin", "inner"}),
        ({"shapes": {"work": (220, 100, 100, 60)}}, "overlap", {"work", "late"}),
        ({"shapes": {"lower": (30, 190, 670, 200)}}, "overlap", {"upper", "lower"}),
        ({"shapes": {"lower": (30, 200, 700, 200)}}, "outside its pool", {"lower"}),
        ({"shapes": {"late": (300, 180, 36, 36)}}, "not on its border", {"late", "inner"}),
        ({"shapes": {"work": (310, 60, 100, 80)}}, "outside its parent", {"work", "inner"}),
        ({"shapes": {"done": (690, 282, 36, 36)}}, "outside its parent", {"done", "pool"}),
        ({"shapes": {"mend": (300, 190, 100, 80)}}, "outside its lane", {"mend", "lower"}),
        (
            {"model": MODEL.replace("<bpmn:flowNodeRef>mend</bpmn:flowNodeRef>", "")},
            "in no lane",
            {"mend"},
        ),
        ({"edges": {"mend_done": [(405, 300), (602, 300)]}}, "not docked", {"mend_done", "mend"}),
        (
            {"edges": {"inner_fine": [(400, 100), (465, 100)]}},
            "not docked",
            {"inner_fine", "fine"},
        ),
        ({"edges": {"begin_inner": [(98, 108), (150, 100)]}}, "oblique", {"begin_inner"}),
        (
            {"edges": {"begin_inner": [(80, 118), (80, 320), (580, 320), (580, 300), (400, 300)]}},
            "edge through shape",
            {"begin_inner", "mend"},
        ),
        (
            {"edges": {"fine_done": [(480, 125), (480, 300), (320, 300), (320, 260)]}},
            "edge through shape",
            {"fine_done", "mend"},
        ),
        (
            {"edges": {"inner_fine": [(400, 150), (440, 150), (440, 350), (480, 350), (480, 125)]}},
            "crossing edges",
            {"inner_fine", "mend_done"},
        ),
        ({"labels": {"fine": None}}, "name without label", {"fine"}),
        ({"labels": {"fine_done": None}}, "name without label", {"fine_done"}),
        ({"labels": {"fine": (462, 10, 36, 14)}}, "label far away", {"fine"}),
        ({"labels": {"begin": (64, 122, 12, 8)}}, "label too small", {"begin"}),
        ({"labels": {"fine": (462, 70, 36, 14)}}, "label on shape", {"fine"}),
        ({"labels": {"fine_done": (560, 94, 24, 14)}}, "label on edge", {"fine_done"}),
        ({"labels": {"late": (272, 193, 30, 14)}}, "label on border", {"late", "upper"}),
        ({"labels": {"late": (272, 163, 30, 14)}}, "label on border", {"late", "inner"}),
        ({"labels": {"fine": (490, 76, 36, 14)}}, "label on label", {"fine", "fine_done"}),
        ({"shapes": {"done": (202, 342, 36, 36)}}, "right to left", {"mend_done"}),
        ({"shapes": {"mend": ()}}, "not drawn", {"mend"}),
    ],
)
def test_a_fault_is_told_with_its_elements(
    changes: dict[str, object], kind: str, ids: set[str]
) -> None:
    found = faults(draw(**changes))  # type: ignore[arg-type]
    assert any(fault.kind == kind and ids <= set(fault.ids) for fault in found), [
        str(fault) for fault in found
    ]


def test_a_diagram_that_runs_backwards_is_told() -> None:
    mirrored = {
        key: (700 - x - width, y, width, height)
        for key, (x, y, width, height) in SHAPES.items()
        if key not in ("pool", "upper", "lower")
    }
    kinds = {fault.kind for fault in faults(draw(shapes=mirrored))}
    assert "mostly right to left" in kinds
