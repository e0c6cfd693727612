"""What the tagger looks at: each piece's own form, its lists, and the pieces around it.

Every feature belongs to one word at one distance, or to a pair of neighbours by their looks; so a word's share in the
scores can be summed once and kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from acclimate.core.folding import fold

DISTANCES = (-3, -2, -1, 0, 1, 2, 3)
PAIRS = ((-1, 0), (0, 1), (-1, 1), (1, 2), (-2, -1))
EDGE = ""
"""Stands for what is before the first piece and after the last."""

_LONGEST_NUMBER = 6
_PLAIN_MARKS = {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-"}


def looks(word: str) -> str:
    """The form of a word: capitals, small letters, or how many digits; a mark is itself.

    >>> [looks(word) for word in ("Ann", "ANN", "A", "McKay", "12", ",", "the")]
    ['Xx', 'XX', 'X', 'XxXx', '2', ',', 'x']
    """
    if word.isdigit():
        return str(min(len(word), _LONGEST_NUMBER))
    if not word.isalpha():
        word = _PLAIN_MARKS.get(word, word)
        return "line" if word == "\n" else word
    if word.islower():
        return "x"
    if word.isupper():
        return "X" if len(word) == 1 else "XX"
    form = "".join("X" if letter.isupper() else "x" for letter in word)
    return re.sub(r"(.)\1+", r"\1", form)[:4]


@dataclass(frozen=True)
class Lists:
    """Word lists by name, folded; and the words that count as themselves and not only by their looks."""

    members: Mapping[str, frozenset[str]]
    vocabulary: frozenset[str]

    @cached_property
    def _lists_of(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name in sorted(self.members):
            for word in self.members[name]:
                found.setdefault(word, []).append(name)
        return {word: tuple(names) for word, names in found.items()}

    def of(self, word: str) -> tuple[str, ...]:
        """The lists that hold a word."""
        return self._lists_of.get(fold(word), ())


@dataclass(frozen=True)
class WordView:
    """What one word says at its own place, to its neighbours, and in a pair."""

    own: tuple[str, ...]
    near: tuple[str, ...]
    far: tuple[str, ...]
    kind: str

    def at(self, distance: int) -> tuple[str, ...]:
        """The word's features for the piece from which it stands so many places on (below 0: back)."""
        if distance == 0:
            return self.own
        return tuple(f"{distance:+d}{name}" for name in (self.near if abs(distance) < 3 else self.far))


def view(word: str, lists: Lists, *, unlisted: bool = False) -> WordView:
    """The features of a word; `unlisted` hides its lists and identity, so that training also meets unknown names."""
    if not word:
        return WordView(("edge",), ("edge",), ("edge",), "edge")
    form = looks(word)
    folded = fold(_PLAIN_MARKS.get(word, word))
    listed = lists.of(word)
    names = () if unlisted else listed
    known = folded in lists.vocabulary and not (unlisted and listed)
    identity = f"w={folded if known else '?'}"
    kind = f"{form}/{'+'.join(names)}" if names else form
    near = (identity, f"s={form}", *(f"l={name}" for name in names))
    own = [*near, f"k={kind}", "bias"]
    if word.isalpha():
        own += [f"{form[0]}e{length}={folded[-length:]}" for length in (1, 2, 3, 4) if len(folded) > length]
        own += [f"{form[0]}b{length}={folded[:length]}" for length in (2, 3) if len(folded) > length]
        own.append(f"n={min(len(word), 9)}")
    return WordView(tuple(own), near, (identity,), kind)


def pair(first: WordView, second: WordView, places: tuple[int, int]) -> str:
    """The feature of two neighbours by their looks and lists."""
    return f"{places[0]}{places[1]}:{first.kind}|{second.kind}"


def features(views: Sequence[WordView], place: int) -> list[str]:
    """All features of one piece among its passage."""
    edge = view(EDGE, Lists({}, frozenset()))

    def beside(distance: int) -> WordView:
        there = place + distance
        return views[there] if 0 <= there < len(views) else edge

    found = [name for distance in DISTANCES for name in beside(distance).at(distance)]
    found += [pair(beside(first), beside(second), (first, second)) for first, second in PAIRS]
    return found
