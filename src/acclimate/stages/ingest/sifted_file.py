"""One file that is landed without the rows of erased subjects: lines are left blank, other tables only looked at.

A blank line is none for the readers, so that every other row keeps the place by which it is known.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator
from gzip import GzipFile
from pathlib import Path
from typing import IO, Protocol, cast

from acclimate.core.snapshots import Snapshot, SnapshotFile, SnapshotSource
from acclimate.core.sources import SourceConfig
from acclimate.stages.ingest.delimited import DelimitedFile
from acclimate.stages.ingest.files import (
    CHUNK,
    GZIP,
    UNPACKING_ERRORS,
    UTF8_MARK,
    ByteStream,
    skip_byte_order_mark,
)
from acclimate.stages.ingest.json_lines import StrictJson, parse_line, rows_one_by_one
from acclimate.stages.ingest.nested_rows import Nesting
from acclimate.stages.ingest.pdf_files import PdfReader
from acclimate.stages.ingest.reading import Reader
from acclimate.stages.ingest.rows import Item, LeftOut, Row, UnreadableFileError

LONGEST_ROW = 64 * 1024 * 1024
"""Bytes up to which a row is looked at; no sensible `ingest.max_record_bytes` lets a longer one in."""

_LINES, _TABLES = frozenset({"jsonl", "csv"}), frozenset({"parquet", "xlsx"})


class Erased(Protocol):
    """What is known of the erased subjects in the file's source."""

    source: SourceConfig

    def are_erased(self, items: Iterable[Item]) -> bool:
        """Whether all that a reader gave is of erased subjects."""

    def nesting(self, columns: tuple[str, ...] | None) -> Nesting | None:
        """How the rows of a table with these columns are opened."""


class SiftedFile:
    """A file on its way into a snapshot, with how many of its rows were `refused` and how many were not (`kept`).

    Where `is_whole` is true, no row can be left out of it: then `look`, at what `chunks` gave, counts them. Whatever
    cannot be read counts as one row more that is kept: it may be others' rows.
    """

    def __init__(self, name: str, kind: str, erased: Erased) -> None:
        self.refused = self.kept = 0
        self.is_whole = kind in _TABLES
        self._name, self._kind, self._erased = name, kind, erased

    def chunks(self, stream: IO[bytes]) -> Iterator[bytes]:
        """The bytes of the file, the lines of rows of erased subjects left blank, nothing held but one row.

        What cannot be read is given as it is, for ingest to say so; of a packed file that breaks off, so is the result.
        """
        buffered = io.BufferedReader(cast(io.RawIOBase, stream), CHUNK)
        if self._kind not in _LINES:
            yield from _rest(buffered)
        elif buffered.peek(2)[:2] == GZIP:
            yield from self._repacked(self._sifted(GzipFile(fileobj=buffered)))
        else:
            yield from self._sifted(buffered)

    def look(self, path: Path) -> None:
        """Counts the rows of a file that is landed whole or not at all, as it lies at `path`."""
        source = SnapshotSource(config=self._erased.source, files=())
        nowhere = Snapshot(path.parent, "", ())
        reader = Reader(nowhere, source, self._kind, LONGEST_ROW, path.parent, PdfReader())
        file = SnapshotFile(name=self._name, size=path.stat().st_size, sha256=path.name, referenced=str(path))
        try:
            with reader.open(file, verify=False) as opened:
                for item in rows_one_by_one(opened.rows, lambda _block: False, max_bytes=LONGEST_ROW):
                    if not isinstance(item, LeftOut):
                        self._count([item])
        except UnreadableFileError:
            self.kept += 1  # ingest says so, which reads it next
        finally:
            (path.parent / f"{path.name}.{self._kind}").unlink(missing_ok=True)

    def _repacked(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The chunks as a gzip file that depends on them alone; cut short where their own file is."""
        packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        try:
            for chunk in chunks:
                yield packer.compress(chunk)
        except UNPACKING_ERRORS:
            self.kept += 1
            yield packer.flush(zlib.Z_SYNC_FLUSH)
        else:
            yield packer.flush()

    def _count(self, items: Iterable[Item]) -> bool:
        refused = self._erased.are_erased(items)
        self.refused += refused
        self.kept += not refused
        return refused

    def _sifted(self, stream: ByteStream) -> Iterator[bytes]:
        try:
            if skip_byte_order_mark(stream, self._name):
                yield UTF8_MARK
        except UnreadableFileError:
            yield from _rest(stream)
        else:
            yield from self._table_lines(stream) if self._kind == "csv" else self._json_lines(stream)

    def _json_lines(self, stream: ByteStream) -> Iterator[bytes]:
        parser, nesting = StrictJson(), self._erased.nesting(None)
        begun = False
        while line := stream.readline(LONGEST_ROW + 1):
            if not begun and line.lstrip().startswith(b"["):
                self.is_whole = True
                yield line
                yield from _rest(stream)
            elif len(line) > LONGEST_ROW and not line.endswith(b"\n"):
                self.kept += 1
                yield line
                yield from _rest_of_line(stream)
            elif line.strip():
                yield self._left_of(parse_line(parser, line, 1, max_bytes=LONGEST_ROW), line, nesting)
            else:
                yield line
            begun = begun or bool(line.strip())

    def _table_lines(self, stream: ByteStream) -> Iterator[bytes]:
        read = _ReadLines(stream)
        try:
            table = DelimitedFile(read, self._name, max_bytes=LONGEST_ROW)
            yield read.take()
            nesting = self._erased.nesting(table.columns)
            for item in table.rows():
                yield self._left_of(item, read.take(), nesting)
        except UnreadableFileError:
            self.kept += 1  # a header, a line without end: it and all behind it goes on as it is
        yield read.take()
        yield from _rest(stream)

    def _left_of(self, item: Item, lines: bytes, nesting: Nesting | None) -> bytes:
        """The lines of a row, blank where it is of an erased subject."""
        opened = nesting.rows(iter([item])) if nesting and isinstance(item, Row) else [item]
        return b"\n" * lines.count(b"\n") if self._count(opened) else lines


class _ReadLines:
    """A stream that keeps what was read of it until that is taken."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._read = bytearray()

    def readline(self, size: int | None = -1, /) -> bytes:
        line = self._stream.readline(size)
        self._read += line
        if len(self._read) > 3 * LONGEST_ROW:
            raise UnreadableFileError("A row is longer than any that is looked at.", hint="", reason="too_long")
        return line

    def read(self, size: int = -1, /) -> bytes:
        content = self._stream.read(size)
        self._read += content
        return content

    def read1(self, size: int = -1, /) -> bytes:
        return self.read(size)

    def peek(self, size: int, /) -> bytes:
        return self._stream.peek(size)

    def take(self) -> bytes:
        taken = bytes(self._read)
        self._read.clear()
        return taken


def _rest(stream: ByteStream) -> Iterator[bytes]:
    return iter(lambda: stream.read(CHUNK), b"")


def _rest_of_line(stream: ByteStream) -> Iterator[bytes]:
    while more := stream.readline(CHUNK):
        yield more
        if more.endswith(b"\n"):
            return
