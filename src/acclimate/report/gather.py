"""Collects what the report tells from reports, manifests and tables of the newest artifacts; computes no result itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import polars as pl

from acclimate.core.artifacts import Artifact
from acclimate.core.atomic import read_json
from acclimate.core.errors import WorkspaceError
from acclimate.core.examples import question_and_answer
from acclimate.core.report import Report
from acclimate.core.surrogates import record_hash
from acclimate.examples.planted import StageTables, read_planted, score_faults
from acclimate.pipeline.config import ProjectConfig
from acclimate.project.keys import has_key, load_key
from acclimate.project.manifests import RUN, Manifest
from acclimate.project.workspace import Workspace
from acclimate.stages.evaluate.arms import ARMS

MOST_EXAMPLES = 12


@dataclass(frozen=True)
class StepFacts:
    """A step's newest artifact: what went in and out, what it took."""

    name: str
    manifest: Manifest
    report: Report
    seconds: float
    peak_memory_bytes: int


@dataclass(frozen=True)
class ExampleRow:
    """A test item with the reference and every arm's answer, side by side."""

    id: str
    site: str
    prompt: str
    reference: str
    answers: Mapping[str, str]
    gain: float
    """Bits per byte of the base less those of the adapted model."""


@dataclass(frozen=True)
class Story:
    """Everything the page shows."""

    config: ProjectConfig
    steps: Sequence[StepFacts]
    evaluate: Mapping[str, Any]
    train: Mapping[str, Any] | None
    examples: Sequence[ExampleRow]
    faults: Sequence[Mapping[str, Any]] = field(default=())
    not_run: Sequence[str] = ()

    @property
    def seconds(self) -> float:
        """What all steps took together."""
        return sum(step.seconds for step in self.steps)

    @property
    def candidates(self) -> Mapping[str, Any] | None:
        """What the comparison of base models found, where the project has that step."""
        return next((step.report.metrics for step in self.steps if step.name == "select_model"), None)

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """Every warning with the step it came from."""
        return [(step.name, warning) for step in self.steps for warning in step.report.warnings]


def gather(workspace: Workspace, config: ProjectConfig) -> Story:
    """The story of the newest artifacts; evaluate must have been run."""
    steps = [facts for step in config.steps if (facts := _step_facts(workspace, step.name)) is not None]
    reports = {facts.name: facts.report for facts in steps}
    if "evaluate" not in reports:
        raise WorkspaceError("There is nothing to report yet: evaluate has not been run.", hint="acclimate run")
    train = reports.get("train")
    return Story(
        config,
        steps,
        reports["evaluate"].metrics,
        train.metrics if train else None,
        _examples(workspace, config),
        _faults(workspace, config),
        [step.name for step in config.steps if step.name not in reports],
    )


def _step_facts(workspace: Workspace, name: str) -> StepFacts | None:
    finished = workspace.latest(name)
    if finished is None:
        return None
    run = read_json(finished.artifact.path / RUN)
    return StepFacts(name, finished.manifest, finished.artifact.report(), run["seconds"], run["peak_memory_bytes"])


def _examples(workspace: Workspace, config: ProjectConfig) -> list[ExampleRow]:
    """Test items that every generating arm answered: those with the least gain first, then those with the most."""
    inputs = next(step.inputs for step in config.steps if step.name == "evaluate")
    items = _table(workspace, "evaluate")
    predictions = {arm: _answers(workspace, inputs[arm]) for arm in ARMS if arm in inputs}
    if not predictions["adapted"]:
        return []
    gained = items.filter(pl.col("id").is_in(list(predictions["adapted"]))).select(
        "id", gain=pl.col("bits_per_byte_base") - pl.col("bits_per_byte_adapted")
    )
    ordered = gained.sort(["gain", "id"])
    shown = ordered if ordered.height <= MOST_EXAMPLES else pl.concat([ordered.head(6), ordered.tail(6)])
    records = {row["id"]: row for row in _artifact(workspace, inputs["records"]).rows()}
    return [_example(records[name], gain, predictions) for name, gain in shown.iter_rows()]


def _example(record: Mapping[str, Any], gain: float, predictions: Mapping[str, Mapping[str, str]]) -> ExampleRow:
    prompt, reference = question_and_answer(record)
    answers = {arm: answered.get(record["id"], "") for arm, answered in predictions.items()}
    return ExampleRow(record["id"], record["site"] or "", prompt, reference, answers, gain)


def _answers(workspace: Workspace, step: str) -> dict[str, str]:
    rows = _artifact(workspace, step).rows(["id", "suite", "generated"])
    return {row["id"]: row["generated"] for row in rows if row["suite"] == "task" and row["generated"] is not None}


def _faults(workspace: Workspace, config: ProjectConfig) -> list[dict[str, Any]]:
    """What became of planted faults; only the example projects have a file that says what was planted."""
    truth = workspace.folder / "data" / "planted.json"
    deidentified = workspace.latest("deidentify")
    if not truth.exists() or deidentified is None:
        return []
    name = deidentified.manifest.config["key"]
    if not has_key(config.project, name):
        return []
    clean, dedup = _artifact(workspace, "clean"), _artifact(workspace, "dedup")
    tables = StageTables(
        ingested=_artifact(workspace, "ingest").table(),
        clean_kept=clean.table(),
        clean_dropped=clean.dropped(),
        dedup_kept=dedup.table(),
        dedup_dropped=dedup.dropped(),
        deidentified=deidentified.artifact.table(),
    )
    for step in ("ingest", "clean", "dedup"):
        workspace.audit.append("restricted read", by="report", step=step)
    return score_faults(read_planted(truth), tables, open_id=partial(record_hash, load_key(config.project, name)))


def _table(workspace: Workspace, step: str) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(_artifact(workspace, step).table()))


def _artifact(workspace: Workspace, step: str) -> Artifact:
    finished = workspace.latest(step)
    if finished is None:
        raise WorkspaceError(f"The step {step} has not been run yet.", hint="acclimate run")
    return finished.artifact
