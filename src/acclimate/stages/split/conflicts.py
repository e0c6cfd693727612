"""What is already settled by earlier rounds and frozen test files, and what must go because it ties train to test."""

from __future__ import annotations

import polars as pl

from acclimate.stages.split.groups import PRECEDENCE, TIES, ties


def settle(members: pl.DataFrame) -> pl.DataFrame:
    """Current records with `split` where it is settled, or `reason` and `value` where they must be dropped.

    Both are null for the records of new groups, which are still to be drawn. In a group with two sides the test side
    stays (else the validation side); everything else in the group goes: leak_train_test, leak_train_validation. To a
    frozen test file nothing is added.
    """
    rank = pl.col("fixed").replace_strict({split: index for index, split in enumerate(PRECEDENCE)}, default=None)
    groups = members.group_by("group").agg(
        winner=pl.col("fixed").sort_by(rank, nulls_last=True).first(),
        loser=pl.col("fixed").sort_by(rank, nulls_last=True).drop_nulls().last(),
        frozen=(pl.col("declared") == "test").any(),
    )
    members = members.join(groups, on="group", maintain_order="left")
    two_sided = (pl.col("winner") != pl.col("loser")) | pl.col("frozen")
    must_go = (two_sided & (pl.col("fixed").ne_missing(pl.col("winner")))).fill_null(False)
    settled = members.with_columns(
        split=pl.when(must_go).then(None).otherwise(pl.col("winner")),
        reason=pl.when(must_go).then(pl.concat_str(pl.lit("leak_train_"), "winner")),
    )
    values = _values(settled)
    return settled.join(values, on="row", how="left", maintain_order="left").filter("current")


def _values(settled: pl.DataFrame) -> pl.DataFrame:
    """For each dropped record what ties it to the side that stays: a key they share, else the group."""
    dropped = settled.filter(pl.col("reason").is_not_null())
    staying = settled.filter(pl.col("reason").is_null() | ~pl.col("current")).filter(
        pl.col("fixed") == pl.col("winner")
    )
    shared = ties(dropped).join(ties(staying).select("tie", "key").unique(), on=["tie", "key"], how="semi")
    order = {tie: index for index, tie in enumerate(TIES)}
    named = (
        shared.sort(pl.col("tie").replace_strict(order, return_dtype=pl.Int8), "key")
        .group_by("row", maintain_order=True)
        .first()
        .select("row", tie_name=pl.concat_str("tie", "key", separator=" "))
    )
    by_group = dropped.select("row", by_group=pl.concat_str(pl.lit("group "), "group"))
    return by_group.join(named, on="row", how="left").select("row", value=pl.coalesce("tie_name", "by_group"))
