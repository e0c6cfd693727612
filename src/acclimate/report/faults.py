"""What became of the faults that an example project planted, read from its truth and the steps of one line."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from acclimate.certificate.originals import OtherReplacementsError, original_records
from acclimate.core.surrogates import record_hash
from acclimate.examples.planted import Replacements, StageTables, read_planted, score_faults
from acclimate.pipeline.config import ProjectConfig
from acclimate.project.keys import has_key, load_key
from acclimate.project.workspace import Finished, Workspace


def planted_faults(made: Mapping[str, Finished], workspace: Workspace, config: ProjectConfig) -> list[dict[str, Any]]:
    """A row for each kind; none without the file that says what was planted, which only example projects have."""
    truth = workspace.folder / "data" / "planted.json"
    deidentified = made.get("deidentify")
    if not truth.exists() or deidentified is None:
        return []
    name = deidentified.manifest.config["key"]
    if not has_key(config.project, name):
        return []
    key = load_key(config.project, name)
    clean, dedup = made["clean"].artifact, made["dedup"].artifact
    tables = StageTables(
        ingested=made["ingest"].artifact.table(),
        clean_kept=clean.table(),
        clean_dropped=clean.dropped(),
        dedup_kept=dedup.table(),
        dedup_dropped=dedup.dropped(),
        deidentified=deidentified.artifact.table(),
    )
    for step in ("ingest", "clean", "dedup"):
        workspace.audit.append("restricted read", by="report", step=step)
    return score_faults(
        read_planted(truth),
        tables,
        open_id=partial(record_hash, key),
        replacements=_replacements(workspace, deidentified, key),
    )


def _replacements(workspace: Workspace, deidentified: Finished, key: bytes) -> Replacements | None:
    """What was replaced as which class and where; None where another version of acclimate, or another key, did it."""
    ids = deidentified.artifact.table()["id"].to_pylist()
    try:
        records = original_records(workspace, deidentified, ids, key=key, by="report")
    except OtherReplacementsError:
        return None
    return {record.id: {passage.place: passage.edits for passage in record.passages} for record in records}
