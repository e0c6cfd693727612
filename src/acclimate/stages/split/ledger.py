"""The ledger of all assignments ever made, so that a test record of one round is never trained on in another."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from acclimate.core.artifacts import LEDGER_FILE, Artifact, TableWriter
from acclimate.core.errors import WorkspaceError

LEDGER_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("subject_id", pa.string()),
        pa.field("cluster_id", pa.string()),
        pa.field("split", pa.string(), nullable=False),
    ]
)


def read_ledger(previous: Artifact | None) -> pl.DataFrame:
    """The assignments of earlier rounds; none where there was no earlier round."""
    if previous is None:
        return _frame(LEDGER_SCHEMA.empty_table())
    path = previous.path / LEDGER_FILE
    if not path.exists():
        raise WorkspaceError(
            f"The earlier split has no {LEDGER_FILE}; without it a test record could be trained on.",
            hint="restore that file, or start anew without an earlier split",
        )
    return _frame(pq.read_table(path))


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


def _frame(table: pa.Table) -> pl.DataFrame:
    return pl.DataFrame(table).select(LEDGER_SCHEMA.names)
