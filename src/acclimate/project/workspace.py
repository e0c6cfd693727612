"""The project folder on disk: where artifacts of each zone lie, how they are found, begun, published and removed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from acclimate.core.artifacts import Artifact
from acclimate.core.atomic import publish_folder, read_json, write_json
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import WorkspaceError
from acclimate.core.snapshots import COPIES, LANDED
from acclimate.core.stage import Zone
from acclimate.project.audit import AuditLog
from acclimate.project.locks import run_lock
from acclimate.project.manifests import MANIFEST, RUN, Manifest, State, damage

PROJECT_FILE = "acclimate.yaml"
LEDGER_HEAD = "ledger.json"
DAMAGED = ".damaged"
HEADS = "latest.json"
"""Beside the open artifacts: the key of each step's latest."""
ERASED = "erased"
TRIAL = "quick"
"""The area of a quick trial."""


@dataclass(frozen=True)
class Finished:
    """A finished artifact with its manifest."""

    artifact: Artifact
    manifest: Manifest


@dataclass(frozen=True)
class Workspace:
    """A project folder. `artifacts/` holds what is free of identifiers, `restricted/` what is not (mode 0700).

    `area` is a folder inside it with artifacts and a ledger of its own, so that a quick trial leaves the real ones alone.
    """

    folder: Path
    area: str = ""

    @classmethod
    def open(cls, folder: Path, *, area: str = "") -> Workspace:
        """The project in a folder; the folder must hold acclimate.yaml."""
        if not (folder / PROJECT_FILE).is_file():
            raise WorkspaceError(
                f"There is no {PROJECT_FILE} in {folder.resolve()}, so this is not an acclimate project.",
                hint="make one with: acclimate init DIR --example clinical, or point to one with --project DIR",
            )
        return cls(folder, area)

    @property
    def audit(self) -> AuditLog:
        """The project's audit log."""
        return AuditLog(self.folder / "audit.jsonl")

    @property
    def snapshots(self) -> Path:
        """Where collect lands snapshots; they may hold identifiers."""
        return self._restricted() / "snapshots"

    @property
    def people(self) -> Path:
        """Where lies what people said of single records: whom they re-included, what they marked, samples to mark."""
        return self._restricted() / "people"

    @property
    def erased(self) -> Path:
        """Where the list of erased subjects and the receipts lie, one for all areas; both hold keyed hashes alone."""
        return self.folder / ERASED

    @property
    def unfinished_erasure(self) -> Path:
        """What an erasure under way has still to do; the file goes when it has ended."""
        return self.folder / Zone.RESTRICTED / "erasing.json"

    def check_no_erasure_is_unfinished(self) -> None:
        """Fails while an erasure was begun and has not ended: half of what holds the person may still be there."""
        if self.unfinished_erasure.exists():
            raise WorkspaceError(
                "The erasure of a subject was interrupted, so part of what holds them is still here.",
                hint="acclimate erase --resume ends it; then run the same command again",
            )

    def lock(self) -> AbstractContextManager[None]:
        """The run lock, as a context manager."""
        return run_lock(self.folder / ".lock")

    def zone_folder(self, zone: Zone) -> Path:
        """Where the artifacts of a zone lie."""
        return self._restricted() if zone is Zone.RESTRICTED else self.folder / self.area / "artifacts"

    def artifact_folder(self, step: str, key: str, zone: Zone) -> Path:
        """Where the artifact of a step and key lies, finished or not yet made."""
        return self.zone_folder(zone) / step / key

    def partial_folder(self, step: str, key: str, zone: Zone) -> Path:
        """Durable work in progress of a step and key; made when missing."""
        folder = self.zone_folder(zone) / "partial" / f"{step}-{key}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def find(self, step: str, key: str, zone: Zone) -> Finished | None:
        """The finished artifact of a step and key, if its manifest is there and its files are what it says."""
        folder = self.artifact_folder(step, key, zone)
        if not (folder / MANIFEST).exists():
            return None
        manifest = Manifest.read(folder)
        if damage(folder, manifest):
            return None
        return Finished(Artifact(folder, manifest.identity), manifest)

    def finished(self) -> Iterator[Finished]:
        """All finished artifacts, oldest first."""
        folders = [
            file.parent
            for zone in Zone
            for file in self.zone_folder(zone).glob(f"*/*/{MANIFEST}")
            if not file.parent.name.startswith(".") and file.parent.parent.name != "partial"
        ]
        for folder in sorted(folders, key=lambda folder: ((folder / MANIFEST).stat().st_mtime_ns, folder.name)):
            manifest = Manifest.read(folder)
            yield Finished(Artifact(folder, manifest.identity), manifest)

    def set_aside(self) -> list[Path]:
        """Folders of damaged artifacts, and what a kill left of one that was being replaced."""
        return sorted(folder for zone in Zone for folder in self.zone_folder(zone).glob("*/.*") if folder.is_dir())

    def snapshot_folders(self) -> list[Path]:
        """All collected snapshots; a folder's name is the snapshot's digest."""
        others = (COPIES, LANDED)
        return sorted(folder for folder in self.snapshots.glob("*") if folder.is_dir() and folder.name not in others)

    def partial_folders(self) -> list[Path]:
        """All work in progress, of killed runs too."""
        return sorted(folder for zone in Zone for folder in self.zone_folder(zone).glob("partial/*"))

    def latest(self, step: str) -> Finished | None:
        """The artifact that the last run of a step made or found current."""
        key = self._heads().get(step)
        return self.at(step, key) if key else None

    def readable(self, step: str) -> Finished:
        """The latest artifact of a step; fails where there is none, or where its rows were erased."""
        latest = self.latest(step)
        if latest is None:
            raise WorkspaceError(f"The step {step} has not been run yet.", hint=f"acclimate run --until {step}")
        if latest.manifest.state is State.ERASED:
            raise WorkspaceError(
                f"A person's data was erased from the artifact of {step} ({latest.manifest.key}), so its rows are gone.",
                hint=f"acclimate run --until {step} makes it anew without them",
            )
        return latest

    def at(self, step: str, key: str) -> Finished | None:
        """The finished artifact of a step and key, whatever state its files are in."""
        for zone in Zone:
            folder = self.artifact_folder(step, key, zone)
            if (folder / MANIFEST).exists():
                manifest = Manifest.read(folder)
                return Finished(Artifact(folder, manifest.identity), manifest)
        return None

    def check_content(self, finished: Finished) -> None:
        """Fails when the artifact's bytes are not those it was published with; it is set aside then, to be made anew."""
        folder, manifest = finished.artifact.path, finished.manifest
        broken = damage(folder, manifest, by_content=True)
        if broken is None:
            return
        said = f"The artifact of {manifest.step} ({folder.name}) is damaged: {broken}."
        if manifest.key == self._ledger_key():
            raise WorkspaceError(
                f"{said} It holds the split ledger, without which earlier test records are not known.",
                hint=f"restore it from a copy, or delete artifacts/{LEDGER_HEAD} and that folder to split anew on purpose",
            )
        self.audit.append("artifact set aside", step=manifest.step, key=manifest.key, because=broken)
        folder.rename(folder.with_name(f".{folder.name}{DAMAGED}"))
        raise WorkspaceError(
            f"{said} It was set aside and not used.",
            hint="run the same command again: the step is made anew; if this happens again, check the disk",
        )

    def settle(self, step: str, key: str, zone: Zone) -> None:
        """Makes a published artifact the step's latest, and removes the work in progress it came from."""
        heads = self._heads()
        if heads.get(step) != key:
            self.zone_folder(Zone.OPEN).mkdir(parents=True, exist_ok=True)
            write_json(self.zone_folder(Zone.OPEN) / HEADS, {**heads, step: key})
        crash_point("workspace.settled")
        shutil.rmtree(self.zone_folder(zone) / "partial" / f"{step}-{key}", ignore_errors=True)

    def publish(self, made: Path, manifest: Manifest, run: dict[str, object]) -> Finished:
        """Turns a finished output folder into an artifact: run.json, then the manifest, fsync, rename, audit."""
        zone = Zone(manifest.zone)
        final = self.artifact_folder(manifest.step, manifest.key, zone)
        write_json(made / RUN, run)
        write_json(made / MANIFEST, manifest.model_dump(mode="json"))
        # Said first: killed in between, it is published and said once more; the other way round it would never be said.
        self.audit.append("artifact published", step=manifest.step, key=manifest.key, identity=manifest.identity)
        crash_point("workspace.audited")
        publish_folder(made, final)
        crash_point("workspace.published")
        self.settle(manifest.step, manifest.key, zone)
        return Finished(Artifact(final, manifest.identity), manifest)

    def ledger_head(self) -> Finished | None:
        """The split artifact that holds the ledger of all splits so far, or None before the first split."""
        key = self._ledger_key()
        if key is None:
            return None
        head = self.find("split", key, Zone.OPEN)
        if head is None:
            raise WorkspaceError(
                f"The split ledger (artifacts/split/{key}) is missing or damaged, so earlier test records are not known.",
                hint=f"restore that folder, or delete artifacts/{LEDGER_HEAD} to start with new splits on purpose",
            )
        return head

    def advance_ledger(self, key: str) -> None:
        """Makes a split artifact the ledger of the next round."""
        if self._ledger_key() != key:
            write_json(self.zone_folder(Zone.OPEN) / LEDGER_HEAD, {"key": key})

    def _ledger_key(self) -> str | None:
        pointer = self.zone_folder(Zone.OPEN) / LEDGER_HEAD
        return str(read_json(pointer)["key"]) if pointer.exists() else None

    def _heads(self) -> dict[str, str]:
        pointer = self.zone_folder(Zone.OPEN) / HEADS
        return dict(read_json(pointer)) if pointer.exists() else {}

    def _restricted(self) -> Path:
        folder = self.folder / self.area / "restricted"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
