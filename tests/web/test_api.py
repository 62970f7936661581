from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from web.settings import DEMO_API_KEY

from .conftest import SETTINGS, World, contact

KEY = {"Authorization": f"Bearer {DEMO_API_KEY}"}


def send(world: World, body: Any, headers: dict[str, str] | None = None) -> TestResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return world.app.test_client().post(
        "/api/v1/contacts",
        data=content,
        headers={"Content-Type": "application/json", **(KEY if headers is None else headers)},
    )


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/problem+json"
    told: dict[str, Any] = response.get_json()
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    assert told["request_id"] == response.headers["X-Request-Id"]
    return told


def test_a_contact_becomes_a_case(world: World) -> None:
    response = send(world, contact())
    assert response.status_code == 201
    reference = response.get_json()["reference"]
    assert world.task(reference).tray == "mash"
    there = response.headers["Location"]
    status = world.app.test_client().get(there, headers=KEY).get_json()
    assert status["reference"] == reference
    assert status["status"] == "open"


def test_the_same_contact_again_gives_the_same_case(world: World) -> None:
    first = send(world, contact())
    again = send(world, contact(concerns="Sent again with other words."))
    assert again.status_code == 200
    assert again.get_json()["reference"] == first.get_json()["reference"]
    assert again.headers["Location"] == first.headers["Location"]
    assert again.get_json()["duplicate"] is True


def test_a_reference_that_another_key_has_used_does_not_swallow_a_contact(world: World) -> None:
    school = {"Authorization": "Bearer school-key"}
    first = send(world, contact()).get_json()["reference"]
    told = problem(send(world, contact(concerns="Another family."), school), 409)
    assert "reference that nobody else uses" in told["detail"]
    assert first not in json.dumps(told)


def test_characters_that_no_record_can_keep_are_refused(world: World) -> None:
    family = {**contact()["family"], "name": "Exam\0ple"}
    for change, field in (
        ({"concerns": "Half a character: \ud800"}, "concerns"),
        ({"reference": "A\x07"}, "reference"),
        ({"family": family}, "family.name"),
    ):
        told = problem(send(world, contact(**change)), 422)
        assert [error["field"] for error in told["errors"]] == [field]
        assert "characters" in told["errors"][0]["message"]


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "Send your API key"),
        ({"Authorization": "Bearer wrong"}, "not known"),
        ({"Authorization": f"Basic {DEMO_API_KEY}"}, "not known"),
        ({"Authorization": "Bearer "}, "not known"),
    ],
)
def test_no_key_no_contact(world: World, headers: dict[str, str], words: str) -> None:
    response = send(world, contact(), headers)
    assert words in problem(response, 401)["detail"]
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_for_one_source_sends_only_that(world: World) -> None:
    key = {"Authorization": "Bearer school-key"}
    told = problem(send(world, contact(source="e_mash"), key), 403)
    assert "e_caf" in told["detail"]
    assert send(world, contact(), key).status_code == 201


def test_without_configured_keys_nothing_is_accepted(make_world: Callable[..., World]) -> None:
    world = make_world(replace(SETTINGS, api_keys=()))
    problem(send(world, contact()), 401)


def test_a_sender_sees_only_its_own_contacts(world: World) -> None:
    there = send(world, contact()).headers["Location"]
    other = {"Authorization": "Bearer school-key"}
    browser = world.app.test_client()
    problem(browser.get(there, headers=other), 404)
    problem(browser.get("/api/v1/contacts/CAF-2026-99999", headers=KEY), 404)
    problem(browser.get(there), 401)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b"[1, 2]", b'"text"'])
def test_what_is_not_a_json_object_is_refused_in_words(world: World, body: bytes) -> None:
    response = send(world, body)
    assert response.status_code in (400, 422)
    problem(response, response.status_code)


def test_every_wrong_field_is_named(world: World) -> None:
    wrong = contact(
        source="letter",
        received_on="yesterday",
        consent_given="perhaps",
        family={"name": "", "postcode": "N1 1AA", "cluster": "south"},
    )
    told = problem(send(world, wrong), 422)
    fields = {error["field"] for error in told["errors"]}
    assert {"source", "received_on", "consent_given", "family.name"} <= fields
    assert all(error["message"] for error in told["errors"])


def test_a_person_in_a_list_is_named_by_place(world: World) -> None:
    people = contact()["people"]
    people[1]["date_of_birth"] = "2999-01-01"
    told = problem(send(world, contact(people=people)), 422)
    assert [error["field"] for error in told["errors"]] == ["people[1].date_of_birth"]


def test_content_that_is_not_declared_as_json(world: World) -> None:
    response = world.app.test_client().post(
        "/api/v1/contacts", data=b"a=b", headers={**KEY, "Content-Type": "text/plain"}
    )
    problem(response, 415)


def test_a_contact_that_is_too_large(world: World) -> None:
    problem(send(world, contact(concerns="x" * 300_000)), 413)
    problem(send(world, b"x" * 2_000_000), 413)


def test_the_api_needs_no_token_of_a_page_and_gives_no_cookie(world: World) -> None:
    response = send(world, contact())
    assert "Set-Cookie" not in response.headers


def test_unknown_addresses_of_the_api_answer_in_its_format(world: World) -> None:
    browser = world.app.test_client()
    problem(browser.get("/api/v1/nothing"), 404)
    response = browser.delete("/api/v1/contacts", headers=KEY)
    problem(response, 405)
    assert "POST" in response.headers["Allow"]


def test_the_description_names_what_the_app_answers(world: World) -> None:
    browser = world.app.test_client()
    described = browser.get("/api/v1/openapi.json").get_json()
    assert described["openapi"].startswith("3.1")
    routes = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in world.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/contacts")
    }
    assert set(described["paths"]) == routes
    _resolve_references(described)
    created = described["paths"]["/api/v1/contacts"]["post"]
    assert set(created["responses"]) == {
        "200", "201", "400", "401", "403", "409", "413", "415", "422", "500",
    }  # fmt: skip
    properties = described["components"]["schemas"]["Contact"]["properties"]
    assert set(contact()) <= set(properties)


def _resolve_references(described: dict[str, Any]) -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            target = node.get("$ref")
            if isinstance(target, str):
                place: Any = described
                for step in target.removeprefix("#/").split("/"):
                    place = place[step]
            for each in node.values():
                walk(each)
        elif isinstance(node, list):
            for each in node:
                walk(each)

    walk(described)
