"""Equality, order and membership, each true, false or null (DMN 1.5, 10.3.2.13 and table 53)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.feel.budget import Environment, spend
from engine.feel.values import Range, YearsMonthsDuration
from engine.feel.zones import instant, offset_of, seconds_of_day, zone_name

_DIRECT: frozenset[type] = frozenset(
    {str, Decimal, bool, date, timedelta, YearsMonthsDuration, type(None)}
)
DIRECTLY_ORDERED: frozenset[type] = frozenset({str, Decimal, date, timedelta, YearsMonthsDuration})
"""Kinds of values that Python's `<` orders as FEEL does, each among itself."""


def equal(environment: Environment, left: Any, right: Any) -> bool | None:
    """Whether two values are the same; null where they are of different kinds and neither null.

    Lists and contexts are compared part by part, each part counted as a step.
    """
    kind = type(left)
    if kind is not type(right):
        return False if left is None or right is None else None
    if kind in _DIRECT:
        return bool(left == right)
    if kind is list:
        return _equal_lists(environment, left, right)
    if kind is dict:
        return _equal_contexts(environment, left, right)
    if kind is datetime or kind is time:
        return _equal_points(_whole_seconds(left, right))
    if kind is Range:
        if (left.start_included, left.end_included) != (right.start_included, right.end_included):
            return False
        if left.written != right.written:
            return False
        return _all_equal(environment, ((left.start, right.start), (left.end, right.end)))
    return None


def _equal_lists(environment: Environment, left: list[Any], right: list[Any]) -> bool | None:
    spend(environment, 1 + min(len(left), len(right)))
    if len(left) != len(right):
        return False
    return _all_equal(environment, zip(left, right, strict=True))


def _equal_contexts(
    environment: Environment, left: dict[str, Any], right: dict[str, Any]
) -> bool | None:
    spend(environment, 1 + len(left))
    if left.keys() != right.keys():
        return False
    return _all_equal(environment, ((value, right[name]) for name, value in left.items()))


def _all_equal(environment: Environment, pairs: Any) -> bool | None:
    result: bool | None = True
    for left, right in pairs:
        same = equal(environment, left, right)
        if same is False:
            return False
        if same is None:
            result = None
    return result


def _equal_points(pair: tuple[Any, Any] | None) -> bool | None:
    return None if pair is None else bool(pair[0] == pair[1])


def comparable_datetimes(left: datetime, right: datetime) -> tuple[datetime, datetime] | None:
    """Both as points on one line; None where one has a time zone and the other has not."""
    if (left.tzinfo is None) != (right.tzinfo is None):
        return None
    return instant(left), instant(right)


def comparable_times(left: time, right: time) -> tuple[timedelta, timedelta] | None:
    """Both as time since midnight UTC, or since local midnight where they share a zone."""
    left_offset, right_offset = offset_of(left), offset_of(right)
    if left_offset is None and right_offset is None and zone_name(left) == zone_name(right):
        return seconds_of_day(left), seconds_of_day(right)
    if left_offset is None or right_offset is None:
        return None
    return seconds_of_day(left) - left_offset, seconds_of_day(right) - right_offset


def ordered(left: Any, right: Any) -> tuple[Any, Any] | None:
    """Two values that Python's `<` orders as FEEL does; None where FEEL has no order for them."""
    kind = type(left)
    if kind is not type(right):
        return None
    if kind in DIRECTLY_ORDERED:
        return left, right
    if kind is datetime or kind is time:
        return _whole_seconds(left, right)
    return None


def _whole_seconds(left: Any, right: Any) -> tuple[Any, Any] | None:
    """Two points in time to the second, which is as far as DMN compares them (10.3.2.3.4)."""
    left, right = left.replace(microsecond=0), right.replace(microsecond=0)
    if type(left) is datetime:
        return comparable_datetimes(left, right)
    return comparable_times(left, right)


def less(left: Any, right: Any) -> bool | None:
    pair = ordered(left, right)
    return None if pair is None else pair[0] < pair[1]


def less_or_equal(left: Any, right: Any) -> bool | None:
    pair = ordered(left, right)
    return None if pair is None else pair[0] <= pair[1]


def greater(left: Any, right: Any) -> bool | None:
    pair = ordered(left, right)
    return None if pair is None else pair[0] > pair[1]


def greater_or_equal(left: Any, right: Any) -> bool | None:
    pair = ordered(left, right)
    return None if pair is None else pair[0] >= pair[1]


def both(left: bool | None, right: bool | None) -> bool | None:
    """Three-valued and."""
    if left is False or right is False:
        return False
    return True if left is True and right is True else None


def make_range(start: Any, end: Any, start_included: bool, end_included: bool) -> Range | None:
    """The range; null if an end is null or they have no order or the wrong one."""
    if start is None or end is None or less_or_equal(start, end) is not True:
        return None
    return Range(start, end, start_included, end_included)


def range_holds(value: Any, interval: Range) -> bool | None:
    """Whether a value lies in the range; null where they cannot be compared."""
    after: bool | None = True
    before: bool | None = True
    if interval.start is not None:
        after = (greater_or_equal if interval.start_included else greater)(value, interval.start)
    if interval.end is not None:
        before = (less_or_equal if interval.end_included else less)(value, interval.end)
    return both(after, before)


def passes(environment: Environment, value: Any, test: Any) -> bool | None:
    """`value in test` for one evaluated test: a range, a list of tests, or a value to equal."""
    if type(test) is Range and type(value) is not Range:
        return range_holds(value, test)
    if type(test) is list:
        spend(environment, 1 + len(test))
        for item in test:
            if type(item) is Range and type(value) is not Range:
                if range_holds(value, item):
                    return True
            elif equal(environment, value, item):
                return True
        return type(value) is list and equal(environment, value, test) is True
    return equal(environment, value, test)
