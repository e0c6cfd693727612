"""A text as words with their places, sentences and turns: what every check reads."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+")
_TITLES = frozenset({"dr", "mr", "mrs", "ms", "prof", "st", "no", "vs", "approx", "art", "sec", "inc", "ltd", "co"})


@dataclass(frozen=True)
class Word:
    """A word in small letters, its place in the text, and whether it begins with a capital."""

    text: str
    start: int
    end: int
    is_capital: bool


@dataclass(frozen=True)
class Sentence:
    """A sentence or a line, by its place in the text."""

    start: int
    end: int
    is_question: bool


class Text:
    """A text that is read once and asked many times."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def words(self) -> list[Word]:
        """All words in their order."""
        return [
            Word(found[0].lower().replace("’", "'"), found.start(), found.end(), found[0][0].isupper())
            for found in _WORD.finditer(self.text)
        ]

    @cached_property
    def first_places(self) -> dict[str, Word]:
        """Every word once, in small letters and without a possessive ending, where it first stands."""
        found: dict[str, Word] = {}
        for word in self.words:
            found.setdefault(word.text.removesuffix("'s"), word)
        return found

    @cached_property
    def stems(self) -> dict[str, list[Word]]:
        """The words by their stems."""
        found: dict[str, list[Word]] = {}
        for word in self.words:
            found.setdefault(stem(word.text), []).append(word)
        return found

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The sentences; a line's end ends one too, the point of a title does not."""
        return list(self._sentences())

    def _sentences(self) -> Iterator[Sentence]:
        start = 0
        for end in [*_SENTENCE_END.finditer(self.text), None]:
            stop = end.start() if end else len(self.text)
            last = re.search(r"(\w+)\.$", self.text[start:stop])
            if end and "\n" not in end[0] and last and last[1].lower() in _TITLES:
                continue
            if self.text[start:stop].strip():
                yield Sentence(start, stop, self.text[start:stop].rstrip("\"')] \r").endswith("?"))
            start = end.end() if end else stop

    @cached_property
    def _word_starts(self) -> list[int]:
        return [word.start for word in self.words]

    @cached_property
    def _sentence_ends(self) -> list[int]:
        return [sentence.end for sentence in self.sentences]

    def words_from(self, start: int, end: int) -> list[Word]:
        """The words that begin in a stretch of the text."""
        return self.words[bisect_left(self._word_starts, start) : bisect_left(self._word_starts, end)]

    def sentence_at(self, place: int) -> Sentence:
        """The sentence that holds a place."""
        return self.sentences[min(bisect_right(self._sentence_ends, place), len(self.sentences) - 1)]


def listed(words: str) -> list[str]:
    """A list of words that is written as text."""
    return words.split()


def stem(word: str) -> str:
    """A word without its ending, roughly: both forms of a word get the same, whatever it is.

    >>> stem("headaches"), stem("allergic"), stem("allergies"), stem("vomited"), stem("vomiting")
    ('headach', 'allerg', 'allerg', 'vomit', 'vomit')
    """
    word = word.removesuffix("'s")
    for ending in ("ations", "ation", "ness", "ies", "ing", "ied", "ic", "ed", "es", "ly", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word
