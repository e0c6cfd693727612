"""Which steps are current, which are stale and why, and what running them is expected to cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from acclimate.core.artifacts import Artifact
from acclimate.core.atomic import json_digest
from acclimate.core.stage import ExpectedCost, Stage, StageConfig, Zone
from acclimate.pipeline.code import code_digest
from acclimate.pipeline.config import ProjectConfig
from acclimate.pipeline.costs import expected_cost, expected_rows, input_sizes
from acclimate.pipeline.environment import changes, environment
from acclimate.pipeline.outside import Outside, Provided
from acclimate.pipeline.table import Step, load_stage
from acclimate.project.manifests import InputReference, State, artifact_key, damage
from acclimate.project.workspace import Finished


class Status(StrEnum):
    """Whether a step must run."""

    CURRENT = "current"
    STALE = "stale"
    NEW = "new"
    ERASED = "erased"
    WAITING = "waiting"


@dataclass(frozen=True)
class PlannedStep:
    """One step of the plan. `key` and `inputs` are unknown while a step before it has to run."""

    step: Step
    stage: Stage
    config: StageConfig
    status: Status
    reason: str
    key: str | None = None
    code: str = ""
    inputs: Mapping[str, Provided] | None = None
    secrets: Mapping[str, str] | None = None
    finished: Finished | None = None
    estimate: ExpectedCost | None = None
    expected_rows: int | None = None
    """Rows of its artifact: counted where it is current, else those of its last one, else as many as go in."""

    @property
    def zone(self) -> Zone:
        """Where the step's artifact lies."""
        return self.step.zone or self.stage.zone

    @property
    def resolved(self) -> dict[str, Any]:
        """The config as it enters key and manifest."""
        return self.config.model_dump(mode="json")


def plan(
    config: ProjectConfig, outside: Outside, *, until: str | None = None, strict: bool = False
) -> list[PlannedStep]:
    """The plan of all steps (up to `until`), in order."""
    planned: dict[str, PlannedStep] = {}
    steps = wanted_steps(config, until)
    outside.check_base(steps)
    for step in steps:
        planned[step.name] = plan_step(step, config, outside, planned, strict=strict)
    return list(planned.values())


def wanted_steps(config: ProjectConfig, until: str | None) -> list[Step]:
    """The steps that lead to `until`, itself included; all of them without it."""
    steps = {step.name: step for step in config.steps}
    if until is None:
        return list(steps.values())
    needed = {until}
    for step in reversed(steps.values()):
        if step.name in needed:
            needed.update(step.inputs.values())
    return [step for step in steps.values() if step.name in needed]


def plan_step(
    step: Step, config: ProjectConfig, outside: Outside, planned: Mapping[str, PlannedStep], *, strict: bool = False
) -> PlannedStep:
    """What is known of one step, given the plan of the steps before it."""
    stage, resolved = load_stage(step.stage), config.resolve(step)
    latest = outside.workspace.latest(step.name)
    entering = {name: earlier.expected_rows for name, earlier in planned.items()}
    waits_for = [name for name in step.inputs.values() if name in planned and planned[name].finished is None]
    if waits_for:
        known = input_sizes(step, outside, rows=entering)
        estimate, rows = expected_cost(stage, resolved, latest, known), expected_rows(latest, known)
        reason = f"{waits_for[0]} runs first"
        return PlannedStep(step, stage, resolved, Status.WAITING, reason, estimate=estimate, expected_rows=rows)
    secrets, code = outside.fingerprints(stage, resolved), code_digest(stage)
    dumped = resolved.model_dump(mode="json")
    likeliest: Mapping[str, InputReference] = {}
    for inputs in _possible_inputs(step, resolved, outside, planned):
        references = {role: provided.reference for role, provided in inputs.items()}
        likeliest = likeliest or references
        key = artifact_key(stage=stage.name, code=code, config=dumped, inputs=references, secrets=secrets)
        finished = outside.workspace.find(step.name, key, step.zone or stage.zone)
        if finished:
            break
    wanted = Wanted(dumped, likeliest, secrets, code)
    status, reason = _status(finished, latest, wanted, strict=strict)
    current = finished if status is Status.CURRENT else None
    known = input_sizes(step, outside, rows=entering, inputs=None if current else inputs)
    estimate = None if current else expected_cost(stage, resolved, latest, known)
    rows = expected_rows(current or latest, known)
    return PlannedStep(step, stage, resolved, status, reason, key, code, inputs, secrets, current, estimate, rows)


