"""Carries an erasure out: the intent is written first, every step may be done twice, the receipt comes last.

Killed anywhere, `finish` ends with the same files: what is to go was settled before the first was deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from acclimate.core.artifacts import LEDGER_FILE
from acclimate.core.atomic import file_digest, fsync_folder, read_json, write_bytes, write_json
from acclimate.core.crash_points import crash_point
from acclimate.core.erased import ErasedSubject, add_erased
from acclimate.core.errors import WorkspaceError
from acclimate.core.reinclusion import id_digest
from acclimate.core.stage import Zone
from acclimate.project.erasure.affected import affected
from acclimate.project.erasure.annotations import Annotations
from acclimate.project.erasure.receipts import (
    ErasedArtifact,
    Erasure,
    KeptModel,
    NamedTagger,
    Receipt,
    receipt_file,
)
from acclimate.project.erasure.search import Findings, Held
from acclimate.project.judgements import forget_judgements
from acclimate.project.kept_records import forget_kept
from acclimate.project.manifests import MANIFEST, REPORT, RUN, FileEntry, Manifest, State
from acclimate.project.workspace import TRIAL, Workspace

ERASED_EVENT = "subject erased"
"""The audit event that names a receipt and its digest."""
MODEL = "model"
"""The folder of an artifact of train or dial that holds what was trained."""


def begin(workspace: Workspace, findings: Findings, *, person: ErasedSubject, keep_models: str = "") -> Erasure:
    """Settles and writes down what will go; nothing is deleted yet. `keep_models` is the reason why models stay."""
    root = workspace.folder
    artifacts = [_ErasedFiles(root, held, keep_model=bool(keep_models) or not held.trained) for held in findings.held]
    removed = [file for artifact in artifacts for file in artifact.going]
    removed += [file for path in findings.others for file in _files(root / path)]
    removed += [root / one.place(root) for one in findings.taggers if one.goes(root, keep_models=keep_models)]
    receipt = Receipt(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        person=person,
        records=tuple(sorted(findings.person.records)),
        artifacts=tuple(artifact.named() for artifact in artifacts),
        removed={str(file.relative_to(root)): file_digest(file) for file in removed},
        kept={path: digest for artifact in artifacts for path, digest in artifact.staying()},
        kept_models=tuple(_kept_models(findings.held, keep_models)),
        taggers=tuple(
            NamedTagger(
                file=one.place(root), sha256=file_digest(one.file), what=one.fate(root, keep_models=keep_models)
            )
            for one in findings.taggers
        ),
        annotated=findings.annotated,
        returning=dict(findings.returning),
    )
    folders = tuple(str(path) for path in findings.others if (root / path).is_dir())
    told = affected(workspace, findings, keep_models=keep_models)
    erasure = Erasure(
        receipt=receipt,
        folders=folders,
        affected=tuple(told),
        places=findings.places,
        copies=findings.copies,
        named=tuple(sorted(map(id_digest, findings.person.ids))),
    )
    write_json(workspace.unfinished_erasure, erasure.model_dump(mode="json"))
    workspace.unfinished_erasure.chmod(0o600)
    crash_point("erasure.begun")
    return erasure


def unfinished(workspace: Workspace) -> Erasure | None:
    """The erasure that was begun and has not ended, if there is one."""
    file = workspace.unfinished_erasure
    if not file.exists():
        return None
    try:
        return Erasure.model_validate(read_json(file))
    except ValueError as error:
        raise WorkspaceError(
            f"{file} is damaged, so what an interrupted erasure had still to delete is not known.",
            hint="delete that file and give acclimate erase the subject again: it deletes what is left",
        ) from error


def finish(workspace: Workspace, erasure: Erasure, annotations: Annotations | None = None) -> Path:
    """Does all that is still to do of an erasure; returns the receipt."""
    root, receipt = workspace.folder, erasure.receipt
    add_erased(workspace.erased, receipt.person)
    if receipt.annotated is not None:
        _forget_annotations(workspace, erasure, annotations)
    for artifact in receipt.artifacts:
        _mark_erased(root, artifact)
    for area in ("", TRIAL):
        if (root / area).is_dir():
            forget_judgements(Workspace(root, area), erasure.named)
            forget_kept(Workspace(root, area), erasure.named)
    crash_point("erasure.forgotten")
    for path in receipt.removed:
        (root / path).unlink(missing_ok=True)
        crash_point("erasure.file_deleted")
    for folder in _emptied(root, receipt, erasure.folders):
        shutil.rmtree(folder, ignore_errors=True)
        crash_point("erasure.folder_deleted")
    for folder in {(root / path).parent for path in (*receipt.removed, *erasure.folders)}:
        if folder.is_dir():
            fsync_folder(folder)
    file = _leave_receipt(workspace, receipt)
    workspace.unfinished_erasure.unlink()
    fsync_folder(workspace.unfinished_erasure.parent)
    return file


def _forget_annotations(workspace: Workspace, erasure: Erasure, annotations: Annotations | None) -> None:
    """Takes the person out of the annotation database, and notes its chain's newest digest in the audit log, once."""
    if annotations is None:
        raise WorkspaceError(
            "The annotation database that this erasure began with is not here, so the person is still in it.",
            hint="put annotation.db back or set DATABASE_URL as it was, then: acclimate erase --resume",
        )
    receipt = erasure.receipt
    head = annotations.forget(frozenset(erasure.named), subject=receipt.person.subject, receipt=receipt.id)
    if not any(event.get("head") == head for event in workspace.audit.events()):
        workspace.audit.append("annotation anchored", head=head)
    crash_point("erasure.annotations_forgotten")


