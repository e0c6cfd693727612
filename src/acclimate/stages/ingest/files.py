"""Opens the files of a snapshot: plain or gzipped, digest verified while they are read, encoding told by their start."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from acclimate.core.errors import SourceError
from acclimate.core.snapshots import SnapshotFile
from acclimate.stages.ingest.rows import UnreadableFileError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK = 1024 * 1024
UNPACKING_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile)
"""What reading a packed file raises at the place where it breaks off."""

GZIP = b"\x1f\x8b"
UTF8_MARK = b"\xef\xbb\xbf"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


class LineStream(Protocol):
    """What gives lines of bounded length."""

    def readline(self, size: int | None = -1, /) -> bytes: ...


class ByteStream(LineStream, Protocol):
    """What readers need of an open file: bytes, and lines of bounded length."""

    def read(self, size: int = -1, /) -> bytes: ...

    def read1(self, size: int = -1, /) -> bytes: ...

    def peek(self, size: int, /) -> bytes: ...


class VerifyingFile(io.RawIOBase):
    """A file that digests every byte it hands out, so that what was read is what was collected."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._digest = hashlib.sha256()
        self.consumed = 0

    def readable(self) -> bool:
        """Always: the file is open for reading."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Reads and digests."""
        count = self._file.readinto(buffer) or 0
        self._digest.update(memoryview(buffer)[:count])
        self.consumed += count
        return count

    def close(self) -> None:
        """Closes the file below too."""
        self._file.close()
        super().close()

    def rest_and_digest(self) -> str:
        """Reads what is left; the digest of the whole file, in hex."""
        while self.read(CHUNK):
            pass
        return self._digest.hexdigest()


@contextmanager
def open_collected(path: Path, file: SnapshotFile, *, verify: bool) -> Iterator[tuple[ByteStream, VerifyingFile]]:
    """The file's bytes, unpacked when gzipped, and the file below; fails when they are not those that were collected.

    The check comes last, when the block ends well: by then every byte was read once.
    """
    with named_read_errors(file):
        opened = VerifyingFile(path)
    with named_unpacking_errors(file), opened as raw, io.BufferedReader(raw, CHUNK) as buffered:
        if buffered.peek(2)[:2] == GZIP:
            # It buffers by itself; a second buffer would lose the lines before the place where a file is cut short.
            with gzip.GzipFile(fileobj=buffered) as stream:
                yield stream, raw
                if verify:
                    check_digest(raw.rest_and_digest(), file)
        else:
            yield buffered, raw
            if verify:
                check_digest(raw.rest_and_digest(), file)


@contextmanager
def named_read_errors(file: SnapshotFile) -> Iterator[None]:
    """Turns a file that is gone or unreadable into a sentence that names it."""
    try:
        yield
    except (FileNotFoundError, PermissionError) as error:
        raise SourceError(
            f"{file.name} can no longer be read: {error.strerror}.",
            hint="put it back where it was when it was collected, or correct the source's path",
        ) from error


@contextmanager
def named_unpacking_errors(file: SnapshotFile) -> Iterator[None]:
    """Turns a gzip file that was cut short or damaged into a sentence that names it."""
    try:
        yield
    except UNPACKING_ERRORS as error:
        raise UnreadableFileError(
            f"{file.name} is not a whole gzip file ({error}).",
            hint="copy or download it again; gzip -t FILE tests it",
        ) from error


def is_gzipped(path: Path) -> bool:
    """Whether the file begins as gzip does."""
    with path.open("rb") as file:
        return file.read(2) == GZIP


def check_digest(digest: str, file: SnapshotFile) -> None:
    """Fails when a file is not the one that was collected."""
    if digest == file.sha256:
        return
    if file.referenced:
        raise SourceError(
            f"{file.name} changed while it was used: it was collected as {file.sha256[:12]}, is now {digest[:12]}.",
            hint="run the same command again, which collects it anew, and leave the file alone meanwhile",
        )
    raise SourceError(
        f"The collected copy of {file.name} is damaged: it should be {file.sha256[:12]}, is {digest[:12]}.",
        hint=f"delete snapshots/files/{file.sha256} in the project's restricted folder and run the same command again",
    )


def skip_byte_order_mark(stream: ByteStream, file_name: str) -> bool:
    """Steps over the mark of UTF-8; whether there was one. Fails for UTF-16 and UTF-32, with or without theirs."""
    start = stream.peek(4)[:4]
    if start.startswith(UTF8_MARK):
        stream.read(len(UTF8_MARK))
        return True
    if start.startswith(_WIDE_MARKS) or b"\x00" in start[:2]:
        raise UnreadableFileError(
            f"{file_name} is not in UTF-8: it begins like UTF-16 or UTF-32.",
            hint="convert it: iconv -f UTF-16 -t UTF-8 OLD > NEW (a spreadsheet can save as 'CSV UTF-8')",
            reason="bad_utf8",
        )
    return False


def skip_line(stream: LineStream) -> None:
    """Reads on to the end of the line without keeping it."""
    while (more := stream.readline(CHUNK)) and not more.endswith(b"\n"):
        pass
