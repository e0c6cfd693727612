"""Records as they were before de-identification, with what was replaced in them, from the restricted zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from acclimate.backends.recognisers import LocalRecognisers, recogniser_digest, recogniser_folder
from acclimate.certificate.count import SampledRecord
from acclimate.core.artifacts import Artifact
from acclimate.core.errors import WorkspaceError
from acclimate.core.surrogates import record_hash
from acclimate.project.manifests import State
from acclimate.project.workspace import Finished, Workspace
from acclimate.stages.deidentify import DeidentifyConfig
from acclimate.stages.deidentify.gather import gather
from acclimate.stages.deidentify.stage import opener

_BATCH_ROWS = 1024


class OtherReplacementsError(WorkspaceError):
    """What was replaced in the published records can no longer be found by doing it again."""


def original_records(
    workspace: Workspace, deidentified: Finished, ids: Sequence[str], *, key: bytes, by: str
) -> list[SampledRecord]:
    """The records with these open ids, in this order.

    What was replaced is found by doing it again; each record must then be, column for column, the one that was
    published, else OtherReplacementsError: marks on other replacements would prove nothing. The read is an audit
    event, in which `by` says who read.
    """
    restricted = _input_of(workspace, deidentified)
    workspace.check_content(deidentified)
    workspace.check_content(restricted)
    workspace.audit.append("restricted read", by=by, step=restricted.manifest.step, key=restricted.manifest.key)
    config = DeidentifyConfig.model_validate(deidentified.manifest.config)
    gathered = gather(restricted.artifact, batch_rows=_BATCH_ROWS, rare=config.rare != "off")
    inputs = _further_inputs(workspace, deidentified, config)
    open_records = opener(config, gathered, key=key, inputs=inputs, recognisers=LocalRecognisers())
    published = {row["id"]: row for row in _rows_with(deidentified, ids)}
    found: dict[str, SampledRecord] = {}
    for batch in restricted.artifact.batches(batch_rows=_BATCH_ROWS):
        wanted = [record_hash(key, name) in published for name in batch.column("id").to_pylist()]
        chosen = batch.filter(pa.array(wanted, pa.bool_()))
        if not chosen.num_rows:
            continue
        for record, opened in zip(chosen.to_pylist(), open_records(chosen).records.to_pylist(), strict=True):
            if opened != published[opened["id"]]:
                raise _other_replacements(deidentified)
            subject = opened["subject_id"] or opened["id"]
            passages = tuple(open_records.passages(record))
            found[opened["id"]] = SampledRecord(opened["id"], record["site"] or "", subject, passages)
    if len(found) != len(ids):
        raise _other_replacements(deidentified)
    return [found[name] for name in ids]


def _input_of(workspace: Workspace, deidentified: Finished) -> Finished:
    reference = deidentified.manifest.inputs["records"]
    restricted = workspace.at(reference.step, reference.key)
    if restricted is None or restricted.manifest.state is State.ERASED:
        raise WorkspaceError(
            f"What deidentify {deidentified.manifest.key} was made from ({reference.step} {reference.key}) is gone,"
            " so the original texts cannot be read.",
            hint="acclimate run --until deidentify, and draw a new sample",
        )
    return restricted


def _further_inputs(workspace: Workspace, deidentified: Finished, config: DeidentifyConfig) -> dict[str, Artifact]:
    """The snapshots and models that the step had beside its records, as they are now; others would find other words."""
    models = {f"recogniser.{library}": (library, model) for library, model in config.recognisers.items()}
    found = {}
    for role, reference in deidentified.manifest.inputs.items():
        if role in models:
            library, model = models[role]
            folder = recogniser_folder(model, workspace.folder)
            if recogniser_digest(library, folder) != reference.identity:
                raise _other_replacements(deidentified)
            found[role] = Artifact(folder, reference.identity)
        elif role != "records":
            found[role] = Artifact(workspace.snapshots / reference.identity, reference.identity)
    return found


def _rows_with(deidentified: Finished, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    wanted = pa.array(ids, pa.string())
    for batch in deidentified.artifact.batches(batch_rows=_BATCH_ROWS):
        yield from batch.filter(pc.is_in(batch.column("id"), value_set=wanted)).to_pylist()


def _other_replacements(deidentified: Finished) -> OtherReplacementsError:
    return OtherReplacementsError(
        f"This version of acclimate, or this key, replaces other words than deidentify {deidentified.manifest.key} did,"
        " so its sample cannot be shown with what was replaced.",
        hint="acclimate run --until deidentify, and draw a new sample",
    )
