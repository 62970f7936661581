"""Built-in functions that relate points and ranges (DMN 1.5, table 79).

Two points, a point and a range, or two ranges are compared by their ends, with care for whether an
end belongs to its range. What cannot be compared is null.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.feel.arithmetic import negate
from engine.feel.budget import new_environment
from engine.feel.compare import both, equal, less, make_range, range_holds
from engine.feel.errors import FeelSyntaxError
from engine.feel.nodes import Call, Interval, Literal, Negation, Node
from engine.feel.parser import Parser
from engine.feel.scanner import KnownNames
from engine.feel.signatures import builtin
from engine.feel.temporal import parse_date, parse_date_and_time, parse_duration, parse_time
from engine.feel.values import Range

Truth = bool | None

_ENDS: dict[str, Callable[[str], Any]] = {
    "date": parse_date,
    "time": parse_time,
    "date and time": parse_date_and_time,
    "duration": parse_duration,
}
_END_NAMES = KnownNames(list(_ENDS))


@builtin("range", "from: string", kind="range")
def range_from(text: str) -> Range | None:
    """The range that a text writes, both ends literal; null if it writes none (table 72)."""
    try:
        node = Parser(text, _END_NAMES).expression()
    except FeelSyntaxError:
        return None
    if not isinstance(node, Interval) or node.start is None or node.end is None:
        return None
    start, end = _end(node.start), _end(node.end)
    return make_range(start, end, node.start_included, node.end_included)


def _end(node: Node) -> Any:
    """The value of a literal end, None if it is anything else."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Negation):
        return negate(_end(node.operand))
    if isinstance(node, Call) and node.function in _ENDS and len(node.arguments) == 1:
        argument = node.arguments[0]
        if isinstance(argument, Literal) and isinstance(argument.value, str):
            return _ENDS[node.function](argument.value)
    return None


def _same(left: Any, right: Any) -> Truth:
    return None if left is None or right is None else equal(new_environment(), left, right)


def _either(left: Truth, right: Truth) -> Truth:
    if left is True or right is True:
        return True
    return False if left is False and right is False else None


def _invert(value: Truth) -> Truth:
    return None if value is None else not value


def _relation(
    name: str, *parameters: str
) -> Callable[[Callable[[Any, Any], Truth]], Callable[[Any, Any], Truth]]:
    return builtin(name, *(f"{parameter}: given" for parameter in parameters), kind="boolean")


def _two_ranges(left: Any, right: Any) -> bool:
    return type(left) is Range and type(right) is Range


@_relation("before", "point1", "point2")
def before(left: Any, right: Any) -> Truth:
    if type(left) is not Range and type(right) is not Range:
        return less(left, right)
    end = left.end if type(left) is Range else left
    start = right.start if type(right) is Range else right
    touching = (type(left) is not Range or left.end_included) and (
        type(right) is not Range or right.start_included
    )
    return less(end, start) if touching else _either(less(end, start), _same(end, start))


@_relation("after", "point1", "point2")
def after(left: Any, right: Any) -> Truth:
    return before(right, left)


@_relation("meets", "range1", "range2")
def meets(left: Any, right: Any) -> Truth:
    if not _two_ranges(left, right):
        return None
    if not (left.end_included and right.start_included):
        return False
    return _same(left.end, right.start)


@_relation("met by", "range1", "range2")
def met_by(left: Any, right: Any) -> Truth:
    return meets(right, left)


@_relation("overlaps", "range1", "range2")
def overlaps(left: Any, right: Any) -> Truth:
    if not _two_ranges(left, right):
        return None
    return both(_invert(before(left, right)), _invert(before(right, left)))


@_relation("overlaps before", "range1", "range2")
def overlaps_before(left: Any, right: Any) -> Truth:
    """The first starts earlier, ends inside the second, and they share something."""
    if not _two_ranges(left, right):
        return None
    return both(
        both(_starts_earlier(left, right), overlaps(left, right)),
        _invert(_ends_earlier(right, left)),
    )


@_relation("overlaps after", "range1", "range2")
def overlaps_after(left: Any, right: Any) -> Truth:
    return overlaps_before(right, left)


def _starts_earlier(left: Range, right: Range) -> Truth:
    earlier = less(left.start, right.start)
    if left.start_included and not right.start_included:
        return _either(earlier, _same(left.start, right.start))
    return earlier


def _ends_earlier(left: Range, right: Range) -> Truth:
    earlier = less(left.end, right.end)
    if right.end_included and not left.end_included:
        return _either(earlier, _same(left.end, right.end))
    return earlier


@_relation("finishes", "point", "range")
def finishes(left: Any, right: Any) -> Truth:
    if type(right) is not Range:
        return None
    if type(left) is not Range:
        return _same(left, right.end) if right.end_included else False
    if left.end_included != right.end_included:
        return False
    return both(_same(left.end, right.end), _invert(_starts_earlier(left, right)))


@_relation("finished by", "range", "point")
def finished_by(left: Any, right: Any) -> Truth:
    return finishes(right, left)


@_relation("starts", "point", "range")
def starts(left: Any, right: Any) -> Truth:
    if type(right) is not Range:
        return None
    if type(left) is not Range:
        return _same(left, right.start) if right.start_included else False
    if left.start_included != right.start_included:
        return False
    return both(_same(left.start, right.start), _invert(_ends_earlier(right, left)))


@_relation("started by", "range", "point")
def started_by(left: Any, right: Any) -> Truth:
    return starts(right, left)


@_relation("includes", "range", "point")
def includes(left: Any, right: Any) -> Truth:
    if type(left) is not Range:
        return None
    if type(right) is not Range:
        return range_holds(right, left)
    return both(_invert(_starts_earlier(right, left)), _invert(_ends_earlier(left, right)))


@_relation("during", "point", "range")
def during(left: Any, right: Any) -> Truth:
    return includes(right, left)


@_relation("coincides", "point1", "point2")
def coincides(left: Any, right: Any) -> Truth:
    if type(left) is Range and type(right) is Range:
        if (
            make_range(left.start, right.start, True, True) is None
            and make_range(right.start, left.start, True, True) is None
        ):
            return None
        return equal(new_environment(), left, right)
    return None if type(left) is Range or type(right) is Range else _same(left, right)
