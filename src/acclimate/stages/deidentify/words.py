"""Texts as sequences of words and numbers, folded so that two ways of writing the same thing become equal."""

from __future__ import annotations

import re
from typing import NamedTuple

from acclimate.core.folding import fold

_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_ASCII_TOKEN = re.compile(r"[a-z]+|[0-9]+")


class Token(NamedTuple):
    """A run of letters or of digits, with its place in the text and its folded form."""

    start: int
    end: int
    folded: str


def tokens(text: str) -> list[Token]:
    """The words and numbers of a text.

    >>> [token.folded for token in tokens("O'Brien, A12")]
    ['o', 'brien', 'a', '12']
    """
    places = (match.span() for match in _TOKEN.finditer(text))
    return [Token(start, end, word) for (start, end), word in zip(places, folded_words(text), strict=True)]


def folded_words(text: str) -> list[str]:
    """The folded words and numbers alone, much faster than with their places.

    >>> folded_words("O'Brien, A12")
    ['o', 'brien', 'a', '12']
    """
    lower = text.lower()
    if text.isascii():
        return _ASCII_TOKEN.findall(lower)
    if len(lower) != len(text):  # a few capitals become two characters, which may part a word
        return [fold(word) for word in _TOKEN.findall(text)]
    return [word if word.isascii() else fold(word) for word in _TOKEN.findall(lower)]


def squash(text: str) -> str:
    """Letters and digits alone, folded: equal for all spacings and punctuations of one value.

    >>> squash("(555) 010-1234") == squash("555.010.1234")
    True
    """
    return "".join(folded_words(text))
