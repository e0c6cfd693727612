"""A person's name from the source's fields, and the ways in which a text may write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from acclimate.stages.deidentify.forms import WORD_GAPS, Form
from acclimate.stages.deidentify.hits import NamePart
from acclimate.stages.deidentify.people import NAME_ENDINGS, TITLES
from acclimate.stages.deidentify.words import squash, tokens

PARTICLES = frozenset({
    "de", "da", "di", "del", "della", "la", "le", "van", "von", "der", "den", "ter", "bin", "al", "el", "dos",
    "du",
})  # fmt: skip
MINIMUM_LETTERS = 3
"""A shorter word standing alone (Li, Jo) is not looked for: too many words of other meaning look like it."""

_WORD = re.compile(r"[^\s,]+")
_ENDING = re.compile(rf",\s*(?:{'|'.join(sorted(NAME_ENDINGS))})\.?\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class PersonName:
    """A name by its words, as the source writes them."""

    first: tuple[str, ...] = ()
    middle: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


def parse_name(value: str, kind: str) -> PersonName:
    """A name from a field; `kind` is the field's name, which may say that it is a first or a last name alone.

    >>> parse_name("Smith, John A.", "name")
    PersonName(first=('John',), middle=('A.',), last=('Smith',))
    """
    before, comma, after = _ENDING.sub("", value).partition(",")
    family, given = _words(before), _words(after)
    if any(word in kind for word in ("last", "family", "surname", "maiden")):
        return PersonName(last=family + given)
    if any(word in kind for word in ("first", "given", "middle")):
        return PersonName(first=family + given)
    if comma and given:
        return PersonName(given[:1], given[1:], family)
    if len(family) < 2:
        return PersonName(first=family)
    last = next((index for index in range(1, len(family)) if family[index].lower() in PARTICLES), len(family) - 1)
    return PersonName(family[:1], family[1:last], family[last:])


def _words(text: str) -> tuple[str, ...]:
    words = tuple(match.group() for match in _WORD.finditer(text) if squash(match.group()))
    while words and squash(words[0]) in TITLES:
        words = words[1:]
    while len(words) > 1 and squash(words[-1]) in NAME_ENDINGS:
        words = words[:-1]
    return words


def complete_names(names: Iterable[PersonName]) -> list[PersonName]:
    """The names, and every first name that came alone joined with every last name that came alone."""
    given = list(names)
    firsts = [name for name in given if name.first and not name.last]
    lasts = [name for name in given if name.last and not name.first]
    joined = [PersonName(first.first[:1], first.first[1:], last.last) for first, last in product(firsts, lasts)]
    return [*given, *joined]


def name_forms(name: PersonName) -> Iterator[Form]:
    """The whole name in either order, with and without middle names, with initials; and its words alone."""
    first, middle, last = _parts(name.first, "first"), _parts(name.middle, "first"), _parts(name.last, "last")
    if first and last:
        given = _given_names(first, middle)
        for order in [*((*names, *last) for names in given), *((*last, *names) for names in given)]:
            yield _form(order, full=True)
    alone = (*first, *middle, *last)
    for part in alone:
        letters = part.value.strip("0123456789")
        if len(letters) >= MINIMUM_LETTERS and part.value not in PARTICLES:
            yield _form((part,), full=len(alone) == 1)
    if len(last) > 1:
        yield _form(tuple(last), full=False)


def _given_names(first: Sequence[_Piece], middle: Sequence[_Piece]) -> list[tuple[_Piece, ...]]:
    initial = first[0].as_initial
    middle_initials = tuple(piece.as_initial for piece in middle)
    choices = [tuple(first), (first[0],), (initial,), (*first, *middle), (first[0], *middle_initials)]
    choices.append((initial, *middle_initials))
    return list(dict.fromkeys(choices))


@dataclass(frozen=True)
class _Piece:
    """One word of a name on its way into a form; `cuts` are the places where its own hyphens and apostrophes stand."""

    value: str
    role: str
    cuts: tuple[int, ...] = ()
    initial: bool = False

    @property
    def text(self) -> str:
        return self.value[:1] if self.initial else self.value

    @property
    def as_initial(self) -> _Piece:
        return _Piece(self.value, self.role, initial=True)


def _parts(words: Sequence[str], role: str) -> list[_Piece]:
    pieces = []
    for word in (word for joined in words for word in re.split(r"[-–]", joined)):
        found = [token.folded for token in tokens(word)]
        cuts = tuple(sum(map(len, found[:index])) for index in range(1, len(found)))
        if found:
            value = "".join(found)
            pieces.append(_Piece(value, role, cuts, initial=len(value) == 1))
    return pieces


def _form(pieces: Sequence[_Piece], *, full: bool) -> Form:
    """The pieces in a row. A word alone, or with one initial, must have its capitals; more is found in any case."""
    squashed, parts, cuts = "", [], set[int]()
    for piece in pieces:
        start = len(squashed)
        cuts.update(start + cut for cut in piece.cuts)
        cuts.add(start)
        squashed += piece.text
        parts.append(NamePart(start, len(squashed), piece.role, piece.value, piece.initial))
    whole = full and all(len(piece.value) == 1 for piece in pieces if piece.initial)
    capital = len(pieces) < 3 and sum(not piece.initial for piece in pieces) < 2
    return Form(squashed, "name", WORD_GAPS, whole, squashed, frozenset(cuts), capital, tuple(parts))
