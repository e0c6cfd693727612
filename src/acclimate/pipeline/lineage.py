"""The way of one record through all steps, and the way of a model back to its sources: ids and digests, never text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from acclimate.core.errors import WorkspaceError
from acclimate.core.snapshots import Snapshot
from acclimate.core.stage import Zone
from acclimate.core.surrogates import record_hash
from acclimate.pipeline.config import ProjectConfig
from acclimate.project.erasure import Receipt, read_receipts, receipt_file, receipts_of_artifact
from acclimate.project.keys import has_key, load_key
from acclimate.project.manifests import MANIFEST, RUN, Manifest, State, read_run_facts
from acclimate.project.workspace import Finished, Workspace

_FACTS = (
    "source",
    "locator",
    "site",
    "licence",
    "cluster_id",
    "split",
    "reason",
    "value",
    "threshold",
    "suite",
    "candidate",
    "nats",
)
"""Columns that may be shown of a record: none of them holds its text."""
_FACTS_OF_THE_OPEN_ZONE = (*_FACTS, "tokens", "bytes", "stopped")


@dataclass(frozen=True)
class Sighting:
    """A record as one step left it."""

    step: str
    key: str
    outcome: str
    id: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ancestor:
    """An artifact, or a thing from outside, that another was made from."""

    depth: int
    role: str
    step: str
    key: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def record_way(workspace: Workspace, config: ProjectConfig, record_id: str) -> list[Sighting]:
    """Every step's newest sighting of a record, in the order of the pipeline.

    `record_id` is an id before or after de-identification; the two are joined through the project's key, and each
    read of the restricted zone is an audit event.
    """
    ids = _both_ids(workspace, config, record_id)
    sightings: list[Sighting] = []
    for step in config.steps:
        finished = workspace.latest(step.name)
        if finished is None:
            continue
        if finished.manifest.zone == Zone.RESTRICTED:
            manifest = finished.manifest
            workspace.audit.append("restricted read", by="show", step=manifest.step, key=manifest.key)
        sightings += _sightings(finished, ids)
    sightings += _erasures(workspace, ids)
    if not sightings:
        raise WorkspaceError(
            f"No step of this project knows a record {record_id!r}.",
            hint="ids are those of ingest (source:id) or of a step after deidentify (d…); models: acclimate show train",
        )
    return sightings


def _erasures(workspace: Workspace, ids: list[str]) -> Iterator[Sighting]:
    """The erasures that took the record away, by its open id: receipts name no other."""
    for receipt in read_receipts(workspace.erased):
        for record in sorted(set(receipt.records).intersection(ids)):
            yield Sighting("erase", receipt.id, "erased", record, {"receipt": _receipt_name(workspace, receipt)})


def _receipt_name(workspace: Workspace, receipt: Receipt) -> str:
    return str(receipt_file(workspace.erased, receipt).relative_to(workspace.folder))


def _sightings(finished: Finished, ids: list[str]) -> Iterator[Sighting]:
    manifest, artifact = finished.manifest, finished.artifact
    tables = [("kept", artifact.data_files), ("dropped", [artifact.path / "dropped.parquet"])]
    for outcome, files in tables:
        for row in _rows([file for file in files if file.exists()], ids):
            facts = {name: row[name] for name in _FACTS_OF_THE_OPEN_ZONE if row.get(name) is not None}
            yield Sighting(manifest.step, manifest.key, outcome, row["id"], facts)


def _rows(files: list[Path], ids: list[str]) -> list[dict[str, Any]]:
    if not files:
        return []
    dataset = ds.dataset([str(file) for file in files], format="parquet")
    if "id" not in dataset.schema.names:
        return []  # a table of something else, such as the terms of the glossary
    columns = ["id", *(name for name in _FACTS_OF_THE_OPEN_ZONE if name in dataset.schema.names)]
    rows: list[dict[str, Any]] = dataset.to_table(columns, filter=ds.field("id").isin(pa.array(ids))).to_pylist()
    return rows


def _both_ids(workspace: Workspace, config: ProjectConfig, record_id: str) -> list[str]:
    """The record's id before and after de-identification, as far as the key and the restricted zone tell."""
    deidentified, ingested = workspace.latest("deidentify"), workspace.latest("ingest")
    name = deidentified.manifest.config["key"] if deidentified else ""
    if not name or not has_key(config.project, name) or ingested is None:
        return [record_id]
    key = load_key(config.project, name)
    workspace.audit.append("restricted read", by="show", step="ingest", key=ingested.manifest.key)
    for batch in ingested.artifact.batches(["id"]):
        for restricted in batch.column("id").to_pylist():
            if record_hash(key, restricted) == record_id:
                return [restricted, record_id]
    return [record_id, record_hash(key, record_id)]


