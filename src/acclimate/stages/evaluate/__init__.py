"""Metrics, paired statistics, slices and retention: whether adaptation helped, and what it cost."""

from __future__ import annotations

from acclimate.core.stage import Stage
from acclimate.stages.evaluate.arms import ITEM_SCHEMA
from acclimate.stages.evaluate.config import EvaluateConfig
from acclimate.stages.evaluate.run import run

__all__ = ["STAGE", "EvaluateConfig"]

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
        "acclimate.core.labels",
        "acclimate.core.preferences",
        "acclimate.core.retention",
        "acclimate.core.statistics",
        "acclimate.core.glossary",
    ),
)
