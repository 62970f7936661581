"""Many people, messages, timers and retries at a few cases at once: whoever comes first, every case
is whole afterwards."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine import commands, due, queries
from engine.errors import EngineError, ServiceError
from engine.identity import SYSTEM
from engine.runtime import Runtime
from tests.durability.whole import assert_whole
from tests.engine.conftest import MANAGER, OTHER, WORKER, Clock, Office
from tests.engine.drawing import document, element, flows, message, properties, timer
from tests.engine.test_edge_cases import Desk, drawn, service, user


def _call(id: str, called: str) -> str:
    return element("callActivity", id, properties(returns="verdict"), calledElement=called)


def _boundary(id: str, on: str, definition: str, interrupting: str = "true") -> str:
    return element("boundaryEvent", id, definition, attachedToRef=on, cancelActivity=interrupting)


_EPISODE = (
    element("startEvent", "begun")
    + element("exclusiveGateway", "round")
    + element("parallelGateway", "both")
    + user("assess")
    + _boundary("late", "assess", timer("timeCycle", "duration(&quot;P1D&quot;)"), "false")
    + service("remind", "flaky")
    + element("endEvent", "reminded")
    + _call("call", "q")
    + _boundary("recalled", "call", message("recall"))
    + _boundary("worried", "call", message("concern"), "false")
    + user("discuss")
    + element("endEvent", "discussed")
    + element("exclusiveGateway", "merged")
    + element("parallelGateway", "join")
    + service("record", "flaky")
    + element("exclusiveGateway", "again", default="again_to_round")
    + element("endEvent", "over")
    + flows(
        "begun > round > both > assess > join; late > remind > reminded; both > call > merged;"
        "merged > join; recalled > merged; worried > discuss > discussed; join > record > again;"
        'again > round; again > over | verdict = "fine"'
    )
)
_FILES = (
    document(
        drawn(
            "p",
            element("startEvent", "s")
            + element("subProcess", "episode", _EPISODE)
            + _boundary("closed", "episode", message("close"))
            + user("closing")
            + element("endEvent", "e1")
            + user("after")
            + element("endEvent", "e2"),
            "s > episode > after > e2; closed > closing > e1",
            "assess",
            "discuss",
            "closing",
            "after",
        ),
        messages=("recall", "concern", "close"),
    ),
    document(
        drawn(
            "q",
            element("startEvent", "qs")
            + user("q1")
            + element("intermediateThrowEvent", "q2", message("concern"))
            + _call("q3", "r")
            + element("endEvent", "qe"),
            "qs > q1 > q2 > q3 > qe",
            "q1",
        ),
        messages=("concern",),
    ),
    document(
        drawn(
            "r",
            element("startEvent", "rs")
            + element("eventBasedGateway", "first")
            + element(
                "intermediateCatchEvent", "r1", timer("timeDuration", "duration(&quot;PT5H&quot;)")
            )
            + element("intermediateCatchEvent", "r2", message("go"))
            + user("r3")
            + element("exclusiveGateway", "rm")
            + element("endEvent", "re"),
            "rs > first > r1 > r3 > rm > re; first > r2 > rm",
            "r3",
        ),
        messages=("go",),
    ),
)


class Crowd:
    """Does things at random; refusals in words are part of the game, anything else is not."""

    def __init__(self, desk: Desk, clock: Clock, seed: int) -> None:
        self.desk = desk
        self.runtime = desk.runtime
        self.clock = clock
        self.seed = seed
        self.model = desk.deploy(*_FILES)
        self.keys = [desk.start(self.model) for _ in range(3)]
        self.faults: list[Exception] = []

    def work(self, number: int, times: int) -> None:
        chance = random.Random(self.seed * 100 + number)
        for _ in range(times):
            try:
                self.act(chance)
            except EngineError:
                continue
            except Exception as error:
                self.faults.append(error)

    def act(self, chance: random.Random) -> None:
        key = chance.choice(self.keys)
        match chance.choices(
            ["task", "send", "due", "retry", "clock", "cancel"], [9, 3, 3, 1, 2, 0.1]
        )[0]:
            case "task":
                self.task(chance, key)
            case "send":
                name = chance.choice(["recall", "concern", "close", "go"])
                commands.correlate(self.runtime, name, key, {}, SYSTEM)
            case "due":
                due.fire_due(self.runtime, 5)
            case "retry":
                if found := queries.incidents(self.runtime):
                    commands.retry_incident(self.runtime, chance.choice(found).id, MANAGER)
            case "clock":
                self.clock.move(hours=chance.choice([1, 6, 30, -1]))
            case "cancel":
                number = queries.instances(self.runtime, key)[0].id
                commands.cancel(self.runtime, number, "a mistake", MANAGER)

    def task(self, chance: random.Random, key: str) -> None:
        found = queries.open_tasks(self.runtime, key)
        if not found:
            self.keys.append(self.desk.start(self.model))
            return
        number, who = chance.choice(found).id, chance.choice([WORKER, OTHER])
        answers = {"verdict": chance.choice(["fine", "not fine"])}
        match chance.choice(["complete", "complete", "complete", "draft", "claim"]):
            case "complete":
                commands.complete_task(self.runtime, number, answers, who)
            case "draft":
                commands.save_draft(self.runtime, number, answers, who)
            case "claim":
                commands.claim(self.runtime, number, who)
                commands.release(self.runtime, number, who)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("people", [1, 5])
def test_whoever_comes_first_every_case_is_whole(
    runtime: Runtime, tmp_path: Path, office: Office, clock: Clock, seed: int, people: int
) -> None:
    chance = random.Random(seed)

    @office.services.handler("flaky")
    def flaky(context: Any) -> None:
        if chance.random() < 0.4:
            raise ServiceError("Not this time.")
        if chance.random() < 0.1:
            context.connection.execute(sa.text("select nothing from nowhere"))
        context.send("mail", {"to": "sam@example.org"})

    crowd = Crowd(Desk(runtime, tmp_path), clock, seed)
    threads = [
        threading.Thread(target=crowd.work, args=(number, 160 // people + 20))
        for number in range(people)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert crowd.faults == []
    assert_whole(runtime)
