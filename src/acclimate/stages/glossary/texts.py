"""Texts as runs of neighbouring words: a phrase never reaches over a full stop, a number or a line's end."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from acclimate.core.glossary import WORD, folded

WORDS_OF_A_RECORD = 2000
"""Words of one record that are read, its first ones."""


@dataclass(frozen=True)
class Text:
    """The text of one record as far as it is read, with who it is of, and its words as they are written in runs."""

    subject: str
    text: str
    runs: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, subject: str, text: str) -> Text:
        """The first words of a text."""
        runs, end = _runs(text)
        return cls(subject, text[:end], runs)


def words_of(texts: Iterable[Text]) -> Iterator[str]:
    """All words, without case."""
    return (folded(word) for text in texts for run in text.runs for word in run)


def _runs(text: str) -> tuple[tuple[tuple[str, ...], ...], int]:
    """The runs of a text, in which nothing but blanks parts the words; and where what is read of it ends.

    >>> _runs("BP 120 over 80. Denies chest pain, c/o cough")[0]
    (('BP',), ('over',), ('Denies', 'chest', 'pain'), ('c/o', 'cough'))
    """
    runs: list[tuple[str, ...]] = []
    run: list[str] = []
    end = 0
    for match, _ in zip(WORD.finditer(text), range(WORDS_OF_A_RECORD), strict=False):
        if run and text[end : match.start()].strip(" \t"):
            runs.append(tuple(run))
            run = []
        # One object a word, not one an occurrence: ten thousand texts would else take gigabytes.
        run.append(sys.intern(match.group()))
        end = match.end()
    whole = len(text) if WORD.search(text, end) is None else end
    return (*runs, tuple(run)) if run else tuple(runs), whole


def subjects_of(occurrences: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """The subjects of each term, from pairs of term and subject."""
    found: dict[str, set[str]] = {}
    for term, subject in occurrences:
        found.setdefault(term, set()).add(subject)
    return found
