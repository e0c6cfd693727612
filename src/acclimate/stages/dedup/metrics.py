"""What the report of dedup says of clusters, and what a user should be warned of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import polars as pl

_MANY = 0.3
"""A share of dropped records that is worth a warning."""

_ALIKE = 0.02
"""A cluster with more near copies than this share of all records, and than `_FEW`, may be a form and no copies."""

_CROWDED = 0.1
_FEW = 20
"""A cluster with more than this share of the records, and more records than this, leaves split little choice."""


def cluster_metrics(decisions: pl.DataFrame) -> dict[str, Any]:
    """Clusters of several records: how many, how large, how many of their records stay, which sets they span.

    `copies_of_test_records` were dropped because a frozen or earlier test record stands for them.
    """
    sizes = decisions.group_by("cluster_id").agg(
        pl.len().alias("records"), pl.col("reason").is_null().sum().alias("kept")
    )
    several = sizes.filter(pl.col("records") > 1)
    shared = decisions.join(several, on="cluster_id", how="semi")
    frozen = decisions.filter("frozen")["id"].implode()
    of_test = decisions.filter(pl.col("reason").str.ends_with("_duplicate") & pl.col("value").is_in(frozen))
    return {
        "clusters": several.height,
        "largest_cluster": max(sizes["records"].to_list(), default=0),
        "kept_in_shared_clusters": int(several.filter(pl.col("kept") > 1)["kept"].sum()),
        "size_histogram": {str(size): count for size, count in sorted(Counter(several["records"].to_list()).items())},
        "copies_of_test_records": of_test.height,
        "clusters_across_sources": _across(shared, "source"),
        "clusters_across_sites": _across(shared, "site"),
    }


def _across(shared: pl.DataFrame, column: str) -> dict[str, int]:
    """How many clusters hold records of both of two sources (or sites), by their names."""
    present = shared.select("cluster_id", column).drop_nulls().unique()
    pairs = present.join(present, on="cluster_id", suffix="_other").filter(pl.col(column) < pl.col(f"{column}_other"))
    counts = pairs.group_by(column, f"{column}_other").len().sort(column, f"{column}_other")
    return {f"{one}, {other}": clusters for one, other, clusters in counts.iter_rows()}


def cluster_warnings(decisions: pl.DataFrame) -> Iterator[str]:
    """What is lawful but should be looked at."""
    labels = decisions.group_by("text_digest").agg(pl.col("label").n_unique()).filter(pl.col("label") > 1).height
    if labels:
        yield f"{labels} texts stand more than once with different labels; all were kept, in one split each."
    copies = decisions.filter(pl.col("reason").str.ends_with("_duplicate")).height
    if copies > _MANY * decisions.height:
        yield (
            f"{copies} of {decisions.height} records are copies of others: if these are forms filled in alike,"
            " lower dedup.max_edited."
        )
    largest = max(decisions.group_by("cluster_id").len()["len"].to_list(), default=0)
    if largest > max(_CROWDED * decisions.height, _FEW):
        yield (
            f"One cluster ties {largest} of {decisions.height} records, which split must keep together: they may share"
            " standard passages; a lower dedup.max_edited ties less."
        )
    near = decisions.filter(pl.col("reason") == "near_duplicate").group_by("cluster_id").len()
    alike = max(near["len"].to_list(), default=0)
    if alike > max(_ALIKE * decisions.height, _FEW):
        yield (
            f"{alike} records of one cluster were dropped as near copies: a form that is filled in differently each time"
            " looks like that; acclimate drops --step dedup --samples 5 shows some, a lower dedup.max_edited keeps more."
        )
    frozen = decisions.filter("frozen")
    doubled = frozen.height - frozen["cluster_id"].n_unique()
    if doubled:
        yield f"{doubled} test records are copies of other test records; all were kept, as every test record is."
