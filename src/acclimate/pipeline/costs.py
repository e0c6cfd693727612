"""What a step is expected to cost: as its last run did, scaled by its input rows, else as its stage reckons.

Before anything has run, the rows of the sources are reckoned from their first lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from acclimate.core.snapshots import Snapshot
from acclimate.core.stage import ExpectedCost, InputSizes, Stage, StageConfig
from acclimate.pipeline.outside import Outside, Provided
from acclimate.pipeline.table import Step
from acclimate.project.manifests import RUN, read_run_facts
from acclimate.project.workspace import Finished

SNAPSHOTS = ("@snapshot", "@general", "@evaluation_sets")
NEED_THE_BASE = ("@base", "@model", "pretrain")
"""Inputs of the steps whose cost goes by the size of the base."""

LINE_SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv")
LOOKED_AT = 64 * 1024
BYTES_PER_RECORD = 1_000
"""Of files whose records cannot be counted by lines: about 200 words."""


def input_sizes(
    step: Step, outside: Outside, *, rows: Mapping[str, int | None], inputs: Mapping[str, Provided] | None = None
) -> InputSizes:
    """What is known of a step's inputs: `rows` by the names of earlier steps, and its snapshots if they are there."""
    known = {role: count for role, name in step.inputs.items() if (count := rows.get(name)) is not None}
    source_bytes = 0
    for role, provided in (inputs or {}).items():
        if step.inputs.get(role) in SNAPSHOTS:
            snapshot = Snapshot.read(provided.artifact.path)
            source_bytes += sum(file.size for source in snapshot.sources for file in source.files)
            known[role] = reckoned_rows(snapshot)
    needs_base = any(name in NEED_THE_BASE for name in step.inputs.values())
    return InputSizes(known, source_bytes, outside.base_facts.parameters if needs_base else None)


def expected_cost(stage: Stage, config: StageConfig, latest: Finished | None, known: InputSizes) -> ExpectedCost | None:
    """What a run will cost; None where too little is known."""
    last = None
    if latest is not None and (latest.artifact.path / RUN).exists():
        last = read_run_facts(latest.artifact.path, "seconds", "peak_memory_bytes")
    if last is not None and not last.get("resumed"):
        before = last.get("rows", {})
        shared = [(count, before[role]) for role, count in known.rows.items() if before.get(role) and count]
        scale = max((now / earlier for now, earlier in shared), default=1.0)
        return ExpectedCost(last["seconds"] * scale, last["peak_memory_bytes"], "as in the last run")
    return stage.estimate(config, known) if stage.estimate else None


def expected_rows(finished: Finished | None, known: InputSizes) -> int | None:
    """Rows of a step's artifact: counted where there is one, else as many as go in."""
    if finished is not None:
        return finished.artifact.report().counts.kept
    return max(known.rows.values(), default=None)


def reckoned_rows(snapshot: Snapshot) -> int:
    """How many records the files may hold, by the length of their first lines."""
    files = [file for source in snapshot.sources for file in source.files]
    return sum(round(file.size / _record_bytes(snapshot.locate(file), file.name)) for file in files)


def _record_bytes(path: Path, name: str) -> float:
    """Bytes of one record of a file: of one line, where lines are records."""
    if not name.lower().endswith(LINE_SUFFIXES):
        return BYTES_PER_RECORD
    with path.open("rb") as file:
        beginning = file.read(LOOKED_AT)
    return len(beginning) / max(beginning.count(b"\n"), 1) or BYTES_PER_RECORD
