"""What the user may decide about the comparison of models."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from acclimate.core.preferences import LossType
from acclimate.core.stage import StageConfig


class EvaluateConfig(StageConfig):
    """How the adapted model is compared with its base and with simple baselines."""

    task: Literal["generation", "pretraining", "classification", "multi-label-classification", "preference"] = (
        "generation"
    )
    """The project's task; pretraining is measured by bits per byte alone, classification with one label a
    text or several by the labels told, preference by how often the chosen answer wins."""

    loss_type: LossType = "sigmoid"
    """Of preference: whether rewards are sums over tokens (sigmoid) or means (sigmoid_norm); by itself that of train."""

    answer_metric: Literal["rouge_l", "rouge_1", "rouge_2", "chrf", "exact_match", "token_f1", "numeric_match"] = (
        "rouge_l"
    )
    """Metric of generated answers on which the verdict rests; the others are reported beside it."""

    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence of the intervals of comparisons."""

    resamples: int = Field(default=4000, ge=200)
    """Bootstrap resamples of whole subjects; more make the intervals smoother and the stage slower."""

    min_clusters: int = Field(default=20, ge=2)
    """Subjects below which a comparison is called insufficient evidence whatever it shows: intervals are shown to cover
    from 20 on."""

    max_slice_values: int = Field(default=20, ge=1)
    """An attribute with more values than this is not sliced by, and the report says so."""

    general_budget: float = Field(default=0.01, gt=0)
    """Largest rise of bits per byte on general text that counts as held, as a share (.01 is 1 %)."""

    ability_budget: float = Field(default=0.02, gt=0, lt=1)
    """Largest loss of accuracy in an ability that counts as held, as a share (.02 is two points)."""

    seed: int = 0
    """Seed of the bootstrap."""
