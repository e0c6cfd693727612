"""Repairs every text of a batch of records: the payload columns and the contents of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from acclimate.core.schema import MESSAGE, RECORD_SCHEMA, TEXT_COLUMNS
from acclimate.stages.clean.repair import REPAIRS, Repaired, repair, strip
from acclimate.stages.clean.spans import Span, repair_with_spans

Masks = Mapping[str, npt.NDArray[np.bool_]]
"""For each kind of repair, which records of a batch it changed."""


@dataclass(frozen=True)
class RepairedBatch:
    """The batch with repaired texts, how many records each repair changed, and how many spans it emptied."""

    batch: pa.RecordBatch
    touched_records: Mapping[str, int]
    emptied_spans: int


@dataclass(frozen=True)
class _RepairedColumn:
    texts: pa.Array
    spans: list[list[Span]]
    touched: Masks
    emptied_spans: int


def repair_batch(batch: pa.RecordBatch) -> RepairedBatch:
    """Repairs all texts of a batch; the offsets of spans keep pointing at the same words.

    Messages of a record that has spans outside the plain text columns are left as they are.
    """
    ids = batch.column("id").to_pylist()
    spans: list[list[Span]] = [list(value or ()) for value in batch.column("spans").to_pylist()]
    masks, emptied = [], 0
    for name in TEXT_COLUMNS:
        column = _repair_column(batch.column(name), spans, ids, field=name)
        batch = _replace(batch, name, column.texts)
        spans, emptied = column.spans, emptied + column.emptied_spans
        masks.append(column.touched)
    messages, touched_by_messages = _repair_messages(batch.column("messages"), _have_only_plain_spans(spans))
    batch = _replace(batch, "messages", messages)
    batch = _replace(batch, "spans", _spans_array(spans, batch.column("spans")))
    masks.append(touched_by_messages)
    touched = {kind: int(np.logical_or.reduce([mask[kind] for mask in masks]).sum()) for kind in REPAIRS}
    return RepairedBatch(batch, touched, emptied)


def _repair_column(column: pa.Array, spans: list[list[Span]], ids: Sequence[str], *, field: str) -> _RepairedColumn:
    with_spans = [row for row, own in enumerate(spans) if any(span["field"] == field for span in own)]
    repaired = strip(repair(_series(column)))
    touched = _masks(repaired)
    if not with_spans:
        return _RepairedColumn(_array(repaired.texts), spans, touched, 0)
    originals, texts, spans, emptied = column.to_pylist(), repaired.texts.to_list(), list(spans), 0
    for row in with_spans:
        single = repair_with_spans(originals[row] or "", spans[row], field=field, record_id=ids[row])
        texts[row], spans[row], emptied = single.text, single.spans, emptied + single.emptied
        for kind in REPAIRS:
            touched[kind][row] = kind in single.touched
    return _RepairedColumn(pa.array(texts, pa.string()), spans, touched, emptied)


def _repair_messages(messages: pa.ListArray, repairable: npt.NDArray[np.bool_]) -> tuple[pa.ListArray, Masks]:
    turns = messages.flatten()
    lengths = pc.fill_null(pc.list_value_length(messages), 0).to_numpy(zero_copy_only=False)
    record_of_turn = np.repeat(np.arange(len(messages)), lengths)
    contents = _series(pc.struct_field(turns, "content"))
    repaired = strip(repair(contents))
    allowed = pl.Series(repairable[record_of_turn], dtype=pl.Boolean)
    texts = repaired.texts.zip_with(allowed, contents)
    touched = {kind: np.zeros(len(messages), dtype=bool) for kind in REPAIRS}
    for kind, mask in _masks(repaired).items():
        touched[kind][record_of_turn[mask & allowed.to_numpy()]] = True
    columns = [_array(texts) if field.name == "content" else pc.struct_field(turns, field.name) for field in MESSAGE]
    rebuilt = pa.StructArray.from_arrays(columns, fields=list(MESSAGE), mask=pc.is_null(turns))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, rebuilt, type=messages.type, mask=pc.is_null(messages)), touched


def _have_only_plain_spans(spans: Sequence[Sequence[Span]]) -> npt.NDArray[np.bool_]:
    return np.array([all(span["field"] in TEXT_COLUMNS for span in row) for row in spans], dtype=bool)


def _spans_array(spans: Sequence[Sequence[Span]], before: pa.Array) -> pa.Array:
    if not any(spans):
        return before
    present = before.is_valid().to_pylist()
    values: list[Any] = [list(row) if there else None for row, there in zip(spans, present, strict=True)]
    return pa.array(values, before.type)


def _replace(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    return batch.set_column(batch.schema.get_field_index(name), RECORD_SCHEMA.field(name), column)


def _series(column: pa.Array) -> pl.Series:
    return pl.Series("", column).cast(pl.String)


def _array(texts: pl.Series) -> pa.Array:
    return texts.to_arrow().cast(pa.string())


def _masks(repaired: Repaired) -> dict[str, npt.NDArray[np.bool_]]:
    return {kind: np.array(mask.to_numpy(), dtype=bool) for kind, mask in repaired.touched.items()}
