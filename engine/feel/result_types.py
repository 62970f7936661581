"""What kind of value each built-in function gives, and what kinds its arguments may be."""

from __future__ import annotations

from collections.abc import Mapping

from engine.feel.nodes import TypeName
from engine.feel.signatures import Signature
from engine.feel.types import ANY

_RESULTS = {
    "string": (
        "day of week",
        "lower case",
        "month of year",
        "replace",
        "string",
        "string join",
        "substring",
        "substring after",
        "substring before",
        "upper case",
    ),
    "number": (
        "ceiling",
        "count",
        "day of year",
        "decimal",
        "exp",
        "floor",
        "log",
        "mean",
        "median",
        "modulo",
        "number",
        "product",
        "round down",
        "round half down",
        "round half up",
        "round up",
        "sqrt",
        "stddev",
        "string length",
        "sum",
        "week of year",
    ),
    "boolean": (
        "after",
        "all",
        "any",
        "before",
        "coincides",
        "contains",
        "during",
        "ends with",
        "even",
        "finished by",
        "finishes",
        "includes",
        "is",
        "is defined",
        "list contains",
        "matches",
        "meets",
        "met by",
        "not",
        "odd",
        "overlaps",
        "overlaps after",
        "overlaps before",
        "started by",
        "starts",
        "starts with",
    ),
    "list": (
        "append",
        "concatenate",
        "distinct values",
        "flatten",
        "get entries",
        "index of",
        "insert before",
        "list replace",
        "mode",
        "remove",
        "reverse",
        "sort",
        "split",
        "sublist",
        "union",
    ),
    "context": ("context", "context merge", "context put"),
    "date": ("date",),
    "time": ("time",),
    "date and time": ("date and time",),
    "years and months duration": ("years and months duration",),
    "range": ("range",),
}
_BY_NAME = {name: TypeName(0, kind) for kind, functions in _RESULTS.items() for name in functions}

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


def result_type(function: str) -> TypeName:
    """The type of what a function gives, as far as its name tells."""
    return _BY_NAME.get(function, ANY)


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
