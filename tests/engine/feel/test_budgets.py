"""No expression takes long or much, whatever it says: it ends in an error that says so."""

from __future__ import annotations

import pytest

from engine import feel
from tests.engine.feel.clock import quickest

LONGEST = 0.1
"""Seconds on the processor for reading and evaluating an expression."""


def doubling(first: str, step: str, times: int, last: str = "") -> str:
    entries = [f"v0: {first}"]
    entries += [f"v{i + 1}: " + step.replace("$", f"v{i}") for i in range(times)]
    if last:
        entries.append("last: " + last.replace("$", f"v{times}"))
    return "{" + ", ".join(entries) + "}." + ("last" if last else f"v{times}")


def names(pattern: str) -> str:
    """As many different names as a source has room for, with commas between them."""
    return ", ".join(
        pattern.replace("$", str(i))
        for i in range(9_900 // (len(pattern) + pattern.count("$") * 3 + 2))
    )


MANY = "for i in 1..30000 return "
TEXT = '{s: string join(for i in 1..20000 return if odd(floor(i * i / 7)) then "ab" else "ba"), t: '
ATTACKS = {
    "a loop without end": "for i in 1..1000000000 return i",
    "a range without end": "for i in (1..1000000000) return i",
    "nested quantifiers": "some a in 1..9999, b in 1..9999, c in 1..9999 satisfies a + b + c < 0",
    "nested loops": "for a in 1..999 return for b in 1..999 return for c in 1..999 return a",
    "nested filters": "[1, 2, 3][count([1, 2, 3][count([1, 2, 3][item > 0]) > 0]) > 0]"
    + "[count(for i in 1..99999 return i) > 0]" * 9,
    "brackets": "(" * 100_000 + "1" + ")" * 100_000,
    "fewer brackets": "(" * 9_000 + "1" + ")" * 9_000,
    "open lists": "[" * 9_000,
    "open filters": "x" + "[x" * 4_000,
    "signs": "-" * 9_000 + "1",
    "calls": "not(" * 4_000 + "true" + ")" * 4_000,
    "sums": "+".join(["1"] * 9_000),
    "paths": "x" + ".a" * 9_000,
    "conditionals": "if x then 1 else " * 1_000 + "1",
    "doubled strings": doubling('"aaaaaaaa"', "$ + $", 40),
    "doubled lists": doubling("[1, 2]", "concatenate($, $)", 40),
    "doubled lists inside": doubling("[1]", "[$, $]", 40),
    "their text": doubling("[1]", "[$, $]", 40, "string($)"),
    "their comparison": doubling("[1]", "[$, $]", 40, "$ = $"),
    "their items": doubling("[1]", "[$, $]", 40, "flatten($)"),
    "long strings joined": f'string join({MANY}"aaaaaaaaaaaaaaaa")',
    "long strings kept": f'{{s: string join({MANY}"a"), t: {MANY}s + "b"}}.t',
    "long strings replaced": f'{{s: string join({MANY}"a"), t: replace(s, "a", s)}}.t',
    "long strings split": f'{{s: string join({MANY}"a,"), t: {MANY}split(s, ",")}}.t',
    "long strings searched": f'{{s: string join({MANY}"a"), t: {MANY}contains(s, "ab")}}.t',
    "long lists searched": f"{{s: {MANY}i, t: {MANY}list contains(s, 0)}}.t",
    "long lists copied": f"{{s: {MANY}i, t: {MANY}append(s, 1)}}.t",
    "all results so far": f"{MANY}partial",
    "distinct lists": f"distinct values({MANY}[i])",
    "a slow order": f"sort({MANY}i, function(a, b) some c in 1..99 satisfies c = a + b)",
    "long numbers": f"{MANY}string(1e6000 + i)",
    "long lists joined": f"concatenate({', '.join(['long'] * 100)})",
    "large numbers divided": f"{MANY}modulo(9e6144, 7.1e-6100 + i)",
    "numbers of many places": f"{MANY}decimal(9e6144 + i, 6176)",
    "slow powers": f"{MANY}i ** 0.123456789",
    "slow ranges": f'{{s: "[" + string join({MANY}"1 "), t: {MANY}range(s)}}.t',
    "unknown zones": f'{MANY}time("12:00:00@Europe/Z" + string(i))',
    "endless recursion": "{f: function(n, f) f(n + 1, f), t: f(1, f)}.t",
    "doubling recursion": "{f: function(n, f) if n = 0 then 0 else f(n - 1, f) + f(n - 1, f), "
    "t: f(40, f)}.t",
    "many variables of a loop": f"for {names('a b$ in [1]')} return 1",
    "patterns that remember much": TEXT + 'matches(s, "[ab]*a[ab]{500}c")}.t',
    "repeated repetitions": TEXT + 'matches(s, "(a.{1,50}){20}c")}.t',
    "repeated choices": TEXT + 'replace(s, "(a|b|ab|ba|aab){1,500}c", "")}.t',
    "pieces looked for to the end": TEXT + 'split(s, "a[ab]{0,200}c|b")}.t',
    "ever new patterns": MANY + 'matches("a", "(a{1,30}){1,30}" + string(i))',
    "a large pattern": 'matches("a", "(((a{1,100}){1,100}){1,100}){1,100}")',
}

LONG = list(range(20_000))


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_ends_soon_and_with_an_error(attack: str) -> None:
    def work() -> None:
        with pytest.raises(feel.FeelError) as caught:
            feel.compile_expression(ATTACKS[attack]).evaluate({"x": 1, "long": LONG})
        assert caught.value.message.endswith(".")

    assert quickest(work, LONGEST) < LONGEST


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('matches(string join(for i in 1..20000 return "a"), "^(a*)*b")', False),
        ("10 ** 6000 ** 6000", None),
        ("1.0000001 ** 999999999999", None),
        ("exp(14149.9)", None),
        (f"count([{', '.join(['exp(14149.9)'] * 700)}])", 700),
        (f"count({'[' * 60}{', '.join(['1'] * 3000)}{']' * 60})", 1),
        (f"count(get entries({{{names('a b$: 1')}}}))", 825),
        (f"{{{names('a$: 1')}}}.a700", 1),
        (f"{{ f: function({names('a b$')}) 1, t: f(1) }}.t", None),
        (f"{{ a b: 1, t: [{', '.join(['a b'] * 1900)}] }}.t[7]", 1),
        ("sort(long)[1]", 0),
        ("max(long) + median(long)", 29_998.5),
    ],
)
def test_hard_questions_with_an_answer_get_it_soon(source: str, expected: object) -> None:
    def work() -> None:
        assert feel.compile_expression(source).evaluate({"long": LONG}) == expected

    assert quickest(work, LONGEST) < LONGEST


