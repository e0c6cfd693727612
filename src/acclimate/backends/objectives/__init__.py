"""What a model is trained for: each objective gives gradients to one loop, and the figures its best step is chosen by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acclimate.backends.objectives.causal import CausalLanguageModelling
from acclimate.backends.objectives.objective import Batch, BatchLoss, Figure, Objective
from acclimate.backends.objectives.preference import DirectPreference
from acclimate.core.ports import Row, TrainingPlan

__all__ = ["Batch", "BatchLoss", "Figure", "Objective", "make_objective"]


def make_objective(model: Any, plan: TrainingPlan, *, batches: Sequence[Batch], validation: Sequence[Row]) -> Objective:
    """The objective of a plan for a loaded model that is ready for training and has not been trained yet."""
    if plan.objective == "preference":
        return DirectPreference(model, plan, batches, validation)
    return CausalLanguageModelling(model, validation)
