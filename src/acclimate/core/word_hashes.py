"""Texts as arrays of word hashes, a batch at a time: what finding copies and shared passages both start from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from acclimate.core.atomic import named_disk_errors

Hashes = npt.NDArray[np.uint64]

# Scripts without spaces between words: each character counts as a word.
_WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|[\w]+"
_DIGIT_AS_WORD = r"[[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]&&\d]"
_NUMBER, _ANY_NUMBER = r"\d+", "0"
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)  # odd: multiplication loses no bit


@dataclass(frozen=True)
class HashSets:
    """One set of hashes a text, end to end: text i has `hashes[offsets[i]:offsets[i + 1]]`; a hash may repeat."""

    hashes: Hashes
    offsets: npt.NDArray[np.int64]

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """How many hashes each text has."""
        return np.diff(self.offsets)

    @property
    def texts(self) -> npt.NDArray[np.int64]:
        """For each hash the number of its text."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def take(self, texts: npt.NDArray[np.int64]) -> HashSets:
        """The sets of some texts, in that order."""
        sizes = self.sizes[texts]
        offsets = np.concatenate([[0], sizes.cumsum()])
        places = np.repeat(self.offsets[texts] - offsets[:-1], sizes) + np.arange(offsets[-1])
        return HashSets(self.hashes[places], offsets)


class SetsOnDisk:
    """The sets of many batches, end to end in a file: only their sizes are held in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sizes = [np.empty(0, dtype=np.int64)]

    def __enter__(self) -> SetsOnDisk:
        with named_disk_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb")
        return self

    def __exit__(self, *raised: object) -> None:
        with named_disk_errors(self._path):
            self._file.close()

    def append(self, sets: HashSets) -> None:
        """Adds the sets of a batch."""
        with named_disk_errors(self._path):
            self._file.write(sets.hashes.tobytes())
        self._sizes.append(sets.sizes)

    @property
    def texts(self) -> int:
        """How many texts there are."""
        return sum(map(len, self._sizes))

    def parts(self, texts: int) -> Iterator[HashSets]:
        """All of them, in order, the sets of so many texts at a time; nothing else of them is held."""
        sizes = np.concatenate(self._sizes)
        with self._path.open("rb") as file:
            for start in range(0, len(sizes), texts):
                offsets = np.concatenate([[0], sizes[start : start + texts].cumsum()])
                yield HashSets(np.fromfile(file, np.uint64, offsets[-1]), offsets)

    def read(self) -> HashSets:
        """All of them, in order; the hashes are read from the file as they are asked for."""
        offsets = np.concatenate([[0], np.concatenate(self._sizes).cumsum()])
        hashes: Hashes = np.memmap(self._path, np.uint64, "r") if offsets[-1] else np.empty(0, np.uint64)
        return HashSets(hashes, offsets)


def hash_words(texts: Sequence[str] | pl.Series) -> HashSets:
    """The words of each text as 64-bit hashes, in order; case and punctuation do not count.

    >>> hash_words(["Chest pain, 3 days", ""]).sizes.tolist()
    [4, 0]
    """
    words, offsets = _split_words(texts)
    return HashSets(words.hash(seed=0).to_numpy(), offsets)


def hash_words_and_forms(texts: Sequence[str] | pl.Series) -> tuple[HashSets, HashSets]:
    """The words of each text, and the same words with every number in them taken for one and the same.

    >>> words, forms = hash_words_and_forms(["3 days", "14 days"])
    >>> len(set(words.hashes.tolist())), len(set(forms.hashes.tolist()))
    (3, 2)
    """
    written = pl.Series(texts, dtype=pl.String)
    words, offsets = _split_words(written)
    hashes = words.hash(seed=0).to_numpy()
    if written.str.contains(_DIGIT_AS_WORD).any():  # a number of such digits is several words, and its form is one
        return HashSets(hashes, offsets), hash_words(written.str.replace_all(_NUMBER, _ANY_NUMBER))
    with_digits = words.str.contains(r"\d")
    forms = hashes.copy()
    forms[with_digits.to_numpy()] = (
        words.filter(with_digits).str.replace_all(_NUMBER, _ANY_NUMBER).hash(seed=0).to_numpy()
    )
    return HashSets(hashes, offsets), HashSets(forms, offsets)


def number_form() -> np.uint64:
    """The form of a word that is a number; not a constant, since a module that computes on import cannot be forked."""
    return np.uint64(hash_words([_ANY_NUMBER]).hashes[0])


def _split_words(texts: Sequence[str] | pl.Series) -> tuple[pl.Series, npt.NDArray[np.int64]]:
    """All words, end to end, and where each text's begin."""
    words = pl.Series(texts, dtype=pl.String).str.to_lowercase().str.extract_all(_WORD)
    offsets = np.concatenate([[0], words.list.len().to_numpy().astype(np.int64).cumsum()])
    return words.explode().drop_nulls(), offsets


