"""Files and folders that appear whole or not at all, also when the process is killed or the power fails.

The order is the usual one: write beside, fsync the file, rename, fsync the folder.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from acclimate.core.crash_points import crash_point
from acclimate.core.errors import ResourceError


def fsync_folder(folder: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_file(path: Path) -> None:
    """Makes the content of a file durable."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


PARTIAL = ".partial"


def partial_file(path: Path) -> Path:
    """Where a file is written before it gets its name; a kill may leave it."""
    return path.with_name(f".{path.name}{PARTIAL}")


def write_bytes(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Replaces a file with new content, whole or not at all; `mode`, less the umask, holds from its first byte on."""
    temporary = partial_file(path)
    with named_disk_errors(path):
        temporary.unlink(missing_ok=True)
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        crash_point("atomic.before_rename")
        temporary.replace(path)
        fsync_folder(path.parent)
    crash_point("atomic.after_rename")


def json_bytes(value: Any) -> bytes:
    """JSON with sorted keys, indented, so that equal values give equal bytes."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def write_json(path: Path, value: Any) -> None:
    """Replaces a file with the bytes that `json_bytes` gives."""
    write_bytes(path, json_bytes(value))


def read_json(path: Path) -> Any:
    """The value of a JSON file."""
    return json.loads(path.read_bytes())


def publish_folder(temporary: Path, final: Path) -> None:
    """Makes every file of a finished folder durable and gives the folder its final name.

    An older folder of that name is replaced. Killed between the two renames, no folder of that name is left: the work
    is then done again, and a reader never sees a mixture.
    """
    with named_disk_errors(final):
        for file in sorted(temporary.rglob("*")):
            if file.is_file():
                fsync_file(file)
            else:
                fsync_folder(file)
        fsync_folder(temporary)
        final.parent.mkdir(parents=True, exist_ok=True)
        crash_point("publish.before_rename")
        if final.exists():
            stale = final.with_name(f".{final.name}.stale")
            shutil.rmtree(stale, ignore_errors=True)
            final.replace(stale)
            crash_point("publish.between_renames")
            temporary.replace(final)
            shutil.rmtree(stale)
        else:
            temporary.replace(final)
        fsync_folder(final.parent)
    crash_point("publish.after_rename")


def file_digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def json_digest(value: Any) -> str:
    """The SHA-256 of a value's canonical JSON, in hex; equal values give equal digests.

    >>> json_digest({"a": 1, "b": 2}) == json_digest({"b": 2, "a": 1})
    True
    """
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


@contextmanager
def named_disk_errors(path: Path) -> Iterator[None]:
    """Turns a full disk into a sentence that says where and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ResourceError(
                f"The disk is full: {path.name} could not be written; what was finished before is kept.",
                hint="free some space (acclimate gc shows what is no longer needed) and run the same command again",
            ) from error
        raise
