"""The panel's pack: whatever a family is called, an anonymous pack does not say so."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from datetime import UTC, date, datetime
from typing import Any

from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from handlers import packs, word
from handlers.answers import Answers
from handlers.redaction import Redactor, Somebody
from handlers.views import Assessment, Case, ContactView, Person
from handlers.vocabulary import date_in_words
from handlers.word import Paper

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = date(2026, 3, 2)
AWKWARD = [
    "Will Hope",
    "May Rose Summers",
    "Anne-Marie O'Neil",
    "Siân ap Rhys",
    "Łukasz Żółty",
    "José van der Berg",
    "An Li",
    "Ng Thị Mỹ",
    "李雷",
    "Ольга Иванова",
    "Mark Baker-Young",
    "Zoë D'Arcy",
    "Ada",
    "Hassan al-Amin",
    "Jean‐Luc Große",
    "Chip Bread",
    "Robin Robinson",
    "Faith Street",
    "Sam Page",
    "Ömer Şahin",
]
LETTERS = st.text(alphabet="abcdefghijklmnoprstuvwyéñøß", min_size=3, max_size=9)
NAMES = st.sampled_from(AWKWARD) | st.builds(
    lambda *parts: " ".join(part.title() for part in parts), LETTERS, LETTERS
)
STREETS = st.builds(
    lambda number, name, kind: f"{number} {name.title()} {kind}",
    st.integers(1, 999),
    LETTERS,
    st.sampled_from(["Street", "Road", "Close", "Hill", "Court"]),
)
POSTCODES = st.from_regex(r"[A-Z]{1,2}[0-9]{1,2} [0-9][A-Z]{2}", fullmatch=True)
SCHOOLS = st.builds(lambda name: f"{name.title()} Primary School", LETTERS)
BORN = st.dates(date(2008, 1, 1), date(2024, 12, 31))


def dates_in_words(born: date) -> list[str]:
    """The ways in which a date of birth is usually written."""
    day, month, year = born.day, born.month, born.year
    ordinal = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}.get(day, "th")
    return [
        born.isoformat(),
        f"{day:02}/{month:02}/{year}",
        f"{day}/{month}/{year % 100:02}",
        f"{day}.{month}.{year}",
        f"{day:02}-{month:02}-{year}",
        f"{day:02} {month:02} {year}",
        f"{day:02}{month:02}{year}",
        f"{day} {born:%B} {year}",
        f"{day}{ordinal} {born:%b} {year}",
        f"{day}{ordinal} of {born:%B}, {year}",
        f"{born:%B} {day}, {year}",
        f"{born:%d %B}".lower(),
        f"{born:%b} {day}{ordinal}",
    ]


def ways_to_write(name: str) -> list[str]:
    parts = name.split()
    return [
        name,
        name.upper(),
        name.lower(),
        f"{name}'s",
        f"{name}’s",
        f"{parts[-1]}, {parts[0]}",
        parts[0],
        f"{parts[0]}'s",
        parts[-1].lower(),
        f"the {parts[-1]}s",
        unicodedata.normalize("NFD", name),
        "\u200b".join(name),
        name.replace(" ", "\u00a0"),
        name.replace("'", "’").replace("-", "‑"),
        f"({name})",
        f"“{name}”",
        f"{parts[0]}\n{parts[-1]}",
    ]


def plain(text: str) -> str:
    """Letters and digits, small and without accents, with single spaces between words."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    folded = "".join(
        letter
        for letter in folded
        if not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf"
    )
    words = re.sub(r"[^\w]+|_", " ", folded).strip()
    return f" {words} "


