"""What an episode of work goes through, said without tokens: what its diagram has to come to.

prepare, and on the second version extra, then record (which may fail); then assess, which is
reminded of every day (which may fail as well), beside the called process with check; a pause
of five hours; conclude, and once more from the beginning unless the verdict is “fine”. “stop”
interrupts all that, and wind_up is what remains to do.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.timescales import due_at, next_due
from engine.worklist import RETRIES
from tests.engine.drawing import document, element, flows, message, process, properties, timer
from tests.engine.errand import TIMESCALES, form, radio

DAY, PAUSE, LONG = timedelta(days=1), timedelta(hours=5), timedelta(days=3)


def files(version: int) -> dict[str, bytes]:
    """The model's files in one of its two versions."""

    def user(id: str) -> str:
        return element("userTask", id, properties(form="check", tray="todo"))

    def service(id: str) -> str:
        return element(
            "serviceTask",
            id,
            "<bpmn:extensionElements><spiffworkflow:serviceTaskOperator id='flaky'/>"
            "</bpmn:extensionElements>",
        )

    way = "prepare > extra > record" if version == 2 else "prepare > record"
    episode = (
        element("startEvent", "begun")
        + element("exclusiveGateway", "round")
        + user("prepare")
        + (user("extra") if version == 2 else "")
        + service("record")
        + element("parallelGateway", "both")
        + user("assess")
        + element(
            "boundaryEvent",
            "late",
            timer("timeCycle", "duration(&quot;P1D&quot;)"),
            attachedToRef="assess",
            cancelActivity="false",
        )
        + service("remind")
        + element("endEvent", "reminded")
        + element("callActivity", "call", properties(returns="verdict"), calledElement="q")
        + element("parallelGateway", "join")
        + element("intermediateCatchEvent", "pause", timer("timeDuration", '"PT5H"'))
        + user("conclude")
        + element("exclusiveGateway", "again", default="again_to_round")
        + element("endEvent", "over")
        + flows(
            f"begun > round > {way} > both > assess > join; late > remind > reminded;"
            "both > call > join; join > pause > conclude > again; again > round;"
            'again > over | verdict = "fine"'
        )
    ).replace('"PT5H"', "duration(&quot;PT5H&quot;)")
    whole = process(
        "p",
        element("startEvent", "s")
        + element("subProcess", "episode", episode)
        + element("boundaryEvent", "stopped", message("stop"), attachedToRef="episode")
        + element(
            "boundaryEvent",
            "long",
            timer("timeDuration", "duration(&quot;P3D&quot;)"),
            attachedToRef="episode",
            cancelActivity="false",
        )
        + user("wind_up")
        + user("look_in")
        + element("endEvent", "e1")
        + element("endEvent", "e2")
        + element("endEvent", "e3")
        + flows("s > episode > e1; stopped > wind_up > e2; long > look_in > e3"),
        dict.fromkeys(("episode", "wind_up", "look_in"), "Worker"),
    )
    called = process(
        "q",
        element("startEvent", "qs")
        + user("check")
        + element("endEvent", "qe")
        + flows("qs > check > qe"),
        {"check": "Worker"},
    )
    settings = (
        'id = "episode"\nname = "Episodes"\nstart = "p"\nbusiness_key = "EP-{number}"\n'
        'timescales = "timescales"\n[roles]\nworker = "Worker"\n[trays]\ntodo = "To do"\n'
    )
    return {
        "model.toml": settings.encode(),
        "p.bpmn": document(whole, messages=("stop",)),
        "q.bpmn": document(called),
        "forms/check.form": form("check", radio("verdict", "fine", "not fine")),
        "decisions/timescales.dmn": TIMESCALES,
    }


@dataclass
class Fault:
    """A step that failed and is tried again."""

    step: str
    attempts: int
    again: datetime | None


@dataclass
class Episode:
    """Where a case is: what there is to do, what runs out when, and what went wrong."""

    version: int
    began: datetime
    tasks: set[str] = field(default_factory=lambda: {"prepare"})
    faults: list[Fault] = field(default_factory=list)
    remind_at: datetime | None = None
    pause_until: datetime | None = None
    joined: int = 0
    status: str = "active"
    running: bool = True
    """Whether it is neither over nor stopped; look_in and wind_up may be left then."""

    def __post_init__(self) -> None:
        self.long_at: datetime | None = due_at(LONG, self.began)

    @property
    def timers(self) -> dict[str, datetime]:
        """What runs out when."""
        found = {"remind": self.remind_at, "pause": self.pause_until, "long": self.long_at}
        return {name: moment for name, moment in found.items() if moment is not None}

    @property
    def due(self) -> datetime | None:
        return min(self.timers.values(), default=None)

    @property
    def tokens(self) -> int:
        """How many tokens the instance has, with those of the events that wait around it."""
        around = 2 * self.running  # the sub-process, and the message that stops it
        # The task of the called process stands for the call.
        return around + len(self.tasks) + len(self.timers) + len(self.faults) + self.joined

    def complete(self, task: str, verdict: str, works: bool, now: datetime) -> None:
        self.tasks.remove(task)
        match task:
            case "prepare" if self.version == 2:
                self.tasks.add("extra")
            case "prepare" | "extra":
                self._try("record", works, now)
            case "assess" | "check":
                if task == "assess":
                    self.remind_at = None
                self.joined += 1
                if self.joined == 2:
                    self.joined = 0
                    self.pause_until = due_at(PAUSE, now)
            case "conclude" if verdict != "fine":
                self.tasks.add("prepare")
        self._see_what_is_left()

    def _see_what_is_left(self) -> None:
        inside = self.tasks - {"wind_up", "look_in"}
        if self.running and not (inside or self.faults or self.pause_until or self.joined):
            self.running, self.long_at = False, None
        if not self.running and not self.tasks:
            self.status = "completed"

    def _try(self, step: str, works: bool, now: datetime) -> None:
        if not works:
            self.faults.append(Fault(step, 1, now + RETRIES[0]))
        elif step == "record":
            self.tasks |= {"assess", "check"}
            self.remind_at = due_at(DAY, now)

    def fire(self, works: bool, now: datetime) -> bool:
        """What a moment does to the case; whether a timer of it went off."""
        late = [name for name, moment in self.timers.items() if moment <= now]
        if "remind" in late and self.remind_at is not None:
            self.remind_at = next_due(DAY, self.remind_at, now)
            self._try("remind", works, now)
        if "pause" in late:
            self.pause_until = None
            self.tasks.add("conclude")
        if "long" in late:
            self.long_at = None
            self.tasks.add("look_in")
        return bool(late)

    def retry(self, fault: Fault, works: bool, now: datetime) -> None:
        if not works:
            fault.attempts += 1
            few = fault.attempts <= len(RETRIES)
            fault.again = now + RETRIES[fault.attempts - 1] if few else None
            return
        self.faults.remove(fault)
        self._try(fault.step, works, now)
        self._see_what_is_left()

    def stop(self) -> bool:
        """Whether there was anything to stop."""
        if not self.running:
            return False
        self.tasks = {"wind_up"} | (self.tasks & {"look_in"})
        self._give_up()
        return True

    def cancel(self) -> None:
        self.tasks = set()
        self._give_up()
        self.status = "cancelled"

    def _give_up(self) -> None:
        self.running, self.faults, self.joined = False, [], 0
        self.remind_at = self.pause_until = self.long_at = None

    @property
    def failed(self) -> Counter[str]:
        return Counter(fault.step for fault in self.faults)
