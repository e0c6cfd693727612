"""The leak report: what stands in more than one split, counted from the finished division alone.

Nothing here uses the code that made the division, so that a mistake there shows here.
"""

from __future__ import annotations

import polars as pl

from acclimate.core.errors import ContractError

_SHARED = {
    "subjects": "subject_id",
    "clusters": "cluster_id",
    "texts": "text_digest",
    "documents": "parents",
    "templates": "tied_template",
    "attributes": "together",
}
_EARLIER = ("id", "subject_id", "cluster_id", "parents", "together")


def count_leaks(divided: pl.DataFrame, ledger: pl.DataFrame) -> dict[str, int]:
    """How many subjects, clusters, equal texts, cut documents, templates (where they tie) and tying attributes stand in
    several splits, and how many records to learn from are, or share one with, test records of earlier rounds."""
    leaks = {}
    for name, column in _SHARED.items():
        splits = _values(divided, column).group_by(column).agg(pl.col("split").n_unique())
        leaks[name] = splits.filter(pl.col("split") > 1).height
    learning = divided.filter(pl.col("split") != "test")
    tested = ledger.filter(pl.col("split") == "test")
    for column in _EARLIER:
        shared = _values(learning, column).join(_values(tested, column), on=column, how="semi")
        leaks[f"earlier_test_{column}"] = shared.height
    return leaks


def _values(records: pl.DataFrame, column: str) -> pl.DataFrame:
    """`column` and `split`, a row for each value."""
    values = records.select(column, "split").drop_nulls(column)
    return values.explode(column).drop_nulls(column) if values.schema[column] == pl.List else values


def check_no_leaks(leaks: dict[str, int]) -> None:
    """Raises ContractError when anything leaks: no artifact may be written from such a division."""
    found = {name: count for name, count in leaks.items() if count}
    if found:
        raise ContractError(f"split leaks between its splits: {found}")
