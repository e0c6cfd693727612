"""The files in a zip or tar archive, as if they lay in a folder, and what of it no real archive would hold."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

from acclimate.core.errors import SourceError

LARGEST_MEMBER = 512 * 1024 * 1024
LARGEST_TOTAL = 16 * 1024**3
MAX_MEMBERS = 1_000_000
MAX_RATIO = 250
"""How many times as large as the archive its files may be; text reaches 20, deflate allows 1032, as bombs have it."""

BROKEN, EMPTY = "broken_file", "no_files"
_NAME_SHOWN = 100
_SMALL = 16 * 1024 * 1024
_LONGEST_END, _CHUNK = 64 * 1024 * 1024, 1024 * 1024
_OPENERS: dict[str, Callable[[Path], object]] = {
    ".tar": lambda path: path.open("rb"),
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.bz2": bz2.open,
    ".tar.xz": lzma.open,
}
_NESTED = re.compile(r"\.(zip|tar|tgz|tbz2?|txz|7z|rar|tar\.\w+)$", re.I)
_OUTSIDE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)")
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError),
    *(NotImplementedError, RuntimeError, OverflowError),
)


@dataclass(frozen=True)
class Refused:
    """What is not taken from an archive: a file in it by its name, or, without a name, all that follows."""

    member: str
    reason: str
    sentence: str

    def error(self, archive: str) -> SourceError:
        """It as the reason why the archive is refused as a whole."""
        if self.reason == BROKEN:
            return SourceError(
                f"{archive} is not a whole archive: {self.sentence}.",
                hint="copy or download it again, or unpack it yourself",
            )
        if self.reason == EMPTY:
            return SourceError(f"The archive {archive}: {self.sentence}.", hint="leave it out with a narrower path")
        return SourceError(
            f"The archive {archive} is not unpacked: {self.sentence}.",
            hint="unpack it yourself if you trust it, and give the folder as the source's path; or set"
            " ingest.on_error: set_aside, which takes its other files",
        )


@dataclass(frozen=True)
class Member:
    """A file in an archive: its name there, its size as declared, and its bytes when asked for."""

    name: str
    size: int
    unpack: Callable[[], bytes]

    def read(self) -> bytes | Refused:
        """Its bytes, or that they are damaged."""
        try:
            content = self.unpack()
        except _DAMAGED as error:
            return _broken(self.name, error)
        return content if len(content) == self.size else _broken(self.name, EOFError())


class _Unreadable(Exception):  # noqa: N818 - no error of the program
    """Nothing more is read of an archive."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.refused = Refused("", reason, sentence)


def is_stream(name: str) -> bool:
    """Whether an archive is read from its start to its end, so that behind a damaged file nothing can be read."""
    return not name.lower().endswith(".zip")


def archive_parts(path: Path, name: str) -> Iterator[Member | Refused]:
    """The files of an archive one after another, each to be read before the next, and what of it is refused.

    Hidden files are left out. Time and memory are bounded whatever the archive says of itself: of a zip archive nothing
    that is refused is unpacked, and a tar archive, which has to be unpacked to see what follows, is left at the limit.
    """
    limit = min(LARGEST_TOTAL, max(_SMALL, MAX_RATIO * path.stat().st_size))
    empty = True
    try:
        for part in _checked(_tar_parts(path, name, limit) if is_stream(name) else _zip_parts(path), limit):
            empty = False
            if isinstance(part, Refused) or not _is_hidden(part.name):
                yield part
    except _Unreadable as error:
        yield error.refused
    except _DAMAGED as error:
        yield _broken("", error)
    else:
        if empty:
            yield Refused("", EMPTY, "it holds no files")


def _checked(parts: Iterator[Member | Refused], limit: int) -> Iterator[Member | Refused]:
    """The files with sound names, each once, that together take no more bytes than the limit; the others refused."""
    seen: set[str] = set()
    total = 0
    for count, part in enumerate(parts):
        if count >= MAX_MEMBERS:
            raise _Unreadable("too_many_files", f"it holds more than {MAX_MEMBERS} files")
        refused = _refused(part, seen, limit - total) if isinstance(part, Member) else part
        if refused is None and isinstance(part, Member):
            seen.add(part.name)
            total += part.size
        yield refused or part


def _refused(member: Member, seen: set[str], left: int) -> Refused | None:
    """Why a file is not taken, if it is not."""
    shown = _shown(member.name)
    rules = (
        (not member.name, "bad_name", "a file in it has no name"),
        (_OUTSIDE.search(member.name), "outside_path", f"the file {shown} would lie outside of it"),
        (_NESTED.search(member.name), "nested_archive", f"it holds another archive, {shown}"),
        (member.name in seen, "repeated_name", f"it holds two files called {shown}"),
        (member.size > LARGEST_MEMBER, "too_long", f"{shown} would take more than {LARGEST_MEMBER} bytes"),
        (member.size > left, "bomb", f"with {shown} its files would take more than {MAX_RATIO} times its size"),
    )
    return next((Refused(member.name, reason, sentence) for broken, reason, sentence in rules if broken), None)


def _zip_parts(path: Path) -> Iterator[Member | Refused]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = info.filename
            if name.endswith("/"):
                continue
            if info.external_attr >> 28 not in (0, 8):
                yield Refused(name, "link_or_device", f"{_shown(name)} is a link or a device")
            elif info.flag_bits & 1:
                yield Refused(name, "encrypted", f"{_shown(name)} is encrypted")
            else:
                yield Member(name, info.file_size, partial(archive.read, info))


def _tar_parts(path: Path, name: str, limit: int) -> Iterator[Member | Refused]:
    suffix = next(one for one in _OPENERS if name.lower().endswith(one))
    passed = 0
    with cast(IO[bytes], _OPENERS[suffix](path)) as stream:
        # tarfile reads the names of a member in one piece, however large the archive says they are.
        with tarfile.open(fileobj=cast(IO[bytes], _BoundedReads(stream)), mode="r:") as archive:
            for info in archive:
                if info.size < 0:
                    raise _Unreadable(BROKEN, f"{_shown(info.name)} is of a size below 0")
                passed += info.size
                if passed > limit:
                    raise _Unreadable("bomb", f"its files would take more than {limit} bytes")
                if info.isreg() and not info.issparse():
                    yield Member(info.name, info.size, partial(_content, archive, info))
                elif not info.isdir():
                    sentence = f"{_shown(info.name)} is a link, a device or a file with holes"
                    yield Refused(info.name, "link_or_device", sentence)
        _read_to_end(stream)


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(info)
    return file.read() if file else b""


def _read_to_end(stream: IO[bytes]) -> None:
    """Reads what stands after the last file, so that the checksum of a packed archive is looked at."""
    for _ in range(_LONGEST_END // _CHUNK):
        if not stream.read(_CHUNK):
            return
    raise _Unreadable("bomb", f"more than {_LONGEST_END} bytes follow after its last file")


@dataclass(frozen=True)
class _BoundedReads:
    """A stream that gives no more at once than a member may have."""

    stream: IO[bytes]

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LARGEST_MEMBER:
            raise _Unreadable("bomb", f"a part of it is larger than {LARGEST_MEMBER} bytes")
        return self.stream.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        return self.stream.seek(place, whence)

    def tell(self) -> int:
        return self.stream.tell()


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _shown(name: str) -> str:
    return repr(name[:_NAME_SHOWN])


def _broken(member: str, error: BaseException) -> Refused:
    what = f"{_shown(member)} is damaged" if member else "it is damaged or cut short"
    return Refused(member, BROKEN, f"{what} ({type(error).__name__})")
