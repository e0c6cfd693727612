"""What a model is trained for: each objective gives gradients to one loop, and the figures its best step is chosen by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acclimate.backends.objectives.causal import CausalLanguageModelling
from acclimate.backends.objectives.labels import Classification, binary_cross_entropy, cross_entropy
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
        return Classification(trainable.model, validation, loss=cross_entropy)
    if plan.objective == "multi_label_classification":
        return Classification(trainable.model, validation, loss=binary_cross_entropy)
    if plan.objective == "preference":
        return DirectPreference(trainable.model, plan, batches, validation)
    return CausalLanguageModelling(trainable, plan, validation)
