"""The leak report: what stands in more than one split, counted from the finished division alone.

Nothing here uses the code that made the division, so that a mistake there shows here.
"""

from __future__ import annotations

import polars as pl

from acclimate.core.errors import ContractError

_SHARED = {"subjects": "subject_id", "clusters": "cluster_id", "texts": "text_digest", "documents": "parent"}


def count_leaks(divided: pl.DataFrame, ledger: pl.DataFrame) -> dict[str, int]:
    """How many subjects, clusters, equal texts and cut documents stand in several splits, and how many earlier test ones
    in training."""
    leaks = {}
    divided = divided.with_columns(parent=pl.col("parents").list.first())
    for name, column in _SHARED.items():
        splits = divided.drop_nulls(column).group_by(column).agg(pl.col("split").n_unique())
        leaks[name] = splits.filter(pl.col("split") > 1).height
    learning = divided.filter(pl.col("split") != "test")
    tested = ledger.filter(pl.col("split") == "test")
    for column in ("id", "subject_id", "cluster_id"):
        leaks[f"earlier_test_{column}"] = learning.join(tested, on=column, how="semi").height
    return leaks


def check_no_leaks(leaks: dict[str, int]) -> None:
    """Raises ContractError when anything leaks: no artifact may be written from such a division."""
    found = {name: count for name, count in leaks.items() if count}
    if found:
        raise ContractError(f"split leaks between its splits: {found}")
