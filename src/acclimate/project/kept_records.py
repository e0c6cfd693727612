"""The lists of records that people re-included, one for each step that takes one: digests of ids, in the restricted zone."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from acclimate.core.artifacts import Artifact
from acclimate.core.atomic import json_digest, write_json
from acclimate.core.errors import WorkspaceError
from acclimate.core.reinclusion import KEPT_FILE, kept_digests
from acclimate.project.workspace import Workspace

STEPS = ("clean", "dedup")
"""The steps that take such a list."""


def kept_records(workspace: Workspace, step: str) -> Artifact | None:
    """The list of a step as its input; None where it lists nobody."""
    folder = _folder(workspace, step)
    try:
        listed = kept_digests(Artifact(folder)) if (folder / KEPT_FILE).exists() else frozenset()
    except (ValueError, TypeError) as error:
        raise WorkspaceError(
            f"{folder / KEPT_FILE} is damaged, so which records people re-included is not known.",
            hint="restore it from a copy, or delete it and re-include them again with: acclimate drops keep ID",
        ) from error
    return Artifact(folder, json_digest(sorted(listed))) if listed else None


def list_kept(workspace: Workspace, step: str, digests: Collection[str]) -> None:
    """Puts records on a step's list, as an audit event first; to be called under the workspace's lock."""
    workspace.audit.append("records re-included", step=step, records=len(digests))
    _write(workspace, step, kept_digests(kept_records(workspace, step)) | frozenset(digests))


def unlist_kept(workspace: Workspace, step: str, digests: Collection[str]) -> None:
    """Takes records off a step's list, as an audit event first; to be called under the workspace's lock."""
    workspace.audit.append("records no longer re-included", step=step, records=len(digests))
    _write(workspace, step, kept_digests(kept_records(workspace, step)) - frozenset(digests))


def forget_kept(workspace: Workspace, digests: Collection[str]) -> None:
    """Takes an erased person's records off every list."""
    for step in STEPS:
        listed = kept_digests(kept_records(workspace, step))
        if listed & frozenset(digests):
            _write(workspace, step, listed - frozenset(digests))


def _write(workspace: Workspace, step: str, digests: Collection[str]) -> None:
    folder = _folder(workspace, step)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / KEPT_FILE, sorted(digests))


def _folder(workspace: Workspace, step: str) -> Path:
    return workspace.people / "keep" / step
