"""The files in a zip or tar archive, as if they lay in a folder; an archive that a real one would not be is refused."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, cast

from acclimate.core.errors import SourceError

LARGEST_MEMBER = 512 * 1024 * 1024
LARGEST_TOTAL = 16 * 1024**3
MAX_MEMBERS = 1_000_000
MAX_RATIO = 250
"""How many times as large as the archive its files may be; text reaches 20, deflate allows 1032, as bombs have it."""

_SMALL = 16 * 1024 * 1024
_LONGEST_END, _CHUNK = 64 * 1024 * 1024, 1024 * 1024
_OPENERS: dict[str, Callable[[Path], object]] = {
    ".tar": lambda path: path.open("rb"),
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.bz2": bz2.open,
    ".tar.xz": lzma.open,
}
_SUFFIXES = (".zip", *_OPENERS)
_NESTED = re.compile(r"\.(zip|tar|tgz|tbz2?|txz|7z|rar|tar\.\w+)$", re.I)
_OUTSIDE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)")
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError),
    *(NotImplementedError, RuntimeError, OverflowError),
)


@dataclass(frozen=True)
class Member:
    """A file in an archive: its name there, its size as declared, and its bytes when asked for."""

    name: str
    size: int
    read: Callable[[], bytes]


def is_archive(name: str) -> bool:
    """Whether a file is an archive, by its name.

    >>> is_archive("notes.tar.gz"), is_archive("notes.jsonl.gz")
    (True, False)
    """
    return name.lower().endswith(_SUFFIXES)


def archive_members(path: Path, name: str) -> Iterator[Member]:
    """The files of an archive one after another, each to be read before the next; hidden ones are left out."""
    seen: set[str] = set()
    total = 0
    with _named_damage(name):
        limit = min(LARGEST_TOTAL, max(_SMALL, MAX_RATIO * path.stat().st_size))
        for member in _zip_members(path, name) if name.lower().endswith(".zip") else _tar_members(path, name):
            total += member.size
            _check(member, name, seen)
            if total > limit or len(seen) >= MAX_MEMBERS:
                raise _refused(name, f"its files would take more than {limit} bytes, or are more than {MAX_MEMBERS}")
            seen.add(member.name)
            if not any(part.startswith((".", "__MACOSX")) for part in member.name.split("/")):
                yield replace(member, read=partial(_read, member, name))
    if not seen:
        raise SourceError(f"The archive {name} holds no files.", hint="leave it out with a narrower path")


def _read(member: Member, name: str) -> bytes:
    with _named_damage(name):
        content = member.read()
        if len(content) != member.size:
            raise EOFError("a file in it is not as long as it is said to be")
        return content


def _zip_members(path: Path, name: str) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.filename:
                raise _refused(name, "a file in it has no name")
            if info.is_dir():
                continue
            if info.external_attr >> 28 not in (0, 8):
                raise _refused(name, f"{info.filename} is a link or a device")
            if info.flag_bits & 1:
                raise _refused(name, f"{info.filename} is encrypted")
            yield Member(info.filename, info.file_size, partial(archive.read, info))


def _tar_members(path: Path, name: str) -> Iterator[Member]:
    suffix = next(one for one in _OPENERS if name.lower().endswith(one))
    with cast(IO[bytes], _OPENERS[suffix](path)) as stream:
        # tarfile reads the names of a member in one piece, however large the archive says they are.
        bounded = cast(IO[bytes], _BoundedReads(stream, name))
        with tarfile.open(fileobj=bounded, mode="r:") as archive:
            for info in archive:
                if info.isdir():
                    continue
                if not info.isreg() or info.issparse():
                    raise _refused(name, f"{info.name} is a link, a device or a file with holes")
                yield Member(info.name, info.size, partial(_content, archive, info))
        _read_to_end(stream, name)


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(info)
    return file.read() if file else b""


def _read_to_end(stream: IO[bytes], name: str) -> None:
    """Reads what stands after the last file, so that the checksum of a packed archive is looked at."""
    for _ in range(_LONGEST_END // _CHUNK):
        if not stream.read(_CHUNK):
            return
    raise _refused(name, f"more than {_LONGEST_END} bytes follow after its last file")


@dataclass(frozen=True)
class _BoundedReads:
    """A stream that gives no more at once than a member may have."""

    stream: IO[bytes]
    name: str

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LARGEST_MEMBER:
            raise _refused(self.name, f"a part of it is larger than {LARGEST_MEMBER} bytes")
        return self.stream.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        return self.stream.seek(place, whence)

    def tell(self) -> int:
        return self.stream.tell()


def _check(member: Member, name: str, seen: set[str]) -> None:
    if _OUTSIDE.search(member.name):
        raise _refused(name, f"the file {member.name!r} would lie outside of it")
    if _NESTED.search(member.name):
        raise _refused(name, f"it holds another archive, {member.name!r}")
    if member.name in seen:
        raise _refused(name, f"it holds two files called {member.name!r}")
    if member.size > LARGEST_MEMBER:
        raise _refused(name, f"{member.name!r} would take {member.size} bytes; the limit is {LARGEST_MEMBER}")


def _refused(name: str, reason: str) -> SourceError:
    return SourceError(
        f"The archive {name} is not unpacked: {reason}.",
        hint="unpack it yourself if you trust it, and give the folder as the source's path",
    )


@contextmanager
def _named_damage(name: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise SourceError(
            f"{name} is not a whole archive ({type(error).__name__}).",
            hint="copy or download it again, or unpack it yourself",
        ) from error
