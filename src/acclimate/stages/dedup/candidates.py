"""Pairs of records that may be copies, and the exact similarity of each pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from scipy.sparse import csr_array

from acclimate.core.ports import Engine
from acclimate.core.word_hashes import Hashes, HashSets, n_grams

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_LEADERS = 64
"""In a crowded bucket every record is compared with this many preferred ones, not with all: a survivor is preferred."""

_PAIRS_AT_ONCE = 16_384
_TEXTS_AT_ONCE = 32_768


@dataclass(frozen=True)
class Pairs:
    """Pairs of record indices, `first < second`, sorted, each once."""

    first: Indices
    second: Indices

    def __len__(self) -> int:
        return len(self.first)

    def where(self, keep: npt.NDArray[np.bool_]) -> Pairs:
        """The pairs for which `keep` is true."""
        return Pairs(self.first[keep], self.second[keep])

    def joined(self, others: Pairs) -> Pairs:
        """These pairs and others that are none of them."""
        first, second = np.concatenate([self.first, others.first]), np.concatenate([self.second, others.second])
        order = np.lexsort((second, first))
        return Pairs(first[order], second[order])


def candidate_pairs(keys: Hashes, rows: Indices, nodes: Indices, *, engine: Engine) -> Pairs:
    """Pairs of nodes that share a band key, in order of preference as the nodes are.

    `keys` has a row a record and a column a band; `rows` says which row is each node's. The engine joins band by band.
    """
    bands = (pa.RecordBatch.from_arrays([pa.array(keys[rows, band])], ["key"]) for band in range(keys.shape[1]))
    codes = [np.empty(0, dtype=np.int64), *engine.map_batches(pairs_of_band, bands)]
    # polars' unique: numpy's took half the time of the whole stage on a million pairs.
    distinct = pl.Series(np.concatenate(codes)).unique().sort().to_numpy()
    count = max(len(nodes), 1)
    return Pairs(nodes[distinct // count], nodes[distinct % count])


def pairs_of_band(band: pa.RecordBatch) -> Indices:
    """Pairs of rows with equal keys, `first < second`, each as one number: `first * rows + second`."""
    keys = band["key"].to_numpy()
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts_bucket = np.concatenate([[True], keys[1:] != keys[:-1]]) if len(keys) else np.empty(0, dtype=bool)
    start = np.maximum.accumulate(np.where(starts_bucket, np.arange(len(keys)), 0))
    rank = np.arange(len(keys)) - start
    first, second = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for leader in range(min(_LEADERS, int(rank.max(initial=0)))):
        later = np.flatnonzero(rank > leader)
        first.append(order[start[later] + leader])
        second.append(order[later])
    return np.concatenate(first) * max(len(keys), 1) + np.concatenate(second)


def jaccard(pairs: Pairs, words: HashSets, *, n: int = 1) -> Floats:
    """The exact Jaccard similarity of the sets of word n-grams of each pair; 1 where both are empty."""

    def read(sets: HashSets) -> csr_array:
        counts = _counts(n_grams(sets, n))
        counts.data[:] = 1
        return counts

    shared = _shared(pairs, words, read)
    union = shared.of_first + shared.of_second - shared.common
    return np.where(union > 0, shared.common / np.maximum(union, 1), 1.0)


def words_lacking(pairs: Pairs, words: HashSets) -> Floats:
    """How many words of the longer text of each pair the other lacks, each counted as often as it stands there."""
    shared = _shared(pairs, words, _counts)
    return np.maximum(shared.of_first, shared.of_second) - shared.common


@dataclass(frozen=True)
class _Shared:
    """How many words or n-grams each text of each pair has, and how many both have."""

    of_first: Floats
    of_second: Floats
    common: Floats


def _shared(pairs: Pairs, words: HashSets, read: Callable[[HashSets], csr_array]) -> _Shared:
    """The counts of each pair in the rows that `read` makes of its texts; some texts are held at a time."""
    shared = _Shared(*(np.empty(len(pairs), dtype=np.float64) for _ in range(3)))
    for block in _blocks(pairs):
        involved = np.union1d(pairs.first[block], pairs.second[block])
        rows = read(words.take(involved))
        totals = _row_sums(rows)
        for part in _parts(block.start, block.stop):
            first, second = (np.searchsorted(involved, side[part]) for side in (pairs.first, pairs.second))
            shared.of_first[part], shared.of_second[part] = totals[first], totals[second]
            shared.common[part] = _row_sums(rows[first].minimum(rows[second]))
    return shared


def _blocks(pairs: Pairs) -> Iterator[slice]:
    """Stretches of the pairs that need few texts, however many the pairs: in a crowd of copies all are of the same."""
    start, involved = 0, np.empty(0, dtype=np.int64)
    for part in _parts(0, len(pairs)):
        more = np.union1d(pairs.first[part], pairs.second[part])
        together = np.union1d(involved, more)
        if part.start > start and len(together) > _TEXTS_AT_ONCE:
            yield slice(start, part.start)
            start, together = part.start, more
        involved = together
    if start < len(pairs):
        yield slice(start, len(pairs))


def _parts(start: int, end: int) -> Iterator[slice]:
    for begin in range(start, end, _PAIRS_AT_ONCE):
        yield slice(begin, min(begin + _PAIRS_AT_ONCE, end))


def _counts(sets: HashSets) -> csr_array:
    """How often each hash, a column, stands in each text, a row."""
    distinct, column = np.unique(sets.hashes, return_inverse=True)
    row = np.repeat(np.arange(len(sets.sizes)), sets.sizes)
    shape = (len(sets.sizes), max(len(distinct), 1))
    counts = csr_array((np.ones(len(column), dtype=np.int32), (row, column)), shape=shape)
    counts.sum_duplicates()
    return counts


def _row_sums(matrix: csr_array) -> Floats:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
