"""Values as JSON and back."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import feel

ZONES = st.one_of(
    st.none(),
    st.sampled_from([ZoneInfo("Europe/London"), ZoneInfo("Asia/Kolkata"), ZoneInfo("UTC")]),
    st.integers(-17 * 60, 17 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
NUMBERS = st.one_of(
    st.integers(-(10**34) + 1, 10**34 - 1).map(Decimal),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-1e20, max_value=1e20),
    st.sampled_from([Decimal("0.1"), Decimal("1E+3"), Decimal("1.0"), Decimal("-0"), Decimal(0)]),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    st.text(),
    st.dates(),
    st.times(timezones=ZONES),
    st.datetimes(timezones=ZONES, allow_imaginary=True),
    st.timedeltas(),
    st.integers(-10_000, 10_000).map(feel.YearsMonthsDuration),
)
KEYS = st.one_of(st.text(max_size=8), st.sampled_from(["@", "@number", "@@", "@range", "@later"]))
VALUES = st.recursive(
    st.one_of(SCALARS, st.builds(feel.Range, NUMBERS, NUMBERS, st.booleans(), st.booleans())),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


def identical(left: object, right: object) -> bool:
    """Equal, of the same types, digits, zones and folds all through; zero has no sign."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(identical, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(identical(left[k], right[k]) for k in left)
    if isinstance(left, feel.Range) and isinstance(right, feel.Range):
        return (
            identical(left.start, right.start)
            and identical(left.end, right.end)
            and (
                left.start_included,
                left.end_included,
            )
            == (right.start_included, right.end_included)
        )
    if isinstance(left, datetime | time) and isinstance(right, datetime | time):
        return (
            left.replace(tzinfo=None) == right.replace(tzinfo=None)
            and getattr(left.tzinfo, "key", left.utcoffset())
            == getattr(right.tzinfo, "key", right.utcoffset())
            and left.fold == right.fold
        )
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return left == right and left.as_tuple()[1:] == right.as_tuple()[1:]
    return left == right


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_every_value_comes_back_as_it_was(value: object) -> None:
    content = feel.dump_json(value)
    json.loads(content)
    assert identical(feel.load_json(content), value)


@settings(max_examples=100, deadline=None)
@given(st.binary() | st.text().map(str.encode))
def test_any_content_is_read_or_refused(content: bytes) -> None:
    try:
        feel.load_json(content)
    except feel.FeelError as error:
        assert error.message


def test_the_form_of_the_json() -> None:
    value = {
        "age": Decimal(7),
        "rate": Decimal("0.1"),
        "done": True,
        "on": date(2024, 5, 31),
        "every": feel.YearsMonthsDuration(3),
        "@odd": None,
    }
    assert json.loads(feel.dump_json(value)) == {
        "age": 7,
        "rate": {"@number": "0.1"},
        "done": True,
        "on": {"@": "2024-05-31"},
        "every": {"@": "P3M"},
        "@@odd": None,
    }


def test_pythons_own_numbers_and_tuples_become_values_of_feel() -> None:
    assert feel.load_json(feel.dump_json((1, 0.1, True))) == [Decimal(1), Decimal("0.1"), True]
    assert feel.load_json(b"[1.10, 12345678901234567890.5]") == [
        Decimal("1.10"),
        Decimal("12345678901234567890.5"),
    ]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"NaN", b'{"@": "P1Y1D"}', b'{"@": 5}', b'{"@x": 1}', b'{"@number": "x"}',
     b'{"@number": 1}', b'{"@range": [1, 2]}', b'{"@later": "P1D"}', b"1e99999", b"[" * 100_000],
)  # fmt: skip
def test_damaged_json_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(feel.FeelError) as caught:
        feel.load_json(content)
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("value", [object(), {1: 2}, float("nan"), Decimal("Infinity"), {"a": {1}}])
def test_what_is_no_value_is_not_stored(value: object) -> None:
    with pytest.raises(feel.FeelEvaluationError):
        feel.dump_json(value)


def test_a_value_that_holds_the_same_part_too_often_is_not_stored() -> None:
    value: list[object] = ["x"]
    for _ in range(40):
        value = [value, value]
    with pytest.raises(feel.FeelBudgetExceeded, match="parts"):
        feel.dump_json(value)