def ancestors(workspace: Workspace, name: str) -> list[Ancestor]:
    """Everything an artifact was made from, back to source files and base model.

    `name` is a step (its newest artifact), a key, or the folder of an artifact. What several were made from is named at
    each, and followed further where it is named first: the splits of all rounds lead to the first one in many ways.
    """
    start = _find(workspace, name)
    known = {(item.manifest.step, item.manifest.key): item for item in workspace.finished()}
    return list(_climb(workspace, known, Ancestor(0, "", start.manifest.step, start.manifest.key), followed=set()))


def _climb(
    workspace: Workspace,
    known: Mapping[tuple[str, str], Finished],
    named: Ancestor,
    *,
    followed: set[tuple[str, str]],
) -> Iterator[Ancestor]:
    name = (named.step, named.key)
    item = known.get(name)
    if item is None:
        yield replace(named, facts=_outside_facts(workspace, *name))
        return
    yield replace(named, facts=_artifact_facts(workspace, item))
    if name in followed:
        return
    followed.add(name)
    for role, reference in sorted(item.manifest.inputs.items()):
        further = Ancestor(named.depth + 1, role, reference.step, reference.key)
        yield from _climb(workspace, known, further, followed=followed)


def _artifact_facts(workspace: Workspace, item: Finished) -> dict[str, Any]:
    """What an artifact holds; of an erased one what it held, and the receipts of its erasure."""
    manifest, counts = item.manifest, item.artifact.report().counts
    facts: dict[str, Any] = {"identity": manifest.identity[:16], "kept": counts.kept, "unit": counts.unit}
    if (item.artifact.path / RUN).exists():
        run = read_run_facts(item.artifact.path)
        facts["made"] = run.get("started") or run.get("at")
    if manifest.state is State.ERASED:
        receipts = read_receipts(workspace.erased)
        named = receipts_of_artifact(receipts, area=workspace.area, step=manifest.step, key=manifest.key)
        names = [_receipt_name(workspace, receipt) for receipt in named]
        facts |= {"state": manifest.state.value, "receipt": ", ".join(names) or "missing"}
    return facts


def _outside_facts(workspace: Workspace, step: str, key: str) -> dict[str, Any]:
    """Of a snapshot its files; of anything else nothing but its key, which is its digest."""
    for folder in sorted(workspace.snapshots.glob(f"{key}*")):
        return {"files": [file.name for source in Snapshot.read(folder).sources for file in source.files]}
    return {}


def _find(workspace: Workspace, name: str) -> Finished:
    folder = Path(name)
    if (folder / MANIFEST).exists():
        manifest = Manifest.read(folder)
        name = manifest.key
    matches = [item for item in workspace.finished() if name in (item.manifest.step, item.manifest.key)]
    if not matches:
        raise WorkspaceError(
            f"There is no artifact {name!r} in this project.",
            hint="name a step, a key or a folder; acclimate plan lists them",
        )
    return matches[-1]


def is_artifact(workspace: Workspace, name: str) -> bool:
    """Whether a name means an artifact rather than a record."""
    if (Path(name) / MANIFEST).exists():
        return True
    return any(name in (item.manifest.step, item.manifest.key) for item in workspace.finished())
