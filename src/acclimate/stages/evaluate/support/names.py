"""Names of people, places and things, and references to sections of a document."""

from __future__ import annotations

import re
from dataclasses import dataclass

from acclimate.stages.evaluate.support.text import Text, listed

_TITLES = frozenset(("dr", "doctor", "mr", "mrs", "ms", "prof", "professor", "judge", "nurse"))
_NO_NAMES = frozenset(
    listed(
        "january february march april may june july august september october november december jan feb mar apr jun jul aug"
        " sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays"
        " fridays saturdays sundays i i'm i've i'd i'll a the and of patient doctor mr mrs ms dr"
    )
)
_PERSON_VERBS = frozenset(
    listed("takes reports denies states presents complains describes admits says underwent works lives smokes drinks")
)
"""Said of people: behind a capital that opens a sentence, the first word may be a name."""
_PERSON_STATES = frozenset(
    ("has had", "is allergic", "is taking", "is married", "is retired", "was seen", "was admitted")
)
_NO_SUBJECTS = frozenset(
    listed("he she it they we you there this that these those which who what here everything nothing")
)
_REFERENCE = re.compile(
    r"(?P<kind>sections?|articles?|clauses?|paragraphs?|exhibits?|schedules?|appendix|annex|§+)\s*"
    r"(?P<number>\d+(?:\.\d+)*(?:\s?\([a-z0-9]{1,4}\))*|[IVXLC]+\b|[A-Z]\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Name:
    """A word of a name, by its place."""

    word: str
    start: int
    end: int


@dataclass(frozen=True)
class Reference:
    """A part of a document that a text points to; § and Section say the same."""

    kind: str
    number: str
    start: int
    end: int


def names(text: Text) -> list[Name]:
    """Words that begin with a capital though no sentence begins there, behind a title, or in front of what people do.

    Abbreviations, months and weekdays are none.

    >>> [name.word for name in names(Text("Seen by Dr. Okafor in Leeds. MRI in May. Mr. Smith agreed."))]
    ['okafor', 'leeds', 'smith']
    """
    starts = {sentence.start for sentence in text.sentences}
    found = []
    for place, word in enumerate(text.words):
        before = text.words[place - 1].text if place else ""
        opens = word.start in starts or _opens(text.text, word.start)
        raw = text.text[word.start : word.end]
        if not word.is_capital or len(raw) < 2 or raw[1:] != raw[1:].lower() or word.text in _NO_NAMES:
            continue
        if before in _TITLES or not opens or (_is_of_a_person(text, place) and word.text not in _NO_SUBJECTS):
            found.append(Name(word.text.removesuffix("'s"), word.start, word.end))
    return found


def _is_of_a_person(text: Text, place: int) -> bool:
    """Whether the words behind are what people do, or `has had`."""
    behind = [word.text for word in text.words[place + 1 : place + 3]]
    return bool(behind) and (behind[0] in _PERSON_VERBS or " ".join(behind) in _PERSON_STATES)


def references(text: str) -> list[Reference]:
    """The parts of a document that a text points to.

    >>> [(r.kind, r.number) for r in references("under Section 4.2(b) and § 7")]
    [('section', '4.2(b)'), ('section', '7')]
    """
    found = []
    for match in _REFERENCE.finditer(text):
        kind = match["kind"].lower().rstrip("s")
        number = re.sub(r"\s", "", match["number"]).lower()
        if (number.isalpha() and match["number"] != match["number"].upper()) or re.fullmatch(r"(?:19|20)\d\d", number):
            continue
        found.append(Reference("section" if kind.startswith("§") else kind, number, match.start(), match.end()))
    return found


def _opens(text: str, start: int) -> bool:
    """Whether a heading's colon, a bullet or a quotation mark stands in front."""
    return not text[:start].strip() or text[:start].rstrip(" \t")[-1:] in (":", "-", "•", "*", '"', "“", "(", "/")
