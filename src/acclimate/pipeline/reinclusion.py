"""Re-includes single records that a step drops, and takes that back; both take effect with the next run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from acclimate.core.errors import WorkspaceError
from acclimate.core.preferences import FAULTS
from acclimate.core.reinclusion import id_digest, kept_digests
from acclimate.pipeline.config import ProjectConfig
from acclimate.pipeline.drops import DroppedRecord, step_drops
from acclimate.project.kept_records import STEPS, kept_records, list_kept, unlist_kept
from acclimate.project.workspace import Workspace

_NOTHING_TO_KEEP = "empty"


def keep_records(workspace: Workspace, config: ProjectConfig, names: Sequence[str]) -> list[DroppedRecord]:
    """Puts records, by id or its digest, on the list of the step that drops them; all of them or none."""
    steps = [one for one in step_drops(workspace, config, step=None, by="drops keep") if one.step in STEPS]
    found = [record for one in steps for record in one.find(names)]
    known = {name for record in found for name in (record.id, id_digest(record.id))}
    for name in names:
        if name not in known:
            raise WorkspaceError(
                f"No record {name!r} is dropped by {' or '.join(STEPS)}.",
                hint="acclimate drops --samples 5 shows ids of records that are",
            )
    for record in found:
        if record.rule == _NOTHING_TO_KEEP:
            raise WorkspaceError(
                f"The record {record.id!r} lacks {record.value}, so a model could learn nothing from it.",
                hint="look at ingest.columns: a column may be mapped to the wrong name",
            )
        if record.rule in FAULTS:
            raise WorkspaceError(
                f"The record {record.id!r} {FAULTS[record.rule]}, so it says of no answer that it is preferred.",
                hint="look at ingest.columns, and at the record itself in its source",
            )
        if record.rule == "contaminated":
            raise WorkspaceError(
                f"The record {record.id!r} holds an item of an evaluation set, so keeping it would spoil its figures.",
                hint="dedup.contaminated: report keeps all such records and says how many",
            )
    for step in STEPS:
        digests = [id_digest(record.id) for record in found if record.step == step]
        if digests:
            list_kept(workspace, step, digests)
    return found


def undo_keep(workspace: Workspace, names: Sequence[str]) -> Mapping[str, list[str]]:
    """Takes records, by id or its digest, off the lists again; their digests by step."""
    lists = {step: kept_digests(kept_records(workspace, step)) for step in STEPS}
    for name in names:
        if not any({name, id_digest(name)} & listed for listed in lists.values()):
            raise WorkspaceError(f"The record {name!r} was not re-included, so there is nothing to undo.")
    wanted = {*names, *map(id_digest, names)}
    undone = {step: sorted(listed & wanted) for step, listed in lists.items() if listed & wanted}
    for step, digests in undone.items():
        unlist_kept(workspace, step, digests)
    return undone
