"""What a node tells of itself: that it lives, that it can work, and how much there is to do."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from engine import database
from engine.runtime import Runtime
from handlers import services
from web.app import create_app
from web.operations import create_operations_app
from web.settings import DEMO_API_KEY, METRICS, ApiKey, digest_of

from .conftest import SETTINGS, World

WATCHER = ApiKey("prometheus", digest_of("watcher-key"), METRICS)


def metrics(app: Flask, key: str = DEMO_API_KEY) -> dict[str, float]:
    """Every figure by its name and labels."""
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    lines = answer.get_data(as_text=True).splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


@pytest.fixture
def fresh(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The service, where what waits is counted each time that somebody asks."""
    monkeypatch.setattr("web.metrics.SECONDS_KEPT", 0.0)
    return world


def test_a_node_lives_and_is_ready(world: World) -> None:
    for app in (world.app, create_operations_app(world.runtime, SETTINGS)):
        client = app.test_client()
        assert client.get("/healthz").get_json() == {"status": "ok"}
        assert client.get("/readyz").get_json() == {"status": "ready"}


def test_a_node_lives_but_is_not_ready_without_its_database(tmp_path: Path) -> None:
    url = "postgresql://pathways@127.0.0.1:1/pathways"
    gone = Runtime(database.connect(url), services)
    client = create_app(gone, SETTINGS).test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["detail"] == "The database does not answer."
    assert metrics(client.application)["pathways_database_up"] == 0


def test_a_node_is_not_ready_for_tables_of_another_version(tmp_path: Path) -> None:
    engine = database.connect(f"sqlite:///{tmp_path}/new.sqlite3")
    answer = create_operations_app(Runtime(engine, services), SETTINGS).test_client().get("/readyz")
    assert answer.status_code == 503
    assert "Run: pathways migrate-database" in answer.get_json()["detail"]
    engine.dispose()


def test_metrics_are_for_those_with_a_key(world: World) -> None:
    settings = replace(SETTINGS, api_keys=(*SETTINGS.api_keys, WATCHER))
    app = create_app(world.runtime, settings)
    client = app.test_client()
    assert client.get("/metrics").status_code == 401
    for key, status in (("wrong", 401), ("school-key", 403), ("watcher-key", 200)):
        shown = {"Authorization": f"Bearer {key}"}
        assert client.get("/metrics", headers=shown).status_code == status
    shown = {"Authorization": "Bearer watcher-key"}
    sent = client.post("/api/v1/contacts", json={"source": "e_caf"}, headers=shown)
    assert sent.status_code == 403


def test_open_and_overdue_tasks_are_counted_by_tray(fresh: World) -> None:
    place = '{model="caf",role="mash_worker",tray="mash"}'
    assert f"pathways_open_tasks{place}" not in metrics(fresh.app)
    for _ in range(2):
        fresh.contact()
    now = metrics(fresh.app)
    assert now[f"pathways_open_tasks{place}"] == 2
    assert now[f"pathways_overdue_tasks{place}"] == 0
    fresh.pass_time(days=30)
    assert metrics(fresh.app)[f"pathways_overdue_tasks{place}"] == 2


def test_what_waits_for_the_service_itself_is_told(world: World) -> None:
    told = metrics(world.app)
    for name in ("open_incidents", "due_waiting", "due_late_seconds", "outbox_given_up"):
        assert told[f"pathways_{name}"] == 0
    assert told["pathways_database_up"] == 1


def test_steps_and_requests_are_counted_with_how_long_they_took(world: World) -> None:
    before = metrics(world.app)
    reference = world.contact()
    world.browser("manager").get(f"/cases/{reference}")
    world.browser("manager").get("/cases/nothing", 404)
    now = metrics(world.app)
    assert now['pathways_request_seconds_count{route="cases.summary",status="2xx"}'] == 1
    assert now['pathways_request_seconds_count{route="cases.summary",status="4xx"}'] == 1
    started = 'pathways_steps_total{kind="startEvent",process="overview"}'
    assert now[started] == before.get(started, 0) + 1


def test_figures_tell_of_no_case_and_nobody(world: World) -> None:
    reference = world.contact()
    world.browser("manager").get(f"/cases/{reference}")
    told = "\n".join(metrics(world.app))
    assert not re.search(rf"{reference}|Example|Alex|Sam|manager|@", told)
