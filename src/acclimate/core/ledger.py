"""The ledger of all assignments to splits ever made: split writes it, and dedup must know which records are test records.

Ids in it are open ones (keyed hashes): it lies in the open zone and outlives the artifacts of its rounds.
"""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from acclimate.core.artifacts import LEDGER_FILE, Artifact
from acclimate.core.errors import WorkspaceError

LEDGER_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("subject_id", pa.string()),
        pa.field("cluster_id", pa.string()),
        pa.field("split", pa.string(), nullable=False),
        pa.field("parents", pa.list_(pa.string())),
        pa.field("together", pa.list_(pa.string())),
    ]
)
"""`together` holds digests of the declared attributes that tie a record. Ledgers of the first version end at `split`."""


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


def _frame(table: pa.Table) -> pl.DataFrame:
    for field in LEDGER_SCHEMA:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return pl.DataFrame(table.select(LEDGER_SCHEMA.names).cast(LEDGER_SCHEMA))
