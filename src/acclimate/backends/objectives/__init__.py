"""What a model is trained for: each objective gives gradients to one loop, and the figures its best step is chosen by."""

from __future__ import annotations

from collections.abc import Sequence

from acclimate.backends.objectives.causal import CausalLanguageModelling
from acclimate.backends.objectives.objective import Batch, BatchLoss, Figure, Objective
from acclimate.backends.parameters import Trainable
from acclimate.core.ports import TokenRow, TrainingPlan

__all__ = ["Batch", "BatchLoss", "Figure", "Objective", "make_objective"]


def make_objective(trainable: Trainable, plan: TrainingPlan, *, validation: Sequence[TokenRow]) -> Objective:
    """The objective of a plan for a model that is ready for training and has not been trained yet."""
    return CausalLanguageModelling(trainable, plan, validation)
