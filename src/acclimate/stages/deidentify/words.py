"""Texts as sequences of words and numbers, folded so that two ways of writing the same thing become equal."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_TOKEN = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True)
class Token:
    """A run of letters or of digits, with its place in the text and its folded form."""

    start: int
    end: int
    folded: str


def fold(text: str) -> str:
    """Without case and accents.

    >>> fold("José")
    'jose'
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def tokens(text: str) -> list[Token]:
    """The words and numbers of a text.

    >>> [token.folded for token in tokens("O'Brien, A12")]
    ['o', 'brien', 'a', '12']
    """
    return [Token(match.start(), match.end(), fold(match.group())) for match in _TOKEN.finditer(text)]


def squash(text: str) -> str:
    """Letters and digits alone, folded: equal for all spacings and punctuations of one value.

    >>> squash("(555) 010-1234") == squash("555.010.1234")
    True
    """
    return "".join(token.folded for token in tokens(text))
