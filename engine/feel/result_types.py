"""What kind of value each built-in function gives, and what kinds its arguments may be."""

from __future__ import annotations

from engine.feel.nodes import TypeName
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


def may_be(parameter: str, argument: TypeName) -> bool:
    """Whether an argument of a type can be passed for a parameter of a kind."""
    accepted = _ACCEPTED.get(parameter)
    if accepted is None or argument.name in ("Any", "list"):
        return True
    return argument.name in accepted