@dataclass(frozen=True)
class Wanted:
    """What an artifact must have been made from to be current."""

    config: Mapping[str, Any]
    inputs: Mapping[str, InputReference]
    secrets: Mapping[str, str]
    code: str


def gather_inputs(
    step: Step, config: StageConfig, outside: Outside, planned: Mapping[str, PlannedStep]
) -> dict[str, Provided]:
    """The inputs of a step whose predecessors have all finished, by role."""
    inputs: dict[str, Provided] = {}
    for role, name in step.inputs.items():
        if name.startswith("@"):
            inputs.update({role + suffix: one for suffix, one in outside.provide(name, config).items()})
            continue
        finished = planned[name].finished
        if finished is not None:
            reference = InputReference(step=name, key=finished.manifest.key, identity=finished.artifact.identity)
            inputs[role] = Provided(finished.artifact, reference)
    return inputs


def _possible_inputs(
    step: Step, config: StageConfig, outside: Outside, planned: Mapping[str, PlannedStep]
) -> Iterator[dict[str, Provided]]:
    """The inputs with which the step may be current, the likeliest first, those of a new run last.

    Only what reads the split ledger has two: the splits that the newest one was made with, and these with the newest one
    itself, which holds the ledger of the next round. Without the first, every split would make itself stale.
    """
    inputs = gather_inputs(step, config, outside, planned)
    head = outside.workspace.ledger_head() if "@ledger" in step.inputs.values() else None
    if head is not None:
        of_splits = {role for role, name in step.inputs.items() if name in ("@ledger", "@earlier")}
        before = {role: one for role, one in inputs.items() if role.partition(".")[0] not in of_splits}
        for role, reference in head.manifest.inputs.items():
            if role.partition(".")[0] in of_splits:
                folder = head.artifact.path.parent / reference.key
                before[role] = Provided(Artifact(folder, reference.identity), reference)
        yield before
    yield inputs


def _status(finished: Finished | None, latest: Finished | None, wanted: Wanted, *, strict: bool) -> tuple[Status, str]:
    """Whether the step is current, and in words why not."""
    known = finished or latest
    if known is not None and known.manifest.state is State.ERASED:
        return Status.ERASED, "a person's data was erased from it"
    if finished is not None:
        differs = changes(finished.manifest.environment, environment())
        if differs and strict:
            return Status.STALE, f"made with {differs}"
        return Status.CURRENT, f"made with {differs}" if differs else ""
    if latest is None:
        return Status.NEW, "not made yet"
    return Status.STALE, "; ".join(_differences(latest, wanted)) or "an earlier state is wanted again"


def _differences(latest: Finished, wanted: Wanted) -> Iterator[str]:
    manifest = latest.manifest
    broken = damage(latest.artifact.path, manifest)
    if broken:
        yield f"its artifact is damaged: {broken}"
    if manifest.code != wanted.code:
        yield "the stage's code changed"
    for name in sorted(manifest.config.keys() | wanted.config.keys()):
        before, now = manifest.config.get(name), wanted.config.get(name)
        if before != now:
            yield f"{name} was {_short(before)}, is {_short(now)}"
    for role in sorted(manifest.inputs.keys() | wanted.inputs.keys()):
        earlier, current = manifest.inputs.get(role), wanted.inputs.get(role)
        if (earlier and earlier.identity) != (current and current.identity):
            yield f"{role} changed"
    if manifest.secrets != wanted.secrets:
        yield "the key is another one"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:18]}…{json_digest(value)[:6]}"
