"""Metrics, paired statistics, slices and retention: whether adaptation helped, and what it cost."""

from __future__ import annotations

from acclimate.core.stage import ExpectedCost, InputSizes, Stage
from acclimate.stages.evaluate.arms import ITEM_SCHEMA
from acclimate.stages.evaluate.config import EvaluateConfig
from acclimate.stages.evaluate.run import run

__all__ = ["STAGE", "EvaluateConfig"]


def _estimate(config: EvaluateConfig, known: InputSizes) -> ExpectedCost:
    return ExpectedCost(1.0 + sum(known.rows.values()) / 5_000, 500_000_000, "about 5 000 predictions a second")


STAGE = Stage(
    name="evaluate",
    config=EvaluateConfig,
    run=run,
    inputs=("records", "base", "adapted"),
    schema=ITEM_SCHEMA,
    code=(
        "acclimate.core.abbreviations",
        "acclimate.core.exact_bounds",
        "acclimate.core.examples",
        "acclimate.core.hash_order",
        "acclimate.core.label_sets",
        "acclimate.core.labels",
        "acclimate.core.preferences",
        "acclimate.core.retention",
        "acclimate.core.statistics",
        "acclimate.core.glossary",
    ),
    estimate=_estimate,
)
