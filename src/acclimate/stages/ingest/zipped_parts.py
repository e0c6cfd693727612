"""Opens the parts of an Office document, which is a zip archive of XML files, within bounds that no real one reaches."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from acclimate.stages.ingest.documents import empty, encrypted
from acclimate.stages.ingest.rows import RowError

MAX_UNPACKED = 512 * 1024 * 1024
"""Bytes that all parts of a document may occupy unpacked."""

MAX_RATIO = 250
"""How many times a part may grow. Sheets of equal rows reach about 100; deflate allows 1032, as bombs have it."""

_SMALL_PART = 1024 * 1024
_MAX_PARTS = 10_000
_MAX_DEPTH = 1000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError, KeyError, OverflowError)


class ZippedParts:
    """The parts of an open document, by name."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.names = tuple(dict.fromkeys(archive.namelist()))

    def matching(self, pattern: str) -> list[str]:
        """The names of the parts that match a pattern, sorted."""
        return sorted(name for name in self.names if re.fullmatch(pattern, name))

    def open(self, name: str) -> IO[bytes]:
        """The bytes of a part; a zip file gives no more of them than it declares."""
        return self._archive.open(name)


@contextmanager
def open_parts(path: Path) -> Iterator[ZippedParts]:
    """The document's parts; RowError where it is encrypted, damaged or a bomb."""
    with path.open("rb") as file:
        _check_start(file.read(8))
        with _named_damage():
            archive = zipfile.ZipFile(file)
        with archive:
            _check_sizes(archive)
            yield ZippedParts(archive)


@contextmanager
def _named_damage() -> Iterator[None]:
    """Turns what the zip and XML modules say of damaged files into a fault."""
    try:
        yield
    except ParseError as error:
        raise RowError("broken_file", "the file is damaged: a part of it is not valid XML") from error
    except DefusedXmlException as error:
        raise RowError("bomb", "a part of the file declares XML entities, which no Office program writes") from error
    except _DAMAGED as error:
        raise RowError("broken_file", f"the file is damaged: {type(error).__name__} while it was unpacked") from error
    except RuntimeError as error:
        raise encrypted() from error


def _check_start(start: bytes) -> None:
    if not start:
        raise empty()
    if start == _OLE:
        raise RowError(
            "encrypted", "the file is encrypted, or of the old binary Office format; save it anew without a password"
        )
    if not start.startswith(b"PK"):
        raise RowError("broken_file", "the file is not the zip archive that an Office document is")


def _check_sizes(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > _MAX_PARTS:
        raise RowError("bomb", f"the file holds more than {_MAX_PARTS} parts", len(parts))
    if any(part.flag_bits & 1 for part in parts):
        raise encrypted()
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MAX_UNPACKED:
        raise RowError("bomb", f"the file would unpack to {unpacked} bytes; the limit is {MAX_UNPACKED}", unpacked)
    for part in parts:
        if part.file_size > max(_SMALL_PART, MAX_RATIO * part.compress_size):
            ratio = part.file_size // max(part.compress_size, 1)
            raise RowError("bomb", f"a part of the file would grow {ratio} times when unpacked", ratio)


def read_events(parts: ZippedParts, name: str) -> Iterator[tuple[str, Element]]:
    """The starts and ends of a part's XML elements, each dropped after its end; no part may declare entities."""
    open_elements: list[Element] = []
    with _named_damage(), parts.open(name) as part:
        for event, element in iterparse(part, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                open_elements.append(element)
                if len(open_elements) > _MAX_DEPTH:
                    raise RowError("bomb", f"a part of the file is nested more than {_MAX_DEPTH} levels deep")
            yield event, element
            if event == "end":
                open_elements.pop()
                if open_elements:
                    del open_elements[-1][:]


def local_name(element: Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]
