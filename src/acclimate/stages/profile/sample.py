"""The records that are looked at word by word: which words stand in them, and how often, as one sparse matrix."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from acclimate.core.schema import task_text

WORDS_OF_A_RECORD = 2000
"""Words of one record that are looked at, its first ones: a book among notes would else decide everything."""

_WORD = re.compile(r"[^\W\d_]+")


def words_of(text: str) -> list[str]:
    """Runs of letters in lower case, at most so many as are looked at.

    >>> words_of("BP 120/80, no change.")
    ['bp', 'no', 'change']
    """
    return [match.group().lower() for match, _ in zip(_WORD.finditer(text), range(WORDS_OF_A_RECORD), strict=False)]


@dataclass(frozen=True)
class Words:
    """How often each term stands in each record: `counts` is records × terms, both in sorted order.

    A term is a word, or two words in a row with a space between them.
    """

    terms: tuple[str, ...]
    counts: sparse.csr_array

    @cached_property
    def is_word(self) -> npt.NDArray[np.bool_]:
        """Which terms are single words."""
        return np.array([" " not in term for term in self.terms], dtype=bool)

    def of(self, rows: npt.NDArray[np.int64]) -> Words:
        """The same for some of the records."""
        return Words(self.terms, self.counts[rows])

    @cached_property
    def single(self) -> Words:
        """The single words alone."""
        kept = np.flatnonzero(self.is_word)
        return Words(tuple(self.terms[place] for place in kept), self.counts[:, kept])


class WordCounter:
    """Counts the terms of one record after another; holds numbers, not texts."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._rows: dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        """Counts the words of a record, and its pairs of neighbouring words."""
        words = words_of(task_text(record))
        found = Counter(words)
        found.update(f"{one} {other}" for one, other in pairwise(words))
        codes = [self._codes.setdefault(term, len(self._codes)) for term in found]
        self._rows[record["id"]] = (np.array(codes, dtype=np.int64), np.array(list(found.values()), dtype=np.int64))

    def words(self, ids: pl.Series) -> Words:
        """The matrix with a row for each id in this order. Two words in a row count from two records on."""
        rows = [self._rows[name] for name in ids.to_list()]
        if not rows:
            return Words((), sparse.csr_array((0, 0), dtype=np.float64))
        codes, counts = (np.concatenate([row[part] for row in rows]) for part in (0, 1))
        starts = np.cumsum([0, *(len(row[0]) for row in rows)])
        seen = np.bincount(codes, minlength=len(self._codes))
        names = sorted(term for term, code in self._codes.items() if seen[code] > 1 or " " not in term)
        place = np.full(len(self._codes), -1)
        place[[self._codes[term] for term in names]] = np.arange(len(names))
        kept = place[codes] >= 0
        row_of = np.repeat(np.arange(len(rows)), np.diff(starts))
        matrix = sparse.csr_array(
            (counts[kept].astype(np.float64), (row_of[kept], place[codes][kept])), shape=(len(rows), len(names))
        )
        matrix.sort_indices()
        return Words(tuple(names), matrix)
