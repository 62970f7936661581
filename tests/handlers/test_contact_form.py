from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidAnswers
from handlers.contact_form import check, read
from tests.handlers.desk import contact

TODAY = date(2026, 3, 2)
EXAMPLES = Path(__file__).parents[2] / "examples" / "contacts"


def errors(**changes: Any) -> dict[str, str]:
    with pytest.raises(InvalidAnswers) as caught:
        check(contact(**changes), today=TODAY)
    return caught.value.errors


def test_a_good_contact_is_put_in_order() -> None:
    checked = check(
        contact(
            family=contact()["family"] | {"postcode": " zz993wz "},
            referrer=contact()["referrer"] | {"email": "Office@School.Example", "phone": " "},
        ),
        today=TODAY,
    )
    assert checked.family.postcode == "ZZ99 3WZ"
    assert checked.referrer.email == "office@school.example"
    assert checked.referrer.phone is None
    assert checked.received_on == TODAY


def test_a_family_without_a_fixed_address_is_welcome() -> None:
    family = {"name": "Sample", "cluster": "west"}
    assert check(contact(family=family), today=TODAY).family.postcode == ""


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        (
            {"source": "fax"},
            "source",
            'Source has to be one of e_mash, e_caf, step_down, cads; it is "fax".',
        ),
        (
            {"received_on": "2026-02-30"},
            "received_on",
            'Received on has to be a real date such as 2026-05-03; it is "2026-02-30".',
        ),
        (
            {"received_on": "2026-03-03"},
            "received_on",
            'Received on has to be today, 2 March 2026, or a day before it; it is "2026-03-03".',
        ),
        (
            {"consent_given": "yes"},
            "consent_given",
            'Consent given has to be true or false, without quotation marks; it is "yes".',
        ),
        ({"people": []}, "people", "People has nobody in it: add at least one child."),
        (
            {"people": [{"name": "Ash Example", "relationship": "Mother", "is_child": False}]},
            "people",
            "People has to be people among whom at least one is a child (is_child: true); "
            "it is a list of 1.",
        ),
        ({"people": "Robin"}, "people", 'People has to be a list, […]; it is "Robin".'),
        (
            {"family": "Example"},
            "family",
            'Family has to be an object, {…}, with its own fields; it is "Example".',
        ),
        ({"concerns": 7}, "concerns", "Concerns has to be text; it is 7."),
        (
            {"concerns": "x" * 20_001},
            "concerns",
            "Concerns has more than 20,000 characters: shorten it.",
        ),
        (
            {"nickname": "Rob"},
            "nickname",
            "A contact has no field “nickname”: remove it or check its spelling.",
        ),
    ],
)
def test_each_mistake_has_its_own_words(changes: dict[str, Any], path: str, message: str) -> None:
    assert errors(**changes) == {path: message}


def test_mistakes_inside_parts_name_their_place() -> None:
    people = [
        *contact()["people"],
        {"name": "Bo Example", "date_of_birth": "2031-01-01", "is_child": True},
    ]
    family = contact()["family"] | {"postcode": "London", "cluster": "north"}
    referrer = contact()["referrer"] | {"email": "the office"}
    assert errors(people=people, family=family, referrer=referrer) == {
        "people[2].date_of_birth": "Date of birth of person 3 has to be today, 2 March 2026, "
        'or a day before it; it is "2031-01-01".',
        "people[2].relationship": "Relationship of person 3 is missing: add “relationship”.",
        "family.postcode": "Postcode of the family has to be a postcode such as ZZ99 3WZ, or "
        'nothing if there is no fixed address; it is "London".',
        "family.cluster": "Cluster of the family has to be one of east_central, south, west; "
        'it is "north".',
        "referrer.email": "Email of the referrer has to be an e-mail address such as "
        'name@example.org; it is "the office".',
    }


def test_an_empty_contact_names_every_field() -> None:
    with pytest.raises(InvalidAnswers) as caught:
        check({}, today=TODAY)
    assert caught.value.errors.keys() == contact().keys()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"reference": "X",\n  "source" "e_caf"}', "line 2, column 12"),
        (b"[]", "one JSON object"),
        (b"\xff\xfe{}", "not UTF-8 text (byte 1)"),
        (b"", "line 1, column 1"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": "' + b"x" * 1_000_000 + b'"}', "larger than 1,000,000 bytes"),
    ],
)
def test_unreadable_content_says_where(content: bytes, words: str) -> None:
    with pytest.raises(InvalidAnswers) as caught:
        read(content)
    assert words in caught.value.errors[""]


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read(b"\xef\xbb\xbf" + json.dumps(contact()).encode()) == contact()


def test_the_examples_are_thirteen_one_unreadable_and_one_sent_twice() -> None:
    references, unreadable, trays = [], [], set()
    for path in sorted(EXAMPLES.glob("*.json")):
        try:
            checked = check(read(path.read_bytes()), today=TODAY)
        except InvalidAnswers as error:
            assert list(error.errors) == [""]
            unreadable.append(path.name)
        else:
            references.append((checked.source, checked.reference))
            trays.add((checked.source, checked.domestic_abuse, checked.complexity))
    assert len(references) + len(unreadable) == 13
    assert unreadable == ["13-unreadable.json"]
    assert len(references) - len(set(references)) == 1
    assert len(trays) >= 6
