"""What lies in a project that nothing current needs: older artifacts and abandoned work in progress."""

from __future__ import annotations

import shutil
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from acclimate.core.atomic import read_json
from acclimate.core.snapshots import COPIES, LANDED, Snapshot
from acclimate.project.workspace import Workspace

_ANNOTATION = "annotation"


@dataclass(frozen=True)
class Removable:
    """A folder that can go, or some of its files alone, and what that takes on disk in bytes."""

    folder: Path
    what: str
    bytes: int
    files: tuple[Path, ...] = ()


def removable(workspace: Workspace, *, needed: Iterable[tuple[str, str]]) -> list[Removable]:
    """What is not among the needed (step, key) pairs nor the split ledger: artifacts, snapshots, work in progress.

    Exported annotations stay: people made them by hand, and what reads them may lie outside the project.
    Everything an artifact was made from stays with it as long as it is needed, so that its lineage can be shown.
    """
    keep = set(needed)
    head = workspace.ledger_head()
    if head is not None:
        keep.add(("split", head.manifest.key))
    by_name = {(item.manifest.step, item.manifest.key): item.manifest for item in workspace.finished()}
    waiting = list(keep)
    identities = set[str]()
    while waiting:
        manifest = by_name.get(waiting.pop())
        for reference in manifest.inputs.values() if manifest else ():
            identities.add(reference.identity)
            if (reference.step, reference.key) not in keep:
                keep.add((reference.step, reference.key))
                waiting.append((reference.step, reference.key))
    unneeded = [
        Removable(item.artifact.path, f"{item.manifest.step}, older artifact", folder_bytes(item.artifact.path))
        for item in workspace.finished()
        if (item.manifest.step, item.manifest.key) not in keep and item.manifest.stage != _ANNOTATION
    ]
    others = [
        *((folder, "work in progress") for folder in workspace.partial_folders()),
        *((folder, "damaged or replaced") for folder in workspace.set_aside()),
        *((folder, "older snapshot") for folder in workspace.snapshot_folders() if folder.name not in identities),
    ]
    whole = [Removable(folder, what, folder_bytes(folder)) for folder, what in others]
    return [*unneeded, *whole, *_unneeded_copies(workspace, identities)]


def _unneeded_copies(workspace: Workspace, needed: Container[str]) -> Iterator[Removable]:
    """Collected copies that only snapshots use which can go; what was fetched stays, nothing else brings it back."""
    kept = [Snapshot.read(folder) for folder in workspace.snapshot_folders() if folder.name in needed]
    used = {file.sha256 for snapshot in kept for source in snapshot.sources for file in source.files}
    for record in workspace.snapshots.glob(f"{LANDED}/*.json"):
        used |= {file["sha256"] for file in read_json(record)["files"]}
    folder = workspace.snapshots / COPIES
    copies = tuple(sorted(copy for copy in folder.glob("*") if copy.name not in used))
    if copies:
        yield Removable(folder, f"{len(copies)} collected copies", sum(copy.stat().st_size for copy in copies), copies)


def remove(workspace: Workspace, items: Iterable[Removable]) -> None:
    """Deletes folders, or files of them; each removal is an audit event first."""
    for item in items:
        workspace.audit.append("removed", folder=str(item.folder.relative_to(workspace.folder)), bytes=item.bytes)
        if not item.files:
            shutil.rmtree(item.folder)
        for file in item.files:
            file.unlink()


def folder_bytes(folder: Path) -> int:
    """What the files of a folder hold, in bytes."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
