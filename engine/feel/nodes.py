"""What an expression is made of, as the parser found it: one class for each construct.

`at` is the offset of the construct in the source, for messages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from typing import Literal as OneOf


@dataclass(slots=True)
class Node:
    at: int


@dataclass(slots=True)
class Literal(Node):
    value: Any


@dataclass(slots=True)
class Name(Node):
    name: str


@dataclass(slots=True)
class InputValue(Node):
    """The `?` of unary tests."""


@dataclass(slots=True)
class ListItems(Node):
    items: tuple[Node, ...]


@dataclass(slots=True)
class Entries(Node):
    """A context: its entries in order, each seeing the ones before it."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(slots=True)
class Interval(Node):
    """`[start..end]`; the ends may be any expression, and None when written as `(< 10)`."""

    start: Node | None
    end: Node | None
    start_included: bool
    end_included: bool


@dataclass(slots=True)
class EqualTest(Node):
    """`= x` or `!= x` without a left side, as it stands in unary tests and after `in`.

    In brackets of its own, `(= x)`, it is a range too.
    """

    operator: str
    operand: Node
    bracketed: bool = False


@dataclass(slots=True)
class Negation(Node):
    operand: Node


@dataclass(slots=True)
class Arithmetic(Node):
    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Comparison(Node):
    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Logic(Node):
    operator: OneOf["and", "or"]
    operands: tuple[Node, ...]


@dataclass(slots=True)
class Between(Node):
    value: Node
    low: Node
    high: Node


@dataclass(slots=True)
class In(Node):
    value: Node
    test: Node


@dataclass(slots=True)
class Tests(Node):
    """Several tests in brackets after `in`: `x in (1, > 5)`."""

    items: tuple[Node, ...]


@dataclass(slots=True)
class InstanceOf(Node):
    value: Node
    type: TypeName


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as `instance of` takes it; `parts` are element, entry or bound types.

    Of a function they are the types of its parameters and, last, of its result. `allowed` says
    which of the values are allowed, where a model restricts them.
    """

    at: int
    name: str
    parts: tuple[tuple[str, TypeName], ...] = ()
    allowed: Callable[[Any], bool] | None = None


@dataclass(slots=True)
class Conditional(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(slots=True)
class Domain(Node):
    """One `name in ...` of a loop; `end` is given for `start..end`."""

    name: str
    start: Node
    end: Node | None


@dataclass(slots=True)
class For(Node):
    domains: tuple[Domain, ...]
    body: Node


@dataclass(slots=True)
class Quantified(Node):
    every: bool
    domains: tuple[Domain, ...]
    body: Node


@dataclass(slots=True)
class Path(Node):
    base: Node
    name: str


@dataclass(slots=True)
class Filter(Node):
    base: Node
    condition: Node


@dataclass(slots=True)
class Call(Node):
    """A function by name; `named` holds `(parameter, argument)` where the call names them."""

    function: str
    arguments: tuple[Node, ...]
    named: tuple[tuple[str, Node], ...]


@dataclass(slots=True)
class Invocation(Node):
    """A call of what an expression comes to, such as an entry of a context."""

    callee: Node
    arguments: tuple[Node, ...]
    named: tuple[tuple[str, Node], ...]


@dataclass(slots=True)
class Lambda(Node):
    """`function(a, b: number) body`; `types` of parameters without one are None."""

    parameters: tuple[str, ...]
    types: tuple[TypeName | None, ...]
    body: Node
