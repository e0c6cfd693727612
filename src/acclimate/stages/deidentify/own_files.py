"""A user's own files, read from the snapshots that hold them: the names of lists, and a tagger."""

from __future__ import annotations

from collections.abc import Iterator

from acclimate.core.artifacts import Artifact
from acclimate.core.errors import SourceError
from acclimate.core.snapshots import Snapshot, SnapshotFile
from acclimate.stages.deidentify.tagger import OwnTagger


def names_of(lists: Artifact) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Class and names of each list, sorted, each name once."""
    snapshot = Snapshot.read(lists.path)
    found = []
    for source in snapshot.sources:
        names = {name for file in source.files for name in _lines(snapshot, file)}
        found.append((source.config.name, tuple(sorted(names))))
    return tuple(sorted(found))


def own_tagger(model: Artifact, *, organisations: bool) -> OwnTagger:
    """The tagger of the one file in a snapshot."""
    snapshot = Snapshot.read(model.path)
    [file] = (file for source in snapshot.sources for file in source.files)
    tagger = OwnTagger(snapshot.locate(file).read_bytes(), organisations)
    tagger.check()
    return tagger


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
