"""From a drawn sample to a certificate: the sheet is written for a reader, the reader's marks are judged and bound to the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acclimate.certificate.config import CertificateConfig
from acclimate.certificate.count import SampledRecord, count_spans
from acclimate.certificate.draw import draw
from acclimate.certificate.judge import NOT_TESTED, PASSED, Population, ReadRecord, judge
from acclimate.certificate.marks import Reading, blank_table, read_marks
from acclimate.certificate.originals import original_records
from acclimate.certificate.sheet import sheet_page
from acclimate.certificate.store import FORMAT, JUDGED, MARKS, SAMPLE, SHEET, Certificates, Sample
from acclimate.core.atomic import json_digest, write_bytes, write_json
from acclimate.core.errors import WorkspaceError
from acclimate.project.manifests import State
from acclimate.project.workspace import Finished, Workspace
from acclimate.stages.deidentify import DeidentifyConfig
from acclimate.stages.deidentify.hits import KINDS
from acclimate.stages.deidentify.stage import own_kinds

STEP = "deidentify"
STALE = "stale"
_OWNER = 0o600


@dataclass(frozen=True)
class Drawing:
    """A drawn sample and where a person finds its sheet and its table."""

    sample: Sample
    sheet: Path
    marks: Path


def draw_sample(workspace: Workspace, *, key: bytes, size: int, seed: int, folder: Path | None = None) -> Drawing:
    """Draws a sample of the newest de-identified records and writes its sheet and table, readable by the owner alone.

    A table that was begun is left as it is.
    """
    sampled = new_sample(workspace, key=key, size=size, seed=seed)
    folder = folder or Certificates(workspace).folder(sampled.sample.id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sheet, marks = folder / SHEET, folder / MARKS
    write_bytes(sheet, "".join(sheet_page(sampled.records, kinds=sampled.kinds)).encode(), mode=_OWNER)
    if not marks.exists():
        write_bytes(marks, blank_table(sampled.sample.all_ids).encode(), mode=_OWNER)
    return Drawing(sampled.sample, sheet, marks)


def certify(
    workspace: Workspace, marks: Path, config: CertificateConfig, *, key: bytes, sample_id: str = ""
) -> tuple[dict[str, Any], Path]:
    """The certificate that a reader's table gives, stored, and its file; the table is kept in the restricted zone."""
    sampled = earlier_sample(workspace, key=key, sample_id=sample_id)
    reading = read_marks(marks, records=set(sampled.sample.all_ids), kinds=sampled.kinds)
    judged = judge_reading(workspace, sampled, reading, config)
    kept = Certificates(workspace).folder(sampled.sample.id) / JUDGED
    if marks.resolve() != kept.resolve():
        write_bytes(kept, marks.read_bytes(), mode=_OWNER)
    return judged


@dataclass(frozen=True)
class Sampled:
    """A drawn sample, its records as they were, and the classes that may be marked in them: the project's, and own ones."""

    sample: Sample
    records: tuple[SampledRecord, ...]
    kinds: tuple[str, ...]


def new_sample(workspace: Workspace, *, key: bytes, size: int, seed: int) -> Sampled:
    """A sample of the newest de-identified records; the same again for the same size and seed.

    The draw is stored, and an audit event, before any record is read.
    """
    deidentified = workspace.readable(STEP)
    drawn = draw(deidentified.artifact, size=size, seed=seed)
    sample = Sample(
        key=deidentified.manifest.key,
        identity=deidentified.manifest.identity,
        seed=seed,
        size=size,
        drawn_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        ids=dict(drawn.ids),
        records=dict(drawn.records),
        subjects=drawn.subjects,
    )
    store = Certificates(workspace)
    own = store.folder(sample.id)
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (own / SAMPLE).exists():
        workspace.audit.append("certificate sample drawn", sample=sample.id, key=sample.key, seed=seed, size=size)
        write_json(own / SAMPLE, sample.model_dump(mode="json"))
    return _with_records(workspace, store.sample(sample.id), deidentified, key)


def earlier_sample(workspace: Workspace, *, key: bytes, sample_id: str = "") -> Sampled:
    """The sample of that id, or the newest. Raises WorkspaceError where the data that it was drawn from are gone."""
    sample = Certificates(workspace).sample(sample_id)
    deidentified = workspace.at(STEP, sample.key)
    if deidentified is None or deidentified.manifest.state is State.ERASED:
        raise WorkspaceError(
            f"The data that sample {sample.id} was drawn from (deidentify {sample.key}) are gone.",
            hint="acclimate certificate sample draws from the newest",
        )
    return _with_records(workspace, sample, deidentified, key)


def judge_reading(
    workspace: Workspace,
    sampled: Sampled,
    reading: Reading,
    config: CertificateConfig,
    *,
    annotations: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], Path]:
    """The certificate that a reading of the sample gives, stored, and its file; `annotations` says where it was read."""
    sample, store = sampled.sample, Certificates(workspace)
    read = [
        ReadRecord(record.subject, count_spans(record, [mark for mark in reading.marks if mark.record == record.id]))
        for record in sampled.records
        if record.id in reading.read
    ]
    population = Population(sum(sample.records.values()), sample.subjects, len(sampled.records))
    certificate = {**_about(sample, store), **judge(read, population, config)}
    if annotations is not None:
        certificate["annotations"] = dict(annotations)
    verdict, digest = certificate["verdict"], json_digest(certificate)
    workspace.audit.append("certificate judged", sample=sample.id, key=sample.key, verdict=verdict, certificate=digest)
    return certificate, store.write(sample, certificate)


def _with_records(workspace: Workspace, sample: Sample, deidentified: Finished, key: bytes) -> Sampled:
    records = original_records(workspace, deidentified, sample.all_ids, key=key, by="certificate")
    own = own_kinds(DeidentifyConfig.model_validate(deidentified.manifest.config))
    return Sampled(sample, tuple(records), (*KINDS, *own))


def _about(sample: Sample, store: Certificates) -> dict[str, Any]:
    """To what the certificate is bound, and how its sample came about."""
    drawn_before = [one for one in store.samples() if one.identity == sample.identity]
    sites = {site: {"records": count, "sampled": len(sample.ids[site])} for site, count in sample.records.items()}
    return {
        "format": FORMAT,
        "judged_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "dataset": {"step": STEP, "key": sample.key, "identity": sample.identity},
        "sample": {
            "id": sample.id, "seed": sample.seed, "drawn_at": sample.drawn_at, "sites": sites,
            "samples_of_these_data": len(drawn_before),
        },
    }  # fmt: skip


def standing(workspace: Workspace, identity: str | None) -> tuple[str, Mapping[str, Any] | None]:
    """How data with this row digest stand, and by which certificate: its verdict, `stale`, or `not tested`.

    A certificate of other data is stale: what it proved, it proved of them.
    """
    certificates = Certificates(workspace).all()
    own = [one for one in certificates if one["dataset"]["identity"] == identity]
    if own:
        return own[-1]["verdict"], own[-1]
    return (STALE, certificates[-1]) if certificates else (NOT_TESTED, None)


def is_certified(status: str) -> bool:
    """Whether a standing is that of certified data."""
    return status == PASSED
