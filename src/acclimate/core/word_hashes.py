"""Texts as arrays of word hashes, a batch at a time: what finding copies and shared passages both start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from acclimate.core.atomic import named_disk_errors

Hashes = npt.NDArray[np.uint64]

# Scripts without spaces between words: each character counts as a word.
_WORD = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|[\w]+"
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

    def read(self) -> HashSets:
        """All of them, in order; the hashes are read from the file as they are asked for."""
        offsets = np.concatenate([[0], np.concatenate(self._sizes).cumsum()])
        hashes: Hashes = np.memmap(self._path, np.uint64, "r") if offsets[-1] else np.empty(0, np.uint64)
        return HashSets(hashes, offsets)


def hash_words(texts: Sequence[str]) -> HashSets:
    """The words of each text as 64-bit hashes, in order; case and punctuation do not count.

    >>> hash_words(["Chest pain, 3 days", ""]).sizes.tolist()
    [4, 0]
    """
    words = pl.Series(texts, dtype=pl.String).str.to_lowercase().str.extract_all(_WORD)
    offsets = np.concatenate([[0], words.list.len().to_numpy().astype(np.int64).cumsum()])
    return HashSets(words.explode().drop_nulls().hash(seed=0).to_numpy(), offsets)


def n_grams(words: HashSets, n: int) -> HashSets:
    """The word n-grams of each text, in order, for an `n` that is a power of two; k words give max(k - n + 1, 0).

    >>> n_grams(hash_words(["a b c a b", "a b", "a"]), 2).sizes.tolist()
    [4, 1, 0]
    """
    grams, width = words.hashes, 1
    while width < n:
        grams = mix_pair(grams[:-width], grams[width:])
        width *= 2
    sizes = np.maximum(words.sizes - (n - 1), 0)
    offsets = np.concatenate([[0], sizes.cumsum()])
    starts = np.repeat(words.offsets[:-1] - offsets[:-1], sizes) + np.arange(offsets[-1])
    return HashSets(grams[starts], offsets)


def mix_pair(first: Hashes, second: Hashes) -> Hashes:
    """One hash for two in this order."""
    with np.errstate(over="ignore"):
        return mix(first * _FIRST + mix(second) * _SECOND)


def mix(hashes: Hashes) -> Hashes:
    """Spreads every bit over all others (the finaliser of splitmix64)."""
    with np.errstate(over="ignore"):
        hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))
