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
    return st.one_of(
        number(depth), truth(depth), text(depth), items(depth), joined("string($)", day(depth))
    )


@cache
def number(depth: int) -> Strategy:
    return st.deferred(lambda: _number(depth))


def _number(depth: int) -> Strategy:
    if depth == 0:
        return numbers()
    n, t, xs, d = number(depth - 1), text(depth - 1), items(depth - 1), day(depth - 1)
    return st.one_of(
        numbers(),
        *(joined(f"{name}($)", xs) for name in ("mean", "median", "product", "stddev")),
        *(joined(f"{name}($, 1)", n) for name in ("round up", "round down", "decimal")),
        *(joined(f"round half {way}($, 0)", n) for way in ("up", "down")),
        *(joined(f"$.{name}", d) for name in ("year", "month", "day", "weekday")),
        joined("day of year($)", d),
        joined("week of year($)", d),
        joined("($ ** $)", n, constants("0", "1", "2", "3")),
        joined("sqrt($)", n),
        joined('number("1,$", ",", ".")', constants("000", "234.5", "000,000")),
        joined('get value(context put({ a: $ }, "b", $), "b")', n, n),
        joined("context merge([{ a: $, b: $ }, { a: $ }]).a", n, n, n),
        joined("(function(x) x - $)($)", n, n),
        joined("{ f: function(x, y) x - y, r: f(y: $, x: $) }.r", n, n),
        joined("$[$]", xs, constants("1", "2", "-1", "-3")),
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
    d = day(depth - 1)
    return st.one_of(
        known,
        *(joined(f"($ {sign} $)", d, d) for sign in ("<", "<=", "=", "!=")),
        *(joined(f"($ {sign} $)", xs, xs) for sign in ("=", "!=")),
        *(joined(f"{name}([$, $, $])", b, b, b) for name in ("all", "any")),
        *(joined(f"{name}($, [$..$])", n, *small_ranges()) for name in ("before", "after")),
        *(
            joined(f"{name}([$..$], [$..$])", *small_ranges(), *small_ranges())
            for name in ("meets", "met by", "overlaps", "before", "after", "includes")
        ),
        *(joined(f"{name}($)", n) for name in ("odd", "even")),
        joined("({ a: $ } = { a: $ })", n, n),
        joined('matches($, "$")', t, constants("a.", "^a", "[a-c]+", "b{2}", "A", "(a|x)")),
        joined("($ in $)", n, xs),
        joined("($ = null)", n),
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
    n, t, d = number(depth - 1), text(depth - 1), day(depth - 1)
    return st.one_of(
        texts(),
        joined("($ + $)", t, t),
        joined("day of week($)", d),
        joined("month of year($)", d),
        joined("string($)", d),
        joined('replace($, "$", "$")', t, constants("a", "[ab]", "b+", "x y"), constants("", "z")),
        joined("string join([$, $], $)", t, t, t),
        joined('string join(split($, "$"), "-")', t, constants("a", "b", " ")),
        joined("substring(string: $, start position: $)", t, constants("1", "2")),
        joined("substring($, $, $)", t, constants("1", "2", "-2"), constants("1", "2")),
        joined("string($)", months()),
        joined("string($)", truth(depth - 1)),
        joined("upper case($)", t),
        joined("lower case($)", t),
        joined("substring($, $)", t, constants("1", "2", "-1")),
        joined("substring before($, $)", t, t),
        joined("substring after($, $)", t, t),
        joined("string($)", n),
        joined("(if $ then $ else $)", truth(depth - 1), t, t),
    )


def small_ranges() -> tuple[Strategy, Strategy]:
    """The ends of a range, in order."""
    return constants("1", "2", "3"), constants("3", "4", "5")


def months() -> Strategy:
    """Durations of years and months."""
    known = constants('@"P1M"', '@"P1Y"', 'duration("P14M")', '@"-P1M"')
    return st.one_of(known, joined("($ + $)", known, known), joined("($ * 2)", known))


def days() -> Strategy:
    """Durations of days."""
    return constants('@"P1D"', 'duration("P30D")', '@"P365D"', '@"-P2D"')


@cache
def day(depth: int) -> Strategy:
    return st.deferred(lambda: _day(depth))


def _day(depth: int) -> Strategy:
    known = constants('@"2024-02-29"', 'date("2023-12-31")', "date(2024, 5, 31)", '@"2025-01-01"')
    if depth == 0:
        return known
    d = day(depth - 1)
    return st.one_of(
        known,
        joined("($ + $)", d, months()),
        joined("($ - $)", d, months()),
        joined("($ + $)", d, days()),
        joined("($ - $)", d, days()),
        joined("(if $ then $ else $)", truth(depth - 1), d, d),
        joined("[$, $][$]", d, d, constants("1", "-1")),
        joined("min($, $)", d, d),
        joined("max($, $)", d, d),
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
        joined("(for x in $, y in $ return x - y)", items(0), items(0)),
        joined("(for i in 1..3 return if i = 1 then $ else partial[-1] + i)", n),
        joined("[{ a: $ }, { a: $ }].a", n, n),
        joined("[{ a: $, b: $ }, { a: $ }][a > $].a", n, n, n, n),
        joined("get entries({ a: $, b: $ }).value", n, n),
        joined("flatten([$, [$, $]])", xs, n, xs),
        joined("insert before($, 1, $)", xs, n),
        joined("remove($, 1)", xs),
        joined("mode($)", xs),
        joined("list replace($, 1, $)", xs, n),
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
