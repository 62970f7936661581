"""Expressions made at random, each of the kind asked for, as a person might write them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from hypothesis import strategies as st


@dataclass(frozen=True)
class Written:
    """An expression with the parts that fill each $ of its pattern; each can stand by itself."""

    pattern: str
    parts: tuple[Written, ...] = ()

    @property
    def source(self) -> str:
        pieces = self.pattern.split("$")
        texts = (*(part.source for part in self.parts), "")
        return "".join(piece + text for piece, text in zip(pieces, texts, strict=True))


Strategy = st.SearchStrategy[Written]


def constants(*sources: str) -> Strategy:
    return st.sampled_from([Written(source) for source in sources])


def joined(pattern: str, *parts: Strategy) -> Strategy:
    """The pattern with each $ filled."""
    return st.tuples(*parts).map(lambda filled: Written(pattern, filled))


def texts() -> Strategy:
    return constants('""', '"a"', '"b"', '"ab"', '"abc"', '"red"', '"Amber"', '"x y"')


def numbers() -> Strategy:
    return constants("0", "1", "2", "3", "5", "10", "0.5", "2.5", "-1", "-4")


def expressions(depth: int = 3) -> Strategy:
    """An expression of any kind."""
    return st.one_of(number(depth), truth(depth), text(depth), items(depth))


@cache
def number(depth: int) -> Strategy:
    return st.deferred(lambda: _number(depth))


def _number(depth: int) -> Strategy:
    if depth == 0:
        return numbers()
    n, t, xs = number(depth - 1), text(depth - 1), items(depth - 1)
    return st.one_of(
        numbers(),
        *(joined(f"($ {sign} $)", n, n) for sign in ("+", "-", "*", "/")),
        joined("(if $ then $ else $)", truth(depth - 1), n, n),
        joined("count($)", xs),
        joined("sum($)", xs),
        joined("min($)", xs),
        joined("max($)", xs),
        joined("abs($)", n),
        joined("floor($)", n),
        joined("ceiling($)", n),
        joined("modulo($, $)", n, n),
        joined("string length($)", t),
        joined("$[1]", xs),
        joined("$[-1]", xs),
        joined("{ a: $, b: a + $ }.b", n, n),
    )


@cache
def truth(depth: int) -> Strategy:
    return st.deferred(lambda: _truth(depth))


def _truth(depth: int) -> Strategy:
    known = constants("true", "false", "null")
    if depth == 0:
        return known
    b, n, t, xs = truth(depth - 1), number(depth - 1), text(depth - 1), items(depth - 1)
    return st.one_of(
        known,
        *(joined(f"($ {sign} $)", n, n) for sign in ("<", "<=", ">", ">=", "=", "!=")),
        *(joined(f"($ {sign} $)", t, t) for sign in ("<", "=", "!=")),
        joined("($ and $)", b, b),
        joined("($ or $)", b, b),
        joined("not($)", b),
        joined("($ between $ and $)", n, n, n),
        joined("($ in [$..$])", n, numbers(), numbers()),
        joined("($ in ($, > $))", n, n, n),
        joined("(some x in $ satisfies x > $)", xs, n),
        joined("(every x in $ satisfies x > $)", xs, n),
        joined("contains($, $)", t, t),
        joined("starts with($, $)", t, t),
        joined("ends with($, $)", t, t),
        joined("list contains($, $)", xs, n),
        joined("(if $ then $ else $)", b, b, b),
    )


@cache
def text(depth: int) -> Strategy:
    return st.deferred(lambda: _text(depth))


def _text(depth: int) -> Strategy:
    if depth == 0:
        return texts()
    n, t = number(depth - 1), text(depth - 1)
    return st.one_of(
        texts(),
        joined("($ + $)", t, t),
        joined("upper case($)", t),
        joined("lower case($)", t),
        joined("substring($, $)", t, constants("1", "2", "-1")),
        joined("substring before($, $)", t, t),
        joined("substring after($, $)", t, t),
        joined("string($)", n),
        joined("(if $ then $ else $)", truth(depth - 1), t, t),
    )


@cache
def items(depth: int) -> Strategy:
    return st.deferred(lambda: _items(depth))


def _items(depth: int) -> Strategy:
    if depth == 0:
        return constants("[]", "[1]", "[1, 2, 3]", "[3, 1, 2, 1]", "[2.5, -1]")
    n, xs = number(depth - 1), items(depth - 1)
    return st.one_of(
        items(0),
        joined("[$, $]", n, n),
        joined("(for x in $ return x * $)", xs, n),
        joined("(for i in 1..$ return i)", constants("1", "3", "-2")),
        joined("$[item > $]", xs, n),
        joined("append($, $)", xs, n),
        joined("concatenate($, $)", xs, xs),
        joined("reverse($)", xs),
        joined("distinct values($)", xs),
        joined("union($, $)", xs, xs),
        joined("sublist($, $)", xs, constants("1", "2", "-1")),
        joined("sort($, function(x, y) x < y)", xs),
        joined("index of($, $)", xs, n),
    )
