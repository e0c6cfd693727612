"""The training loop: rows with identity and source, the gradients of an objective, the best step kept, exact resume.

It draws no random number: the order of rows comes with the batches, an adapter starts from the plan's seed, dropout is
off. A run that was killed and goes on from a checkpoint therefore ends in the same bits as one that was not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import peft
import torch
import transformers

from acclimate.backends.checkpoints import Checkpoint, CheckpointFolder
from acclimate.backends.objectives import Batch, Figure, Objective, make_objective
from acclimate.backends.optimiser import Optimiser, learning_rate
from acclimate.backends.parameters import Trainable, make_trainable
from acclimate.backends.trained_files import write_trained
from acclimate.core.atomic import json_digest
from acclimate.core.crash_points import crash_point
from acclimate.core.errors import ModelError
from acclimate.core.ports import ModelFacts, Progress, TrainingPlan, TrainingResult, TrainingStep

LOOP_VERSION = 3
"""Raised when the loop computes something else, so that an older checkpoint is not continued."""


@dataclass(frozen=True)
class Task:
    """What a run trains on: for each step its rows with their source, and the rows on which it is measured."""

    batches: Sequence[Batch]
    validation: Sequence[Any]


@dataclass
class Curve:
    """What has been measured so far; plain JSON in a checkpoint. The best step has the lowest `figure` on validation."""

    figure: str
    steps: list[TrainingStep] = field(default_factory=list)
    validation: list[dict[str, float]] = field(default_factory=list)

    @property
    def best_step(self) -> int:
        """The evaluated step with the lowest figure, the earliest of equals; the newest where none is measured."""
        trained = [point for point in self.validation if point["step"] > 0]
        if not trained:
            return self.steps[-1].step
        return int(min(trained, key=lambda point: (point[self.figure], point["step"]))["step"])

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "figure": self.figure,
            "steps": [asdict(step) for step in self.steps],
            "validation": self.validation,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Curve:
        """The curve that `to_json` gave."""
        steps = [TrainingStep(**step) for step in value["steps"]]
        return cls(value["figure"], steps, [dict(point) for point in value["validation"]])


def train(
    model: Any,
    task: Task,
    plan: TrainingPlan,
    *,
    facts: ModelFacts,
    output: Path,
    partial: Path,
    progress: Progress,
) -> TrainingResult:
    """Trains a loaded model, writes the weights of the best step to `output`, and says how it went.

    `progress` advances by one a step. Checkpoints stand in `partial/checkpoints`.
    """
    trainable = make_trainable(model, plan)
    objective = make_objective(trainable, plan, batches=task.batches, validation=task.validation)
    checkpoints = CheckpointFolder(partial / "checkpoints", run=_run_identity(trainable, task, plan, facts))
    found = checkpoints.newest_valid()
    run = _Run(trainable, objective, task.batches, plan, checkpoints)
    run.resume(found.checkpoint)
    progress.advance(run.step)
    run.finish(progress)
    best = run.load_best()
    write_trained(output, trainable, plan, base=facts, step=best)
    crash_point("train.output_written")
    notes = [*found.notes, *remarks(run.curve, objective.figure, best)]
    return TrainingResult(
        steps=run.curve.steps,
        validation=run.curve.validation,
        best_step=best,
        trainable_parameters=trainable.parameters,
        precision=_precision(trainable),
        device=_device(trainable),
        notes=notes,
    )


class _Run:
    """One run's moving state: the masters and moments, the curve, and the step they stand at."""

    def __init__(
        self,
        trainable: Trainable,
        objective: Objective,
        batches: Sequence[Batch],
        plan: TrainingPlan,
        checkpoints: CheckpointFolder,
    ) -> None:
        self.curve = Curve(objective.figure.key)
        self._trainable = trainable
        self._objective = objective
        self._batches = batches
        self._plan = plan
        self._checkpoints = checkpoints
        self._optimiser = Optimiser(trainable, plan)

    @property
    def step(self) -> int:
        """Optimiser steps done."""
        return len(self.curve.steps)

    def resume(self, checkpoint: Checkpoint | None) -> None:
        """Takes up a checkpoint's state, or measures the untrained model where there is none."""
        if checkpoint is None:
            self._evaluate()
            return
        self.curve = Curve.from_json(checkpoint.state["curve"])
        self._trainable.load(checkpoint.weights())
        self._optimiser.load(checkpoint.optimiser())

    def finish(self, progress: Progress) -> None:
        """Makes the steps that are left, with an evaluation and a checkpoint where they are due."""
        last = len(self._batches)
        while self.step < last:
            self.curve.steps.append(self._train_step(self._batches[self.step]))
            is_due = self.step % self._plan.eval_steps == 0 or self.step == last
            if is_due:
                self._evaluate()
            if is_due or self.step % self._plan.save_steps == 0:
                state = {"step": self.step, "best_step": self.curve.best_step, "curve": self.curve.to_json()}
                self._checkpoints.write(state, self._trainable.masters, self._optimiser.state())
            crash_point("train.step_done")
            progress.advance()

    def load_best(self) -> int:
        """Gives the model the best step's weights, from its checkpoint."""
        best = self.curve.best_step
        checkpoint = self._checkpoints.at(best)
        if checkpoint is None:
            raise ModelError(
                f"The checkpoint of step {best}, which validation found best, was damaged while training went on.",
                hint="run the same command again: it goes on from an older checkpoint",
            )
        self._trainable.load(checkpoint.weights())
        return best

    def _train_step(self, batch: Batch) -> TrainingStep:
        """One optimiser step: the gradients of all packs summed."""
        number = self.step + 1
        made = self._objective.accumulate(batch, self._optimiser.add_gradients)
        norm = self._optimiser.step(number) if math.isfinite(made.loss) else math.nan
        if not math.isfinite(norm):
            raise _diverged(number, made.loss, self._plan)
        return TrainingStep(
            step=number,
            loss=made.loss,
            loss_by_source=made.by_source,
            learning_rate=learning_rate(self._plan, number),
            gradient_norm=norm,
            trained_tokens=made.trained_tokens,
            tokens=made.tokens,
        )

    def _evaluate(self) -> None:
        if measured := self._objective.measure():
            self.curve.validation.append({"step": self.step, **measured})


