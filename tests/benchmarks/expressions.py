"""What FEEL and decision tables cost, beside Python's own `eval` of the equal expression.

Each figure is the best of several runs, taken in turn with Python's, in the same process.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable, Iterator

from engine import feel
from engine.decisions import parse_decisions
from tests.benchmarks.figure import Figure, progress

ROUNDS = 200
"""Runs are many and short, so that some are not interrupted by whatever else the machine does."""
VALUES = {"score": 12, "rating": "red"}
COMPARISON = "score > 10"
CONDITION = 'score >= 10 and rating = "red"'
ROWS = 20


def figures(large: bool) -> Iterator[Figure]:
    """The cost of one run of each, in microseconds."""
    comparison = feel.compile_expression(COMPARISON)
    condition = feel.compile_expression(CONDITION)
    python_comparison = compile(COMPARISON, "", "eval")
    python_condition = compile('score >= 10 and rating == "red"', "", "eval")
    table = parse_decisions(_table(), "bench.dmn")["t"]
    python_table = compile(_python_table(), "", "exec")
    yield _cost(
        "evaluate a comparison",
        lambda: comparison.evaluate(VALUES),
        lambda: eval(python_comparison, {}, VALUES),
        2,
    )
    yield _cost(
        "evaluate two comparisons joined by and",
        lambda: condition.evaluate(VALUES),
        lambda: eval(python_condition, {}, VALUES),
    )
    yield _cost(
        "compile a comparison",
        lambda: feel.compile_expression(COMPARISON),
        lambda: compile(COMPARISON, "", "eval"),
        50,
        8,
    )
    yield _cost(
        f"evaluate a table of {ROWS} rows and 2 inputs",
        lambda: table.evaluate(VALUES),
        lambda: exec(python_table, {}, dict(VALUES)),
        20,
        8,
    )


def _cost(
    what: str,
    ours: Callable[[], object],
    python: Callable[[], object],
    at_most: float | None = None,
    times: int = 200,
) -> Figure:
    best = [float("inf"), float("inf")]
    for number in range(ROUNDS):
        if number % 20 == 0:
            progress(what, number, ROUNDS)
        for place, function in enumerate((ours, python)):
            best[place] = min(best[place], timeit.timeit(function, number=times) / times * 1e6)
    note = f"Python {best[1]:.2f} µs"
    return Figure(f"{what} (best)", best[0], "µs", at_most, note=note, held=at_most)


def _table() -> bytes:
    rows = "".join(
        f"<rule id='r{number}'><inputEntry><text>[{number}..{number + 1})</text></inputEntry>"
        '<inputEntry><text>"red"</text></inputEntry>'
        f"<outputEntry><text>{number}</text></outputEntry></rule>"
        for number in range(ROWS)
    )
    return (
        "<definitions xmlns='https://www.omg.org/spec/DMN/20191111/MODEL/' id='d' namespace='n'>"
        "<decision id='t' name='T'><decisionTable>"
        "<input><inputExpression typeRef='number'><text>score</text></inputExpression></input>"
        "<input><inputExpression typeRef='string'><text>rating</text></inputExpression></input>"
        f"<output name='o' typeRef='number'/>{rows}</decisionTable></decision></definitions>"
    ).encode()


def _python_table() -> str:
    return "\n".join(
        f'if {number} <= score < {number + 1} and rating == "red": result = {number}'
        for number in range(ROWS)
    )
