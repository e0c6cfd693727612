"""Reads Parquet a row at a time, its values in the types of JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from acclimate.stages.ingest.rows import Fault, Row, RowError, UnreadableFileError, plain_value, repeated_column

_ROWS_AT_ONCE = 1024


def parquet_columns(path: Path, file_name: str) -> tuple[str, ...]:
    """The names of a Parquet file's columns."""
    with _open(path, file_name) as parquet:
        names: list[str] = parquet.schema_arrow.names
    if error := repeated_column(file_name, names):
        raise error
    return tuple(names)


def read_parquet(path: Path, file_name: str) -> Iterator[Row | Fault]:
    """The rows, numbered from 1."""
    position = 0
    with _open(path, file_name) as parquet:
        try:
            for batch in parquet.iter_batches(_ROWS_AT_ONCE):
                columns = [(name, _exact_times(batch.column(name))) for name in batch.schema.names]
                for row in range(batch.num_rows):
                    position += 1
                    yield _read_row(columns, row, position)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(file_name) from error


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
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(file_name) from error


def _unreadable(file_name: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{file_name} is not a whole Parquet file.",
        hint="write it again, or set format: for this source if it is of another kind",
    )
