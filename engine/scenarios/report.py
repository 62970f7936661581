"""What the scenarios of a model show, diagram by diagram, and whether they pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.definitions import files_of, read_model
from engine.model import Model
from engine.nets import item_of
from engine.scenarios.bench import Bench, Site
from engine.scenarios.branches import Pair
from engine.scenarios.replay import in_words, replay, throw_away
from engine.scenarios.scenario import Scenario, choose
from engine.scenarios.search import Search

PATIENCE = 150
"""How many steps in vain a search from the model's start takes, before it begins elsewhere too."""
LAST_PATIENCE = 250


@dataclass(frozen=True)
class Coverage:
    """One diagram: its flows, and its pairs of branches that follow each other.

    `missing` are the flows that no scenario shows, `not_found` the pairs.
    """

    process: str
    name: str
    flows: int
    missing: tuple[str, ...]
    pairs: int
    not_found: tuple[Pair, ...]


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


@dataclass
class Report:
    """All scenarios of a model. `refused` are answers that their form takes and a later step does
    not, with what that step says: each is a trap for whoever gives them."""

    model: str
    coverage: list[Coverage] = field(default_factory=list)
    scenarios: list[Played] = field(default_factory=list)
    refused: list[Mapping[str, str]] = field(default_factory=list)

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


def try_model(folder: Path, site: Site, url: str | None = None) -> Report:
    """Find the scenarios of the model in `folder` and play each one.

    They are looked for in memory. They are played in a database of their own, which is thrown
    away: a SQLite file, or a schema in the PostgreSQL database at `url`. Raises InvalidModel for a
    model that can't be read.
    """
    model, _ = read_model(files_of(folder), site.services)
    bench = Bench("sqlite://", model, site)
    try:
        search = _search(bench)
        scenarios = choose(search)
    finally:
        bench.close()
    report = Report(model.id, _coverage(model, search))
    report.refused = [
        {"element": element, "answers": key, "message": message}
        for (element, message), key in sorted(search.faults.items())
    ]
    with throw_away(url) as address:
        stage = Bench(address, model, site)
        try:
            for number, scenario in enumerate(scenarios, 1):
                report.scenarios.append(_played(stage, scenario, replay(stage, scenario, number)))
        finally:
            stage.close()
    return report


def _search(bench: Bench) -> Search:
    """From the model's start; what no way from there shows, from the start of its own process."""
    search, model = Search(bench), bench.model
    search.start(model.start)
    search.run(PATIENCE)
    for process in model.processes.values():
        if any(item_of(process, flow) not in search.covered for flow in process.flows):
            search.start(process.id)
    search.run(LAST_PATIENCE)
    return search


def _coverage(model: Model, search: Search) -> list[Coverage]:
    found = []
    for process in model.processes.values():
        pairs = search.maps[process.id].pairs()
        found.append(
            Coverage(
                process.id,
                process.name,
                len(process.flows),
                tuple(f for f in process.flows if item_of(process, f) not in search.covered),
                len(pairs),
                tuple(
                    pair
                    for pair in pairs
                    if (item_of(process, pair[0]), item_of(process, pair[1])) not in search.covered
                ),
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
