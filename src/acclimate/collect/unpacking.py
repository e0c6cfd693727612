"""Lands the files of an archive as copies; what of it is refused stops everything, or is set aside and counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from acclimate.collect.archives import Member, Refused, archive_parts, is_stream
from acclimate.collect.copies import copy_content, printable_name
from acclimate.collect.erased_rows import ErasedRows, land_content, nothing_left
from acclimate.core.errors import SourceError
from acclimate.core.snapshots import SetAsideFile, SnapshotFile, SnapshotSource
from acclimate.core.sources import SourceConfig


def archive_names(path: Path, name: str, *, set_aside: bool) -> list[str]:
    """The names of the files that would be taken; with `set_aside` those beside what is refused, else it is an error."""
    names = []
    for part in archive_parts(path, name):
        if isinstance(part, Member):
            names.append(f"{name}/{part.name}")
        elif not set_aside:
            raise part.error(name)
    return names


def unpack(
    path: Path, name: str, erased: ErasedRows | None, *, source: SourceConfig, copies: Path, set_aside: bool
) -> Iterator[SnapshotFile | SetAsideFile]:
    """The files of an archive as copies, `name` before their names; with `set_aside` also what is refused, and why.

    Rows of erased subjects are left out.
    """
    for part in archive_parts(path, name):
        found = part.read() if isinstance(part, Member) else part
        if isinstance(part, Member) and isinstance(found, bytes):
            whole = f"{name}/{part.name}"
            if erased is None:
                yield copy_content(whole, found, source=source, copies=copies)
            else:
                yield from land_content(whole, found, erased, source=source, copies=copies, set_aside=set_aside)
        elif isinstance(found, Refused):
            if not set_aside:
                raise found.error(name)
            yield _set_aside(found, name)
            if isinstance(part, Member) and is_stream(name):
                return


def landed_source(
    source: SourceConfig, parts: Sequence[SnapshotFile | SetAsideFile], erased: ErasedRows | None
) -> SnapshotSource:
    """What was landed of a source, in order of names; fails where that is nothing."""
    files = sorted((part for part in parts if isinstance(part, SnapshotFile)), key=lambda file: file.name)
    refused = sorted((part for part in parts if isinstance(part, SetAsideFile)), key=lambda one: (one.name, one.reason))
    if refused and not files:
        first = refused[0]
        raise SourceError(
            f"Nothing of the source {source.name!r} can be read: {first.name}: {first.sentence}.",
            hint="unpack it yourself if you trust it, and give the folder as the source's path",
        )
    if not files and erased is not None and erased.refused:
        raise nothing_left(source)
    if not files:
        raise SourceError(
            f"The source {source.name!r} is empty: its archives hold nothing but hidden files.",
            hint="leave it out, or pack it again; files whose names begin with a dot are left out",
        )
    return SnapshotSource(
        config=source, files=tuple(files), set_aside=tuple(refused), refused=erased.refused if erased else 0
    )


def _set_aside(refused: Refused, archive: str) -> SetAsideFile:
    """What is refused, by a name that a terminal shows and that is no longer than is sensible."""
    name = f"{archive}/{refused.member}" if refused.member else archive
    return SetAsideFile(name=printable_name(name), reason=refused.reason, sentence=refused.sentence)
