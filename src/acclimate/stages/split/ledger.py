"""Adds this round's assignments to the ledger, so that a test record of one round is never trained on in another."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from acclimate.core.artifacts import LEDGER_FILE, TableWriter
from acclimate.core.ledger import LEDGER_SCHEMA


def extend_ledger(ledger: pl.DataFrame, assigned: pl.DataFrame) -> pl.DataFrame:
    """Earlier assignments and new ones, sorted by id. An earlier one stays, unless the record is now a test record."""
    current = assigned.select("id", "subject_id", "cluster_id", "split")
    now_test = current.filter(pl.col("split") == "test")["id"].implode()
    earlier = ledger.with_columns(
        split=pl.when(pl.col("id").is_in(now_test)).then(pl.lit("test")).otherwise(pl.col("split"))
    )
    return pl.concat([earlier, current.join(ledger, on="id", how="anti")]).sort("id")


def write_ledger(folder: Path, ledger: pl.DataFrame) -> None:
    """Writes the ledger into a folder."""
    with TableWriter(folder / LEDGER_FILE, LEDGER_SCHEMA) as writer:
        writer.write(ledger.to_arrow())
