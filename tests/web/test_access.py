"""Who gets where: the table against the app, and every route as every role."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from handlers import directory, documents
from web.access import ROUTES, Who

from .conftest import World

ROLES = {
    "mash_worker": "mash",
    "caf_duty_manager": "manager",
    "caf_co_ordinator": "coordinator",
    "lead_professional": "leadpro",
    "caf_social_worker": "socialworker",
    "safer_families_practitioner": "saferfamilies",
    "allocated_social_worker": "socialcare",
    "duty_assessment_team": "dats",
    "service_manager": "servicemanager",
    "caf_support_panel": "panel",
    "analyst": "analyst",
    "publisher": "publisher",
    "administrator": "admin",
}
PEOPLE = {person.id: person for person in directory.demo_users()}
_RULES = sorted(
    (name, access)
    for name, access in ((name, ROUTES[name]) for name in ROUTES)
    if access.who is Who.PERSON
)


def test_the_table_names_exactly_the_routes_of_the_app(world: World) -> None:
    assert set(ROUTES) == {rule.endpoint for rule in world.app.url_map.iter_rules()}


def test_a_route_that_the_table_forgot_is_closed_to_everyone(world: World) -> None:
    world.app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    assert "not open to anyone" in world.browser("manager").get("/forgotten", 403).text
    world.browser().get("/forgotten", 403)


def _requests(app: Flask, reference: str, task: int, instance: int) -> dict[str, tuple[str, str]]:
    """A request for each route: its method and an address that leads to something."""
    values = {
        "reference": reference,
        "task_id": str(task),
        "instance_id": str(instance),
        "name": "concern_raised",
        "notification_id": "1",
        "incident_id": "1",
        "document_id": "1",
        "model": "caf",
        "draft_id": "1",
        "version": "1",
        "path": "overview.bpmn",
    }
    found = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:>]+:)?(\w+)>", lambda part: values.get(part[1], "x"), rule.rule)
        methods = rule.methods or set()
        method = next((name for name in ("POST", "PUT") if name in methods), "GET")
        found[rule.endpoint] = (method, path)
    return found


def test_nobody_gets_past_the_sign_in_page(world: World) -> None:
    reference = world.contact()
    task = world.task(reference)
    requests = _requests(world.app, reference, task.id, task.instance_id)
    # Without a session there is no token that could be right.
    stranger, browser = world.browser(), world.browser()
    token = browser.get("/sign-in").form("Sign in").data["csrf_token"][0]
    for endpoint, _ in _RULES:
        method, path = requests[endpoint]
        if endpoint.startswith("studio_files.") and endpoint != "studio_files.edit":
            answer = browser.flask.open(path, method=method, headers={"X-CSRFToken": token})
            assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
            assert "Sign in again" in answer.get_json()["message"]
            continue
        if method == "GET":
            page = browser.get(path, 303)
        else:
            stranger.post(path, {}, 400)
            page = browser.post(path, {"csrf_token": token}, 303)
        assert page.response.headers["Location"].startswith("/sign-in"), endpoint


@pytest.mark.parametrize("role", ROLES)
def test_a_page_for_some_roles_is_closed_to_the_others(world: World, role: str) -> None:
    browser = world.browser(ROLES[role])
    token = browser.get("/").form("Sign out").data["csrf_token"]
    requests = _requests(world.app, "CAF-1", 1, 1)
    for endpoint, access in _RULES:
        if access.roles:
            method, path = requests[endpoint]
            response = browser.flask.open(path, method=method, data={"csrf_token": token})
            assert (response.status_code == 403) == (role not in access.roles), endpoint


@pytest.mark.parametrize("role", ROLES)
def test_a_new_case_is_hidden_from_those_who_do_not_work_on_it(world: World, role: str) -> None:
    """Before the tray is decided MASH and the CAF Team see a case; partners and others do not."""
    reference = world.contact()
    task = world.task(reference)
    browser = world.browser(ROLES[role])
    token = browser.get("/").form("Sign out").data["csrf_token"]
    requests = _requests(world.app, reference, task.id, task.instance_id)
    with world.runtime.database.begin() as connection:
        documents.upload(
            connection,
            PEOPLE["manager"],
            reference,
            "Plan.pdf",
            b"%PDF-1.7",
            now=world.runtime.clock(),
        )
    hidden = role in (
        "lead_professional",
        "allocated_social_worker",
        "duty_assessment_team",
        "service_manager",
        "caf_support_panel",
        "analyst",
        "publisher",
        "administrator",
    )
    for endpoint, access in _RULES:
        if not (access.case or access.task) or access.roles:
            continue
        method, path = requests[endpoint]
        response = browser.flask.open(path, method=method, data={"csrf_token": token})
        assert (response.status_code == 404) == hidden or endpoint in (
            "messages.form",
            "messages.send",
        ), endpoint
        if hidden:
            assert "Alex Example" not in response.get_data(as_text=True), endpoint


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", ["/", "/cases", "/inbox"])
def test_everyone_has_their_work_cases_and_inbox(world: World, role: str, path: str) -> None:
    world.browser(ROLES[role]).get(path)


def test_reading_changes_nothing(world: World) -> None:
    """GET never writes, but for the log of who opened a case."""
    reference = world.contact()
    task = world.task(reference)
    browser = world.browser("manager")
    requests = _requests(world.app, reference, task.id, task.instance_id)
    written: list[str] = []

    @sa.event.listens_for(world.runtime.database, "before_cursor_execute")
    def _note(connection, cursor, statement, parameters, context, many):  # type: ignore[no-untyped-def]
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "BEGIN", "WITH")):
            written.append(statement)

    for method, path in requests.values():
        if method == "GET" and not path.startswith(("/static", "/sign")):
            browser.flask.get(path)
    assert all("access_log" in statement for statement in written), written
    assert written
