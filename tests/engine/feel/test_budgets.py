"""No expression takes long or much, whatever it says: it ends in an error that says so."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from engine import feel

LONGEST = 0.25
"""Seconds on the processor; under a tenth of a second is usual, the rest is for a busy machine."""
ATTEMPTS = 3


def quickest(work: Callable[[], object]) -> float:
    """Seconds on the processor that the work takes, of several times the least: what else goes on
    in this process, such as the collection of other tests' garbage, does not count."""
    taken = []
    for _ in range(ATTEMPTS):
        started = time.thread_time()
        work()
        taken.append(time.thread_time() - started)
        if taken[-1] < LONGEST:
            break
    return min(taken)


def doubling(first: str, step: str, times: int, last: str = "") -> str:
    entries = [f"v0: {first}"]
    entries += [f"v{i + 1}: " + step.replace("$", f"v{i}") for i in range(times)]
    if last:
        entries.append("last: " + last.replace("$", f"v{times}"))
    return "{" + ", ".join(entries) + "}." + ("last" if last else f"v{times}")


MANY = "for i in 1..30000 return "
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
    "a large pattern": 'matches("a", "(((a{1,100}){1,100}){1,100}){1,100}")',
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_ends_soon_and_with_an_error(attack: str) -> None:
    def work() -> None:
        with pytest.raises(feel.FeelError) as caught:
            feel.compile_expression(ATTACKS[attack]).evaluate({"x": 1})
        assert caught.value.message.endswith(".")

    assert quickest(work) < LONGEST


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('matches(string join(for i in 1..20000 return "a"), "^(a*)*b")', False),
        ("10 ** 6000 ** 6000", None),
        ("1.0000001 ** 999999999999", None),
        ("exp(14149.9)", None),
    ],
)
def test_hard_questions_with_an_answer_get_it_soon(source: str, expected: object) -> None:
    def work() -> None:
        assert feel.compile_expression(source).evaluate({}) == expected

    assert quickest(work) < LONGEST


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
