"""`python3 run.py bench`: what the service costs, beside what the project aims at.

Every ratio is to SpiffWorkflow in memory at ten finished tasks, measured in the same run and in
turn, so that a noisy machine weighs on all alike; every figure is a median. What misses its bound
is shown as “short”. The command fails only where a figure misses what the project holds itself to
on any machine: that neither a case's history nor other open cases make a step dearer, and what
expressions and tables cost.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks import completion, expressions, over_http, picture, scale
from tests.benchmarks.figure import Figure, Part, progress

PARTS: dict[str, Part] = {
    "memory": completion.in_memory,
    "completion": completion.completion,
    "history": completion.history,
    "start": completion.start,
    "statements": completion.statements,
    "http": over_http.over_http,
    "scale": scale.figures,
    "expressions": expressions.figures,
}


def main() -> int:
    """Measure what was asked for. Returns 1 where a figure misses what the project holds to."""
    parser = argparse.ArgumentParser(
        prog="run.py bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument(
        "--only",
        type=_parts,
        default=list(PARTS),
        metavar="PART,...",
        help=f"measure these parts only: {', '.join(PARTS)}",
    )
    parser.add_argument(
        "--large", action="store_true", help="measure the largest scales too; takes hours"
    )
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="FILE.svg",
        help="draw cost against history and against open cases, and measure nothing else",
    )
    arguments = parser.parse_args()
    if arguments.picture is not None:
        arguments.picture.write_text(picture.draw())
        return 0
    if not arguments.json:
        print(_line("what", "at most", "aim", "measured", ""))
    found = []
    for figure in _measured(arguments.only, arguments.large):
        found.append(figure)
        if not arguments.json:
            _clear()
            print(_line(*_words(figure)), flush=True)
    _clear()
    if arguments.json:
        print(json.dumps([{**asdict(f), "verdict": f.verdict} for f in found], indent=2))
    return int(any(figure.fails for figure in found))


def _measured(parts: list[str], large: bool) -> Iterator[Figure]:
    for name in parts:
        progress(name, 0, 1)
        yield from PARTS[name](large)


def _parts(given: str) -> list[str]:
    chosen = [name.strip() for name in given.split(",")]
    if unknown := [name for name in chosen if name not in PARTS]:
        raise argparse.ArgumentTypeError(
            f"there is no part {', '.join(unknown)}. Choose from: {', '.join(PARTS)}"
        )
    return chosen


def _words(figure: Figure) -> tuple[str, str, str, str, str]:
    said = {"aim": "reaches the aim", "bound": "within the bound", "": ""}.get(
        figure.verdict, figure.verdict
    )
    remark = "; ".join(part for part in (said, figure.note) if part)
    limits = [
        "" if limit is None else _value(limit, figure.unit) for limit in (figure.bound, figure.aim)
    ]
    return figure.what, *limits, _value(figure.measured, figure.unit), remark  # type: ignore[return-value]


def _value(number: float, unit: str) -> str:
    if unit == "%":
        return f"{number:+.0%}"
    if unit == "x":
        return f"{number:.2f}x"
    digits = 0 if number >= 100 or (not unit and number == int(number)) else 2
    return f"{number:,.{digits}f} {unit}".rstrip()


def _line(what: str, bound: str, aim: str, measured: str, remark: str) -> str:
    return f"{what:70} {bound:>9} {aim:>9} {measured:>11}  {remark}".rstrip()


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
