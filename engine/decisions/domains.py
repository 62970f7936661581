"""What an input column can hold, cut into pieces that no cell tells apart.

A cell that compares with constants treats every value between two neighbouring constants alike, so
one sample of each piece stands for all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine import feel
from engine.decisions.table import Input

_ORDERED = (
    "number",
    "date",
    "time",
    "date and time",
    "days and time duration",
    "years and months duration",
)
_MOST_PIECES = 400


ANYTHING = "anything"
"""The sample of a column that is one piece, for nothing is known of its values."""


@dataclass(frozen=True, slots=True)
class Domain:
    """The pieces of a column by their samples, or why it cannot be cut into any.

    The last is null. `expected` are the numbers of those that a table has to have a rule for: null
    only if a cell names it, and texts that no cell names only if the allowed values list them.
    """

    samples: tuple[Any, ...]
    expected: tuple[int, ...] = ()
    why_not: str = ""


def domain_of(column: Input, tests: Sequence[feel.UnaryTests]) -> Domain:
    """The pieces of a column that these cells stand in."""
    constants: list[Any] = []
    for test in tests:
        constants.extend(test.constants or ())
    allowed = column.allowed
    if allowed is not None:
        if allowed.constants is None:
            return _uncut("its allowed values are worked out when the table runs")
        constants.extend(allowed.constants)
    values = list(_points(constants))
    kind = column.type.kind
    kinds = {feel.kind_of(value) for value in values} - {"null"}
    if kind == "Any":
        if len(kinds) > 1:
            return _uncut(f"it is compared with {' and '.join(sorted(kinds))}; give it a type")
        kind = kinds.pop() if kinds else "Any"
    samples = _samples("number" if kind == "integer" else kind, values, constants)
    if samples is None:
        return _uncut(f"values of the type {kind} cannot be listed")
    kept = [
        sample
        for sample in samples
        if column.type.accepts(sample) and (allowed is None or allowed.matches(sample, {}))
    ]
    if len(kept) > _MOST_PIECES:
        return _uncut("its cells name too many values")
    expected = list(range(len(kept)))
    if kind == "string" and allowed is None:
        expected.pop()
    if any(value is None for value in values):
        expected.append(len(kept))
    return Domain((*kept, None), tuple(expected))


def _uncut(why_not: str) -> Domain:
    return Domain((ANYTHING, None), (0,), why_not)


def _points(constants: Iterable[Any]) -> Iterable[Any]:
    for value in constants:
        if isinstance(value, feel.Range):
            yield from (end for end in (value.start, value.end) if end is not None)
        elif type(value) is list:
            yield from _points(value)
        else:
            yield value


def _samples(kind: str, values: list[Any], constants: list[Any]) -> list[Any] | None:
    if kind == "boolean":
        return [True, False]
    if kind == "string":
        if any(isinstance(value, feel.Range) for value in constants):
            return None
        texts = sorted({value for value in values if type(value) is str})
        other = "any other text"
        while other in texts:
            other += "…"
        return [*texts, other]
    if kind == "Any":
        return [ANYTHING]
    return _between(kind, values) if kind in _ORDERED else None


def _between(kind: str, values: list[Any]) -> list[Any] | None:
    """The values in order, with one sample before, between and after them."""
    own = [value for value in values if feel.kind_of(value) == kind]
    if kind in ("time", "date and time") and len({value.tzinfo is None for value in own}) > 1:
        return None
    points = sorted(set(own))
    if not points:
        return [_ANY_OF[kind]]
    samples = [point for point in (_step(points[0], -1),) if point is not None]
    for index, point in enumerate(points):
        samples.append(point)
        following = points[index + 1] if index + 1 < len(points) else None
        step = _step(point, 1)
        if following is None:
            if step is not None:
                samples.append(step)
        elif step is not None and step < following:
            samples.append(step)
        else:
            middle = _middle(point, following)
            if middle is not None:
                samples.append(middle)
    return samples


_ANY_OF: dict[str, Any] = {
    "number": Decimal(1),
    "date": date(2024, 5, 31),
    "time": time(9, 30),
    "date and time": datetime(2024, 5, 31, 9, 30),  # noqa: DTZ001  a local one is meant
    "days and time duration": timedelta(days=1),
    "years and months duration": feel.YearsMonthsDuration(1),
}


def _step(value: Any, direction: int) -> Any:
    """A value a little further on, None at the end of what there is."""
    try:
        if type(value) is Decimal:
            return value + direction
        if type(value) is feel.YearsMonthsDuration:
            return feel.YearsMonthsDuration(value.months + direction)
        if type(value) is time:
            moved = datetime.combine(date(2000, 1, 2), value) + timedelta(minutes=direction)
            return moved.timetz() if moved.day == 2 else None
        return value + timedelta(days=direction)
    except OverflowError:
        return None


def _middle(first: Any, second: Any) -> Any:
    """A value between two that lie close together, None if there is none."""
    if type(first) is Decimal:
        return (first + second) / 2
    if type(first) is time:
        day = date(2000, 1, 2)
        gap = datetime.combine(day, second) - datetime.combine(day, first)
        return (datetime.combine(day, first) + gap / 2).timetz() if gap > _SECOND else None
    if type(first) in (datetime, timedelta):
        gap = second - first
        return first + gap / 2 if gap > _SECOND else None
    return None


_SECOND = timedelta(seconds=1)
