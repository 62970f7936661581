"""FEEL, the expression language of DMN 1.5 (chapter 10), compiled to closures.

Expressions are read once and evaluated many times; nothing of Python is reachable from them.
Values are Python's own (see `engine.feel.values`); numbers are decimals of 34 digits.
"""

from engine.feel.budget import Environment, new_environment, spend
from engine.feel.codec import dump_json, load_json
from engine.feel.compiler import Expression, UnaryTests, compile_expression, compile_unary_tests
from engine.feel.errors import (
    FeelBudgetExceeded,
    FeelError,
    FeelEvaluationError,
    FeelSyntaxError,
    UnsupportedFeel,
)
from engine.feel.functions import BUILTIN_FUNCTIONS, NO_FUNCTIONS, Function
from engine.feel.inference import check
from engine.feel.nodes import TypeName
from engine.feel.strings import to_string, written
from engine.feel.types import ANY, coerced, conforms, type_named, type_of
from engine.feel.values import FunctionValue, Range, YearsMonthsDuration, from_host, kind_of

__all__ = [
    "ANY",
    "BUILTIN_FUNCTIONS",
    "NO_FUNCTIONS",
    "Environment",
    "Expression",
    "FeelBudgetExceeded",
    "FeelError",
    "FeelEvaluationError",
    "FeelSyntaxError",
    "Function",
    "FunctionValue",
    "Range",
    "TypeName",
    "UnaryTests",
    "UnsupportedFeel",
    "YearsMonthsDuration",
    "check",
    "coerced",
    "compile_expression",
    "compile_unary_tests",
    "conforms",
    "dump_json",
    "from_host",
    "kind_of",
    "load_json",
    "new_environment",
    "spend",
    "to_string",
    "type_named",
    "type_of",
    "written",
]
