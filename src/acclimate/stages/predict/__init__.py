"""Batch inference over the test items: how likely each reference is, and what the method answers."""

from __future__ import annotations

from collections.abc import Mapping

from acclimate.core.schema import PREDICTION_SCHEMA
from acclimate.core.stage import Equality, ExpectedCost, Stage
from acclimate.stages.predict.config import PredictConfig
from acclimate.stages.predict.run import run

__all__ = ["STAGE", "PredictConfig"]


def _estimate(config: PredictConfig, rows: Mapping[str, int]) -> ExpectedCost | None:
    if "records" not in rows:
        return None
    if config.method == "nearest_answer":
        return ExpectedCost(1.0, because="no model is asked")
    # Two CPU cores, SmolLM2-135M: about 25 scored records and 3 answers a second.
    seconds = sum(rows.get(role, 0) for role in ("records", "general", "sample")) / 25 + config.generations * 0.3
    return ExpectedCost(seconds, because="for a 135M model on two cores")


STAGE = Stage(
    name="predict",
    config=PredictConfig,
    run=run,
    equality=Equality.TOLERANCE,
    schema=PREDICTION_SCHEMA,
    code=(
        "acclimate.core.examples",
        "acclimate.core.hash_order",
        "acclimate.core.inference",
        "acclimate.core.scored_texts",
        "acclimate.backends.attention",
        "acclimate.backends.cross_entropy",
        "acclimate.backends.decoder",
        "acclimate.backends.generation",
        "acclimate.backends.packing",
        "acclimate.backends.precision",
        "acclimate.backends.rendering",
        "acclimate.backends.scoring",
    ),
    estimate=_estimate,
)
