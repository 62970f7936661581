"""Built-in functions for lists (DMN 1.5, tables 75 and 80)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException
from functools import cmp_to_key
from typing import Any, TypeVar

from engine.feel.budget import DEEPEST_VALUE, Environment, check_length, spend
from engine.feel.compare import DIRECTLY_ORDERED, equal, less
from engine.feel.errors import FeelBudgetExceeded
from engine.feel.numbers import ARITHMETIC
from engine.feel.signatures import builtin
from engine.feel.values import FunctionValue

Lists = list[Any]
Aggregate = TypeVar("Aggregate", bound=Callable[[Lists], Any])


def aggregate(name: str, kind: str = "") -> Callable[[Aggregate], Aggregate]:
    """Declare a function of a list, whose items may be given as so many arguments instead."""

    def declare(implementation: Aggregate) -> Aggregate:
        builtin(name, "list: list", kind=kind)(implementation)
        builtin(name, "*values: any", kind=kind)(lambda *values: implementation(list(values)))
        return implementation

    return declare


@builtin("list contains", "list: list", "element: any", environment=True, kind="boolean")
def list_contains(environment: Environment, items: Lists, element: Any) -> bool:
    return any(equal(environment, item, element) for item in items)


@builtin("count", "list: list", kind="number")
def count(items: Lists) -> Decimal:
    return Decimal(len(items))


@aggregate("min")
def smallest(items: Lists) -> Any:
    return _extreme(items, lambda item, best: less(item, best))


@aggregate("max")
def largest(items: Lists) -> Any:
    return _extreme(items, lambda item, best: less(best, item))


def _extreme(items: Lists, better: Callable[[Any, Any], bool | None]) -> Any:
    """The best item; null if there is none or two of them have no order."""
    if not items:
        return None
    best = items[0]
    for item in items:
        answer = better(item, best)
        if answer is None:
            return None
        if answer:
            best = item
    return best


def _numbers(items: Lists) -> list[Decimal] | None:
    return items if items and all(type(item) is Decimal for item in items) else None


@aggregate("sum", kind="number")
def total(items: Lists) -> Decimal | None:
    """Null for an empty list, and for a list with anything but numbers in it."""
    numbers = _numbers(items)
    if numbers is None:
        return None
    result = Decimal(0)
    try:
        for number in numbers:
            result = ARITHMETIC.add(result, number)
    except DecimalException:
        return None
    return result


@aggregate("product", kind="number")
def product(items: Lists) -> Decimal | None:
    numbers = _numbers(items)
    if numbers is None:
        return None
    result = Decimal(1)
    try:
        for number in numbers:
            result = ARITHMETIC.multiply(result, number)
    except DecimalException:
        return None
    return result


@aggregate("mean", kind="number")
def mean(items: Lists) -> Decimal | None:
    result = total(items)
    return None if result is None else ARITHMETIC.divide(result, Decimal(len(items)))


@aggregate("median", kind="number")
def median(items: Lists) -> Decimal | None:
    numbers = sorted(_numbers(items) or [])
    if not numbers:
        return None
    middle = len(numbers) // 2
    return numbers[middle] if len(numbers) % 2 else mean(numbers[middle - 1 : middle + 1])


@aggregate("stddev", kind="number")
def standard_deviation(items: Lists) -> Decimal | None:
    """Of a sample; null for fewer than two numbers."""
    middle = mean(items)
    if middle is None or len(items) < 2:
        return None
    try:
        squares = [
            ARITHMETIC.power(ARITHMETIC.subtract(item, middle), Decimal(2)) for item in items
        ]
    except DecimalException:
        return None
    variance = total(squares)
    if variance is None:
        return None
    return ARITHMETIC.sqrt(ARITHMETIC.divide(variance, Decimal(len(items) - 1)))


@aggregate("mode", kind="list")
def mode(items: Lists) -> Lists | None:
    """The most frequent numbers, in ascending order."""
    if not items:
        return []
    numbers = _numbers(items)
    if numbers is None:
        return None
    frequencies: dict[Decimal, int] = {}
    for number in numbers:
        frequencies[number] = frequencies.get(number, 0) + 1
    most = max(frequencies.values())
    return sorted(number for number, frequency in frequencies.items() if frequency == most)


@aggregate("all", kind="boolean")
def every(items: Lists) -> bool | None:
    """False if any item is false, true if all are true, otherwise null."""
    if any(item is False for item in items):
        return False
    return True if all(item is True for item in items) else None


@aggregate("any", kind="boolean")
def some(items: Lists) -> bool | None:
    """True if any item is true, false if all are false, otherwise null."""
    if any(item is True for item in items):
        return True
    return False if all(item is False for item in items) else None


@builtin("sublist", "list: list", "start position: number", "length: number?", kind="list")
def sublist(items: Lists, start: Decimal, length: Decimal | None = None) -> Lists | None:
    place = _place(items, start)
    if place is None:
        return None
    if length is None:
        return items[place:]
    return items[place : place + int(min(length, Decimal(len(items))))] if length >= 1 else None


def _place(items: Lists, position: Decimal) -> int | None:
    """The 0-based index of a 1-based position, negative ones from the end; None if outside."""
    if abs(position) > len(items) or int(position) == 0:
        return None
    place = int(position)
    return place - 1 if place > 0 else len(items) + place


@builtin("append", "list: list", "*item: any", kind="list")
def append(items: Lists, *added: Any) -> Lists:
    return _checked([*items, *added])


@builtin("concatenate", "*list: list", kind="list")
def concatenate(*lists: Lists) -> Lists:
    return _checked([item for items in lists for item in items])


@builtin("insert before", "list: list", "position: number", "newItem: any", kind="list")
def insert_before(items: Lists, position: Decimal, item: Any) -> Lists | None:
    place = _place(items, position)
    return None if place is None else _checked([*items[:place], item, *items[place:]])


@builtin("remove", "list: list", "position: number", kind="list")
def remove(items: Lists, position: Decimal) -> Lists | None:
    place = _place(items, position)
    return None if place is None else [*items[:place], *items[place + 1 :]]


@builtin("list replace", "list: list", "position: number", "newItem: any", kind="list")
def replace_at(items: Lists, position: Decimal, new: Any) -> Lists | None:
    place = _place(items, position)
    return None if place is None else [*items[:place], new, *items[place + 1 :]]


@builtin(
    "list replace", "list: list", "match: function", "newItem: any", environment=True, kind="list"
)
def replace_matching(
    environment: Environment, items: Lists, match: FunctionValue, new: Any
) -> Lists | None:
    """Every item replaced for which the function of item and new item is true."""
    if not match.takes(2):
        return None
    result = []
    for item in items:
        answer = match.call(environment, (item, new))
        if type(answer) is not bool:
            return None
        result.append(new if answer else item)
    return result


@builtin("reverse", "list: list", kind="list")
def reverse(items: Lists) -> Lists:
    return items[::-1]


@builtin("index of", "list: list", "match: any", environment=True, kind="list")
def index_of(environment: Environment, items: Lists, match: Any) -> Lists:
    return [
        Decimal(place)
        for place, item in enumerate(items, 1)
        if equal(environment, item, match) is True
    ]


@builtin("distinct values", "list: list", environment=True, kind="list")
def distinct_values(environment: Environment, items: Lists) -> Lists:
    """The items without repetitions, each where it came first."""
    seen: set[tuple[type, Any]] = set()
    result: Lists = []
    others: Lists = []
    for item in items:
        if type(item) in (str, Decimal, bool, type(None)):
            if (type(item), item) in seen:
                continue
            seen.add((type(item), item))
        else:
            spend(environment, 1 + len(others))
            if any(equal(environment, item, other) for other in others):
                continue
            others.append(item)
        result.append(item)
    return result


@builtin("union", "*list: list", environment=True, kind="list")
def union(environment: Environment, *lists: Lists) -> Lists:
    return distinct_values(environment, concatenate(*lists))


@builtin("flatten", "list: list", environment=True, kind="list")
def flatten(environment: Environment, items: Lists) -> Lists:
    result: Lists = []
    _flatten_into(environment, items, result, 0)
    return result


def _flatten_into(environment: Environment, items: Lists, result: Lists, depth: int) -> None:
    if depth > DEEPEST_VALUE:
        raise FeelBudgetExceeded(
            f"The list is nested more than {DEEPEST_VALUE} deep. Nest fewer lists."
        )
    for item in items:
        if type(item) is list:
            spend(environment, 1 + len(item))
            _flatten_into(environment, item, result, depth + 1)
        else:
            result.append(item)
    check_length(len(result))


@builtin("sort", "list: list", "precedes: function", environment=True, kind="list")
def sort(environment: Environment, items: Lists, precedes: FunctionValue) -> Lists | None:
    """In the order of a function that says whether its first argument comes before its second."""
    if not precedes.takes(2):
        return None

    def order(left: Any, right: Any) -> int:
        if precedes.call(environment, (left, right)) is True:
            return -1
        return 1 if precedes.call(environment, (right, left)) is True else 0

    return sorted(items, key=cmp_to_key(order))


@builtin("sort", "list: list", environment=True, kind="list")
def sort_naturally(environment: Environment, items: Lists) -> Lists | None:
    """In ascending order; null if two items have none."""
    if smallest(items) is None:
        return [] if not items else None
    if type(items[0]) in DIRECTLY_ORDERED:
        return sorted(items)

    def order(left: Any, right: Any) -> int:
        spend(environment, 1)
        return -1 if less(left, right) else 1

    return sorted(items, key=cmp_to_key(order))


def _checked(items: Lists) -> Lists:
    check_length(len(items))
    return items
