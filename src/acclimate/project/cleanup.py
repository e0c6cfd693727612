"""What lies in a project that nothing current needs: older artifacts and abandoned work in progress."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from acclimate.project.workspace import Workspace


@dataclass(frozen=True)
class Removable:
    """A folder or file that can go, and what it takes on disk in bytes."""

    folder: Path
    what: str
    bytes: int


def removable(workspace: Workspace, *, needed: Iterable[tuple[str, str]]) -> list[Removable]:
    """What is not among the needed (step, key) pairs nor the split ledger: artifacts, snapshots, work in progress.

    Everything an artifact was made from stays with it as long as it is needed, so that its lineage can be shown.
    """
    keep = set(needed)
    head = workspace.ledger_head()
    if head is not None:
        keep.add(("split", head.manifest.key))
    by_name = {(item.manifest.step, item.manifest.key): item.manifest for item in workspace.finished()}
    waiting = list(keep)
    identities = set()
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
        if (item.manifest.step, item.manifest.key) not in keep
    ]
    others = [
        *((folder, "work in progress") for folder in workspace.partial_folders()),
        *((folder, "damaged or replaced") for folder in workspace.set_aside()),
        *((folder, "older snapshot") for folder in workspace.snapshot_folders() if folder.name not in identities),
    ]
    copies = [
        Removable(copy, "copy of a source file", copy.stat().st_size)
        for copy in workspace.unneeded_copies(needed=identities)
    ]
    return unneeded + [Removable(folder, what, folder_bytes(folder)) for folder, what in others] + copies


def remove(workspace: Workspace, items: Iterable[Removable]) -> None:
    """Deletes folders and files; each removal is an audit event first."""
    for item in items:
        workspace.audit.append("removed", folder=str(item.folder.relative_to(workspace.folder)), bytes=item.bytes)
        shutil.rmtree(item.folder) if item.folder.is_dir() else item.folder.unlink()


def folder_bytes(folder: Path) -> int:
    """What the files of a folder hold, in bytes."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