def _diverged(step: int, loss: float, plan: TrainingPlan) -> ModelError:
    return ModelError(
        f"Training diverged at step {step}: the loss is {loss} and its gradient is not finite, so nothing that follows"
        " would mean anything.",
        hint=f"lower train.learning_rate (it is {plan.learning_rate:g}), or set train.precision to fp32",
    )


def remarks(curve: Curve, figure: Figure, best: int) -> list[str]:
    """What the reader must know of how the kept step was chosen."""
    if not curve.validation:
        return ["There were no validation records, so the last step was kept instead of the best one."]
    by_step = {point["step"]: point[figure.key] for point in curve.validation}
    if by_step[best] >= by_step.get(0, math.inf):
        return [
            f"Training never improved on the base on the validation records ({by_step[0]:.3f} {figure.words} before,"
            f" {by_step[best]:.3f} at best)."
        ]
    return []


def _precision(trainable: Trainable) -> str:
    computing = next(iter(trainable.computing.values()))
    return "bf16" if computing.dtype == torch.bfloat16 else "fp32"


def _device(trainable: Trainable) -> str:
    return str(next(iter(trainable.computing.values())).device)


def _run_identity(trainable: Trainable, task: Task, plan: TrainingPlan, facts: ModelFacts) -> str:
    """A digest of everything that decides the bits of a run; a checkpoint of another run is not continued."""
    return json_digest(
        {
            "loop": LOOP_VERSION,
            "plan": asdict(plan),
            "batches": [[[source, asdict(row)] for source, row in batch] for batch in task.batches],
            "validation": [asdict(row) for row in task.validation],
            "base": facts.digest,
            "precision": _precision(trainable),
            "device": _device(trainable),
            "threads": torch.get_num_threads(),
            "versions": [torch.__version__, transformers.__version__, peft.__version__],
        }
    )
