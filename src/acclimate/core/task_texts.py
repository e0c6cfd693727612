"""The payload text of each record of a batch, made as columns: what `schema.task_text` gives of one record."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from acclimate.core.schema import TEXT_COLUMNS


def task_texts(batch: pa.RecordBatch) -> pl.Series:
    """All payload text of each record as one string, the parts in the order of `task_text`; "" where there is none.

    >>> from acclimate.core.schema import records_table
    >>> rows = [{"id": "a", "prompt": "Why?", "completion": "So."}, {"id": "b"}]
    >>> task_texts(records_table(rows).to_batches()[0]).to_list()
    ['Why?\\nSo.', '']
    """
    frame = pl.DataFrame(pl.from_arrow(batch.select([*TEXT_COLUMNS, "messages"])))
    turns = pl.element().struct.field("content")
    spoken = pl.col("messages").list.eval(turns.filter(turns != "")).list.join("\n")
    parts = [pl.when(part != "").then(part) for part in (*map(pl.col, TEXT_COLUMNS), spoken)]
    return frame.select(text=pl.concat_str(parts, separator="\n", ignore_nulls=True)).to_series()
