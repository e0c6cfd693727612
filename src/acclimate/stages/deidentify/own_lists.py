"""The names of a user's lists, read from the snapshot that holds the files."""

from __future__ import annotations

from collections.abc import Iterator

from acclimate.core.artifacts import Artifact
from acclimate.core.errors import SourceError
from acclimate.core.snapshots import Snapshot, SnapshotFile


def names_of(lists: Artifact) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Class and names of each list, sorted, each name once."""
    snapshot = Snapshot.read(lists.path)
    found = []
    for source in snapshot.sources:
        names = {name for file in source.files for name in _lines(snapshot, file)}
        found.append((source.config.name, tuple(sorted(names))))
    return tuple(sorted(found))


def _lines(snapshot: Snapshot, file: SnapshotFile) -> Iterator[str]:
    """The lines that hold a name; a # begins a remark."""
    try:
        text = snapshot.locate(file).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"The list {file.name} is not UTF-8, so its names cannot be looked for.", hint="save it as UTF-8"
        ) from error
    for line in text.splitlines():
        name = line.partition("#")[0].strip()
        if name:
            yield name
