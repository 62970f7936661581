"""What the scenarios of a model show, diagram by diagram, and whether they pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.definitions import files_of, read_model
from engine.model import Model
from engine.nets import item_of
from engine.scenarios.bench import IN_MEMORY, Bench, Site
from engine.scenarios.branches import BranchMap, Pair
from engine.scenarios.contradictions import Contradictions
from engine.scenarios.fillings import Constants
from engine.scenarios.names import pair_in_words
from engine.scenarios.possible import Possible
from engine.scenarios.replay import in_words, replay, throw_away
from engine.scenarios.scenario import Scenario, choose
from engine.scenarios.search import Search
from engine.scenarios.values import Domains

PATIENCE = 60
"""How many steps in vain a search takes before it begins elsewhere, or ends."""
PAIR_PATIENCE = 400
"""How many steps are taken to find one pair that nothing else has shown."""
FLOW_PATIENCE = 300
"""The same where a flow is still missing."""


@dataclass(frozen=True)
class NotShown:
    """Two branches, the ids of their flows, which no scenario takes one after the other; `why` is
    the proof that none can, if there is one."""

    first: str
    then: str
    words: str
    why: str = ""


@dataclass(frozen=True)
class Coverage:
    """One diagram: its flows, and its pairs of branches that follow each other.

    `missing` are the flows that no scenario shows. Of the pairs, `impossible` are those that cannot
    follow each other, and `not_found` those of which nothing is known.
    """

    process: str
    name: str
    flows: int
    missing: tuple[str, ...]
    pairs: int
    impossible: tuple[NotShown, ...]
    not_found: tuple[NotShown, ...]

    @property
    def pairs_shown(self) -> int:
        """How many pairs some scenario shows."""
        return self.pairs - len(self.impossible) - len(self.not_found)


@dataclass(frozen=True)
class Played:
    """A scenario that was played: its steps in words, what it shows, what is wrong if it fails."""

    name: str
    process: str
    steps: tuple[Mapping[str, Any], ...]
    flows: tuple[str, ...]
    pairs: tuple[Pair, ...]
    ended: bool
    waiting: tuple[str, ...]
    message: str = ""

    @property
    def passed(self) -> bool:
        return not self.message


@dataclass(frozen=True)
class Refusal:
    """Answers that their form takes and a later step does not, with what that step says: a trap
    for whoever gives them. Or a form for which no answers were found."""

    element: str
    answers: str
    message: str


@dataclass
class Report:
    """All scenarios of a model."""

    model: str
    coverage: list[Coverage] = field(default_factory=list)
    scenarios: list[Played] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether every flow is covered and every scenario passes."""
        return not any(c.missing for c in self.coverage) and all(s.passed for s in self.scenarios)

    def as_json(self) -> dict[str, Any]:
        """Everything as plain JSON."""
        found = asdict(self)
        for entry, played in zip(found["scenarios"], self.scenarios, strict=True):
            entry["passed"] = played.passed
        return found


@dataclass(frozen=True)
class Found:
    """The ways that were found through a model, before they are played."""

    model: Model
    site: Site
    coverage: list[Coverage]
    scenarios: list[Scenario]
    refused: list[Refusal]


def try_model(folder: Path, site: Site, url: str | None = None) -> Report:
    """Find the scenarios of the model in `folder`, and play each one; see `find` and `play`."""
    return play(find(folder, site), url)


