"""The copies that all snapshots share, each known by the digest of its bytes: written whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from acclimate.core.atomic import fsync_folder, named_disk_errors, write_bytes
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import SourceError
from acclimate.core.snapshots import SnapshotFile
from acclimate.core.sources import DOCUMENT_FORMATS, SourceConfig, source_format

_LONGEST_NAME = 200


def private_folder(folder: Path) -> Path:
    """The folder, readable by its owner alone: sources may hold identifiers."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def copy_content(name: str, content: bytes, *, source: SourceConfig, copies: Path) -> SnapshotFile:
    """The file as a copy that all snapshots share."""
    check_not_empty(name, len(content), source)
    digest = hashlib.sha256(content).hexdigest()
    copy = copies / digest
    if not copy.exists() or copy.stat().st_size != len(content):
        write_bytes(copy, content)
    copy.chmod(0o600)
    return SnapshotFile(name=name, size=len(content), sha256=digest)


def printable_name(name: str) -> str:
    """A file's name as a terminal may show it, no longer than is sensible."""
    return "".join(character if character.isprintable() else "\ufffd" for character in name[:_LONGEST_NAME])


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that is only looked at: readable by its owner alone, not forced to the disk."""
    with named_disk_errors(path), open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)


def write_stream(chunks: Iterable[bytes], path: Path) -> tuple[int, str]:
    """Writes chunks to a file as they come, never all in memory; its size and digest."""
    digest, size = hashlib.sha256(), 0
    with named_disk_errors(path), path.open("wb") as file:
        path.chmod(0o600)
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def take_over(path: Path, name: str, *, size: int, sha256: str, copies: Path) -> SnapshotFile:
    """A file just written beside the copies, as the copy that bears its digest."""
    crash_point("copies.before_rename")
    path.replace(copies / sha256)
    fsync_folder(copies)
    return SnapshotFile(name=name, size=size, sha256=sha256)


def check_not_empty(name: str, size: int, source: SourceConfig) -> None:
    """Fails for an empty file, but in a folder of documents: there it is a row, an empty text or one set aside."""
    if size or (source_format(source, [name]) in DOCUMENT_FORMATS and PurePosixPath(source.path).name != name):
        return
    raise SourceError(
        f"{name} of the source {source.name!r} is empty (0 bytes).",
        hint="write it anew, or leave it out with a narrower path",
    )
