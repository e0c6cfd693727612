"""Reads a text file as one row: its text, and its name, which a source may map to an id or a subject."""

from __future__ import annotations

from collections.abc import Iterator

from acclimate.stages.ingest.documents import FILE_COLUMN
from acclimate.stages.ingest.files import ByteStream
from acclimate.stages.ingest.json_lines import bad_utf8
from acclimate.stages.ingest.rows import RAW_CHARACTERS, Fault, Row, too_long

TEXT_COLUMNS = (FILE_COLUMN, "text")
"""The columns that a text file has."""


def read_text(stream: ByteStream, file_name: str, *, max_bytes: int) -> Iterator[Row | Fault]:
    """The one row of a text file; an empty file is an empty text."""
    content = stream.read(max_bytes + 1)
    readable = content[:RAW_CHARACTERS]
    if len(content) > max_bytes:
        yield too_long(max_bytes).at(1, readable.decode("utf-8", "backslashreplace"))
        return
    try:
        yield Row(1, {FILE_COLUMN: file_name, "text": content.decode("utf-8")})
    except UnicodeDecodeError as error:
        yield bad_utf8(error).at(1, readable.decode("utf-8", "backslashreplace"))
