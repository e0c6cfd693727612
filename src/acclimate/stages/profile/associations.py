"""What goes together that need not: labels, sites and attributes that give one another away."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special, stats

from acclimate.core.hash_order import hash_rank
from acclimate.core.statistics import holm

FEW_SUBJECTS = 20
"""Subjects below which an association is not looked for."""

TABLES = 9999
"""Random tables with the same margins: the smallest p-value is one in ten thousand."""

Table = npt.NDArray[np.int64]


def association_rows(
    facts: pl.DataFrame, groups: Mapping[str, pl.Series], *, max_values: int, seed: int
) -> list[dict[str, Any]]:
    """Each pair of label, site and attributes: how strongly they go together over subjects, strongest first.

    Each subject counts once, with one record chosen by a hash of its id: records of one person are no independent
    evidence. `groups` are columns over the records. p-values are adjusted for the number of pairs (Holm).
    """
    columns = dict(groups)
    if 2 <= facts["label"].n_unique() <= max_values + 1:
        columns["label"] = facts["label"]
    ranks = pl.Series("rank", [hash_rank(name, seed) for name in facts["id"].to_list()], pl.String)
    people = facts.select("cluster", ranks).with_columns(
        *(values.alias(f"in {name}") for name, values in columns.items())
    )
    once = people.sort("rank").unique("cluster", keep="first", maintain_order=True)
    rows = [
        row
        for one, other in combinations(sorted(columns), 2)
        if (row := _associate(once.select(f"in {one}", f"in {other}").drop_nulls(), one, other, seed)) is not None
    ]
    for row, p_value in zip(rows, holm([row["p_value"] for row in rows]), strict=True):
        row["p_holm"] = round(p_value, 6)
    return sorted(rows, key=lambda row: (-row["cramers_v"], row["one"], row["other"]))


def _associate(pairs: pl.DataFrame, one: str, other: str, seed: int) -> dict[str, Any] | None:
    if pairs.height < FEW_SUBJECTS or any(pairs[column].n_unique() < 2 for column in pairs.columns):
        return None
    codes = [pairs[column].rank("dense").to_numpy().astype(np.int64) - 1 for column in pairs.columns]
    shape = [int(code.max()) + 1 for code in codes]
    table = np.bincount(codes[0] * shape[1] + codes[1], minlength=shape[0] * shape[1]).reshape(shape)
    return {
        "one": one,
        "other": other,
        "subjects": pairs.height,
        "cramers_v": round(cramers_v(table), 4),
        "bits": round(mutual_information(table), 4),
        "p_value": association_p_value(table, seed=seed),
    }


def cramers_v(table: Table) -> float:
    """How strongly two variables go together, 0 to 1, corrected for its bias in small tables (Bergsma 2013).

    >>> round(cramers_v(np.array([[10, 0], [0, 10]])), 2), cramers_v(np.array([[5, 5], [5, 5]]))
    (1.0, 0.0)
    """
    n, (rows, columns) = table.sum(), table.shape
    phi = max(0.0, _chi_square(table) / n - (rows - 1) * (columns - 1) / (n - 1))
    fewest = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return min(1.0, math.sqrt(phi / fewest)) if fewest > 0 else 0.0


def mutual_information(table: Table) -> float:
    """Bits that knowing one variable saves when the other is told.

    >>> mutual_information(np.array([[10, 0], [0, 10]]))
    1.0
    """
    shares = table / table.sum()
    entropies = [special.entr(part).sum() for part in (shares.sum(axis=0), shares.sum(axis=1), shares)]
    return max(0.0, float((entropies[0] + entropies[1] - entropies[2]) / math.log(2)))


def association_p_value(table: Table, *, seed: int) -> float:
    """The share of random tables with these margins that are as far from independence (a permutation test)."""
    drawn = stats.random_table(table.sum(axis=1), table.sum(axis=0), seed=np.random.default_rng(seed)).rvs(TABLES)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    as_far = ((drawn - expected) ** 2 / expected).sum(axis=(1, 2)) >= _chi_square(table) - 1e-9
    return (1 + int(as_far.sum())) / (TABLES + 1)


def _chi_square(table: Table) -> float:
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(((table - expected) ** 2 / expected).sum())
