"""What is landed of a source while the project has erased subjects: no row of theirs, told by whoever can read it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from acclimate.collect.copies import (
    check_not_empty,
    copy_content,
    printable_name,
    take_over,
    write_private,
    write_stream,
)
from acclimate.core.errors import SourceError
from acclimate.core.snapshots import SetAsideFile, SnapshotFile
from acclimate.core.sources import SourceConfig

HOLDS_ERASED = "holds_erased"
"""Why a file is set aside that holds rows of erased subjects and of others, which cannot be parted."""


class SiftedFile(Protocol):
    """One file on its way into a snapshot, with how many of its rows were `refused` and how many were not (`kept`).

    Where `is_whole` is true, no row can be left out of it: then `look`, at what `chunks` gave, counts them.
    """

    refused: int
    kept: int
    is_whole: bool

    def chunks(self, stream: IO[bytes]) -> Iterator[bytes]:
        """The bytes of the file without the rows of erased subjects."""

    def look(self, path: Path) -> None:
        """Counts the rows of a file that is landed whole or not at all."""


class ErasedRows(Protocol):
    """Tells the rows of erased subjects in one source; `refused` counts those that were left out."""

    refused: int

    def refuses(self, values: Mapping[str, Any]) -> bool:
        """Whether a row, given in the types of JSON by column, is of an erased subject; counts it."""

    def sift(self, name: str) -> SiftedFile:
        """A file of the source on its way into a snapshot."""


FindErased = Callable[[SourceConfig], ErasedRows | None]
"""Gives the erased rows of a source; None where nobody was erased."""


def nobody_erased(_source: SourceConfig) -> None:
    """For a project in which nobody was erased."""


def nothing_left(source: SourceConfig) -> SourceError:
    """The error of a source that holds rows of erased subjects and no others."""
    return SourceError(
        f"All rows of the source {source.name!r} are of erased subjects, so nothing of it is landed.",
        hint="take the source out of acclimate.yaml, or collect it again when others are in it",
    )


def land_content(
    name: str, content: bytes, erased: ErasedRows, *, source: SourceConfig, copies: Path, set_aside: bool
) -> Iterator[SnapshotFile | SetAsideFile]:
    """A file in memory as a copy without the rows of erased subjects; nothing where it holds no others."""
    sifted = erased.sift(name)
    content = b"".join(sifted.chunks(io.BytesIO(content)))
    if sifted.is_whole:
        with _beside(source, copies) as path:
            write_private(path, content)
            sifted.look(path)
    if (refused := _refused(sifted, name, set_aside=set_aside)) is not None:
        yield refused
    elif _is_left(sifted, erased):
        yield copy_content(name, content, source=source, copies=copies)


def land_stream(
    name: str, stream: IO[bytes], erased: ErasedRows, *, source: SourceConfig, copies: Path, set_aside: bool
) -> Iterator[SnapshotFile | SetAsideFile]:
    """A file that is fetched as a copy without the rows of erased subjects; nothing where it holds no others."""
    sifted = erased.sift(name)
    with stream, _beside(source, copies) as path:
        size, digest = write_stream(sifted.chunks(stream), path)
        if sifted.is_whole:
            sifted.look(path)
        if (refused := _refused(sifted, name, set_aside=set_aside)) is not None:
            yield refused
        elif _is_left(sifted, erased):
            check_not_empty(name, size, source)
            yield take_over(path, name, size=size, sha256=digest, copies=copies)


@contextmanager
def _beside(source: SourceConfig, copies: Path) -> Iterator[Path]:
    """Where a file lies that is not yet known to be landed."""
    path = copies / f".{source.name}.{os.getpid()}.sifted.partial"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _refused(sifted: SiftedFile, name: str, *, set_aside: bool) -> SetAsideFile | None:
    """A file that holds rows of erased subjects and of others, and cannot be landed without the former."""
    if not (sifted.is_whole and sifted.refused and sifted.kept):
        return None
    sentence = (
        f"{sifted.refused} of its rows are of erased subjects, and no row can be left out of a file of its format"
    )
    if not set_aside:
        raise SourceError(
            f"{printable_name(name)} is not landed: {sentence}.",
            hint="take these rows out of it where it lies, or write it there as JSON Lines or CSV, and run the same"
            " command again; ingest.on_error: set_aside goes on without the file",
        )
    return SetAsideFile(name=printable_name(name), reason=HOLDS_ERASED, sentence=sentence)


def _is_left(sifted: SiftedFile, erased: ErasedRows) -> bool:
    """Whether anything of the file is to be landed; counts the rows that are not."""
    erased.refused += sifted.refused
    return not sifted.refused or bool(sifted.kept)
