"""The rows and the columns of one collected file, whatever its format."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from acclimate.core.atomic import file_digest, named_disk_errors
from acclimate.core.errors import SourceError
from acclimate.core.snapshots import Snapshot, SnapshotFile
from acclimate.stages.ingest.delimited import DelimitedFile
from acclimate.stages.ingest.files import (
    check_digest,
    is_gzipped,
    named_read_errors,
    named_unpacking_errors,
    open_collected,
    skip_byte_order_mark,
)
from acclimate.stages.ingest.json_lines import read_json_lines
from acclimate.stages.ingest.parquet_rows import parquet_columns, read_parquet
from acclimate.stages.ingest.rows import Fault, Row, fault_as_error, no_records
from acclimate.stages.ingest.text_files import TEXT_COLUMNS, read_text


@dataclass(frozen=True)
class OpenFile:
    """A file's rows, its columns where its format says them in one place (JSON does not), and the bytes read so far."""

    rows: Iterator[Row | Fault]
    columns: tuple[str, ...] | None
    bytes_read: Callable[[], int]


@dataclass(frozen=True)
class Reader:
    """Opens the files of one source; `partial` is where what must be unpacked first may lie."""

    snapshot: Snapshot
    format: str
    max_bytes: int
    partial: Path

    @contextmanager
    def open(self, file: SnapshotFile, *, verify: bool = True) -> Iterator[OpenFile]:
        """The file, whose digest is verified by the time the block has ended well."""
        if self.format == "parquet":
            path = self._plain_parquet(file, verify=verify)
            yield OpenFile(read_parquet(path, file.name), parquet_columns(path, file.name), lambda: 0)
            return
        with open_collected(self.snapshot.locate(file), file, verify=verify) as (stream, raw):
            skip_byte_order_mark(stream, file.name)
            if self.format == "csv":
                table = DelimitedFile(stream, file.name, max_bytes=self.max_bytes)
                yield OpenFile(table.rows(), table.columns, lambda: raw.consumed)
            elif self.format == "text":
                rows = read_text(stream, file.name, max_bytes=self.max_bytes)
                yield OpenFile(rows, TEXT_COLUMNS, lambda: raw.consumed)
            else:
                rows = read_json_lines(stream, file.name, max_bytes=self.max_bytes)
                yield OpenFile(rows, None, lambda: raw.consumed)

    def columns(self, files: Collection[SnapshotFile], *, wanted: Collection[str]) -> tuple[str, ...]:
        """All columns of the files, sorted. With `wanted`, JSON is read only until all of those have been seen.

        Where no row of any file can be read, the first fault says why.
        """
        if self.format == "text":
            return TEXT_COLUMNS
        found: set[str] = set()
        first_error: SourceError | None = None
        for file in files:
            with self.open(file, verify=False) as opened:
                if opened.columns is not None:
                    found.update(opened.columns)
                    continue
                error = _add_columns(found, opened.rows, file, wanted)
            first_error = first_error or error
            if wanted and found.issuperset(wanted):
                break
        if first_error and not found:
            raise first_error
        return tuple(sorted(found))

    def _plain_parquet(self, file: SnapshotFile, *, verify: bool) -> Path:
        """Where the Parquet file lies, unpacked when it was gzipped: its format needs random access."""
        path = self.snapshot.locate(file)
        with named_read_errors(file), named_unpacking_errors(file):
            if verify:
                check_digest(file_digest(path), file)
            if not is_gzipped(path):
                return path
            plain = self.partial / f"{file.sha256}.parquet"
            self.partial.mkdir(parents=True, exist_ok=True)
            if verify or not plain.exists():
                with named_disk_errors(plain), gzip.open(path) as packed, plain.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
            return plain


def _add_columns(
    found: set[str], rows: Iterator[Row | Fault], file: SnapshotFile, wanted: Collection[str]
) -> SourceError | None:
    """Adds the columns that stand in any row; the error that the file would be, if it had only its first fault."""
    first_error: SourceError | None = None
    empty = True
    for row in rows:
        empty = False
        if isinstance(row, Fault):
            first_error = first_error or fault_as_error(row, file.name)
            continue
        found.update(row.values)
        if wanted and found.issuperset(wanted):
            break
    return no_records(file.name) if empty else first_error