def find(folder: Path, site: Site) -> Found:
    """Look for scenarios of the model in `folder`, in a database in memory. Raises InvalidModel
    for a model that can't be read."""
    model, _ = read_model(files_of(folder), site.services)
    domains = Domains(model, site.services, Constants(model), _given(model, site))
    contradictions = Contradictions(model, site.services, domains)
    impossible: dict[Pair, str] = {}
    for process in model.processes.values():
        drawn = BranchMap(process)
        for pair in drawn.pairs():
            why = contradictions.between(drawn, pair)
            if why:
                impossible[item_of(process, pair[0]), item_of(process, pair[1])] = why
    bench = Bench(IN_MEMORY, model, site)
    try:
        search = _search(bench, impossible)
        _settle(search, Possible(model, site.services, domains, site.starts), impossible)
        scenarios = choose(search)
    finally:
        bench.close()
    refused = [
        Refusal(element, key, message) for (element, message), key in sorted(search.faults.items())
    ] + [
        Refusal(f"form {form_id}", "", "No answers were found that this form takes.")
        for form_id in sorted(search.ways.without_answers)
    ]
    return Found(model, site, _coverage(model, search, impossible), scenarios, refused)


def play(found: Found, url: str | None = None) -> Report:
    """Play scenarios from their start, in a database of their own that is thrown away: a SQLite
    file, or a schema in the PostgreSQL database at `url`."""
    report = Report(found.model.id, found.coverage, [], found.refused)
    with throw_away(url) as address:
        bench = Bench(address, found.model, found.site)
        try:
            for number, scenario in enumerate(found.scenarios, 1):
                report.scenarios.append(_played(bench, scenario, replay(bench, scenario, number)))
        finally:
            bench.close()
    return report


def _search(bench: Bench, impossible: Mapping[Pair, str]) -> Search:
    """From the model's start; what no way from there shows, from the start of its own process."""
    search, model = Search(bench, impossible), bench.model
    search.start(model.start)
    search.run(PATIENCE, flows_only=True)
    for process in model.processes.values():
        if process.id != model.start and any(
            item_of(process, flow) not in search.covered for flow in process.flows
        ):
            search.start(process.id)
    search.run(FLOW_PATIENCE, flows_only=True)
    search.run(PATIENCE)
    return search


def _settle(search: Search, possible: Possible, impossible: dict[Pair, str]) -> None:
    """Prove of each pair that was not shown that it cannot be, or look for it alone."""
    for process in search.model.processes.values():
        for own in search.maps[process.id].pairs():
            pair = (item_of(process, own[0]), item_of(process, own[1]))
            if pair in search.covered or pair in impossible:
                continue
            why = possible.why_not(process, own)
            if why:
                impossible[pair] = why
            else:
                search.seek(pair, PAIR_PATIENCE)


def _given(model: Model, site: Site) -> set[str]:
    """What the answers with which a case may start say."""
    return {
        name
        for process in model.processes.values()
        for answers in site.starts(process, 0)
        for name in answers
    }


def _coverage(model: Model, search: Search, impossible: Mapping[Pair, str]) -> list[Coverage]:
    found = []
    for process in model.processes.values():
        pairs = search.maps[process.id].pairs()
        left = [
            NotShown(first, then, pair_in_words(model, pair), impossible.get(pair, ""))
            for first, then in pairs
            if (pair := (item_of(process, first), item_of(process, then))) not in search.covered
        ]
        found.append(
            Coverage(
                process.id,
                process.name,
                len(process.flows),
                tuple(f for f in process.flows if item_of(process, f) not in search.covered),
                len(pairs),
                tuple(pair for pair in left if pair.why),
                tuple(pair for pair in left if not pair.why),
            )
        )
    return found


def _played(bench: Bench, scenario: Scenario, message: str) -> Played:
    steps = tuple(
        {
            "what": in_words(bench, stage.doing.act),
            "element": stage.doing.act.element,
            "by": stage.doing.by,
            "answers": dict(stage.doing.act.answers),
        }
        for stage in scenario.stages
    )
    flows = dict.fromkeys(flow for stage in scenario.stages for flow in stage.flows)
    pairs = dict.fromkeys(pair for stage in scenario.stages for pair in stage.pairs)
    return Played(
        scenario.name,
        scenario.process,
        steps,
        tuple(flows),
        tuple(pairs),
        scenario.ended,
        scenario.waiting,
        message,
    )
