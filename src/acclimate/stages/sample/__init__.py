"""Text sampled from the base alone: one half is replayed in training, the other shows how far the model moved."""

from __future__ import annotations

from acclimate.core.stage import SMOLLM2, Equality, ExpectedCost, InputSizes, Stage
from acclimate.stages.sample.config import SampleConfig
from acclimate.stages.sample.run import run

__all__ = ["STAGE", "SampleConfig"]


def _estimate(config: SampleConfig, known: InputSizes) -> ExpectedCost:
    # 540 tokens a second, batched, and 1.8 GB: SmolLM2-135M on two cores.
    seconds = config.n * 2 * config.max_new_tokens * 0.7 / 540
    return ExpectedCost(seconds, 1_800_000_000).with_model(known.parameters, measured_with=SMOLLM2)


STAGE = Stage(
    name="sample",
    config=SampleConfig,
    run=run,
    inputs=("base",),
    equality=Equality.TOLERANCE,
    code=(
        "acclimate.core.inference",
        "acclimate.backends.decoder",
        "acclimate.backends.generation",
        "acclimate.backends.precision",
        "acclimate.backends.rendering",
    ),
    estimate=_estimate,
)
