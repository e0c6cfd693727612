"""What a model is trained for: each objective gives gradients to one loop, and the figures its best step is chosen by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acclimate.backends.objectives.causal import CausalLanguageModelling
from acclimate.backends.objectives.labels import Classification
from acclimate.backends.objectives.masked import MaskedLanguageModelling
from acclimate.backends.objectives.objective import Batch, BatchLoss, Figure, Objective
from acclimate.backends.objectives.preference import DirectPreference
from acclimate.backends.parameters import Trainable
from acclimate.core.ports import TrainingPlan

__all__ = ["Batch", "BatchLoss", "Figure", "Objective", "make_objective"]


def make_objective(
    trainable: Trainable, plan: TrainingPlan, *, batches: Sequence[Batch], validation: Sequence[Any]
) -> Objective:
    """The objective of a plan for a model that is ready for training and has not been trained yet."""
    if plan.objective == "masked_lm":
        return MaskedLanguageModelling(trainable.model, plan, validation)
    if plan.objective == "classification":
        return Classification(trainable.model, validation)
    if plan.objective == "preference":
        return DirectPreference(trainable.model, plan, batches, validation)
    return CausalLanguageModelling(trainable, plan, validation)
