"""Adds this round's assignments to the ledger, so that a test record of one round is never trained on in another."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from acclimate.core.artifacts import LEDGER_FILE, TableWriter
from acclimate.core.ledger import LEDGER_SCHEMA


def extend_ledger(ledger: pl.DataFrame, assigned: pl.DataFrame) -> pl.DataFrame:
    """Earlier assignments and new ones, sorted by id. An earlier one stays, unless the record is now a test record.

    What else ties a record (`parents`, `together`) is what is known of it now, or else was.
    """
    current = assigned.select(LEDGER_SCHEMA.names)
    now = current.select("id", now_split="split", now_parents="parents", now_together="together")
    earlier = ledger.join(now, on="id", how="left").select(
        "id",
        "subject_id",
        "cluster_id",
        split=pl.when(pl.col("now_split") == "test").then("now_split").otherwise("split"),
        parents=pl.coalesce("now_parents", "parents"),
        together=pl.coalesce("now_together", "together"),
    )
    return pl.concat([earlier, current.join(ledger, on="id", how="anti")]).sort("id")


def write_ledger(folder: Path, ledger: pl.DataFrame) -> None:
    """Writes the ledger into a folder."""
    with TableWriter(folder / LEDGER_FILE, LEDGER_SCHEMA) as writer:
        writer.write(ledger.to_arrow())
