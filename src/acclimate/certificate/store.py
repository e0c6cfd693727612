"""Where samples and certificates lie: sample, sheet and marks in the restricted zone, the certificate without any text in the open one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from acclimate.core.atomic import json_digest, read_json, write_json
from acclimate.core.errors import WorkspaceError
from acclimate.core.stage import Zone
from acclimate.project.workspace import Workspace

FORMAT = 1
NAME = "certificate"
SAMPLE, SHEET, MARKS, JUDGED = "sample.json", "sheet.html", "marks.csv", "judged.csv"
CERTIFICATE = "certificate.json"


class Sample(BaseModel):
    """A drawn sample: of which de-identified data, by which seed, and the open ids by site."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    key: str
    identity: str
    seed: int
    size: int
    drawn_at: str
    ids: dict[str, tuple[str, ...]]
    records: dict[str, int]
    subjects: int

    @property
    def id(self) -> str:
        """The sample's name: equal for equal data, seed and size."""
        return json_digest([FORMAT, self.identity, self.seed, self.size])[:16]

    @property
    def all_ids(self) -> list[str]:
        """The ids of all sites, sites in order."""
        return [record_id for site in sorted(self.ids) for record_id in self.ids[site]]


@dataclass(frozen=True)
class Certificates:
    """The samples and certificates of a project."""

    workspace: Workspace

    def folder(self, sample_id: str, zone: Zone = Zone.RESTRICTED) -> Path:
        """Where what belongs to a sample lies."""
        return self.workspace.artifact_folder(NAME, sample_id, zone)

    def samples(self) -> list[Sample]:
        """All samples, the newest last."""
        files = self.folder("").glob(f"*/{SAMPLE}")
        samples = [_read_sample(file) for file in sorted(files)]
        return sorted(samples, key=lambda sample: (sample.drawn_at, sample.id))

    def sample(self, sample_id: str = "") -> Sample:
        """The sample of that id, or the newest."""
        samples = [sample for sample in self.samples() if sample_id in ("", sample.id)]
        if not samples:
            named = f" {sample_id}" if sample_id else ""
            raise WorkspaceError(f"This project has no sample{named}.", hint="acclimate certificate sample")
        return samples[-1]

    def write(self, sample: Sample, certificate: dict[str, Any]) -> Path:
        """Stores a certificate; its file."""
        folder = self.folder(sample.id, Zone.OPEN)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / CERTIFICATE, certificate)
        return folder / CERTIFICATE

    def all(self) -> list[dict[str, Any]]:
        """All certificates, the newest last."""
        files = self.folder("", Zone.OPEN).glob(f"*/{CERTIFICATE}")
        certificates: list[dict[str, Any]] = [_read(file) for file in sorted(files)]
        return sorted(certificates, key=lambda one: (one["judged_at"], one["sample"]["id"]))


def _read_sample(file: Path) -> Sample:
    return Sample.model_validate(_read(file))


def _read(file: Path) -> Any:
    """A file of this format; one of another is named, not guessed at."""
    try:
        document = read_json(file)
        written = document.get("format") if isinstance(document, dict) else None
    except ValueError:
        written = None
    if written != FORMAT:
        raise WorkspaceError(
            f"{file} is damaged or of a format that this version of acclimate does not read.",
            hint="restore it from a copy, or remove its folder and draw a new sample",
        )
    return document
