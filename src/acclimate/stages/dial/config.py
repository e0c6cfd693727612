"""What the user may decide about the strength that is kept."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from acclimate.core.preferences import LossType
from acclimate.core.stage import StageConfig


class DialConfig(StageConfig):
    """How strongly the model that is evaluated and released carries what was trained."""

    task: Literal["generation", "pretraining", "preference"] = "generation"
    """The project's task; of preferences the gain is the loss of validation pairs, of all others bits per byte."""

    alpha: float | None = Field(default=None, gt=0, le=1)
    """Strength from 0 (the base) to 1 (as trained); by itself the measured one with the most gain inside the budget.
    Changing it trains nothing."""

    general_budget: float = Field(default=0.01, gt=0)
    """Largest rise of bits per byte on general text, as a share; by itself that of evaluate."""

    ability_budget: float = Field(default=0.02, gt=0, lt=1)
    """Largest loss of accuracy over the abilities together, as a share; by itself that of evaluate."""

    beta: float | None = Field(default=None, gt=0)
    """Of preference: what rewards are scaled by; by itself that of train."""

    loss_type: LossType = "sigmoid"
    """Of preference: the loss whose gain is measured; by itself that of train."""

    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence of the intervals of the gain."""

    resamples: int = Field(default=2000, ge=200)
    """Bootstrap resamples of whole subjects."""

    seed: int = 0
    """Seed of the bootstrap."""
