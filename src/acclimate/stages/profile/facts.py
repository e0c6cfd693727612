"""What is counted of every record: its size, where it stands, and which of its fields are filled. No text is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import pyarrow as pa

from acclimate.core.artifacts import Artifact
from acclimate.core.label_sets import HAD_ABOVE
from acclimate.core.ports import Context
from acclimate.core.schema import RECORD_SCHEMA, TEXT_COLUMNS, task_text

PAYLOAD = (*TEXT_COLUMNS, "messages", "spans")
"""Columns of which a task uses some: one that no record fills is not missing."""

DESCRIPTIVE = ("site", "subject_id", "licence", "collected_at", "label")
"""Columns that say of whom, from where, on what terms, when, and what it is."""

_KEPT = ("id", "site", "source", "split", "subject_id", "cluster_id", "label", "attributes")
READ = tuple(dict.fromkeys((*_KEPT, *PAYLOAD, *DESCRIPTIVE, "label_weights")))
"""What is read of each record."""


def read_facts(batch: pa.RecordBatch) -> pl.DataFrame:
    """One row a record: what it is filed under, its words and characters, and `has_<column>` for each field.

    `labels` are all that it has: the plain one, else those whose weight is above a half; null where nothing is said.
    """
    rows = batch.to_pylist()
    texts = [task_text(row) for row in rows]
    kept = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch]).select(list(_KEPT))))
    filled = {f"has_{name}": [_is_filled(row[name]) for row in rows] for name in (*PAYLOAD, *DESCRIPTIVE)}
    labels = [_labels(row) for row in rows]
    filled["has_label"] = [given is not None for given in labels]
    return kept.with_columns(
        pl.Series("labels", labels, pl.List(pl.String)),
        pl.Series("words", [len(text.split()) for text in texts], pl.Int64),
        pl.Series("characters", [len(text) for text in texts], pl.Int64),
        *(pl.Series(name, values, pl.Boolean) for name, values in filled.items()),
    )


def all_facts(records: Artifact, context: Context) -> pl.DataFrame:
    """The facts of all records in the order of their ids; `cluster` is who or what several of them share."""
    parts = [read_facts(pa.RecordBatch.from_pylist([], RECORD_SCHEMA))]
    batches = records.batches(list(READ), batch_rows=context.batch_rows)
    with context.progress("counting", records.table(["id"]).num_rows) as progress:
        for part in context.engine.map_batches(read_facts, batches):
            parts.append(part)
            progress.advance(part.height)
    return pl.concat(parts).with_columns(cluster=pl.coalesce("subject_id", "cluster_id", "id")).sort("id")


def attribute_values(facts: pl.DataFrame, *, max_values: int) -> dict[str, pl.Series]:
    """Each declared attribute as a column over the records, null where it is missing; none with too many values."""
    pairs = facts.select("id", "attributes").explode("attributes").unnest("attributes").drop_nulls("value")
    columns = {}
    for name in sorted(pairs["name"].unique().to_list()):
        values = pairs.filter(pl.col("name") == name).select("id", "value").unique("id", keep="first")
        if values["value"].n_unique() <= max_values:
            columns[name] = facts.select("id").join(values, on="id", how="left", maintain_order="left")["value"]
    return columns


def groups_of(facts: pl.DataFrame, *, max_values: int) -> dict[str, pl.Series]:
    """What records are grouped by: their site, and each declared attribute."""
    sites = {"site": facts["site"]} if facts["site"].drop_nulls().len() else {}
    return {**sites, **attribute_values(facts, max_values=max_values)}


def _labels(row: Mapping[str, Any]) -> list[str] | None:
    if row["label"]:
        return [row["label"]]
    weights = row["label_weights"]
    return None if weights is None else [one["label"] for one in weights if (one["weight"] or 0) > HAD_ABOVE]


def _is_filled(value: object) -> bool:
    return value is not None and value not in ("", [])
