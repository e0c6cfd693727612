"""Words and codes that stand in one person's records alone and look like a name or a number of that person.

A name that no field holds and no pattern announces mostly belongs to one person; a word of the trade, to many. So what
all records say together tells them apart, where no text by itself does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from acclimate.core.folding import fold
from acclimate.core.schema import TEXT_COLUMNS
from acclimate.stages.deidentify.hits import Hit, NamePart
from acclimate.stages.deidentify.patterns import LOWER, UPPER
from acclimate.stages.deidentify.tagger import shipped
from acclimate.stages.deidentify.words import squash

FEWEST_LETTERS, FEWEST_DIGITS, FEWEST_SIGNS = 4, 4, 6
"""Of a word; of a code, which has so many digits, and signs in all. What is shorter is a dose or an abbreviation."""

RARE_COLUMNS = (*TEXT_COLUMNS, "messages")
_TOKEN = re.compile(r"[^\W\d_]+(?![^\W_])|[^\W_]*\d[^\W_]*(?:-[^\W_]*\d[^\W_]*)*")
_NAME_LIKE = re.compile(rf"(?:[{UPPER}][{LOWER}]{{1,2}})?[{UPPER}][{LOWER}]+")
_BEGINS = re.compile(r"(?:^|[\n.!?:;•*(\[\"“|/>-])\s*$")
_BEFORE = 4
_NOBODY = -1
"""Marks what is nobody's own: seen with two people, in small letters, or known to everybody."""


@dataclass(frozen=True)
class OwnTokens:
    """One person's own words and codes, and whether they are to be replaced or only counted."""

    keys: frozenset[str] = frozenset()
    replaced: bool = False

    def hits(self, text: str) -> Iterator[Hit]:
        """Where they stand in a text."""
        for match in _TOKEN.finditer(text) if self.keys else ():
            kind = _kind(match.group())
            key = _key(match.group(), kind)
            if kind and key in self.keys:
                start, end = match.span()
                parts = (NamePart(start, end, "last", key),) if kind == "name" else ()
                yield Hit(start, end, kind, canonical="" if parts else key, parts=parts)


NO_OWN_TOKENS = OwnTokens()


@dataclass(frozen=True)
class Rare:
    """Each person's own words and codes, folded, and whether they are to be replaced or only counted."""

    by_person: Mapping[str, frozenset[str]] = field(default_factory=dict)
    replaced: bool = False

    def of(self, person: str) -> OwnTokens:
        """Those of one person (see `person_of`)."""
        return OwnTokens(self.by_person.get(person, frozenset()), self.replaced)


NO_RARE = Rare()


@dataclass
class RareTokens:
    """Who has which word or code, while records go by; the order in which they do is of no account."""

    _owners: dict[str, int] = field(default_factory=dict)
    _inside: set[str] = field(default_factory=set)
    _people: dict[str, int] = field(default_factory=dict)

    def see(self, person: str, texts: Iterable[str]) -> None:
        """Takes in one record's texts."""
        number = self._people.setdefault(person, len(self._people))
        for text in texts:
            for match in _TOKEN.finditer(text):
                self._count(text, match, number)

    def _count(self, text: str, match: re.Match[str], number: int) -> None:
        written = match.group()
        kind = _kind(written)
        key = _key(written, kind)
        owner = self._owners.get(key)
        if owner == _NOBODY:
            return
        if not kind:
            if written.islower() and written.isalpha():
                self._owners[key] = _NOBODY
            return
        if owner not in (None, number):
            self._owners[key] = _NOBODY
            return
        if owner is None:
            self._owners[key] = number if kind == "other" or not _is_known(key) else _NOBODY
        if kind == "other" or _inside_sentence(text, match):
            self._inside.add(key)

    def by_person(self) -> Mapping[str, frozenset[str]]:
        """What each person has alone; a word must once stand inside a sentence with one capital, as names do."""
        names = {number: person for person, number in self._people.items()}
        found: dict[str, set[str]] = {}
        for key in self._inside:
            if self._owners[key] != _NOBODY:
                found.setdefault(names[self._owners[key]], set()).add(key)
        return {person: frozenset(keys) for person, keys in found.items()}


def texts_of(record: Mapping[str, Any]) -> Iterator[str]:
    """Every text of a record."""
    yield from (record[column] for column in TEXT_COLUMNS if record[column])
    for message in record["messages"] or ():
        yield from (message[part] for part in ("speaker", "content", "tool_calls") if message[part])


def _kind(written: str) -> str:
    """`name` for a word with a capital, `other` for a code, nothing for what can be neither."""
    if written.isalpha():
        is_name_like = written.isupper() or _NAME_LIKE.fullmatch(written)
        return "name" if len(written) >= FEWEST_LETTERS and is_name_like else ""
    digits = sum(character.isdecimal() for character in written)
    return "other" if digits >= FEWEST_DIGITS and len(squash(written)) >= FEWEST_SIGNS else ""


def _inside_sentence(text: str, match: re.Match[str]) -> bool:
    """Whether a word has a single capital, and not because a sentence or line begins."""
    before = text[max(0, match.start() - _BEFORE) : match.start()]
    return not match.group().isupper() and not _BEGINS.search(before)


def _key(written: str, kind: str) -> str:
    return squash(written) if kind == "other" else fold(written)


def _is_known(word: str) -> bool:
    """Whether the tagger's lists have the word as one of common English, medicine or trade."""
    lists = shipped().lists
    return word in lists.vocabulary or bool({"common", "drug", "day", "title", "demonym"} & set(lists.of(word)))
