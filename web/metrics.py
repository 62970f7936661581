"""What a node tells Prometheus: what it did itself, and what waits in the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from engine import queries
from engine.faults import describe
from engine.runtime import Runtime
from engine.spiff import Passed

log = structlog.get_logger("metrics")

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
SECONDS_KEPT = 10.0
"""For so long the database is not counted again, however often somebody asks."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """One node's figures. From its making on, `runtime` tells it of every element passed."""

    def __init__(self, runtime: Runtime) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "pathways_request_seconds",
            "How long requests took on this node, by the name of the route and kind of answer.",
            ("route", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._steps = Counter(
            "pathways_steps",
            "Elements that instances passed on this node, by process and kind of element.",
            ("process", "kind"),
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        self.registry.register(_Waiting(runtime))
        runtime.watch = self._passed

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, f"{status // 100}xx").observe(seconds)

    def text(self) -> bytes:
        """All figures in the text format of Prometheus."""
        return generate_latest(self.registry)

    def _passed(self, instance_id: int, process: str, passed: Passed) -> None:
        self._steps.labels(process, passed.element.kind).inc()


class _Waiting(Collector):
    """What waits in the database; the same on every node. Without it while that cannot be read."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._lock = threading.Lock()
        self._read_at = -SECONDS_KEPT
        self._kept: list[Metric] = []

    def describe(self) -> list[Metric]:
        return []  # or it would be counted as soon as it is registered

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            if time.monotonic() - self._read_at >= SECONDS_KEPT:
                try:
                    self._kept = [_gauge("database_up", "Whether the database answers.", 1)]
                    self._kept += _families(queries.figures(self.runtime))
                except Exception as error:
                    log.error("counting_failed", trail=describe(error))
                    self._kept = [_gauge("database_up", "Whether the database answers.", 0)]
                self._read_at = time.monotonic()
            yield from self._kept


def _families(figures: queries.Figures) -> Iterator[Metric]:
    open_tasks = GaugeMetricFamily(
        "pathways_open_tasks",
        "Open tasks by model, role and tray.",
        labels=("model", "role", "tray"),
    )
    overdue = GaugeMetricFamily(
        "pathways_overdue_tasks",
        "Open tasks whose due date has passed.",
        labels=("model", "role", "tray"),
    )
    for pile in figures.piles:
        place = (pile.model, pile.role, pile.tray)
        open_tasks.add_metric(place, pile.tasks)
        overdue.add_metric(place, pile.overdue)
    waiting = GaugeMetricFamily(
        "pathways_outbox_waiting", "Messages that are to be sent.", labels=("kind",)
    )
    oldest = GaugeMetricFamily(
        "pathways_outbox_oldest_seconds", "How long the first of them waits.", labels=("kind",)
    )
    for kind, backlog in figures.outbox.items():
        waiting.add_metric((kind,), backlog.waiting)
        oldest.add_metric((kind,), backlog.oldest.total_seconds())
    yield from (open_tasks, overdue, waiting, oldest)
    yield _gauge("outbox_given_up", "Messages that are not tried again.", figures.given_up)
    yield _gauge("open_incidents", "Steps that failed and are not mended.", figures.incidents)
    yield _gauge("due_waiting", "Timers and second tries that are late.", figures.due.waiting)
    yield _gauge(
        "due_late_seconds", "How late the first of them is.", figures.due.oldest.total_seconds()
    )


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"pathways_{name}", words, value=value)