def without_content(report: bytes) -> bytes:
    """The report of a restricted step with its counts alone: the rest may hold names of columns, files and values."""
    said = {**json.loads(report), "metrics": {}, "warnings": []}
    return (json.dumps(said, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


@dataclass(frozen=True)
class _ErasedFiles:
    """The files of an artifact that is to be erased: those that go and those that stay."""

    root: Path
    held: Held
    keep_model: bool

    @property
    def folder(self) -> Path:
        return self.held.finished.artifact.path

    @property
    def going(self) -> list[Path]:
        return [file for file in _files(self.folder) if not self._stays(file)]

    def named(self) -> ErasedArtifact:
        manifest = self.held.finished.manifest
        staying = (file.relative_to(self.folder) for file in _files(self.folder) if self._stays(file))
        files = tuple(str(file) for file in staying if str(file) not in (MANIFEST, RUN))
        return ErasedArtifact(
            area=self.held.area, zone=manifest.zone, step=manifest.step, key=manifest.key, files=files
        )

    def staying(self) -> Iterator[tuple[str, str]]:
        for name in self.named().files:
            entry = _entry(self.folder / name, self.held.finished.manifest.zone)
            yield str((self.folder / name).relative_to(self.root)), entry.sha256

    def _stays(self, file: Path) -> bool:
        name = file.relative_to(self.folder)
        return str(name) in (MANIFEST, RUN, REPORT, LEDGER_FILE) or (self.keep_model and name.parts[0] == MODEL)


def _mark_erased(root: Path, artifact: ErasedArtifact) -> None:
    """Lets the manifest say that the artifact is erased and which files stay; it keeps its age."""
    folder = Workspace(root, artifact.area).artifact_folder(artifact.step, artifact.key, Zone(artifact.zone))
    manifest, file = Manifest.read(folder), folder / MANIFEST
    if manifest.state is State.COMPLETE:
        times = file.stat()
        entries = {name: _entry(folder / name, artifact.zone) for name in artifact.files}
        erased = manifest.model_copy(update={"state": State.ERASED, "files": entries})
        write_json(file, erased.model_dump(mode="json"))
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        crash_point("erasure.marked")
    report = folder / REPORT
    if artifact.zone == Zone.RESTRICTED and report.exists():
        write_bytes(report, without_content(report.read_bytes()))


def _entry(file: Path, zone: str) -> FileEntry:
    """What a file that stays will be."""
    if file.name == REPORT and zone == Zone.RESTRICTED:
        content = without_content(file.read_bytes())
        return FileEntry(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    return FileEntry(sha256=file_digest(file), size=file.stat().st_size)


def _kept_models(held: Iterable[Held], reason: str) -> Iterator[KeptModel]:
    for one in held:
        if one.trained and reason:
            manifest = one.finished.manifest
            yield KeptModel(area=one.area, step=manifest.step, key=manifest.key, reason=reason)


def _emptied(root: Path, receipt: Receipt, folders: Iterable[str]) -> Iterator[Path]:
    """Folders that go: whole ones, and those inside an artifact of which no file stays."""
    yield from (root / folder for folder in folders)
    for artifact in receipt.artifacts:
        folder = Workspace(root, artifact.area).artifact_folder(artifact.step, artifact.key, Zone(artifact.zone))
        for inner in sorted(path for path in folder.glob("*") if path.is_dir()):
            if not _files(inner):
                yield inner


def _leave_receipt(workspace: Workspace, receipt: Receipt) -> Path:
    """Writes the receipt and the event that vouches for it, once."""
    file = receipt_file(workspace.erased, receipt)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, receipt.model_dump(mode="json"))
    crash_point("erasure.receipt_written")
    said = {"receipt": receipt.id, "digest": file_digest(file)}
    if not any(event.get("receipt") == receipt.id for event in workspace.audit.events()):
        workspace.audit.append(ERASED_EVENT, subject=receipt.person.subject, artifacts=len(receipt.artifacts), **said)
    crash_point("erasure.vouched")
    return file


def _files(path: Path) -> list[Path]:
    """All files of a folder, or the file itself."""
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
