"""Groups of records that must stay in one split, also in steps: tied by subject, duplicate cluster, equal text, equal
prompt of two answers, parent, template, or an attribute that the project declares to tie.

Records of earlier rounds tie too: a new visit of an earlier test patient belongs to the test side.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

_COLUMNS = {
    "subject": "subject_id",
    "cluster": "cluster_id",
    "text": "text_digest",
    "prompt": "prompt_digest",
    "parent": "parents",
    "template": "tied_template",
    "attribute": "together",
}
TIES = tuple(_COLUMNS)
"""What ties two records, in the order in which a tie is named."""

PRECEDENCE = ("test", "validation", "train")
"""Where two sides of a group were assigned differently, the earlier of these stays and the other side is dropped."""


def tie_groups(records: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    """All current and earlier records with the group each belongs to.

    Columns: those of the records, `fixed` (the split it must have, null if none), `declared` (the split it came with),
    `current`, and `group`, the smallest current id of its group.
    """
    members = pl.concat([_current(records, ledger), _earlier(records, ledger)], how="diagonal")
    members = members.with_row_index("row").with_columns(component=_components(members))
    smallest = pl.col("id").filter("current").min().over("component")
    return members.with_columns(group=smallest).filter(pl.col("group").is_not_null())


def ties(members: pl.DataFrame) -> pl.DataFrame:
    """One line for each record and each thing that may tie it to others: `row`, `tie`, `key`."""
    lines = [
        members.select("row", pl.lit(tie).alias("tie"), pl.col(_COLUMNS[tie]).alias("key"))
        .drop_nulls()
        .pipe(lambda line: line.explode("key").drop_nulls() if line.schema["key"] == pl.List else line)
        for tie in TIES
    ]
    return pl.concat(lines)


def _current(records: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    known = records.join(ledger.select("id", known="split"), on="id", how="left", maintain_order="left")
    is_test = (pl.col("declared") == "test") | (pl.col("known") == "test")
    fixed = pl.when(is_test).then(pl.lit("test")).otherwise(pl.coalesce("known", "declared"))
    return known.with_columns(fixed=fixed, current=pl.lit(True)).drop("known")


def _earlier(records: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    now_test = records.filter(pl.col("declared") == "test")["id"].implode()
    fixed = pl.when(pl.col("id").is_in(now_test)).then(pl.lit("test")).otherwise(pl.col("split"))
    ties = ("id", "subject_id", "cluster_id", "parents", "together")
    return ledger.select(*ties, fixed=fixed, current=pl.lit(False))


def _components(members: pl.DataFrame) -> pl.Series:
    numbered = members.with_row_index("row")
    # A parent is named by a record id: pieces of one document tie to each other, and to it where it is a record too.
    same_id = numbered.select("row", pl.lit("parent").alias("tie"), pl.col("id").alias("key"))
    lines = pl.concat([same_id, ties(numbered)])
    key = lines.select(pl.concat_str("tie", "key", separator=":").rank("dense").cast(pl.Int64))
    row, column = lines["row"].to_numpy().astype(np.int64), key.to_series().to_numpy() + members.height
    size = members.height + lines.height + 1
    graph = coo_array((np.ones(len(row), dtype=np.int8), (row, column)), shape=(size, size))
    _, component = connected_components(graph, directed=False)
    return pl.Series("component", component[: members.height])
