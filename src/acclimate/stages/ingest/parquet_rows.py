"""Reads Parquet a row at a time, its values in the types of JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from acclimate.stages.ingest.cell_sizes import row_sizes
from acclimate.stages.ingest.rows import (
    Fault,
    Row,
    RowError,
    UnreadableFileError,
    plain_value,
    repeated_column,
    too_long,
)

MAX_RATIO = 1000
"""How many times as large as the file its rows may be, which may share their texts."""

_SMALL = 256 * 1024 * 1024
_ROWS_AT_ONCE = 1024
_DAMAGED = (pa.ArrowException, OSError, UnicodeDecodeError)  # the last for names of columns that are not UTF-8
_TEXTS = frozenset({"STRING", "NONE", "JSON", "ENUM"})


def parquet_columns(path: Path, file_name: str) -> tuple[str, ...]:
    """The names of a Parquet file's columns."""
    with _open(path, file_name) as parquet:
        names: list[str] = parquet.schema_arrow.names
    if error := repeated_column(file_name, names):
        raise error
    return tuple(names)


def read_parquet(path: Path, file_name: str, *, max_bytes: int) -> Iterator[Row | Fault]:
    """The rows, numbered from 1. A text that many rows share is in memory once, and no row that is too long ever is."""
    position = taken = 0
    limit = max(_SMALL, MAX_RATIO * path.stat().st_size)
    try:
        with _open(path, file_name) as plain, _open_shared(path, plain) as parquet:
            for batch in parquet.iter_batches(_ROWS_AT_ONCE):
                sizes = row_sizes(batch)
                columns = _columns(batch, plain.schema_arrow if sizes.sum() <= _SMALL else batch.schema)
                for row, size in enumerate(sizes.tolist()):
                    position += 1
                    if size > max_bytes:
                        yield too_long(max_bytes).at(position, unit="row")
                        continue
                    taken += size
                    if taken > limit:
                        raise _bomb(file_name, limit)
                    yield _read_row(columns, row, position)
    except _DAMAGED as error:
        raise _unreadable(file_name) from error


def _columns(batch: pa.RecordBatch, schema: pa.Schema) -> list[tuple[str, pa.Array]]:
    """The columns by their names, in the types of a schema: without dictionaries their values are made faster."""
    return [(name, _exact_times(batch.column(name).cast(schema.field(name).type))) for name in batch.schema.names]


def _read_row(columns: list[tuple[str, pa.Array]], row: int, position: int) -> Row | Fault:
    try:
        return Row(position, {name: plain_value(column[row].as_py()) for name, column in columns}, "row")
    except RowError as error:
        return error.at(position, unit="row")
    except UnicodeDecodeError as error:
        return RowError("bad_utf8", "a cell is not valid UTF-8", error.start + 1).at(position, unit="row")
    except (ValueError, OverflowError):
        return RowError("bad_date", "a cell holds a time that the calendar does not have").at(position, unit="row")


def _exact_times(column: pa.Array) -> Any:
    """Nanoseconds become microseconds, the unit of the record schema; Python's times have no finer one."""
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column


def _open(path: Path, file_name: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, pre_buffer=False)
    except _DAMAGED as error:
        raise _unreadable(file_name) from error


def _open_shared(path: Path, plain: pq.ParquetFile) -> pq.ParquetFile:
    """The file, its texts left in their dictionaries, where one may be written once for all rows."""
    columns = (plain.schema.column(place) for place in range(len(plain.schema)))
    texts = [one.path for one in columns if one.physical_type == "BYTE_ARRAY" and one.logical_type.type in _TEXTS]
    return pq.ParquetFile(path, metadata=plain.metadata, pre_buffer=False, read_dictionary=texts)


def _bomb(file_name: str, limit: int) -> UnreadableFileError:
    return UnreadableFileError(
        f"The rows of {file_name} take more than {limit} bytes, {MAX_RATIO} times as much as the file.",
        hint="write it as JSON Lines, if its rows are meant to repeat the same texts",
        reason="bomb",
    )


def _unreadable(file_name: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{file_name} is not a whole Parquet file.",
        hint="write it again, or set format: for this source if it is of another kind",
    )
