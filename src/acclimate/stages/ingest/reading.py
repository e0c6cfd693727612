"""The rows and the columns of one collected file, whatever its format."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import IO

from acclimate.core.atomic import file_digest, named_disk_errors
from acclimate.core.errors import SourceError
from acclimate.core.snapshots import Snapshot, SnapshotFile, SnapshotSource
from acclimate.core.sources import source_format
from acclimate.stages.ingest.delimited import DelimitedFile
from acclimate.stages.ingest.docx_files import DOCX_COLUMNS, read_docx
from acclimate.stages.ingest.email_files import EMAIL_COLUMNS, read_email
from acclimate.stages.ingest.fhir_files import FHIR_COLUMNS, find_patients, read_fhir
from acclimate.stages.ingest.fhir_patients import Identity, Patients
from acclimate.stages.ingest.files import (
    CHUNK,
    ByteStream,
    check_digest,
    is_gzipped,
    named_read_errors,
    named_unpacking_errors,
    open_collected,
    skip_byte_order_mark,
)
from acclimate.stages.ingest.hl7_files import HL7_COLUMNS, read_hl7
from acclimate.stages.ingest.html_files import HTML_COLUMNS, read_html
from acclimate.stages.ingest.json_lines import read_json_lines, rows_one_by_one
from acclimate.stages.ingest.line_blocks import LineBlock
from acclimate.stages.ingest.markdown_files import read_markdown
from acclimate.stages.ingest.nested_rows import nesting
from acclimate.stages.ingest.parquet_rows import parquet_columns, read_parquet
from acclimate.stages.ingest.pdf_files import PDF_COLUMNS, PdfReader
from acclimate.stages.ingest.recognise import maps_payload
from acclimate.stages.ingest.rows import Fault, Item, LeftOut, Row, UnreadableFileError, fault_as_error, no_records
from acclimate.stages.ingest.sound_lines import Layout, read_sound_lines
from acclimate.stages.ingest.text_files import TEXT_COLUMNS, read_text
from acclimate.stages.ingest.xlsx_files import read_xlsx

MAX_UNPACKED = 4 * 1024**3
"""Bytes to which a gzipped file that needs random access may grow on disk."""

_FIXED_COLUMNS = {
    "text": TEXT_COLUMNS,
    "html": HTML_COLUMNS,
    "pdf": PDF_COLUMNS,
    "docx": DOCX_COLUMNS,
    "email": EMAIL_COLUMNS,
    "fhir": FHIR_COLUMNS,
    "hl7v2": HL7_COLUMNS,
}
"""The columns of formats whose files all have the same."""

_START = 4096
_FHIR = re.compile(
    rb"""(?:\xef\xbb\xbf)?\s*\{\s*(?:"id"\s*:\s*"[^"\\]*"\s*,\s*)?"resourceType"\s*:\s*"[A-Z][A-Za-z]+\""""
)
"""What FHIR begins with, as servers write it: the type of the resource, at most its id before."""
_STREAMED = {"text": read_text, "html": read_html, "email": read_email, "markdown": read_markdown, "hl7v2": read_hl7}
_NAMING_THEIR_CHARSET = frozenset({"html", "email", "hl7v2"})


@dataclass(frozen=True)
class OpenFile:
    """A file's rows, some of them in blocks, its columns where its format says them in one place (JSON does not), and
    the bytes read so far."""

    rows: Iterator[Item | LineBlock]
    columns: tuple[str, ...] | None
    bytes_read: Callable[[], int]
    guessed: Mapping[str, str] = field(default_factory=dict)
    """What the file does not say itself and was told from its bytes: charset, delimiter."""


@dataclass(frozen=True)
class Reader:
    """Opens the files of one source; `partial` is where what must be unpacked first may lie.

    `pdf` opens PDF files in a process of its own, which whoever made it closes.
    """

    snapshot: Snapshot
    source: SnapshotSource
    format: str
    max_bytes: int
    partial: Path
    pdf: PdfReader

    @cached_property
    def patients(self) -> Patients:
        """The patients in all files of a FHIR source: an export has them in a file of their own."""
        found: dict[str, Identity] = {}
        for file in self.source.files:
            path = self.snapshot.locate(file)
            # What cannot be read is told when the rows of that file are read.
            with suppress(UnreadableFileError), open_collected(path, file, verify=False) as (stream, _):
                skip_byte_order_mark(stream, file.name)
                found.update(find_patients(stream, max_bytes=self.max_bytes))
        return Patients(found)

    @contextmanager
    def open(self, file: SnapshotFile, *, verify: bool = True) -> Iterator[OpenFile]:
        """The file, whose digest is verified by the time the block has ended well."""
        if self.format == "parquet":
            path = self._plain_file(file, verify=verify)
            yield self._opened(
                read_parquet(path, file.name, max_bytes=self.max_bytes), parquet_columns(path, file.name)
            )
        elif self.format == "xlsx":
            path = self._plain_file(file, verify=verify)
            columns, rows = read_xlsx(path, sheet=self.source.config.sheet, max_bytes=self.max_bytes)
            yield self._opened(rows, columns)
        elif self.format in ("pdf", "docx"):
            read = self.pdf.read if self.format == "pdf" else read_docx
            rows = read(self._plain_file(file, verify=verify), file.name, max_bytes=self.max_bytes)
            yield self._opened(rows, _FIXED_COLUMNS[self.format])
        else:
            with open_collected(self.snapshot.locate(file), file, verify=verify) as (stream, raw):
                guessed = self._guess_charset(stream, file.name)
                items, names = self._read_stream(stream, file.name, guessed)
                yield replace(self._opened(items, names, lambda: raw.consumed), guessed=guessed)

    def _opened(
        self,
        items: Iterator[Item | LineBlock],
        columns: tuple[str, ...] | None,
        bytes_read: Callable[[], int] = lambda: 0,
    ) -> OpenFile:
        """The rows as the source says they are to be taken; what is inside of them stands in no list of columns."""
        inside = nesting(self.source.config, columns, max_bytes=self.max_bytes)
        if not inside:
            return OpenFile(items, columns, bytes_read)
        rows = rows_one_by_one(items, lambda _block: False, max_bytes=self.max_bytes)
        return OpenFile(inside.rows(rows), None, bytes_read)

    def _guess_charset(self, stream: ByteStream, file_name: str) -> dict[str, str]:
        """The charset of a file that names none: always UTF-8, and what is not in it is refused rather than guessed at."""
        if self.format in _NAMING_THEIR_CHARSET:
            return {}
        marked = skip_byte_order_mark(stream, file_name)
        return {"charset": "UTF-8 with a byte order mark" if marked else "UTF-8"}

    def _read_stream(
        self, stream: ByteStream, file_name: str, guessed: dict[str, str]
    ) -> tuple[Iterator[Item | LineBlock], tuple[str, ...] | None]:
        """The rows and columns of a file that is read from its start to its end; adds what it had to guess."""
        if self.format == "csv":
            table = DelimitedFile(stream, file_name, max_bytes=self.max_bytes)
            guessed["delimiter"] = table.delimiter
            return table.rows(), table.columns
        if self.format == "fhir":
            return read_fhir(stream, self.patients, max_bytes=self.max_bytes), FHIR_COLUMNS
        read = _STREAMED.get(self.format, read_json_lines)
        return read(stream, file_name, max_bytes=self.max_bytes), _FIXED_COLUMNS.get(self.format)

    def columns(self, files: Collection[SnapshotFile], *, wanted: Collection[str]) -> tuple[str, ...]:
        """All columns of the files, sorted. With `wanted`, JSON is read only until all of those have been seen.

        Where no row of any file can be read, the first fault says why.
        """
        fixed = _FIXED_COLUMNS.get(self.format)
        if fixed and not nesting(self.source.config, fixed, max_bytes=self.max_bytes):
            return fixed
        found: set[str] = set()
        first_error: SourceError | None = None
        for file in files:
            try:
                with self.open(file, verify=False) as opened:
                    if opened.columns is not None:
                        found.update(opened.columns)
                        continue
                    error: SourceError | None = _add_columns(found, self._new_rows(opened.rows), file, wanted)
            except UnreadableFileError as unreadable:
                error = unreadable
            first_error = first_error or error
            if wanted and found.issuperset(wanted):
                break
        if first_error and not found:
            raise first_error
        return tuple(sorted(found))

    def _new_rows(self, items: Iterator[Item | LineBlock]) -> Iterator[Item]:
        """The rows of a file, without those of blocks in which no column is new."""
        layout = Layout()

        def holds_nothing_new(block: LineBlock) -> bool:
            schema = layout.schema
            return schema is not None and read_sound_lines(block, schema, max_bytes=self.max_bytes) is not None

        for row in rows_one_by_one(items, holds_nothing_new, max_bytes=self.max_bytes):
            if isinstance(row, Row):
                layout.learn(row.values)
            yield row

    def check_unchanged(self, file: SnapshotFile) -> None:
        """Fails when the file is not the one that was collected."""
        with named_read_errors(file):
            check_digest(file_digest(self.snapshot.locate(file)), file)

    def _plain_file(self, file: SnapshotFile, *, verify: bool) -> Path:
        """Where a file that needs random access lies, unpacked when it was gzipped."""
        path = self.snapshot.locate(file)
        with named_read_errors(file), named_unpacking_errors(file):
            if verify:
                check_digest(file_digest(path), file)
            if not is_gzipped(path):
                return path
            plain = self.partial / f"{file.sha256}.{self.format}"
            self.partial.mkdir(parents=True, exist_ok=True)
            if verify or not plain.exists():
                with named_disk_errors(plain), gzip.open(path) as packed, plain.open("wb") as unpacked:
                    _copy_bounded(packed, unpacked, file.name)
            return plain


def format_of(snapshot: Snapshot, source: SnapshotSource) -> str:
    """How a source's files are read: as it says or their names do, and JSON that begins as FHIR does as FHIR.

    Only where the source does not say what its columns mean: then they are those of plain JSON.
    """
    kind = source_format(source.config, [file.name for file in source.files])
    if (
        kind != "jsonl"
        or source.config.format != "auto"
        or source.config.sql is not None
        or maps_payload(source.config)
    ):
        return kind
    return "fhir" if any(_begins_as_fhir(snapshot, file) for file in source.files[:1]) else kind


def _begins_as_fhir(snapshot: Snapshot, file: SnapshotFile) -> bool:
    # What cannot be read is told when the rows of that file are read.
    with suppress(UnreadableFileError), open_collected(snapshot.locate(file), file, verify=False) as (stream, _):
        return _FHIR.match(stream.read(_START)) is not None
    return False


def _add_columns(
    found: set[str], rows: Iterator[Item], file: SnapshotFile, wanted: Collection[str]
) -> SourceError | None:
    """Adds the columns that stand in any row; the error that the file would be, if it had only its first fault."""
    first_error: SourceError | None = None
    empty = True
    for row in rows:
        empty = False
        if isinstance(row, Fault):
            first_error = first_error or fault_as_error(row, file.name)
        elif not isinstance(row, LeftOut):
            found.update(row.values)
        if wanted and found.issuperset(wanted):
            break
    return no_records(file.name) if empty else first_error


def _copy_bounded(packed: gzip.GzipFile, unpacked: IO[bytes], file_name: str) -> None:
    written = 0
    while chunk := packed.read(CHUNK):
        written += len(chunk)
        if written > MAX_UNPACKED:
            raise UnreadableFileError(
                f"{file_name} unpacks to more than {MAX_UNPACKED} bytes.",
                hint="unpack it yourself, if it is meant to",
                reason="bomb",
            )
        unpacked.write(chunk)
