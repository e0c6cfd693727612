"""Exported annotations in the project's folder: artifacts that people made from their answers, not steps of the pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Set
from pathlib import Path

from acclimate.core.stage import Zone
from acclimate.project.manifests import MANIFEST, Manifest

ANNOTATION_SNAPSHOTS = Path(Zone.RESTRICTED, "annotated")
"""Where the pages export to, since records may name people: a folder a task, in it a folder a snapshot."""


def annotation_snapshots(project: Path) -> list[Path]:
    """The folders of all exported snapshots of a project, whole or left by a kill, tasks together."""
    found = (project / ANNOTATION_SNAPSHOTS).glob("*/*")
    return sorted(folder for folder in found if folder.is_dir())


def unneeded_annotations(project: Path, *, sources: Iterable[str], collected: Set[str]) -> list[Path]:
    """Exported snapshots that nothing uses: older than the newest of their task, read by no source, named by no release.

    `sources` are the paths and patterns of the project's sources, `collected` the SHA-256 digests of all files that
    collected snapshots in use were made of. A folder without a manifest is left alone: it may still be written.
    """
    whole = [folder for folder in annotation_snapshots(project) if (folder / MANIFEST).exists()]
    newest = {folder.parent: folder for folder in sorted(whole, key=_age)}
    read = _files_read(project.absolute(), sources)
    return [
        folder
        for folder in whole
        if newest[folder.parent] != folder
        and not any(folder.absolute() in (file, *file.parents) for file in read)
        and not any(entry.sha256 in collected for entry in Manifest.read(folder).files.values())
        and not _is_released(project, folder.name)
    ]


def _age(folder: Path) -> tuple[int, str]:
    return (folder / MANIFEST).stat().st_mtime_ns, folder.name


def _files_read(project: Path, sources: Iterable[str]) -> set[Path]:
    """What the sources read inside the project: a file, all files of a folder, or what a pattern matches."""
    found: set[Path] = set()
    for source in sources:
        path = project / Path(source).expanduser()
        if path.is_dir():
            found.update(path.rglob("*"))
        elif path.is_relative_to(project):
            found.update(project.glob(str(path.relative_to(project))))
    return found


def _is_released(project: Path, key: str) -> bool:
    return any(key.encode() in file.read_bytes() for file in (project / "releases").rglob("*.json"))
