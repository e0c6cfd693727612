"""What earlier rounds know of the records: a test record of any round must stay, whatever new copy comes.

The ledger holds open ids, dedup sees restricted ones; the project's key joins them.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from acclimate.core.artifacts import Artifact
from acclimate.core.errors import WorkspaceError
from acclimate.core.ledger import read_ledger
from acclimate.core.surrogates import record_hash


def mark_earlier(
    records: pl.DataFrame, previous: Artifact | None, *, key_name: str, secrets: Mapping[str, bytes]
) -> pl.DataFrame:
    """The records with `known` (an earlier split assigned it), and with `frozen` set for earlier test records too."""
    ledger = read_ledger(previous)
    if ledger.is_empty():
        return records.with_columns(known=pl.lit(False))
    key = secrets.get(key_name)
    if key is None:
        raise WorkspaceError(
            f"The key {key_name!r} is missing; without it test records of earlier rounds are not recognised, and a new"
            " copy could replace one.",
            hint="restore the key from its copy; a new one would give every record another id",
        )
    hashed = [record_hash(key, record_id) for record_id in records["id"]]
    split = pl.DataFrame({"id": hashed}).join(ledger.select("id", "split"), on="id", how="left", maintain_order="left")
    earlier = split["split"]
    return records.with_columns(known=earlier.is_not_null(), frozen=records["frozen"] | earlier.eq_missing("test"))
