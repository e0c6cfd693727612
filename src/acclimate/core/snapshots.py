"""A snapshot: the files of a project's sources as they were at one moment, known by one digest.

Layout: `<snapshots>/<digest>/snapshot.json` lists sources and files; `<snapshots>/files/<sha256>` are the copies that
all snapshots share; `<snapshots>/landed/` says which of them were fetched for which source. Files too large to copy are
referenced by absolute path; their digest says whether they changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from acclimate.core.artifacts import Artifact
from acclimate.core.atomic import json_digest, read_json
from acclimate.core.errors import WorkspaceError
from acclimate.core.sources import SourceConfig

SNAPSHOT_FORMAT = 1
SNAPSHOT_FILE = "snapshot.json"
COPIES = "files"
LANDED = "landed"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SnapshotFile(_Frozen):
    """One file: `name` relative to the source's folder; `referenced` is its absolute path when it was not copied."""

    name: str
    size: int
    sha256: str
    referenced: str | None = None


class SetAsideFile(_Frozen):
    """What of an archive was not taken: a file in it or, by the archive's own name, all that follows; and why."""

    name: str
    reason: str
    sentence: str


class SnapshotSource(_Frozen):
    """One source as configured, the files that were found for it, sorted by name, and what was set aside of them."""

    config: SourceConfig
    files: tuple[SnapshotFile, ...]
    set_aside: tuple[SetAsideFile, ...] = ()
    refused: int = 0
    """Rows of erased subjects that were left out when it was landed."""


@dataclass(frozen=True)
class Snapshot:
    """A finished snapshot: its folder, its digest and what it holds."""

    folder: Path
    digest: str
    sources: tuple[SnapshotSource, ...]

    @classmethod
    def read(cls, folder: Path) -> Snapshot:
        """The snapshot that lies in a folder."""
        try:
            document = read_json(folder / SNAPSHOT_FILE)
            sources = tuple(SnapshotSource.model_validate(source) for source in document["sources"])
            return cls(folder, document["digest"], sources)
        except (ValueError, KeyError, TypeError) as error:
            raise WorkspaceError(
                f"{folder / SNAPSHOT_FILE} is damaged, so what was collected is not known.",
                hint=f"delete the folder {folder}: acclimate run collects the sources again",
            ) from error

    def artifact(self) -> Artifact:
        """The snapshot as the input of a stage."""
        return Artifact(self.folder, self.digest)

    def locate(self, file: SnapshotFile) -> Path:
        """Where the bytes of a file lie."""
        return Path(file.referenced) if file.referenced else self.folder.parent / COPIES / file.sha256

    def to_json(self) -> dict[str, Any]:
        """What snapshot.json holds."""
        sources = [source.model_dump(mode="json") for source in self.sources]
        return {"format": SNAPSHOT_FORMAT, "digest": self.digest, "sources": sources}


def snapshot_digest(sources: Sequence[SnapshotSource]) -> str:
    """The digest of contents and source configs; where the files lie does not enter it."""
    return json_digest([SNAPSHOT_FORMAT, [_identity(source) for source in sources]])


def _identity(source: SnapshotSource) -> list[Any]:
    files = [[file.name, file.size, file.sha256] for file in source.files]
    set_aside = [[one.name, one.reason] for one in source.set_aside]
    refused = [{"refused": source.refused}] if source.refused else []
    return [source.config.model_dump(mode="json"), files, *([set_aside] if set_aside else []), *refused]
