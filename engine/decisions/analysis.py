"""What can be said of a decision table before it runs: gaps, overlaps, rules without effect.

Every column is cut into pieces that no cell tells apart (see `engine.decisions.domains`), a rule
is the pieces that its cells hold, and so the questions are about finitely many cases. Columns are
taken to be independent of each other. Where a cell depends on other variables nothing is claimed of
it, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine import feel
from engine.decisions.domains import ANYTHING, Domain, domain_of
from engine.decisions.model import Decision
from engine.decisions.table import Rule, Table
from engine.errors import Finding

_LARGEST_SEARCH = 20_000
_MOST_EXAMPLES = 3
_MOST_OVERLAPS = 20
_ONE_RULE = ("UNIQUE", "FIRST", "ANY", "PRIORITY")


@dataclass(frozen=True, slots=True)
class TableFinding:
    """`code` is gap, overlap, dead-rule, idle-column or unknown; `rules` are their numbers, and
    `example` the inputs, by label, that show it."""

    code: str
    message: str
    rules: tuple[int, ...] = ()
    example: tuple[tuple[str, Any], ...] = ()


def analyse(table: Table) -> list[TableFinding]:
    """All that is found out about a table; nothing is said that is not certain."""
    return _Analysis(table).findings()


def findings_of(decisions: Mapping[str, Decision], path: str) -> list[Finding]:
    """What is found out about the tables of a file, as warnings; not what could not be told."""
    return [
        Finding("warning", f"dmn-{found.code}", found.message, path, decision.id)
        for decision in decisions.values()
        if isinstance(decision.logic, Table)
        for found in analyse(decision.logic)
        if found.code != "unknown"
    ]


class _TooLarge(Exception):
    """There are more cases than can be looked at."""


class _Analysis:
    def __init__(self, table: Table) -> None:
        self._table = table
        self._domains: list[Domain] = []
        self._sure: list[list[frozenset[int]]] = []
        """For each column and rule the pieces that its cell is known to hold."""
        self._maybe: list[list[frozenset[int]]] = []
        """The same with the pieces that it might hold."""
        self._unknown: list[TableFinding] = []
        for index in range(len(table.inputs)):
            self._read_column(index)

    def findings(self) -> list[TableFinding]:
        found: list[TableFinding] = []
        if self._table.rules:
            for part in (self._gaps, self._overlaps, self._dead_rules, self._idle_columns):
                try:
                    found += part()
                except _TooLarge:
                    found.append(
                        TableFinding(
                            "unknown",
                            f"{self._table.title} has too many cases to look at all of them.",
                        )
                    )
        return found + self._unknown

    def _read_column(self, index: int) -> None:
        column = self._table.inputs[index]
        tests = [rule.tests[index] for rule in self._table.rules]
        domain = domain_of(column, tests)
        place = f'{self._table.title}, input "{column.label}"'
        samples = domain.samples
        if domain.why_not and any(not test.matches_anything for test in tests):
            self._unknown.append(
                TableFinding("unknown", f"{place} was not looked at: {domain.why_not}.")
            )
        self._domains.append(domain)
        everything = frozenset(range(len(samples)))
        sure, maybe = [], []
        for rule, test in zip(self._table.rules, tests, strict=True):
            if test.matches_anything:
                sure.append(everything)
                maybe.append(everything)
            elif test.constants is None or domain.why_not:
                if not domain.why_not:
                    self._unknown.append(
                        TableFinding(
                            "unknown",
                            f"{place}, rule {rule.fired.number} was not looked at: what its cell "
                            "says depends on more than the input.",
                            (rule.fired.number,),
                        )
                    )
                sure.append(frozenset())
                maybe.append(everything)
            else:
                held = frozenset(i for i, one in enumerate(samples) if _holds(test, one))
                sure.append(held)
                maybe.append(held)
        self._sure.append(sure)
        self._maybe.append(maybe)

    # -- questions ----------------------------------------------------------------------------

    def _gaps(self) -> list[TableFinding]:
        table = self._table
        if table.hit_policy not in _ONE_RULE:
            return []
        if all(output.default is not None for output in table.outputs):
            return []
        cases = self._outside(self._maybe, range(len(table.rules)), None)
        found = []
        for case in cases[:_MOST_EXAMPLES]:
            example = self._example(case)
            found.append(
                TableFinding(
                    "gap",
                    f"{table.title} has no rule for {_words(example)}. Add a rule, or a default.",
                    (),
                    example,
                )
            )
        return found

    def _overlaps(self) -> list[TableFinding]:
        table = self._table
        if table.hit_policy not in ("UNIQUE", "ANY"):
            return []
        found: list[TableFinding] = []
        for index, one in enumerate(table.rules):
            for other_index in range(index + 1, len(table.rules)):
                other = table.rules[other_index]
                if table.hit_policy == "ANY" and not _disagree(one, other):
                    continue
                case = self._common(index, other_index)
                if case is not None and len(found) == _MOST_OVERLAPS:
                    found.append(
                        TableFinding(
                            "overlap",
                            f"{table.title} has more rules that overlap than these "
                            f"{_MOST_OVERLAPS} pairs. Mend them first.",
                        )
                    )
                    return found
                if case is not None:
                    numbers = (one.fired.number, other.fired.number)
                    example = self._example(case)
                    found.append(
                        TableFinding(
                            "overlap",
                            f"{table.title}: rules {numbers[0]} and {numbers[1]} both match "
                            f"{_words(example)}, which its hit policy {table.hit_policy} does not "
                            "allow. Make them exclude each other.",
                            numbers,
                            example,
                        )
                    )
        return found

    def _dead_rules(self) -> list[TableFinding]:
        found = []
        for index, rule in enumerate(self._table.rules):
            number = rule.fired.number
            why = ""
            for column, maybe in zip(self._table.inputs, self._maybe, strict=True):
                if not maybe[index]:
                    why = f'its cell for "{column.label}" holds no value that the input can have'
            earlier = self._before(index)
            if not why and earlier and not self._outside(self._sure, earlier, index):
                why = "the rules that go before it take every case of it"
            if why:
                found.append(
                    TableFinding(
                        "dead-rule",
                        f"{self._table.title}: rule {number} can never decide, for {why}.",
                        (number,),
                    )
                )
        return found

    def _idle_columns(self) -> list[TableFinding]:
        found = []
        for index, column in enumerate(self._table.inputs):
            if self._domains[index].why_not or len(self._table.rules) < 2:
                continue
            everything = frozenset(range(len(self._domains[index].samples)))
            if all(held == everything for held in self._sure[index]):
                found.append(
                    TableFinding(
                        "idle-column",
                        f'{self._table.title}: the input "{column.label}" decides nothing; every '
                        "rule takes any value of it. Remove the column, or fill in its cells.",
                    )
                )
        return found

    # -- sets of cases ------------------------------------------------------------------------

    def _before(self, index: int) -> list[int]:
        """The rules that win against a rule wherever both match."""
        table = self._table
        if table.hit_policy == "FIRST":
            return list(range(index))
        if table.hit_policy != "PRIORITY":
            return []
        own = _priorities(table, table.rules[index])
        if own is None:
            return []
        winning = []
        for other, rule in enumerate(table.rules):
            theirs = _priorities(table, rule)
            if theirs is not None and (theirs < own or (theirs == own and other < index)):
                winning.append(other)
        return winning

    def _common(self, one: int, other: int) -> list[int] | None:
        """A case in which both rules match for certain: a piece for each column."""
        case = []
        for sure in self._sure:
            both = sure[one] & sure[other]
            if not both:
                return None
            case.append(min(both))
        return case

    def _outside(
        self, held: Sequence[Sequence[frozenset[int]]], rules: Sequence[int], within: int | None
    ) -> list[list[int]]:
        """Cases that none of `rules` holds, of all or of those of the rule `within`; at most a few.

        Cases are gone through column by column, with the rules that still match; which case led
        there does not matter, so each set of rules is looked at once for each column.
        """
        columns = len(self._domains)
        seen: set[tuple[int, frozenset[int]]] = set()
        found: list[list[int]] = []

        def search(column: int, alive: frozenset[int], case: list[int]) -> None:
            if len(found) > _MOST_EXAMPLES:
                return
            if not alive:
                rest = [self._first(index, within) for index in range(column, columns)]
                found.append([*case, *rest])
                return
            if column == columns or (column, alive) in seen:
                return
            seen.add((column, alive))
            if len(seen) > _LARGEST_SEARCH:
                raise _TooLarge
            for piece in self._pieces(column, within):
                left = frozenset(rule for rule in alive if piece in held[column][rule])
                search(column + 1, left, [*case, piece])

        if all(self._pieces(column, within) for column in range(columns)):
            search(0, frozenset(rules), [])
        return found

    def _pieces(self, column: int, within: int | None) -> Sequence[int]:
        if within is None:
            return self._domains[column].expected
        return sorted(self._maybe[column][within])

    def _first(self, column: int, within: int | None) -> int:
        return next(iter(self._pieces(column, within)))

    def _example(self, case: Sequence[int]) -> tuple[tuple[str, Any], ...]:
        return tuple(
            (column.label, self._domains[index].samples[piece])
            for index, (column, piece) in enumerate(zip(self._table.inputs, case, strict=True))
            if self._domains[index].samples[piece] is not ANYTHING
        )


def _holds(test: feel.UnaryTests, sample: Any) -> bool:
    try:
        return test.matches(sample, {})
    except feel.FeelError:
        return False


def _disagree(one: Rule, other: Rule) -> bool:
    """Whether two rules put out different constants."""
    pairs = [
        (first.evaluate({}), second.evaluate({}))
        for first, second in zip(one.outputs, other.outputs, strict=True)
        if first is not None and second is not None and first.constant and second.constant
    ]
    return any(first != second for first, second in pairs)


def _priorities(table: Table, rule: Rule) -> list[int] | None:
    """How the outputs of a rule rank, None if that shows only when it runs."""
    ranks = []
    for output, expression in zip(table.outputs, rule.outputs, strict=True):
        if expression is None or not expression.constant:
            return None
        ranks.append(output.priority(expression.evaluate({})))
    return ranks


def _words(example: Sequence[tuple[str, Any]]) -> str:
    if not example:
        return "any case"
    return ", ".join(f"{label} = {feel.written(value)}" for label, value in example)
