"""Clusters of copies, and which record of each stays: a dropped record is itself a copy of the one that stands for it.

Two records at the ends of a chain of copies (a ~ b ~ c, but not a ~ c) share a cluster, so that split keeps them
together, and may both stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from acclimate.stages.dedup.candidates import Indices, Pairs
from acclimate.stages.dedup.config import Preference

KEPT = -1
"""The survivor of a record that stays."""


_COLUMN = {"newest": "collected_at", "earliest": "collected_at"}


@dataclass(frozen=True)
class Outcome:
    """For each record, in order of preference: its cluster's id, and the record that stands for it or KEPT."""

    cluster_ids: pl.Series
    survivors: Indices


def order_by_preference(records: pl.DataFrame, preferences: tuple[Preference, ...]) -> pl.DataFrame:
    """The records with the one to keep first; `position` is where each was in the input.

    Items of evaluation sets come first, then test records that must stay; ties go to the smaller id: the input order
    never matters.
    """
    preferred = [pl.col(_COLUMN.get(name, name)) for name in preferences]
    keys = [pl.col("evaluation"), pl.col("frozen"), *preferred, pl.col("id")]
    descending = [True, True, *(name != "earliest" for name in preferences), False]
    return records.with_row_index("position").sort(keys, descending=descending, nulls_last=True)


def first_with_equal(records: pl.DataFrame, columns: list[str]) -> Indices:
    """For each record the most preferred record that agrees with it in these columns (often itself)."""
    index = records.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("index"), *columns)
    return index.select(pl.col("index").min().over(columns)).to_series().to_numpy()


def find_outcome(records: pl.DataFrame, copies: Pairs, interchangeable: npt.NDArray[np.bool_]) -> Outcome:
    """Clusters and survivors of records in order of preference.

    `copies` are near copies among the first records of each text and label; where not `interchangeable` (their
    answers differ) the two share a cluster and both stay.
    """
    same_text = first_with_equal(records, ["text_digest"])
    representative = first_with_equal(records, ["text_digest", "label"])
    frozen = records["frozen"].to_numpy()
    survivors = _survivors(representative, copies.where(interchangeable), frozen)
    every = np.arange(len(records))
    first, second = np.concatenate([copies.first, same_text]), np.concatenate([copies.second, every])
    return Outcome(_cluster_ids(records, first, second), survivors)


def _survivors(representative: Indices, copies: Pairs, frozen: npt.NDArray[np.bool_]) -> Indices:
    survivors = np.full(len(representative), KEPT)
    order = np.lexsort((copies.first, copies.second))
    for first, second in zip(copies.first[order].tolist(), copies.second[order].tolist(), strict=True):
        if survivors[first] == KEPT and survivors[second] == KEPT and not frozen[second]:
            survivors[second] = first
    of_representative = np.where(survivors[representative] == KEPT, representative, survivors[representative])
    is_own = of_representative == np.arange(len(representative))
    return np.where(is_own | frozen, KEPT, of_representative)


def _cluster_ids(records: pl.DataFrame, first: Indices, second: Indices) -> pl.Series:
    """The smallest id of each record's cluster, of the records that an earlier round knows where there are any.

    So a new copy that replaces a record of an earlier round is tied to it by name, and follows it into its split.
    """
    graph = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(len(records), len(records)))
    _, cluster = connected_components(graph, directed=False)
    smallest = pl.col("id").min().over("cluster")
    smallest_known = pl.col("id").filter("known").min().over("cluster")
    frame = records.select("id", "known").with_columns(cluster=cluster)
    return frame.select(pl.coalesce(smallest_known, smallest)).to_series()
