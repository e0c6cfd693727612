"""Pairs of records that may be copies, and the exact similarity of each pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from scipy.sparse import csr_array

from acclimate.core.ports import Engine
from acclimate.core.word_hashes import Hashes, HashSets

Indices = npt.NDArray[np.int64]

_LEADERS = 64
"""In a crowded bucket every record is compared with this many preferred ones, not with all: a survivor is preferred."""

_PAIRS_AT_ONCE = 16_384


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


def jaccard(pairs: Pairs, sets: HashSets) -> npt.NDArray[np.float64]:
    """The exact Jaccard similarity of each pair's sets; 1 where both are empty."""
    similarity = np.empty(len(pairs), dtype=np.float64)
    for begin in range(0, len(pairs), _PAIRS_AT_ONCE):
        part = slice(begin, begin + _PAIRS_AT_ONCE)
        similarity[part] = _jaccard_of_some(pairs.first[part], pairs.second[part], sets)
    return similarity


def _jaccard_of_some(first: Indices, second: Indices, sets: HashSets) -> npt.NDArray[np.float64]:
    involved = np.union1d(first, second)
    matrix = _membership(sets.take(involved))
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    first, second = np.searchsorted(involved, first), np.searchsorted(involved, second)
    common = np.asarray(matrix[first].multiply(matrix[second]).sum(axis=1)).ravel()
    union = sizes[first] + sizes[second] - common
    return np.where(union > 0, common / np.maximum(union, 1), 1.0)


def _membership(sets: HashSets) -> csr_array:
    distinct, column = np.unique(sets.hashes, return_inverse=True)
    row = np.repeat(np.arange(len(sets.sizes)), sets.sizes)
    matrix = csr_array(
        (np.ones(len(column), dtype=np.int32), (row, column)), shape=(len(sets.sizes), max(len(distinct), 1))
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix
