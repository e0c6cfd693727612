"""Runs the plan: each step that is not current, in order, each output published whole before the next begins."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import psutil

from acclimate.backends.memory import peak_memory
from acclimate.backends.recognisers import LocalRecognisers
from acclimate.core.artifacts import Output
from acclimate.core.atomic import named_disk_errors, write_json
from acclimate.core.crash_points import crash_point
from acclimate.core.ports import Context, Progress
from acclimate.core.report import Report
from acclimate.core.stage import Inputs, Stage, StageConfig, Zone
from acclimate.pipeline.config import ProjectConfig
from acclimate.pipeline.engines import engine_of
from acclimate.pipeline.environment import environment
from acclimate.pipeline.outside import Outside
from acclimate.pipeline.plan import PlannedStep, Status, plan_step, wanted_steps
from acclimate.pipeline.stopwatch import Stopwatch
from acclimate.project.manifests import Manifest, artifact_files, content_identity
from acclimate.project.workspace import Finished
from acclimate.release.config import digest_of_rules, held_to
from acclimate.release.looks import OPENED, OPENERS

WORK, OUTPUT = "work", "output"


class Listener(Protocol):
    """Who is told what happens while the pipeline runs: the command line's bars, a notebook, nobody."""

    def progress(self, description: str, total: int) -> Progress:
        """A bar for one stretch of work."""

    def begins(self, planned: PlannedStep) -> None:
        """A step starts."""

    def ended(self, outcome: StepOutcome) -> None:
        """A step was made or skipped."""


@dataclass(frozen=True)
class StepOutcome:
    """A step after the run: its artifact, and whether it had to be made."""

    planned: PlannedStep
    finished: Finished
    report: Report
    made: bool
    seconds: float


def run(
    config: ProjectConfig, outside: Outside, listener: Listener, *, until: str | None = None, strict: bool = False
) -> Iterator[StepOutcome]:
    """Runs every step that is not current, yielding each outcome; to be called under the workspace's lock."""
    planned: dict[str, PlannedStep] = {}
    steps = wanted_steps(config, until)
    outside.check_base(steps)
    for step in steps:
        current = plan_step(step, config, outside, planned, strict=strict)
        if current.finished:
            outcome = _skip(current, outside, current.finished)
        else:
            _audit_opening(current, planned, outside)
            outcome = _make(current, outside, listener)
        if step.stage == "split":
            outside.workspace.advance_ledger(outcome.finished.manifest.key)
        planned[step.name] = replace(
            current,
            status=Status.CURRENT,
            finished=outcome.finished,
            expected_rows=outcome.report.counts.kept,
        )
        listener.ended(outcome)
        yield outcome


def _skip(planned: PlannedStep, outside: Outside, finished: Finished) -> StepOutcome:
    outside.workspace.settle(planned.step.name, finished.manifest.key, planned.zone)
    return StepOutcome(planned, finished, finished.artifact.report(), made=False, seconds=0.0)


def _make(planned: PlannedStep, outside: Outside, listener: Listener) -> StepOutcome:
    """Runs one stage into a partial folder and publishes it."""
    listener.begins(planned)
    _check_inputs(planned, outside)
    partial = outside.workspace.partial_folder(planned.step.name, planned.key or "", planned.zone)
    resumed = (partial / WORK).is_dir() and any((partial / WORK).iterdir())
    _audit_restricted_reads(planned, outside)
    started, clock, peak_before = datetime.now(UTC), time.monotonic(), peak_memory()
    stopwatch = Stopwatch(listener.progress)
    inputs = {role: provided.artifact for role, provided in (planned.inputs or {}).items()}
    made, report = run_stage(planned.stage, planned.config, inputs, partial, outside, stopwatch.progress)
    seconds = time.monotonic() - clock
    facts = _run_facts(planned, started, seconds, peak_before)
    facts |= {"resumed": resumed, "work": {name: round(took, 3) for name, took in stopwatch.seconds.items()}}
    finished = outside.workspace.publish(made, _manifest(planned, made), facts)
    return StepOutcome(planned, finished, report, made=True, seconds=seconds)


def run_stage(
    stage: Stage,
    config: StageConfig,
    inputs: Inputs,
    partial: Path,
    outside: Outside,
    progress: Callable[[str, int], Progress],
) -> tuple[Path, Report]:
    """Runs one stage with the world's ports; the folder inside `partial` with what it wrote, and its report.

    Work that a kill left in `partial` is gone on with.
    """
    made, work = partial / OUTPUT, partial / WORK
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    work.mkdir(exist_ok=True)
    context = Context(
        partial=work,
        progress=progress,
        engine=engine_of(outside.config.engine),
        models=outside.models,
        secrets=outside.secrets(stage, config, inputs),
        recognisers=LocalRecognisers(),
    )
    with named_disk_errors(made), Output(made, stage.schema) as output:
        report = stage.run(config, inputs, output, context)
    report.counts.check()
    crash_point("run.stage_done")
    write_json(made / "report.json", report.to_json())
    return made, report


def _check_inputs(planned: PlannedStep, outside: Outside) -> None:
    """Planning looks at sizes alone; before an artifact is used, every byte of it is checked."""
    for provided in (planned.inputs or {}).values():
        used = outside.workspace.at(provided.reference.step, provided.reference.key)
        if used is not None:
            outside.workspace.check_content(used)


def _manifest(planned: PlannedStep, made: Path) -> Manifest:
    files = artifact_files(made)
    return Manifest(
        step=planned.step.name,
        stage=planned.stage.name,
        key=planned.key or "",
        zone=planned.zone,
        equality=planned.stage.equality,
        config=planned.resolved,
        inputs={role: provided.reference for role, provided in (planned.inputs or {}).items()},
        code=planned.code,
        secrets=dict(planned.secrets or {}),
        identity=content_identity(made, files),
        files=files,
        environment=dict(environment()),
    )


def _run_facts(planned: PlannedStep, started: datetime, seconds: float, peak_before: int) -> dict[str, object]:
    """Who, when, where, how long: kept apart from the manifest, which must be equal for equal runs."""
    rows = {
        role: provided.artifact.report().counts.kept
        for role, provided in (planned.inputs or {}).items()
        if (provided.artifact.path / "report.json").exists()
    }
    return {
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "peak_memory_bytes": _peak_memory_since(peak_before),
        "host": socket.gethostname(),
        "rows": rows,
        "expected_seconds": planned.estimate.seconds if planned.estimate else None,
    }


def _peak_memory_since(peak_before: int) -> int:
    """The process's peak where this step raised it; else what it holds now, since only a new peak is ever told."""
    peak = peak_memory()
    return peak if peak > peak_before else int(psutil.Process().memory_info().rss)


def _audit_opening(current: PlannedStep, planned: Mapping[str, PlannedStep], outside: Outside) -> None:
    """Every look at the test set is an audit event before it is taken, with the rules that stand then."""
    if current.step.name not in OPENERS:
        return
    config = outside.config
    configs = {step.name: config.resolve(step).model_dump(mode="json") for step in config.steps}
    general = planned.get("general")
    held = held_to(
        evaluate=configs["evaluate"],
        predict=configs["predict.adapted"],
        split=configs.get("split"),
        general=general.finished.artifact.identity if general and general.finished else None,
        certificate=config.certificate.model_dump(mode="json"),
    )
    of_model = (
        current.inputs["adapted"].reference.key if current.inputs and "adapted" in current.inputs else current.key
    )
    outside.workspace.audit.append(
        OPENED,
        area=outside.workspace.area,
        step=current.step.name,
        key=current.key,
        predictions=of_model,
        rules=digest_of_rules(config.release, held),
    )


def _audit_restricted_reads(planned: PlannedStep, outside: Outside) -> None:
    """Every read of the restricted zone is an audit event."""
    for role, provided in (planned.inputs or {}).items():
        if Zone.RESTRICTED in provided.artifact.path.parts:
            reference = provided.reference
            outside.workspace.audit.append(
                "restricted read", by=planned.step.name, role=role, step=reference.step, key=reference.key
            )
