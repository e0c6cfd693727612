"""Candidate base models on the user's own validation text: how well each predicts it, and what each costs."""

from __future__ import annotations

from acclimate.core.stage import Equality, Stage
from acclimate.stages.select_model.config import SelectModelConfig
from acclimate.stages.select_model.run import run
from acclimate.stages.select_model.table import CANDIDATE_SCHEMA

__all__ = ["STAGE", "SelectModelConfig"]

STAGE = Stage(
    name="select_model",
    config=SelectModelConfig,
    run=run,
    equality=Equality.TOLERANCE,
    schema=CANDIDATE_SCHEMA,
    code=(
        "acclimate.core.examples",
        "acclimate.core.hash_order",
        "acclimate.core.inference",
        "acclimate.core.statistics",
        "acclimate.backends.attention",
        "acclimate.backends.cross_entropy",
        "acclimate.backends.decoder",
        "acclimate.backends.packing",
        "acclimate.backends.precision",
        "acclimate.backends.rendering",
        "acclimate.backends.scoring",
    ),
)