def parts_of(file: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(file)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


EMPTY = parts_of(word.write(Paper("", "", []), NOW))


def said_in(file: bytes) -> str:
    """Everything that stands in any part of a Word document: texts, attributes and names.

    Parts that are the same in an empty document say nothing.
    """
    found = []
    for name, content in parts_of(file).items():
        found.append(name)
        if content != EMPTY.get(name):
            root = etree.fromstring(content)
            found.append(" ".join(root.itertext()))
            found += [value for each in root.iter() for value in each.attrib.values()]
    return plain(" \n".join(found))


def family(people: list[Person], address: str, postcode: str) -> Case:
    contact = ContactView(
        source="e_caf",
        reference="EC-77123",
        received_on=DAY,
        referrer_name="Quillon Referrer",
        referrer_agency="Zephyr Outreach Trust",
        referrer_agency_kind="other",
        referrer_email="quillon@zephyr.example",
        referrer_phone="020 7946 0000",
        concerns="",
        consent_given=True,
        domestic_abuse=False,
        complexity="complex",
        immediate_risk=False,
        social_care_involvement="none",
    )
    nothing: dict[str, Any] = dict.fromkeys(Case.__dataclass_fields__)
    return Case(
        **nothing
        | {
            "reference": "CAF-2026-00009",
            "family_name": people[-1].name.split()[-1],
            "address": address,
            "postcode": postcode,
            "opened_at": NOW,
            "status": "open",
            "people": tuple(people),
            "contacts": (contact,),
            "consents": (),
            "tacs": (),
            "key_reason": "parenting",
            "lead_professional_name": "Zebedee Leader",
        }
    )


def pack_of(found: Case, text: str) -> bytes:
    assessment = Assessment(
        version=1,
        element="x",
        child_views=text,
        family_views=f"We said: {text}",
        professional_views=text.upper(),
        content={"needs": text},
        review_date=None,
        plan_is_smart=True,
        plan_problems=(),
        status="submitted",
        author="Zebedee Leader",
        completed_at=NOW,
    )
    whole = Case(**{**vars(found), "assessments": (assessment,)})
    answers = Answers({"panel_issues": text, "panel_question": f"Who helps? {text}"}, "x")
    redact = packs.redactor(whole, ["Zephyr Outreach Trust"], []).redact
    shown = packs.stand_ins(whole)
    paper = packs.panel_paper(whole, answers, DAY, shown, redact, anonymous=True)
    return word.write(paper, NOW)


NEUTRAL = said_in(
    pack_of(
        family(
            [
                Person("Qqq Xxx", date(2017, 5, 4), "Child", True, "Qqq School"),
                Person("Qqr Xxx", None, "Mother", False, None),
            ],
            "1 Qqs",
            "ZZ9 9ZZ",
        ),
        "was here and so on",
    )
)
"""What a pack says about any family at all; a name like it tells nothing."""


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_part_of_an_anonymous_pack_tells_who_the_family_is(data: st.DataObject) -> None:
    children = data.draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    adults = data.draw(st.lists(NAMES, min_size=1, max_size=2, unique=True))
    born = data.draw(BORN)
    school, street, postcode = data.draw(SCHOOLS), data.draw(STREETS), data.draw(POSTCODES)
    phone = data.draw(st.from_regex(r"0[0-9]{3} ?[0-9]{3} ?[0-9]{3,4}", fullmatch=True))
    people = [Person(name, born, "Child", True, school) for name in children]
    people += [Person(name, None, f"{name}, mother", False, None) for name in adults]
    told = [
        data.draw(st.sampled_from(ways_to_write(person.name)), label="name") for person in people
    ]
    told += [
        data.draw(st.sampled_from(dates_in_words(born)), label="born"),
        data.draw(st.sampled_from([school, school.upper(), school.split()[0], f"{school}'s"])),
        data.draw(st.sampled_from([street, street.lower(), street.partition(" ")[2]])),
        data.draw(st.sampled_from([postcode, postcode.replace(" ", ""), postcode.lower()])),
        phone,
        "someone@zephyr.example",
        "Zephyr Outreach",
        "QUILLON",
        "CAF-2026-00009",
    ]
    link = st.sampled_from([" was here and ", ". ", ", ", " told ", " (", "; so ", "\n"])
    text = "He said that " + "".join(piece + data.draw(link) for piece in told)
    said = said_in(pack_of(family(people, street, postcode), text))
    assert "child a" in said and "adult 1" in said
    secrets = {plain(piece) for name in children + adults for piece in (name, *name.split())}
    secrets |= {plain(way) for way in dates_in_words(born)}
    secrets |= {plain(each) for each in (school, school.split()[0], street, street.split()[1])}
    secrets |= {plain(each) for each in (postcode, postcode.replace(" ", ""), phone)}
    secrets |= {" zephyr ", " quillon ", " 00009 ", " ec 77123 ", " leader "}
    # A longer name must not stand within another word either, such as “Robins”.
    secrets |= {secret.strip() for secret in secrets if len(secret) > 5}
    leaks = {
        secret
        for secret in secrets
        if secret in said and secret not in NEUTRAL and len(secret.strip()) > 1
    }
    assert not leaks, text


def family_redactor() -> Redactor:
    return Redactor(
        [
            Somebody("Robin O'Neil-Smith", "Child A", date(2017, 5, 4)),
            Somebody("Will Example", "Adult 1"),
        ],
        places=["12 Sample Street, Exampleton", "ZZ99 3WZ"],
        schools=["Example Primary School"],
    )


def test_what_is_taken_out_is_named_and_the_rest_stays() -> None:
    redact = family_redactor().redact
    assert redact("Robin's teacher sees ROBIN O’NEIL‑SMITH daily.") == (
        "Child A's teacher sees Child A daily."
    )
    assert redact("Born 4 May 2017 (04/05/17), at 12 Sample Street, zz993wz.") == (
        "Born [date] ([date]), at [address], [postcode]."
    )
    assert redact("The family has 3 children aged 2, 4 and 7. The TAC met at the school.") == (
        "The family has 3 children aged 2, 4 and 7. The TAC met at the school."
    )


def test_a_doubtful_word_is_taken_out() -> None:
    redact = family_redactor().redact
    # A first name that is a word; a short form; somebody whom nobody recorded; initials.
    assert redact("He will call.") == "He Adult 1 call."
    assert redact("Yesterday Rob ran off.") == "Yesterday Child A ran off."
    assert redact("A friend, Joyce, came. Joyce left.") == (
        "A friend, [name or place], came. [name or place] left."
    )
    assert redact("Late at EPS again.") == "Late at [school] again."


def test_a_school_or_street_that_is_called_by_a_common_word_is_taken_out() -> None:
    redact = Redactor(
        [], places=["12 Church Street, Exampleton"], schools=["The Well Primary School"]
    ).redact
    assert redact("He is well at Well, near Church.") == ("He is well at [school], near [address].")
    assert redact("Well is a good school. The church helps the family.") == (
        "[school] is a good school. The church helps the family."
    )


def test_a_pack_opens_in_word_and_is_whole() -> None:
    found = family([Person("Robin Example", date(2017, 5, 4), "Child", True, None)], "", "")
    file = pack_of(found, "Robin is late.")
    opened = Document(io.BytesIO(file))
    assert opened.paragraphs[0].text == "Case for the CAF Support Panel"
    properties = opened.core_properties
    assert (properties.author, properties.last_modified_by) == ("CAF Team", "CAF Team")
    assert (properties.comments, properties.subject, properties.keywords) == ("", "", "")
    with zipfile.ZipFile(io.BytesIO(file)) as packed:
        names = set(packed.namelist())
        types = etree.fromstring(packed.read("[Content_Types].xml"))
        overridden = {each.get("PartName") for each in types.iter("{*}Override")}
        endings = {each.get("Extension") for each in types.iter("{*}Default")}
        for name in names - {"[Content_Types].xml"}:
            assert f"/{name}" in overridden or name.rpartition(".")[2] in endings, name
        assert {name.lstrip("/") for name in overridden} <= names
        for name in names:
            if name.endswith(".rels"):
                folder = name.replace("_rels/", "").rpartition("/")[0]
                for each in etree.fromstring(packed.read(name)):
                    target = (each.get("Target") or "").lstrip("/")
                    assert f"{folder}/{target}".lstrip("/").replace("word/../", "") in names


def test_children_are_counted_from_the_eldest() -> None:
    people = [
        Person("Young", date(2020, 1, 1), "Child", True, None),
        Person("Old", date(2010, 1, 1), "Child", True, None),
        Person("Grown", None, "Mother", False, None),
    ]
    assert packs.stand_ins(family(people, "", "")) == {0: "Child B", 1: "Child A", 2: "Adult 1"}
    assert date_in_words(DAY) == "2 March 2026"
