"""`python3 run.py bench [--json]`: cost of completing a human task against history and open cases,
and of expressions and decision tables (see `tests.benchmarks.expressions`).

Every figure is the median of many completions, and a ratio against SpiffWorkflow in memory at ten
finished tasks, measured in the same run and in turn, so that a noisy machine weighs on all alike.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import dataclass

from tests.benchmarks.expressions import costs, print_costs
from tests.benchmarks.review_loop import Durable, InMemory
from tests.postgres import server

FEW, MANY = 10, 5000
CASES = (10, 1000)
ROUNDS = 300


@dataclass(frozen=True)
class Figure:
    """One measured line; `at_most` is the bound that the project holds itself to."""

    what: str
    milliseconds: float
    ratio: float
    growth: float | None = None
    at_most: float | None = None


def main() -> int:
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--steps", type=int, default=MANY, help="finished steps of the old case")
    parser.add_argument("--only", choices=["feel"], help="measure nothing but this")
    arguments = parser.parse_args()
    expressions = costs()
    figures = [] if arguments.only == "feel" else measure(arguments.steps)
    if arguments.json:
        print(json.dumps([vars(figure) for figure in (*figures, *expressions)], indent=2))
    else:
        if figures:
            print_table(figures)
        print_costs(expressions)
    late = any(f.at_most is not None and (f.growth or 0) > f.at_most for f in figures)
    slow = any(c.at_most is not None and c.microseconds > c.at_most for c in expressions)
    return 1 if late or slow else 0


def measure(steps: int) -> list[Figure]:
    memory = _in_memory()
    figures = [Figure(f"SpiffWorkflow in memory, {FEW} finished tasks", memory * 1e3, 1.0)]
    figures.append(_spiff_with_history(memory))
    figures += _against_history("SQLite, synchronous FULL", "", steps, memory)
    figures += _against_cases("SQLite, synchronous FULL", "", memory)
    with server() as url:
        figures += _against_history("PostgreSQL", url, steps, memory)
    return figures


def _in_memory() -> float:
    samples = []
    for number in range(ROUNDS // 10):
        _progress("SpiffWorkflow in memory", number, ROUNDS // 10)
        loop = InMemory()
        for _ in range(FEW):
            loop.complete()
        samples.append(loop.complete())
    return statistics.median(samples)


def _spiff_with_history(memory: float) -> Figure:
    loop = InMemory()
    for _ in range(200):
        loop.complete()
    cost = statistics.median(loop.complete() for _ in range(20))
    return Figure("SpiffWorkflow in memory, 200 finished tasks", cost * 1e3, cost / memory)


def _against_history(name: str, url: str, steps: int, memory: float) -> list[Figure]:
    durable = Durable(url)
    old = durable.start()
    for number in range(steps):
        if number % 100 == 0:
            _progress(f"{name}: making a case of {steps} steps", number, steps)
        durable.complete(old)
    young_costs, old_costs = [], []
    for number in range(ROUNDS):
        if number % 50 == 0:
            _progress(f"{name}: measuring", number, ROUNDS)
        if number % FEW == 0:
            young = durable.start()
            for _ in range(FEW // 2):
                durable.complete(young)
        # In turn, so that whatever else the machine does weighs on both.
        young_costs.append(durable.complete(young))
        old_costs.append(durable.complete(old))
    durable.close()
    few, many = statistics.median(young_costs), statistics.median(old_costs)
    return [
        Figure(f"{name}, case of about {FEW} finished steps", few * 1e3, few / memory),
        Figure(
            f"{name}, case of {steps} finished steps",
            many * 1e3,
            many / memory,
            many / few - 1,
            0.15,
        ),
    ]


def _against_cases(name: str, url: str, memory: float) -> list[Figure]:
    loops = [Durable(url), Durable(url)]
    keys = [[loop.start() for _ in range(cases)] for loop, cases in zip(loops, CASES, strict=True)]
    costs: list[list[float]] = [[], []]
    for number in range(ROUNDS):
        if number % 50 == 0:
            _progress(f"{name}: measuring with {CASES[1]} open cases", number, ROUNDS)
        for loop, own, cost in zip(loops, keys, costs, strict=True):
            cost.append(loop.complete(own[number % len(own)]))
    for loop in loops:
        loop.close()
    few, many = (statistics.median(cost) for cost in costs)
    return [
        Figure(f"{name}, {CASES[0]} open cases", few * 1e3, few / memory),
        Figure(f"{name}, {CASES[1]} open cases", many * 1e3, many / memory, many / few - 1, 0.15),
    ]


def _progress(what: str, number: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{what} {number}/{total}\033[K", end="", file=sys.stderr, flush=True)


def print_table(figures: list[Figure]) -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    print(
        f"{'complete a human task (median)':58} {'ms':>8} {'ratio':>7} {'growth':>8} {'bound':>7}"
    )
    for figure in figures:
        growth = "" if figure.growth is None else f"{figure.growth:+.0%}"
        bound = "" if figure.at_most is None else f"{figure.at_most:+.0%}"
        print(
            f"{figure.what:58} {figure.milliseconds:8.3f} {figure.ratio:6.2f}x {growth:>8} "
            f"{bound:>7}"
        )


if __name__ == "__main__":
    raise SystemExit(main())
