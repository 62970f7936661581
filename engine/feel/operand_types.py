"""Which kinds of values operators and functions take, and what they give.

DMN 1.5, tables 53 to 58 and 66, and for functions 10.3.2.9.4.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.feel.nodes import TypeName
from engine.feel.properties import PROPERTIES
from engine.feel.signatures import FunctionEntry, Signature
from engine.feel.types import ANY
from engine.feel.values import kind_of_type

_NUMBER, _STRING = "number", "string"
_DATE, _TIME, _BOTH = "date", "time", "date and time"
_DAYS, _MONTHS = "days and time duration", "years and months duration"
_POINTS = (_DATE, _BOTH)
_ORDERED = frozenset((_NUMBER, _STRING, _DATE, _TIME, _BOTH, _DAYS, _MONTHS))

_PLUS = {
    (_NUMBER, _NUMBER): _NUMBER,
    (_STRING, _STRING): _STRING,
    (_DAYS, _DAYS): _DAYS,
    (_MONTHS, _MONTHS): _MONTHS,
    (_TIME, _DAYS): _TIME,
    (_DATE, _DAYS): _DATE,
    (_DATE, _MONTHS): _DATE,
    (_BOTH, _DAYS): _BOTH,
    (_BOTH, _MONTHS): _BOTH,
}
_TIMES = {
    (_NUMBER, _NUMBER): _NUMBER,
    (_DAYS, _NUMBER): _DAYS,
    (_MONTHS, _NUMBER): _MONTHS,
}
_RESULTS: dict[str, dict[tuple[str, str], str]] = {
    "+": _PLUS | {(right, left): result for (left, right), result in _PLUS.items()},
    "-": {key: result for key, result in _PLUS.items() if key != (_STRING, _STRING)}
    | {(left, right): _DAYS for left in _POINTS for right in _POINTS}
    | {(_TIME, _TIME): _DAYS},
    "*": _TIMES | {(right, left): result for (left, right), result in _TIMES.items()},
    "/": _TIMES | {(_DAYS, _DAYS): _NUMBER, (_MONTHS, _MONTHS): _NUMBER},
    "**": {(_NUMBER, _NUMBER): _NUMBER},
}
_PROPERTIES = {kind_of_type(kind): names for kind, names in PROPERTIES.items()}
_PROPERTY_TYPES = {
    "time offset": _DAYS,
    "timezone": _STRING,
    "start included": "boolean",
    "end included": "boolean",
}

_ACCEPTED = {
    "string": {"string"},
    "number": {"number"},
    "boolean": {"boolean"},
    "context": {"context"},
    "range": {"range"},
    "date": {"date", "date and time"},
    "date and time": {"date", "date and time"},
    "time": {"time"},
    "duration": {"days and time duration", "years and months duration"},
    "days": {"days and time duration"},
    "function": {"function"},
}
"""For each kind of parameter the types that may be passed; any type where there is none."""


def arithmetic_type(operator: str, left: TypeName, right: TypeName) -> TypeName | None:
    """The type of the result; None where it is null whatever the values."""
    if "Null" in (left.name, right.name):
        return None
    if "Any" in (left.name, right.name):
        return ANY
    result = _RESULTS[operator].get((left.name, right.name))
    return None if result is None else TypeName(0, result)


def comparable(left: TypeName, right: TypeName, equality: bool) -> bool:
    """Whether two values of these types can be equal, or one be less than the other."""
    names = (left.name, right.name)
    if "Any" in names:
        return True
    if equality:
        return left.name == right.name or "Null" in names
    return left.name == right.name and left.name in _ORDERED


def element_type(kind: TypeName) -> TypeName:
    """The type of the items of a list or range; of anything else it is itself."""
    if kind.name not in ("list", "range"):
        return kind
    return kind.parts[0][1] if kind.parts else ANY


def property_type(base: TypeName, name: str) -> TypeName | list[str]:
    """The type of an entry or property; where there is none such, the names that there are."""
    if base.name in ("Any", "function"):
        return ANY
    if base.name == "context":
        entries = dict(base.parts)
        return entries.get(name, list(entries)) if entries else ANY
    known = _PROPERTIES.get(base.name, {})
    if name not in known:
        return list(known)
    if base.name == "range" and name in ("start", "end"):
        return element_type(base)
    return TypeName(0, _PROPERTY_TYPES.get(name, _NUMBER))


def result_type(entry: FunctionEntry) -> TypeName:
    """The type of what a function gives, as far as it is always the same."""
    return TypeName(0, entry.kind) if entry.kind else ANY


def _may_be(parameter: str, argument: TypeName) -> bool:
    """Whether an argument of a type can be passed for a parameter of a kind."""
    accepted = _ACCEPTED.get(parameter)
    if accepted is None or argument.name in ("Any", "list"):
        return True
    return argument.name in accepted


def fits(signature: Signature, kinds: list[TypeName], named: Mapping[str, TypeName]) -> bool:
    """Whether a function can be called so with arguments of these types, in order or by name."""
    if named:
        parameters = {parameter.name: parameter for parameter in signature.parameters}
        pairs = [(parameters.get(name), kind) for name, kind in named.items()]
    else:
        if len(kinds) < signature.fewest:
            return False
        if signature.most is not None and len(kinds) > signature.most:
            return False
        last = len(signature.parameters) - 1
        pairs = [(signature.parameters[min(index, last)], kind) for index, kind in enumerate(kinds)]
    for parameter, kind in pairs:
        if parameter is None:
            return False
        if kind.name == "Null":
            if not (parameter.nullable or parameter.kind in ("any", "list")):
                return False
        elif not _may_be(parameter.kind, kind):
            return False
    return True
