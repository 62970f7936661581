"""What a completion costs against the history of its case and against other open cases, drawn.

SQLite is not made to wait for the disk here: how long that takes depends on the disk alone, and
where other programs use it as well it would hide what is shown. Each point is the lower quartile
of its samples, which other programs disturb least.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence

from tests.benchmarks.figure import progress
from tests.benchmarks.review_loop import Durable, InMemory

HISTORY = (10, 30, 100, 300, 1_000, 3_000, 10_000)
IN_MEMORY = (10, 30, 100, 200, 300)
"""SpiffWorkflow stops after 333 finished tasks of this case."""
CASES = (10, 100, 1_000, 10_000)
SAMPLES, WARM = 60, 200

_WIDTH, _HEIGHT = 400, 250
_LEFT, _TOP = 60, 40
_OURS, _SPIFF, _INK, _GRID = "#1d70b8", "#d4351c", "#0b0c0c", "#b1b4b6"

Points = list[tuple[float, float]]


def draw() -> str:
    """Measure, and draw it as SVG; costs are multiples of SpiffWorkflow's at ten tasks."""
    spiff = _in_memory()
    unit = spiff[0][1]
    spiff, ours, cases = (_scaled(points, unit) for points in (spiff, _history(), _cases()))
    highest = max(y for _, y in (*spiff, *ours, *cases))
    panels = _panel(
        0,
        "Finished tasks in the case",
        HISTORY,
        [("SpiffWorkflow in memory", _SPIFF, spiff), ("CAF Pathways on SQLite", _OURS, ours)],
        highest,
    ) + _panel(
        _WIDTH + _LEFT, "Open cases", CASES, [("CAF Pathways on SQLite", _OURS, cases)], highest
    )
    whole = 2 * (_WIDTH + _LEFT) + 20
    title = "What completing a human task costs (1x: SpiffWorkflow in memory at ten finished tasks)"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {_HEIGHT + 100}" '
        f'role="img" font-family="Arial, sans-serif" font-size="13" fill="{_INK}">'
        f"<title>{title}</title>"
        f'<rect width="{whole}" height="{_HEIGHT + 100}" fill="#ffffff"/>'
        f'<text x="10" y="20" font-weight="bold">{title}</text>'
        f"{panels}</svg>\n"
    )


def _in_memory() -> Points:
    found = []
    for tasks in IN_MEMORY:
        progress("SpiffWorkflow in memory", tasks, IN_MEMORY[-1])
        costs = []
        for _ in range(5):
            loop = InMemory()
            for _ in range(tasks - 2):
                loop.complete()
            costs += [loop.complete() for _ in range(4)]
        found.append((float(tasks), _undisturbed(costs)))
    return found


def _history() -> Points:
    durable = Durable(synchronous="NORMAL")
    durable.age(durable.start(), WARM)
    key = durable.start()
    found, done = [], 0
    for tasks in HISTORY:
        durable.age(key, max(0, tasks - done))
        found.append((float(tasks), _cost(durable, [key])))
        done = max(tasks, done) + SAMPLES
    durable.close()
    return found


def _cases() -> Points:
    durable = Durable(synchronous="NORMAL")
    durable.age(durable.start(), WARM)
    keys: list[str] = []
    found = []
    for cases in CASES:
        for number in range(cases - len(keys)):
            if number % 100 == 0:
                progress(f"opening {cases:,} cases", number, cases)
            keys.append(durable.start())
        found.append((float(cases), _cost(durable, keys)))
    durable.close()
    return found


def _cost(durable: Durable, keys: Sequence[str]) -> float:
    chosen = [keys[number * len(keys) // SAMPLES] for number in range(SAMPLES)]
    return _undisturbed([durable.complete(key) for key in chosen])


def _undisturbed(costs: list[float]) -> float:
    return statistics.quantiles(costs, n=4)[0]


def _scaled(points: Points, unit: float) -> Points:
    return [(x, y / unit) for x, y in points]


def _panel(
    left: int,
    name: str,
    across: Sequence[int],
    lines: Iterable[tuple[str, str, Points]],
    highest: float,
) -> str:
    """One set of axes, both logarithmic, with a line for each of what was measured."""
    left += _LEFT
    decades = range(-1, math.ceil(math.log10(highest)) + 1)

    def x_of(value: float) -> float:
        span = math.log10(across[-1] / across[0])
        return round(left + _WIDTH * 0.95 * math.log10(value / across[0]) / span, 1)

    def y_of(value: float) -> float:
        part = (math.log10(value) - decades[0]) / (decades[-1] - decades[0])
        return round(_TOP + _HEIGHT * (1 - min(max(part, 0), 1)), 1)

    drawn = []
    for decade in decades:
        y = y_of(10**decade)
        drawn.append(f'<path d="M{left} {y}h{_WIDTH - 20}" stroke="{_GRID}"/>')
        drawn.append(f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{10**decade:g}x</text>')
    for value in across:
        if math.log10(value) % 1 == 0:
            drawn.append(
                f'<text x="{x_of(value)}" y="{_TOP + _HEIGHT + 18}" text-anchor="middle">'
                f"{value:,}</text>"
            )
    drawn.append(
        f'<text x="{left + _WIDTH / 2}" y="{_TOP + _HEIGHT + 42}" text-anchor="middle">{name}'
        "</text>"
    )
    for number, (label, colour, points) in enumerate(lines):
        path = " ".join(f"{x_of(x)},{y_of(y)}" for x, y in points)
        # Each kind of line has a mark of its own: colour alone would not tell them apart.
        marks = "".join(
            f'<circle cx="{x_of(x)}" cy="{y_of(y)}" r="4" fill="{colour}"/>'
            if colour == _OURS
            else f'<rect x="{x_of(x) - 4}" y="{y_of(y) - 4}" width="8" height="8" fill="{colour}"/>'
            for x, y in points
        )
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn.append(marks)
        drawn.append(
            f'<text x="{left + 10}" y="{_TOP + _HEIGHT - 30 + 18 * number}" fill="{colour}">'
            f"{'●' if colour == _OURS else '■'} {label}</text>"
        )
    return "".join(drawn)
