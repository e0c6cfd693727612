"""Batch inference over the test items: how likely each reference is, and what the method answers."""

from __future__ import annotations

from acclimate.core.labels import LABEL_TASKS
from acclimate.core.schema import PREDICTION_SCHEMA
from acclimate.core.stage import MINILM, SMOLLM2, Equality, ExpectedCost, InputSizes, Stage
from acclimate.stages.predict.config import PredictConfig
from acclimate.stages.predict.run import run

__all__ = ["STAGE", "PredictConfig"]


def _estimate(config: PredictConfig, known: InputSizes) -> ExpectedCost | None:
    rows = known.rows
    if "records" not in rows:
        return None
    if config.method in ("nearest_answer", "tfidf", "majority"):
        return ExpectedCost(1.0, because="no model is asked")
    if config.task in LABEL_TASKS:
        # Two CPU cores, MiniLM: about 100 texts a second; the probe reads the training texts too.
        cost = ExpectedCost(rows["records"] / 100, 1_200_000_000)
        return cost.with_model(known.parameters, measured_with=MINILM)
    # Two CPU cores, SmolLM2-135M: about 25 scored records and 3 answers a second; the demo's process held 6.4 GB.
    seconds = sum(rows.get(role, 0) for role in ("records", "general", "sample")) / 25 + config.generations * 0.3
    return ExpectedCost(seconds, 6_400_000_000).with_model(known.parameters, measured_with=SMOLLM2)


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
        "acclimate.core.label_sets",
        "acclimate.core.labels",
        "acclimate.core.logistic_regression",
        "acclimate.core.preferences",
        "acclimate.core.scored_texts",
        "acclimate.backends.adapters",
        "acclimate.backends.attention",
        "acclimate.backends.cross_entropy",
        "acclimate.backends.decoder",
        "acclimate.backends.encoder",
        "acclimate.backends.generation",
        "acclimate.backends.heads",
        "acclimate.backends.packing",
        "acclimate.backends.padding",
        "acclimate.backends.precision",
        "acclimate.backends.rendering",
        "acclimate.backends.scoring",
        "acclimate.backends.sentence_encoder",
        "acclimate.backends.text_rendering",
    ),
    estimate=_estimate,
)
