"""How long the rows of an Arrow batch are, told without making a single Python value: one text may stand in every row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_FIXED = 8
"""About what a number or a time takes."""

_LONG = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)


def row_sizes(batch: pa.RecordBatch) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The bytes of each row's values, those of a shared text counted in every row that has it.

    >>> shared = pa.array(["long text", "x"]).take(pa.array([0, 0, 1]))
    >>> row_sizes(pa.record_batch({"text": shared.dictionary_encode()})).tolist()
    [9, 9, 1]
    """
    sizes = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        sizes += _value_sizes(column)
    return sizes


def _value_sizes(array: pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    kind = array.type
    if pa.types.is_dictionary(kind):
        sizes = np.append(_value_sizes(array.dictionary), 0)
        places = pc.fill_null(array.indices, len(sizes) - 1).to_numpy(zero_copy_only=False)
        return np.asarray(sizes[places], np.int64)
    if pa.types.is_struct(kind):
        return sum((_value_sizes(field) for field in array.flatten()), np.zeros(len(array), np.int64))
    if pa.types.is_map(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _list_sizes(array)
    if any(is_long(kind) for is_long in _LONG):
        lengths = pc.fill_null(pc.binary_length(array), 0)
        return np.asarray(lengths.to_numpy(zero_copy_only=False), np.int64)
    return np.full(len(array), _FIXED, np.int64)


def _list_sizes(array: pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    offsets = array.offsets.to_numpy(zero_copy_only=False)
    values = array.keys if pa.types.is_map(array.type) else array.values
    sizes = _value_sizes(values)
    if pa.types.is_map(array.type):
        sizes = sizes + _value_sizes(array.items)
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    return np.asarray(sums[offsets[1:]] - sums[offsets[:-1]], np.int64)
