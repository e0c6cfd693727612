"""Candidate base models on the user's own validation text: how well each predicts it, and what each costs."""

from __future__ import annotations

from acclimate.core.stage import SMOLLM2, Equality, ExpectedCost, InputSizes, Stage
from acclimate.stages.select_model.config import SelectModelConfig
from acclimate.stages.select_model.run import run
from acclimate.stages.select_model.table import CANDIDATE_SCHEMA

__all__ = ["STAGE", "SelectModelConfig"]


def _estimate(config: SelectModelConfig, known: InputSizes) -> ExpectedCost:
    # About 25 scored records a second, SmolLM2-135M on two cores; how large the candidates are is known when they are read.
    each = ExpectedCost(config.max_records / 25, 3_000_000_000).with_model(known.parameters, measured_with=SMOLLM2)
    return ExpectedCost(len(config.candidates) * each.seconds, each.memory_bytes, f"each {each.because}")


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
    estimate=_estimate,
)
