"""Built-in functions: DMN 1.5, 10.3.4, tables 72 to 81, beyond the examples of docs/feel.md."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine import feel


def value(source: str, /, **context: object) -> object:
    return feel.compile_expression(source).evaluate(context)


def check(source: str, expected: str) -> None:
    """Both sides are FEEL; they must be the same value of the same type."""
    result, wanted = value(source), value(expected)
    assert result == wanted, f"{source} gave {result!r}"
    assert type(result) is type(wanted)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('date("2024-02-30")', "null"),
        ('date("2024/02/20")', "null"),
        ('date("+2024-02-20")', "null"),
        ('date("998-12-31")', "null"),
        ("date(2024, 13, 1)", "null"),
        ("date(2024, 1.5, 1)", "null"),
        ("date(null)", "null"),
        ("date(1)", "null"),
        ('date(["2024-02-20"])', '@"2024-02-20"'),
        ('time("24:00:00")', '@"00:00:00"'),
        ('time("24:00:01")', "null"),
        ('time("9:00:00")', "null"),
        ('time("09:00:00@Nowhere/At_All")', "null"),
        ('time("09:00:00+19:00")', "null"),
        ('time(@"2024-05-31")', '@"00:00:00Z"'),
        ("time(12, 0, 0, null)", '@"12:00:00"'),
        ("time(12, 0, 30.5)", '@"12:00:30.5"'),
        ("time(24, 59, 45)", "null"),
        ('date and time("2024-05-31")', '@"2024-05-31T00:00:00"'),
        ('date and time("2024-05-31T")', "null"),
        ('date and time(@"2024-05-31")', '@"2024-05-31T00:00:00Z"'),
        ('date and time(@"2024-05-31T10:00:00", "Europe/London")', "null"),
        ('date and time(@"2024-05-31T10:00:00Z", "Nowhere")', "null"),
        ('duration("P1Y2D")', "null"),
        ('duration("P")', "null"),
        ('duration("P1H")', "null"),
        ('string(duration("PT1000M"))', '"PT16H40M"'),
        ('string(duration("P26M"))', '"P2Y2M"'),
        ('string(duration("-P0D"))', '"PT0S"'),
        ('years and months duration(@"2016-01-21", @"2015-01-22")', '@"-P11M"'),
        ('years and months duration(@"2015-01-31", @"2015-02-28")', '@"P0M"'),
        ('number("1,000.5", ",", ".")', "1000.5"),
        ('number("1 000", " ", null)', "1000"),
        ('number("1.000,5", ".", ",")', "1000.5"),
        ('number("1.5", ",", ",")', "null"),
        ('number("1.5", ":", ".")', "null"),
        ('number("")', "null"),
        ('number(" 1")', "null"),
        ("string(null)", "null"),
        ("string(true)", '"true"'),
        ("string(100 * 1e20)", '"10000000000000000000000"'),
        ("string(0.000001)", '"0.000001"'),
        ("string(-0)", '"0"'),
        ('string({a: [1, "b"], "c d": @"P1D"})', '"{a: [1, \\"b\\"], c d: @\\"P1D\\"}"'),
        ("string([1..5))", '"[1..5)"'),
        ("string((< 5))", '"< 5"'),
        ('range("[1..3]")', "[1..3]"),
        ('range("[date(\\"2024-01-01\\")..@\\"2024-02-01\\"]")', '[@"2024-01-01"..@"2024-02-01"]'),
        ('range("[3..1]")', "null"),
        ('range("[x..1]")', "null"),
        ('range("1")', "null"),
    ],
)
def test_conversion(source: str, expected: str) -> None:
    """Table 72."""
    check(source, expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('substring("foobar", 0)', "null"),
        ('substring("foobar", 7)', "null"),
        ('substring("foobar", -7)', "null"),
        ('substring("foobar", 3, 0)', "null"),
        ('substring("foobar", 6, 9)', '"r"'),
        ('substring("🐎ab", 2)', '"ab"'),
        ('string length("🐎")', "1"),
        ('string length("")', "0"),
        ('substring before("foobar", "x")', '""'),
        ('substring before("foobar", "")', '""'),
        ('substring after("foobar", "x")', '""'),
        ('substring after("foobar", "")', '"foobar"'),
        ('contains("", "a")', "false"),
        ('contains(null, "a")', "null"),
        ('contains("a", 1)', "null"),
        ('upper case(["a"])', '"A"'),
        ('matches("abc", "B")', "false"),
        ('matches("a\\nb", "a.b")', "false"),
        ('matches("a\\nb", "a.b", "s")', "true"),
        ('matches("a\\nb", "^b$", "m")', "true"),
        ('matches("a\\n", "a$")', "false"),
        ('matches("hello world", "hello\\ sworld", "x")', "true"),
        ('matches("\\u0663", "^\\d$")', "true"),
        ('matches("é", "^\\w$")', "true"),
        ('matches("a", "[^\\d]")', "true"),
        ('matches("É", "é", "i")', "true"),
        ('replace("É é ÿ", "[É\u0178]", "-", "i")', '"- - -"'),
        ('replace("née Łódź", "\\p{Ll}+", "$0$0")', '"néenée Łódźódź"'),
        ('replace("ab", "(a)|(b)", "[$2$1]")', '"[a][b]"'),
        ('matches("a", "a", "q")', "null"),
        ('matches("a", "(")', "null"),
        ('matches("a", "[]")', "null"),
        ('matches("a{", "a{")', "null"),
        ('matches("a", "\\z")', "null"),
        ('replace("abc", "x*", "-")', "null"),
        ('replace("abc", "b", "$9")', '"ac"'),
        ('replace("abc", "(b)", "$12")', '"ab2c"'),
        ('replace("abc", "b", "\\$")', '"a$c"'),
        ('replace("abc", "b", "$")', "null"),
        ('replace("AAAA", "A+?", "b")', '"bbbb"'),
        ('split("a;b;;", ";")', '["a", "b", "", ""]'),
        ('split("abc", "x*")', "null"),
        ('string join(["a", null, "c"], "-")', '"a-c"'),
        ('string join([1, "a"])', "null"),
        ("string join([])", '""'),
        ('string join("a", "-")', '"a"'),
    ],
)
def test_strings(source: str, expected: str) -> None:
    """Tables 73 and 74, XPath functions 5.6."""
    check(source, expected)


@pytest.mark.parametrize(
    "pattern",
    ["\\\\p{Lu}", "\\\\w+", "[é-ü]", "\\\\s*[,;]\\\\s*", "[A-Z]{2}", "é|£", "[^\\\\P{L}a-z]+"],
)
def test_what_a_pattern_finds_does_not_hang_on_other_characters(pattern: str) -> None:
    """Texts in Latin-1 are searched in another way."""
    text = "Née, 1990; £5 AN HOUR\n éa;B"
    pieces = value(f'split(text, "{pattern}")', text=text)
    assert isinstance(pieces, list)
    assert len(pieces) > 1
    assert value(f'split(text, "{pattern}")', text=text + "\u203d") == [
        *pieces[:-1],
        pieces[-1] + "\u203d",
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("decimal(0.515, 2)", "0.52"),
        ("decimal(1.5, 0)", "2"),
        ("decimal(1234, -2)", "1200"),
        ("decimal(1, 6177)", "null"),
        ("round half up(-1.126, 2)", "-1.13"),
        ("round half down(-5.5, 0)", "-5"),
        ("round up(5.5, null)", "null"),
        ('floor("1")', "null"),
        ("floor(1e6000 + 0.5)", "1e6000"),
        ("modulo(10.1, -4.5)", "-3.4"),
        ("modulo(1, 0)", "null"),
        ("modulo(1e30, 7)", "1"),
        ("sqrt(-1)", "null"),
        ("log(0)", "null"),
        ("exp(100000)", "null"),
        ("odd(2.5)", "false"),
        ("even(-2)", "true"),
        ('abs(@"-PT5H")', '@"PT5H"'),
        ('abs("1")', "null"),
        ("min([])", "null"),
        ('min([1, "a"])', "null"),
        ("min([1, null])", "null"),
        ('max(@"2024-01-01", @"2024-02-01")', '@"2024-02-01"'),
        ("sum(1, 2, 3)", "6"),
        ("sum([1, null])", "null"),
        ("product([])", "null"),
        ("mean([])", "null"),
        ("median([])", "null"),
        ("mode([])", "[]"),
        ("stddev([1])", "null"),
        ("all([])", "true"),
        ("any([])", "false"),
        ("all([true, null])", "null"),
        ("all([false, null])", "false"),
        ("any([true, null])", "true"),
        ("any([false, 1])", "null"),
        ("all(null)", "null"),
        ("count(null)", "null"),
        ("count(5)", "1"),
    ],
)
def test_numbers_and_totals(source: str, expected: str) -> None:
    """Tables 75 and 76."""
    check(source, expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("list contains([1, null], null)", "true"),
        ("list contains([[1]], [1])", "true"),
        ("sublist([1, 2, 3], -2)", "[2, 3]"),
        ("sublist([1, 2, 3], 4)", "null"),
        ("sublist([1, 2, 3], 1, 0)", "null"),
        ("append([], null)", "[null]"),
        ("append(1, 2)", "[1, 2]"),
        ("insert before([1, 2], -1, 9)", "[1, 9, 2]"),
        ("insert before([1, 2], 3, 9)", "null"),
        ("remove([1, 2], 3)", "null"),
        ("remove([1, 2], -1)", "[1]"),
        ("list replace([1, 2, 3], 2.5, 4)", "[1, 4, 3]"),
        ("list replace([1, 2], 0, 4)", "null"),
        ("list replace([1, 2], function(a) true, 4)", "null"),
        ("list replace([1, 2], function(a, b) a, 4)", "null"),
        ("index of([1, [2], [2]], [2])", "[2, 3]"),
        ("distinct values([1, true, 1.0, null, null, [1], [1]])", "[1, true, null, [1]]"),
        ("union([1], 2, [2, [3]])", "[1, 2, [3]]"),
        ("concatenate([1], null)", "null"),
        ("reverse([])", "[]"),
        ('sort([1, "a"])', "null"),
        ("sort([])", "[]"),
        ("sort([3, 1, 2], function(a, b) a > b)", "[3, 2, 1]"),
        ("sort(list: [2, 1], precedes: function(x, y) x < y)", "[1, 2]"),
        ("get value({a: 1}, null)", "null"),
        ("context([{key: 1, value: 2}])", "null"),
        ('context([{key: "a", value: 1}, {key: "a", value: 2}])', "null"),
        ("context put({}, null, 1)", "null"),
        ('context put({a: {b: 1}}, ["a", "c", "d"], 2)', "null"),
        ('context put(context: {a: {b: 1}}, keys: ["a", "b"], value: 2)', "{a: {b: 2}}"),
        ('context put(context: {a: {b: 1}}, key: ["a", "b"], value: 2)', "null"),
        ("context merge([{a: 1}, {a: 2}])", "{a: 2}"),
        ("context merge([1])", "null"),
    ],
)
def test_lists_and_contexts(source: str, expected: str) -> None:
    """Tables 75, 80 and 81."""
    check(source, expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("before(5, (5..10])", "true"),
        ("before(5, [5..10])", "false"),
        ("before([1..5), [5..10])", "true"),
        ("before(1, 2)", "true"),
        ('before(1, "a")', "null"),
        ("before(1, null)", "null"),
        ("after([5..10], 4)", "true"),
        ("meets([1..5], (5..10])", "false"),
        ("meets(1, [1..2])", "null"),
        ("overlaps([1..5), [5..8])", "false"),
        ("overlaps([5..8], [1..5])", "true"),
        ("overlaps before([1..5], [1..8])", "false"),
        ("overlaps before([1..5], (1..8])", "true"),
        ("overlaps after([3..8], [1..8])", "true"),
        ("overlaps after([3..8], [3..8])", "false"),
        ("overlaps after([3..8], [1..8))", "true"),
        ("finishes(10, [1..10))", "false"),
        ("finishes([5..10], [1..10])", "true"),
        ("includes([5..10), 10)", "false"),
        ("includes([1..10], [1..10))", "true"),
        ("during((1..5), [1..5])", "true"),
        ("starts([1..5], [1..10])", "true"),
        ("starts([1..5], (1..10])", "false"),
        ("starts(1, (1..10])", "false"),
        ("coincides(3, 3)", "true"),
        ("coincides([1..3], [1..3))", "false"),
        ('week of year(@"2010-01-01")', "53"),
        ('day of week("x")', "null"),
        ('day of year(@"2020-12-31T10:00:00")', "366"),
        ("is(1, 1.0)", "true"),
        ('is(@"P1D", @"PT24H")', "true"),
        ('is(@"23:00:50Z", @"23:00:50+00:00")', "true"),
        ('is(@"23:00:50", @"23:00:50Z")', "false"),
        ("is(null, 1)", "false"),
    ],
)
def test_ranges_and_calendar(source: str, expected: str) -> None:
    """Tables 77 to 79."""
    check(source, expected)


def test_logarithm_and_exponential_are_right_to_34_digits() -> None:
    assert value("log(10)") == Decimal("2.302585092994045684017991454684364")
    assert value("exp(1)") == Decimal("2.718281828459045235360287471352662")
    assert value("sqrt(2)") == Decimal("1.414213562373095048801688724209698")


def test_arguments_by_name_may_stand_in_any_order() -> None:
    check('substring(start position: 2, string: "abc")', '"bc"')
    check('time(offset: @"PT1H", hour: 9, second: 0, minute: 30)', '@"09:30:00+01:00"')


def test_arguments_from_variables_are_converted_too() -> None:
    assert value("sum(a)", a=[1, 2.5]) == Decimal("3.5")
    assert value("upper case(a)", a=["x"]) == "X"
    assert value("sort(a, function(x, y) x.n < y.n)", a=[{"n": 2}, {"n": 1}]) == [
        {"n": 1},
        {"n": 2},
    ]
