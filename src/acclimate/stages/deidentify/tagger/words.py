"""A text as the pieces that the tagger labels: runs of letters, runs of digits, single marks and line breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_PIECE = re.compile(r"[^\W\d_]+|\d+|\n|[^\w\s]|_")
_ENDS = frozenset(".!?\n")
LONGEST_PASSAGE = 400
"""Pieces decoded at a time; keeps memory flat on a text of any length."""


class Piece(NamedTuple):
    """A stretch of a text and what is written there."""

    start: int
    end: int
    text: str


def pieces(text: str) -> list[Piece]:
    """The pieces of a text.

    >>> [piece.text for piece in pieces("Ann O'Neil, 12b")]
    ['Ann', 'O', "'", 'Neil', ',', '12', 'b']
    """
    return [Piece(*match.span(), match.group()) for match in _PIECE.finditer(text)]


def passages(found: Sequence[Piece]) -> Iterator[Sequence[Piece]]:
    """The pieces in passages that end with a sentence or line where one ends in their second half."""
    start = 0
    while start < len(found):
        end = min(start + LONGEST_PASSAGE, len(found))
        if end < len(found):
            middle = start + LONGEST_PASSAGE // 2
            end = next((place for place in range(end, middle, -1) if found[place - 1].text in _ENDS), end)
        yield found[start:end]
        start = end
