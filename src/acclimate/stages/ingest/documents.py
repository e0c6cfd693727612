"""What all readers of whole documents share: the name of a document is a column, and its one fault names no line."""

from __future__ import annotations

from acclimate.stages.ingest.files import ByteStream
from acclimate.stages.ingest.rows import Fault, RowError, too_long

FILE_COLUMN = "file"
"""The column that holds the name of a document's file."""


def read_whole(stream: ByteStream, *, max_bytes: int) -> bytes:
    """All bytes of a document; RowError where it has none or too many."""
    content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise too_long(max_bytes)
    if not content:
        raise empty()
    return content


def empty() -> RowError:
    """The fault of a document of 0 bytes."""
    return RowError("empty_file", "the file is empty (0 bytes)")


def encrypted() -> RowError:
    """The fault of a document that needs a password."""
    return RowError("encrypted", "the file is encrypted; save it without a password")


def document_fault(error: RowError) -> Fault:
    """The fault of a whole document. Its content is not kept beside it: it lies in the snapshot, and is no text."""
    return error.at(1, unit="")
