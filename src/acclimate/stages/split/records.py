"""What split needs to know of each record: what ties it to others, what it is declared to be, and its stratum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import Artifact
from acclimate.core.errors import DataError
from acclimate.core.ports import Context
from acclimate.core.schema import RECORD_SCHEMA, TEXT_COLUMNS, task_text

_COLUMNS = ("id", "subject_id", "cluster_id", "site", "collected_at", "parents")
_DIVIDES = ("split", "label", "attributes", *TEXT_COLUMNS, "messages")
_OWN = ("site", "label")
"""What can be stratified by and is no declared attribute."""

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "subject_id": pl.String,
    "cluster_id": pl.String,
    "site": pl.String,
    "collected_at": pl.Datetime("us", "UTC"),
    "parents": pl.List(pl.String),
    "declared": pl.String,
    "text_digest": pl.String,
    "together": pl.List(pl.String),
    "stratum": pl.String,
    "attributes": pl.List(pl.String),
}


def read_records(
    source: Artifact, *, together: tuple[str, ...], stratify: tuple[str, ...], context: Context
) -> pl.DataFrame:
    """One row a record, in order, with its `position`; fails where an attribute is named that no record has."""
    read = partial(read_batch, together=together, stratify=stratify)
    parts, declared = [read(pa.RecordBatch.from_pylist([], RECORD_SCHEMA))], set[str]()
    batches = source.batches([*_COLUMNS, *_DIVIDES], batch_rows=context.batch_rows)
    with context.progress("reading records", source.table(["id"]).num_rows) as progress:
        for part in context.engine.map_batches(read, batches):
            declared |= set(part["attributes"].explode().drop_nulls())
            parts.append(part.drop("attributes"))
            progress.advance(part.height)
    for setting, names in (("together", together), ("stratify", set(stratify) - set(_OWN))):
        _check_declared(f"split.{setting}", sorted(names), declared)
    return pl.concat([parts[0].drop("attributes"), *parts[1:]]).with_row_index("position")


def read_batch(batch: pa.RecordBatch, *, together: tuple[str, ...], stratify: tuple[str, ...]) -> pl.DataFrame:
    """What there is to know of each record of a batch; `attributes` are the names of those that it declares."""
    rows = batch.to_pylist()
    attributes = [{one["name"]: one["value"] for one in row["attributes"] or ()} for row in rows]
    columns = {
        **{name: [row[name] for row in rows] for name in _COLUMNS},
        "declared": [row["split"] for row in rows],
        "text_digest": [hashlib.sha256(task_text(row).encode()).hexdigest() for row in rows],
        "together": [_tying(values, together) for values in attributes],
        "stratum": [
            json.dumps([row[name] if name in _OWN else values.get(name) for name in stratify])
            for row, values in zip(rows, attributes, strict=True)
        ],
        "attributes": [list(values) for values in attributes],
    }
    return pl.DataFrame(columns, schema=_SCHEMA)


def _tying(attributes: Mapping[str, Any], together: tuple[str, ...]) -> list[str] | None:
    """The attributes that tie a record, as digests: the ledger that keeps them outlives the record."""
    tying = {name: attributes[name] for name in together if attributes.get(name) is not None}
    return [f"{name} {hashlib.sha256(value.encode()).hexdigest()[:16]}" for name, value in tying.items()] or None


def _check_declared(setting: str, names: list[str], declared: set[str]) -> None:
    for name in names:
        if name not in declared:
            raise DataError(
                f"{setting} names the attribute {name!r}, which no record has.",
                hint=f"declare it under attributes: of a source; declared are: {', '.join(sorted(declared)) or 'none'}",
            )
