"""What an artifact says of itself: the manifest (fact, equal for equal runs) and run.json (who, when, how long)."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from acclimate.core.artifacts import Artifact, rows_digest
from acclimate.core.atomic import file_digest, json_digest, read_json
from acclimate.core.errors import WorkspaceError

MANIFEST_FORMAT = 1
MANIFEST = "manifest.json"
RUN = "run.json"
REPORT = "report.json"
_NOT_CONTENT = frozenset({MANIFEST, RUN, REPORT, "dropped.parquet"})
"""Files that do not decide what a downstream step computes."""


class State(StrEnum):
    """Complete, or erased: the data files are gone on a person's request, and the manifest names those that stay."""

    COMPLETE = "complete"
    ERASED = "erased"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InputReference(_Frozen):
    """Where an input came from. `step` starts with @ for what lies outside the pipeline (a snapshot, a base model)."""

    step: str
    key: str
    identity: str


class FileEntry(_Frozen):
    """A file of the artifact, by digest and size in bytes."""

    sha256: str
    size: int


class Manifest(_Frozen):
    """Everything that decided an artifact, and its files; written last, so that its presence means completeness."""

    format: int = MANIFEST_FORMAT
    step: str
    stage: str
    key: str
    state: State = State.COMPLETE
    zone: str
    equality: str
    config: dict[str, Any]
    inputs: dict[str, InputReference]
    code: str
    secrets: dict[str, str]
    identity: str
    files: dict[str, FileEntry]
    environment: dict[str, str]

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of an artifact folder; fails when it is damaged, or of a format that is not known here."""
        file = folder / MANIFEST
        try:
            document = read_json(file)
            written = document.get("format", MANIFEST_FORMAT) if isinstance(document, dict) else MANIFEST_FORMAT
            if written == MANIFEST_FORMAT:
                return cls.model_validate(document)
        except ValueError as error:
            raise WorkspaceError(
                f"{file} is damaged, so what that artifact was made from is not known.",
                hint=f"restore it from a copy, or delete the folder {folder}: acclimate run makes it again",
            ) from error
        raise WorkspaceError(
            f"{file} is of format {written!r}, and this version of acclimate reads format {MANIFEST_FORMAT}.",
            hint="use the version of acclimate that made it (a newer one, most likely), or another project folder",
        )


def read_run_facts(folder: Path, *needed: str) -> dict[str, Any]:
    """Who made an artifact, when and how long it took; fails where the file is damaged or lacks a needed fact."""
    file = folder / RUN
    try:
        facts = read_json(file)
    except (ValueError, FileNotFoundError):
        facts = None
    if not isinstance(facts, dict) or not facts.keys() >= set(needed):
        raise WorkspaceError(
            f"{file} is missing or damaged, so when that artifact was made and what it took is not known.",
            hint=f"restore it from a copy, or delete the folder {folder}: acclimate run makes it again",
        )
    return facts


def artifact_key(
    *, stage: str, code: str, config: dict[str, Any], inputs: dict[str, InputReference], secrets: dict[str, str]
) -> str:
    """The name of an artifact: a digest of everything that decides its content (64 bits, in hex)."""
    identities = {role: reference.identity for role, reference in sorted(inputs.items())}
    return json_digest([MANIFEST_FORMAT, stage, code, config, identities, secrets])[:16]


def artifact_files(folder: Path) -> dict[str, FileEntry]:
    """All files of an artifact but the manifest and run.json, by relative name."""
    return {
        str(file.relative_to(folder)): FileEntry(sha256=file_digest(file), size=file.stat().st_size)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name not in (MANIFEST, RUN)
    }


def content_identity(folder: Path, files: dict[str, FileEntry]) -> str:
    """What downstream keys use: the order-free digest of the rows, and the digests of files beside them (a model)."""
    artifact = Artifact(folder)
    rows = rows_digest(artifact) if artifact.has_rows else ""
    tables = {file.name for file in artifact.data_files}
    others = {name: entry.sha256 for name, entry in files.items() if name not in _NOT_CONTENT | tables}
    return json_digest([rows, others])


def damage(folder: Path, manifest: Manifest, *, by_content: bool = False) -> str | None:
    """What is wrong with an artifact's files, or None; sizes alone unless `by_content`."""
    for name, entry in manifest.files.items():
        file = folder / name
        if not file.exists():
            return f"{name} is missing"
        if file.stat().st_size != entry.size or (by_content and file_digest(file) != entry.sha256):
            return f"{name} is not what the manifest says"
    return None
