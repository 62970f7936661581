"""Taking out of a text whatever tells who a family is (4G: a case that is shared anonymously).

A word is taken out whenever it might name somebody: too much rather than too little. Names that
nobody recorded, misspelt ones and events that everybody has heard of only a reader can see.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_ORDINAL: Final = (
    r"(?:(?:twenty|thirty)[\s-]*)?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|"
    r"tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|"
    r"nineteenth|twentieth|thirtieth)"
)
_YEAR: Final = r"(?:[\s,./-]*['’]?\d{2,4})?"
_PATTERNS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), put)
    for pattern, put in (
        (r"\S*@\S+", "[e-mail]"),
        (r"(?:https?://|www\.)\S+", "[link]"),
        (r"\b[a-z]{2,6}-\d{4}-\d+\b", "[reference]"),
        (
            rf"(?:\d{{1,2}}\s*(?:st|nd|rd|th)?|\b{_ORDINAL})(?:[\s,./-]*(?:day\s+)?(?:of\s+)?)"
            rf"{_MONTH}\b\.?{_YEAR}",
            "[date]",
        ),
        (
            rf"\b{_MONTH}\b\.?[\s,./-]*(?:the\s+)?(?:\d+(?:st|nd|rd|th)?|{_ORDINAL}){_YEAR}",
            "[date]",
        ),
        (r"(?<!\d)\d{1,4}\s*[./\\\s‐-―-]\s*\d{1,2}\s*[./\\\s‐-―-]\s*\d{1,4}(?!\d)", "[date]"),
        (r"\b[a-z]{1,2}\d[a-z\d]?[\s.-]*\d[a-z]{2}\b", "[postcode]"),
        (r"\+?\d(?:[ \t().\\/‐-―-]*\d){5,}", "[number]"),
        (
            r"\b\d+[a-z]?,?\s+(?:[\w'’.-]+\s+){1,3}"
            r"(?:street|road|avenue|lane|drive|mews|terrace|crescent|(?-i:St|Rd|Ave|Close|Court|"
            r"Gardens?|Grove|Hill|House|Park|Place|Square|Way|Walk|Row))\b",
            "[address]",
        ),
    )
)
_SAME_LETTER: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ß": "ss"}
)


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SMALL_WORDS: Final = _listed(
    "a about after again all also am an and any are as at be been both but by can case day did do "
    "does each even every few for from get go good got had has have he her here him his how i if "
    "in into is it its just last let like made make may me more most much must my new no nor not "
    "now of off old on once one or other our out over own part per plan put ran said same saw say "
    "see set she since so some still such take team tell than that the their them then there "
    "these they this those to told too two under until up us use very was way we well were what "
    "when where which while who why will with work would yet you your van von der den de la le el "
    "al du da di bin ibn ben abu"
)
"""Small words, which are no short form of a name: “The” does not stand for Theodore."""
_KNOWN_CAPITALS: Final = _listed(
    "caf tac mash camhs gp nhs send sen senco ehcp adhd asd i monday tuesday wednesday thursday "
    "friday saturday sunday january february march april may june july august september october "
    "november december christmas easter english maths early help team around child children adult "
    "adults family families support panel social care mother father mum dad parent brother sister "
    "school nursery health police housing mr mrs ms miss dr no yes"
)
"""Capital letters inside a sentence that name nobody; every other one is taken for a name."""
_GENERIC: Final = _listed(
    "primary infant infants junior secondary high grammar school schools academy college nursery "
    "preschool pre centre center children childrens child trust foundation service services team "
    "health visiting visitor visitors nhs police housing homes council borough london county "
    "social care early years help voluntary charity group support youth family families clinic "
    "surgery hospital medical practice community and the of for at in flat street road avenue "
    "lane close court drive garden gardens grove hill house mews park place square terrace way "
    "walk crescent row rd st ave apartment floor building block north south east west upper lower "
    "church"
)
"""Words of schools, agencies and addresses that alone point at none."""
_ARTICLES: Final = frozenset({"a", "an", "the"})
_ENDINGS: Final = frozenset({"s", "es", "y", "ie"})
_BEFORE_A_SENTENCE: Final = frozenset(".!?:;\n“\"‘'([-–—•")


@dataclass(frozen=True)
class Somebody:
    """A person whose name is taken out, and what is put in its place, such as “Child A”."""

    name: str
    put: str
    date_of_birth: date | None = None


@dataclass
class _Terms:
    sequences: dict[tuple[str, ...], str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    initials: dict[str, str] = field(default_factory=dict)
    capitals: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    folded: str
    written: str


class Redactor:
    """Knows one family; `redact` takes out of any text what would tell who it is."""

    def __init__(
        self,
        people: Iterable[Somebody],
        *,
        places: Iterable[str] = (),
        agencies: Iterable[str] = (),
        schools: Iterable[str] = (),
        others: Iterable[str] = (),
        take_out: Iterable[str] = (),
    ) -> None:
        """`places` are addresses and postcodes, `others` whatever else identifies (references,
        telephone numbers), `take_out` what a reader named.
        """
        self._terms = _Terms()
        self._birthdays: list[re.Pattern[str]] = []
        people = list(people)
        for person in people:
            self._add_name(person)
            if person.date_of_birth is not None:
                self._birthdays.append(_birthday(person.date_of_birth))
        for texts, put in ((places, "[address]"), (schools, "[school]"), (agencies, "[agency]")):
            for text in texts:
                self._add_title(text, put)
        for texts, put in ((places, "[address]"), (schools, "[school]")):
            for text in texts:
                self._add_plain_title(text, put)
        for texts, put in ((others, "[taken out]"), (take_out, "[taken out]")):
            for text in texts:
                self._add_phrase(text, put)

    def redact(self, text: str) -> str:
        """The text without what identifies; what stood there is named in its place."""
        text = "".join(
            letter
            for letter in unicodedata.normalize("NFKC", text)
            if unicodedata.category(letter) not in ("Cf", "Cc", "Co", "Cn", "Cs")
            or letter in "\n\t"
        )
        pieces: list[tuple[str, bool]] = [(text, False)]
        # What is known goes first: a street may end in what a pattern would cut in two.
        pieces = self._without_terms(pieces, known_only=True)
        for pattern, put in (*_PATTERNS, *((each, "[date]") for each in self._birthdays)):
            pieces = _without(pieces, pattern, put)
        pieces = self._without_terms(pieces, known_only=False)
        return _joined(pieces)

    def strike(self, text: str) -> str:
        """The text without the names and phrases that are known, and with all else as it was."""
        return _joined(self._without_terms([(text, False)], known_only=True))

    def _add_name(self, person: Somebody) -> None:
        parts = [word.folded for word in _words(person.name)]
        if not parts:
            return
        self._sequence(parts, person.put)
        self._sequence(parts[::-1], person.put)
        for piece in re.split(r"[\s-]+", person.name) + person.name.split():
            run = [word.folded for word in _words(piece)]
            if len(run) > 1:
                self._sequence(run, person.put)
        # “O’Neil” is also written “ONeil”, and “Anne-Marie” “Annemarie”.
        glued = ["".join(word.folded for word in _words(piece)) for piece in person.name.split()]
        for part in {*parts, *glued}:
            if len(part) == 1 and part.isascii():
                continue
            known = self._terms.names.get(part)
            shared = known is not None and known != person.put
            self._terms.names[part] = "[family name]" if shared else person.put
        if len(glued) > 1:
            self._terms.names.setdefault("".join(glued), person.put)

    def _add_title(self, title: str, put: str) -> None:
        """A school, an agency or an address: as a whole, and by each word that is its own."""
        for line in re.split(r"[\n,;]+", title):
            parts = [word.folded for word in _words(line)]
            named = [part for part in parts if not part.isdigit()]
            for run in (parts, named):
                if len(run) > 1:
                    self._sequence(run, put)
            for part in parts:
                if part not in _GENERIC and part not in _SMALL_WORDS and not part.isdigit():
                    self._terms.words.setdefault(part, put)
        parts = [word.folded for word in _words(title)]
        if len(parts) > 1:
            self._sequence(parts, put)
        elif parts and parts[0] not in _GENERIC:
            self._terms.words.setdefault(parts[0], put)
        if len(parts) > 2:
            self._terms.initials.setdefault("".join(part[0] for part in parts), put)

    def _add_plain_title(self, title: str, put: str) -> None:
        """“Hill Street”, “Well Primary School”: a title of general words goes by its first one,
        which is taken out where it is written as a name.
        """
        for line in re.split(r"[\n,;]+", title):
            named = [
                word.folded
                for word in _words(line)
                if word.folded not in _ARTICLES and not word.folded.isdigit()
            ]
            if named and _GENERIC.union(_SMALL_WORDS).issuperset(named):
                self._terms.capitals.setdefault(named[0], put)

    def _add_phrase(self, phrase: str, put: str) -> None:
        parts = [word.folded for word in _words(phrase)]
        if parts:
            self._sequence(parts, put)
            self._sequence(["".join(parts)], put)

    def _sequence(self, parts: Sequence[str], put: str) -> None:
        self._terms.sequences.setdefault(tuple(parts), put)

    def _without_terms(
        self, pieces: list[tuple[str, bool]], *, known_only: bool
    ) -> list[tuple[str, bool]]:
        unknown: set[str] = set()
        if not known_only:
            for index, (text, done) in enumerate(pieces):
                if not done:
                    unknown |= set(_capitals(text, after_a_piece=index > 0))
        found: list[tuple[str, bool]] = []
        for text, done in pieces:
            if done:
                found.append((text, True))
            else:
                found += self._cut(text, unknown, known_only=known_only)
        return found

    def _cut(self, text: str, unknown: set[str], *, known_only: bool) -> Iterator[tuple[str, bool]]:
        words = list(_words(text))
        longest = max(map(len, self._terms.sequences), default=0)
        at = index = 0
        while index < len(words):
            length, put = self._match(words, index, longest)
            if not length and not known_only:
                put = self._single(words[index], unknown)
                length = 1 if put else 0
            if not length:
                index += 1
                continue
            yield text[at : words[index].start], False
            yield put, True
            at = words[index + length - 1].end
            index += length
        yield text[at:], False

    def _match(self, words: Sequence[_Word], index: int, longest: int) -> tuple[int, str]:
        for length in range(min(longest, len(words) - index), 0, -1):
            folded = tuple(word.folded for word in words[index : index + length])
            put = self._terms.sequences.get(folded)
            if put is not None:
                return length, put
        return 0, ""

    def _single(self, word: _Word, unknown: set[str]) -> str:
        folded = word.folded
        for kept in (self._terms.names, self._terms.words):
            if folded in kept:
                return kept[folded]
        if word.written[:1].isupper() and folded in self._terms.capitals:
            return self._terms.capitals[folded]
        if word.written.isupper() and folded in self._terms.initials:
            return self._terms.initials[folded]
        for kept in (self._terms.names, self._terms.words):
            for part, put in kept.items():
                if _grown_from(folded, part):
                    return put
        if word.written[:1].isupper() and len(folded) > 2 and folded not in _SMALL_WORDS:
            for part, put in self._terms.names.items():
                if part.startswith(folded):
                    return put
        return "[name or place]" if folded in unknown else ""


def _grown_from(folded: str, part: str) -> bool:
    """Whether a word is a name with something added: “Robins”, “Robinson”, “Ashy”."""
    if len(part) > 3 or (part and not part.isascii()):
        return part in folded
    return len(part) == 3 and folded.startswith(part) and folded[3:] in _ENDINGS


def _birthday(born: date) -> re.Pattern[str]:
    day, month = f"0?{born.day}", f"0?{born.month}"
    return re.compile(rf"(?<!\d)(?:{day}\s*[./-]\s*{month}|{month}\s*[./-]\s*{day})(?!\d)")


def _without(
    pieces: list[tuple[str, bool]], pattern: re.Pattern[str], put: str
) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    for text, done in pieces:
        if done:
            found.append((text, True))
            continue
        at = 0
        for match in pattern.finditer(text):
            found += [(text[at : match.start()], False), (put, True)]
            at = match.end()
        found.append((text[at:], False))
    return found


def _words(text: str) -> Iterator[_Word]:
    """The words of a text: runs of letters and digits, with case and accents folded away."""
    start: int | None = None
    folded = ""
    for at, letter in enumerate(text):
        plain = "".join(
            part
            for part in unicodedata.normalize("NFKD", letter.casefold())
            if unicodedata.category(part)[0] in "LN"
        ).translate(_SAME_LETTER)
        mark = unicodedata.category(letter)[0] == "M" or unicodedata.category(letter) == "Cf"
        if plain or (mark and start is not None):
            start = at if start is None else start
            folded += plain
        elif start is not None:
            yield _Word(start, at, folded, text[start:at])
            start, folded = None, ""
    if start is not None:
        yield _Word(start, len(text), folded, text[start:])


def _capitals(text: str, *, after_a_piece: bool) -> Iterator[str]:
    """Words with a capital letter inside a sentence that stand for somebody or somewhere."""
    for word in _words(text):
        before = text[: word.start].rstrip(" \t")
        begins = (not before and not after_a_piece) or before[-1:] in _BEFORE_A_SENTENCE
        written = word.written
        if begins or word.folded in _KNOWN_CAPITALS or word.folded in _SMALL_WORDS:
            continue
        if written[:1].isupper() and any(letter.islower() for letter in written):
            yield word.folded


def _joined(pieces: Iterable[tuple[str, bool]]) -> str:
    """The text again; what stands twice in a row for one thing stands once."""
    kept: list[tuple[str, bool]] = []
    for text, done in pieces:
        if not text:
            continue
        if done and len(kept) > 1 and kept[-2] == (text, True) and not kept[-1][0].strip(" -,'’."):
            kept.pop()
            continue
        if done and kept and kept[-1] == (text, True):
            continue
        kept.append((text, done))
    return "".join(text for text, _ in kept)