class Sieve:
    """Some known hashes, to look others up in: most that are none of them are told by their first bits alone."""

    def __init__(self, known: Hashes) -> None:
        bits = min(26, max(10, len(known).bit_length() + 3))
        self.known = known
        """Sorted, each once."""
        self._shift = np.uint64(64 - bits)
        self._may_be = np.zeros(1 << bits, dtype=np.bool_)
        self._may_be[known >> self._shift] = True

    def find(self, hashes: Hashes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The places of those hashes that are known, and for each its place among the known ones.

        >>> [found.tolist() for found in Sieve(np.array([5, 9], np.uint64)).find(np.array([9, 7, 5], np.uint64))]
        [[0, 2], [1, 0]]
        """
        places = np.flatnonzero(self._may_be[hashes >> self._shift])
        if not len(self.known):
            return places, places
        # Asked for in order, neighbours lie near each other: among 28 million a third of the time, the sorting included.
        places = places[np.argsort(hashes[places])]
        among = np.minimum(np.searchsorted(self.known, hashes[places]), len(self.known) - 1)
        is_known = self.known[among] == hashes[places]
        places, among = places[is_known], among[is_known]
        order = np.argsort(places)
        return places[order], among[order]


def n_grams(words: HashSets, n: int) -> HashSets:
    """The word n-grams of each text, in order, for an `n` that is a power of two; k words give max(k - n + 1, 0).

    >>> n_grams(hash_words(["a b c a b", "a b", "a"]), 2).sizes.tolist()
    [4, 1, 0]
    """
    grams = neighbouring(words.hashes, n)
    sizes = np.maximum(words.sizes - (n - 1), 0)
    offsets = np.concatenate([[0], sizes.cumsum()])
    starts = np.repeat(words.offsets[:-1] - offsets[:-1], sizes) + np.arange(offsets[-1])
    return HashSets(grams[starts], offsets)


def neighbouring(words: Hashes, n: int) -> Hashes:
    """One hash for every `n` words in a row, a power of two, also for those that begin in one text and end in the next."""
    grams, width = words, 1
    while width < n:
        grams = mix_pair(grams[:-width], grams[width:])
        width *= 2
    return grams


def mix_pair(first: Hashes, second: Hashes) -> Hashes:
    """One hash for two in this order."""
    with np.errstate(over="ignore"):
        mixed = mix(second)
        mixed *= _SECOND
        mixed += first * _FIRST
        return _mixed_in_place(mixed)


def mix(hashes: Hashes) -> Hashes:
    """Spreads every bit over all others (the finaliser of splitmix64)."""
    return _mixed_in_place(np.array(hashes))


def _mixed_in_place(hashes: Hashes) -> Hashes:
    with np.errstate(over="ignore"):
        hashes ^= hashes >> np.uint64(30)
        hashes *= np.uint64(0xBF58476D1CE4E5B9)
        hashes ^= hashes >> np.uint64(27)
        hashes *= np.uint64(0x94D049BB133111EB)
        hashes ^= hashes >> np.uint64(31)
    return hashes