def test_an_expression_with_very_much_wrong_is_checked_soon() -> None:
    known = {f"known variable {i}": feel.ANY for i in range(300)}
    source = f"[{names('unknown$(nowhere$)')}]"

    def work() -> None:
        assert len(feel.check(source, known)) == 20
        assert feel.compile_expression(source, strict=False).doubts

    assert quickest(work, LONGEST) < LONGEST


def test_what_a_person_writes_is_within_the_limits() -> None:
    rows = [{"name": f"Sam {i}", "age": i % 18} for i in range(500)]
    for source in (
        "count(rows[age > 5])",
        "sort(rows, function(a, b) a.age < b.age)[1].name",
        'string join(for r in rows return r.name, ", ")',
        "sum(for i in 1..10000 return i * i)",
        'every r in rows satisfies r.age < 18 and not(contains(r.name, "x"))',
        " or ".join(f'x = "{i}"' for i in range(500)),
        "if x = 1 then 1 " + "else if x = 2 then 2 " * 50 + "else 3",
        " + ".join(['"a"'] * 100),
        "(" * 50 + "1" + ")" * 50,
    ):
        assert feel.compile_expression(source).evaluate({"rows": rows, "x": "7"}) is not None


def test_values_from_outside_may_not_be_nested_without_end() -> None:
    value: list[object] = []
    value.append(value)
    for source in ("x", "x = x", "x.a", "count(x)"):
        with pytest.raises(feel.FeelBudgetExceeded, match="nested more than"):
            feel.compile_expression(source).evaluate({"x": value})
    with pytest.raises(feel.FeelBudgetExceeded, match="nested more than"):
        feel.dump_json(value)


def test_each_evaluation_has_a_budget_of_its_own() -> None:
    expression = feel.compile_expression("count(for i in 1..20000 return i)")
    assert [expression.evaluate({}) for _ in range(10)] == [20_000] * 10
